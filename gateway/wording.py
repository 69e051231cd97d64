"""The texts of this process: those of the product, and over them what the office worded itself (rows of `text_version`).

Nobody asks the database per message: a process looks every few seconds whether there is anything new, by the number of
versions, which only grows. So a change is spoken by every process within seconds.
"""

from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from config.clock import monotonic
from config.texts import Texts
from gateway.storage import tables

if TYPE_CHECKING:
    from gateway.storage.store import Transaction

LOOKED_AFTER_S = 2.0


class Looking:
    """When a process looks again at what seldom changes, whichever of its threads comes first."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._lock = Lock()
        self._next = float("-inf")

    def is_due(self) -> bool:
        """Whether the caller should look now; the others go on meanwhile."""
        if monotonic() < self._next:
            return False
        with self._lock:
            is_mine = monotonic() >= self._next
            self._next = monotonic() + self._every_s
            return is_mine

    def look_soon(self) -> None:
        """Something was changed here: the next transaction looks."""
        self._next = float("-inf")


class Wording(Looking):
    """Shared by the threads of a process; `texts` is replaced as a whole, never changed."""

    def __init__(self, shipped: Texts, every_s: float = LOOKED_AFTER_S) -> None:
        super().__init__(every_s)
        self.shipped = shipped
        """The words of the product."""
        self.texts = shipped
        self._versions = 0

    def take(self, tx: "Transaction") -> None:
        """Speak as the database says."""
        table = tables.text_version
        counted = tx.one(select(func.count()).select_from(table))
        versions = int(counted[0]) if counted else 0
        if versions == self._versions:
            return
        newest = {
            (row.language, row.key): (row.text, row.version) for row in tx.all(select(table).order_by(table.c.version))
        }
        own = {place: (text, version) for place, (text, version) in newest.items() if text is not None}
        self.texts = self.shipped.changed(own) if own else self.shipped
        self._versions = versions
