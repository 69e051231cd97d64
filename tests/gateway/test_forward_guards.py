"""What keeps a report from going where it must not, and two reports from sharing a number."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.complaints.complaint import Action, Status
from gateway.complaints.forward import ForwardOutcome, ForwardState, PollOutcome, RemoteEvent, RemoteState
from gateway.forwarding import forwarding
from gateway.intake.arrival import Arrival
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import act, assigned, opened, receive, rows

Sends = Callable[..., Arrival]


def filed(store: Store, remote_id: str) -> None:
    """Claim everything that is due and say that the other side took it under this number."""
    with store.transaction() as tx:
        jobs = forwarding.claim(tx, "sp4n", 10)
    with store.transaction() as tx:
        outcomes = [ForwardOutcome(job.id, job.fence, ForwardState.SENT, remote_id, written=True) for job in jobs]
        forwarding.settle(tx, outcomes)


def test_c30_what_was_practised_never_leaves(store: Store, telegram: Sends) -> None:
    office, training = store.office, replace(store.office.settings.training, enabled=True)
    store.office = replace(office, settings=replace(office.settings, training=training))
    assigned(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    store.office = office
    with store.transaction() as tx:
        assert forwarding.claim(tx, "sp4n", 10) == []


def test_c30_what_was_practised_is_not_looked_for_over_there(store: Store, telegram: Sends, moment: Moment) -> None:
    """The simulated LAPOR! gave it a number; over there that is a stranger's report."""
    office, training = store.office, replace(store.office.settings.training, enabled=True)
    store.office = replace(office, settings=replace(office.settings, training=training))
    case = assigned(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    filed(store, "8123456")
    act(store, case, Action.REFER_OUT, institution="PLN", institution_id="77", reason="Tiang itu milik PLN seluruhnya.")
    store.office = office
    moment.pass_(days=1)
    with store.transaction() as tx:
        assert forwarding.claim_polls(tx, "sp4n", 10, lambda *_: 0.0) == []
        assert forwarding.claim(tx, "sp4n", 10) == []


def test_a_number_that_another_complaint_has_is_for_a_person_to_judge(store: Store, telegram: Sends) -> None:
    assigned(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    filed(store, "8123456")
    assigned(store, telegram("Sampah di TPS dekat sekolah menumpuk sudah dua minggu", sender="78"))
    filed(store, "8123456")
    assert [row.state for row in rows(store, tables.forward)] == ["sent", "manual_check"]
    assert [task.kind for task in rows(store, tables.task)] == ["sp4n_check"]


LONG = f"Terdisposisi ke {'Dinas Pekerjaan Umum, Penataan Ruang, Perumahan dan Kawasan Permukiman ' * 2}"


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("Terdisposisi", "Terdisposisi", Status.ASSIGNED),
        (LONG, LONG, Status.ASSIGNED),
        ("Terverifikasi", "Terdisposisi", Status.ASSIGNED),
        ("Terdisposisi", "Dikaji ulang", None),
    ],
    ids=["the same", "a long one", "where we are already", "a word that nobody knows"],
)
def test_news_over_there_reaches_the_reporter_whatever_the_status_says(
    store: Store, telegram: Sends, moment: Moment, before: str, after: str, status: Status | None
) -> None:
    case = assigned(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    filed(store, "8123456")
    news = (RemoteEvent("k1", moment.now, "followup", "Aspal dijadwalkan hari Rabu."),)
    for name, events in ((before, ()), (after, news), (after, news)):
        state = RemoteState("8123456", name, status=status, events=events)
        with store.transaction() as tx:
            (job,) = forwarding.claim_polls(tx, "sp4n", 10, lambda *_: 0.0)
        with store.transaction() as tx:
            forwarding.settle_poll(tx, PollOutcome(case.id, job.fence, moment.now, state), "sp4n")
    told = [row.inputs for row in rows(store, tables.notice) if row.key == "st.note"]
    assert told == [{"note": "Aspal dijadwalkan hari Rabu."}]


def test_whoever_writes_again_can_be_reached_again(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    with store.transaction() as tx:
        contacts.mark_unreachable(tx, case.contact_id or 0, "blocked")
    receive(store, telegram("STATUS"))
    citizen = tables.contact.c.id == case.contact_id
    assert [row.reachable for row in rows(store, tables.contact, citizen)] == [True]
