"""The mark of a broken ladder goes by itself when the broken rung holds again, and not before (CASEWORK 5.6)."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.complaints.complaint import Action, Case, Role
from gateway.intake.arrival import Arrival
from gateway.notices import fallback, mended
from gateway.people import leaves
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, act, answered, assigned, expand, member, now, reporter, rows
from tests.plans import watched

Sends = Callable[..., Arrival]
A, TEAM, CONTACT = Action, tables.agency_member, tables.contact
OFFICER, HEAD = "Contoh Penghubung PUPR", "Contoh Kepala PUPR"
MARK = "tangga_terputus"


def marked(store: Store, case: Case) -> bool:
    return MARK in now(store, case).flags


def change(store: Store, person: str, **values: Any) -> None:
    """Of their place in the team."""
    with store.transaction() as tx:
        tx.execute(TEAM.update().where(TEAM.c.person == person).values(**values))


def reachable(store: Store, person: str, *, is_so: bool) -> None:
    mine = rows(store, TEAM, TEAM.c.person == person)[0]
    with store.transaction() as tx:
        theirs = CONTACT.c.id.in_([one for one in (mine.telegram_id, mine.phone_id) if one])
        tx.execute(CONTACT.update().where(theirs).values(reachable=is_so))


def join(store: Store, person: str, role: Role) -> None:
    """Somebody with an address of their own joins the team of PUPR."""
    mine = rows(store, TEAM, TEAM.c.person == OFFICER)[0]
    other = rows(store, TEAM, TEAM.c.person == "Contoh Kepala DLH")[0].telegram_id
    with store.transaction() as tx:
        place = {"id": tx.new_id(), "person": person, "role": role.value, "telegram_id": other, "ended_at": None}
        tx.insert(TEAM, **{**mine._asdict(), **place})


def given(store: Store, telegram: Sends, sender: str = "77") -> Case:
    case = assigned(store, telegram(REPORT, sender=sender))
    expand(store)
    return case


def test_a_team_that_has_somebody_again_is_no_gap(store: Store, telegram: Sends, moment: Moment) -> None:
    change(store, OFFICER, ended_at=moment.now)
    case = given(store, telegram)
    assert marked(store, case)
    assert mended.clear(store) == 0
    join(store, "Contoh Baru", Role.PENGHUBUNG)
    with watched() as asked:
        assert mended.clear(store) == 1
        assert not asked.whole()
    assert not marked(store, case)
    assert mended.clear(store) == 0


def test_an_address_that_answers_again_is_no_gap(store: Store, telegram: Sends) -> None:
    reachable(store, OFFICER, is_so=False)
    case = given(store, telegram)
    assert (marked(store, case), mended.clear(store)) == (True, 0)
    reachable(store, OFFICER, is_so=True)
    assert mended.clear(store) == 1
    assert not marked(store, case)


def test_a_message_that_failed_is_a_gap_until_a_later_one_arrives(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = given(store, telegram)
    settle(store, state="failed", reason="timeout")
    fallback.tell_elsewhere(store)
    assert (marked(store, case), mended.clear(store)) == (True, 0), "their address is as good as it was"
    moment.pass_(hours=1)
    assert mended.clear(store) == 0
    given(store, telegram, "78")
    assert mended.clear(store) == 0, "written and not sent"
    settle(store, state="sent", sent_at=moment.now)
    with watched() as asked:
        assert mended.clear(store) == 1
        assert not asked.whole()
    assert not marked(store, case)


def settle(store: Store, **values: Any) -> None:
    """What became of the officers' messages that wait."""
    with store.transaction() as tx:
        waiting = (tables.outbox.c.key == "pic.new") & (tables.outbox.c.state == "queued")
        tx.execute(tables.outbox.update().where(waiting).values(**values))


