"""Who is told of what: once, at a decent hour, on the way they used, with a reason wherever nobody was told."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.complaints.complaint import Action, Case, Role
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.people import contacts, dialogues
from gateway.record import cases, tracking
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import (
    ANSWER,
    REPORT,
    act,
    answered,
    assigned,
    contact,
    count,
    expand,
    member,
    now,
    only,
    opened,
    reporter,
    rows,
    said,
)

A = Action
Sends = Callable[..., Arrival]
LOG = tables.dispatch_log
QUESTION = "Di sebelah mana persisnya lubang itu berada?"


def told(store: Store, *where: Any) -> list[tuple[str, str, str]]:
    """(key, reader, skip) of every line of the dispatch log so far, notices carried out first."""
    expand(store)
    return [(row.key, row.recipient_kind, row.skip) for row in rows(store, LOG, *where)]


def to_reporter(store: Store) -> list[str]:
    return [key for key, reader, skip in told(store) if reader == "reporter" and not skip]


def skipped(store: Store) -> list[tuple[str, str]]:
    return [(key, skip) for key, _, skip in told(store) if skip]


def waiting(store: Store, key: str) -> datetime:
    """Until when a notice waits."""
    due: datetime = only(store, tables.notice, tables.notice.c.key == key, tables.notice.c.state == "queued").due_at
    return due


# when


def test_one_message_tells_two_things_that_follow_each_other(store: Store, telegram: Sends, moment: Moment) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, A.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    expand(store)
    moment.pass_(minutes=5)
    act(store, case, A.ASSIGN, agency="PUPR")
    moment.pass_(minutes=30)
    assert to_reporter(store) == ["st.assigned"]
    assert skipped(store) == [("st.verified", "SUPERSEDED")]


def test_without_a_successor_the_first_is_told_after_its_wait(store: Store, telegram: Sends, moment: Moment) -> None:
    act(store, opened(store, telegram(REPORT)), A.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    assert to_reporter(store) == []
    moment.pass_(minutes=10)
    assert to_reporter(store) == ["st.verified"]


# fmt: off
NIGHTS = [
    # something happens    what is told   leaves at
    ("2026-11-23 20:40",   "st.assigned", "2026-11-24 06:30"),
    ("2026-11-24 06:29",   "st.assigned", "2026-11-24 06:30"),
    ("2026-11-23 20:40",   "pic.new",     "2026-11-24 07:30"),
    ("2026-11-27 21:00",   "pic.new",     "2026-11-30 07:30"),  # Friday night
    ("2026-11-28 10:00",   "pic.new",     "2026-11-30 07:30"),  # Saturday
    ("2026-12-23 21:00",   "pic.new",     "2026-12-28 07:30"),  # before Christmas
]
# fmt: on


def wib(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


@pytest.mark.parametrize(("happens", "key", "leaves"), NIGHTS)
def test_people_sleep(store: Store, telegram: Sends, moment: Moment, happens: str, key: str, leaves: str) -> None:
    moment.now = wib(happens)
    assigned(store, telegram(REPORT))
    expand(store)
    assert waiting(store, key) == wib(leaves)
    moment.now = wib(leaves)
    assert key in [one for one, _, skip in told(store) if not skip]


def test_an_emergency_wakes_everybody(store: Store, telegram: Sends, moment: Moment) -> None:
    moment.now = wib("2026-11-22 02:14")
    case = opened(store, telegram("kebakaran sekarang di pasar Contoh api besar!!"))
    act(store, case, A.ASSIGN, agency="PUPR")
    assert [key for key, _, skip in told(store) if not skip] == ["duty.new", "pic.new", "st.assigned"]


def test_an_answer_to_somebody_s_own_words_comes_at_any_hour(store: Store, telegram: Sends, moment: Moment) -> None:
    case = opened(store, telegram(REPORT))
    moment.now = wib("2026-11-23 23:00")
    act(store, case, A.ASK_MORE, question=QUESTION)
    assert to_reporter(store) == ["ask.more"]


# to whom, and to whom not


def test_what_the_reporter_did_is_answered_in_their_talk_only(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(minutes=10)
    expand(store)
    act(store, case, A.CONFIRM, reporter(case))
    moment.pass_(hours=1)
    assert to_reporter(store) == ["st.assigned", "st.answer", "ask.rate"]


def test_work_that_begins_again_is_no_news(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    for _ in "ab":
        act(store, case, A.START, member(store).actor)
        expand(store)
        moment.pass_(minutes=1)
        act(store, case, A.ANSWER, member(store).actor, **ANSWER)
        moment.pass_(minutes=11)
        expand(store)
        act(store, case, A.CONTEST, reporter(case))
    assert to_reporter(store).count("st.progress") == 1
    assert ("st.progress", "DUP_EVENT") in skipped(store)


# fmt: off
UNREACHED = {
    "opted out":   "OPTED_OUT",
    "blocked us":  "NO_ROUTE",
    "held":        "SECRET_GUARD",
}
# fmt: on


@pytest.mark.parametrize("why", UNREACHED)
def test_a_message_that_is_not_sent_has_its_reason_in_the_log(store: Store, telegram: Sends, why: str) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        person = contacts.by_id(tx, [case.contact_id or 0])[case.contact_id or 0]
        match why:
            case "opted out":
                dialogues.opt(tx, "tg", person, out=True)
            case "blocked us":
                contacts.mark_unreachable(tx, person.id, "blocked")
            case _:
                tx.execute(tables.complaint.update().values(hold="spam"))
    assert skipped(store)[-1] == ("st.assigned", UNREACHED[why])
    assert to_reporter(store) == []


def test_clocks_that_wait_for_the_reporter_run_though_nothing_could_be_sent(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    """The answer stands on the tracking page."""
    case = answered(store, telegram(REPORT))
    with store.transaction() as tx:
        contacts.mark_unreachable(tx, case.contact_id or 0, "blocked")
    moment.pass_(minutes=10)
    assert ("st.answer", "NO_ROUTE") in skipped(store)
    running = only(store, tables.clock, tables.clock.c.name == "auto_close")
    assert (running.started_at, running.stopped_at) == (moment.now, None)
    assert only(store, tables.complaint).due_at == running.due_at


def test_a_held_report_that_is_let_go_gets_its_receipt_with_a_code_that_opens(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = opened(store, telegram("pinjaman cepat cair klik http://contoh.invalid/a http://contoh.invalid/b"))
    moment.pass_(hours=1)
    act(store, case, A.RELEASE)
    assert to_reporter(store) == ["rx.receipt"]
    found = re.search(r"No (KBR-\d+) kode (\d{4}-\d{4})\.", words(store, "rx.receipt"))
    assert found is not None
    with store.transaction() as tx:
        assert tracking.find(tx, found[1], found[2], "rumah").row is not None


@pytest.mark.parametrize(("action", "word"), [(A.RAISE_ANONYMOUS, "ANONIM"), (A.RAISE_CONFIDENTIAL, "RAHASIA")])
def test_a_protection_that_staff_put_on_is_told_by_its_word(
    store: Store, telegram: Sends, action: Action, word: str
) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, action)
    assert to_reporter(store) == ["pv.set"]
    assert words(store, "pv.set").startswith(f"{case.number}: {word} aktif.")


def words(store: Store, key: str) -> str:
    """What was said under this key."""
    (text,) = said(store, key)
    return text


def test_a_question_names_the_day_until_which_it_waits(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.ASK_REPORTER, member(store).actor, question=QUESTION)
    expand(store)
    text = words(store, "ask.agency")
    assert text.endswith(f"{QUESTION} Balas pesan ini sebelum 3 Des 2026.")
    assert only(store, tables.clock, tables.clock.c.name == "completion").started_at == moment.now


def test_a_team_without_a_deputy_is_told_through_its_head(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(minutes=11)
    expand(store)
    act(store, case, A.CONTEST, reporter(case))
    expand(store)
    head = member(store, role=Role.KEPALA)
    gap, line = rows(store, LOG, LOG.c.key == "dep.replied")
    assert (gap.recipient_kind, gap.skip) == ("deputy", "NO_HOLDER")
    assert (line.recipient_id, line.channel, line.skip) == (head.id, "sms", "")
    assert now(store, case).flags == {"tangga_terputus"}


def test_nobody_in_the_team_is_a_gap_that_shows(store: Store, telegram: Sends) -> None:
    with store.transaction() as tx:
        tx.execute(tables.agency_member.update().where(tables.agency_member.c.agency == "PUPR").values(ended_at=MONDAY))
    assigned(store, telegram(REPORT))
    assert ("pic.new", "NO_HOLDER") in skipped(store)


def test_a_gap_takes_no_other_mark_off(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        before = cases.row_of(tx, case.number)
        cases.mark(tx, case.id, "mismatch", on=True)
        notices.show_gap(tx, before)
    assert now(store, case).flags == {"mismatch", notices.BROKEN}


def test_an_officer_without_any_means_is_noted(store: Store, telegram: Sends) -> None:
    with store.transaction() as tx:
        mine = tables.agency_member.c.agency == "PUPR"
        tx.execute(tables.agency_member.update().where(mine).values(telegram_id=None, phone_id=None))
    assigned(store, telegram(REPORT))
    assert ("pic.new", "NO_ROUTE") in skipped(store)


def test_one_person_in_two_offices_is_told_once(store: Store, telegram: Sends) -> None:
    mine = only(store, tables.agency_member, tables.agency_member.c.person == "Contoh Penghubung PUPR")
    with store.transaction() as tx:
        twin = {**mine._asdict(), "id": tx.new_id(), "person": "Nama Lain"}
        tx.insert(tables.agency_member, **twin)
    assigned(store, telegram(REPORT))
    assert [(key, skip) for key, reader, skip in told(store, LOG.c.key == "pic.new")] == [
        ("pic.new", ""),
        ("pic.new", "SAME_PERSON"),
    ]
    assert count(store, tables.outbox, tables.outbox.c.key == "pic.new") == 1


def test_somebody_on_leave_for_good_is_told_nothing(store: Store, telegram: Sends) -> None:
    """A mandate that ended yesterday ended."""
    with store.transaction() as tx:
        mine = tables.agency_member.c.person == "Contoh Penghubung PUPR"
        yesterday = (MONDAY - timedelta(days=1)).date()
        tx.execute(tables.agency_member.update().where(mine).values(valid_to=yesterday))
    assigned(store, telegram(REPORT))
    expand(store)
    head = member(store, role=Role.KEPALA).id
    assert [row.recipient_id for row in rows(store, LOG, LOG.c.key == "pic.new", LOG.c.skip == "")] == [head]


def test_a_confidential_report_shows_nothing_on_a_phone(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, A.RAISE_CONFIDENTIAL)
    act(store, case, A.ASSIGN, agency="PUPR")
    expand(store)
    text = words(store, "pic.new")
    assert "Jalan" not in text
    assert "aduan rahasia" in text


# work of several processes


def claimed(store: Store, case: Case) -> Any:
    with store.transaction() as tx:
        return next(row for row in notices.claim_due(tx) if row.complaint_id == case.id)


def test_a_notice_that_another_worker_finished_is_not_told_twice(store: Store, telegram: Sends, moment: Moment) -> None:
    case = act(store, opened(store, telegram(REPORT)), A.ASK_MORE, question=QUESTION)
    slow = claimed(store, case)
    moment.pass_(seconds=61)
    expand(store)
    with store.transaction() as tx:
        notices.expand(tx, slow)
    assert count(store, tables.outbox, tables.outbox.c.key == "ask.more") == 1


def test_news_never_overtakes_what_a_dead_worker_holds(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    assert claimed(store, case)
    act(store, case, A.START, member(store).actor)
    assert to_reporter(store) == []
    moment.pass_(seconds=61)
    expand(store)
    assert to_reporter(store) == ["st.assigned", "st.progress"]


def test_a_notice_that_breaks_is_tried_again_and_then_given_up(store: Store, telegram: Sends, moment: Moment) -> None:
    case = act(store, opened(store, telegram(REPORT)), A.ASK_MORE, question=QUESTION)
    for again in (moment.now + timedelta(minutes=1), None):
        row = claimed(store, case)
        with store.transaction() as tx:
            notices.failed(tx, row, "KeyError", again)
        moment.pass_(minutes=1)
    row = only(store, tables.notice, tables.notice.c.key == "ask.more")
    assert (row.state, row.attempts, row.last_error) == ("failed", 2, "KeyError")
    assert now(store, case).status == "incomplete"


def test_the_same_event_writes_a_notice_once(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    expand(store)
    expand(store)
    assert count(store, tables.outbox, tables.outbox.c.key == "st.assigned") == 1


def test_a_new_contact_of_the_same_reporter_is_not_guessed(store: Store, telegram: Sends) -> None:
    """The reporter is told on the address that they used, though we know of another."""
    contact(store, "+6281200000001", "tel")
    assigned(store, telegram(REPORT))
    expand(store)
    assert only(store, tables.outbox, tables.outbox.c.key == "st.assigned").channel == "tg"
