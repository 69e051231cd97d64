"""The audit chain after its oldest lines were cut: still whole, and every false cut is found (SECURITY § 5, § 7)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from gateway.audit import audit, checkpoints
from gateway.audit.checkpoints import Checkpoint
from gateway.operations import vitals
from gateway.retention import audit_cut
from gateway.sealing import Keys
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import count, rows
from tests.gateway.test_audit import UNGUARDED, record_lines
from tests.plans import statements
from tests.security.test_audit_chain import checkpoint, kept_outside, rewrite
from workers import kill_points
from workers.family import forked

KILLED = -9
FORGED = (
    "INSERT INTO audit_cut (seq, hash, at, rows, signature)"
    " SELECT seq, :hash, 1, seq, :signature FROM audit WHERE seq = {seq}"
)
CHANGE = "UPDATE audit SET reason = '{}' WHERE seq = {}"
TAKE, TAKE_ALL = "DELETE FROM audit WHERE seq = {}", "DELETE FROM audit WHERE seq <= {}"
UNCUT = "DELETE FROM audit_cut WHERE seq > {}"
HEAD_BACK = "UPDATE audit_head SET seq = {} WHERE name = 'head'"


def years_later(store: Store, moment: Moment, young: int = 3) -> int:
    """Five years after a checkpoint, with `young` lines since; the checkpoint's line."""
    record_lines(store, 7)
    made = checkpoint(store)
    assert made is not None
    moment.pass_(days=5 * 365, seconds=1)
    record_lines(store, young)
    return made.seq


def problem(store: Store, *given: Checkpoint) -> tuple[int, str]:
    with store.reading() as tx:
        verdict = audit.verify(tx, checkpoints.known(tx, given))
    return verdict.seq, verdict.problem


def watched(store: Store) -> int:
    with store.transaction() as tx:
        return vitals.watch_audit(tx)


def forge(store: Store, seq: int, signature: bytes, digest: str) -> None:
    """What somebody with SQL can do with the guards in their place: a record of a cut, and the lines that it gives away."""
    with store.engine.connect() as connection, connection.begin():
        connection.execute(text(FORGED.format(seq=seq)), {"hash": digest, "signature": signature})
        connection.execute(text("DELETE FROM audit WHERE seq <= :seq"), {"seq": seq})


def test_c8_lines_of_five_years_go_up_to_a_checkpoint_and_the_rest_is_whole(store: Store, moment: Moment) -> None:
    record_lines(store, 7)
    made = checkpoint(store)
    assert made is not None
    moment.pass_(days=5 * 365)
    assert audit_cut.cut(store) == 0, "not yet"
    moment.pass_(seconds=1)
    record_lines(store, 3)
    with store.reading() as tx:
        assert audit_cut.due(tx) == {"audit": made.seq}
    with capture_logs() as lines, statements(store, "DELETE", "SELECT") as asked:
        assert audit_cut.cut(store) == made.seq
    (cut,) = rows(store, tables.audit_cut)
    assert (cut.seq, cut.hash, cut.rows, cut.at) == (made.seq, made.hash, made.seq, moment.now)
    told = kept_outside(store)[-1]
    assert (told.seq, told.hash, told.rows, told.signature) == (cut.seq, cut.hash, cut.rows, cut.signature.hex())
    said = {name: value for line in lines if line["event"] == "audit_cut" for name, value in line.items()}
    assert checkpoints.is_genuine(store.office.keys, Checkpoint(**{name: said[name] for name in Checkpoint.__slots__}))
    assert [row.seq for row in rows(store, tables.audit)] == [made.seq + number for number in range(1, 5)]
    assert rows(store, tables.audit)[-1].details == {"rows": made.seq, "seq": made.seq, "hash": made.hash}
    assert problem(store) == (0, "")
    assert problem(store, *kept_outside(store)) == (0, "")
    assert watched(store) == 0
    assert audit_cut.cut(store) == 0, "once is enough"
    with store.reading() as tx:
        assert audit_cut.due(tx) == {"audit": 0}
    assert all("FROM audit " not in f"{statement} " or "WHERE" in statement for statement, _ in asked)


def test_c8_after_the_cut_every_tampering_is_found_as_before(store: Store, moment: Moment) -> None:
    seq = years_later(store, moment)
    (old,) = rows(store, tables.audit, tables.audit.c.seq == 2)
    audit_cut.cut(store)
    for statement, expected in (
        (CHANGE.format("lain", seq + 1), (seq + 1, "changed")),
        (CHANGE.format("alasan", seq + 1), (0, "")),
        (TAKE.format(seq + 2), (seq + 2, "missing")),
        (TAKE.format(seq + 1), (seq + 1, "missing")),
    ):
        _tamper(store, statement)
        assert problem(store) == expected, statement
        assert watched(store) == expected[0], statement
    with store.transaction() as tx:
        tx.insert(tables.audit, **old._asdict())
    assert problem(store) == (2, "added")
    assert watched(store) == 2
    _tamper(store, TAKE.format(2), HEAD_BACK.format(seq - 1))
    assert problem(store) == (seq + 1, "missing")


def _tamper(store: Store, *wanted: str) -> None:
    """With the guards put back afterwards, as whoever wants to stay unseen does."""
    with store.engine.connect() as connection, connection.begin():
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        guards = connection.execute(text(sql)).all() if connection.dialect.name == "sqlite" else ()
        for statement in (*UNGUARDED[connection.dialect.name], *wanted):
            connection.execute(text(statement))
        for guard in guards:
            connection.execute(text(guard.sql))


