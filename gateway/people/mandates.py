"""Mandates that end soon: their agency and the coordinator read of it 30, 7 and 1 days before, once each (CASEWORK 6.4)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience
from gateway.people import directory
from gateway.storage import tables
from gateway.storage.store import Transaction

BEFORE = (1, 7, 30)
"""Days; whoever was told of fewer is not told of more."""
KEY = "mandate.expiring"


@dataclass(frozen=True, slots=True)
class Expiring:
    """A mandate whose last day is `valid_to`; `step` is the newest of `BEFORE` that has come."""

    member_id: int
    agency: str
    role: Role
    valid_to: date
    step: int


def expiring(tx: Transaction, agency: str = "") -> list[Expiring]:
    """The next to end first; of one agency, or of all."""
    table = tables.agency_member
    soon = directory.in_office(tx.today) & (table.c.valid_to <= tx.today + timedelta(days=max(BEFORE)))
    if agency:
        soon &= table.c.agency == agency
    return [
        Expiring(row.id, row.agency, Role(row.role), row.valid_to, _step((row.valid_to - tx.today).days))
        for row in tx.all(select(table).where(soon).order_by(table.c.valid_to, table.c.id))
    ]


def _step(days_left: int) -> int:
    return next(days for days in BEFORE if days_left <= days)


def untold(tx: Transaction, audience: Audience, agency: str = "") -> tuple[Expiring, ...]:
    """What these readers were not told yet."""
    warning = tables.mandate_warning
    found = expiring(tx, agency)
    theirs = warning.c.member_id.in_([one.member_id for one in found]) & (warning.c.audience == audience.value)
    rows = tx.all(select(warning.c.member_id, warning.c.valid_to, warning.c.days).where(theirs)) if found else ()
    told = {(row.member_id, row.valid_to, row.days) for row in rows}
    return tuple(one for one in found if (one.member_id, one.valid_to, one.step) not in told)


def mark_told(tx: Transaction, audience: Audience, told: Iterable[Expiring]) -> None:
    rows = [
        {"member_id": one.member_id, "valid_to": one.valid_to, "days": one.step, "audience": audience.value}
        for one in told
    ]
    if rows:
        tx.insert_new(tables.mandate_warning, [{**row, "told_at": tx.now} for row in rows], "member_id")


def sentences(tx: Transaction, found: Collection[Expiring]) -> tuple[str, ...]:
    """One each, by position, not by name."""
    texts, names = tx.office.texts, directory.agency_names(tx) if found else {}
    return tuple(
        texts(
            KEY,
            jabatan=texts(f"label.role.{one.role.value}"),
            kantor=names.get(one.agency, one.agency),
            tgl=day_text(one.valid_to),
        )
        for one in found
    )
