"""Old and new version side by side while an upgrade goes on (F17, F77): what the one adds the other works on with."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, text

from gateway import upkeep
from gateway.app import open_gateway
from gateway.cli.context import refuse_old_schema
from gateway.complaints.complaint import SYSTEM, Action, Role, Visibility
from gateway.forwarding import forwarding
from gateway.intake import triage
from gateway.officer_links import links
from gateway.outbound import outbound
from gateway.queries import channel_watch, complaint_list, vital_signs
from gateway.queries.complaint_list import Filters, Sorting
from gateway.queries.scope import scope_of
from gateway.record import cases, events
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.upkeep import UPKEEP
from tests.dashboard.conftest import Desk
from tests.gateway.short_ways import ANSWER, REPORT, act, member, only, opened
from tests.operating.conftest import Install, Installation

if TYPE_CHECKING:
    from tests.servers import Postgres

LATER = "9999"


def grow(tx: Transaction) -> None:
    """What the next version's migration may do: columns on every table, a table, an index, a revision of its own."""
    for name in inspect(tx.connection).get_table_names():
        if name != "alembic_version":
            tx.connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_words VARCHAR(40)"))
            tx.connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0"))
    tx.connection.execute(text("CREATE TABLE later (id BIGINT PRIMARY KEY, words VARCHAR(40))"))
    tx.connection.execute(text("CREATE INDEX ix_later_words ON complaint (later_words)"))
    tx.connection.execute(text(f"UPDATE alembic_version SET version_num = '{LATER}'"))  # noqa: S608


def say_something_new(tx: Transaction, complaint_id: int) -> None:
    """What only the new version says: an event of a kind, a task, a deed, a figure that the old one never heard of."""
    case = cases.by_id(tx, complaint_id)
    assert case is not None
    for visibility in Visibility:
        said = {"text": "Sesuatu yang baru."}
        complaint = tables.complaint
        tx.execute(complaint.update().where(complaint.c.id == complaint_id).values(events=complaint.c.events + 1))
        events.append(tx, complaint_id, "teleported", case.status, case.status, SYSTEM, visibility, said)
    tx.insert(
        tables.task, id=tx.new_id(), kind="of_tomorrow", complaint_id=complaint_id, subject="1", created_at=tx.now
    )
    tx.insert(tables.figure, name="of_tomorrow_total|what=ever", value=3, at=tx.now)
    tx.insert(tables.process, name="new:1:1", role="seer", version="9.9.9", started_at=tx.now, beat_at=tx.now)


def work(store: Store, arrival: Any) -> int:
    """The main paths of the core, from a message to an answer and everything that goes out; the complaint's id."""
    case = opened(store, arrival)
    with store.transaction() as tx:
        triage.claim(tx, 10)
    act(store, case, Action.ASSIGN, agency="PUPR")
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    for duty in UPKEEP:
        upkeep.run(store, duty)
    with store.transaction() as tx:
        outbound.claim(tx, 50, 30.0)
        forwarding.claim(tx, "sp4n", 10)
    with store.reading() as tx:
        scope = scope_of(tx.office, Role.COORDINATOR)
        assert complaint_list.find(tx, scope, Filters(), Sorting.DUE, limit=50).rows
        channel_watch.watch(tx)
        vital_signs.read(tx)
    return case.id


@pytest.mark.postgres
def test_f77_the_core_works_on_while_columns_are_added_beneath_it(
    install: Install, postgres: "Postgres", sms: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    """On PostgreSQL, with connections whose statements were prepared before the columns came."""
    url = postgres.database()
    gateway = open_gateway(install("pg", url).settings)
    request.addfinalizer(gateway.close)
    for number in range(6):  # the driver prepares a statement at its sixth use
        work(gateway.store, sms(REPORT, sender=f"+62812000000{number}"))
    with gateway.store.transaction() as tx:
        grow(tx)
    first = work(gateway.store, sms(REPORT, sender="+6281200000010"))
    with gateway.store.transaction() as tx:
        say_something_new(tx, first)
    work(gateway.store, sms(REPORT, sender="+6281200000011"))


async def test_f77_every_page_works_on_with_columns_and_events_that_it_does_not_know(desk: Desk) -> None:
    number = desk.report(REPORT)
    store = desk.served.gateway.store
    with desk.served.tx() as tx:
        grow(tx)
    case = cases.case_of(only(store, tables.complaint))
    act(store, case, Action.ASSIGN, agency="PUPR")
    with desk.served.tx() as tx:
        say_something_new(tx, case.id)
    second = desk.report(REPORT + " lagi", sender="78")
    for path in (
        "/admin/beranda",
        "/admin/aduan",
        "/admin/tugas",
        "/admin/kanal",
        "/admin/audit",
        "/admin/sp4n/jembatan",
    ):
        await desk.page(path)
    assert "Sesuatu yang baru." in await desk.words(f"/admin/aduan/{number}")
    assert second in await desk.words("/admin/aduan")
    api = {"Authorization": "Bearer acceptance-api-token"}
    for path in (
        f"/api/v1/complaints/{number}",
        "/api/v1/complaints",
        f"/api/v1/complaints/{number}/events",
        "/metrics",
    ):
        answer = await desk.served.client.get(path, headers=api)
        assert answer.status == 200, (path, await answer.text())
    officer = member(store)
    with desk.served.tx() as tx:
        page = links.issue_page(tx, case.id, officer.id)
    await desk.page(f"/p/{page.rpartition('/')[2]}")
    tracked = await desk.served.client.post("/lacak", data={"nomor": number, "kode": "4821-9037"})
    assert tracked.status == 200, await tracked.text()
    act(store, case, Action.ANSWER, officer.actor, **ANSWER)
    told = await (await desk.served.client.get("/readyz")).json()
    assert told["checks"]["migrations"] == "ok", "a schema that a newer version made is no reason to stop"


def test_f17_a_process_refuses_tables_that_are_older_than_itself(empty: Installation) -> None:
    gateway = open_gateway(empty.settings)
    with gateway.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    gateway.close()
    for command in (("serve",), ("work", "deliver"), ("clock",)):
        said = empty.refused(*command)
        assert said.startswith("the database schema is not current (0002, ")
        assert said.endswith("run: gateway db upgrade")


def test_f77_the_old_version_starts_and_migrates_nothing_under_a_newer_schema(empty: Installation) -> None:
    gateway = open_gateway(empty.settings)
    with gateway.store.transaction() as tx:
        grow(tx)
    gateway.close()
    assert empty.run("db", "check").exit_code == 0
    assert empty.run("db", "upgrade").exit_code == 0
    gateway = open_gateway(empty.settings)
    with gateway.store.reading() as tx:
        assert tx.connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == LATER
    refuse_old_schema(gateway)
    gateway.close()
