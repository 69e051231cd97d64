"""One-time codes with which officers act by SMS: four digits, good for one deed of one officer on one task.

Kept only as keyed hashes. Three wrong tries revoke a code; with the task it is revoked like the links (SECURITY C13).
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, select

from gateway.officer_links.drafts import Desk
from gateway.storage import tables
from gateway.storage.store import Transaction

CODES = 10**4
DIGITS = 4
MOST_WRONG = 3
VALID_DAYS = 14
"""As long as the link in the same message."""


class Judged(StrEnum):
    FITS = "fits"
    USED = "used"
    WRONG = "wrong"
    REVOKED = "revoked"
    """Just now, by one wrong try too many."""
    NONE = "none"
    """There is no code that could fit: it was revoked, or too old."""


def issue(tx: Transaction, desk: Desk) -> str:
    """A new code in the place of the one before. It differs from all that were given out for this task to this officer."""
    code = tables.officer_code
    known = {row.code_hash for row in tx.all(select(code.c.code_hash).where(_of(desk)))}
    drawn = _draw(tx)
    while _hash(tx, desk, drawn) in known and len(known) < CODES:
        drawn = _draw(tx)
    tx.execute(code.update().where(_is_open(desk)).values(revoked_at=tx.now))
    tx.insert(
        code,
        id=tx.new_id(),
        complaint_id=desk.complaint_id,
        member_id=desk.member_id,
        code_hash=_hash(tx, desk, drawn),
        created_at=tx.now,
    )
    return drawn


def judge(tx: Transaction, desk: Desk, given: str) -> Judged:
    """Whether a deed may be done with this code; wrong ones are counted. The rows of one sender are locked by intake."""
    code = tables.officer_code
    rows = tx.all(select(code).where(_of(desk)))
    mine = _hash(tx, desk, given)
    if any(row.code_hash == mine and row.used_at is not None for row in rows):
        return Judged.USED
    current = next((row for row in rows if row.used_at is None and row.revoked_at is None), None)
    if current is None or current.created_at <= tx.now - timedelta(days=VALID_DAYS):
        return Judged.NONE
    if current.code_hash == mine:
        return Judged.FITS
    wrong = current.wrong + 1
    ends = {"revoked_at": tx.now} if wrong >= MOST_WRONG else {}
    tx.execute(code.update().where(code.c.id == current.id).values(wrong=wrong, **ends))
    return Judged.REVOKED if ends else Judged.WRONG


def use(tx: Transaction, desk: Desk) -> None:
    """The deed was done: the code that allowed it is spent."""
    tx.execute(tables.officer_code.update().where(_is_open(desk)).values(used_at=tx.now))


def _of(desk: Desk) -> ColumnElement[bool]:
    code = tables.officer_code.c
    return and_(code.complaint_id == desk.complaint_id, code.member_id == desk.member_id)


def _is_open(desk: Desk) -> ColumnElement[bool]:
    code = tables.officer_code.c
    return and_(_of(desk), code.used_at.is_(None), code.revoked_at.is_(None))


def _draw(tx: Transaction) -> str:
    return f"{tx.office.draw(CODES) % CODES:0{DIGITS}}"


def _hash(tx: Transaction, desk: Desk, code: str) -> str:
    return tx.office.keys.token_hash(f"sms|{desk.complaint_id}|{desk.member_id}|{code}")
