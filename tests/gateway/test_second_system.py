"""A second system of record beside LAPOR!: it gets reports alone, under ids of its own, and its word asks the reporter."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from config.settings import ForwarderTable, Settings
from gateway.complaints.complaint import Action, Status
from gateway.complaints.forward import (
    ForwardJob,
    ForwardOutcome,
    ForwardState,
    Health,
    PollJob,
    PollOutcome,
    RemoteEvent,
    RemoteState,
)
from gateway.forwarding import bridge, forwarding
from gateway.forwarding.remote_ids import LONGEST, SHORT, columns
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import settings_at
from tests.gateway.short_ways import (
    ANSWER,
    COORDINATOR,
    REPORT,
    act,
    assigned,
    count,
    member,
    now,
    only,
    reporter,
    rows,
)

CITY = "kota"
UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
TABLE = ForwarderTable(CITY, "open311", {"mode": "api", "api_url": "http://127.0.0.1:1/open311/v2"})
Sends = Callable[..., Arrival]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    usual = settings_at(database_url, tmp_path)
    return replace(usual, forwarding=(*usual.forwarding, TABLE))


def sent(store: Store, remote_id: str) -> ForwardJob:
    with store.transaction() as tx:
        (job,) = forwarding.claim(tx, CITY, 10)
    with store.transaction() as tx:
        done = ForwardOutcome(job.id, job.fence, ForwardState.SENT, remote_id=remote_id, attempt=1, written=True)
        forwarding.settle(tx, [done])
    return job


def as_they_come(_job: PollJob, _at: datetime) -> float:
    return 0.0


def polled(store: Store) -> PollJob:
    with store.transaction() as tx:
        (job,) = forwarding.claim_polls(tx, CITY, 10, as_they_come)
    return job


def looked(store: Store, job: PollJob, state: RemoteState) -> None:
    with store.transaction() as tx:
        outcome = PollOutcome(job.complaint_id, job.fence, tx.now, state, health=Health.GOOD)
        forwarding.settle_poll(tx, outcome, CITY)


def test_it_gets_the_report_with_its_topic_and_nothing_afterwards(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.REPLY, reporter(case), text="Sekarang makin dalam.")
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    made = [(row.target, row.kind) for row in rows(store, tables.forward)]
    assert sorted(made) == [("kota", "create"), ("sp4n", "create"), ("sp4n", "followup"), ("sp4n", "followup")]
    assert sent(store, "13-01616059").report.topic == now(store, case).topic != ""


def test_its_number_is_kept_whole_and_is_not_shown_as_that_of_lapor(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    sent(store, f"token:{UUID}")
    job = polled(store)
    assert job.remote_id == f"token:{UUID}"
    looked(store, job, RemoteState(UUID, "open", status=job.status))
    assert polled(store).remote_id == UUID
    row = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert (row.sp4n_id, row.sp4n_state, row.status) == ("", "", case.status.value)


def test_a_promised_number_that_another_has_is_for_a_person(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    sent(store, UUID)
    assigned(store, telegram("Lampu jalan di depan sekolah mati sejak tiga malam yang lalu", sender="78"))
    sent(store, "token:1")
    with store.transaction() as tx:
        jobs = forwarding.claim_polls(tx, CITY, 10, as_they_come)
    (job,) = [one for one in jobs if one.remote_id == "token:1"]
    looked(store, job, RemoteState(UUID, "open", status=job.status))
    (task,) = rows(store, tables.task, tables.task.c.kind == "sp4n_check")
    assert (task.complaint_id, task.detail) == (job.complaint_id, f"{UUID} = KBR-260000013")
    assert {row.remote_ref for row in rows(store, tables.forward, tables.forward.c.target == CITY)} == {UUID, ""}


def test_a_report_that_was_merged_there_shows_no_number_of_lapor(store: Store, telegram: Sends) -> None:
    first = assigned(store, telegram(REPORT))
    sent(store, UUID)
    second = assigned(store, telegram("Lampu jalan di depan sekolah mati sejak tiga malam yang lalu", sender="78"))
    here = (tables.forward.c.target == CITY) & (tables.forward.c.complaint_id == second.id)
    by_hand = replace(TABLE, values={**TABLE.values, "mode": "manual", "id_pattern": "^[0-9a-f-]{36}$"})
    (lapor,) = (table for table in store.office.settings.forwarding if table.name != CITY)
    store.office = replace(store.office, settings=replace(store.office.settings, forwarding=(lapor, by_hand)))
    with store.transaction() as tx:
        tx.execute(tables.forward.update().where(here).values(state=ForwardState.MANUAL.value))
        bridge.shared(tx, only(store, tables.forward, here).id, UUID, "digabung di sana", COORDINATOR)
    row = only(store, tables.forward, here)
    assert (row.state, row.detail_masked) == ("sent", f"= {first.number}")
    assert only(store, tables.complaint, tables.complaint.c.id == second.id).sp4n_id == ""


def test_a_long_number_is_pasted_back_as_often_as_one_likes(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    here, long = tables.forward.c.target == CITY, "9" * (SHORT + 1)
    by_hand = replace(TABLE, values={**TABLE.values, "mode": "manual", "id_pattern": "^[0-9]{25}$"})
    store.office = replace(store.office, settings=replace(store.office.settings, forwarding=(by_hand,)))
    with store.transaction() as tx:
        tx.execute(tables.forward.update().where(here).values(state=ForwardState.MANUAL.value))
    for _ in range(2):
        with store.transaction() as tx:
            assert bridge.numbered(tx, only(store, tables.forward, here).id, long, COORDINATOR) == long
    assert count(store, tables.audit, tables.audit.c.action == "bridge_numbered") == 1


def test_closed_over_there_asks_the_reporter_with_their_words(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    sent(store, "7")
    job = polled(store)
    with store.reading() as tx:
        told = RemoteEvent("k1", tx.now, "followup", "Lubang sudah ditutup kemarin.")
        state = RemoteState(
            "7", "closed", status=Status.AWAITING_REPORTER, text_key="st.answer", status_since=tx.now, events=(told,)
        )
    looked(store, job, state)
    row = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert (row.status, row.public_answer) == ("awaiting_reporter", "Lubang sudah ditutup kemarin.")


def test_an_id_has_one_place_whatever_its_length() -> None:
    assert columns("x" * SHORT) == {"remote_id": "x" * SHORT, "remote_ref": ""}
    long = columns("x" * LONGEST)
    assert (len(long["remote_id"]), long["remote_ref"]) == (SHORT, "x" * LONGEST)
    with pytest.raises(ValueError, match="201 characters"):
        columns("x" * (LONGEST + 1))
