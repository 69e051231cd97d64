"""One alert and one all-clear for a system of record, whatever it does in between; one reminder a day of work by hand."""

from collections.abc import Callable
from datetime import timedelta

from gateway.complaints.forward import Circuit, CircuitState, ForwardState
from gateway.forwarding import bridge, forwarding, record_news
from gateway.intake.arrival import Arrival
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, assigned, said
from tests.gateway.test_forwarding import SP4N, claim, settle

Sends = Callable[..., Arrival]


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
