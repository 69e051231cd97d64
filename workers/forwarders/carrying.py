"""Carry out one claimed job or poll and say what became of it: the only place where errors become states.

Called by the jobs `forward` and `poll` between claim and settle, outside any transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from channels.protocols import Http
from gateway.complaints.forward import (
    Filed,
    ForwardJob,
    ForwardKind,
    ForwardOutcome,
    ForwardState,
    Health,
    PollJob,
    PollOutcome,
    RemoteState,
)
from workers.forwarders import unknown
from workers.forwarders.protocols import Forwarder, ForwardError, NotTaken, SwitchedOff
from workers.forwarders.retrying import read_again_at, send_again_at

Clock = Callable[[], datetime]
Chance = Callable[[], float]
"""A number in 0..1, `random.random` outside tests."""

SWITCHED_OFF_FOR = timedelta(hours=6)
MISSES_TO_REPORT = 3
MISSING_FOR = timedelta(hours=24)


async def carry(forwarder: Forwarder, job: ForwardJob, http: Http, clock: Clock, chance: Chance) -> ForwardOutcome:
    """Send the job, or look for it where its outcome is unknown. Errors of ours (bugs) are raised: the row then
    stays `sending` and becomes unknown when its lease ends."""
    if job.state is ForwardState.UNKNOWN:
        return await _look_for(forwarder, job, http, clock)
    ways = {
        ForwardKind.CREATE: forwarder.file,
        ForwardKind.FORWARD: forwarder.forward,
        ForwardKind.FOLLOWUP: forwarder.add_followup,
    }
    try:
        filed = await ways[job.kind](job, http)
    except ForwardError as problem:
        return _after_error(forwarder, job, problem, clock(), chance())
    return _sent(job, filed)


async def look(forwarder: Forwarder, job: PollJob, http: Http, clock: Clock, chance: Chance) -> PollOutcome:
    """Read one remote report and say when to read it again."""
    rest = forwarder.rests_until(job.status, clock())
    if rest is not None:
        return replace(_same(job), next_at=rest)
    try:
        state = await forwarder.poll(job, http, clock())
    except ForwardError as problem:
        again_at = _read_again_at(job, problem, clock(), chance())
        return replace(
            _same(job), next_at=again_at, error=problem.code, failures=job.failures + 1, health=problem.health
        )
    return (
        _missed(forwarder, job, clock(), chance()) if state is None else _seen(forwarder, job, state, clock(), chance())
    )


async def probe(forwarder: Forwarder, http: Http) -> Health:
    """What the other side says to a harmless read; feed it to `circuit.after`."""
    try:
        await forwarder.probe(http)
    except ForwardError as problem:
        return problem.health
    return Health.GOOD


def put_back(job: ForwardJob, due_at: datetime) -> ForwardOutcome:
    """The outcome of a job that was claimed and not begun: as it was, due at `due_at`."""
    return replace(unknown.unchanged(job), next_at=due_at)


def interrupted(job: ForwardJob, forwarder: Forwarder, now: datetime) -> ForwardOutcome:
    """The outcome of a job whose carrying was cut off: what had left by then is not known."""
    return replace(
        unknown.unchanged(job),
        state=ForwardState.UNKNOWN,
        error="interrupted",
        attempt=job.attempt + (job.state is not ForwardState.UNKNOWN),
        next_at=now + timedelta(seconds=forwarder.timing.search_after_s),
        written=job.state is not ForwardState.UNKNOWN,
    )


def put_poll_back(job: PollJob, due_at: datetime) -> PollOutcome:
    """The outcome of a poll that was not begun or not finished: as it was, due at `due_at`."""
    return replace(_same(job), next_at=due_at)


def _sent(job: ForwardJob, filed: Filed) -> ForwardOutcome:
    return replace(
        unknown.unchanged(job),
        state=ForwardState.SENT,
        remote_id=filed.remote_id,
        attempt=job.attempt + 1,
        written=True,
        attachments_missing=filed.attachments_missing,
        warnings=filed.warnings,
        duplicates=filed.duplicates,
        health=Health.GOOD,
    )


def _after_error(
    forwarder: Forwarder, job: ForwardJob, problem: ForwardError, now: datetime, chance: float
) -> ForwardOutcome:
    return replace(
        unknown.unchanged(job),
        state=problem.state,
        error=problem.code,
        detail=problem.detail,
        attempt=job.attempt + problem.counts,
        searches_done=0,
        written=problem.written,
        health=problem.health,
        next_at=_next_at(forwarder, job, problem, now, chance),
    )


def _next_at(
    forwarder: Forwarder, job: ForwardJob, problem: ForwardError, now: datetime, chance: float
) -> datetime | None:
    if problem.state is ForwardState.UNKNOWN:
        return now + timedelta(seconds=forwarder.timing.search_after_s)
    if problem.state is not ForwardState.RETRY:
        return None
    if isinstance(problem, NotTaken):
        return send_again_at(now, job.attempt, forwarder.timing, problem.wait, chance)
    # Locked out: due at once, the open circuit holds it back until a probe passes.
    return now + SWITCHED_OFF_FOR if isinstance(problem, SwitchedOff) else now


async def _look_for(forwarder: Forwarder, job: ForwardJob, http: Http, clock: Clock) -> ForwardOutcome:
    if unknown.next_step(job, forwarder.can_search) is unknown.Step.ASK_A_PERSON:
        return unknown.for_a_person(job)
    try:
        found = await forwarder.search(job, http)
    except ForwardError as problem:
        # No count of failed searches is kept: the circuit is what slows them down.
        again_at = clock() + timedelta(seconds=forwarder.timing.search_after_s)
        return replace(
            unknown.unchanged(job), error=problem.code, detail=problem.detail, next_at=again_at, health=problem.health
        )
    return replace(unknown.after_search(job, found, clock(), forwarder.timing), health=Health.GOOD)


def _same(job: PollJob) -> PollOutcome:
    return PollOutcome(
        job.complaint_id, job.fence, None, misses=job.misses, missing_since=job.missing_since, failures=job.failures
    )


def _read_again_at(job: PollJob, problem: ForwardError, now: datetime, chance: float) -> datetime:
    if problem.health is Health.SILENT:
        return now + SWITCHED_OFF_FOR
    wait = problem.wait if isinstance(problem, NotTaken) else None
    return read_again_at(now, job.failures, wait, chance)


def _missed(forwarder: Forwarder, job: PollJob, now: datetime, chance: float) -> PollOutcome:
    misses, since = job.misses + 1, job.missing_since or now
    return PollOutcome(
        job.complaint_id,
        job.fence,
        forwarder.next_poll(job.status, job.changed_at, now, chance),
        error="remote_not_found",
        misses=misses,
        missing_since=since,
        remote_missing=misses >= MISSES_TO_REPORT and now - since >= MISSING_FOR,
        health=Health.GOOD,
    )


def _seen(forwarder: Forwarder, job: PollJob, state: RemoteState, now: datetime, chance: float) -> PollOutcome:
    moments = [event.at for event in state.events if event.at <= now]
    changed_at = max([job.changed_at, *moments])
    status = state.status or job.status
    next_at = forwarder.next_poll(status, changed_at, now, chance)
    return PollOutcome(job.complaint_id, job.fence, next_at, state, health=Health.GOOD)
