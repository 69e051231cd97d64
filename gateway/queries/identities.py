"""The register of demands for an identity, for those who may ask or decide: never the identity itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, select

from gateway.complaints.complaint import Actor, Role
from gateway.complaints.identity import DECIDE_WITHIN, OPENERS
from gateway.queries.scope import Scope, in_full, readable
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One demand with the names of who asked and who decided; `row` as it stands in the register."""

    id: str
    number: str
    row: Any
    asked_by: str
    decided_by: str
    reviewed_by: str
    anonymous: bool


def listed(tx: Transaction, scope: Scope, before: str = "", limit: int = PAGE) -> Sequence[Entry]:
    """The newest first, of complaints that this reader may ask about; `before` the id of the last one seen."""
    demand, complaint = tables.identity_demand, tables.complaint
    found = select(demand, complaint.c.number, complaint.c.anonymous).join_from(
        demand, complaint, complaint.c.id == demand.c.complaint_id
    )
    found = found.where(_read_in_full(scope))
    if last := id_number(before):
        found = found.where(demand.c.id < last)
    rows = tx.all(found.order_by(demand.c.id.desc()).limit(limit))
    names = _names(tx, rows)
    return [_entry(row, names) for row in rows]


def one(tx: Transaction, scope: Scope, shown: str, role: Role) -> Entry | None:
    """None where it does not exist for this reader."""
    identity, demand, complaint = id_number(shown), tables.identity_demand, tables.complaint
    if identity is None or role not in OPENERS:
        return None
    row = tx.one(select(demand).where(demand.c.id == identity))
    about = tx.one(select(complaint).where(complaint.c.id == row.complaint_id)) if row is not None else None
    if row is None or about is None or not in_full(scope, about):
        return None
    names = _names(tx, [row])
    return Entry(id_text(row.id), about.number, row, *_people(row, names), anonymous=about.anonymous)


def _read_in_full(scope: Scope) -> ColumnElement[bool]:
    """`in_full` on rows, for those who open identities: none of them holds a complaint."""
    return readable(replace(scope, routes=False))


def waiting(tx: Transaction, scope: Scope, actor: Actor) -> int:
    """How many demands of others wait for a second person, or for a look afterwards."""
    demand, complaint = tables.identity_demand, tables.complaint
    undecided = (demand.c.state == "asked") & (demand.c.asked_at > tx.now - DECIDE_WITHIN)
    unseen = demand.c.alone.is_(True) & demand.c.reviewed_at.is_(None)
    others = (demand.c.asked_by != int(actor.id)) & (demand.c.asked_role != actor.role.value)
    found = select(func.count()).select_from(demand).join(complaint, complaint.c.id == demand.c.complaint_id)
    row = tx.one(found.where(undecided | unseen, others, _read_in_full(scope)))
    return int(row[0]) if row else 0


def _entry(row: Any, names: dict[int, str]) -> Entry:
    return Entry(id_text(row.id), row.number, row, *_people(row, names), anonymous=row.anonymous)


def _people(row: Any, names: dict[int, str]) -> tuple[str, str, str]:
    return names.get(row.asked_by, ""), names.get(row.decided_by, ""), names.get(row.reviewed_by, "")


def _names(tx: Transaction, rows: Sequence[Any]) -> dict[int, str]:
    account = tables.account
    ids = {one for row in rows for one in (row.asked_by, row.decided_by, row.reviewed_by) if one}
    if not ids:
        return {}
    found = tx.all(select(account.c.id, account.c.name, account.c.username).where(account.c.id.in_(ids)))
    return {row.id: row.name or row.username for row in found}
