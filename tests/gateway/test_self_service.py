"""What reporters see and do with number and code: steps, answers, and forms that count once."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from channels.messages import AttachmentRef
from gateway.casework import casework
from gateway.complaints.complaint import NO_INPUTS, Action, ActionRefused, Actor, Role, Status
from gateway.dialogue import self_service
from gateway.dialogue.self_service import Deed
from gateway.files import attachments
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.queries.tracking import Tracking
from gateway.record import cases, tracking
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment

NUMBER, CODE = "KBR-260000013", "4821-9037"
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
OFFICER = Actor(Role.PENGHUBUNG, "2", "PUPR", "Penghubung Contoh")
ANSWER = {"explanation": "Lampu sudah diganti petugas pada 24 November pukul 09.00.", "evidence": "1"}
Telegram = Callable[..., Arrival]


@pytest.fixture
def complaint(store: Store, telegram: Telegram) -> str:
    with store.transaction() as tx:
        intake.receive(tx, [telegram("Lampu jalan di Gang Melati padam tiga malam, hubungi 081200000001")])
    return NUMBER


def step(store: Store, action: Action, actor: Actor, inputs: Mapping[str, str] = NO_INPUTS) -> None:
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def answered(store: Store) -> None:
    inputs = {"agency": "PUPR", "kind": "pengaduan", "topic": "pekerjaan-umum"}
    step(store, Action.ASSIGN, COORDINATOR, inputs)
    step(store, Action.START, OFFICER)
    step(store, Action.ANSWER, OFFICER, ANSWER)


def look(store: Store) -> Tracking:
    with store.reading() as tx:
        row = cases.row_of(tx, NUMBER)
        view = self_service.look(tx, NUMBER, row.secret_hash)
    assert view is not None
    return view


def act(store: Store, word: str, key: str = "k-1", **inputs: str) -> str:
    with store.transaction() as tx:
        return self_service.act(tx, NUMBER, Deed(word, key, inputs))


def states(view: Tracking) -> str:
    """`xxo..`: done, now, ahead."""
    return "".join({"done": "x", "now": "o", "ahead": "."}[one.state] for one in view.steps)


def test_a_new_report_is_received_and_waits_for_verification(store: Store, complaint: str) -> None:
    view = look(store)
    assert (view.number, view.status, states(view)) == (complaint, Status.RECEIVED, "o....")
    assert view.text.endswith("hubungi [telepon disamarkan]")
    assert view.due is not None
    assert view.due.explanation.startswith("Verifikasi: 3 hari kerja sejak laporan diterima (Senin 23 Nov 2026")
    assert view.agency == ""
    assert view.offers == ("tambah", "anonim", "rahasia", "batalkan")
    assert [entry.action for entry in view.history] == ["receive"]


def test_an_answer_is_shown_when_it_can_no_longer_be_taken_back(store: Store, complaint: str, moment: Moment) -> None:
    answered(store)
    before = look(store)
    assert (before.status, before.answer, states(before)) == (Status.IN_PROGRESS, "", "xxo..")
    assert before.offers == ("tambah", "anonim", "rahasia")
    assert "answer" not in [entry.action for entry in before.history]
    moment.pass_(minutes=10)
    after = look(store)
    assert (after.status, states(after)) == (Status.AWAITING_REPORTER, "xxxo.")
    assert after.answer == ANSWER["explanation"]
    assert after.offers[:3] == ("beres", "belum", "tambah")
    assert after.agency == "Dinas Pekerjaan Umum dan Penataan Ruang"


def test_what_was_taken_back_never_happened(store: Store, complaint: str, moment: Moment) -> None:
    answered(store)
    step(store, Action.UNDO, OFFICER)
    moment.pass_(hours=1)
    view = look(store)
    assert (view.status, view.answer, states(view)) == (Status.IN_PROGRESS, "", "xxo..")
    assert "answer" not in [entry.action for entry in view.history]


def test_accepting_closes_and_rating_counts_once(store: Store, complaint: str, moment: Moment) -> None:
    answered(store)
    moment.pass_(minutes=11)
    assert act(store, "beres") == "beres"
    view = look(store)
    assert (view.status, states(view)) == (Status.RESOLVED, "xxxxx")
    assert view.offers == ("nilai", "buka-kembali", "anonim", "rahasia")
    act(store, "nilai", "k-2", rating="4", comment="Cepat, terima kasih")
    rated = look(store)
    assert (rated.rating, "nilai" in rated.offers) == (4, False)


def test_rejecting_goes_back_to_the_officer_with_the_words(store: Store, complaint: str, moment: Moment) -> None:
    answered(store)
    moment.pass_(minutes=11)
    act(store, "belum", text="Masih padam di ujung gang")
    view = look(store)
    assert (view.status, states(view)) == (Status.REPORTER_REPLIED, "xxo..")
    assert view.history[0].text == "Masih padam di ujung gang"
    assert view.answer == ANSWER["explanation"]


def test_the_same_form_twice_is_one_deed(store: Store, complaint: str) -> None:
    for _ in range(3):
        assert act(store, "tambah", text="Dekat pos ronda") == "tambah"
    replies = [entry for entry in look(store).history if entry.action == "reply"]
    assert [entry.text for entry in replies] == ["Dekat pos ronda"]


def test_words_are_sealed_as_they_were_and_shown_masked(store: Store, complaint: str) -> None:
    act(store, "tambah", text="Telepon saya 081200000002")
    assert look(store).history[0].text == "Telepon saya [telepon disamarkan]"
    with store.reading() as tx:
        kept = tx.all(select(tables.complaint_text.c.text_sealed).order_by(tables.complaint_text.c.id))
    assert len(kept) == 2
    assert b"081200000002" not in bytes(kept[-1].text_sealed)


def test_files_alone_are_an_addition(store: Store, complaint: str) -> None:
    photo = AttachmentRef("x/1", "image/jpeg", 3, content=b"\xff\xd8\xff")
    with store.transaction() as tx:
        self_service.act(tx, NUMBER, Deed("tambah", "k-1", files=[photo]))
        row = cases.row_of(tx, NUMBER)
        assert attachments.stored(tx, row.id) == []  # not before a worker has cleaned it
    assert look(store).own_files == 1


@pytest.mark.parametrize(
    ("word", "code"), [("tambah", "missing_input"), ("beres", "wrong_state"), ("x", "unknown_value")]
)
def test_what_does_not_go_is_refused_and_leaves_nothing(store: Store, complaint: str, word: str, code: str) -> None:
    with pytest.raises(ActionRefused) as refusal:
        act(store, word)
    assert refusal.value.code == code
    assert len(look(store).history) == 1


def test_an_objection_brings_back_what_was_referred_out(store: Store, complaint: str, moment: Moment) -> None:
    inputs = {"institution": "PLN", "reason": "Penyaluran listrik adalah kewenangan PLN, sudah kami sampaikan."}
    step(store, Action.REFER_OUT, COORDINATOR, inputs)
    moment.pass_(hours=1)
    view = look(store)
    assert [one.name for one in view.steps] == ["received", "checked", "out_of_authority"]
    assert view.offers == ("anonim", "rahasia", "keberatan")
    assert (view.history[0].detail, view.history[0].text) == ("PLN", inputs["reason"])
    act(store, "keberatan", text="Tiang miring di tanah kabupaten, tolong cek")
    again = look(store)
    assert (again.status, states(again)) == (Status.RECEIVED, "o....")
    assert again.history[0].text == "Tiang miring di tanah kabupaten, tolong cek"


def test_a_third_reopening_is_a_task_and_points_to_the_ombudsman(store: Store, complaint: str, moment: Moment) -> None:
    answered(store)
    moment.pass_(minutes=11)
    for number in range(2):
        act(store, "beres", f"b-{number}")
        assert act(store, "buka-kembali", f"r-{number}", reason="Padam lagi") == "buka-kembali"
        step(store, Action.START, OFFICER)
        step(store, Action.ANSWER, OFFICER, ANSWER)
        moment.pass_(minutes=11)
    act(store, "beres", "b-3")
    assert act(store, "buka-kembali", "r-3", reason="Padam lagi") == "third"
    assert look(store).status is Status.RESOLVED
    assert look(store).ombudsman
    with store.reading() as tx:
        assert tx.one(select(tables.task.c.kind)).kind == "third_reopen"  # type: ignore[union-attr]


def test_lateness_points_to_the_ombudsman(store: Store, complaint: str, moment: Moment) -> None:
    assert not look(store).ombudsman
    moment.pass_(days=7)
    view = look(store)
    assert view.due is not None
    assert (view.ombudsman, view.due.is_overdue) == (True, True)


def test_a_new_code_closes_what_the_old_one_opened(store: Store, complaint: str) -> None:
    with store.transaction() as tx:
        row = cases.row_of(tx, NUMBER)
        tracking.new_code(tx, row.id, NUMBER)
        assert self_service.look(tx, NUMBER, row.secret_hash) is None


def test_supervision_is_nobody_s_name(store: Store, complaint: str) -> None:
    step(store, Action.MOVE_TO_INSPECTORATE, COORDINATOR, {"reason": "Menyangkut petugas dinas"})
    view = look(store)
    assert (view.agency, view.confidential) == ("", True)
    assert [(entry.agency, entry.detail) for entry in view.history if entry.who != "you"] == [("", "")]
    assert "tampilkan-isi" not in view.offers


def test_a_locked_ticket_says_when_it_opens_again(store: Store, complaint: str, moment: Moment) -> None:
    for _ in range(5):
        with store.transaction() as tx:
            assert tracking.free_at(tx, NUMBER, "me") == moment.now
            tracking.find(tx, NUMBER, "00000000", "me")
        moment.pass_(minutes=1)
    with store.transaction() as tx:
        assert tracking.find(tx, NUMBER, CODE, "me").locked
        assert tracking.free_at(tx, NUMBER, "me") == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
