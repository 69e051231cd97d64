"""Who was left in silence, who waited longest, what was lost: the books of a month compared with the standards.

A reporter waits while a clock of theirs runs (verification, follow-up, resolution, second answer): from its start, or the
last word that they got, to the next one. Nobody can make an agency answer; what the gateway owes is that a missed deadline
never passes unnoticed. So a reporter is *left in silence* when

- a moment of the ladder came and nobody was told of it within two working days (`ladder`),
- a deadline has passed and the tracking page does not say so (`page`),
- a deadline that was promised to them has passed, and on the working day after they heard nothing (`late`),
- they heard nothing for longer than the standard and that one working day (`standard`),
- the incident that they reported was answered, and they were not (`incident`),
- what they waited for happened and they were not told within two working days (`news`),
- a message of theirs got neither an answer nor a reason for none (`answer`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from gateway.complaints.calendar import Calendar, working_days_between
from gateway.complaints.complaint import Status
from gateway.complaints.moments import MOMENTS, STILL_LATE, Moment, moment_at
from gateway.complaints.sla import Clock, Running, is_overdue, span_of
from gateway.trials.month import Books, Life, Line
from workers.month.losses import Expected, losses

OWED = (Clock.VERIFICATION, Clock.FOLLOW_UP, Clock.RESOLUTION, Clock.SECOND_ANSWER)
"""During these the office owes the reporter a word; in the others the reporter is waited for, or the house waits for itself."""
GRACE_DAYS = 2
"""Working days: quiet hours and the next summary, which may have to be handed on to those above."""
BROKEN = "st.late"
ANSWERS = frozenset({"st.answer", "answer"})
"""The word that brings an answer, and what the tracking page calls it."""
FROM_LAPOR = frozenset({"st.upstream", "follow_sp4n"})
AFTER_ANSWER = frozenset({Status.AWAITING_REPORTER.value, Status.RESOLVED.value})
OVER = frozenset({"SUPERSEDED", "SAME_PERSON"})
"""The matter was over, or the same person knew it already."""
FEW_MINUTES = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody heard nothing, in working days; `standard`: of the clock that ran. `after`, `before`: keys of the
    words around it, empty where there was none yet."""

    number: str
    clock: Clock
    days: int
    standard: int
    since: datetime
    until: datetime
    after: str
    before: str

    @property
    def beyond(self) -> int:
        """Days without the word that is owed on the working day after the standard is over."""
        return self.days - self.standard - 1