def test_c8_the_oldest_lines_without_a_record_of_their_cut_are_missing(store: Store, moment: Moment) -> None:
    seq = years_later(store, moment)
    with pytest.raises(DBAPIError, match="append-only"):
        take_all(store, seq)
    _tamper(store, TAKE_ALL.format(seq))
    assert problem(store) == (1, "missing")
    assert audit_cut.cut(store) == 0, "what is broken is not cut"


def take_all(store: Store, seq: int) -> None:
    with store.transaction() as tx:
        tx.execute(text(TAKE_ALL.format(seq)))


def a_checkpoint(store: Store, seq: int, digest: str) -> bytes:
    """A true signature, of something else."""
    return bytes.fromhex(checkpoints.signed(store.office.keys, seq, digest, store.office.now()).signature)


def somebody_elses(store: Store, seq: int, digest: str) -> bytes:
    keys = Keys.derive("somebody-else's-identity-key-0123456789")
    return bytes.fromhex(checkpoints.signed(keys, seq, digest, store.office.now(), seq).signature)


@pytest.mark.parametrize("sign", [lambda *_: b"", a_checkpoint, somebody_elses])
def test_c8_a_cut_that_we_did_not_sign_is_told_as_forged(
    store: Store, moment: Moment, sign: Callable[[Store, int, str], bytes]
) -> None:
    seq = years_later(store, moment)
    (line,) = rows(store, tables.audit, tables.audit.c.seq == seq + 1)
    forge(store, seq + 1, sign(store, seq + 1, line.hash), line.hash)
    assert problem(store) == (seq + 1, "forged")
    assert watched(store) == seq + 1
    with pytest.raises(DBAPIError, match="append-only"):
        take_all(store, seq + 2)


def test_c27_the_record_of_a_cut_can_be_neither_changed_nor_taken_away(store: Store, moment: Moment) -> None:
    seq = years_later(store, moment)
    audit_cut.cut(store)
    for statement in (
        "UPDATE audit_cut SET seq = 99",
        "DELETE FROM audit_cut",
        TAKE.format(seq + 1),
    ):
        with pytest.raises(DBAPIError, match="append-only"), store.transaction() as tx:
            tx.execute(text(statement))
    with store.reading() as tx:
        emptied = () if tx.dialect == "sqlite" else ("audit", "audit_cut", "complaint_event")
    for table in emptied:
        with pytest.raises(DBAPIError, match="append-only"), store.transaction() as tx:
            tx.execute(text(f"TRUNCATE {table}"))


def test_c8_an_older_cut_does_not_stand_for_a_newer_one(store: Store, moment: Moment) -> None:
    first = years_later(store, moment, young=8)
    audit_cut.cut(store)
    checkpoint(store)
    record_lines(store, 2)
    moment.pass_(days=5 * 365, seconds=1)
    second = audit_cut.cut(store)
    assert second > 0
    assert [row.seq for row in rows(store, tables.audit_cut)] == [first, first + second]
    assert problem(store, *kept_outside(store)) == (0, "")
    unguarded = ("DROP TRIGGER cut_no_delete",) if store.engine.dialect.name == "sqlite" else ()
    rewrite(store, *unguarded, UNCUT.format(first))
    assert problem(store) == (first + 1, "missing")


def test_c8_lines_that_were_changed_are_not_hidden_by_a_cut(store: Store, moment: Moment) -> None:
    years_later(store, moment)
    _tamper(store, CHANGE.format("lain", 4))
    with capture_logs() as lines:
        assert audit_cut.cut(store) == 0
    assert [(line["event"], line["seq"], line["problem"]) for line in lines] == [("audit_not_cut", 4, "changed")]
    assert problem(store) == (4, "changed")


def test_c8_much_goes_in_pieces_and_whoever_dies_between_two_leaves_a_whole_chain(
    store: Store, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seq = years_later(store, moment)
    monkeypatch.setattr(audit_cut, "PIECE", 3)
    for line, expected in (("store.written", 0), ("store.committed", 3)):
        store.engine.dispose()  # a connection belongs to one process
        died = forked(partial(_dying, store, line))()
        died.join(30)
        assert died.exitcode == KILLED
        assert count(store, tables.audit_cut) == expected // 3
        assert rows(store, tables.audit)[0].seq == expected + 1
        assert problem(store) == (0, "")
        assert watched(store) == 0
    assert audit_cut.cut(store) == seq - 3
    assert [row.rows for row in rows(store, tables.audit_cut)] == [3, 3, seq - 6]
    assert problem(store, *kept_outside(store)) == (0, "")


def _dying(store: Store, line: str) -> None:
    kill_points.arm(line)
    audit_cut.cut(store)


def test_c8_a_full_disk_does_not_stop_a_cut(store: Store, moment: Moment) -> None:
    seq = years_later(store, moment)
    path = Path(store.office.settings.storage.spool_dir) / checkpoints.FILE
    path.unlink()
    path.mkdir()
    assert audit_cut.cut(store) == seq
    assert problem(store) == (0, "")
    assert problem(store, replace(checkpoints.signed(store.office.keys, seq, "0" * 64, moment.now))) == (seq, "changed")


def test_c8_a_cut_that_comes_while_the_chain_is_walked_is_no_hole(
    store: Store, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seq = years_later(store, moment)
    monkeypatch.setattr(audit, "PAGE", 2)
    waiting = [seq]

    def between_two_pages(_: object, __: object, statement: str, *___: object) -> None:
        if waiting and "FROM audit " in " ".join(statement.split()) and "LIMIT" in statement:
            waiting.pop()
            audit_cut.cut(store)

    event.listen(store.engine, "after_cursor_execute", between_two_pages)
    try:
        assert problem(store) == (0, "")
    finally:
        event.remove(store.engine, "after_cursor_execute", between_two_pages)
    assert not waiting
    assert count(store, tables.audit, tables.audit.c.seq <= seq) == 0
