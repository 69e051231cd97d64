"""The bridge by hand to a system of record: what a person typed in over there, and what they found there.

Rules: docs/forwarders/sp4n.md § By hand. Rows of `forward` move here by people, in gateway/forwarding/forwarding.py by workers.
"""

import io
import mimetypes
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.casework.outgoing import is_national
from gateway.complaints.complaint import Actor
from gateway.complaints.forward import ForwardKind, ForwardState, RemoteIdRefused, Report, read_remote_id
from gateway.complaints.leaving import content_of, title_of
from gateway.file_store import FileStore
from gateway.files.attachments import StoredFile
from gateway.forwarding import forwarding, remote_ids
from gateway.forwarding.forwarding import RemoteIdTaken
from gateway.forwarding.leaving_reports import files_of, report_of
from gateway.queries import bridge as queries
from gateway.queries import complaint_detail
from gateway.queries.bridge import AWAITED
from gateway.queries.scope import Scope, Sight
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.store import Transaction

ID_PATTERN = "^[0-9]{7}$"
LEAST_REASON = 5
BY_HAND = frozenset({ForwardState.MANUAL, ForwardState.AWAITING_NUMBER})
IN_DOUBT = frozenset({ForwardState.MANUAL_CHECK, ForwardState.FAILED})


class BridgeRefused(ValueError):
    """A step that does not go now; nothing was written. `code` is the end of a text key, `other` a ticket number."""

    def __init__(self, code: str, other: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.other = other


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the form over there: end of a text key, and what goes into it."""

    name: str
    text: str
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is typed in over there for one row; `lines` is empty where the reader may not see its words."""

    row: Any
    lines: tuple[Line, ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    files: tuple[StoredFile, ...] = ()
    pattern: str = ID_PATTERN
    may_hand_over: bool = False
    """Filed by hand, and the API is there now."""


def sheet(tx: Transaction, scope: Scope, forward_id: int) -> Sheet | None:
    """None where there is no such row, or none that this reader may know of."""
    row = queries.row_of(tx, forward_id)
    item = complaint_detail.item_of(tx, scope, row.number) if row is not None else None
    if row is None or item is None:
        return None
    table = tx.office.settings.forwarder(row.target)
    pattern = str(table.values.get("id_pattern", ID_PATTERN)) if table else ID_PATTERN
    found = Sheet(row, pattern=pattern, may_hand_over=_may_hand_over(tx, row))
    if item.sight is not Sight.FULL:
        return found
    report = report_of(tx, row.complaint_id, row.target)
    flags = (("anonymous", report.anonymous), ("confidential", report.confidential))
    lines = _lines(tx, row, report) if row.kind == ForwardKind.CREATE.value else _further(tx, row, report)
    return replace(found, lines=lines, flags=flags, files=tuple(files_of(tx, row, report)))


def _may_hand_over(tx: Transaction, row: Any) -> bool:
    return bool(row.by_hand and row.remote_id) and not is_by_hand(tx, row.target)


def _lines(tx: Transaction, row: Any, report: Report) -> tuple[Line, ...]:
    topic = tx.office.reference.topics.get(row.topic)
    day = report.incident_on or tx.office.calendar.today(row.created_at)
    return (
        Line("title", title_of(report)),
        Line("content", content_of(report), is_long=True),
        Line("day", f"{day:%d-%m-%Y}"),
        Line("place", report.place),
        Line("institution", report.agency_name or report.agency),
        Line("category", topic.name_source or topic.name if topic else ""),
    )


def _further(tx: Transaction, row: Any, report: Report) -> tuple[Line, ...]:
    """A follow-up or a referral belongs to a report that has its number over there already."""
    bodies = tx.office.reference.out_of_authority.values()
    body = next(
        (one for one in bodies if one.sp4n_institution_id and one.sp4n_institution_id == row.institution_id), None
    )
    institution = body.name if body else row.institution_id
    return (
        Line("remote_id", report.remote_id),
        *((Line("institution", institution),) if institution else ()),
        Line("content", row.content_masked, is_long=True),
    )


def packed(store: FileStore, files: Sequence[StoredFile]) -> bytes:
    """A ZIP of cleaned files under names that tell nothing; one that is gone is left out."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as whole:
        for place, file in enumerate(files, 1):
            with suppress(OSError):
                ending = mimetypes.guess_extension(file.media_type) or ".bin"
                whole.writestr(f"lampiran-{place}{ending}", store.get(file.name))
    return content.getvalue()


def typed_in(tx: Transaction, forward_id: int, actor: Actor) -> None:
    """Somebody has entered the report over there; its number is still to come."""
    row = _row(tx, forward_id, frozenset({ForwardState.MANUAL}))
    _set(tx, row.id, state=ForwardState.AWAITING_NUMBER.value, started_at=tx.now, sent_at=tx.now)
    # The task is what the work list finds it by, and what reminds somebody of the number.
    tasks.add(tx, AWAITED, str(row.id), row.marker, row.complaint_id)
    _note(tx, "bridge_typed_in", row, actor)


def followed_up(tx: Transaction, forward_id: int, actor: Actor) -> None:
    """A follow-up or referral was entered over there; it has no number of its own."""
    row = _row(tx, forward_id, BY_HAND | IN_DOUBT)
    if row.kind == ForwardKind.CREATE.value:
        raise BridgeRefused("needs_number")
    _set(tx, row.id, state=ForwardState.SENT.value, sent_at=tx.now, finished_at=tx.now)
    _note(tx, "bridge_followed_up", row, actor)


def numbered(tx: Transaction, forward_id: int, typed: str, actor: Actor) -> str:
    """The report has this number over there; the number as it is kept. BridgeRefused: no_number, taken, settled.

    The same number once more is no mistake: two people look at one list, and forms are sent twice.
    """
    row = _row(tx, forward_id, BY_HAND | IN_DOUBT | {ForwardState.SENT})
    number = _number(tx, row.target, typed)
    if row.state == ForwardState.SENT.value:
        if remote_ids.shown(row) != number:
            raise BridgeRefused("settled")
        return number
    _adopt(tx, row.id, number, row.target)
    _note(tx, "bridge_numbered", row, actor, details={"remote_id": number})
    return number


def shared(tx: Transaction, forward_id: int, typed: str, reason: str, actor: Actor) -> str:
    """Over there this complaint is part of a report that another complaint of ours is known by: both show its number."""
    row = _row(tx, forward_id, BY_HAND | IN_DOUBT)
    if row.kind != ForwardKind.CREATE.value:
        raise BridgeRefused("needs_number")
    reason, number = _reason(reason), _number(tx, row.target, typed)
    other = remote_ids.holder(tx, row, number)
    if not other:
        raise BridgeRefused("not_shared")
    _set(tx, row.id, state=ForwardState.SENT.value, finished_at=tx.now, detail_masked=f"= {other}")
    if is_national(tx, row.target):
        cases.amend(tx, row.complaint_id, sp4n_id=number)
    for kind in (*forwarding.TASKS.values(), AWAITED):
        tasks.settle(tx, kind, str(row.id), actor.id)
    _note(tx, "bridge_shared", row, actor, reason, {"remote_id": number, "other": other})
    return number


def renumbered(tx: Transaction, forward_id: int, typed: str, reason: str, actor: Actor) -> str:
    """Correct a number that was typed wrongly; the reason is kept."""
    row = _row(tx, forward_id, frozenset({ForwardState.SENT}))
    if row.kind != ForwardKind.CREATE.value:
        raise BridgeRefused("needs_number")
    reason = _reason(reason)
    number = _number(tx, row.target, typed)
    _adopt(tx, row.id, number, row.target)
    _note(tx, "bridge_renumbered", row, actor, reason, {"before": remote_ids.shown(row), "remote_id": number})
    return number


def handed_over(tx: Transaction, forward_id: int, actor: Actor) -> None:
    """From now on the API looks after a report that was filed by hand, if it finds it there as ours."""
    row = _row(tx, forward_id, frozenset({ForwardState.SENT}))
    if not _may_hand_over(tx, row):
        raise BridgeRefused("settled")
    _set(tx, row.id, poll_due_at=tx.now, misses=0, missing_since=None)
    tx.ring("poll")
    _note(tx, "bridge_handed_over", row, actor)


def send_again(tx: Transaction, forward_id: int, reason: str, actor: Actor) -> None:
    """It is certainly not there: let the API send it."""
    row = _row(tx, forward_id, IN_DOUBT)
    forwarding.retry(tx, row.id)
    _note(tx, "bridge_sent_again", row, actor, _reason(reason))


def failed(tx: Transaction, forward_id: int, reason: str, actor: Actor) -> None:
    """Nobody tries any more; the complaint goes on without a number of the other side."""
    row = _row(tx, forward_id, BY_HAND | frozenset({ForwardState.MANUAL_CHECK}))
    reason = _reason(reason)
    forwarding.give_up(tx, row.id)
    for kind in (*forwarding.TASKS.values(), AWAITED):
        tasks.settle(tx, kind, str(row.id), actor.id)
    _note(tx, "bridge_failed", row, actor, reason)


def _row(tx: Transaction, forward_id: int, states: frozenset[ForwardState]) -> Any:
    forward = tables.forward
    row = tx.one(select(forward).where(forward.c.id == forward_id).with_for_update())
    if row is None or ForwardState(row.state) not in states:
        raise BridgeRefused("settled")
    return row


def _set(tx: Transaction, forward_id: int, **values: Any) -> None:
    forward = tables.forward
    tx.execute(forward.update().where(forward.c.id == forward_id).values(**values))


def _number(tx: Transaction, target: str, typed: str) -> str:
    table = tx.office.settings.forwarder(target)
    pattern = str(table.values.get("id_pattern", ID_PATTERN)) if table else ID_PATTERN
    try:
        return read_remote_id(typed, pattern)
    except (RemoteIdRefused, re.error) as problem:
        raise BridgeRefused("no_number") from problem


def is_by_hand(tx: Transaction, target: str) -> bool:
    """Whether people work there now."""
    table = tx.office.settings.forwarder(target)
    return table is None or str(table.values.get("mode", "manual")) == "manual"


def _adopt(tx: Transaction, forward_id: int, number: str, target: str) -> None:
    try:
        forwarding.adopt(tx, forward_id, number, by_hand=is_by_hand(tx, target))
    except RemoteIdTaken as taken:
        raise BridgeRefused("taken", str(taken)) from taken
    tasks.settle(tx, AWAITED, str(forward_id))


def _reason(reason: str) -> str:
    folded = " ".join(reason.split())
    if len(folded) < LEAST_REASON:
        raise BridgeRefused("no_reason")
    return folded


def _note(
    tx: Transaction, deed: str, row: Any, actor: Actor, reason: str = "", details: dict[str, str] | None = None
) -> None:
    audit.record(tx, actor, deed, "forward", str(row.id), reason, {"ticket": row.marker, **(details or {})})
    case = cases.by_id(tx, row.complaint_id)
    if case is not None:
        tx.tell(kind="complaint", number=case.number, status=case.status.value, channel=case.channel)
