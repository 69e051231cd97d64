"""A report of danger: the duty list hears of it at any hour, those above when nobody takes it on, and one takes it on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.messages import MessageKind
from gateway.app import Office
from gateway.complaints.complaint import Urgency
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.outbound.outbound import Parcel
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import REPORT, expand, opened, rows

Sends = Callable[..., Arrival]
DANGER = "kebakaran sekarang di pasar Indra Sari api besar!!"
PUPR, DLH, COORDINATOR = "900001", "628110000003", "900005"
LOG = tables.dispatch_log


@pytest.fixture
def duty() -> tuple[str, ...]:
    return ("PUPR", "DLH")


@pytest.fixture
def office(office: Office, duty: tuple[str, ...], moment: Moment) -> Office:
    """In the night after Monday."""
    moment.now = MONDAY.replace(hour=19)
    reference = office.reference
    return replace(office, reference=replace(reference, tree=replace(reference.tree, duty=duty)))


def said(store: Store) -> dict[str, Parcel]:
    """What leaves now for officers: the end of an address -> its message."""
    expand(store)
    with store.transaction() as tx:
        parcels = outbound.claim(tx, 50, 60)
        tx.execute(tables.outbox.delete())
    return {one.message.address.path.lstrip("+"): one for one in parcels if one.message.address.path != "77"}


def press(store: Store, telegram: Sends, parcel: Parcel) -> list[str]:
    """Press the only button below a message; what is said to whoever pressed."""
    ((button,),) = parcel.message.buttons
    given = {"kind": MessageKind.BUTTON, "button": button.data, "callback_id": "q1"}
    with store.transaction() as tx:
        intake.receive(tx, [telegram(sender=parcel.message.address.path, **given)])
    with store.transaction() as tx:
        texts = [one.message.text for one in outbound.claim(tx, 10, 60)]
        tx.execute(tables.outbox.delete())
    return texts


def test_the_duty_list_is_told_at_night_and_those_above_after_ten_minutes(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = opened(store, telegram(DANGER))
    assert case.urgency is Urgency.DARURAT
    first = said(store)
    assert set(first) == {PUPR, DLH}
    assert first[PUPR].message.text == f'DARURAT {case.number}: "{DANGER}" Pastikan 112/Damkar sudah tahu.'
    moment.pass_(minutes=9)
    assert said(store) == {}
    moment.pass_(minutes=1)
    assert set(said(store)) == {COORDINATOR}
    # Neither office has a deputy: the gap is shown, and the coordinator is told once.
    skipped = rows(store, LOG, LOG.c.key == "duty.unseen", LOG.c.skip != "")
    assert "NO_HOLDER" in {row.skip for row in skipped}


def test_one_takes_it_on_the_others_read_who_and_nobody_above_is_called(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = opened(store, telegram(DANGER))
    parcel = said(store)[PUPR]
    moment.pass_(minutes=2)
    assert f"{case.number} Anda tangani sejak pukul 02.02. Pastikan 112/Damkar sudah tahu." in press(
        store, telegram, parcel
    )
    moment.pass_(minutes=1)
    assert press(store, telegram, parcel) == [
        f"{case.number} sudah ditangani oleh Contoh Penghubung PUPR sejak pukul 02.02."
    ]
    moment.pass_(minutes=30)
    assert said(store) == {}
    assert {row.skip for row in rows(store, LOG, LOG.c.key == "duty.unseen")} == {"SEEN"}


@pytest.mark.parametrize("duty", [()])
def test_where_nobody_is_on_duty_the_coordinator_is_told(store: Store, telegram: Sends) -> None:
    opened(store, telegram(DANGER))
    assert set(said(store)) == {COORDINATOR}


def test_a_report_without_danger_wakes_nobody(store: Store, telegram: Sends) -> None:
    opened(store, telegram(REPORT))
    assert said(store) == {}
    assert rows(store, LOG) == []
