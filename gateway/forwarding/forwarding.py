"""What goes to systems of record and comes back: claim, settle, polls. The meaning of rows of `forward`.

A row is `sending` in a commit before its first byte leaves; one found so after its lease is `unknown`, never sent
again unseen (docs/forwarders/sp4n.md § 5). What came back and what we do about it: gateway/forwarding/remote_changes.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, text

from gateway.audit import audit
from gateway.casework.outgoing import is_national
from gateway.complaints.complaint import SYSTEM, Status
from gateway.complaints.forward import (
    Circuit,
    FollowUp,
    ForwardJob,
    ForwardKind,
    ForwardOutcome,
    ForwardState,
    PollJob,
    PollOutcome,
    Referral,
    RemoteState,
)
from gateway.complaints.leaving import is_same
from gateway.complaints.number import plain
from gateway.forwarding import remote_ids
from gateway.forwarding.leaving_reports import as_sent, files_of, report_of
from gateway.forwarding.remote_changes import changed
from gateway.privacy.privacy import masked_text
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.rows import apart, id_in, ids_json
from gateway.storage.store import Transaction, constant
from gateway.storage.tables.complaints import OPEN_FORWARDS
from gateway.storage.types import to_millis

LEASE = timedelta(seconds=180)
POLL_LEASE = timedelta(seconds=120)
MOST_WEIGHED = 200
"""Of so many due polls the latest are chosen; more only wait when hundreds are behind."""
Lateness = Callable[[PollJob, datetime], float]
# A report waits this long for its files to be fetched and cleaned, then leaves without the missing ones.
WAIT_FOR_FILES = timedelta(minutes=2)
DUE = (
    # The first list is word for word that of the index; what is being sent is not claimed again.
    "SELECT f.id, f.state FROM forward f WHERE f.target = :target"
    " AND f.state IN ('queued','sending','retry','unknown') AND f.state <> 'sending' AND f.due_at <= :now"
    # What was practised never leaves, whatever database an installation was given.
    " AND NOT EXISTS (SELECT 1 FROM complaint p WHERE p.id = f.complaint_id AND p.training AND NOT :training{apart})"
    " AND (f.kind = 'create' OR EXISTS (SELECT 1 FROM forward c WHERE c.complaint_id = f.complaint_id"
    " AND c.target = f.target AND c.kind = 'create' AND c.state = 'sent'))"
    " AND NOT EXISTS (SELECT 1 FROM forward e WHERE e.complaint_id = f.complaint_id AND e.target = f.target"
    " AND e.id < f.id AND e.state IN ('queued','sending','retry','unknown'){apart})"
    " AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.complaint_id = f.complaint_id"
    " AND a.state IN ('queued','working') AND a.created_at > :files{apart})"
    " ORDER BY f.due_at, f.id LIMIT :limit"
)
MISSING = "sp4n_missing"
TASKS: Mapping[ForwardState, str] = {ForwardState.MANUAL_CHECK: "sp4n_check", ForwardState.FAILED: "sp4n_failed"}


def claim(tx: Transaction, target: str, limit: int) -> list[ForwardJob]:
    """Due rows of a target, oldest first, each in the state it was found in; marked `sending` at once."""
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE OF f SKIP LOCKED"
    values = {
        "target": target,
        "limit": limit,
        "now": to_millis(tx.now),
        "files": to_millis(tx.now - WAIT_FOR_FILES),
        "training": tx.office.settings.training.enabled,
    }
    found = tx.all(constant(DUE.format(apart=apart(tx.dialect)) + lock), values)
    before = {row.id: row.state for row in found}
    if not before:
        return []
    forward = tables.forward
    mine = forward.c.id.in_(before)
    claimed = {"state": "sending", "lease_until": tx.now + LEASE, "fence": forward.c.fence + 1, "started_at": tx.now}
    tx.execute(forward.update().where(mine).values(**claimed))
    rows = tx.all(select(forward).where(mine).order_by(forward.c.due_at, forward.c.id))
    return [_job(tx, row, ForwardState(before[row.id])) for row in rows]


def _job(tx: Transaction, row: Any, state: ForwardState) -> ForwardJob:
    kind = ForwardKind(row.kind)
    report = report_of(tx, row.complaint_id, row.target)
    followup = referral = None
    if kind is ForwardKind.FOLLOWUP:
        ref = row.key.rpartition(":")[2]
        files = as_sent(tx, files_of(tx, row, report))
        followup = FollowUp(row.content_masked, ref, report.confidential, row.from_reporter, row.rating, files)
    if kind is ForwardKind.FORWARD:
        referral = Referral(row.institution_id, row.content_masked)
    return ForwardJob(
        row.id,
        row.fence,
        row.target,
        kind,
        state,
        report,
        row.attempts,
        row.unknown_cycles,
        row.searches_done,
        row.unknown_since,
        followup,
        referral,
    )


def settle(tx: Transaction, outcomes: Sequence[ForwardOutcome]) -> None:
    """Write what became of jobs; an outcome under an old fence changes nothing."""
    for outcome in outcomes:
        forward = tables.forward
        mine = (forward.c.id == outcome.id) & (forward.c.fence == outcome.fence)
        row = tx.one(select(forward).where(mine, forward.c.state == ForwardState.SENDING.value))
        if row is None:
            continue
        values: dict[str, Any] = {
            "state": outcome.state.value,
            "last_error": outcome.error[:300],
            "detail_masked": masked_text(outcome.detail)[:300],
            "due_at": outcome.next_at or tx.now,
            "attempts": outcome.attempt,
            "unknown_cycles": outcome.unknown_cycles,
            "searches_done": outcome.searches_done,
            "lease_until": None,
        }
        if outcome.written:
            values["sent_at"] = row.sent_at or tx.now
        if outcome.state is ForwardState.UNKNOWN:
            values["unknown_since"] = row.unknown_since or tx.now
        if outcome.state is ForwardState.SENT:
            values |= {"finished_at": tx.now, "unknown_since": None}
        tx.execute(forward.update().where(mine).values(**values))
        _consequences(tx, row, outcome)


def _consequences(tx: Transaction, row: Any, outcome: ForwardOutcome) -> None:
    if outcome.state is ForwardState.SENT and row.kind == ForwardKind.CREATE.value:
        _adopt_or_ask(tx, row, outcome.remote_id)
    kind = TASKS.get(outcome.state)
    if kind:
        tasks.add(tx, kind, str(row.id), row.marker, row.complaint_id)
    if outcome.duplicates:
        tasks.add(tx, "sp4n_duplicate", str(row.id), " ".join(outcome.duplicates), row.complaint_id)
    audit.record(tx, SYSTEM, f"forward_{outcome.state.value}", "forward", str(row.id), details={"kind": row.kind})


def _adopt_or_ask(tx: Transaction, row: Any, remote_id: str) -> None:
    """The other side gave a number that another complaint has: only a person can tell which is right."""
    try:
        adopt(tx, row.id, remote_id)
    except RemoteIdTaken as taken:
        forward = tables.forward
        values = {"state": ForwardState.MANUAL_CHECK.value, "last_error": f"number taken by {taken}"[:300]}
        tx.execute(forward.update().where(forward.c.id == row.id).values(**values))
        tasks.add(tx, TASKS[ForwardState.MANUAL_CHECK], str(row.id), f"{remote_id} = {taken}", row.complaint_id)


class RemoteIdTaken(ValueError):
    """Another complaint has this number of the system of record; the text names its ticket."""


def adopt(tx: Transaction, forward_id: int, remote_id: str, *, by_hand: bool = False) -> None:
    """This complaint is known over there by this number: show it, and look at it from now on.

    `by_hand`: a person typed it who works there by hand; nothing is read by it until it was verified.
    """
    forward = tables.forward
    row = tx.one(select(forward).where(forward.c.id == forward_id))
    if row is None:
        return
    if other := remote_ids.holder(tx, row, remote_id):
        raise RemoteIdTaken(other)
    values = {
        **remote_ids.columns(remote_id),
        "state": ForwardState.SENT.value,
        "finished_at": tx.now,
        "remote_changed_at": tx.now,
        "poll_due_at": None if by_hand else tx.now,
        "by_hand": by_hand,
    }
    tx.execute(forward.update().where(forward.c.id == forward_id).values(**values))
    if is_national(tx, row.target):
        cases.amend(tx, row.complaint_id, sp4n_id=remote_id)
    for kind in TASKS.values():
        tasks.settle(tx, kind, str(forward_id))
    tx.ring("forward", "poll")


def retry(tx: Transaction, forward_id: int) -> None:
    """A person says that it is not there: send it (again)."""
    forward = tables.forward
    stuck = forward.c.state.in_([ForwardState.MANUAL_CHECK.value, ForwardState.FAILED.value, ForwardState.MANUAL.value])
    values = {"state": ForwardState.RETRY.value, "due_at": tx.now, "searches_done": 0, "unknown_since": None}
    tx.execute(forward.update().where(forward.c.id == forward_id, stuck).values(**values))
    for kind in TASKS.values():
        tasks.settle(tx, kind, str(forward_id))
    tx.ring("forward")


def give_up(tx: Transaction, forward_id: int) -> None:
    forward = tables.forward
    values = {"state": ForwardState.FAILED.value, "finished_at": tx.now}
    tx.execute(forward.update().where(forward.c.id == forward_id).values(**values))


def sweep(tx: Transaction) -> int:
    """Rows whose sender died while the request was under way: what became of them has to be looked for."""
    forward = tables.forward
    dead = text(OPEN_FORWARDS) & (forward.c.state == ForwardState.SENDING.value) & (forward.c.lease_until < tx.now)
    values = {"state": ForwardState.UNKNOWN.value, "due_at": tx.now, "lease_until": None, "unknown_since": tx.now}
    return tx.execute(forward.update().where(dead).values(**values)).rowcount


def circuit(tx: Transaction, target: str) -> Circuit:
    table = tables.circuit
    row = tx.one(select(table.c.state).where(table.c.target == target))
    return msgspec.convert(row.state, Circuit) if row else Circuit()


def keep_circuit(tx: Transaction, target: str, state: Circuit) -> None:
    row = {"target": target, "state": msgspec.to_builtins(state), "updated_at": tx.now}
    tx.upsert(tables.circuit, [row], ("state", "updated_at"))


def claim_polls(tx: Transaction, target: str, limit: int, lateness: Lateness) -> list[PollJob]:
    """Filed reports that are due to be looked at, the latest by `lateness` first."""
    forward, complaint = tables.forward, tables.complaint
    free = forward.c.poll_lease_until.is_(None) | (forward.c.poll_lease_until < tx.now)
    due = (forward.c.target == target) & (forward.c.poll_due_at <= tx.now) & free
    if not tx.office.settings.training.enabled:
        # A number that was practised with is a stranger's over there.
        due &= complaint.c.training.is_(False)
    rows = tx.all(
        select(forward, complaint.c.status)
        .join(complaint, complaint.c.id == forward.c.complaint_id)
        .where(due, forward.c.remote_id.is_not(None))
        .order_by(forward.c.poll_due_at)
        .limit(MOST_WEIGHED)
        .with_for_update(skip_locked=True, of=forward)
    )
    jobs = sorted(map(_poll_job, rows), key=lambda job: lateness(job, tx.now), reverse=True)[:limit]
    if not jobs:
        return []
    mine = forward.c.id.in_([row.id for row in rows if row.complaint_id in {job.complaint_id for job in jobs}])
    tx.execute(forward.update().where(mine).values(poll_lease_until=tx.now + POLL_LEASE, fence=forward.c.fence + 1))
    known = _known_keys(tx, [job.complaint_id for job in jobs])
    return [replace(job, known_keys=known.get(job.complaint_id, frozenset())) for job in jobs]


def _poll_job(row: Any) -> PollJob:
    return PollJob(
        row.complaint_id,
        row.fence + 1,
        row.target,
        row.marker,
        remote_ids.shown(row),
        Status(row.status),
        row.remote_changed_at or row.created_at,
        row.poll_due_at,
        row.polled_at,
        misses=row.misses,
        missing_since=row.missing_since,
        failures=row.poll_failures,
    )


def _known_keys(tx: Transaction, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    sql = f"SELECT complaint_id, remote_key FROM remote_event WHERE complaint_id IN {id_in(tx.dialect)}"  # noqa: S608
    found: dict[int, set[str]] = {}
    for row in tx.all(constant(sql), {"ids": ids_json(ids)}):
        found.setdefault(row.complaint_id, set()).add(row.remote_key)
    return {identity: frozenset(keys) for identity, keys in found.items()}


def settle_poll(tx: Transaction, outcome: PollOutcome, target: str) -> None:
    """Write what a look at a remote report brought, and follow it where it is ahead of us."""
    forward = tables.forward
    mine = (
        (forward.c.complaint_id == outcome.complaint_id) & (forward.c.target == target) & (forward.c.kind == "create")
    )
    row = tx.one(select(forward).where(mine, forward.c.fence == outcome.fence))
    if row is None:
        return
    values: dict[str, Any] = {
        "poll_due_at": outcome.next_at,
        "poll_lease_until": None,
        "poll_failures": outcome.failures,
        "misses": outcome.misses,
        "missing_since": outcome.missing_since,
        "last_error": outcome.error[:300],
    }
    if row.by_hand and (outcome.state is not None or outcome.misses > row.misses):
        values |= _verified(tx, row, outcome.state)
        if values["by_hand"]:
            outcome = replace(outcome, state=None, remote_missing=False)
    if outcome.state is not None:
        values["polled_at"] = tx.now
        values |= _promised_number(tx, row, outcome.state.remote_id)
        values |= changed(tx, row, outcome.state)
        _note_missing(tx, row, is_missing=False)
    if outcome.remote_missing:
        _note_missing(tx, row, is_missing=True)
    tx.execute(forward.update().where(forward.c.id == row.id).values(**values))


def _promised_number(tx: Transaction, row: Any, remote_id: str) -> dict[str, Any]:
    """The number that they had promised for a report; nothing where it is the one that we know."""
    if remote_id == remote_ids.shown(row):
        return {}
    other = remote_ids.holder(tx, row, remote_id)
    if not other:
        return remote_ids.columns(remote_id)
    tasks.add(tx, TASKS[ForwardState.MANUAL_CHECK], str(row.id), f"{remote_id} = {other}", row.complaint_id)
    return {}


def _verified(tx: Transaction, row: Any, state: RemoteState | None) -> dict[str, Any]:
    """A number that was typed by hand is read for the first time: ours, or for a person to correct and nothing followed."""
    if state is not None and is_same(report_of(tx, row.complaint_id, row.target), state):
        return {"by_hand": False}
    tasks.add(tx, MISSING, plain(row.marker), f"{row.marker} / {remote_ids.shown(row)}", row.complaint_id)
    return {"by_hand": True, "poll_due_at": None, "misses": 0, "missing_since": None}


def _note_missing(tx: Transaction, row: Any, *, is_missing: bool) -> None:
    """A person looks for a report that they do not have any more; one that is there again needs nobody."""
    if is_missing:
        tasks.add(tx, MISSING, plain(row.marker), row.marker, row.complaint_id)
    else:
        tasks.settle(tx, MISSING, plain(row.marker))
    cases.mark(tx, row.complaint_id, "remote_missing", on=is_missing)
