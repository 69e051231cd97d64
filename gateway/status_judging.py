"""What rows of statuses from a system of record would do, each by itself; nothing is written.

Rules: docs/forwarders/sp4n.md § Import. They are carried out in gateway/status_import.py.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select

from gateway import cases, remote_words
from gateway.bridge import BY_HAND, IN_DOUBT
from gateway.complaints.complaint import CLOSED, Case, Hold
from gateway.complaints.forward import ForwardKind, ForwardState, StatusRow
from gateway.complaints.number import read_number
from gateway.complaints.status_file import StatusLine
from gateway.remote_changes import NAME_CHARACTERS, PROGRESS, TOO_OLD_TO_TELL
from gateway.storage import tables
from gateway.storage.store import Transaction


class Verdict(StrEnum):
    CHANGES = "berubah"
    SAME = "sama"
    UNKNOWN = "tak_dikenal"
    REFUSED = "ditolak"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a row does. `reason`: end of a text key, empty for a plain change; `tells`: its reporter hears of it."""

    line: StatusLine
    verdict: Verdict
    reason: str = ""
    number: str = ""
    before: str = ""
    after: str = ""
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A row's report over there and complaint here. `is_new`: the two are to be linked."""

    row: Any
    case: Case
    is_new: bool = False


NotFound = tuple[Verdict, str]
"""Why a row does nothing: the verdict and the end of a text key."""


def judge(
    tx: Transaction, lines: Sequence[StatusLine], target: str, digest: str = "", *, backwards: bool = False
) -> list[Judged]:
    """What each of these rows would do; at most a piece of them at once."""
    found = find(tx, lines, target)
    here = [one.case.id for one in found.values() if isinstance(one, Found)]
    known = _known_keys(tx, here)
    return [
        _judged(tx, line, found[line.line], _keys(found[line.line], known), digest, backwards=backwards)
        for line in lines
    ]


def _keys(found: Found | NotFound, known: Mapping[int, set[str]]) -> set[str]:
    return known.get(found.case.id, set()) if isinstance(found, Found) else set()


def _judged(
    tx: Transaction, line: StatusLine, found: Found | NotFound, keys: Collection[str], digest: str, *, backwards: bool
) -> Judged:
    if not isinstance(found, Found):
        return Judged(line, *found)
    case, said = found.case, remote_words.meaning_of(line.status, tx.office.settings.forwarder(found.row.target))
    about: dict[str, Any] = {"number": case.number, "before": case.status.value}
    if said is None:
        return Judged(line, Verdict.UNKNOWN, "status", **about)
    is_told = not line.followup or followup_key(line) in keys
    is_same = line.status[:NAME_CHARACTERS] == found.row.remote_status
    goes = not is_same and (PROGRESS[said.status] > PROGRESS[case.status] or (_is_behind(case, said) and backwards))
    why_not = _why_not(line, found, said, is_told=is_told, is_same=is_same, goes=goes)
    if digest and seen_key(digest, line) in keys:
        why_not = Verdict.SAME, "seen"
    if why_not:
        return Judged(line, *why_not, **about)
    after = said.status.value if goes else case.status.value
    tells = _tells(line, case, said, tx.now, goes=goes, is_told=is_told)
    return Judged(line, Verdict.CHANGES, "linked" if found.is_new else "", **about, after=after, tells=tells)


def _why_not(
    line: StatusLine, found: Found, said: StatusRow, *, is_told: bool, is_same: bool, goes: bool
) -> NotFound | None:
    """Why a known status of a known report changes nothing."""
    row = found.row
    if found.case.hold is not Hold.NONE:
        return Verdict.REFUSED, "held"
    if found.is_new or not is_told:
        return None
    if is_same:
        return Verdict.SAME, "same"
    if line.at and row.remote_status and row.remote_changed_at and line.at < row.remote_changed_at:
        return Verdict.SAME, "older"
    return (Verdict.REFUSED, "backwards") if _is_behind(found.case, said) and not goes else None


