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
from workers.month.losses import Expected
from workers.month.verdict import Crowd, Silence, judge

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
    is_reached=True,
    clocks=(FOLLOW_UP,),
    words=(Word(MONDAY, "st.assigned"), Word(MONDAY + 8 * DAY + timedelta(hours=1), "st.late")),
    lines=TOLD,
    shows_late=True,
)
"""An office that never answers; all above were told, and so was the reporter."""
UNTOLD = replace(WAITS, words=WAITS.words[:1])
BOOKS = Books((WAITS,), {}, {}, (), (), {}, (), 0, {}, frozenset())
NOTHING = Expected()
ANSWERED_AT = MONDAY + 2 * DAY
ANSWERED = replace(
    WAITS,
    clocks=(replace(FOLLOW_UP, stopped_at=ANSWERED_AT),),
    words=(*UNTOLD.words, Word(ANSWERED_AT + timedelta(minutes=10), "st.answer")),
    lines=(),
    shows_late=False,
)
Change = Callable[[Life], Life]


def without(*keys: str) -> Change:
    return lambda life: replace(life, lines=tuple(line for line in life.lines if line.key not in keys))


def late_at(days: int) -> Life:
    return replace(UNTOLD, words=(*UNTOLD.words, Word(MONDAY + days * DAY + timedelta(hours=1), "st.late")))


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
    ("answered, the reporter not told", replace(ANSWERED, words=UNTOLD.words),                     ["news", "standard"]),
    ("nobody told of the broken promise", UNTOLD,                                                 ["late", "standard"]),
    ("told of it a day too late",       late_at(9),                                               ["late", "standard"]),
    ("told of it before it was broken", late_at(7),                                               ["late"]),
    ("the page tells who has no address", replace(UNTOLD, is_reached=False),                      []),
    ("a child of an incident has no ladder", replace(WAITS, lines=(), followed=(MONDAY, END)),    []),
    ("a child that left has its own",   replace(WAITS, lines=(), followed=(MONDAY, MONDAY + 5 * DAY)), ["ladder"] * 2),
)
# fmt: on


@pytest.mark.parametrize(("life", "whys"), [row[1:] for row in SILENCES], ids=[row[0] for row in SILENCES])
def test_who_is_left_in_silence(life: Life, whys: list[str]) -> None:
    verdict = judge(replace(BOOKS, lives=(life,)), END, NOTHING)
    assert [one.why for one in verdict.silences] == whys


def test_what_only_the_reporter_hears_every_week_is_no_rung_of_the_ladder() -> None:
    verdict = judge(replace(BOOKS, lives=(WAITS,)), END + 28 * DAY, NOTHING)
    assert [one.detail for one in verdict.silences if one.why == "ladder"] == ["follow_up, late 5"]


def test_the_longest_wait_is_named_with_its_standard() -> None:
    verdict = judge(replace(BOOKS, lives=(replace(ANSWERED, number="ADU-260000021"), UNTOLD)), END, NOTHING)
    longest = verdict.waits[0]
    assert (longest.number, longest.days, longest.standard, longest.beyond) == (NUMBER, 9, 5, 3)
    assert (longest.after, longest.before) == ("st.assigned", "")
    assert verdict.beyond == 1


def test_a_word_in_between_ends_a_wait() -> None:
    heard = replace(UNTOLD, words=(*UNTOLD.words, Word(MONDAY + 4 * DAY, "st.note")))
    verdict = judge(replace(BOOKS, lives=(heard,)), END, NOTHING)
    assert sorted(wait.days for wait in verdict.waits) == [4, 5]
    assert verdict.beyond == 0


def test_escalations_are_counted_by_rung_and_clocks_by_fate() -> None:
    verdict = judge(replace(BOOKS, lives=(WAITS, ANSWERED)), END, NOTHING)
    assert verdict.escalations == {"team": 3, "deputy": 1, "head": 1, "coordinator": 1}
    kept = verdict.clocks["follow_up"]
    assert (kept.in_time, kept.late, kept.overdue, kept.running, kept.share) == (1, 0, 1, 0, 0.5)


def test_the_deadlines_owed_to_reporters_are_counted_by_their_channel() -> None:
    by_phone = replace(ANSWERED, number="ADU-260000021", channel="sms")
    verdict = judge(replace(BOOKS, lives=(WAITS, by_phone)), END, NOTHING)
    assert {name: (way.reports, way.kept.share, way.longest) for name, way in verdict.channels.items()} == {
        "tg": (1, 0.0, 6),
        "sms": (1, 1.0, 2),
    }


