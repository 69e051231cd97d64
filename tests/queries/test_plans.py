"""No list, queue or detail reads a large table from end to end (PERFORMANCE § 4): the databases say so themselves."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.engine import Connection

from channels.messages import Address, DeliveryReport, DeliveryStatus
from gateway.complaints.complaint import SYSTEM, Role
from gateway.office import Office
from gateway.outbound import channel_states, costs, delivery_reports, diversion, draining, spending
from gateway.outbound import opt_outs as deeds
from gateway.people import windows
from gateway.queries import (
    channel_costs,
    channel_watch,
    complaint_detail,
    complaint_list,
    look_alikes,
    open311,
    opt_outs,
)
from gateway.queries.complaint_list import TABS, Filters, Sorting
from gateway.queries.open311 import LONGEST, Wanted
from gateway.queries.scope import Scope, api_scope, scope_of
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.plans import statements
from tests.queries import filling

LARGE = ("complaint", "message", "complaint_event", "outbox")
OF_CHANNELS = (
    *LARGE,
    "contact",
    "dialogue",
    "delivery_report",
    "sent_part",
    "further_address",
    "heard",
    "breach_person",
)
"""What grows with every message or every person, beside them."""
NUMBER = "KBR-260000010"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def officer(office: Office):  # type: ignore[no-untyped-def]
    return scope_of(office, Role.PENGHUBUNG, "DLH", "7")


def coordinator(office: Office):  # type: ignore[no-untyped-def]
    return scope_of(office, Role.COORDINATOR)


def listed(filters: Filters, sorting: Sorting = Sorting.NEWEST, scope: Callable[[Office], object] = api_scope):  # type: ignore[no-untyped-def]
    def read(tx: Transaction) -> None:
        page = complaint_list.find(tx, scope(tx.office), filters, sorting, limit=5)  # type: ignore[arg-type]
        if page.following:
            complaint_list.find(tx, scope(tx.office), filters, sorting, page.following, limit=5)  # type: ignore[arg-type]

    return read


def published(**wanted: object):  # type: ignore[no-untyped-def]
    def read(tx: Transaction) -> None:
        settings = tx.office.settings
        tells = replace(settings, government=replace(settings.government, publish_complaints=True))
        tx.office = replace(tx.office, settings=tells)
        found, _ = open311.find(tx, Wanted(tx.now - LONGEST, tx.now, **wanted))  # type: ignore[arg-type]
        assert found
        open311.one(tx, found[0].number)

    return read


def alike(scope: Callable[[Office], Scope]) -> Callable[[Transaction], object]:
    """What looks like one that many others are like."""

    def read(tx: Transaction) -> None:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.number == "KBR-260001010"))
        assert look_alikes.look_alikes(tx, scope(tx.office), row)

    return read


READS: dict[str, Callable[[Transaction], object]] = {
    **{f"sorted by {sorting.value}": listed(Filters(), sorting) for sorting in Sorting},
    **{f"tab {tab}": listed(Filters(tab=tab), sorting, coordinator) for tab, (_, sorting) in TABS.items()},
    **{f"tab {tab} of an agency": listed(Filters(tab=tab), sorting, officer) for tab, (_, sorting) in TABS.items()},
    "by agency": listed(Filters(agency="DLH")),
    "by status": listed(Filters(status=("archived",))),
    "by topic": listed(Filters(topic="sampah")),
    "by flag": listed(Filters(has_flag="mismatch")),
    "overdue": listed(Filters(overdue=True)),
    "children": listed(Filters(parent=NUMBER)),
    "by words": listed(Filters(q="tikus raksasa")),
    "by number": listed(Filters(q="KBR-260000013")),
    "by national number": listed(Filters(q="8123456")),
    "changed since": lambda tx: listed(Filters(updated_since=tx.now - timedelta(days=1)), Sorting.FIRST_CHANGE)(tx),
    "counted": lambda tx: complaint_list.count(tx, api_scope(tx.office), Filters(topic="sampah")),
    "cases counted": lambda tx: complaint_list.count_cases(tx, api_scope(tx.office), Filters(topic="sampah")),
    "cases of an agency": lambda tx: complaint_list.count_cases(tx, officer(tx.office), Filters()),
    "tab figures": lambda tx: complaint_list.tab_counts(tx, coordinator(tx.office), list(TABS)),
    "one with all that belongs to it": lambda tx: complaint_detail.detail(tx, coordinator(tx.office), "260000013"),
    "alike": alike(coordinator),
    "alike of an agency": alike(officer),
    "one by national number": lambda tx: complaint_detail.row_of(tx, coordinator(tx.office), "8123456"),
    "channels": channel_watch.watch,
    "published": published(),
    "published, a late page": published(skip=5, limit=5),
    "published by topic and status": published(topics=("sampah",), status=("closed",)),
    "published and changed since": published(updated_after=LONG_AGO),
    "published by number": published(ids=(NUMBER, "KBR-260000020")),
}


def billed(tx: Transaction) -> None:
    """A channel with a cap: what it may still send, and its lines."""
    known = tx.office.channels
    tx.office = replace(
        tx.office, channels={**known, "sms": replace(known["sms"], price=350.0, rupiah_per_month=10_000)}
    )
    spending.share(tx, "sms", 5)
    channel_costs.purses(tx)


def reported(tx: Transaction) -> None:
    """About a part of a message, of nobody's, by the end of its name, and of all that a person got."""
    sent, person = DeliveryStatus.SENT, Address("tel", "+6281200000001")
    given = [
        DeliveryReport("p-1", sent, by_provider_id=True),
        DeliveryReport("p-2", DeliveryStatus.READ, by_provider_id=True, tail="2"),
        DeliveryReport("", sent, up_to=person, at=tx.now),
    ]
    delivery_reports.report(tx, "sms", given)


