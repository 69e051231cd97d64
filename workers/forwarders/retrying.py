"""When something that was not taken is tried again. Pure: `chance` in 0..1 is the jitter.

Source: docs/forwarders/sp4n.md § Back-off. Full jitter, so that a hundred jobs that failed together do not return
together. No number of attempts ends it: outages of days are survived.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from channels.protocols import HttpResponse
from workers.forwarders.protocols import Timing

LONGEST_WAIT = timedelta(hours=24)
READ_FIRST_S = 5.0
READ_MAX_S = 600.0
# 2 ** 40 seconds is beyond every limit; without a bound the power would grow with each attempt of a long outage.
LARGEST_POWER = 40


def send_again_at(
    now: datetime, attempt: int, timing: Timing, wait: timedelta | datetime | None, chance: float
) -> datetime:
    """Due time of a send that was certainly not taken; `attempt` counts the sends before it."""
    if wait is not None:
        return asked_for(wait, now)
    return now + _backed_off(timing.retry_first_s, timing.retry_max_s, attempt) * chance


def read_again_at(now: datetime, failures: int, wait: timedelta | datetime | None, chance: float) -> datetime:
    """Due time of a read that failed; `failures` counts the failures before it."""
    if wait is not None:
        return asked_for(wait, now)
    return now + _backed_off(READ_FIRST_S, READ_MAX_S, failures) * chance


def asked_for(wait: timedelta | datetime, now: datetime) -> datetime:
    """The moment that a Retry-After means, at most a day away."""
    moment = wait if isinstance(wait, datetime) else now + wait
    return min(max(moment, now), now + LONGEST_WAIT)


def wait_asked_by(response: HttpResponse) -> timedelta | datetime | None:
    """Retry-After: seconds or a date; None when it is absent or means nothing."""
    written = response.headers.get("retry-after", "").strip()
    if written.isdigit():
        return timedelta(seconds=min(int(written), 10**7))
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _backed_off(first_s: float, max_s: float, times: int) -> timedelta:
    return timedelta(seconds=min(first_s * 2 ** min(times, LARGEST_POWER), max_s))
