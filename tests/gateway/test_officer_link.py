"""The link of an officer: who may come in, from which device, and forms that count once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from channels.messages import AttachmentRef
from gateway.casework import casework
from gateway.complaints.complaint import NO_INPUTS, Action, ActionRefused, Actor, Role, Status
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.officer_links import door as officer_door
from gateway.officer_links import links
from gateway.officer_links.door import Door
from gateway.officers import deeds
from gateway.officers.deeds import DoneBefore, Form
from gateway.outbound import outbound
from gateway.people import directory
from gateway.queries.officer_page import OfficerPage
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment

NUMBER = "KBR-260000013"
REPORTER = Actor(Role.REPORTER)
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
PHOTO = AttachmentRef("x/1", "image/jpeg", 3, content=b"\xff\xd8\xff")
DONE = "Lubang ditambal dengan aspal panas pada 24 November 2026 pukul 08.30."
Telegram = Callable[..., Arrival]


@dataclass
class Link:
    """One officer's link, and what its holder does with it."""

    store: Store
    token: str

    @property
    def hash(self) -> str:
        return self.store.office.keys.token_hash(self.token)

    def door(self, device: str = "") -> Door:
        with self.store.reading() as tx:
            return officer_door.enter(tx, self.token, device).door

    def page(self, device: str = "") -> OfficerPage:
        with self.store.reading() as tx:
            task = officer_door.enter(tx, self.token, device).task
            return deeds.look(tx, task.row, task.member)

    def act(self, word: str, key: str = "a-1", **inputs: str) -> DoneBefore | None:
        with self.store.transaction() as tx:
            entrance = officer_door.bind(tx, self.token, "phone")
            task = entrance.task
            return deeds.act(tx, self.hash, task.member, task.case, Form(word, key, inputs))

    def said(self) -> list[str]:
        """What waits to be sent to the officer."""
        with self.store.transaction() as tx:
            return [parcel.message.text for parcel in outbound.claim(tx, 10, 60)]


@pytest.fixture
def issue(store: Store, telegram: Telegram) -> Callable[..., Link]:
    with store.transaction() as tx:
        intake.receive(tx, [telegram("Jalan di depan pasar berlubang besar", display_name="Budi Santoso")])
        tx.execute(tables.outbox.delete())
    step(store, Action.ASSIGN, {"agency": "PUPR", "kind": "pengaduan", "topic": "pekerjaan-umum"})

    def made(role: Role = Role.PENGHUBUNG, agency: str = "PUPR") -> Link:
        with store.transaction() as tx:
            [member, *_] = directory.team(tx, agency, (role,), store.office.calendar.today(tx.now))
            case = cases.by_number(tx, NUMBER)
            assert case is not None
            return Link(store, links.issue_page(tx, case.id, member.id).rpartition("/")[2])

    return made


@pytest.fixture
def link(issue: Callable[..., Link]) -> Link:
    return issue()


def step(store: Store, action: Action, inputs: Mapping[str, str] = NO_INPUTS, actor: Actor = COORDINATOR) -> None:
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def count(store: Store, table: str) -> int:
    with store.reading() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
        return int(row[0]) if row else -1


def test_a_fresh_link_opens_and_looking_changes_nothing(store: Store, link: Link) -> None:
    before = (count(store, "complaint_event"), count(store, "audit"))
    for _ in range(50):
        assert link.door() is Door.OPEN
    assert (count(store, "complaint_event"), count(store, "audit")) == before
    assert link.door("another phone") is Door.OPEN  # a scanner that looked bound nothing


def test_the_first_form_binds_the_device(link: Link) -> None:
    link.act("terima")
    assert link.door("phone") is Door.OPEN
    assert link.door("another phone") is Door.OTHER_DEVICE
    assert link.door() is Door.OTHER_DEVICE


def test_another_device_needs_the_code_from_the_officer_s_channel(store: Store, link: Link) -> None:
    link.act("terima")
    with store.transaction() as tx:
        officer_door.send_code(tx, link.token, "tablet")
    [text] = [said for said in link.said() if "Kode" in said]
    code = re.findall(r"\b\d{6}\b", text)[0]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    with store.transaction() as tx:
        assert not officer_door.bind_with_code(tx, link.token, "tablet", wrong)
        assert not officer_door.bind_with_code(tx, link.token, "laptop", code), "the code is for the device that asked"
        assert officer_door.bind_with_code(tx, link.token, "tablet", f"{code[:3]} {code[3:]}")
    assert (link.door("tablet"), link.door("phone")) == (Door.OPEN, Door.OTHER_DEVICE)


