"""The chain of who did what against whoever owns the database: tampering, cut tails, clocks set back (SECURITY § 7)."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from gateway.audit import audit, checkpoints
from gateway.audit.checkpoints import Checkpoint, NoCheckpoint
from gateway.sealing import Keys
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import rows
from tests.gateway.test_audit import UNGUARDED, record_lines

CUT = (
    "DELETE FROM audit WHERE seq > 3",
    "UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3) WHERE name = 'head'",
    "DELETE FROM audit_checkpoint WHERE seq > 3",
)


def rewrite(store: Store, *statements: str) -> None:
    """What somebody does who owns the database: first switch off what forbids it."""
    with store.engine.connect() as connection, connection.begin():
        for statement in (*UNGUARDED[connection.dialect.name], *statements):
            connection.execute(text(statement))


def kept_outside(store: Store) -> list[Checkpoint]:
    path = Path(store.office.settings.storage.spool_dir) / checkpoints.FILE
    return checkpoints.read(path.read_bytes())


def checkpoint(store: Store) -> Checkpoint | None:
    with store.transaction() as tx:
        return checkpoints.keep(tx)


def test_c8_a_cut_tail_is_found_by_the_checkpoint_that_was_kept_outside(store: Store) -> None:
    record_lines(store, 6)
    with capture_logs() as lines:
        made = checkpoint(store)
    assert made is not None
    assert [(line["event"], line["seq"], line["hash"]) for line in lines] == [("audit_checkpoint", made.seq, made.hash)]
    assert kept_outside(store) == [made]
    rewrite(store, *CUT)
    with store.reading() as tx:
        assert audit.verify(tx, checkpoints.known(tx)).problem == "", "inside, nothing tells any more"
        verdict = audit.verify(tx, checkpoints.known(tx, kept_outside(store)))
    assert (verdict.seq, verdict.problem) == (4, "truncated")


def test_c8_a_checkpoint_of_the_database_finds_a_chain_that_was_written_anew(store: Store) -> None:
    record_lines(store, 4)
    checkpoint(store)
    with store.reading() as tx:
        head = tables.audit_head
        first = tx.one(head.select().where(head.c.name == audit.FIRST))
        assert first is not None
        previous, lines = first.hash, []
        for row in tx.all(tables.audit.select().order_by(tables.audit.c.seq)):
            line = {**row._asdict(), "reason": "lain"}
            previous = line["hash"] = audit.line_hash(line, previous)
            lines.append(line)
    rewrite(store, "DELETE FROM audit")
    with store.transaction() as tx:
        for line in lines:
            tx.insert(tables.audit, **line)
        moved = tables.audit_head.update().where(tables.audit_head.c.name == audit.HEAD)
        tx.execute(moved.values(hash=previous))
    with store.reading() as tx:
        assert audit.verify(tx).problem == "", "a chain of its own, whole in itself"
        assert audit.verify(tx, checkpoints.known(tx)).problem == "changed"


def test_c8_checkpoints_are_made_daily_and_after_ten_thousand_lines(store: Store, moment: Moment) -> None:
    record_lines(store, 2)
    first = checkpoint(store)
    assert first is not None
    assert checkpoint(store) is None, "nothing new"
    record_lines(store, 1)
    assert checkpoint(store) is None, "not a day"
    moment.pass_(days=1)
    assert checkpoint(store) is not None
    many = checkpoints.EVERY_LINES
    assert checkpoints._is_due(first.seq + many, moment.now, first.seq, moment.now)
    assert not checkpoints._is_due(first.seq + many - 1, moment.now, first.seq, moment.now)


def test_c8_a_checkpoint_that_we_did_not_sign_is_none(store: Store) -> None:
    record_lines(store, 3)
    made = checkpoint(store)
    assert made is not None
    forged = replace(made, hash="0" * 64)
    other = checkpoints.signed(
        Keys.derive("somebody-else's-identity-key-0123456789"), made.seq, made.hash, store.office.now()
    )
    with store.reading() as tx:
        for wrong in (forged, other, replace(made, signature="not hex")):
            with pytest.raises(NoCheckpoint):
                checkpoints.known(tx, [wrong])
        by_hand = Checkpoint(made.seq, "1" * 64)
        assert audit.verify(tx, checkpoints.known(tx, [by_hand])).problem == "changed"
    rewrite(store, "UPDATE audit_checkpoint SET hash = 'another'")
    with store.reading() as tx:
        assert audit.verify(tx, checkpoints.known(tx)).problem == "", "a row without a good signature proves nothing"


def test_c8_a_part_of_the_chain_is_walked_by_itself(store: Store) -> None:
    record_lines(store, 8)
    rewrite(store, "UPDATE audit SET reason = 'lain' WHERE seq = 4")
    with store.reading() as tx:
        assert audit.verify(tx, since=5).problem == ""
        assert audit.verify(tx, until=3) == audit.Verdict(3)
        assert (audit.verify(tx, since=3, until=6).seq, audit.verify(tx, since=3, until=6).problem) == (4, "changed")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"seq": "x", "hash": ""}', b"\xff\x00"])
def test_c8_what_is_no_checkpoint_cannot_be_checked_against(content: bytes) -> None:
    with pytest.raises(NoCheckpoint):
        checkpoints.read(content)


def test_c8_a_full_disk_does_not_stop_the_checkpoints(store: Store) -> None:
    folder = Path(store.office.settings.storage.spool_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder should be")
    record_lines(store, 2)
    with capture_logs() as lines:
        made = checkpoint(store)
    assert made is not None
    assert [line["event"] for line in lines] == ["audit_checkpoint", "audit_checkpoint_not_written"]
    assert [row.seq for row in rows(store, tables.audit_checkpoint)] == [made.seq]
    assert "key" not in msgspec.json.encode(made).decode()


def test_c27_a_clock_set_back_is_told_and_never_turns_the_order_of_the_record(store: Store, moment: Moment) -> None:
    record_lines(store, 2)
    moment.pass_(hours=-2)
    with capture_logs() as lines:
        record_lines(store, 2)
    assert [line["event"] for line in lines] == ["clock_went_back"] * 2
    at = [row.at for row in rows(store, tables.audit)]
    assert at == sorted(at)
    with store.reading() as tx:
        assert audit.verify(tx).problem == ""


# fmt: off
REWRITING = [
    "UPDATE audit SET reason = 'lain' WHERE seq = 1",
    "DELETE FROM audit WHERE seq = 1",
    "INSERT INTO audit SELECT * FROM audit WHERE seq = 1",
]
# fmt: on


@pytest.mark.parametrize("statement", REWRITING)
def test_c27_the_database_itself_refuses_to_rewrite_the_record(store: Store, statement: str) -> None:
    record_lines(store, 2)
    with pytest.raises(DBAPIError), store.transaction() as tx:
        tx.execute(text(statement))
