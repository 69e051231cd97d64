"""What time does to complaints: each moment of a clock once, the next step of the ladder, ends that nobody brought about."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from gateway.casework import deadlines
from gateway.complaints.complaint import Action, Case, Hold, Role, Status
from gateway.intake.arrival import Arrival
from gateway.notices import staff_texts
from gateway.outbound import outbound
from gateway.outbound.outbound import DeliveryStatus, Outcome
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    REPORT,
    act,
    answered,
    assigned,
    count,
    expand,
    member,
    now,
    only,
    opened,
    reporter,
    rows,
)

A = Action
Sends = Callable[..., Arrival]
LOG, NOTICE, CLOCK, TASK = tables.dispatch_log, tables.notice, tables.clock, tables.task
QUESTION = "Di sebelah mana persisnya lubang itu berada?"


def tell(store: Store, state: DeliveryStatus = DeliveryStatus.SENT) -> None:
    """Notices become messages, and their providers take them (or not)."""
    expand(store)
    with store.transaction() as tx:
        parcels = outbound.claim(tx, 50, 60)
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, state, "p1") for parcel in parcels])


def live(store: Store, moment: Moment, days: float) -> None:
    """Let days pass, from one thing that becomes due to the next."""
    end = moment.now + timedelta(days=days)
    while (due := _next_due(store)) is not None and due <= end:
        moment.now = max(moment.now, due)
        deadlines.reach(store)
        tell(store)
    moment.now = end


def _next_due(store: Store) -> datetime | None:
    wanted = [select(func.min(CLOCK.c.next_at))]
    wanted += [select(func.min(table.c.due_at)).where(table.c.state == "queued") for table in (NOTICE, tables.outbox)]
    with store.reading() as tx:
        found = [row[0] for statement in wanted if (row := tx.one(statement)) and row[0]]
    return min(found, default=None)


def told(store: Store, *keys: str) -> list[tuple[str, str]]:
    """(key, reader or reason) of what was said so far, without what the life cycle says anyway."""
    return [(row.key, row.skip or row.recipient_kind) for row in rows(store, LOG, LOG.c.key.in_(keys))]


LADDER = ("pic.half", "pic.due", "dep.due", "pic.overdue", "sup.overdue", "coo.overdue", "reg.overdue")


def test_the_ladder_is_climbed_step_by_step_and_each_step_once(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.START, member(store).actor)
    live(store, moment, 14)
    follow_up = [row.key for row in rows(store, NOTICE, NOTICE.c.key.in_(LADDER)) if row.inputs["clock"] == "follow_up"]
    assert follow_up == [
        "pic.half", "pic.due", "dep.due", "pic.overdue", "pic.overdue", "sup.overdue", "coo.overdue", "reg.overdue",
    ]  # fmt: skip
    before = count(store, NOTICE)
    deadlines.reach(store)
    assert count(store, NOTICE) == before
    words = [
        row.text_masked for row in rows(store, tables.complaint_event, tables.complaint_event.c.action == "escalate")
    ]
    assert words[0].startswith("Tindak lanjut: 5 hari kerja sejak disposisi")


def test_the_reporter_hears_that_a_promise_was_not_kept_and_of_which_day(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    """The day after, and when the matter has gone up to the top; never of clocks of the office alone."""
    assigned(store, telegram(REPORT))
    live(store, moment, 14)
    late = rows(store, NOTICE, NOTICE.c.key == "st.late")
    assert [row.inputs["clock"] for row in late] == ["follow_up", "follow_up"]
    over = date.fromisoformat(late[0].inputs["date"])
    texts = [row for row in rows(store, LOG, LOG.c.key == "st.late") if not row.skip]
    assert len(texts) == 2
    with store.reading() as tx:
        values = staff_texts.reporter_values(tx, only(store, tables.complaint), late[0].inputs)
    assert values["tgl"] == over, "the day that was promised, whatever is promised now"


def test_as_long_as_a_promise_stays_broken_its_reporter_hears_so_every_week(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    assigned(store, telegram(REPORT))
    live(store, moment, 60)
    late = rows(store, NOTICE, NOTICE.c.key == "st.late")
    weekly = [row.created_at.date() for row in late if row.inputs["clock"] == "follow_up"]
    calendar = store.office.calendar
    gaps = [sum(calendar.is_working(day) for day in days_after(*pair)) for pair in pairwise(weekly)]
    assert gaps == [4, *[5] * (len(gaps) - 1)], "the day after, when it has come to the top, and then every week"
    assert len(gaps) > 5
    others = [row for row in late if row.inputs["clock"] != "follow_up"]
    assert len(others) == 2, "of the other promise when it was broken; then one speaks for both"
    assert len(rows(store, NOTICE, NOTICE.c.key == "reg.overdue")) == 2, "those above are not told every week"


def days_after(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n + 1) for n in range((last - first).days)]


def test_one_day_that_two_clocks_promised_is_told_once(store: Store, telegram: Sends, moment: Moment) -> None:
    act(store, opened(store, telegram(REPORT)), A.ASSIGN, agency="PUPR", kind="aspirasi", topic="pekerjaan-umum")
    live(store, moment, 14)
    due = {row.name: row.due_at for row in rows(store, CLOCK) if row.name in {"follow_up", "resolution"}}
    assert len(due) == 2
    assert len(set(due.values())) == 1
    texts = [row for row in rows(store, LOG, LOG.c.key == "st.late") if not row.skip]
    assert len(texts) == 2, "the day after, and five days later"


def test_after_a_standstill_only_the_newest_step_is_taken(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT))
    moment.pass_(hours=24 * 20)
    deadlines.reach(store)
    said = [(row.inputs["clock"], row.key) for row in rows(store, NOTICE, NOTICE.c.key.in_(LADDER))]
    assert sorted(said) == [
        ("acceptance", "coo.overdue"), ("follow_up", "reg.overdue"), ("resolution", "dep.due"), ("resolution", "pic.due"),
    ]  # fmt: skip


def test_whoever_answers_in_time_is_left_in_peace(store: Store, telegram: Sends, moment: Moment) -> None:
    answered(store, telegram(REPORT))
    live(store, moment, 4)
    assert told(store, *LADDER) == []


def test_danger_does_not_wait_for_a_summary(store: Store, telegram: Sends, moment: Moment) -> None:
    calm = assigned(store, telegram(REPORT))
    danger = assigned(
        store, telegram("Kebakaran besar sekarang di pasar, tolong cepat, ada orang terjebak", sender="78")
    )
    live(store, moment, 15)
    states = {row.complaint_id: row.state for row in rows(store, NOTICE, NOTICE.c.key == "reg.overdue")}
    assert states == {calm.id: "digest", danger.id: "done"}


def test_an_answer_that_arrived_is_reminded_of_and_then_closed(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    live(store, moment, 14)
    assert told(store, "st.remind") == [("st.remind", "reporter")]
    assert now(store, case).status is Status.AWAITING_REPORTER
    live(store, moment, 6)
    closed = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert (closed.status, closed.closing, closed.rating) == ("resolved", "otomatis", None)
    assert ("st.autoclosed", "reporter") in told(store, "st.autoclosed")


def test_who_replied_is_not_closed(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    live(store, moment, 10)
    act(store, case, A.CONTEST, reporter(case))
    live(store, moment, 14)
    assert now(store, case).status is Status.REPORTER_REPLIED


def test_an_answer_that_may_not_have_arrived_closes_nothing(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    live(store, moment, 1)
    with store.transaction() as tx:
        answer = tables.outbox.c.key == "st.answer"
        assert tx.execute(tables.outbox.update().where(answer).values(state="unknown")).rowcount == 1
    live(store, moment, 20)
    assert now(store, case).status is Status.AWAITING_REPORTER
    assert [(row.kind, row.detail) for row in rows(store, TASK)] == [("not_closable", "answer_not_told")]


def test_what_is_said_of_officers_is_closed_by_people_only(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(kind="pengaduan_pengawasan"))
    live(store, moment, 20)
    assert now(store, case).status is Status.AWAITING_REPORTER
    assert only(store, TASK).detail == "inspectorate"


def test_a_question_is_asked_again_twice_then_the_report_is_put_away(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = act(store, opened(store, telegram(REPORT)), A.ASK_MORE, question=QUESTION, items="lokasi")
    live(store, moment, 8)
    assert told(store, "ask.more") == [("ask.more", "reporter")] * 3
    live(store, moment, 3)
    assert now(store, case).status is Status.ARCHIVED
    assert ("st.archived", "reporter") in told(store, "st.archived")


def test_an_agency_goes_on_without_an_answer_to_its_question(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.ASK_REPORTER, member(store).actor, question=QUESTION)
    live(store, moment, 11)
    assert now(store, case).status is Status.ASSIGNED
    assert ("pic.noanswer", "staff") in told(store, "pic.noanswer")


def test_what_nobody_looked_at_is_let_go(store: Store, telegram: Sends, moment: Moment) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, A.HOLD, hold=Hold.SPAM.value)
    live(store, moment, 4)
    assert now(store, case).hold is Hold.NONE


def test_a_team_without_anybody_is_passed_over_upwards_and_shown(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        tx.execute(
            tables.agency_member.update().where(tables.agency_member.c.agency == "PUPR").values(ended_at=moment.now)
        )
    live(store, moment, 3)
    assert ("pic.due", "NO_HOLDER") in told(store, "pic.due")
    coordinator = member(store, "DISKOMINFO", Role.PENGHUBUNG)
    assert coordinator.id in {row.recipient_id for row in rows(store, LOG, LOG.c.key == "pic.due", LOG.c.skip == "")}
    assert "tangga_terputus" in now(store, case).flags


def test_one_clock_that_cannot_be_read_stops_no_other(store: Store, telegram: Sends, moment: Moment) -> None:
    broken = assigned(store, telegram(REPORT))
    other = assigned(store, telegram("Lampu jalan di simpang empat mati sejak kemarin malam", sender="78"))
    mine = CLOCK.c.complaint_id == broken.id
    with store.transaction() as tx:
        tx.execute(CLOCK.update().where(mine).values(zone="Nowhere/Nothing"))
    moment.pass_(hours=24 * 20)
    deadlines.reach(store)
    assert {row.complaint_id for row in rows(store, NOTICE, NOTICE.c.key.in_(LADDER))} == {other.id}
    again = [row.next_at - moment.now for row in rows(store, CLOCK, mine, CLOCK.c.next_at.is_not(None))]
    assert again
    assert set(again) == {deadlines.AGAIN}


@pytest.mark.parametrize("after", ["undone", "paused"])
def test_a_clock_that_stands_still_waits_for_nothing(store: Store, telegram: Sends, moment: Moment, after: str) -> None:
    case: Case = assigned(store, telegram(REPORT))
    if after == "paused":
        act(store, case, A.ASK_REPORTER, member(store).actor, question=QUESTION)
    else:
        act(
            store,
            case,
            A.DISPUTE_AUTHORITY,
            member(store).actor,
            reason="Ini jalan provinsi, bukan jalan kabupaten",
            institution="BPJN",
        )
        act(store, case, A.UNDO, member(store).actor)
    waiting = {row.name for row in rows(store, CLOCK, CLOCK.c.next_at.is_not(None))}
    assert waiting == (set() if after == "paused" else {"acceptance", "follow_up", "resolution"})