@dataclass(frozen=True, slots=True)
class Silence:
    """`why`: ladder, page, late, standard, incident, news or answer."""

    number: str
    why: str
    detail: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A clock over all complaints: stopped in time, stopped late, late and still running, running in time."""

    in_time: int = 0
    late: int = 0
    overdue: int = 0
    running: int = 0

    @property
    def share(self) -> float | None:
        """Of those that are decided."""
        decided = self.in_time + self.late + self.overdue
        return self.in_time / decided if decided else None


@dataclass(frozen=True, slots=True)
class Way:
    """What became of those who reported by one channel: how many, the deadlines owed to them, their longest wait in days."""

    reports: int
    kept: Kept
    longest: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """An incident: its parent, how many follow it at the end, how many reporters of both were answered."""

    number: str
    children: int
    answered: int


@dataclass(frozen=True, slots=True)
class Verdict:
    waits: tuple[Wait, ...]
    """The longest first."""
    silences: tuple[Silence, ...]
    escalations: Mapping[str, int]
    """Rung -> how often somebody there was told of a deadline."""
    clocks: Mapping[str, Kept]
    channels: Mapping[str, Way]
    incidents: tuple[Crowd, ...]
    lost: tuple[str, ...]
    disturbed: tuple[str, ...] = ()
    """Staff who were told of a deadline on a day off, though there was no danger."""

    @property
    def beyond(self) -> int:
        """Complaints whose reporter waited longer than the standard for a word."""
        return len({wait.number for wait in self.waits if wait.beyond > 0})


def judge(books: Books, end: datetime, expected: Expected) -> Verdict:
    waits = [wait for life in books.lives for wait in _waits(life, end)]
    silences = [silence for life in books.lives for silence in _silences(life, end)]
    silences += _beyond(books.lives, waits)
    silences += _unanswered(books.lives, end)
    silences += [Silence("", "answer", one) for one in books.unanswered]
    return Verdict(
        waits=tuple(sorted(waits, key=lambda wait: (-wait.beyond, -wait.days, wait.number))),
        silences=tuple(silences),
        escalations=_escalations(books.lives),
        clocks=_clocks(books.lives, end),
        channels=_channels(books.lives, waits, end),
        incidents=tuple(_crowds(books.lives)),
        lost=tuple(losses(books, end, expected)),
        disturbed=tuple(_disturbed(books.lives)),
    )


def _waits(life: Life, end: datetime) -> Iterator[Wait]:
    for running in life.clocks:
        if running.rule.clock not in OWED:
            continue
        over = running.stopped_at or end
        marks = [(running.started_at, _last_word(life, running.started_at))]
        for word in life.words:
            if word.at > running.started_at and marks[-1][0] < over:
                marks.append((word.at, word.key))
        if marks[-1][0] < over:
            marks.append((end, ""))
        for (since, after), (until, before) in pairwise(marks):
            days = _days(since, until, running)
            yield Wait(life.number, running.rule.clock, days, running.rule.n, since, until, after, before)


def _last_word(life: Life, at: datetime) -> str:
    return next((word.key for word in reversed(life.words) if word.at <= at), "")


def _days(since: datetime, until: datetime, running: Running) -> int:
    calendar = running.calendar
    return working_days_between(calendar.today(since), calendar.today(until), calendar, running.pauses)


def _plain_days(since: datetime, until: datetime, calendar: Calendar) -> int:
    return working_days_between(calendar.today(since), calendar.today(until), calendar)


def _silences(life: Life, end: datetime) -> Iterator[Silence]:
    for running in life.clocks:
        for moment in MOMENTS[running.rule.clock]:
            if _is_for_staff(running, moment) and _is_missed(life, running, moment, end):
                yield Silence(
                    life.number, "ladder", f"{running.rule.clock}, {moment.when} {moment.days or ''}".rstrip()
                )
            if BROKEN in moment.tells and moment.days == 1 and _is_kept_from(life, running, moment, end):
                yield Silence(life.number, "late", f"{running.rule.clock}, {moment_at(running, moment, end):%d %b}")
        if running.rule.clock not in OWED:
            continue
        stopped = running.stopped_at
        if stopped is None and is_overdue(running, end) and not running.is_paused and not life.shows_late:
            yield Silence(life.number, "page", running.rule.clock.value)
        if stopped is not None and _is_unheard(life, stopped, end, running.calendar):
            yield Silence(life.number, "news", f"{running.rule.clock}, {stopped:%d %b %H:%M}")


def _is_kept_from(life: Life, running: Running, moment: Moment, end: datetime) -> bool:
    """Whether a promised day passed and the reporter heard nothing on the working day after.

    Whoever cannot be written to reads it on the tracking page, which is looked at by itself.
    """
    calendar, came = running.calendar, moment_at(running, moment, end)
    day = calendar.today(came)
    over = min(running.stopped_at or end, end)
    if not life.is_reached or running.is_paused or calendar.today(over) <= day:
        return False
    due = span_of(running, end).due_on
    return not any(due < calendar.today(word.at) <= day for word in life.words)


def _beyond(lives: Iterable[Life], waits: Iterable[Wait]) -> Iterator[Silence]:
    """Of those who can be written to; the others read on the tracking page that the day has passed."""
    reached = {life.number for life in lives if life.is_reached}
    for wait in waits:
        if wait.beyond > 0 and wait.number in reached:
            yield Silence(wait.number, "standard", f"{wait.clock}, {wait.days} working days of {wait.standard}")


def _unanswered(lives: Sequence[Life], end: datetime) -> Iterator[Silence]:
    """Reporters of an incident who did not hear what its parent was answered."""
    parents = {life.number: life for life in lives}
    for life in lives:
        parent = parents.get(life.parent)
        if parent is None or parent.answered_at is None or life.status == Status.ARCHIVED.value:
            continue
        calendar = life.clocks[0].calendar
        is_told = _is_answered(life)
        if not is_told and _plain_days(parent.answered_at, end, calendar) > GRACE_DAYS:
            yield Silence(life.number, "incident", f"{life.parent}, {parent.answered_at:%d %b %H:%M}")


def _is_answered(life: Life) -> bool:
    """By the office, or by LAPOR!: that is told by a text of its own, and on the page under the name of the action."""
    keys = {word.key for word in life.words}
    return bool(keys & ANSWERS or (life.status in AFTER_ANSWER and keys & FROM_LAPOR))


def _crowds(lives: Sequence[Life]) -> Iterator[Crowd]:
    for parent in lives:
        children = [life for life in lives if life.parent == parent.number]
        if children:
            yield Crowd(parent.number, len(children), sum(map(_is_answered, (parent, *children))))


def _disturbed(lives: Iterable[Life]) -> Iterator[str]:
    for life in lives:
        for line in life.lines:
            if not line.clock or life.is_urgent or line.left_at is None:
                continue
            calendar = next(one.calendar for one in life.clocks if one.rule.clock.value == line.clock)
            if not calendar.is_working(calendar.today(line.left_at)):
                yield f"{life.number}: {line.key} on a day off, {line.left_at:%d %b}"


def _is_for_staff(running: Running, moment: Moment) -> bool:
    """What tells the reporter alone is judged by what they heard (`standard`)."""
    return bool(moment.tells) and moment not in STILL_LATE and running.rule.clock is not Clock.AUTO_CLOSE


def _is_missed(life: Life, running: Running, moment: Moment, end: datetime) -> bool:
    """Whether a moment came, there was time to tell of it, the matter went on, and nobody was told."""
    came = moment_at(running, moment, end)
    # A clock that goes on after "not done" catches up with its moments then.
    again = [one.started_at for one in life.clocks if one.rule.clock is Clock.SECOND_ANSWER and one.started_at > came]
    latest = max([came, *again])
    over = min(running.stopped_at or end, end)
    if life.followed is not None and life.followed[0] > came:
        over = min(over, life.followed[0])
    # Of an incident the team has one task: it is told of the parent.
    if life.follows(came):
        return False
    if running.is_paused or _plain_days(latest, over, running.calendar) <= GRACE_DAYS:
        return False
    rungs = MOMENTS[running.rule.clock]
    keys = {key for later in rungs[rungs.index(moment) :] for key in later.tells}
    return not any(_tells(line, running, keys, came, latest) for line in life.lines)


def _tells(line: Line, running: Running, keys: set[str], came: datetime, latest: datetime) -> bool:
    is_ours = line.clock == running.rule.clock.value and line.key in keys
    is_then = line.at >= came and _plain_days(latest, line.at, running.calendar) <= GRACE_DAYS
    return is_ours and is_then and (line.is_told or line.skip in OVER)


def _is_unheard(life: Life, stopped: datetime, end: datetime, calendar: Calendar) -> bool:
    heard = next((word.at for word in life.words if word.at >= stopped - FEW_MINUTES), None)
    return _plain_days(stopped, heard or end, calendar) > GRACE_DAYS


def _escalations(lives: Iterable[Life]) -> Mapping[str, int]:
    told = (line.rung.value for life in lives for line in life.lines if line.clock and line.is_told)
    return dict(Counter(told).most_common())


def _clocks(lives: Sequence[Life], end: datetime) -> Mapping[str, Kept]:
    every = [running for life in lives for running in life.clocks]
    of_each = {name: [one for one in every if one.rule.clock is name] for name in Clock}
    return {name.value: _kept(some, end) for name, some in of_each.items() if some}


def _kept(every: Iterable[Running], end: datetime) -> Kept:
    found: Counter[str] = Counter()
    for running in every:
        fates = ("late", "in_time") if running.stopped_at else ("overdue", "running")
        found[fates[not is_overdue(running, end)]] += 1
    return Kept(**found)


def _channels(lives: Sequence[Life], waits: Sequence[Wait], end: datetime) -> Mapping[str, Way]:
    found = {}
    for channel in dict.fromkeys(life.channel for life in lives):
        mine = [life for life in lives if life.channel == channel]
        numbers = {life.number for life in mine}
        owed = [one for life in mine for one in life.clocks if one.rule.clock in OWED]
        longest = max((wait.days for wait in waits if wait.number in numbers), default=0)
        found[channel] = Way(len(mine), _kept(owed, end), longest)
    return found
