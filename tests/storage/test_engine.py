"""What an engine says when something is refused: the rule that was broken, never the row that broke it."""

import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway.storage.engine import is_away, open_engine

SECRET = "rahasia 0812-0000-0001"
PROBLEMS = {
    "a row that lacks something": (
        "INSERT INTO message (id, channel, external_id, kind, flags) VALUES (1, 'tg', 'x', 'message', :words)",
        "not-null constraint",
    ),
    "a row that is there": (
        "INSERT INTO lease (name, owner, fence, until) VALUES (:words, '', 1, 1), (:words, '', 1, 1)",
        "pk_lease",
    ),
    "a value of the wrong kind": ("SELECT cast(cast(:words AS text) AS bigint)", "InvalidTextRepresentation"),
    "broken JSON": ("SELECT cast('[\"' || :words AS json)", "InvalidTextRepresentation"),
}


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.mark.postgres
def test_c24_an_error_of_the_database_does_not_repeat_the_row(engine: Engine) -> None:
    for statement, named in PROBLEMS.values():
        with pytest.raises(DBAPIError) as problem, engine.begin() as connection:
            connection.execute(text(statement), {"words": SECRET})
        logged = "".join(traceback.format_exception(problem.value))
        assert named in logged
        assert SECRET not in logged
        assert "0812" not in logged
        assert "Failing row" not in logged


def test_a_writer_gets_sqlites_lock_once_it_is_free_and_says_when_it_never_was(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.storage.engine.BUSY_MS", 30)
    engine = open_engine(sqlite_url)
    with closing(sqlite3.connect(engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        with pytest.raises(OperationalError, match="locked") as problem, engine.begin():
            """Somebody else writes all the time."""
        assert is_away(problem.value)
        other.execute("ROLLBACK").close()
    with engine.begin() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30, "as for all other waits"
    engine.dispose()
