"""What happens to a job whose outcome is unknown: look before it is ever sent again. Pure.

Source: docs/forwarders/sp4n.md § Unknown outcome.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.complaints.forward import ForwardJob, ForwardKind, ForwardOutcome, ForwardState
from workers.forwarders.protocols import Timing

# The other side may show a new report late: one empty search proves nothing, two far apart are believed.
SEARCHES_TO_BELIEVE = 2
CYCLES_AT_MOST = 3


class Step(StrEnum):
    SEARCH = "search"
    ASK_A_PERSON = "ask_a_person"


def next_step(job: ForwardJob, can_search: bool) -> Step:
    """Reports are searched for where the target grants a search; the rest is always visible in the report itself."""
    return Step.SEARCH if can_search or job.kind is not ForwardKind.CREATE else Step.ASK_A_PERSON


def unchanged(job: ForwardJob) -> ForwardOutcome:
    """The outcome that leaves everything as it was claimed, to be changed with `replace`."""
    return ForwardOutcome(
        job.id,
        job.fence,
        job.state,
        attempt=job.attempt,
        unknown_cycles=job.unknown_cycles,
        searches_done=job.searches_done,
    )


def for_a_person(job: ForwardJob) -> ForwardOutcome:
    return replace(unchanged(job), state=ForwardState.MANUAL_CHECK, error="search_unavailable")


def after_search(job: ForwardJob, found: Sequence[str], now: datetime, timing: Timing) -> ForwardOutcome:
    """What the ids that a working search found mean for the job.

    Found: sent, with the lowest id; the others are `duplicates`. Not found: searched once more later, then sent again
    at most three times, then for a person.
    """
    same = unchanged(job)
    if found:
        first, *others = sorted(set(found), key=_by_number)
        return replace(same, state=ForwardState.SENT, remote_id=first, duplicates=tuple(others))
    searches = job.searches_done + 1
    if searches < SEARCHES_TO_BELIEVE:
        again_at = now + timedelta(seconds=timing.search_again_s)
        return replace(same, state=ForwardState.UNKNOWN, searches_done=searches, next_at=again_at)
    if job.unknown_cycles >= CYCLES_AT_MOST:
        return replace(same, state=ForwardState.MANUAL_CHECK, searches_done=searches, error="unknown_too_often")
    return replace(same, state=ForwardState.RETRY, searches_done=0, unknown_cycles=job.unknown_cycles + 1, next_at=now)


def _by_number(remote_id: str) -> tuple[int, str]:
    # Ids are numbers of growing length: "999" is older than "1000", which text order would hide.
    return len(remote_id), remote_id
