"""Statuses that people took out of a system of record: from a file, or one that was read there and typed in.

First it is judged what each row would do, then it is done, in pieces: each complaint tells its reporter once, nothing
goes backwards unless that was ticked, and the same file a second time changes nothing (docs/forwarders/sp4n.md § Import).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from config.reference.topics import name_key
from gateway.audit import audit
from gateway.casework import outgoing
from gateway.complaints.complaint import ActionRefused, Actor, CaseMoved, Role
from gateway.complaints.forward import RemoteEvent, RemoteState, StatusRow
from gateway.complaints.status_file import StatusFile, StatusLine, read_rows
from gateway.complaints.table_file import digest_of
from gateway.forwarding import forwarding, remote_changes, remote_words, spreadsheet
from gateway.forwarding.bridge import BridgeRefused, is_by_hand
from gateway.forwarding.forwarding import RemoteIdTaken
from gateway.forwarding.remote_changes import NAME_CHARACTERS, PROGRESS
from gateway.forwarding.status_judging import Found, Judged, Verdict, course_of, find, followup_key, judge, seen_key
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store, Transaction

PIECE = 500
SEEN = "import"
"""Kind of the row of `remote_event` that says: this row of this file was taken over."""
OVERTAKEN = (CaseMoved, RemoteIdTaken)
"""Somebody else was at the same complaint, or the same number, meanwhile."""


def target_of(tx: Transaction) -> str:
    """The system of record whose statuses people bring; empty where there is none."""
    table = outgoing.national(tx.office.settings)
    return table.name if table else ""


def read(content: bytes, pattern: str, now: datetime) -> StatusFile:
    """The rows of a CSV or an Excel file. FileRefused."""
    return read_rows(spreadsheet.table_rows(content), digest_of(content), pattern, now)


def preview(tx: Transaction, file: StatusFile, *, backwards: bool) -> list[Judged]:
    """What each usable row would do now; nothing is written."""
    target = target_of(tx)
    return [one for piece in _pieces(file.lines) for one in judge(tx, piece, target, file.digest, backwards=backwards)]


def apply_all(store: Store, file: StatusFile, actor: Actor, *, backwards: bool) -> Counter[str]:
    """Take over the file piece by piece; how many rows by verdict. A complaint that moved meanwhile is tried once more.

    What was taken over is recorded, also where something breaks in the middle.
    """
    done: Counter[str] = Counter()
    work = partial(_apply, digest=file.digest, actor=actor, backwards=backwards)
    try:
        for piece in _pieces(file.lines):
            try:
                done += store.run(partial(work, lines=piece))
            except OVERTAKEN:
                for line in piece:
                    done += _alone(store, partial(work, lines=[line]))
    finally:
        details = {"lines": len(file.lines), "refused": len(file.bad), **done}
        store.run(
            lambda tx: audit.record(
                tx, actor, "statuses_imported", "forward", file.digest, f"impor:{file.digest}", details=details
            )
        )
    return done


def _alone(store: Store, work: Callable[[Transaction], Counter[str]]) -> Counter[str]:
    try:
        return store.run(work)
    except OVERTAKEN:
        return Counter({Verdict.REFUSED.value: 1})


def _pieces(lines: Sequence[StatusLine]) -> Iterable[Sequence[StatusLine]]:
    return (lines[start : start + PIECE] for start in range(0, len(lines), PIECE))


def _apply(tx: Transaction, *, lines: Sequence[StatusLine], digest: str, actor: Actor, backwards: bool) -> Counter[str]:
    target, done = target_of(tx), Counter[str]()
    for judged in judge(tx, lines, target, digest, backwards=backwards):
        verdict = judged.verdict
        if verdict is Verdict.CHANGES:
            verdict = take_over(tx, judged.line, target, actor, digest=digest, backwards=backwards)
        done[verdict.value] += 1
    return done


def take_over(
    tx: Transaction, line: StatusLine, target: str, actor: Actor, *, digest: str = "", backwards: bool = False
) -> Verdict:
    """Carry out one row that was judged to change something."""
    found = find(tx, [line], target).get(line.line)
    said = remote_words.meaning_of(line.status, tx.office.settings.forwarder(target))
    if not isinstance(found, Found) or said is None:
        return Verdict.REFUSED
    if found.is_new:
        forwarding.adopt(tx, found.row.id, line.remote_id, by_hand=is_by_hand(tx, target))
    bringer = Actor(Role.SP4N, actor.id, name=actor.name)
    state = _state(tx, line, found, said)
    way = course_of(tx, line, found, said, backwards=backwards)
    values: dict[str, Any] = {"polled_at": tx.now, **remote_changes.changed(tx, found.row, state, bringer)}
    case = cases.by_id(tx, found.case.id)
    if way.back and case is not None and PROGRESS[said.status] < PROGRESS[case.status]:
        tells = way.moves_told and not way.followup_told  # its words went out as news of their own
        with suppress(ActionRefused):  # it stands there already
            remote_changes.follow_as_decided(tx, case, target, line.status, said, bringer, tells=tells)
    forward = tables.forward
    tx.execute(forward.update().where(forward.c.id == found.row.id).values(**values))
    if digest:
        _note_seen(tx, found, seen_key(digest, line))
    return Verdict.CHANGES


def stated(tx: Transaction, forward_id: int, status: str, note: str, actor: Actor) -> None:
    """Somebody has read this status there (and what their agency said). BridgeRefused when it says nothing new."""
    forward = tables.forward
    row = tx.one(select(forward).where(forward.c.id == forward_id).with_for_update())
    if row is None or not row.remote_id:
        raise BridgeRefused("settled")
    line = StatusLine(0, row.remote_id, " ".join(status.split())[:NAME_CHARACTERS], followup=note.strip())
    judged = judge(tx, [line], row.target)[0]
    if judged.verdict is not Verdict.CHANGES:
        raise BridgeRefused(f"status_{judged.reason or 'same'}")
    take_over(tx, line, row.target, actor)
    audit.record(
        tx, actor, "bridge_stated", "forward", str(row.id), details={"ticket": row.marker, "status": line.status}
    )


def _note_seen(tx: Transaction, found: Found, key: str) -> None:
    seen = {
        "id": tx.new_id(),
        "complaint_id": found.case.id,
        "target": found.row.target,
        "remote_key": key,
        "at": tx.now,
        "kind": SEEN,
        "text_masked": "",
        "secret": True,
        "seen_at": tx.now,
    }
    tx.insert_new(tables.remote_event, [seen], "id", key=("complaint_id", "remote_key"))


def _state(tx: Transaction, line: StatusLine, found: Found, said: StatusRow) -> RemoteState:
    """The row as a poll would have brought it."""
    events: tuple[RemoteEvent, ...] = ()
    if line.followup:
        events = (RemoteEvent(followup_key(line), line.followup_at or line.at or tx.now, "followup", line.followup),)
    return RemoteState(
        line.remote_id,
        line.status,
        status=said.status,
        text_key=said.text_key,
        status_since=_since(line, tx.now),
        institution_id=_institution(tx, line.institution),
        institution_name=line.institution,
        events=events,
        asks_reporter=remote_changes.asks_reporter(tx, found.row.target),
    )


def _since(line: StatusLine, now: datetime) -> datetime:
    return min(line.at or now, now)


def _institution(tx: Transaction, name: str) -> str:
    """The number over there of the agency with exactly this name; a similar one is no reason to act."""
    wanted = name_key(name)
    named = (one for one in tx.office.reference.agencies.values() if wanted and name_key(one.name) == wanted)
    found = next(named, None)
    if found is None:
        return ""
    agency = tables.agency
    row = tx.one(select(agency.c.sp4n_institution_id).where(agency.c.code == found.code))
    return str(row.sp4n_institution_id) if row else ""
