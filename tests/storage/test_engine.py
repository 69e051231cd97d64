"""What an engine says when something is refused: the rule that was broken, never the row that broke it."""

import traceback
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gateway.storage.engine import open_engine

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
