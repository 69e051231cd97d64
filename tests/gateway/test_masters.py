"""LAPOR!'s own lists beside ours: kept as last seen, compared, and used where a name says enough; fetched over real HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from config.settings import ForwarderTable
from gateway.complaints.masters import MasterKind, MasterRow
from gateway.complaints.table_file import csv_rows
from gateway.forwarding import masters
from gateway.forwarding.masters import Kept
from gateway.intake.arrival import Arrival
from gateway.queries import masters as queries
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, assigned, rows
from tests.gateway.test_forwarding import claim
from tests.gateway.test_lapor_for_days import DAY, HOUR, Days, days

__all__ = ["days"]

Sends = Callable[..., Arrival]
INSTITUTION, CATEGORY, TEMPLATE = MasterKind
PUPR, DLH = MasterRow("1201", "DINAS PUPR (LAMA)"), MasterRow("1202", "DINAS LINGKUNGAN HIDUP")
OURS = MasterRow("1200", "PEMERINTAH KABUPATEN CONTOH")
MASTER = tables.remote_master


def kept(store: Store, kind: MasterKind, *found: MasterRow) -> Kept:
    with store.transaction() as tx:
        return masters.keep(tx, "sp4n", kind, found)


def gaps(store: Store) -> Sequence[tuple[str, str, str]]:
    (table,) = store.office.settings.forwarding
    with store.reading() as tx:
        return [(gap.code, gap.about, gap.remote_id) for gap in queries.gaps(tx, table, queries.read(tx, "sp4n"))]


def numbered(store: Store, **numbers: str) -> None:
    agency = tables.agency
    with store.transaction() as tx:
        tx.execute(agency.update().values(sp4n_institution_id=""))
        for code, number in numbers.items():
            tx.execute(agency.update().where(agency.c.code == code).values(sp4n_institution_id=number))


def test_a_row_that_is_gone_keeps_the_moment_when_it_was_last_there(store: Store, moment: Moment) -> None:
    first = moment.now
    assert kept(store, INSTITUTION, PUPR, DLH, MasterRow("x" * 25, "too long")) == Kept(2, 2, refused=1)
    moment.pass_(days=7)
    assert kept(store, INSTITUTION, replace(PUPR, name="DINAS PUPR")) == Kept(1, renamed=1, gone=1)
    assert kept(store, INSTITUTION, replace(PUPR, name="DINAS PUPR")) == Kept(1, gone=1)
    seen = {row.remote_id: (row.name, row.first_seen_at, row.seen_last_at) for row in rows(store, MASTER)}
    assert seen == {
        "1201": ("DINAS PUPR", first, moment.now),
        "1202": ("DINAS LINGKUNGAN HIDUP", first, first),
    }
    with store.reading() as tx:
        assert [(one.kind, one.many, one.gone) for one in queries.seen(queries.read(tx, "sp4n"))] == [
            (INSTITUTION, 1, 1),
            (CATEGORY, 0, 0),
            (TEMPLATE, 0, 0),
        ]


def test_a_list_that_came_empty_takes_nothing_away(store: Store, moment: Moment) -> None:
    kept(store, INSTITUTION, PUPR)
    moment.pass_(days=7)
    with store.transaction() as tx:
        masters.keep_all(tx, "sp4n", {INSTITUTION: []})
        (institutions, *_) = queries.seen(queries.read(tx, "sp4n"))
    assert (institutions.many, institutions.gone) == (1, 0)


def test_what_differs_is_named_and_what_goes_astray_first(store: Store, moment: Moment) -> None:
    numbered(store, PUPR="1201", INSPEKTORAT="9999")
    assert gaps(store) == [], "what was never seen is not compared"
    kept(store, INSTITUTION, OURS, PUPR, DLH)
    assert gaps(store) == [
        ("institution_unknown", "INSPEKTORAT", "9999"),
        ("institution_found", "DLH", "1202"),
        ("institution_name", "PUPR", "1201"),
    ]
    moment.pass_(days=7)
    kept(store, INSTITUTION, OURS, DLH)
    assert gaps(store)[1] == ("institution_gone", "PUPR", "1201")
    with store.reading() as tx:
        assert (queries.astray(tx), queries.is_gone(tx, "PUPR"), queries.is_gone(tx, "INSPEKTORAT")) == (2, True, False)


def test_defaults_templates_and_bodies_are_compared_too(store: Store) -> None:
    (table,) = store.office.settings.forwarding
    values = {**table.values, "default_institution_id": 1, "default_category_id": 2}
    reference = store.office.reference
    bodies = {"PLN": replace(reference.out_of_authority["PLN"], sp4n_institution_id="77")}
    settings = replace(store.office.settings, forwarding=(ForwarderTable("sp4n", "sp4n", values),))
    store.office = replace(store.office, settings=settings, reference=replace(reference, out_of_authority=bodies))
    numbered(store)
    for kind in MasterKind:
        kept(store, kind, MasterRow("5", "Lainnya"))
    found = gaps(store)
    assert [one for one in found if one[0].endswith("_unknown")] == [
        ("default_institution_unknown", "forwarding.sp4n", "1"),
        ("body_unknown", "PLN", "77"),
        ("default_category_unknown", "forwarding.sp4n", "2"),
        ("template_unknown", "answer", "reply"),
        ("template_unknown", "reporter", "reply"),
    ]
    assert {code for code, _, _ in found[5:]} == {"category"}


def test_a_topic_goes_as_the_category_of_its_very_name(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT))
    with store.reading() as tx:
        topic = tx.office.reference.topics[rows(store, tables.complaint)[0].topic]
    (job,) = claim(store)
    assert job.report.category_id == ""
    named = MasterRow("9436", topic.name_source.title())

    def category() -> str:
        with store.transaction() as tx:
            tx.execute(tables.forward.update().values(state="queued", due_at=moment.now))
        (job,) = claim(store)
        return job.report.category_id

    kept(store, CATEGORY, named, MasterRow("9437", "Lainnya"))
    assert category() == "9436"
    moment.pass_(minutes=1)
    kept(store, CATEGORY, named, replace(named, id="9438"))
    assert category() == "", "two of them have it"
    moment.pass_(minutes=1)
    kept(store, CATEGORY, MasterRow("9437", "Lainnya"))
    assert category() == "", "it is not there any more"


def test_a_list_comes_as_a_file(store: Store) -> None:
    found, refused = masters.read(csv_rows(b"Kode;Nama;induk_id\n9436;Jalan;1\n;tanpa nomor;\n9437;;\n"))
    assert (found, refused) == ([MasterRow("9436", "Jalan", "1")], 2)
    with store.transaction() as tx:
        assert masters.take(tx, "sp4n", CATEGORY, found, refused, "abcd1234", COORDINATOR) == Kept(1, 1, refused=2)
    assert rows(store, tables.audit)[-1].action == "masters_imported"


async def test_they_are_fetched_each_week_and_on_demand(days: Days, store: Store) -> None:
    async def fetched() -> int:
        calls = [one for one in await days.lapor.requests() if one["path"] == "/masters/institutions/external"]
        return len(calls)

    await days.pass_(HOUR)
    seen = {(row.kind, row.remote_id): row.name for row in rows(store, MASTER)}
    assert seen["institution", "990010"] == "Dinas Contoh Perhubungan"
    assert ("template", "reply") in seen
    once = await fetched()
    await days.pass_(6 * DAY, DAY)
    assert await fetched() == once
    with store.transaction() as tx:
        masters.ask_now(tx, COORDINATOR)
    await days.pass_(HOUR)
    assert await fetched() == 2 * once
    await days.pass_(8 * DAY, DAY)
    assert await fetched() == 3 * once


async def test_a_list_that_cannot_be_had_is_asked_for_again_and_closes_nothing(days: Days, store: Store) -> None:
    await days.lapor.fault("http_403", match="GET /masters/institutions/external", times=1)
    await days.pass_(HOUR)
    assert rows(store, MASTER) == []
    assert [row.state for row in rows(store, tables.circuit)] == []
    await days.pass_(7 * HOUR, HOUR)
    assert len(rows(store, MASTER)) > 2