CHILD = replace(ANSWERED, number="ADU-260000021", parent=NUMBER, followed=(MONDAY, END), answered_at=ANSWERED_AT)
PARENT = replace(ANSWERED, answered_at=ANSWERED_AT)


@pytest.mark.parametrize(
    ("child", "silences", "answered"),
    [
        (CHILD, 0, 2),
        (replace(CHILD, words=(*UNTOLD.words, Word(ANSWERED_AT, "answer"))), 0, 2),
        (replace(CHILD, words=(*UNTOLD.words, Word(ANSWERED_AT, "st.progress"))), 1, 1),
        (replace(CHILD, words=(*UNTOLD.words, Word(ANSWERED_AT, "st.archived")), status="archived"), 0, 1),
    ],
    ids=["told", "read on the page", "told something else", "archived by itself"],
)
def test_every_reporter_of_an_incident_is_answered(child: Life, silences: int, answered: int) -> None:
    verdict = judge(replace(BOOKS, lives=(PARENT, child)), END, NOTHING)
    assert [one.why for one in verdict.silences] == ["incident"] * silences
    assert verdict.incidents == (Crowd(NUMBER, 1, answered),)


@pytest.mark.parametrize(
    ("days", "is_urgent", "many"), [(3, False, 0), (5, False, 1), (5, True, 0)], ids=["Thursday", "Saturday", "danger"]
)
def test_officers_are_told_of_deadlines_on_working_days(days: int, is_urgent: bool, many: int) -> None:
    told = tuple(replace(line, left_at=MONDAY + days * DAY) for line in TOLD[:1])
    life = replace(WAITS, lines=told, is_urgent=is_urgent)
    assert len(judge(replace(BOOKS, lives=(life,)), END, NOTHING).disturbed) == many


def test_a_message_without_an_answer_is_silence() -> None:
    verdict = judge(replace(BOOKS, unanswered=("tg 07 03:00 (message)",)), END, NOTHING)
    assert verdict.silences == (Silence("", "answer", "tg 07 03:00 (message)"),)


def _sending(state: str, reason: str = "", due_at: datetime = MONDAY) -> Books:
    return replace(BOOKS, undone=(Sending("st.answer", NUMBER, state, reason, due_at),))


def _forward(state: str) -> Books:
    return replace(BOOKS, forwards=(Forward(NUMBER, "create", state, MONDAY, MONDAY),))


# fmt: off
LOST: tuple[tuple[str, Books, Expected, int], ...] = (
    ("all is there", _forward("sent"), Expected({"Kala": ""}, (NUMBER,)), 0),
    ("words without complaint", BOOKS, Expected({"Meso": ""}), 1),
    ("message still queued", _sending("queued"), NOTHING, 1),
    ("message due later", _sending("queued", due_at=END), NOTHING, 0),
    ("message given up", _sending("failed", "expired"), NOTHING, 1),
    ("unknown whether it left", _sending("unknown", "interrupted"), NOTHING, 1),
    ("receiver blocked us", _sending("failed", "blocked"), NOTHING, 0),
    ("forward still waits", _forward("retry"), NOTHING, 1),
    ("filed and not there", _forward("sent"), NOTHING, 1),
    ("there twice", _forward("sent"), Expected(board=(NUMBER, NUMBER)), 1),
    ("calls put aside", replace(BOOKS, quarantined=2), NOTHING, 1),
    ("a picture still waits",   replace(BOOKS, files={"reporter stored": 3, "reporter queued": 1}), NOTHING, 1),
    ("an old picture unmarked", BOOKS,                         Expected(reused=[NUMBER]), 1),
    ("an old picture marked",   replace(BOOKS, alike=frozenset({NUMBER})), Expected(reused=[NUMBER]), 0),
    ("wanted to be nameless",   BOOKS,                         Expected({"Kala": "anonymous"}), 1),
    ("is nameless",             replace(BOOKS, lives=(replace(WAITS, protection=frozenset({"anonymous"})),)), Expected({"Kala": "anonymous"}), 0),
)
# fmt: on


@pytest.mark.parametrize(("books", "expected", "many"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_what_is_lost(books: Books, expected: Expected, many: int) -> None:
    assert len(judge(books, END, expected).lost) == many
