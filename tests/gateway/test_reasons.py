"""Every reason why nobody was told by a message of its own comes from a situation that really happens (CASEWORK 10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from config.texts import shipped
from gateway.complaints.complaint import Action, Actor, Case, Role
from gateway.complaints.notices import Audience, Skip
from gateway.intake.arrival import Arrival
from gateway.matrix import Cell, Matrix
from gateway.notices import ruling
from gateway.notices.ruling import Wish
from gateway.people import contacts, dialogues, leaves
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    ANSWER,
    COORDINATOR,
    REPORT,
    act,
    answered,
    assigned,
    expand,
    member,
    only,
    opened,
    reporter,
    rows,
)

A = Action
Sends = Callable[..., Arrival]
LOG, TEAM = tables.dispatch_log, tables.agency_member
OFFICER = "Contoh Penghubung PUPR"
NIGHT, MORNING = "2026-11-23T23:00:00+07:00", "2026-11-24T07:30:00+07:00"


@pytest.fixture
def store(store: Store) -> Store:
    """Has rules of its own, looked up at every transaction."""
    store.office = replace(store.office, matrix=Matrix(every_s=0))
    return store


@dataclass(frozen=True, slots=True)
class Day:
    """A day at the office."""

    store: Store
    telegram: Sends
    moment: Moment

    def given(self, many: int = 1, minutes: float = 0) -> Case:
        """So many tasks for PUPR, told one after the other; the last one."""
        for number in range(many):
            case = assigned(self.store, self.telegram(f"{REPORT} {number}", sender=str(500 + number)))
            expand(self.store)
            self.moment.pass_(minutes=minutes)
        return case


@pytest.fixture
def day(store: Store, telegram: Sends, moment: Moment) -> Day:
    return Day(store, telegram, moment)


def opted_out(day: Day) -> None:
    case = assigned(day.store, day.telegram(REPORT))
    with day.store.transaction() as tx:
        person = contacts.by_id(tx, [case.contact_id or 0])[case.contact_id or 0]
        dialogues.opt(tx, "tg", person, out=True)


def blocked_us(day: Day) -> None:
    case = assigned(day.store, day.telegram(REPORT))
    with day.store.transaction() as tx:
        contacts.mark_unreachable(tx, case.contact_id or 0, "blocked")


def left_office(day: Day) -> None:
    with day.store.transaction() as tx:
        tx.execute(TEAM.update().where(TEAM.c.person == OFFICER).values(ended_at=tx.now))
    day.given()


def takes_a_day_off(day: Day) -> None:
    with day.store.transaction() as tx:
        leaves.add(tx, COORDINATOR, member(day.store).id, tx.today, tx.today)
    day.given()


def at_night(day: Day) -> None:
    day.moment.now = datetime.fromisoformat(NIGHT)
    day.given()


def four_within_minutes(day: Day) -> None:
    day.given(4)


def thirteen_on_one_day(day: Day) -> None:
    day.given(13, minutes=8)


def two_places_in_one_team(day: Day) -> None:
    mine = only(day.store, TEAM, TEAM.c.person == OFFICER)
    with day.store.transaction() as tx:
        tx.insert(TEAM, **{**mine._asdict(), "id": tx.new_id(), "person": "Nama Lain"})
    day.given()


def begins_again(day: Day) -> None:
    case = day.given()
    for _ in range(2):
        act(day.store, case, A.START, member(day.store).actor)
        expand(day.store)
        act(day.store, case, A.ANSWER, member(day.store).actor, **ANSWER)
        day.moment.pass_(minutes=11)
        expand(day.store)
        act(day.store, case, A.CONTEST, reporter(case))


def danger_that_somebody_sees_to(day: Day) -> None:
    case = opened(day.store, day.telegram("kebakaran sekarang di pasar Contoh api besar!!"))
    act(day.store, case, A.NOTE, Actor(Role.COORDINATOR, "1"), note="Regu berangkat pukul 08.05.")
    day.moment.pass_(minutes=11)


def is_held(day: Day) -> None:
    assigned(day.store, day.telegram(REPORT))
    with day.store.transaction() as tx:
        tx.execute(tables.complaint.update().values(hold="spam"))


def is_switched_off(day: Day) -> None:
    with day.store.transaction() as tx:
        off = Wish("st.assigned", Audience.REPORTER, Cell(enabled=False), "Tidak dipakai di sini", 0)
        ruling.change(tx, off, COORDINATOR)
    assigned(day.store, day.telegram(REPORT))


def nobody_worked_for_days(day: Day) -> None:
    assigned(day.store, day.telegram(REPORT))
    day.moment.pass_(hours=73)


def takes_it_back(day: Day) -> None:
    case = answered(day.store, day.telegram(REPORT))
    act(day.store, case, A.UNDO, member(day.store).actor)


def newer_news(day: Day) -> None:
    case = opened(day.store, day.telegram(REPORT))
    act(day.store, case, A.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    act(day.store, case, A.ASSIGN, agency="PUPR")


# fmt: off
SITUATIONS: Mapping[Skip, tuple[Callable[[Day], None], str, str]] = {
    # reason           what happens                   notice         to whom
    Skip.OPTED_OUT:    (opted_out,                    "st.assigned", "reporter"),
    Skip.NO_ROUTE:     (blocked_us,                   "st.assigned", "reporter"),
    Skip.NO_HOLDER:    (left_office,                  "pic.new",     "team"),
    Skip.ON_LEAVE:     (takes_a_day_off,              "pic.new",     "team"),
    Skip.QUIET:        (at_night,                     "pic.new",     "team"),
    Skip.DIGEST:       (four_within_minutes,          "pic.new",     "staff"),
    Skip.RATE_LIMIT:   (thirteen_on_one_day,          "pic.new",     "staff"),
    Skip.SAME_PERSON:  (two_places_in_one_team,       "pic.new",     "team"),
    Skip.DUP_EVENT:    (begins_again,                 "st.progress", "reporter"),
    Skip.SEEN:         (danger_that_somebody_sees_to, "duty.unseen", "coordinator"),
    Skip.SECRET_GUARD: (is_held,                      "st.assigned", "reporter"),
    Skip.TOO_OLD:      (nobody_worked_for_days,       "st.assigned", "reporter"),
    Skip.TEMPLATE_OFF: (is_switched_off,              "st.assigned", "reporter"),
    Skip.UNDONE:       (takes_it_back,                "st.answer",   "reporter"),
    Skip.SUPERSEDED:   (newer_news,                   "st.verified", "reporter"),
}
# fmt: on


@pytest.mark.parametrize("skip", Skip)
def test_every_reason_comes_from_a_situation(day: Day, skip: Skip) -> None:
    happens, key, reader = SITUATIONS[skip]
    happens(day)
    expand(day.store)
    found = {(row.key, row.recipient_kind) for row in rows(day.store, LOG, LOG.c.skip == skip.value)}
    assert (key, reader) in found


def test_every_reason_has_words_and_no_words_are_left_over() -> None:
    for language in ("id", "en"):
        named = {key.removeprefix("admin.skip.") for key in shipped().keys(language) if key.startswith("admin.skip.")}
        assert named == set(Skip), language


# what waits for the morning


def put_off(store: Store) -> list[tuple[str, datetime | None]]:
    """(key, end) of the lines about what was put off."""
    return sorted((row.key, row.ended_at) for row in rows(store, LOG, LOG.c.skip == Skip.QUIET.value))


def test_what_waits_for_the_morning_has_a_line_that_ends_when_it_goes_on(day: Day) -> None:
    at_night(day)
    assert put_off(day.store) == [("pic.new", None), ("st.assigned", None)]
    day.moment.now = datetime.fromisoformat(MORNING)
    expand(day.store)
    assert put_off(day.store) == [("pic.new", day.moment.now), ("st.assigned", day.moment.now)]
    sent = {row.key for row in rows(day.store, LOG, LOG.c.outbox_id.is_not(None))}
    assert sent == {"st.assigned", "pic.new"}


def test_what_is_put_off_again_has_one_line(day: Day) -> None:
    at_night(day)
    with day.store.transaction() as tx:
        tx.execute(tables.notice.update().values(due_at=tx.now + timedelta(minutes=1)))
    day.moment.pass_(minutes=2)
    expand(day.store)
    assert put_off(day.store) == [("pic.new", None), ("st.assigned", None)]


def test_what_is_over_before_the_morning_ends_its_line_too(day: Day) -> None:
    day.moment.now = datetime.fromisoformat(NIGHT)
    case = opened(day.store, day.telegram(REPORT))
    act(day.store, case, A.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    day.moment.pass_(hours=1)
    expand(day.store)
    assert put_off(day.store) == [("st.verified", None)]
    act(day.store, case, A.ASSIGN, agency="PUPR")
    assert put_off(day.store) == [("st.verified", day.moment.now)]


def test_what_comes_by_day_was_never_put_off(day: Day) -> None:
    day.given()
    assert put_off(day.store) == []
