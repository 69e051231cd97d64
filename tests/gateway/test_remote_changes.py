"""What the other side says: followed when it is ahead, told in its own words and never again, and nothing is lowered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import Action, Case, Status
from gateway.complaints.forward import ForwardState, PollOutcome, RemoteEvent, RemoteState
from gateway.forwarding import forwarding
from gateway.intake.arrival import Arrival
from gateway.operations import vitals
from gateway.record import tasks as work
from gateway.record.events import inputs_of
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, REPORT, act, count, expand, member, now, only, rows
from tests.gateway.short_ways import status as status_of
from tests.gateway.test_forwarding import SP4N, claim, filed, polls, settle

Sends = Callable[..., Arrival]
S = Status
Look = Callable[..., None]


@pytest.fixture
def look(store: Store, moment: Moment) -> Look:
    """Poll, and find the report in this state."""

    def found(name: str, status: Status | None, *events: RemoteEvent, **more: Any) -> None:
        moment.pass_(hours=1)
        (poll,) = polls(store)
        given = {"status_since": moment.now, **more}
        state = RemoteState(poll.remote_id, name, status=status, events=events, **given)
        with store.transaction() as tx:
            outcome = PollOutcome(poll.complaint_id, poll.fence, moment.now, state)
            forwarding.settle_poll(tx, outcome, SP4N)

    return found


def told(store: Store) -> list[str]:
    expand(store)
    mine = tables.dispatch_log.c.recipient_kind == "reporter"
    return [row.key for row in rows(store, tables.dispatch_log, mine) if row.outbox_id]


def said(key: str, text: str, at: datetime = MONDAY, **more: Any) -> RemoteEvent:
    return RemoteEvent(key, at, "followup", text, **more)


# fmt: off
FOLLOWED = [
    # over there                                       text key           here                    told to the reporter
    ("Ditindaklanjuti",        S.IN_PROGRESS,          "st.progress",     S.IN_PROGRESS,          ["st.progress"]),
    ("Menunggu Tanggapan",     S.AWAITING_REPORTER,    "st.answer",       S.AWAITING_REPORTER,    ["st.upstream"]),
    ("Selesai",                S.RESOLVED,             "st.resolved",     S.AWAITING_REPORTER,    ["st.upstream"]),
    ("Bukan Kewenangan",       S.OUT_OF_AUTHORITY,     "st.oota",         S.OUT_OF_AUTHORITY,     ["st.oota"]),
    ("Diarsipkan",             S.ARCHIVED,             "st.archived",     S.ARCHIVED,             ["st.archived"]),
    # behind us, or where we are: nothing happens
    ("Belum Terverifikasi",    S.RECEIVED,             "",                S.ASSIGNED,             []),
    ("Terverifikasi",          S.VERIFIED,             "st.verified",     S.ASSIGNED,             []),
    ("Terdisposisi",           S.ASSIGNED,             "st.assigned",     S.ASSIGNED,             []),
    ("Tunda",                  S.INCOMPLETE,           "ask.more",        S.ASSIGNED,             []),
]
# fmt: on


@pytest.mark.parametrize(("name", "remote", "text_key", "here", "keys"), FOLLOWED)
def test_a_status_ahead_of_ours_is_followed_and_told(
    store: Store, telegram: Sends, look: Look, moment: Moment, name: str, remote: Status, text_key: str, here: Status,
    keys: list[str],
) -> None:  # fmt: skip
    case = filed(store, telegram(REPORT))
    told(store)
    look(name, remote, text_key=text_key)
    assert now(store, case).status is here
    moment.pass_(minutes=10)
    assert told(store)[1:] == keys
    assert only(store, tables.complaint).sp4n_state == name


def test_the_same_poll_again_changes_nothing(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    for _ in range(3):
        look("Ditindaklanjuti", S.IN_PROGRESS, said("f1", "Sedang kami kerjakan."), text_key="st.progress")
    followed = tables.complaint_event.c.action == Action.FOLLOW_SP4N.value
    assert count(store, tables.complaint_event, followed) == 1
    assert count(store, tables.remote_event) == 1
    assert told(store).count("st.progress") == 1
    assert now(store, case).version == 4


def test_clocks_stop_when_it_happened_not_when_we_looked(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    filed(store, telegram(REPORT))
    since = moment.now + timedelta(minutes=10)
    moment.pass_(days=2)
    look("Menunggu Tanggapan", S.AWAITING_REPORTER, status_since=since, text_key="st.answer")
    stopped = {row.name: row.stopped_at for row in rows(store, tables.clock)}
    assert (stopped["resolution"], stopped["follow_up"]) == (since, since)


def test_closed_over_there_without_an_answer_of_ours_asks_the_reporter(
    store: Store, telegram: Sends, look: Look
) -> None:
    case = filed(store, telegram(REPORT))
    look("Selesai", S.RESOLVED, text_key="st.resolved")
    assert "closed_upstream_unanswered" in now(store, case).flags


@pytest.mark.parametrize("answered", [True, False])
def test_closed_over_there_is_closed_here_after_an_answer_or_where_nobody_asks(
    store: Store, telegram: Sends, look: Look, moment: Moment, answered: bool
) -> None:
    case = filed(store, telegram(REPORT))
    if answered:
        act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
        moment.pass_(minutes=20)
    look("Selesai", S.RESOLVED, text_key="st.resolved", asks_reporter=answered)
    closed = only(store, tables.complaint)
    assert (closed.status, closed.closing) == ("resolved", "sp4n")


def test_the_answer_over_there_is_the_answer_here(store: Store, telegram: Sends, look: Look, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    text = "Sudah ditambal, hubungi Budi di 0812-0000-0001 bila kurang."
    look("Menunggu Tanggapan", S.AWAITING_REPORTER, said("f1", text), text_key="st.answer")
    answered = now(store, case)
    assert answered.public_answer.startswith("Sudah ditambal, hubungi Budi di [telepon disamarkan]")
    assert answered.answered_at is not None
    assert "0812" not in only(store, tables.remote_event).text_masked


def test_an_answer_that_stood_there_before_the_status_moved_is_told_with_it(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    answer = said("f1", "Lubang ditambal dengan aspal panas.")
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    look("Ditindaklanjuti", S.IN_PROGRESS, answer, text_key="st.progress")
    look("Menunggu Tanggapan", S.AWAITING_REPORTER, answer, text_key="st.answer")
    moment.pass_(minutes=20)
    assert now(store, case).public_answer == "Lubang ditambal dengan aspal panas."
    assert told(store)[-1] == "st.answer"


@pytest.mark.parametrize("hidden", [{"secret": True}, {"ref": "a1b2c3"}], ids=["secret", "our own"])
def test_what_is_secret_or_our_own_is_told_to_nobody(
    store: Store, telegram: Sends, look: Look, hidden: dict[str, Any]
) -> None:
    case = filed(store, telegram(REPORT))
    event = said("f1", "Catatan internal dinas tentang pelapor ini.", **hidden)
    look("Ditindaklanjuti", S.IN_PROGRESS, event, text_key="st.progress")
    assert count(store, tables.remote_event) == 1
    followed = tables.complaint_event.c.action == Action.FOLLOW_SP4N.value
    assert only(store, tables.complaint_event, followed).text_masked == ""
    assert now(store, case).public_answer == ""


def test_after_an_outage_nobody_is_told_of_last_week(store: Store, telegram: Sends, look: Look, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    told(store)
    moment.pass_(days=7)
    look("Ditindaklanjuti", S.IN_PROGRESS, status_since=moment.now - timedelta(hours=73), text_key="st.progress")
    assert now(store, case).status is S.IN_PROGRESS
    assert told(store) == ["st.assigned"]


def test_a_word_that_we_do_not_know_is_asked_about_once(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    for _ in range(2):
        look("Sedang Dibahas", None)
    task = only(store, tables.task)
    assert (task.kind, task.subject) == ("sp4n_unknown_status", "Sedang Dibahas")
    with store.reading() as tx:
        assert vitals.figures(tx) == {"forward_unknown_status_total|target=sp4n": 1}
    assert now(store, case).status is S.ASSIGNED


def test_what_comes_back_does_not_go_there_again(store: Store, telegram: Sends, look: Look) -> None:
    filed(store, telegram(REPORT))
    look("Menunggu Tanggapan", S.AWAITING_REPORTER, said("f1", ANSWER["explanation"]), text_key="st.answer")
    assert count(store, tables.forward) == 1


def test_an_archive_over_there_brings_its_reason(store: Store, telegram: Sends, look: Look) -> None:
    filed(store, telegram(REPORT))
    look("Diarsipkan", S.ARCHIVED, said("f1", "Laporan ganda."), text_key="st.archived")
    followed = tables.complaint_event.c.action == Action.FOLLOW_SP4N.value
    assert inputs_of(only(store, tables.complaint_event, followed))["reason"] == "Laporan ganda."


def test_secrecy_is_never_lowered_by_the_other_side(store: Store, telegram: Sends, look: Look) -> None:
    case: Case = filed(store, telegram(REPORT))
    act(store, case, Action.RAISE_CONFIDENTIAL)
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    assert replace(now(store, case)).confidential


# where we part

AT_WORK = ("Terdisposisi", S.ASSIGNED)


def tasks(store: Store) -> list[tuple[str, str]]:
    return [(row.kind, row.detail) for row in rows(store, tables.task) if row.done_at is None]


def test_a_report_given_to_another_agency_over_there_is_theirs_here(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    look(*AT_WORK, institution_id="1202", institution_name="Dinas Lingkungan Hidup")
    assert (now(store, case).agency, now(store, case).status) == ("DLH", S.ASSIGNED)
    moved = only(store, tables.complaint_event, tables.complaint_event.c.action == Action.REASSIGN.value)
    assert (moved.actor_role, moved.text_masked) == ("sp4n", "Didisposisikan di SP4N-LAPOR! ke Dinas Lingkungan Hidup")
    assert "st.moved" in told(store)
    # What the coordinator decides afterwards stays, although over there nothing changed.
    act(store, case, Action.REASSIGN, agency="PUPR", reason="Jalan memang urusan PUPR.")
    look(*AT_WORK, institution_id="1202", institution_name="Dinas Lingkungan Hidup")
    assert now(store, case).agency == "PUPR"


def test_a_report_given_to_strangers_over_there_is_out_of_our_authority(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    look(*AT_WORK, institution_id="990010", institution_name="Balai Besar Jalan Nasional")
    assert status_of(store, case) is S.OUT_OF_AUTHORITY
    moment.pass_(minutes=20)
    assert told(store)[-1] == "st.oota"


@pytest.mark.parametrize("institution", ["1201", "1200", ""], ids=["ours", "the government's own", "none"])
def test_a_report_that_lies_with_us_over_there_stays(
    store: Store, telegram: Sends, look: Look, institution: str
) -> None:
    case = filed(store, telegram(REPORT))
    look(*AT_WORK, institution_id=institution)
    assert (now(store, case).agency, now(store, case).status) == ("PUPR", S.ASSIGNED)
    assert tasks(store) == []


def test_what_few_may_know_of_is_given_to_nobody_by_a_machine(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.RAISE_CONFIDENTIAL)
    look(*AT_WORK, institution_id="1202", institution_name="Dinas Lingkungan Hidup")
    assert now(store, case).agency == "PUPR"
    assert tasks(store) == [("sp4n_mismatch", "disposition 1202 Dinas Lingkungan Hidup")]


def test_a_report_that_stays_behind_over_there_is_asked_about_after_two_days_and_once(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    filed(store, telegram(REPORT))
    look("Belum Terverifikasi", S.RECEIVED)
    moment.pass_(hours=46)
    look("Belum Terverifikasi", S.RECEIVED)
    assert tasks(store) == []
    moment.pass_(hours=2)
    look("Belum Terverifikasi", S.RECEIVED)
    assert tasks(store) == [("sp4n_mismatch", "assigned / Belum Terverifikasi")]
    with store.transaction() as tx:
        (task,) = tx.all(select(tables.task.c.id))
        work.done(tx, task.id, COORDINATOR)
    look("Belum Terverifikasi", S.RECEIVED)
    assert tasks(store) == []  # to be left as it is was decided


def test_nobody_is_asked_while_our_answer_is_on_its_way_there_and_what_mends_itself_is_forgotten(
    store: Store, telegram: Sends, look: Look, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    moment.pass_(days=4)
    look("Terdisposisi", S.ASSIGNED, said("f1", "Sedang kami cek."))
    assert (tasks(store), status_of(store, case)) == ([], S.AWAITING_REPORTER)
    assert count(store, tables.remote_event) == 1
    (job,) = claim(store)
    settle(store, job, ForwardState.SENT, written=True)
    moment.pass_(hours=49)
    look("Terdisposisi", S.ASSIGNED)
    assert tasks(store) == [("sp4n_mismatch", "awaiting_reporter / Terdisposisi")]
    look("Menunggu Tanggapan", S.AWAITING_REPORTER, text_key="st.answer")
    assert tasks(store) == []


def test_what_was_archived_over_there_says_so_here(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    look("Diarsipkan", S.ARCHIVED, said("f1", "Laporan ganda."), text_key="st.archived")
    assert only(store, tables.complaint).archive_reason == "diarsipkan_sp4n"
    act(store, case, Action.RESTORE, reason="Bukan ganda, lokasinya lain.")
    assert only(store, tables.complaint).archive_reason == ""
