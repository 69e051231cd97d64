"""What alarms look at: which processes live, what all of them counted, whether the record of deeds is whole."""

import shutil
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.complaints.forward import Circuit, CircuitState
from gateway.forwarding.forwarding import keep_circuit
from gateway.operations import leases, vitals
from gateway.operations.heart import Heart
from gateway.operations.vitals import Counted
from gateway.queries import vital_signs
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import Moment
from tests.web.conftest import Served
from workers.counting import CountingSteps, CountingWork


def test_figures_of_all_processes_add_up_and_never_go_back(store: Store) -> None:
    one, two = Counted(), Counted()
    hearts = [Heart(store, "deliver notify", one), Heart(store, "deliver", two)]
    for counted, many in ((one, 2), (two, 3), (one, 5)):
        counted.add("sends_total", {"channel": "sms", "outcome": "sent"}, many)
        for heart in hearts:
            heart.beat()
    with store.reading() as tx:
        assert vitals.figures(tx) == {"sends_total|channel=sms|outcome=sent": 10}
        assert [process.role for process in vitals.processes(tx)] == ["deliver", "deliver notify"]
    one.add("sends_total", {"channel": "sms", "outcome": "sent"})
    hearts[0].beat(is_last=True)
    with store.reading() as tx:
        assert vitals.figures(tx) == {"sends_total|channel=sms|outcome=sent": 11}
        assert [process.role for process in vitals.processes(tx)] == ["deliver"]


def test_what_a_database_that_is_away_did_not_take_is_counted_with_the_next_beat(store: Store) -> None:
    counted = Counted()
    heart = Heart(store, "clock", counted)
    counted.add("claims_total", {"queue": "notify"}, 4)
    with store.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE figure RENAME TO elsewhere"))
    heart.beat()
    with store.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE elsewhere RENAME TO figure"))
    counted.add("claims_total", {"queue": "notify"})
    heart.beat()
    with store.reading() as tx:
        assert vitals.figures(tx) == {"claims_total|queue=notify": 5}


def test_a_process_that_is_not_heard_of_is_gone_and_then_forgotten(store: Store, moment: Moment) -> None:
    Heart(store, "clock", Counted()).beat()
    moment.pass_(seconds=61)
    with store.reading() as tx:
        assert [process.lives for process in vitals.processes(tx)] == [False]
    moment.pass_(days=1)
    with store.transaction() as tx:
        assert vitals.forget_dead(tx) == 1
        assert not vitals.processes(tx)


class Post:
    """A queue of letters: what a `Work` is, without a database."""

    carry_s = 1.0

    def claim(self, _tx: Transaction, under_way: Collection[str]) -> Sequence[str]:
        return [] if under_way else ["a", "b"]

    async def waits(self, items: Sequence[str]) -> Sequence[float]:
        return [0.0 for _ in items]

    async def carry(self, item: str) -> str:
        return item.upper()

    def settle(self, _tx: Transaction, _done: Sequence[str]) -> datetime | None:
        return None

    def put_back(self, item: str) -> str:
        return item

    def interrupted(self, item: str) -> str:
        return item

    def let_go(self, _tx: Transaction) -> None:
        return None

    def step(self) -> int:
        return 3


async def test_queues_count_what_they_take_up() -> None:
    counted = Counted()
    work = CountingWork("notify", Post(), counted)
    assert work.claim(None, []) == ["a", "b"]  # type: ignore[arg-type] - no database here
    assert work.claim(None, ["a"]) == []  # type: ignore[arg-type]
    assert await work.carry("a") == "A"
    assert CountingSteps("classify", Post(), counted).step() == 3
    assert counted.take() == {"claims_total|queue=notify": 2, "claims_total|queue=classify": 3}


def deeds(store: Store, many: int) -> None:
    with store.transaction() as tx:
        for _ in range(many):
            audit.record(tx, SYSTEM, "tried")


def look(store: Store) -> int:
    with store.transaction() as tx:
        return vitals.watch_audit(tx)


