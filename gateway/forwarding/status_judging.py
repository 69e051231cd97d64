"""What rows of statuses from a system of record would do, each by itself; nothing is written.

Rules: docs/forwarders/sp4n.md § Import. They are carried out in gateway/forwarding/status_import.py.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select

from gateway.complaints.complaint import CLOSED, Case, Hold, Status
from gateway.complaints.forward import ForwardKind, ForwardState, StatusRow
from gateway.complaints.number import read_number
from gateway.complaints.status_file import StatusLine
from gateway.forwarding import remote_changes, remote_words
from gateway.forwarding.bridge import BY_HAND, IN_DOUBT
from gateway.forwarding.remote_changes import NAME_CHARACTERS, PROGRESS, TOO_OLD_TO_TELL
from gateway.record import cases
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


@dataclass(frozen=True, slots=True)
class Course:
    """Where a known status of a known report takes its complaint, and by what its reporter hears of it.

    `is_told`: its follow-up is known, or it has none; `is_same`: so is its status. `is_behind`: theirs is less than ours.
    `moves_told`: the move itself is news to the reporter; `followup_told`: its words are, where no move carries them.
    """

    is_told: bool
    is_same: bool
    is_behind: bool
    goal: Status
    on: bool
    back: bool
    moves_told: bool
    followup_told: bool

    @property
    def goes(self) -> bool:
        return self.on or self.back

    @property
    def tells(self) -> bool:
        """Whether the reporter gets a message; it is one at most."""
        return self.moves_told if self.on else self.followup_told or (self.back and self.moves_told)


def judge(
    tx: Transaction, lines: Sequence[StatusLine], target: str, digest: str = "", *, backwards: bool = False
) -> list[Judged]:
    """What each of these rows would do; at most a piece of them at once."""
    found = find(tx, lines, target)
    here = [one.case.id for one in found.values() if isinstance(one, Found)]
    known = _known_keys(tx, here)
    return [_judged(tx, line, found[line.line], known, digest, backwards=backwards) for line in lines]


def _judged(
    tx: Transaction,
    line: StatusLine,
    found: Found | NotFound,
    known: Mapping[int, Collection[str]],
    digest: str,
    *,
    backwards: bool,
) -> Judged:
    if not isinstance(found, Found):
        return Judged(line, *found)
    case, said = found.case, remote_words.meaning_of(line.status, tx.office.settings.forwarder(found.row.target))
    about: dict[str, Any] = {"number": case.number, "before": case.status.value}
    if said is None:
        return Judged(line, Verdict.UNKNOWN, "status", **about)
    keys = known.get(case.id, ())
    course = _course(tx, line, found, said, keys, backwards=backwards)
    why_not = _why_not(line, found, course)
    if digest and seen_key(digest, line) in keys:
        why_not = Verdict.SAME, "seen"
    if why_not:
        return Judged(line, *why_not, **about)
    after = course.goal.value if course.goes else case.status.value
    return Judged(line, Verdict.CHANGES, "linked" if found.is_new else "", **about, after=after, tells=course.tells)


def course_of(tx: Transaction, line: StatusLine, found: Found, said: StatusRow, *, backwards: bool) -> Course:
    """Which way this row goes by what is known now."""
    known = _known_keys(tx, [found.case.id])
    return _course(tx, line, found, said, known.get(found.case.id, ()), backwards=backwards)


def _course(
    tx: Transaction, line: StatusLine, found: Found, said: StatusRow, keys: Collection[str], *, backwards: bool
) -> Course:
    case, asks = found.case, remote_changes.asks_reporter(tx, found.row.target)
    goal, text_key = remote_changes.wanted(case, said.status, said.text_key, asks=asks, has_answer=bool(line.followup))
    is_told = not line.followup or followup_key(line) in keys
    is_same = line.status[:NAME_CHARACTERS] == found.row.remote_status
    is_behind = PROGRESS[said.status] < PROGRESS[case.status]
    return Course(
        is_told,
        is_same,
        is_behind,
        goal,
        on=not is_same and PROGRESS[goal] > PROGRESS[case.status],
        back=not is_same and is_behind and backwards,
        moves_told=bool(text_key) and _is_fresh(line.at, tx.now),
        followup_told=not is_told and _is_fresh(line.followup_at or line.at, tx.now) and case.status not in CLOSED,
    )


def _is_fresh(at: datetime | None, now: datetime) -> bool:
    """Nobody is told of last week."""
    return now - (at or now) <= TOO_OLD_TO_TELL


def _why_not(line: StatusLine, found: Found, course: Course) -> NotFound | None:
    """Why a known status of a known report changes nothing."""
    row = found.row
    if found.case.hold is not Hold.NONE:
        return Verdict.REFUSED, "held"
    if found.is_new or not course.is_told:
        return None
    if course.is_same:
        return Verdict.SAME, "same"
    if line.at and row.remote_status and row.remote_changed_at and line.at < row.remote_changed_at:
        return Verdict.SAME, "older"
    return (Verdict.REFUSED, "backwards") if course.is_behind and not course.goes else None


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