def test_where_deliveries_are_reported_only_one_mends_what_went_unheard(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    phone = rows(store, TEAM, TEAM.c.person == HEAD)[0].phone_id
    change(store, OFFICER, telegram_id=None, phone_id=phone, notify=["sms"])
    case = given(store, telegram)
    settle(store, state="sent", sent_at=moment.now)
    moment.pass_(hours=2)
    fallback.tell_elsewhere(store)
    assert (marked(store, case), mended.clear(store)) == (True, 0)
    moment.pass_(minutes=5)
    given(store, telegram, "78")
    settle(store, state="sent", sent_at=moment.now)
    assert mended.clear(store) == 0
    with store.transaction() as tx:
        newest = tables.outbox.c.created_at == tx.now
        tx.execute(tables.outbox.update().where(newest).values(delivered_at=tx.now))
    assert mended.clear(store) == 1


def test_a_colleague_with_a_way_mends_what_one_officer_did_not_get(store: Store, telegram: Sends) -> None:
    case = given(store, telegram)
    settle(store, state="failed", reason="timeout")
    fallback.tell_elsewhere(store)
    assert (marked(store, case), mended.clear(store)) == (True, 0)
    join(store, "Contoh Baru", Role.PENGHUBUNG)
    assert mended.clear(store) == 1


def test_a_deputy_in_office_does_not_mend_a_team_that_nobody_is_in(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    change(store, OFFICER, ended_at=moment.now)
    case = given(store, telegram)
    join(store, "Contoh Deputi", Role.DEPUTI)
    assert mended.clear(store) == 0
    assert marked(store, case)


def test_each_rung_that_was_missed_must_hold(store: Store, telegram: Sends, moment: Moment) -> None:
    """The team was not there, and later nobody was the deputy whom the reporter's BELUM is told to."""
    case = answered(store, telegram(REPORT))
    reachable(store, OFFICER, is_so=False)
    moment.pass_(minutes=11)
    expand(store)
    act(store, case, A.CONTEST, reporter(case))
    expand(store)
    reachable(store, OFFICER, is_so=True)
    assert (marked(store, case), mended.clear(store)) == (True, 0)
    join(store, "Contoh Deputi", Role.DEPUTI)
    assert mended.clear(store) == 1


@pytest.mark.parametrize("is_back", [False, True])
def test_while_the_team_is_on_leave_the_empty_place_above_it_is_the_gap(
    store: Store, telegram: Sends, moment: Moment, is_back: bool
) -> None:
    with store.transaction() as tx:
        leaves.add(tx, COORDINATOR, member(store).id, tx.today, tx.today)
    case = given(store, telegram)
    assert (marked(store, case), mended.clear(store)) == (True, 0)
    if is_back:
        moment.pass_(days=1)
    else:
        join(store, "Contoh Deputi", Role.DEPUTI)
    assert mended.clear(store) == 1


def test_what_went_to_another_office_is_that_one_s_matter(store: Store, telegram: Sends, moment: Moment) -> None:
    change(store, OFFICER, ended_at=moment.now)
    case = given(store, telegram)
    act(store, case, A.REASSIGN, agency="DLH", reason="Urusan sampah di tepi jalan")
    with store.transaction() as tx:  # that it was taken from them is nothing that has to be done
        tx.execute(tables.notice.update().where(tables.notice.c.key == "pic.withdrawn").values(state="done"))
    expand(store)
    assert mended.clear(store) == 1
    assert not marked(store, case)


def test_other_marks_stay_and_so_do_those_of_closed_complaints(store: Store, telegram: Sends, moment: Moment) -> None:
    change(store, OFFICER, ended_at=moment.now)
    first, second = given(store, telegram), given(store, telegram, "78")
    with store.transaction() as tx:
        cases.mark(tx, first.id, "mismatch", on=True)
        mine = tables.complaint.c.id == second.id
        tx.execute(tables.complaint.update().where(mine).values(closed_at=tx.now))
    join(store, "Contoh Baru", Role.PENGHUBUNG)
    assert mended.clear(store) == 1
    assert now(store, first).flags == {"mismatch"}
    assert marked(store, second)
