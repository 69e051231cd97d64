"""Figures: percentiles, stages, rings, plans, and the report that carries them."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.app import Gateway
from gateway.queries import bench as counted
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.trials import rehearsal
from tests.plans import statements
from workers.bench import growth, meters, report, stamped
from workers.bench.filling import fill, stages
from workers.bench.messages import CHANNELS

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_percentiles_of_few_and_of_none() -> None:
    assert meters.percentile([], 0.5) == 0.0
    assert meters.percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert meters.percentile([1.0, 2.0, 3.0, 4.0], 0.999) == 4.0


def test_a_process_that_has_gone_used_nothing() -> None:
    assert meters.cpu_s(os.getpid()) > 0
    assert meters.peak_mib(os.getpid()) > 1
    assert (meters.cpu_s(2**22 + 1), meters.peak_mib(2**22 + 1)) == (0.0, 0.0)


def test_a_ring_waits_for_the_next_look_of_whoever_looks_first(tmp_path: Path) -> None:
    file = tmp_path / "stamps"
    assert stamped.waits_s(file) == []
    file.write_text("1.0 looked\n1.5 rang\n1.625 rang\n2.0 looked\n2.25 looked\n3.0 rang\n3.125 looked\n4.0 rang\n")
    assert stamped.waits_s(file) == [0.125, 0.375, 0.5]


STAMPED = """
import sys
from pathlib import Path
from workers.bench.stamped import noted_in, stamp
stamp(noted_in(Path(sys.argv[1])), "deliver")
from gateway.doorbell import Doorbell
from workers.counting import CountingWork
bells = Doorbell(None)
bells.ring(["classify"])
bells.ring(["deliver", "classify"])
class Nothing:
    carry_s = waits = settle = put_back = let_go = None
    def claim(self, tx, under_way): return []
class Counted:
    def add(self, name, labels, many): pass
for queue in ("forward", "deliver"):
    assert CountingWork(queue, Nothing(), Counted()).claim(None, []) == []
"""


def test_a_process_of_a_bench_notes_rings_and_looks_of_one_queue(tmp_path: Path) -> None:
    file = tmp_path / "stamps"
    subprocess.run([sys.executable, "-c", STAMPED, file], check=True)  # noqa: S603 - our own code
    assert [line.partition(" ")[2] for line in file.read_text().splitlines()] == [stamped.RANG, stamped.LOOKED]


def test_stages_add_up_to_what_taking_a_message_costs(gateway: Gateway) -> None:
    measured = stages(gateway, 0, CHANNELS, batch=4, batches=2)
    assert min(measured.parse, measured.step, measured.sql, measured.commit) > 0
    assert measured.accept == pytest.approx(measured.step + measured.sql + measured.commit)
    with gateway.store.reading() as tx:
        assert counted.rows(tx)["complaint"] == 16, "two batches to warm up, two that were measured"


# fmt: off
PLANS = [
    # statement                                        step of the plan                                        read whole
    ("SELECT * FROM complaint",                          "SCAN complaint",                                       ["complaint"]),
    ("SELECT * FROM complaint AS c",                     "SCAN c",                                               ["complaint"]),
    ("SELECT * FROM contact AS c",                       "SCAN c",                                               []),
    ("SELECT count(*) FROM outbox q GROUP BY channel",   "SCAN q USING INDEX ix_outbox_watch",                   ["outbox"]),
    ("SELECT id FROM outbox LIMIT 5",                    "SCAN outbox USING INDEX ix_outbox_watch",              []),
    ("SELECT id FROM outbox WHERE state = 'queued'",     "SCAN outbox USING INDEX ix_outbox_heads",              []),
    ("SELECT id FROM message WHERE id = 1",              "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)",   []),
    ("SELECT id FROM message m",                         "->  Seq Scan on message m  (cost=0.00..1 rows=1)",     ["message"]),
]
# fmt: on
@pytest.mark.parametrize(("statement", "step", "tables_read"), PLANS)
def test_reading_a_whole_table_is_seen_in_its_plan(statement: str, step: str, tables_read: list[str]) -> None:
    assert counted.whole_tables(statement, [step]) == tables_read


def many(tx: Transaction, table: object) -> int:
    row = tx.one(select(func.count()).select_from(table))  # type: ignore[arg-type]
    return int(row[0]) if row else 0


def test_a_season_is_copied_with_numbers_senders_and_moments_of_its_own(any_gateway: Gateway) -> None:
    with any_gateway.store.transaction(NOON) as tx:
        begun = rehearsal.begin(tx)
    list(fill(any_gateway, range(4), CHANNELS, lambda: NOON))
    with any_gateway.store.transaction(NOON + timedelta(hours=1)) as tx:
        season = rehearsal.end(tx, begun)
    for number in (1, 2):
        with any_gateway.store.transaction() as tx:
            rehearsal.copy(tx, season, number, number * timedelta(days=1))
            rehearsal.settle(tx)
    with any_gateway.store.reading() as tx:
        complaint, event = tables.complaint, tables.complaint_event
        assert [many(tx, table) for table in (complaint, tables.message, event, tables.dialogue)] == [12, 12, 12, 12]
        days = {row.created_at for row in tx.all(select(complaint))}
        assert days == {NOON, NOON - timedelta(days=1), NOON - timedelta(days=2)}
        lonely = select(event.c.id).where(event.c.complaint_id.not_in(select(complaint.c.id)))
        assert tx.all(lonely) == []
        assert counted.doubled(tx) == 0


def test_every_query_runs_and_says_how_it_reads(any_gateway: Gateway) -> None:
    """On rows without a closed complaint there is nothing to ask about; the season of a real run has some."""
    list(fill(any_gateway, range(2), CHANNELS, any_gateway.clock.now))
    with any_gateway.store.transaction() as tx:
        tx.execute(tables.complaint.update().values(closed_at=tx.now, agency="PUPR"))  # no casework: nothing is read
    measured = growth.measured(any_gateway, ["list_newest", "claim_outbox"])
    assert measured["complaints"] == 2
    for told in measured["queries"].values():
        assert told["p50_ms"] > 0
        assert len(told["plan"]) == told["statements"] > 0


def test_a_report_says_where_it_was_made_and_what_was_wrong() -> None:
    told = report.head("intake", {"seconds": 3})
    assert {"bench", "version", "python", "machine", "database", "load_average_before", "parameters"} <= told.keys()
    assert (told["sound"], told["problems"]) == (True, [])
    assert report.judged(told, ["one is lost"]) | {"sound": False, "problems": ["one is lost"]} == told


def test_a_run_is_compared_with_the_last_one_that_was_kept(tmp_path: Path) -> None:
    before = {"runs": {"intake": {"rate": 100.0, "p99_ms": 50.0, "accepted": 7}}}
    now = {"runs": {"intake": {"rate": 150.0, "p99_ms": 100.0, "accepted": 9}}}
    assert report.latest(tmp_path) is None
    report.keep(before, NOON - timedelta(days=1), tmp_path)
    assert report.compared(now, report.latest(tmp_path)) == {
        "runs.intake.rate": {"before": 100.0, "now": 150.0, "better": 1.5},
        "runs.intake.p99_ms": {"before": 50.0, "now": 100.0, "better": 0.5},
    }


def test_a_batch_of_new_senders_is_written_table_by_table_and_not_message_by_message(any_gateway: Gateway) -> None:
    with statements(any_gateway.store, "INSERT INTO COMPLAINT ", "INSERT INTO OUTBOX ") as inserts:
        list(fill(any_gateway, range(12), CHANNELS, any_gateway.clock.now))
    assert len(inserts) == 2
