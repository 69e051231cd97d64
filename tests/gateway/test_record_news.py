"""One alert and one all-clear for a system of record, whatever it does in between; one reminder a day of work by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.complaints.forward import Circuit, CircuitState, ForwardState
from gateway.complaints.notices import Audience
from gateway.forwarding import bridge, forwarding, record_news
from gateway.intake.arrival import Arrival
from gateway.matrix import Cell, Matrix
from gateway.notices import ruling
from gateway.notices.ruling import Wish
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, assigned, member, only, said
from tests.gateway.test_forwarding import SP4N, claim, settle

Sends = Callable[..., Arrival]
TEAM = tables.agency_member


def shut(store: Store, moment: Moment, reason: str = "busy") -> None:
    with store.transaction() as tx:
        state = Circuit(CircuitState.OPEN, 5, moment.now, moment.now + timedelta(minutes=1), 0, reason)
        forwarding.keep_circuit(tx, SP4N, state)


def well(store: Store) -> None:
    with store.transaction() as tx:
        forwarding.keep_circuit(tx, SP4N, Circuit())


def look(store: Store, moment: Moment, minutes: int) -> None:
    for _ in range(minutes):
        moment.pass_(minutes=1)
        with store.transaction() as tx:
            record_news.tell_alerts(tx)


def test_an_outage_is_told_once_and_its_end_once_however_it_flickers(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    assigned(store, telegram(REPORT))
    shut(store, moment)
    look(store, moment, 9)
    assert said(store, "chan.alert") == []
    look(store, moment, 1)
    assert said(store, "chan.alert") == [
        "Kanal LAPOR! keluar: tidak menjawab sejak 23-11 08.00. Antre 1. Tidak ada yang hilang."
    ]
    for _ in range(5):  # the probe gets through, what follows does not
        well(store)
        look(store, moment, 3)
        shut(store, moment)
        look(store, moment, 3)
    assert len(said(store, "chan.alert")) == 1
    well(store)
    look(store, moment, 30)
    assert said(store, "chan.alert")[1:] == ["Kanal LAPOR! pulih, 1 kiriman menyusul."]


def test_what_flickers_from_the_beginning_is_told_too(store: Store, moment: Moment) -> None:
    for _ in range(4):
        shut(store, moment)
        look(store, moment, 2)
        well(store)
        look(store, moment, 2)
    assert len(said(store, "chan.alert")) == 1


def test_a_short_silence_is_told_to_nobody_and_refused_keys_at_once(store: Store, moment: Moment) -> None:
    shut(store, moment)
    look(store, moment, 5)
    well(store)
    look(store, moment, 30)
    assert said(store, "chan.alert") == []
    shut(store, moment, "locked_out")
    look(store, moment, 1)
    (told,) = said(store, "chan.alert")
    assert "menolak kunci kita" in told


def remind(store: Store) -> int:
    with store.transaction() as tx:
        return record_news.remind(tx)


def test_work_by_hand_that_waits_two_working_days_is_told_once_a_day(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    assert remind(store) == 0
    moment.pass_(days=1)
    assert remind(store) == 0
    moment.pass_(days=1)
    assert [remind(store), remind(store)] == [1, 0]
    (text,) = said(store, "task.sp4n")
    assert text.startswith("LAPOR!: 1 laporan perlu dicek/diinput, tertua 2 hari kerja.")
    moment.pass_(hours=14)  # at night
    assert remind(store) == 0
    moment.pass_(hours=10)
    assert remind(store) == 1
    with store.transaction() as tx:
        bridge.numbered(tx, job.id, "8100007", COORDINATOR)
    moment.pass_(days=1)
    assert remind(store) == 0


def test_a_number_that_does_not_come_and_a_question_that_nobody_answers_are_told(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    with store.transaction() as tx:
        bridge.typed_in(tx, job.id, COORDINATOR)
    moment.pass_(hours=3)
    assert remind(store) == 0
    moment.pass_(hours=2)
    assert remind(store) == 1


def test_what_waits_to_be_sent_for_a_day_is_told_daily(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT))
    assert remind(store) == 0
    moment.pass_(days=1, minutes=1)
    assert remind(store) == 1


def typing(store: Store) -> int:
    with store.transaction() as tx:
        return record_news.tell_typing(tx)


def to_type(store: Store, arrival: Arrival) -> int:
    assigned(store, arrival)
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    return job.id


def operated_by(store: Store, agency: str) -> None:
    (table,) = store.office.settings.forwarding
    named = replace(table, values={**table.values, "operator_agency": agency})
    store.office = replace(store.office, settings=replace(store.office.settings, forwarding=(named,)))


def test_what_waits_to_be_typed_in_is_told_each_working_morning(store: Store, telegram: Sends, moment: Moment) -> None:
    first = to_type(store, telegram(REPORT))
    assert typing(store) == 0, "it came this morning"
    moment.pass_(days=1)
    second = to_type(store, telegram("Lampu jalan di depan sekolah mati sejak tiga malam", sender="78"))
    assert [typing(store), typing(store)] == [1, 0]
    (text,) = said(store, "task.bridge")
    assert text.startswith("Perlu diinput ke LAPOR!: 2 laporan, tertua 1 hari kerja. Menunggu nomor: 0. http")
    with store.transaction() as tx:
        bridge.typed_in(tx, first, COORDINATOR)
    moment.pass_(days=1, hours=6)
    assert typing(store) == 0, "no morning any more"
    moment.pass_(hours=18)
    assert typing(store) == 1
    assert said(store, "task.bridge")[1].startswith(
        "Perlu diinput ke LAPOR!: 1 laporan, tertua 2 hari kerja. Menunggu nomor: 1."
    )
    with store.transaction() as tx:
        bridge.numbered(tx, second, "8100007", COORDINATOR)
    moment.pass_(days=1)
    assert typing(store) == 0


def test_whoever_was_reminded_today_is_not_told_twice(store: Store, telegram: Sends, moment: Moment) -> None:
    to_type(store, telegram(REPORT))
    moment.pass_(days=2)
    assert (remind(store), typing(store)) == (1, 0)
    operated_by(store, "DLH")
    moment.pass_(days=1)
    assert (remind(store), typing(store)) == (1, 1), "those who type in are others"


@pytest.mark.parametrize(("agency", "reader"), [("", "DISKOMINFO"), ("PUPR", "PUPR"), ("NOBODY", "DISKOMINFO")])
def test_the_team_that_types_in_is_told(
    store: Store, telegram: Sends, moment: Moment, agency: str, reader: str
) -> None:
    operated_by(store, agency)
    to_type(store, telegram(REPORT))
    moment.pass_(days=1)
    assert typing(store) == 1
    told = only(store, tables.outbox, tables.outbox.c.key == "task.bridge")
    assert told.contact_id == only(store, TEAM, TEAM.c.id == member(store, reader).id).telegram_id


def test_an_office_that_wants_no_reminders_gets_none(store: Store, telegram: Sends, moment: Moment) -> None:
    store.office = replace(store.office, matrix=Matrix(every_s=0))
    with store.transaction() as tx:
        for key, audience in (("task.sp4n", Audience.COORDINATOR), ("task.bridge", Audience.TEAM)):
            wish = Wish(key, audience, Cell(enabled=False), "Jembatan dilihat setiap pagi", 0)
            ruling.change(tx, wish, COORDINATOR)
    to_type(store, telegram(REPORT))
    moment.pass_(days=2)
    assert (remind(store), typing(store)) == (0, 0)
