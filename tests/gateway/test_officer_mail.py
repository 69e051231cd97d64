"""Officers reply to the mail about their task: once, only they, in two steps, and nothing they write is lost."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from channels.email.boxes import Boxes
from channels.messages import Address
from config.settings import Secret
from gateway.complaints.complaint import Action, Case, Role, Status
from gateway.notices import staff_texts
from gateway.office import Office
from gateway.outbound.delivery_reports import ID_PREFIX
from gateway.people import contacts, directory
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.gateway.conftest import Moment
from tests.gateway.letters import NAME, SETTINGS, Letters, with_mail
from tests.gateway.short_ways import REPORT, act, count, expand, only, opened, receive, rows, spoken, status

RINA, OTHER = "rina@pupr.example", "budi@pupr.example"
FIXED = "Lubang ditambal dengan aspal panas pada 24 November pukul 09.00 dan sudah kering."
NEWS = "Alat berat sudah dipesan dan datang hari Rabu."
JPEG = b"\xff\xd8\xff\xe0" + b"\x08" * 6000
BOXES = Boxes(SETTINGS["from_address"], "reply", "bounce", Secret(SETTINGS["reply_key"]))
QUOTED = "\n\nPada Sen, 23 Nov 2026 08.05 Aduan <aduan@pemkab.example> menulis:\n> Tugas baru"


@dataclass
class Mailbox:
    """Rina's: what came in it, and replies to it."""

    store: Store
    letters: Letters
    owner: str = RINA

    def lines(self) -> list[str]:
        return [line.text for line in spoken(self.store, Address("mailto", self.owner))]

    def newest(self, place: int = -1) -> str:
        return ID_PREFIX + id_text(spoken(self.store, Address("mailto", self.owner))[place].id)

    def reply(self, words: str, sender: str = RINA, *, to: str = "", **more: object) -> str:
        """What is answered to the sender."""
        before = max((line.id for line in spoken(self.store, Address("mailto", sender))), default=0)
        letter = self.letters(f"{words}{QUOTED}", sender, to=BOXES.reply_address(to or self.newest()), **more)
        receive(self.store, letter)
        return " | ".join(line.text for line in spoken(self.store, Address("mailto", sender), before))


@pytest.fixture
def office(office: Office) -> Office:
    return with_mail(office)


@pytest.fixture
def letters(office: Office, moment: Moment) -> Letters:
    return Letters(office, moment)


@pytest.fixture
def case(store: Store, letters: Letters) -> Case:
    """PUPR's liaison officer is told of it by mail."""
    address = Address("mailto", RINA)
    with store.transaction() as tx:
        (member,) = directory.team(tx, "PUPR", [Role.PENGHUBUNG], tx.today)
        who = contacts.ensure(tx, [address], staff=True)[address]
        values = {"email_id": who.id, "notify": ["email"], "telegram_id": None}
        tx.execute(tables.agency_member.update().where(tables.agency_member.c.id == member.id).values(**values))
    assigned = act(store, opened(store, letters(REPORT)), Action.ASSIGN, agency="PUPR")
    expand(store)
    return assigned


@pytest.fixture
def rina(store: Store, letters: Letters, case: Case) -> Mailbox:
    box = Mailbox(store, letters)
    assert box.lines()[-1].startswith(f"Tugas baru {case.number}")
    return box


def deeds(store: Store, action: Action) -> int:
    return count(store, tables.complaint_event, tables.complaint_event.c.action == action.value)


def tasks(store: Store) -> list[str]:
    return [row.detail for row in rows(store, tables.task, tables.task.c.kind == "officer_reply")]


def test_a_task_by_mail_says_what_may_be_replied(rina: Mailbox) -> None:
    notice = rina.lines()[-1]
    assert "/p/" in notice
    assert "balas surel ini; kata pertama: TERIMA" in notice


