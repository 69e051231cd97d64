"""What of NOTICES this office sends, and how: the rules of the product, and over them the office's own (`notice_rule`).

A cell is one notice for one audience. Like the texts it is held by every process and looked up anew every few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.complaints.notices import FLOOR
from gateway.storage import tables
from gateway.wording import LOOKED_AFTER_S, Looking

if TYPE_CHECKING:
    from gateway.storage.store import Transaction


@dataclass(frozen=True, slots=True)
class Cell:
    """`enabled`: it is sent. `together`: it may wait to be told with other things. `ways`: tried before the officer's own,
    words of the agency data (`telegram`, `sms` …). `version` 0: as the product has it."""

    enabled: bool = True
    together: bool = True
    ways: tuple[str, ...] = ()
    version: int = 0

    @property
    def is_own(self) -> bool:
        """Whether it differs from the product."""
        return not self.enabled or not self.together or bool(self.ways)


AS_SHIPPED = Cell()
NONE: Mapping[tuple[str, str], Cell] = MappingProxyType({})


class Matrix(Looking):
    """Shared by the threads of a process; the cells are replaced as a whole, never changed."""

    def __init__(self, every_s: float = LOOKED_AFTER_S) -> None:
        super().__init__(every_s)
        self._cells = NONE
        self._versions = 0

    def cell(self, key: str, audience: str) -> Cell:
        return self._cells.get((key, audience), AS_SHIPPED)

    def sends(self, key: str, audience: str) -> bool:
        """Whether this notice is sent to them; what may not be switched off is, whatever stands in the table."""
        return key in FLOOR or self.cell(key, audience).enabled

    def take(self, tx: "Transaction") -> None:
        """Rule as the database says."""
        table = tables.notice_rule
        counted = tx.one(select(func.count()).select_from(table))
        versions = int(counted[0]) if counted else 0
        if versions == self._versions:
            return
        self._cells = MappingProxyType(
            {
                (row.key, row.audience): Cell(row.enabled, row.together, tuple(row.ways.split()), row.version)
                for row in tx.all(select(table).order_by(table.c.version))
            }
        )
        self._versions = versions
