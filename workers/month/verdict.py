"""Who was left in silence, who waited longest, what was lost: the books of a month compared with the standards.

A reporter waits while a clock of theirs runs (verification, follow-up, resolution, second answer): from its start, or the
last word that they got, to the next one. Nobody can make an agency answer; what the gateway owes is that a missed deadline
never passes unnoticed. So a reporter is *left in silence* when

- a moment of the ladder came and nobody was told of it within two working days (`ladder`),
- a deadline has passed and the tracking page does not say so (`page`),
- what they waited for happened and they were not told within two working days (`news`),
- a message of theirs got neither an answer nor a reason for none (`answer`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from gateway.complaints.calendar import Calendar, working_days_between
from gateway.complaints.moments import MOMENTS, Moment, moment_at
from gateway.complaints.sla import Clock, Running, is_overdue
from gateway.trials.month import Books, Life, Line

OWED = (Clock.VERIFICATION, Clock.FOLLOW_UP, Clock.RESOLUTION, Clock.SECOND_ANSWER)
"""During these the office owes the reporter a word; in the others the reporter is waited for, or the house waits for itself."""
GRACE_DAYS = 2
"""Working days: quiet hours and the next summary, which may have to be handed on to those above."""
OVER = frozenset({"SUPERSEDED", "SAME_PERSON"})
"""The matter was over, or the same person knew it already."""
FEW_MINUTES = timedelta(minutes=5)
EXPECTED = frozenset({"blocked", "opt_out", "superseded"})
"""Why a message may have failed: its receiver wants none, or something newer took its place."""
LATE_AFTER = timedelta(hours=2)
SETTLED = frozenset({"sent", "done", "superseded"})
FILED_WITHIN = timedelta(days=1)


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
    """`why`: ladder, page, news or answer."""

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
class Verdict:
    waits: tuple[Wait, ...]
    """The longest first."""
    silences: tuple[Silence, ...]
    escalations: Mapping[str, int]
    """Rung -> how often somebody there was told of a deadline."""
    clocks: Mapping[str, Kept]
    lost: tuple[str, ...]

    @property
    def beyond(self) -> int:
        """Complaints whose reporter waited longer than the standard for a word."""
        return len({wait.number for wait in self.waits if wait.beyond > 0})


def judge(books: Books, end: datetime, marks: Iterable[str], board: Sequence[str]) -> Verdict:
    """`marks`: words that must be in a complaint. `board`: our numbers at LAPOR!, as often as they are there."""
    waits = [wait for life in books.lives for wait in _waits(life, end)]
    silences = [silence for life in books.lives for silence in _silences(life, end)]
    silences += [Silence("", "answer", one) for one in books.unanswered]
    return Verdict(
        waits=tuple(sorted(waits, key=lambda wait: (-wait.beyond, -wait.days, wait.number))),
        silences=tuple(silences),
        escalations=_escalations(books.lives),
        clocks=_clocks(books.lives, end),
        lost=tuple(_lost(books, end, marks, board)),
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
            if moment.tells and running.rule.clock is not Clock.AUTO_CLOSE and _is_missed(life, running, moment, end):
                yield Silence(life.number, "ladder", f"{running.rule.clock}, {moment.when} {moment.days}".strip(" 0"))
        if running.rule.clock not in OWED:
            continue
        stopped = running.stopped_at
        if stopped is None and is_overdue(running, end) and not running.is_paused and not life.shows_late:
            yield Silence(life.number, "page", running.rule.clock.value)
        if stopped is not None and _is_unheard(life, stopped, end, running.calendar):
            yield Silence(life.number, "news", f"{running.rule.clock}, {stopped:%d %b %H:%M}")


def _is_missed(life: Life, running: Running, moment: Moment, end: datetime) -> bool:
    """Whether a moment came, there was time to tell of it, the matter went on, and nobody was told."""
    came = moment_at(running, moment, end)
    # A clock that goes on after "not done" catches up with its moments then.
    again = [one.started_at for one in life.clocks if one.rule.clock is Clock.SECOND_ANSWER and one.started_at > came]
    latest = max([came, *again])
    over = min(running.stopped_at or end, end)
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


def _clocks(lives: Iterable[Life], end: datetime) -> Mapping[str, Kept]:
    found: dict[str, Counter[str]] = {}
    for life in lives:
        for running in life.clocks:
            late = is_overdue(running, end)
            fates = ("late", "in_time") if running.stopped_at else ("overdue", "running")
            found.setdefault(running.rule.clock.value, Counter())[fates[not late]] += 1
    return {name.value: Kept(**found[name.value]) for name in Clock if name.value in found}


def _lost(books: Books, end: datetime, marks: Iterable[str], board: Sequence[str]) -> Iterator[str]:
    texts = [life.text for life in books.lives]
    for mark in marks:
        if not any(mark in text for text in texts):
            yield f"no complaint says {mark}"
    for one in books.undone:
        if one.state in {"queued", "sending", "working"}:
            if one.due_at < end - LATE_AFTER:
                yield f"{one.what} {one.number} still {one.state}"
        elif one.reason not in EXPECTED:
            yield f"{one.what} {one.number} {one.state}: {one.reason}"
    for forward in books.forwards:
        if forward.state not in SETTLED and forward.created_at < end - FILED_WITHIN:
            yield f"{forward.kind} of {forward.number} to LAPOR! still {forward.state}"
    yield from (f"{number} is {many} times at LAPOR!" for number, many in Counter(board).items() if many > 1)
    filed = {forward.number for forward in books.forwards if forward.kind == "create" and forward.state == "sent"}
    yield from (f"{number} is not at LAPOR!" for number in sorted(filed - set(board)))
    if books.quarantined:
        yield f"{books.quarantined} calls were put aside"