def test_a_task_is_accepted_told_of_and_answered_with_a_photo_by_replies(
    store: Store, case: Case, rina: Mailbox, moment: Moment
) -> None:
    accepted = rina.reply("TERIMA\n\nSalam,\nRina")
    assert accepted.startswith(f"{case.number} Anda terima pukul 08.00.")
    assert "KABAR" in accepted
    assert status(store, case) is Status.IN_PROGRESS
    preview = rina.reply(f"KABAR {NEWS}")
    assert preview.startswith(f'Kirim ke pelapor: "{NEWS}"')
    assert "Balas YA untuk mengirim" in preview
    assert "http://127.0.0.1:8080/p/" in preview
    assert deeds(store, Action.REPORT_PROGRESS) == 0
    assert rina.reply("Ya.\n\nSalam,\nRina").startswith(f"{case.number}: kabar dikirim ke pelapor.")
    assert deeds(store, Action.REPORT_PROGRESS) == 1
    assert rina.reply(f"Selesai: {FIXED}", photo=JPEG).startswith(f'Kirim ke pelapor: "{FIXED}" + 1 foto?')
    assert rina.reply("YA").startswith("Jawaban dikirim pukul 08.10.")
    assert status(store, case) is Status.AWAITING_REPORTER
    (photo,) = rows(store, tables.attachment)
    assert photo.origin == "agency"
    moment.pass_(minutes=2)
    assert rina.reply("URUNG").startswith(f"Dibatalkan. {case.number} kembali ke")
    assert status(store, case) is Status.IN_PROGRESS
    assert count(store, tables.complaint) == 1
    assert tasks(store) == []


def test_an_answer_without_a_photo_asks_for_one_or_for_the_reason(store: Store, case: Case, rina: Mailbox) -> None:
    assert "Balas surel ini dengan isinya" in rina.reply("SELESAI")
    assert "foto terlampir" in rina.reply(FIXED)
    assert "alasannya" in rina.reply("tanpa bukti\nRina")
    assert rina.reply("Kamera kantor sedang rusak sejak pagi").startswith("Kirim ke pelapor")
    assert rina.reply("ya").startswith("Jawaban dikirim")
    assert status(store, case) is Status.AWAITING_REPORTER


def test_words_that_do_not_do_are_explained_and_the_question_stays(store: Store, case: Case, rina: Mailbox) -> None:
    assert "terlalu pendek" in rina.reply("SELESAI sudah")
    assert rina.reply(FIXED, photo=JPEG).startswith("Kirim ke pelapor")
    assert rina.reply("BATAL").startswith("Dibatalkan.")
    assert status(store, case) is Status.ASSIGNED


def test_a_task_of_another_office_and_more_time_take_their_words_in_one_reply(
    store: Store, case: Case, rina: Mailbox
) -> None:
    notice = rina.newest()
    assert rina.reply("BUKAN dlh Sampah di saluran adalah tugas lingkungan hidup.").startswith(
        f"Serahkan {case.number} ke koordinator"
    )
    assert rina.reply("BATAL").startswith("Dibatalkan.")
    assert "tidak ditemukan" in rina.reply("BUKAN entah Bukan jalan kabupaten sama sekali.", to=notice)
    rina.reply("TERIMA", to=notice)
    asked = rina.reply("WAKTU 4-12-2026 menunggu aspal dari pabrik di Surabaya", to=notice)
    assert asked.startswith(f"Ajukan {case.number} ke kepala")


def test_f01_the_same_reply_twice_does_its_deed_once(store: Store, case: Case, rina: Mailbox) -> None:
    notice = rina.newest()
    assert rina.reply("TERIMA", to=notice, name="<sama@pupr.example>")
    assert rina.reply("TERIMA", to=notice, name="<sama@pupr.example>") == ""
    assert rina.reply("TERIMA", to=notice).startswith("Aduan ini sudah sedang dikerjakan")
    assert deeds(store, Action.START) == 1


def test_c13_a_task_that_moved_is_replied_to_in_vain_also_when_it_came_back(
    store: Store, case: Case, rina: Mailbox, moment: Moment
) -> None:
    notice = rina.newest()
    moment.pass_(minutes=5)
    act(store, case, Action.REASSIGN, agency="DLH", reason="wewenang lingkungan hidup")
    for _ in range(2):
        said = rina.reply(f"SELESAI {FIXED}", to=notice)
        assert said.startswith(f"{case.number} bukan tugas Anda lagi")
        moment.pass_(minutes=5)
        if status(store, case) is Status.ASSIGNED and only(store, tables.complaint).agency == "DLH":
            act(store, case, Action.REASSIGN, agency="PUPR", reason="ternyata jalan kabupaten")
    assert deeds(store, Action.ANSWER) == 0
    assert len(tasks(store)) == 2
    assert all("Lubang ditambal" in detail for detail in tasks(store))
    expand(store)
    assert "Anda terima" in rina.reply("TERIMA")