def moved(tx: Transaction) -> None:
    second = replace(tx.office.channels["sms"], name="sms-kedua")
    tx.office = replace(tx.office, channels={**tx.office.channels, "sms-kedua": second})
    diversion.divert(tx, "sms", "sms-kedua", "Modem mati", SYSTEM)


CHANNELS: dict[str, Callable[[Transaction], object]] = {
    "billed": billed,
    "capped": costs.tell,
    "drained": draining.look,
    "waiting": lambda tx: channel_states.retrying(tx, "sms"),
    "paused": lambda tx: channel_states.pause(tx, "sms", "Modem diganti", SYSTEM),
    "resumed": lambda tx: channel_states.resume(tx, "sms", "", SYSTEM),
    "hurried": lambda tx: channel_states.retry_now(tx, "sms", "Modem hidup", SYSTEM),
    "moved": moved,
    "opted out": opt_outs.newest,
    "opted out of one": lambda tx: opt_outs.newest(tx, "sms"),
    "opted out on a word": lambda tx: deeds.decide(tx, "sms", "+62 812-9911-2233", "Minta di loket", SYSTEM, out=True),
    "heard lately": lambda tx: windows.last_heard(tx, [("sms", 1), ("tg", 2)]),
    "reported": reported,
}


def fill(store: Store, *, analyse: bool = True) -> None:
    """`analyse`: SQLite knows how large each table is, as it never does in the product."""
    with store.transaction() as tx:
        for number in range(1, 200):
            values = {"sp4n_id": "8123456"} if number == 50 else {}
            (filling.closed if number % 3 else filling.complaint)(
                tx,
                number,
                agency="DLH" if number % 2 else "",
                topic="sampah",
                place="62.01.02",
                verified_at=tx.now,
                **values,
            )
        filling.complaint(tx, 301, verified_at=tx.now, status="out_of_authority")
        identity = filling.complaint(tx, 300, number="KBR-260000013", parent_id=1, sp4n_id="8123457")
        filling.clock(tx, identity)
        for _ in range(200):
            filling.outbox(tx, state="sent", complaint_id=identity)
            filling.message(tx, "sms", tx.now)
    if analyse and store.engine.dialect.name == "sqlite":
        with store.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()


def plan(connection: Connection, statement: str, parameters: object) -> str:
    prefix = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    rows = connection.exec_driver_sql(prefix + statement, parameters)  # type: ignore[arg-type]
    return "\n".join(str(row[-1]) for row in rows)


def scans(dialect: str, text: str, large: Sequence[str] = LARGE) -> list[str]:
    """Lines of a plan that read one of the large tables whole."""
    if dialect == "sqlite":
        # With an index named it walks in order and stops at its limit; without one it reads every row.
        pattern = rf"SCAN ({'|'.join(large)})(?! USING (?:COVERING )?INDEX)\b.*"
    else:
        pattern = rf"Seq Scan on ({'|'.join(large)})\b.*"
    return [match[0] for match in re.finditer(pattern, text)]


def test_nothing_reads_a_large_table_from_end_to_end(store: Store) -> None:
    fill(store)
    found: dict[str, str] = {}
    with store.reading() as tx:
        if tx.dialect != "sqlite":
            # A small table is read whole because that is cheap; what matters is whether there is another way.
            tx.connection.exec_driver_sql("SET enable_seqscan = off")
        for name, read in READS.items():
            with statements(store, "SELECT") as asked:
                read(tx)
            assert asked, name
            for statement, parameters in list(asked):
                text = plan(tx.connection, statement, parameters)
                if scans(tx.dialect, text):
                    found[name] = f"{statement}\n{text}"
    assert not found, "\n\n".join(f"{name}: {text}" for name, text in found.items())


def test_nothing_that_is_done_about_a_channel_reads_what_grows_with_every_message(store: Store) -> None:
    fill(store, analyse=False)
    found: dict[str, str] = {}
    with store.transaction() as tx:
        if tx.dialect != "sqlite":
            tx.connection.exec_driver_sql("SET enable_seqscan = off")
        for name, deed in CHANNELS.items():
            with statements(store, "SELECT", "UPDATE", "DELETE", "WITH") as asked:
                deed(tx)
                tx.flush()
            assert asked, name
            for statement, parameters in list(asked):
                text = plan(tx.connection, statement, parameters)
                if scans(tx.dialect, text, OF_CHANNELS):
                    found[name] = f"{statement}\n{text}"
    assert not found, "\n\n".join(f"{name}: {text}" for name, text in found.items())


def test_the_check_itself_finds_a_scan(store: Store) -> None:
    fill(store)
    with store.reading() as tx:
        text = plan(tx.connection, "SELECT id FROM complaint WHERE text_masked = 'x'", ())
        assert scans(tx.dialect, text)
