"""What is still asked once a report was judged: a report that names its street, RT or building is not asked for its place."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from channels.messages import Address, InboundMessage, RawRequest
from gateway.complaints.classification import Ranked, Suggestion
from gateway.intake import intake, triage
from gateway.intake.arrival import Arrival
from gateway.people import dialogues
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways

UNSURE = Suggestion(topics=(Ranked("pekerjaan-umum", 0.4),), confidence=0.4)

# fmt: off
REPORTS = [
    # text                                                       asked for its place
    ("Lampu jalan mati di Jl Malijo RT 5 sudah seminggu",        False),
    ("lampu mati di rt 5 sudah seminggu tidak diperbaiki",       False),
    ("Jalan di depan SDN 3 Sidorejo berlubang besar",            False),
    ("Lampu jalan mati sudah seminggu, tolong diperbaiki",       True),
]
# fmt: on


@pytest.mark.parametrize(("text", "is_asked"), REPORTS)
def test_only_a_report_without_any_place_is_asked_for_one(store: Store, text: str, is_asked: bool) -> None:
    message = InboundMessage("u:1", Address("tg", "77"), text, provider_id="m:77:1")
    with store.reading() as tx:
        now = tx.now
    short_ways.receive(store, Arrival("tg", [message], RawRequest("POST", body=b"{}"), now))
    with store.transaction() as tx:
        (job,) = triage.claim(tx, 1)
        triage.take(tx, [(job, UNSURE)])
    asked = short_ways.count(store, tables.outbox, tables.outbox.c.key == "ask.place")
    assert asked == is_asked
    assert ("lokasi" in short_ways.only(store, tables.complaint).missing) == is_asked


KOBAR = (-3.6, 110.7, -1.3, 112.2)
POINTED = replace(UNSURE, point=(-2.6823, 111.6215))


@pytest.mark.parametrize(("bounds", "stored"), [((), POINTED.point), (KOBAR, POINTED.point), ((0, 100, 5, 105), None)])
def test_coordinates_in_the_text_are_the_place_of_the_report(
    store: Store, telegram: "Sends", bounds: tuple[float, ...], stored: tuple[float, float] | None
) -> None:
    short_ways.receive(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        settings = tx.office.settings
        government = replace(settings.government, bounds=bounds)
        tx.office = replace(tx.office, settings=replace(settings, government=government))
        triage.take(tx, [(job, POINTED) for job in triage.claim(tx, 1)])
    row = short_ways.only(store, tables.complaint)
    assert ((row.latitude, row.longitude) if row.latitude else None) == stored
    assert row.point_source == ("manual" if stored else "")


Sends = Callable[..., Arrival]
MORE = "Lokasinya di depan Pasar Raja, dekat jembatan"
SURE = Suggestion(topics=(Ranked("pekerjaan-umum", 0.9),), confidence=0.2, reasons=("lama",))


def test_a_suggestion_for_fewer_words_does_not_count(store: Store, telegram: Sends) -> None:
    short_ways.receive(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        (job,) = triage.claim(tx, 1)
    short_ways.receive(store, telegram(MORE))
    with store.transaction() as tx:
        assert triage.take(tx, [(job, SURE)]) == set()
        triage.give_up(tx, replace(job, attempts=triage.MOST_ATTEMPTS))
    grown = short_ways.only(store, tables.complaint)
    assert MORE in grown.text_masked
    assert (grown.suggestion_state, grown.suggestion, grown.topic) == ("queued", None, "")
    with store.transaction() as tx:
        (again,) = triage.claim(tx, 1)
        triage.take(tx, [(job, SURE)])  # the first one once more, while the whole text is with another worker
        case = cases.by_id(tx, job.complaint_id)
        assert case is not None
        assert case.topic == ""
        assert triage.take(tx, [(again, UNSURE)]) == {job.complaint_id}
    assert short_ways.only(store, tables.complaint).suggestion_state == "done"


def test_nothing_is_proposed_after_the_decision(store: Store, telegram: Sends) -> None:
    case = short_ways.assigned(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        assert triage.take(tx, [(job, SURE) for job in triage.claim(tx, 1)]) == set()
    assert short_ways.only(store, tables.complaint).suggestion_state == "done"
    assert short_ways.count(store, tables.proposal) == 0, case.number


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_question_waits_for_the_message_that_is_being_taken(store: Store, telegram: Sends) -> None:
    """Else one of the two conversations that were read at the same moment is lost."""
    short_ways.receive(store, telegram("Lampu jalan mati sudah seminggu, tolong diperbaiki"))
    with store.transaction() as tx:
        (job,) = triage.claim(tx, 1)

    def ask() -> None:
        with store.transaction() as tx:
            triage.take(tx, [(job, UNSURE)])

    with ThreadPoolExecutor(1) as other:
        with store.transaction() as tx:
            intake.receive(tx, [telegram("BANTUAN")])
            tx.flush()
            asked = other.submit(ask)
            short_ways.when_waiting(store)
        asked.result(20)
    person = short_ways.contact(store)
    with store.reading() as tx:
        dialogue = dialogues.load(tx, [("tg", person)])["tg", person.id]
    assert dialogue.awaiting is not None
    assert dialogue.awaiting.kind == "place"
    assert short_ways.count(store, tables.outbox, tables.outbox.c.key == "ask.place") == 1


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_officer_and_a_suggestion_at_the_same_moment_both_count(store: Store, telegram: Sends) -> None:
    short_ways.receive(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        (job,) = triage.claim(tx, 1)

    def take() -> None:
        with store.transaction() as tx:
            triage.take(tx, [(job, UNSURE)])

    with ThreadPoolExecutor(1) as other:
        with store.transaction() as tx:
            cases.amend(tx, job.complaint_id, topic="lingkungan-hidup", flags="ditandai_petugas")
            taken = other.submit(take)
            short_ways.when_waiting(store)
        taken.result(20)
    both = short_ways.only(store, tables.complaint)
    assert (both.topic, both.flags, both.suggestion_state) == ("lingkungan-hidup", "ditandai_petugas", "done")


def test_a_greeting_that_came_first_does_not_decide_the_topic(store: Store, telegram: Sends) -> None:
    """People write in several messages; the first may be judged before the second comes."""
    case = short_ways.opened(store, telegram("Selamat siang Bapak, kami warga mau melapor"))
    for suggestion, topic in ((Suggestion(), "lainnya"), (SURE, "pekerjaan-umum"), (UNSURE, "pekerjaan-umum")):
        with store.transaction() as tx:
            triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 1)])
        row = short_ways.only(store, tables.complaint)
        assert row.topic == topic
        short_ways.receive(store, telegram(MORE))
    assert row.id == case.id


def test_a_topic_that_the_reporter_gave_stays(store: Store, telegram: Sends) -> None:
    case = short_ways.opened(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        cases.amend(tx, case.id, topic="perhubungan")
    for suggestion in (Suggestion(), SURE):
        with store.transaction() as tx:
            triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 1)])
        assert short_ways.only(store, tables.complaint).topic == "perhubungan"
        short_ways.receive(store, telegram(MORE))
