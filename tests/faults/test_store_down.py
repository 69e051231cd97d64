"""The database is away, slow, locked, behind or refuses a row: what was acknowledged ends as one row each, in order."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from gateway.cli.serve import refuse_old_schema
from gateway.queries import readiness
from gateway.storage import engine, tables
from tests.faults.citizens import REPORT, SECRET, update
from tests.faults.distant import Distant, _quick, distant
from tests.faults.looking import RECEIPT, count, numbers_by_sender, rows, until
from tests.web.conftest import OpenSite, Served, open_site

__all__ = ["_quick", "distant", "open_site"]
pytestmark = pytest.mark.fault
postgres = pytest.mark.postgres

CITIZENS = range(7001, 7061)
ROUNDS = 5


async def post(at: Served, number: int, text: str = REPORT, citizen: int = 77) -> int:
    answer = await at.client.post("/c/tg", json=update(number, text, citizen), headers=SECRET)
    return answer.status


@contextmanager
def straight(database: str) -> Iterator[psycopg.Connection]:
    """A connection that knows nothing of the line."""
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def spooled_lines(at: Served) -> int:
    files = Path(at.gateway.settings.storage.spool_dir).glob("*.spool")
    return sum(file.read_bytes().count(b"\n") for file in files)


async def caught_up(at: Served) -> None:
    await until(lambda: not at.site.writer.behind)


def figures(at: Served) -> list[int]:
    """Messages, complaints, receipts."""
    store = at.gateway.store
    both = [count(store, table) for table in (tables.message, tables.complaint)]
    return [*both, count(store, tables.outbox, RECEIPT)]


@postgres
async def test_f11_a_refused_database_costs_no_message_no_order_and_no_moment(distant: Distant) -> None:
    distant.line.cut()
    began, moments = distant.site.moment.now, set()
    for round_ in range(ROUNDS):
        distant.site.moment.pass_(seconds=120)
        moments.add(distant.site.moment.now)
        calls = (post(distant.site, round_ * 1000 + who, f"{REPORT} {who} {round_}", who) for who in CITIZENS)
        assert set(await asyncio.gather(*calls)) == {200}
    wanted = len(CITIZENS) * ROUNDS
    assert (distant.site.moment.now - began).total_seconds() == 600
    assert spooled_lines(distant.site) == distant.site.site.writer.counts.spooled == wanted
    distant.line.mend()
    await caught_up(distant.site)
    store = distant.site.gateway.store
    assert {row.received_at for row in rows(store, tables.message)} == moments
    ordered = numbers_by_sender(store)
    assert sum(map(len, ordered.values())) == wanted
    assert all(numbers == sorted(numbers) for numbers in ordered.values())
    assert spooled_lines(distant.site) == 0


@postgres
async def test_f12_what_came_three_times_without_a_database_is_there_once(distant: Distant) -> None:
    distant.line.cut()
    numbers = range(1, 31)
    for _ in range(3):
        calls = (post(distant.site, number, f"{REPORT} {number}", 7000 + number) for number in numbers)
        assert set(await asyncio.gather(*calls)) == {200}
    assert spooled_lines(distant.site) == 3 * len(numbers)
    distant.line.mend()
    await caught_up(distant.site)
    assert figures(distant.site) == [len(numbers)] * 3


SLOW_COMMITS = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(14); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slowly()
"""


@postgres
@pytest.mark.usefixtures("_quick")
async def test_f14_a_commit_that_takes_too_long_is_answered_from_the_spool_and_counts_once(
    postgres_url: str, open_site: OpenSite
) -> None:
    site = await open_site("[intake]\nspool_after_s = 0.5", url=postgres_url)
    with straight(postgres_url) as connection:
        connection.execute(SLOW_COMMITS)
        try:
            connection.execute("SELECT pg_advisory_lock(14)")
            assert await post(site, 1) == 200
            assert (site.site.writer.counts.spooled, spooled_lines(site)) == (1, 1)
            waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            await until(lambda: connection.execute(waits).fetchone())  # the first commit is still on its way
            connection.execute("SELECT pg_advisory_unlock(14)")
            await caught_up(site)
        finally:
            connection.execute("SELECT pg_advisory_unlock_all()")
            connection.execute("DROP TRIGGER slowly ON message; DROP FUNCTION slowly()")
    assert figures(site) == [1, 1, 1]


@contextmanager
def fails_over(at: Distant) -> Iterator[psycopg.Connection]:
    """Every connection is cut, and whoever comes back may only read."""
    name = make_url(at.url).database
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with straight(at.url) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        try:
            connection.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
            yield connection
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
            connection.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())


async def health(at: Distant) -> tuple[int, str, str]:
    answer = await at.site.client.get("/readyz")
    told = await answer.json()
    return answer.status, told["status"], told["checks"]["database"]


@postgres
async def test_f16_a_failover_loses_and_doubles_nothing_and_is_told(distant: Distant) -> None:
    assert await health(distant) == (200, "degraded", "ok")  # there is no Redis in this test
    before = [asyncio.create_task(post(distant.site, n, f"{REPORT} {n}", 7000 + n)) for n in range(1, 21)]
    with fails_over(distant):
        during = [post(distant.site, n, f"{REPORT} {n}", 7000 + n) for n in range(21, 41)]
        assert set(await asyncio.gather(*before, *during)) == {200}
        assert await health(distant) == (200, "degraded", "read_only")
        assert distant.site.site.writer.behind
    await caught_up(distant.site)
    assert (await health(distant))[2] == "ok"
    assert figures(distant.site) == [40, 40, 40]


@postgres
async def test_f16_a_commit_of_which_nobody_heard_counts_once(distant: Distant) -> None:
    """The server commits, and the connection breaks before it can say so."""
    distant.line.loses_answers_after = b"COMMIT"
    assert await post(distant.site, 1) == 200
    assert distant.line.loses_answers
    assert spooled_lines(distant.site) == 1
    with straight(distant.url) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (1,)
    distant.line.mend()
    await caught_up(distant.site)
    assert figures(distant.site) == [1, 1, 1]


NEXT_MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None
def upgrade():
    op.add_column("message", sa.Column("of_the_next_version", sa.String(), nullable=True))
"""


@contextmanager
def next_version(folder: Path, before: str) -> Iterator[None]:
    """The code of the next version: it brings one more migration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "MIGRATIONS", Path(shutil.copytree(engine.MIGRATIONS, folder / "migrations")))
        (engine.MIGRATIONS / "versions" / "9999_next.py").write_text(NEXT_MIGRATION.format(before=before))
        yield


async def test_f17_a_new_version_waits_for_its_migration_and_the_old_one_serves_before_and_after(
    open_site: OpenSite, tmp_path: Path
) -> None:
    site = await open_site()
    store = site.gateway.store
    with store.reading() as tx:
        before = tx.one(text("SELECT version_num FROM alembic_version"))
    with next_version(tmp_path, before[0]):
        with pytest.raises(click.ClickException, match=r"not current \(9999\); run: gateway db upgrade"):
            refuse_old_schema(site.gateway)
        assert (await site.client.post("/c/tg", json=update(1), headers=SECRET)).status == 200
        engine.upgrade(site.gateway.settings.storage.url)
        refuse_old_schema(site.gateway)
    assert (await site.client.post("/c/tg", json=update(2), headers=SECRET)).status == 200
    assert count(store, tables.message) == 2
    # An old process that is started once more meets a schema that is ahead of it, and serves as well.
    assert readiness.pending_migrations(store) == []
    assert (await site.client.get("/readyz")).status == 200
