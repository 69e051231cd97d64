"""Number and secret code: who may look at a complaint, and how often one may guess (CASEWORK 12, SECURITY C11).

A wrong number and a wrong code are the same to everybody outside, in words and in time.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.complaints.number import CODES, read_code, secret_code
from gateway.people import attempts
from gateway.people.attempts import Limit
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class Tracked:
    """`row` of the complaint when number and code agree; `attempts_left` for this ticket and source otherwise."""

    row: Any = None
    attempts_left: int = 0

    @property
    def locked(self) -> bool:
        return self.row is None and self.attempts_left <= 0


def find(tx: Transaction, number: str, code: str, source: str) -> Tracked:
    """Compare a code; a failure is counted. `source`: a hash of who asks (address, contact)."""
    limits = _limits(tx, number, source)
    left = attempts.begin(tx, limits)
    if left <= 0:
        return Tracked()
    complaint = tables.complaint
    row = tx.one(select(complaint).where(complaint.c.number == number))
    known = row.secret_hash if row else "0" * 64
    if hmac.compare_digest(known, tx.office.keys.secret_hash(number, read_code(code))) and row is not None:
        return Tracked(row, left)
    attempts.failed(tx, limits)
    audit.record(tx, SYSTEM, "code_refused", "complaint", str(row.id) if row else "", details={"source": source[:12]})
    return Tracked(attempts_left=left - 1)


def attempts_left(tx: Transaction, number: str, source: str) -> int:
    return attempts.left(tx, _limits(tx, number, source))


def free_at(tx: Transaction, number: str, source: str) -> datetime:
    """When one may try again; now while nothing is locked."""
    return attempts.free_at(tx, _limits(tx, number, source))


def _limits(tx: Transaction, number: str, source: str) -> list[Limit]:
    limits = tx.office.settings.limits
    return [
        Limit(_ticket(number), DAY, limits.code_attempts_per_ticket),
        Limit(f"source:{source}", HOUR, limits.code_attempts_per_hour),
        Limit(EVERYBODY, HOUR, limits.code_attempts_in_all_per_hour),
    ]


def _ticket(number: str) -> str:
    # Unknown numbers count like known ones; what was typed is not kept readable.
    return f"ticket:{hashlib.sha256(number.encode()).hexdigest()[:32]}"


def new_code(tx: Transaction, complaint_id: int, number: str) -> str:
    """A fresh secret code; the old one is void from now on."""
    code = secret_code(tx.office.draw(CODES))
    cases.amend(tx, complaint_id, secret_hash=tx.office.keys.secret_hash(number, read_code(code)))
    audit.record(tx, SYSTEM, "code_renewed", "complaint", number)
    return code
