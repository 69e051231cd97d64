"""A button below an officer's notice: carried out once, by the one it was made for, and always answered."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from channels.messages import Address, MessageKind
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role, Status
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.officer_links import links
from gateway.people import directory
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import spoken

NUMBER = "KBR-260000013"
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
OFFICER = "900001"
Telegram = Callable[..., Arrival]
Press = Callable[..., list[str]]


@pytest.fixture
def press(store: Store, telegram: Telegram) -> Press:
    """Press the button of PUPR's liaison officer; what is said to whoever pressed."""
    with store.transaction() as tx:
        intake.receive(tx, [telegram("Jalan di depan pasar berlubang besar")])
    apply(store, Action.ASSIGN, COORDINATOR, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    with store.transaction() as tx:
        [member, *_] = directory.team(tx, "PUPR", (Role.PENGHUBUNG,), store.office.calendar.today(tx.now))
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        button = links.issue_button(tx, case.id, member.id, Action.START)
        tx.execute(tables.outbox.delete())
    heard = [0]

    def pressed(sender: str = OFFICER) -> list[str]:
        with store.transaction() as tx:
            kind = {"kind": MessageKind.BUTTON, "button": button, "callback_id": "q1"}
            intake.receive(tx, [telegram(sender=sender, **kind)])
        said = spoken(store, Address("tg", sender), heard[-1])
        heard.extend(line.id for line in said)
        return [line.text for line in said]

    return pressed


def apply(store: Store, action: Action, actor: Actor, **inputs: str) -> None:
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def status(store: Store) -> Status:
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        return case.status


def test_accepting_says_so_and_a_second_press_says_who_did_it_when(store: Store, press: Press, moment: Moment) -> None:
    assert press() == [f"{NUMBER} Anda terima pukul 08.00."] * 2
    moment.pass_(minutes=5)
    assert press() == ["Sudah dikerjakan oleh penghubung PUPR pukul 08.00."]
    assert status(store) is Status.IN_PROGRESS
    with store.transaction() as tx:
        started = tables.complaint_event.c.action == Action.START.value
        assert len(tx.all(select(tables.complaint_event.c.id).where(started))) == 1


def test_a_button_that_came_too_late_is_answered_with_the_state_of_today(store: Store, press: Press) -> None:
    officer = Actor(Role.PENGHUBUNG, "2", "PUPR", "Rina")
    answer = "Lubang ditambal dengan aspal panas pada 24 November 2026 pukul 08.30."
    apply(store, Action.ANSWER, officer, explanation=answer, no_evidence_reason="kamera rusak", no_personal_data="1")
    for _ in range(2):
        refused = "Aduan ini sudah menunggu tanggapan pelapor. Aksi Terima & kerjakan tidak berlaku."
        assert press() == [refused]
    assert status(store) is Status.AWAITING_REPORTER


def test_somebody_else_cannot_press_an_officers_button(store: Store, press: Press) -> None:
    assert press(sender="77") == [""]  # Telegram hears that it arrived, no more
    assert press(sender="900004") == ["Tugas sudah dipindahkan, atau tombol ini tidak berlaku lagi untuk Anda."]
    assert status(store) is Status.ASSIGNED
