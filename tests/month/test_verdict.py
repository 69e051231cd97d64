"""The verdict of a month by its table: who waited, who was left in silence, what was lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.complaints.calendar import Calendar
from gateway.complaints.complaint import Kind
from gateway.complaints.notices import Audience
from gateway.complaints.sla import Clock, Running, rule_for
from gateway.trials.month import Books, Forward, Life, Line, Sending, Word
from workers.month.verdict import Silence, judge

MONDAY = datetime(2026, 12, 7, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
END = MONDAY + 11 * DAY
"""The Friday of the week after: nine working days later."""
ZONE = Calendar.of((), "Asia/Jakarta", "62.01")
NUMBER = "ADU-260000013"
FOLLOW_UP = Running(rule_for(Clock.FOLLOW_UP, Kind.PENGADUAN), MONDAY, ZONE)
"""Half on Thursday 10, due on Monday 14, late on 15 and 16; of the last one there is still time to tell."""
TOLD = tuple(
    Line(MONDAY + days * DAY + timedelta(hours=1), key, rung, "", "sent", "follow_up")
    for days, key, rung in (
        (3, "pic.half", Audience.TEAM),
        (7, "pic.due", Audience.TEAM),
        (7, "dep.due", Audience.DEPUTY),
        (8, "pic.overdue", Audience.TEAM),
        (9, "sup.overdue", Audience.HEAD),
        (10, "coo.overdue", Audience.COORDINATOR),
    )
)
WAITS = Life(
    NUMBER,
    "tg",
    "Lampu jalan mati di gang Kala",
    "assigned",
    clocks=(FOLLOW_UP,),
    words=(Word(MONDAY, "st.assigned"),),
    lines=TOLD,
    shows_late=True,
)
"""An office that never answers; all above were told."""
BOOKS = Books((WAITS,), {}, {}, (), (), {}, (), 0)
ANSWERED_AT = MONDAY + 2 * DAY
ANSWERED = replace(
    WAITS,
    clocks=(replace(FOLLOW_UP, stopped_at=ANSWERED_AT),),
    words=(*WAITS.words, Word(ANSWERED_AT + timedelta(minutes=10), "st.answer")),
    lines=(),
    shows_late=False,
)
Change = Callable[[Life], Life]


def without(*keys: str) -> Change:
    return lambda life: replace(life, lines=tuple(line for line in life.lines if line.key not in keys))


# fmt: off
SILENCES: tuple[tuple[str, Life, list[str]], ...] = (
    ("all above were told",             WAITS,                                                    []),
    ("answered at once",                ANSWERED,                                                 []),
    ("half of the time passed unseen",  without("pic.half", "pic.due", "dep.due")(WAITS), ["ladder"]),
    ("the due day passed unseen, and the day after", without("pic.due", "dep.due", "pic.overdue")(WAITS), []),
    ("due and late passed unseen",      without("pic.due", "dep.due", "pic.overdue", "sup.overdue")(WAITS), ["ladder"]),
    ("nobody was told",                 replace(WAITS, lines=()),                                 ["ladder"] * 3),
    ("told, but it did not leave",      replace(WAITS, lines=tuple(replace(one, state="failed") for one in TOLD)), ["ladder"] * 3),
    ("told about another clock",        replace(WAITS, lines=tuple(replace(one, clock="resolution") for one in TOLD)), ["ladder"] * 3),
    ("the page keeps quiet",            replace(WAITS, shows_late=False),                         ["page"]),
    ("answered, the reporter not told", replace(ANSWERED, words=WAITS.words),                     ["news"]),
)
# fmt: on


@pytest.mark.parametrize(("life", "whys"), [row[1:] for row in SILENCES], ids=[row[0] for row in SILENCES])
def test_who_is_left_in_silence(life: Life, whys: list[str]) -> None:
    verdict = judge(replace(BOOKS, lives=(life,)), END, (), ())
    assert [one.why for one in verdict.silences] == whys


def test_the_longest_wait_is_named_with_its_standard() -> None:
    verdict = judge(replace(BOOKS, lives=(replace(ANSWERED, number="ADU-260000021"), WAITS)), END, (), ())
    longest = verdict.waits[0]
    assert (longest.number, longest.days, longest.standard, longest.beyond) == (NUMBER, 9, 5, 3)
    assert (longest.after, longest.before) == ("st.assigned", "")
    assert verdict.beyond == 1


def test_a_word_in_between_ends_a_wait() -> None:
    heard = replace(WAITS, words=(*WAITS.words, Word(MONDAY + 4 * DAY, "st.note")))
    verdict = judge(replace(BOOKS, lives=(heard,)), END, (), ())
    assert sorted(wait.days for wait in verdict.waits) == [4, 5]
    assert verdict.beyond == 0


def test_escalations_are_counted_by_rung_and_clocks_by_fate() -> None:
    verdict = judge(replace(BOOKS, lives=(WAITS, ANSWERED)), END, (), ())
    assert verdict.escalations == {"team": 3, "deputy": 1, "head": 1, "coordinator": 1}
    kept = verdict.clocks["follow_up"]
    assert (kept.in_time, kept.late, kept.overdue, kept.running, kept.share) == (1, 0, 1, 0, 0.5)


def test_a_message_without_an_answer_is_silence() -> None:
    verdict = judge(replace(BOOKS, unanswered=("tg 07 03:00 (message)",)), END, (), ())
    assert verdict.silences == (Silence("", "answer", "tg 07 03:00 (message)"),)


def _sending(state: str, reason: str = "", due_at: datetime = MONDAY) -> Books:
    return replace(BOOKS, undone=(Sending("st.answer", NUMBER, state, reason, due_at),))


def _forward(state: str) -> Books:
    return replace(BOOKS, forwards=(Forward(NUMBER, "create", state, MONDAY, MONDAY),))


# fmt: off
LOST: tuple[tuple[str, Books, tuple[str, ...], tuple[str, ...], int], ...] = (
    ("all is there",            _forward("sent"),              ("Kala",), (NUMBER,),        0),
    ("words without complaint", BOOKS,                         ("Meso",), (),               1),
    ("message still queued",    _sending("queued"),            (),        (),               1),
    ("message due later",       _sending("queued", due_at=END), (),       (),               0),
    ("message given up",        _sending("failed", "expired"), (),        (),               1),
    ("unknown whether it left", _sending("unknown", "interrupted"), (),   (),               1),
    ("receiver blocked us",     _sending("failed", "blocked"), (),        (),               0),
    ("forward still waits",     _forward("retry"),             (),        (),               1),
    ("filed and not there",     _forward("sent"),              (),        (),               1),
    ("there twice",             _forward("sent"),              (),        (NUMBER, NUMBER), 1),
    ("calls put aside",         replace(BOOKS, quarantined=2), (),        (),               1),
)
# fmt: on


@pytest.mark.parametrize(("books", "marks", "board", "many"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_what_is_lost(books: Books, marks: tuple[str, ...], board: tuple[str, ...], many: int) -> None:
    assert len(judge(books, END, marks, board).lost) == many
