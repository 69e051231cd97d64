"""What happens while a clock runs: who is reminded of it, who above them hears of it, what it ends by itself.

Source: CASEWORK 5.2, 5.5, 5.6 and rows 20, 24, 25, 29 of the life cycle. Moments are counted in the days of the clock:
at eight in the morning for staff, at the hour at which the clock began for the reporter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gateway.complaints.calendar import add_working_days
from gateway.complaints.complaint import Action
from gateway.complaints.sla import Clock, Running, Unit, span_of

MORNING = time(8, 0)
REMINDER = "st.remind"


class When(StrEnum):
    HALF = "half"
    """The day on which half of the days, rounded up, have passed."""
    DUE = "due"
    """The last day."""
    LATE = "late"
    """`days` working days after the last day."""
    DAY = "day"
    """`days` days of the clock after its start, at the hour of its start."""
    OVER = "over"
    """The last day, at the hour of the start."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`tells` are keys of NOTICES; `ends` is what the system does when nobody else has. `asks`: the question that waits
    is put again, by the notice with which it was asked."""

    when: When
    days: int = 0
    tells: tuple[str, ...] = ()
    ends: tuple[Action, ...] = ()
    asks: bool = False


STILL_LATE = tuple(Moment(When.LATE, days, tells=("st.late",)) for days in range(10, 61, 5))
"""As long as the promise stays broken its reporter hears so every week, for a quarter of a year."""
# fmt: off
# The reporter hears of a promise that was not kept: only of clocks that they were told of.
AGENCY = (
    Moment(When.HALF,    tells=("pic.half",)),
    Moment(When.DUE,     tells=("pic.due", "dep.due")),
    Moment(When.LATE, 1, tells=("pic.overdue", "sup.overdue", "st.late")),
    Moment(When.LATE, 2, tells=("coo.overdue",)),
    Moment(When.LATE, 5, tells=("reg.overdue", "st.late")),
    *STILL_LATE,
)
TO_ACCEPT = (
    Moment(When.DUE,     tells=("pic.due", "dep.due")),
    Moment(When.LATE, 1, tells=("pic.overdue", "sup.overdue")),
    Moment(When.LATE, 2, tells=("coo.overdue",)),
)
TO_VERIFY = (
    Moment(When.DUE,     tells=("coo.due",)),
    Moment(When.LATE, 1, tells=("head.overdue", "st.late")),
    Moment(When.LATE, 5, tells=("reg.overdue", "st.late")),
    *STILL_LATE,
)
TO_ASSIGN = (
    Moment(When.DUE,     tells=("coo.due",)),
    Moment(When.LATE, 1, tells=("head.overdue",)),
    Moment(When.LATE, 5, tells=("reg.overdue",)),
)
MOMENTS: Mapping[Clock, tuple[Moment, ...]] = MappingProxyType({
    Clock.VERIFICATION:  TO_VERIFY,
    Clock.ASSIGNMENT:    TO_ASSIGN,
    Clock.ACCEPTANCE:    TO_ACCEPT,
    Clock.FOLLOW_UP:     AGENCY,
    Clock.RESOLUTION:    AGENCY,
    Clock.SECOND_ANSWER: AGENCY,
    Clock.AUTO_CLOSE:    (Moment(When.DAY, 7, tells=(REMINDER,)), Moment(When.OVER, ends=(Action.CLOSE_AUTOMATICALLY,))),
    Clock.COMPLETION:    (Moment(When.DAY, 3, asks=True), Moment(When.DAY, 7, asks=True),
                          Moment(When.OVER, ends=(Action.ARCHIVE_INCOMPLETE, Action.CONTINUE_INCOMPLETE))),
    Clock.HELD_AGE:      (Moment(When.OVER, ends=(Action.RELEASE,)),),
})
# fmt: on


def reached(running: Running, now: datetime) -> int:
    """How many moments of this clock have come by `now`. 0 while it stands still."""
    every = () if running.is_paused else MOMENTS[running.rule.clock]
    return sum(moment_at(running, moment, now) <= now for moment in every)


def following(running: Running, number: int, now: datetime) -> datetime | None:
    """When the moment after the first `number` comes; None for a clock that stopped, stands still or has no more."""
    if running.stopped_at is not None or running.is_paused:
        return None
    every = MOMENTS[running.rule.clock]
    return moment_at(running, every[number], now) if number < len(every) else None


def moment_at(running: Running, moment: Moment, now: datetime) -> datetime:
    """In UTC, as it is known at `now`."""
    day = _day(running, moment, now)
    hour = running.calendar.local(running.started_at).time() if moment.when in {When.DAY, When.OVER} else MORNING
    return datetime.combine(day, hour, ZoneInfo(running.calendar.zone)).astimezone(UTC)


def _day(running: Running, moment: Moment, now: datetime) -> date:
    if moment.when is When.LATE:
        return add_working_days(span_of(running, now).due_on, moment.days, running.calendar)
    days = {When.HALF: -(-running.rule.n // 2), When.DAY: moment.days}.get(moment.when, running.rule.n)
    if running.rule.unit is Unit.CALENDAR_DAYS:
        return running.calendar.today(running.started_at) + timedelta(days=days)
    return span_of(replace(running, rule=replace(running.rule, n=days)), now).due_on
