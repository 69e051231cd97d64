"""Whether a process can do its work, asked of both kinds of database."""

from gateway.queries import readiness
from gateway.storage.store import Store


def test_a_database_that_can_be_written_and_is_current_has_no_problem(store: Store) -> None:
    assert readiness.database_problem(store) == ""
    assert readiness.pending_migrations(store) == []


def test_a_schema_that_is_behind_is_named(store: Store) -> None:
    with store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert readiness.pending_migrations(store)[0] == "0002"


def test_only_errors_of_the_database_mean_that_it_is_away() -> None:
    assert not readiness.is_database_away(OSError("disk"))
    assert not readiness.is_database_away(ValueError("bug"))
