"""When a report is read again, and which of many first. Pure; the same for every system of record.

Source: docs/forwarders/sp4n.md § Polling.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from config.settings import Window
from gateway.complaints.complaint import CLOSED, Status
from gateway.complaints.forward import PollJob

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

AGES = (DAY, 7 * DAY, 30 * DAY, 90 * DAY)
# fmt: off
_FRESH    = (30 * MINUTE, 2 * HOUR, 12 * HOUR, DAY,      7 * DAY)
_AT_WORK  = (30 * MINUTE, 3 * HOUR, 12 * HOUR, DAY,      7 * DAY)
_ANSWERED = (2 * HOUR,    6 * HOUR, 12 * HOUR, DAY,      7 * DAY)
_ASKED    = (HOUR,        6 * HOUR, DAY,       DAY,      7 * DAY)
_CLOSED   = (DAY,         DAY,      7 * DAY,   30 * DAY, 30 * DAY)
# Age since the last change over there: < 24 h, 1-7 d, 8-30 d, 31-90 d, > 90 d.
INTERVALS: Mapping[Status, tuple[timedelta, ...]] = {
    Status.RECEIVED: _FRESH, Status.VERIFIED: _FRESH,
    Status.ASSIGNED: _AT_WORK, Status.IN_PROGRESS: _AT_WORK, Status.REPORTER_REPLIED: _AT_WORK, Status.REOPENED: _AT_WORK,
    Status.AWAITING_REPORTER: _ANSWERED,
    Status.INCOMPLETE: _ASKED,
    Status.RESOLVED: _CLOSED, Status.ARCHIVED: _CLOSED, Status.OUT_OF_AUTHORITY: _CLOSED,
}
# fmt: on
CLOSED_ARE_LEFT_AFTER = 180 * DAY
JITTER = 0.2


class Rhythm(Protocol):
    """What is set of it: one interval for everything (seconds; 0 = the table), and the hours of rest."""

    @property
    def poll_every_s(self) -> float: ...

    @property
    def poll_night(self) -> Window | None: ...


def interval(status: Status, age: timedelta, settings: Rhythm) -> timedelta | None:
    """How long until the next look; None: closed long enough to be left alone."""
    if status in CLOSED and age > CLOSED_ARE_LEFT_AFTER:
        return None
    if settings.poll_every_s:
        return timedelta(seconds=settings.poll_every_s)
    return INTERVALS[status][sum(age >= limit for limit in AGES)]


def next_poll(
    status: Status, changed_at: datetime, now: datetime, chance: float, settings: Rhythm, zone: ZoneInfo
) -> datetime | None:
    """`chance` in 0..1 spreads the interval by a fifth either way; what falls into the night waits for its end."""
    every = interval(status, now - changed_at, settings)
    if every is None:
        return None
    at = now + every * (1 - JITTER + 2 * JITTER * chance)
    return rests_until(status, at, settings, zone) or at


def rests_until(status: Status, at: datetime, settings: Rhythm, zone: ZoneInfo) -> datetime | None:
    """The end of the night window that `at` lies in, for reports that rest at night; else None."""
    night = settings.poll_night
    local = at.astimezone(zone)
    if night is None or settings.poll_every_s or status in CLOSED or not night.holds(local.time()):
        return None
    end = local.replace(hour=night.end.hour, minute=night.end.minute, second=0, microsecond=0)
    return (end if end > local else end + DAY).astimezone(at.tzinfo)


def lateness(job: PollJob, now: datetime, settings: Rhythm) -> float:
    """How late a poll is, in intervals of its own: a fresh report an hour late comes before an old one a day late."""
    every = interval(job.status, now - job.changed_at, settings) or CLOSED_ARE_LEFT_AFTER
    return (now - job.due_at) / every