def test_c27_a_changed_line_of_the_record_is_told_until_it_is_as_it_was(store: Store) -> None:
    deeds(store, 5)
    assert look(store) == 0

    def rewrite(actor: str) -> None:
        with store.transaction() as tx:
            if tx.dialect == "sqlite":
                tx.connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_no_update")
            else:
                tx.connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            tx.execute(tables.audit.update().where(tables.audit.c.seq == 3).values(actor_id=actor))

    rewrite("somebody")
    assert look(store) == 3
    with store.reading() as tx:
        assert vitals.figures(tx)[vitals.AUDIT_BROKEN] == 3
    rewrite("system")
    assert look(store) == 0


def test_c27_a_long_record_is_walked_piece_by_piece(store: Store) -> None:
    deeds(store, vitals.AUDIT_LINES + 7)
    seen = []
    for _ in range(3):
        assert look(store) == 0
        with store.reading() as tx:
            seen.append(vitals.figures(tx)[vitals.AUDIT_SEEN])
    assert seen == [vitals.AUDIT_LINES, 0, vitals.AUDIT_LINES]


async def metrics(site: Served) -> dict[str, float]:
    lines = (await (await site.client.get("/metrics")).text()).splitlines()
    return {
        name.removeprefix("satupintu_"): float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


async def test_metrics_tell_the_figures_of_the_whole_installation(site: Served, moment: Moment) -> None:
    counted = Counted()
    counted.add("sends_total", {"channel": "sms", "outcome": "failed"}, 2)
    Heart(site.gateway.store, "deliver notify", counted).beat()
    with site.tx() as tx:
        leases.acquire(tx, vital_signs.CLOCK, "somebody", 20)
        keep_circuit(tx, "sp4n", Circuit(CircuitState.OPEN, 5, tx.now, tx.now, 0, "locked_out"))
        vitals.note_backup(tx, "backed_up", {}, tx.now - timedelta(hours=3))
        vitals.add(tx, "of_a_newer_version_total", 1)
    folder = Path(site.gateway.settings.storage.spool_dir)
    (folder / "1-abc.spool").write_bytes(b"x" * 100)
    told = await metrics(site)
    assert told['processes{role="deliver"}'] == told['processes{role="notify"}'] == 1
    assert told['processes{role="clock"}'] == 0
    assert 0 < told["clock_lead_left_seconds"] <= 20
    assert told['sends_total{channel="sms",outcome="failed"}'] == 2
    assert told['forward_circuit_open{target="sp4n",reason="locked_out"}'] == 1
    assert told['forward_circuit_open{target="sp4n",reason="busy"}'] == 0
    assert told["backup_last_timestamp"] == int((moment.now - timedelta(hours=3)).timestamp())
    assert told['queue_waiting{queue="classify"}'] == 0
    assert (told["spool_bytes"], told["spool_files"]) == (100, 1)
    assert 0 < told['disk_free_ratio{place="spool"}'] <= 1
    assert not any(name.startswith("of_a_newer_version") for name in told)


async def test_metrics_tell_the_exchange_with_a_system_of_record(site: Served, moment: Moment) -> None:
    counted, labels = Counted(), {"target": "sp4n", "path": "GET /complaints/{}/complaint", "result": "ok"}
    for seconds in (0.04, 0.3, 0.4, 75.0):
        counted.add("forward_calls_total", labels)
        counted.took(vitals.CALLS, {"target": "sp4n"}, seconds, vitals.CALLS_WITHIN_S)
    Heart(site.gateway.store, "forward poll", counted).beat()
    told = await metrics(site)
    assert told['forward_calls_total{target="sp4n",path="GET /complaints/{}/complaint",result="ok"}'] == 4
    bucket = 'forward_call_seconds_bucket{{target="sp4n",le="{}"}}'
    assert [told[bucket.format(le)] for le in ("0.1", "0.25", "0.5", "60", "+Inf")] == [1, 1, 3, 3, 4]
    assert told['forward_call_seconds_count{target="sp4n"}'] == 4
    assert told['forward_call_seconds_sum{target="sp4n"}'] == 75.74
    assert told['forward_poll_lag_seconds{target="sp4n"}'] == 0


async def test_metrics_are_told_without_a_spool_and_without_a_backup(site: Served) -> None:
    shutil.rmtree(site.gateway.settings.storage.spool_dir)
    told = await metrics(site)
    assert told["spool_bytes"] == 0
    assert 'disk_free_ratio{place="spool"}' not in told
    assert "backup_last_timestamp" not in told
    assert told["clock_lead_left_seconds"] < 0