def test_c13_the_end_of_a_mandate_is_the_end_of_its_replies(store: Store, case: Case, rina: Mailbox) -> None:
    with store.transaction() as tx:
        mine = tables.agency_member.c.agency == "PUPR"
        tx.execute(tables.agency_member.update().where(mine).values(ended_at=tx.now))
    assert rina.reply("TERIMA").startswith(f"{case.number} bukan tugas Anda lagi")
    assert status(store, case) is Status.ASSIGNED
    assert len(tasks(store)) == 1


def test_c13_a_mail_of_two_weeks_ago_is_too_old(store: Store, case: Case, rina: Mailbox, moment: Moment) -> None:
    notice = rina.newest()
    moment.pass_(days=15)
    assert rina.reply("TERIMA", to=notice).startswith("Surel yang Anda balas")
    assert status(store, case) is Status.ASSIGNED


def test_c14_nobody_acts_in_the_name_of_an_officer(store: Store, case: Case, rina: Mailbox) -> None:
    assert rina.reply("TERIMA", proven=False).startswith(f"{case.number}: pengirim surel tidak dapat dipastikan")
    stranger = rina.reply("TERIMA", OTHER, to=rina.newest(0))
    assert stranger.startswith("Alamat ini tidak terdaftar")
    assert case.number not in stranger
    assert status(store, case) is Status.ASSIGNED
    assert (count(store, tables.complaint), len(tasks(store))) == (1, 2)


def test_c14_where_no_server_vouches_the_address_of_the_reply_is_the_proof(
    store: Store, case: Case, rina: Mailbox, office: Office, moment: Moment
) -> None:
    trusting = Mailbox(store, Letters(with_mail(office, authserv_id=""), moment))
    ours = rina.newest()
    guessed = trusting.letters("TERIMA", RINA, name="<tebakan@pupr.example>", In_Reply_To=f"<{ours}@pemkab.example>")
    receive(store, guessed)
    assert status(store, case) is Status.ASSIGNED
    assert rina.lines()[-1].startswith(f"{case.number}: pengirim surel tidak dapat dipastikan")
    assert "Anda terima" in trusting.reply("TERIMA", to=ours, name="<balasan@pupr.example>")


def test_what_fits_nothing_goes_to_a_person_and_not_round_in_circles(
    store: Store, case: Case, rina: Mailbox, moment: Moment
) -> None:
    said = rina.reply("Terima kasih, segera kami tindak lanjuti ya.")
    assert said.startswith(f"{case.number}: balasan Anda tidak dimengerti")
    assert "TERIMA, " in said
    assert status(store, case) is Status.ASSIGNED
    for _ in range(6):
        rina.reply("Saya sedang dinas luar sampai Jumat.")
    assert len(rina.lines()) == 4
    assert len(tasks(store)) == 4
    assert count(store, tables.complaint) == 1
    moment.pass_(hours=2)
    assert "Anda terima" in rina.reply("TERIMA", to=rina.newest(0))


def test_an_officer_is_a_citizen_too(store: Store, case: Case, rina: Mailbox) -> None:
    receive(store, rina.letters("Lampu jalan di Gang Mawar depan rumah saya padam sejak Senin", RINA))
    assert count(store, tables.complaint) == 2
    receipt = rina.newest()
    rina.reply("Tiang nomor tujuh", to=receipt)
    assert count(store, tables.complaint) == 2
    assert tasks(store) == []


def test_two_offices_and_a_summary_of_several_tasks_are_told_apart(store: Store, case: Case, rina: Mailbox) -> None:
    with store.transaction() as tx:
        tx.execute(
            tables.outbox.update().values(complaint_id=None, key="pic.several", created_at=tx.now - timedelta(1))
        )
    assert rina.reply("TERIMA").startswith("Surel ini memuat beberapa aduan")
    assert status(store, case) is Status.ASSIGNED


def test_nobody_is_invited_to_reply_where_no_mail_comes_in(store: Store, case: Case, office: Office) -> None:
    deaf = with_mail(office, mode="send_only").channels[NAME]
    assert not deaf.hears
    with store.transaction() as tx:
        (member,) = directory.team(tx, "PUPR", [Role.PENGHUBUNG], tx.today)
        row = tx.one(tables.complaint.select().where(tables.complaint.c.id == case.id))
        text, _ = staff_texts.compose(tx, "pic.new", row, member, deaf, {})
    assert "/p/" in text
    assert "balas surel" not in text
