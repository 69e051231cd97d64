"""The schema on disk is the one in the tables; history cannot be rewritten."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from gateway.storage import migrations
from gateway.storage.engine import open_engine, pending, upgrade
from gateway.storage.tables import metadata

VERSIONS = list((Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))


def test_the_migrated_schema_equals_the_tables(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_all_migrations_go_down_and_up_again(database_url: str) -> None:
    engine = open_engine(database_url)
    assert pending(engine) == []
    upgrade(database_url, "base")
    assert pending(engine) == [f"{number:04}" for number in range(1, len(VERSIONS) + 1)]
    upgrade(database_url)
    assert pending(engine) == []
    engine.dispose()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit", "DELETE FROM complaint_event"]
)
def test_c27_history_refuses_to_be_rewritten(database_url: str, statement: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection, connection.begin():
        connection.execute(
            text(
                "INSERT INTO audit (seq, at, actor_kind, actor_id, actor_agency, action, object_kind, object_id, reason,"
                " details, hash) VALUES (1, 1, 'system', '', '', 'a', '', '', '', '{}', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO complaint_event (id, complaint_id, seq, at, action, from_status, to_status, actor_role,"
                " actor_id, actor_name, agency, visibility, text_masked)"
                " VALUES (1, 1, 1, 1, 'receive', '', 'received', 'reporter', '', '', '', 'public', '')"
            )
        )
    with pytest.raises(DatabaseError, match="append-only"), engine.connect() as connection, connection.begin():
        connection.execute(text(statement))
    engine.dispose()