def test_a_code_goes_stale_and_guessing_ends(store: Store, link: Link, moment: Moment) -> None:
    link.act("terima")
    with store.transaction() as tx:
        officer_door.send_code(tx, link.token, "tablet")
    [text] = [said for said in link.said() if "Kode" in said]
    code = re.findall(r"\b\d{6}\b", text)[0]
    moment.pass_(minutes=21)
    with store.transaction() as tx:
        assert not officer_door.bind_with_code(tx, link.token, "tablet", code)
        for guess in range(10):
            assert not officer_door.bind_with_code(tx, link.token, "tablet", f"{guess:06}")
        for _ in range(10):
            officer_door.send_code(tx, link.token, "tablet")
    assert len([said for said in link.said() if "Kode" in said]) <= 4
    with store.reading() as tx:
        tries = tables.attempt.c.subject.startswith("page-try")
        assert tx.one(select(func.count()).select_from(tables.attempt).where(tries))[0] == 5  # type: ignore[index]


def test_the_same_form_twice_is_one_event(store: Store, link: Link) -> None:
    before = count(store, "complaint_event")
    for _ in range(3):
        assert link.act("terima") is None
    assert count(store, "complaint_event") == before + 1


def test_two_officers_at_once_get_the_same_page(issue: Callable[..., Link]) -> None:
    first, second = issue(), issue(Role.KEPALA)
    first.act("terima")
    assert second.act("terima", "b-1") == DoneBefore("penghubung", first.page("phone").since, "PUPR")


def test_the_page_shows_what_the_officer_needs_and_no_more(store: Store, link: Link) -> None:
    page = link.page()
    assert (page.number, page.topic, page.text) == (
        NUMBER, "Pekerjaan Umum dan Penataan Ruang", "Jalan di depan pasar berlubang besar",
    )  # fmt: skip
    assert page.reporter == "B*** S***"
    assert page.forms == ("terima", "selesai", "tanya", "waktu", "bukan")
    assert [due.clock.value for due in page.due] == ["acceptance", "follow_up", "resolution"]
    assert ("DLH", "Dinas Lingkungan Hidup") in page.agencies
    assert "PUPR" not in dict(page.agencies)
    step(store, Action.RAISE_ANONYMOUS)
    assert (link.page().reporter, link.page().anonymous) == ("", True)


def test_the_head_does_not_ask_himself_for_time(issue: Callable[..., Link]) -> None:
    assert issue(Role.KEPALA).page().forms == ("terima", "selesai", "tanya", "bukan")


def test_moving_the_task_shuts_every_door(store: Store, link: Link) -> None:
    step(store, Action.REASSIGN, {"agency": "DLH", "reason": "Wewenang DLH, bukan PUPR"})
    assert link.door("phone") is Door.SHUT


def test_a_dispute_that_ends_elsewhere_shuts_the_door_too(store: Store, link: Link, moment: Moment) -> None:
    link.act("bukan", agency="DLH", reason="Ini sampah di tepi jalan, wewenang DLH")
    assert link.page("phone").mine is not None
    step(store, Action.ASSIGN, {"agency": "DLH"})
    assert link.door("phone") is Door.SHUT


@pytest.mark.parametrize("token", ["", "none", "x" * 43])
def test_a_token_that_never_was_is_shut(store: Store, link: Link, token: str) -> None:
    assert Link(store, token).door("phone") is Door.SHUT
    with store.transaction() as tx:
        officer_door.send_fresh_link(tx, token)
    assert link.said() == []


def test_an_old_link_is_shut_and_replaced_by_way_of_the_officer_s_channel(
    store: Store, link: Link, moment: Moment
) -> None:
    moment.pass_(days=15)
    assert link.door() is Door.SHUT
    for _ in range(5):
        with store.transaction() as tx:
            officer_door.send_fresh_link(tx, link.token)
    texts = link.said()
    with store.reading() as tx:
        said = tx.one(select(func.count()).select_from(tables.outbox).where(tables.outbox.c.key == "link.fresh"))
    assert said is not None
    assert said[0] == 3
    fresh = Link(store, texts[0].rpartition("/p/")[2])
    assert fresh.door() is Door.OPEN


def test_the_end_of_a_mandate_is_the_end_of_the_link(store: Store, link: Link, moment: Moment) -> None:
    today = store.office.calendar.today(moment.now)
    with store.transaction() as tx:
        tx.execute(tables.agency_member.update().values(valid_to=today))
    assert link.door() is Door.OPEN
    moment.pass_(days=1)
    assert link.door() is Door.SHUT


