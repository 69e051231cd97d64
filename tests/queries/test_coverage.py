"""Which unit can be told of its complaints, and who would be: what is missing is named, and a dry run writes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience
from gateway.people import leaves
from gateway.queries import coverage
from gateway.queries.coverage import Gap, Held, Unit
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY
from tests.gateway.short_ways import COORDINATOR, count, member
from tests.gateway.test_ladder import vacate
from tests.gateway.test_mandates import MEMBER, add_deputy

NOBODY: dict[str, Any] = {"telegram_id": None, "phone_id": None, "email_id": None}


def unit(store: Store, code: str = "PUPR") -> Unit:
    with store.reading() as tx:
        (found,) = coverage.units(tx, [code])
        assert [one.code for one in coverage.units(tx)] == ["PUPR", "DLH", "DISKOMINFO", "INSPEKTORAT"]
    return found


def change(store: Store, table: Any, where: Any, **values: Any) -> None:
    with store.transaction() as tx:
        tx.execute(table.update().where(where).values(**values))


OF_PUPR = MEMBER.c.agency == "PUPR"
STATE, CONTACT, AGENCY = tables.channel_state, tables.contact, tables.agency
# fmt: off
WANTING = [
    # what is wrong                                                                     what is told
    (lambda _: None,                                                                (Gap.NO_DEPUTY,)),
    (add_deputy,                                                                        ()),
    (lambda store: vacate(store, "PUPR"),                                               (Gap.NO_TEAM,)),
    (lambda store: change(store, MEMBER, OF_PUPR, **NOBODY),                            (Gap.NO_CONTACT,)),
    (lambda store: change(store, CONTACT, CONTACT.c.id > 0, reachable=False),           (Gap.NO_CHANNEL,)),
    (lambda store: change(store, MEMBER, OF_PUPR & (MEMBER.c.role == "kepala"), **NOBODY), (Gap.NO_DEPUTY, Gap.NO_HEAD)),
    (lambda store: change(store, AGENCY, AGENCY.c.code == "PUPR", valid_to=MONDAY.date() - timedelta(days=1)),
                                                                                        (Gap.ENDED, Gap.NO_DEPUTY)),
    (lambda store: change(store, AGENCY, AGENCY.c.code == "PUPR", accepts=False),       ()),
]
# fmt: on


@pytest.mark.parametrize(("wrong", "gaps"), WANTING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_unit_lacks_is_named(store: Store, wrong: Any, gaps: tuple[Gap, ...]) -> None:
    wrong(store)
    assert unit(store).gaps == gaps


def test_a_channel_that_somebody_paused_reaches_nobody(store: Store) -> None:
    assert unit(store).of(Role.PENGHUBUNG)[0].ways == ("tg",)
    with store.transaction() as tx:
        tx.upsert(STATE, [{"channel": "tg", "paused_at": tx.now}], ["paused_at"])
    found = unit(store)
    assert found.of(Role.PENGHUBUNG)[0].ways == ()
    assert found.gaps == (Gap.NO_LIAISON, Gap.NO_DEPUTY)


def test_the_ladder_shows_its_holes_and_a_dry_run_says_who_is_told_and_writes_nothing(store: Store) -> None:
    deputy, holder = add_deputy(store), member(store)
    with store.transaction() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.role == "kepala", OF_PUPR).values(**NOBODY))
        leaves.add(tx, COORDINATOR, holder.id, tx.today, tx.today)
    tables_written = (tables.outbox, tables.dispatch_log, tables.notice, tables.page_link)
    before = [count(store, table) for table in tables_written]
    with store.reading() as tx:
        steps = coverage.steps(tx, "PUPR")
        rehearsed = {one.key: one for one in coverage.rehearse(tx, "PUPR")}
    assert [(step.number, step.audience, step.state) for step in steps] == [
        (1, Audience.TEAM, Held.LEAVE),
        (2, Audience.DEPUTY, Held.HELD),
        (3, Audience.HEAD, Held.UNREACHABLE),
        (4, Audience.COORDINATOR, Held.HELD),
        (5, Audience.REGIONAL_HEAD, Held.EMPTY),
    ]
    assert [one.id for one in rehearsed["pic.new"].told] == [deputy]
    assert [one.agency for one in rehearsed["sup.overdue"].told] == ["DISKOMINFO"]
    assert rehearsed["reg.overdue"].told == ()
    assert set(rehearsed) == set(coverage.REHEARSED)
    assert [count(store, table) for table in tables_written] == before
