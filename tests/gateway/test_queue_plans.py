"""Queues are found by their partial indexes: what was sent long ago beside them costs nothing (PERFORMANCE rule 13)."""

from collections.abc import Callable

import pytest

from gateway.files import attachments
from gateway.forwarding import remote_files
from gateway.intake import later_words
from gateway.notices import notices
from gateway.operations import clock_jumps
from gateway.outbound import outbound
from gateway.storage.store import Store, Transaction
from tests.plans import statements

WORK: dict[str, Callable[[Transaction], object]] = {
    "outbox claimed": lambda tx: outbound.claim(tx, 10, 60),
    "outbox swept": outbound.sweep,
    "twin withdrawn": lambda tx: outbound.withdraw(tx, "tg", 1, "once"),
    "opt-out": lambda tx: outbound.suppress(tx, "tg", 1),
    "clock jumps mended": clock_jumps.mend,
    "files claimed": lambda tx: attachments.claim(tx, 10),
    "files of a system of record claimed": lambda tx: remote_files.claim(tx, "sp4n", 10),
    "notices claimed": notices.claim_due,
    "words said later claimed": lambda tx: later_words.claim(tx, 10),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("work", WORK.values(), ids=list(WORK))
def test_no_queue_reads_its_whole_table(store: Store, work: Callable[[Transaction], object]) -> None:
    with statements(store, "UPDATE", "WITH") as found, store.transaction() as tx:
        work(tx)
    assert found
    with store.engine.connect() as connection:
        for sql, given in found:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)]
            reads = [step for step in plan if step.startswith(("SCAN outbox", "SCAN q", "SEARCH outbox", "SEARCH q"))]
            whole = [
                step for step in reads if not ("INDEX" in step or "PRIMARY KEY" in step) or "ix_outbox_watch" in step
            ]
            assert not whole, (sql, plan)