def test_an_answer_with_evidence_can_be_taken_back_until_it_is_sent(store: Store, link: Link, moment: Moment) -> None:
    link.act("terima")
    with store.transaction() as tx:
        task = officer_door.enter(tx, link.token, "phone").task
        assert deeds.keep_files(tx, task.member, task.case, "a-2", [PHOTO, PHOTO]) == 2
    link.act("selesai", "a-2", explanation=DONE, no_personal_data="1")
    page = link.page("phone")
    assert (page.status, page.mine and page.mine.action) == (Status.AWAITING_REPORTER, "answer")
    assert page.mine is not None
    assert page.mine.undo_until is not None
    with store.reading() as tx:
        origins = {row.origin for row in tx.all(select(tables.attachment.c.origin))}
    assert origins == {"agency"}
    link.act("urungkan", "a-3")
    assert count(store, "attachment") == 0  # the next answer brings pictures of its own
    assert link.page("phone").status is Status.IN_PROGRESS
    assert link.page("phone").mine.action == "undo"  # type: ignore[union-attr]


def test_taking_back_a_second_answer_keeps_the_evidence_of_the_first(store: Store, link: Link, moment: Moment) -> None:
    for action_id, pictures in (("a-1", [PHOTO]), ("a-2", [PHOTO, PHOTO])):
        with store.transaction() as tx:
            task = officer_door.enter(tx, link.token, "phone").task
            deeds.keep_files(tx, task.member, task.case, action_id, pictures)
        link.act("selesai", action_id, explanation=DONE, no_personal_data="1")
        moment.pass_(minutes=20)
        if action_id == "a-1":
            step(store, Action.CONTEST, {"text": "Masih berlubang"}, REPORTER)
            moment.pass_(minutes=20)
    moment.pass_(minutes=-20)
    link.act("urungkan", "a-3")
    assert count(store, "attachment") == 1


def test_after_the_window_nothing_can_be_taken_back(link: Link, moment: Moment) -> None:
    link.act("selesai", explanation=DONE, no_evidence_reason="Tidak ada kamera")
    moment.pass_(minutes=11)
    assert link.page("phone").mine.undo_until is None  # type: ignore[union-attr]
    with pytest.raises(ActionRefused, match="expired"):
        link.act("urungkan", "a-2")


@pytest.mark.parametrize(
    ("inputs", "files", "code"),
    [
        ({}, 1, "unticked"),
        ({"no_personal_data": "1"}, 1, "missing_input"),
        ({"explanation": DONE}, 0, "missing_input"),
        ({"explanation": "Sudah ditindaklanjuti, terima kasih", "no_evidence_reason": "lupa"}, 0, "stock_phrase"),
        ({"explanation": f"{DONE} Telepon 081200000001", "no_evidence_reason": "lupa"}, 0, "personal_data"),
    ],
)
def test_an_answer_is_refused_before_it_is_looked_over(
    store: Store, link: Link, inputs: dict[str, str], files: int, code: str
) -> None:
    with store.reading() as tx:
        task = officer_door.enter(tx, link.token, "").task
        with pytest.raises(ActionRefused) as refusal:
            deeds.preview(tx, task.row, task.member, inputs, files)
    assert refusal.value.code == code


def test_the_preview_is_what_the_reporter_will_read(store: Store, link: Link) -> None:
    inputs = {"explanation": f"{DONE} Telepon 081200000001", "no_evidence_reason": "lupa", "no_personal_data": "1"}
    with store.reading() as tx:
        task = officer_door.enter(tx, link.token, "").task
        seen = deeds.preview(tx, task.row, task.member, inputs, 0)
    assert seen.text == f"{DONE} Telepon [telepon disamarkan]"
    assert (seen.masked, seen.messages, seen.has_route) == (True, 0, True)


def test_files_of_an_answer_that_was_never_sent_do_not_stay(store: Store, link: Link, moment: Moment) -> None:
    with store.reading() as tx:
        task = officer_door.enter(tx, link.token, "").task

    def keep(action_id: str) -> int:
        with store.transaction() as tx:
            return deeds.keep_files(tx, task.member, task.case, action_id, [PHOTO])

    assert keep("a-1") == 1
    moment.pass_(days=14, hours=1)
    assert keep("a-2") == 1
    assert count(store, "attachment") == 1


@pytest.mark.parametrize(("column", "value"), [("anonymous", True), ("sensitive", "anak")])
def test_photos_that_could_betray_their_sender_are_hidden(store: Store, link: Link, column: str, value: object) -> None:
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        common = {"complaint_id": case.id, "channel": "tg", "state": "stored", "stored_as": "ab/cd", "due_at": tx.now}
        tx.insert(tables.attachment, id=7, origin="reporter", media_type="image/jpeg", created_at=tx.now, **common)
    assert [photo.id for photo in link.page().photos] == [7]
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values({column: value}))
    assert (link.page().photos, link.page().has_hidden_photos) == ((), True)
