"""The chain of who did what: whole when untouched, and every kind of tampering is found."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text

from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.storage import tables
from gateway.storage.store import Store

# Whoever rewrites history has first to switch off what forbids it.
UNGUARDED = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["SET LOCAL session_replication_role = replica"],
}
TAMPERING = [
    ("UPDATE audit SET reason = 'lain' WHERE seq = 4", 4, "changed"),
    (
        "UPDATE audit SET seq = 0 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 0",
        3,
        "changed",
    ),
    ("DELETE FROM audit WHERE seq = 4", 4, "missing"),
    ("DELETE FROM audit WHERE seq >= 5", 5, "truncated"),
    ("UPDATE audit SET hash = (SELECT a.hash FROM audit a WHERE a.seq = 3) WHERE seq = 4", 4, "changed"),
]


def record_lines(store: Store, lines: int) -> None:
    for number in range(lines):
        with store.transaction() as tx:
            audit.record(tx, SYSTEM, "test", "thing", str(number), "alasan", {"n": number})


def test_c8_an_untouched_chain_is_whole(store: Store) -> None:
    record_lines(store, 5)
    with store.reading() as tx:
        verdict = audit.verify(tx)
    assert verdict.problem == ""
    assert verdict.lines >= 5


def test_c8_lines_of_one_transaction_follow_each_other(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(3):
            audit.record(tx, SYSTEM, "test", "thing", str(number))
    with store.reading() as tx:
        assert audit.verify(tx).problem == ""


@pytest.mark.parametrize(("statement", "seq", "problem"), TAMPERING)
def test_c8_tampering_is_found_at_its_place(store: Store, statement: str, seq: int, problem: str) -> None:
    record_lines(store, 6)
    with store.engine.connect() as connection, connection.begin():
        for unguard in UNGUARDED[connection.dialect.name]:
            connection.execute(text(unguard))
        for each in statement.split(";"):
            connection.execute(text(each))
    with store.reading() as tx:
        verdict = audit.verify(tx)
    assert (verdict.seq, verdict.problem) == (seq, problem)


def test_c8_a_chain_cut_with_its_head_is_found_by_a_checkpoint(store: Store) -> None:
    record_lines(store, 6)
    with store.reading() as tx:
        row = tx.one(select(tables.audit_head).where(tables.audit_head.c.name == audit.HEAD))
        assert row is not None
    with store.engine.connect() as connection, connection.begin():
        for unguard in UNGUARDED[connection.dialect.name]:
            connection.execute(text(unguard))
        connection.execute(text("DELETE FROM audit WHERE seq > 3"))
        cut = "UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3) WHERE name = 'head'"
        connection.execute(text(cut))
    with store.reading() as tx:
        assert audit.verify(tx).problem == ""
        assert audit.verify(tx, {row.seq: row.hash}).problem == "truncated"


def test_a_renamed_government_keeps_its_history(store: Store) -> None:
    record_lines(store, 3)
    settings = store.office.settings
    renamed = replace(settings, government=replace(settings.government, name="Kota Baru"))
    store.office = replace(store.office, settings=renamed)
    record_lines(store, 2)
    with store.reading() as tx:
        assert audit.verify(tx).problem == ""