def _is_behind(case: Case, said: StatusRow) -> bool:
    return PROGRESS[said.status] < PROGRESS[case.status]


def _tells(line: StatusLine, case: Case, said: StatusRow, now: datetime, *, goes: bool, is_told: bool) -> bool:
    """Whether the reporter hears of it; nobody is told of last week."""
    if goes:
        return bool(said.text_key) and now - (line.at or now) <= TOO_OLD_TO_TELL
    is_fresh = now - (line.followup_at or now) <= TOO_OLD_TO_TELL
    return not is_told and is_fresh and case.status not in CLOSED


def seen_key(digest: str, line: StatusLine) -> str:
    """By which it is remembered that this row of this file was taken over."""
    return hashlib.sha256(f"{digest}|{line.key}".encode()).hexdigest()


def followup_key(line: StatusLine) -> str:
    """One text counts once for a report, however it was laid out."""
    words = " ".join(line.followup.casefold().split())
    return hashlib.sha256(f"followup|{line.remote_id}|{words}".encode()).hexdigest()


def _known_keys(tx: Transaction, complaint_ids: Iterable[int]) -> dict[int, set[str]]:
    event = tables.remote_event
    known: dict[int, set[str]] = {}
    wanted = sorted(set(complaint_ids))
    if wanted:
        mine = event.c.complaint_id.in_(wanted)
        for row in tx.all(select(event.c.complaint_id, event.c.remote_key).where(mine)):
            known.setdefault(row.complaint_id, set()).add(row.remote_key)
    return known


def find(tx: Transaction, lines: Sequence[StatusLine], target: str) -> dict[int, Found | NotFound]:
    """By line: the report and its complaint, or why there is none."""
    forward, complaint = tables.forward, tables.complaint
    filed = (forward.c.target == target) & (forward.c.kind == ForwardKind.CREATE.value)
    numbers = sorted({line.remote_id for line in lines})
    rows = {row.remote_id: row for row in tx.all(select(forward).where(filed, forward.c.remote_id.in_(numbers)))}
    tickets = {_ticket(tx, line) for line in lines if line.remote_id not in rows} - {""}
    named = _by_ticket(tx, filed, sorted(tickets))
    ids = {row.complaint_id for row in (*rows.values(), *named.values())}
    about = {row.id: cases.case_of(row) for row in tx.all(select(complaint).where(complaint.c.id.in_(ids)))}
    return {line.line: _paired(tx, line, rows.get(line.remote_id), named, about) for line in lines}


def _by_ticket(tx: Transaction, filed: ColumnElement[bool], tickets: Sequence[str]) -> dict[str, Any]:
    """The filings of these complaints, by their ticket numbers."""
    forward, complaint = tables.forward, tables.complaint
    if not tickets:
        return {}
    ids = [row.id for row in tx.all(select(complaint.c.id).where(complaint.c.number.in_(tickets)))]
    return {row.marker: row for row in tx.all(select(forward).where(filed, forward.c.complaint_id.in_(ids)))}


def _paired(
    tx: Transaction, line: StatusLine, row: Any, named: Mapping[str, Any], about: Mapping[int, Case]
) -> Found | NotFound:
    """`row`: the filing that has this number already; `named`: filings by ticket."""
    ticket = _ticket(tx, line)
    if row is not None:
        is_other = bool(line.ticket) and ticket != row.marker
        return (Verdict.REFUSED, "taken") if is_other else Found(row, about[row.complaint_id])
    row = named.get(ticket)
    if row is None:
        return Verdict.UNKNOWN, "ticket" if line.ticket else "number"
    if row.remote_id or ForwardState(row.state) not in BY_HAND | IN_DOUBT:
        return Verdict.REFUSED, "other_number" if row.remote_id else "under_way"
    return Found(row, about[row.complaint_id], is_new=True)


def _ticket(tx: Transaction, line: StatusLine) -> str:
    """The whole ticket number of a row; empty for one that is none of ours."""
    number = read_number(line.ticket, tx.office.settings.government.ticket_prefix)
    return number if isinstance(number, str) else ""
