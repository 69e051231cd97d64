"""A ladder with holes: every rung that nobody holds is passed over at once, shows, and whoever is told can act."""

import re
from dataclasses import replace
from types import MappingProxyType

import pytest

from gateway.complaints.complaint import Action, Case, Role, Status
from gateway.complaints.notices import Audience
from gateway.officer_links import door as officer_door
from gateway.officer_links.door import Door
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.timing import ladder
from gateway.timing.ladder import Rung
from tests.gateway.conftest import MONDAY
from tests.gateway.short_ways import (
    REPORT,
    act,
    assigned,
    count,
    expand,
    member,
    now,
    only,
    opened,
    reporter,
    rows,
    status,
)
from tests.gateway.test_mandates import MEMBER, Sends, add_deputy, told
from tests.gateway.test_notices import LOG

TASK = tables.task


def vacate(store: Store, *agencies: str) -> None:
    """Nobody of these offices is in office any more."""
    with store.transaction() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.agency.in_(agencies)).values(ended_at=MONDAY))


def page_sent(store: Store, key: str) -> str:
    """The secret of the page behind the newest message of this key."""
    sent = rows(store, tables.outbox, tables.outbox.c.key == key)[-1]
    [secret] = re.findall(r"/p/([\w-]+)", str(sent.buttons))
    return str(secret)


def door(store: Store, secret: str) -> Door:
    with store.transaction() as tx:
        return officer_door.enter(tx, secret, "").door


def under(store: Store, unit: str, parent: str) -> Store:
    """The same gateway where one office belongs to another."""
    reference = store.office.reference
    agencies = {**reference.agencies, unit: replace(reference.agencies[unit], parent=parent)}
    tree = replace(reference.tree, agencies=MappingProxyType(agencies))
    return Store(store.engine, replace(store.office, reference=replace(reference, tree=tree)))


def test_without_a_team_the_coordinator_is_told_at_once_and_their_page_opens(store: Store, telegram: Sends) -> None:
    vacate(store, "PUPR")
    case = assigned(store, telegram(REPORT))
    coordinator = member(store, "DISKOMINFO")
    assert told(store, "pic.new") == [(None, "NO_HOLDER")] * 3 + [(coordinator.id, "")]
    assert now(store, case).flags == {"tangga_terputus"}
    assert door(store, page_sent(store, "pic.new")) is Door.OPEN
    act(store, case, Action.START, coordinator.actor)
    assert status(store, case) is Status.IN_PROGRESS


def test_the_coordinator_s_page_of_a_report_that_nobody_has_opens(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, Action.REPLY, reporter(case), text="Tambahan: persis di depan gerbang pasar")
    assert told(store, "pic.replied") == [(member(store, "DISKOMINFO").id, "")]
    act(store, case, Action.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    act(store, case, Action.ASK_MORE, question="Di sebelah mana persisnya lubang itu?")
    act(store, case, Action.COMPLETE, reporter(case))  # without words there is nothing to quote: the page tells more
    expand(store)
    assert door(store, page_sent(store, "pic.replied")) is Door.OPEN


def test_what_is_said_of_officers_opens_for_nobody_but_the_office_that_has_it(store: Store, telegram: Sends) -> None:
    vacate(store, "INSPEKTORAT")
    case = act(store, opened(store, telegram(REPORT)), Action.MOVE_TO_INSPECTORATE, reason="menyangkut petugas PUPR")
    coordinator = member(store, "DISKOMINFO")
    assert told(store, "pic.new")[-1] == (coordinator.id, "")
    sent = rows(store, tables.outbox, tables.outbox.c.key == "pic.new")[-1]
    assert "/p/" not in str(sent.buttons)
    with store.transaction() as tx:
        assert not officer_door.is_theirs(tx, coordinator, case)


def test_where_nobody_at_all_can_be_told_a_task_stands_open(store: Store, telegram: Sends) -> None:
    vacate(store, "PUPR", "DISKOMINFO")
    case = assigned(store, telegram(REPORT))
    assert {skip for _, skip in told(store, "pic.new")} == {"NO_HOLDER"}
    assert only(store, TASK, TASK.c.kind == "nobody_told").complaint_id == case.id


def test_a_unit_inherits_the_head_above_it(store: Store, telegram: Sends) -> None:
    upper = under(store, "PUPR", "DLH")
    with upper.reading() as tx:
        assert ladder.rungs(tx, "PUPR") == (
            Rung(Audience.TEAM, "PUPR"),
            Rung(Audience.DEPUTY, "PUPR"),
            Rung(Audience.HEAD, "PUPR"),
            Rung(Audience.HEAD, "DLH"),
            Rung(Audience.COORDINATOR, "DLH"),
            Rung(Audience.REGIONAL_HEAD, "DLH"),
        )
    vacate(store, "PUPR")
    assigned(upper, telegram(REPORT))
    assert told(upper, "pic.new")[-1] == (member(store, "DLH", Role.KEPALA).id, "")


def overdue(store: Store, case: Case) -> None:
    """The notices of a deadline that has passed."""
    event = only(store, tables.complaint_event, tables.complaint_event.c.action == "assign")
    like = only(store, tables.notice, tables.notice.c.key == "pic.new")._asdict()
    with store.transaction() as tx:
        for audience in ("team", "deputy"):
            same = {"key": "pic.overdue", "audience": audience, "state": "queued", "event_id": event.id}
            tx.insert(tables.notice, **{**like, **same, "id": tx.new_id()})


@pytest.mark.parametrize("how", ["both", "deputy_for_the_team"])
def test_one_person_on_two_rungs_is_told_once(store: Store, telegram: Sends, how: str) -> None:
    case = assigned(store, telegram(REPORT))
    expand(store)
    deputy = add_deputy(store, "900001" if how == "both" else "900555")
    if how != "both":
        with store.transaction() as tx:
            gone = MEMBER.c.person == "Contoh Penghubung PUPR"
            tx.execute(MEMBER.update().where(gone).values(ended_at=MONDAY))
    overdue(store, case)
    assert told(store, "pic.overdue")[-1] == (deputy, "SAME_PERSON")
    assert count(store, LOG, LOG.c.key == "pic.overdue", LOG.c.skip == "") == 1
