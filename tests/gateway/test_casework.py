"""How a status changes: by rule, once, whole or not at all, and back within the window for second thoughts."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.messages import Address
from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, Actor, Case, CaseMoved, Role, Status, Visibility
from gateway.intake.arrival import Arrival
from gateway.officer_links import links
from gateway.officers import deeds
from gateway.queries import complaint_page, tracking
from gateway.queries.scope import scope_of
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    ANSWER,
    COORDINATOR,
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
    status,
)

A, S = Action, Status
Sends = Callable[..., Arrival]
REFUSE = {"institution": "PLN", "reason": "Tiang itu milik PLN, sudah kami sampaikan lewat surat."}
ARCHIVE = {"archive_reason": "bukan_laporan", "reason": "Ini bukan laporan, hanya percakapan."}
WRITTEN = (
    tables.complaint_event, tables.notice, tables.clock, tables.clock_segment, tables.assignment, tables.forward,
    tables.audit, tables.outbox,
)  # fmt: skip


def told(store: Store, *, until: str = "") -> list[str]:
    """Carry out the notices that are due; the keys of what has been written to the reporter so far."""
    expand(store)
    log = tables.dispatch_log
    said = (log.c.recipient_kind == "reporter") & log.c.outbox_id.is_not(None)
    return [row.key for row in rows(store, log, said)]


# once


def test_the_same_key_a_second_time_changes_nothing(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    actor = member(store).actor
    for _ in "ab":
        with store.transaction() as tx:
            current = cases.by_id(tx, case.id)
            assert current is not None
            after = casework.apply(tx, A.START, current, actor, key="button:1")
            assert after.status is S.IN_PROGRESS
    started = tables.complaint_event.c.action == "start"
    assert count(store, tables.complaint_event, started) == 1


def test_whoever_decides_on_an_old_state_is_told_to_look_again(store: Store, telegram: Sends) -> None:
    stale = assigned(store, telegram(REPORT))
    act(store, stale, A.RAISE_CONFIDENTIAL)
    before = [count(store, table) for table in WRITTEN]
    with pytest.raises(CaseMoved), store.transaction() as tx:
        casework.apply(tx, A.START, stale, member(store).actor)
    assert [count(store, table) for table in WRITTEN] == before
    assert status(store, stale) is S.ASSIGNED


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_of_two_officers_at_once_one_takes_it(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    url = store.engine.url.render_as_string(hide_password=False)

    def take(name: str) -> str:
        mine = Store(open_engine(url), store.office)
        try:
            with mine.transaction() as tx:
                casework.apply(tx, A.START, case, Actor(Role.PENGHUBUNG, name, "PUPR"))
        except CaseMoved:
            return "moved"
        finally:
            mine.close()
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(take, "1234"))
    assert outcomes == ["moved", "moved", "moved", "taken"]
    assert count(store, tables.complaint_event, tables.complaint_event.c.action == "start") == 1


# refused

# fmt: off
REFUSALS = [
    # action             by               inputs                                          code
    (A.START,            Role.REPORTER,   {},                                             "wrong_role"),
    (A.START,            Role.PENGHUBUNG, {},                                             "wrong_state"),
    (A.ASK_MORE,         Role.COORDINATOR, {},                                            "missing_input"),
    (A.ASK_MORE,         Role.COORDINATOR, {"question": "apa?"},                          "too_short"),
    (A.ASK_MORE,         Role.COORDINATOR, {"question": "x" * 301},                       "too_long"),
    (A.VERIFY,           Role.COORDINATOR, {"kind": "keluhan", "topic": "lingkungan"},    "unknown_value"),
    (A.VERIFY,           Role.COORDINATOR, {"kind": "pengaduan", "topic": "jalan-rusak"}, "unknown_value"),
    (A.ASSIGN,           Role.COORDINATOR, {},                                            "missing_input"),
    (A.ASSIGN,           Role.COORDINATOR, {"agency": "PUPR", "topic": "diplomatik"},     "unknown_value"),
    (A.ASSIGN,           Role.COORDINATOR, {"agency": "TIDAKADA"},                        "unknown_value"),
    (A.ARCHIVE,          Role.COORDINATOR, {"archive_reason": "bosan", "reason": "x" * 20}, "unknown_value"),
    (A.REFER_OUT,        Role.COORDINATOR, {"institution": "PLN", "reason": "bukan kami"}, "too_short"),
    (A.RATE,             Role.REPORTER,   {"rating": "5"},                                "wrong_state"),
    (A.UNDO,             Role.COORDINATOR, {},                                            "expired"),
    (A.RELEASE,          Role.COORDINATOR, {},                                            "wrong_state"),
]
# fmt: on


@pytest.mark.parametrize(("action", "role", "inputs", "code"), REFUSALS)
def test_a_refusal_writes_nothing(
    store: Store, telegram: Sends, action: Action, role: Role, inputs: Mapping[str, str], code: str
) -> None:
    case = opened(store, telegram(REPORT))
    before = [count(store, table) for table in WRITTEN]
    with pytest.raises(ActionRefused) as refusal:
        act(store, case, action, Actor(role, "1"), **inputs)
    assert refusal.value.code == code
    assert [count(store, table) for table in WRITTEN] == before
    assert now(store, case) == case


@pytest.mark.parametrize(
    "hollow",
    ["sudah ditindaklanjuti", "terima kasih", "sedang diproses ya", "hubungi 081200000001 untuk kabar selanjutnya"],
)
def test_c28_an_answer_that_says_nothing_or_too_much_is_refused(store: Store, telegram: Sends, hollow: str) -> None:
    case = assigned(store, telegram(REPORT))
    with pytest.raises(ActionRefused) as refusal:
        act(store, case, A.ANSWER, member(store).actor, **{**ANSWER, "explanation": hollow})
    assert refusal.value.code in {"stock_phrase", "too_short", "personal_data"}
    assert status(store, case) is S.ASSIGNED


def test_a_held_report_waits_for_a_person_and_leaves_for_nobody(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram("pinjaman cepat cair klik http://contoh.invalid/a http://contoh.invalid/b"))
    for action in (A.VERIFY, A.ASSIGN):
        with pytest.raises(ActionRefused) as refusal:
            act(store, case, action, kind="pengaduan", topic="lainnya", agency="PUPR")
        assert refusal.value.code == "held"
    assert count(store, tables.forward) == 0
    act(store, case, A.RELEASE)
    assert status(store, act(store, case, A.ASSIGN, agency="PUPR")) is S.ASSIGNED


# consequences


def test_an_assignment_tells_both_sides_and_leaves_for_the_system_of_record(
    store: Store, telegram: Sends, rings: "object"
) -> None:
    case = assigned(store, telegram(REPORT))
    row = now(store, case)
    assert (row.agency, row.kind, row.topic) == ("PUPR", "pengaduan", "lainnya")
    assert told(store) == ["st.assigned"]
    forward = only(store, tables.forward)
    assert (forward.kind, forward.state, forward.marker) == ("create", "queued", case.number)
    assert {"notify", "forward"} <= set(rings.queues)  # type: ignore[attr-defined]


def test_c13_moving_to_another_agency_closes_the_doors_of_the_first(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        page = links.issue_page(tx, case.id, member(store).id)
        button = links.issue_button(tx, case.id, member(store).id, A.START)
    act(store, case, A.REASSIGN, agency="DLH", reason="Ini urusan kebersihan.")
    with store.reading() as tx:
        assert links.read_page(tx, page.rpartition("/")[2]) is None
        assert links.read_button(tx, button) is None
    assert [(row.agency, row.ended_at is None) for row in rows(store, tables.assignment)] == [
        ("PUPR", False),
        ("DLH", True),
    ]


def test_supervision_goes_to_the_inspectorate_confidentially_with_sixty_days(store: Store, telegram: Sends) -> None:
    case = act(store, opened(store, telegram(REPORT)), A.MOVE_TO_INSPECTORATE, reason="Terlapor adalah dinas penerima")
    row = only(store, tables.complaint)
    assert (row.agency, row.kind, row.confidential) == ("INSPEKTORAT", "pengaduan_pengawasan", True)
    clock = only(store, tables.clock, tables.clock.c.name == "resolution")
    assert (clock.days, case.status) == (60, S.ASSIGNED)


def test_c5_words_are_masked_before_they_enter_the_history(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.NOTE, note="Pelapor minta ditelepon di 0812-0000-0001")
    event = only(store, tables.complaint_event, tables.complaint_event.c.action == "note")
    assert "0812" not in event.text_masked
    assert "0812" not in str(event.inputs)


def test_c3_whoever_hides_later_has_their_signature_covered(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(f"{REPORT}. Salam, Budi Contoh", display_name="Budi Contoh"))
    act(store, case, A.RAISE_ANONYMOUS, reporter(case))
    row = only(store, tables.complaint)
    assert (row.anonymous, row.anonymous_by) == (True, "reporter")
    assert "Budi" not in row.text_masked


# second thoughts


def undo(store: Store, case: Case, actor: Actor = COORDINATOR) -> Case:
    return act(store, case, A.UNDO, actor)


def test_an_answer_taken_back_in_time_was_never_heard_of(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    told(store)
    moment.pass_(minutes=4)
    undone = undo(store, case, member(store).actor)
    assert (undone.status, undone.public_answer, undone.answered_at) == (S.ASSIGNED, "", None)
    moment.pass_(minutes=30)
    assert "st.answer" not in told(store)
    log = tables.dispatch_log
    assert only(store, log, log.c.key == "st.answer").skip == "UNDONE"
    assert count(store, tables.forward, tables.forward.c.kind == "followup") == 0
    running = tables.clock.c.stopped_at.is_(None)
    assert {row.name for row in rows(store, tables.clock, running)} == {"acceptance", "follow_up", "resolution"}


def test_taking_back_a_second_answer_gives_back_the_first(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    first = now(store, case)
    moment.pass_(hours=1)
    act(store, case, A.CONTEST, reporter(case))
    moment.pass_(hours=1)
    again = {**ANSWER, "explanation": "Sisi timur juga sudah ditambal dan diperiksa dua warga."}
    act(store, case, A.ANSWER, member(store).actor, **again)
    moment.pass_(minutes=1)
    undone = undo(store, case, member(store).actor)
    assert (undone.public_answer, undone.answered_at) == (first.public_answer, first.answered_at)
    assert undone.status is S.REPORTER_REPLIED


def test_an_agency_that_lost_a_task_by_mistake_gets_it_back(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    told(store)
    moment.pass_(minutes=1)
    act(store, case, A.REFER_OUT, COORDINATOR, **REFUSE)
    told(store)
    moment.pass_(minutes=1)
    undone = undo(store, case)
    assert (undone.status, undone.agency) == (S.ASSIGNED, "PUPR")
    assert [(row.agency, row.ended_at) for row in rows(store, tables.assignment)] == [("PUPR", None)]
    told(store)
    staff = tables.outbox.c.key.startswith("pic.")
    assert [row.key for row in rows(store, tables.outbox, staff)] == ["pic.new", "pic.withdrawn", "pic.new"]


def test_an_archived_question_stays_a_question_when_that_is_taken_back(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    moment.pass_(minutes=1)
    act(store, case, A.ASK_REPORTER, member(store).actor, question="Di sebelah mana persisnya lubang itu?")
    moment.pass_(minutes=1)
    act(store, case, A.ARCHIVE, COORDINATOR, **ARCHIVE)
    moment.pass_(minutes=1)
    undone = undo(store, case)
    assert (undone.status, undone.return_status) == (S.INCOMPLETE, S.ASSIGNED)
    assert only(store, tables.complaint).archive_reason == ""


def test_a_dispute_taken_back_leaves_no_mark(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.DISPUTE_AUTHORITY, member(store).actor, reason=REFUSE["reason"], agency="DLH")
    assert "sengketa_wewenang" in now(store, case).flags
    moment.pass_(minutes=1)
    assert undo(store, case, member(store).actor).flags == frozenset()


@pytest.mark.parametrize(
    ("actor", "minutes"),
    [(Actor(Role.PENGHUBUNG, "4711", "PUPR"), 1), (COORDINATOR, 1), (None, 11)],
    ids=["a colleague", "the coordinator", "too late"],
)
def test_only_the_same_person_can_take_something_back_and_only_in_time(
    store: Store, telegram: Sends, moment: Moment, actor: Actor | None, minutes: int
) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(minutes=minutes)
    with pytest.raises(ActionRefused) as refusal:
        undo(store, case, actor or member(store).actor)
    assert refusal.value.code == "expired"


def test_what_others_remark_does_not_end_the_time_for_taking_back(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(seconds=10)
    with store.transaction() as tx:
        casework.remark(tx, now(store, case), "edit", reporter(case), {"text": "Lubangnya dua"}, Visibility.AGENCY)
    act(store, case, A.NOTE, note="Sudah saya telepon dinasnya.")
    officer = member(store)
    with store.reading() as tx:
        row = cases.row_of(tx, case.number)
        mine = deeds.look(tx, row, officer).mine
        tracked = tracking.page(tx, row, [])
    assert mine is not None
    assert (mine.action, mine.undo_until) == ("answer", moment.now + timedelta(minutes=10, seconds=-10))
    assert (tracked.answer, tracked.status) == ("", S.ASSIGNED)
    assert [step.name for step in tracked.steps if step.state == "now"] == ["checked"]
    assert undo(store, case, officer.actor).status is S.ASSIGNED


def test_the_screen_offers_what_can_be_taken_back(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, A.REFER_OUT, institution="PLN", reason="Tiang listrik itu milik PLN, bukan milik daerah.")
    act(store, case, A.NOTE, Actor(Role.PRIVACY_OFFICER, "9"), note="Tidak ada data pribadi.")
    with store.reading() as tx:
        page = complaint_page.page(tx, scope_of(tx.office, COORDINATOR.role), case.number, COORDINATOR)
    assert page is not None
    assert page.own is not None
    assert page.own.action == "refer_out"
    assert undo(store, case).status is S.ASSIGNED


def test_nothing_is_taken_back_twice(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(minutes=1)
    undo(store, case, member(store).actor)
    with pytest.raises(ActionRefused):
        undo(store, case, member(store).actor)


def test_what_the_reporter_knows_cannot_be_taken_back(store: Store, telegram: Sends, moment: Moment) -> None:
    """Who was told that somebody looks first is told at once what came of it."""
    case = opened(store, telegram("pinjaman cepat cair klik http://contoh.invalid/a http://contoh.invalid/b"))
    act(store, case, A.ARCHIVE, archive_reason="spam_terbukti", reason="Iklan pinjaman, bukan laporan.")
    assert told(store) == ["st.archived"]
    moment.pass_(minutes=1)
    with pytest.raises(ActionRefused) as refusal:
        undo(store, case)
    assert refusal.value.code == "expired"


def test_an_action_that_is_final_has_no_way_back(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    moment.pass_(minutes=1)
    with pytest.raises(ActionRefused):
        undo(store, case)


# what casework does not do


@pytest.mark.parametrize("column", ["status", "version", "closed_at"])
def test_a_status_is_not_amended(store: Store, telegram: Sends, column: str) -> None:
    case = opened(store, telegram(REPORT))
    with pytest.raises(ValueError, match="by an action"), store.transaction() as tx:
        cases.amend(tx, case.id, **{column: 1})


def test_a_complaint_is_found_by_either_of_its_numbers(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(REPORT))
    with store.transaction() as tx:
        cases.amend(tx, case.id, sp4n_id="8123456")
        assert cases.by_number(tx, "8123456") == cases.by_number(tx, case.number) == cases.by_id(tx, case.id)
        assert cases.by_number(tx, "KBR-0") is None
        assert tx.one(
            select(tables.contact.c.id).where(
                tables.contact.c.address_hash == store.office.keys.fingerprint(Address("tg", "77").reveal())
            )
        )
