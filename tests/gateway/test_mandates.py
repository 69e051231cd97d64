"""Whose mandate lasts and who is on leave: who is told, who may act, who acts instead, and who is warned in time."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from config.reference import Agency, TeamMember
from gateway.complaints.complaint import Action, Actor, Role
from gateway.intake.arrival import Arrival
from gateway.notices import summaries
from gateway.officer_links import door, links
from gateway.officer_links.door import Door
from gateway.people import directory, leaves
from gateway.people.leaves import LeaveRefused
from gateway.record import assignments
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import (
    COORDINATOR,
    REPORT,
    act,
    assigned,
    contact,
    count,
    expand,
    member,
    now,
    only,
    rows,
    said,
)
from tests.gateway.test_notices import LOG
from tests.gateway.test_summaries import morning

Sends = Callable[..., Arrival]
MEMBER = tables.agency_member
TODAY = MONDAY.date()
HEAD_OF_PUPR = Actor(Role.KEPALA, "7", "PUPR")
DEPUTY = {"role": "deputi", "person": "Contoh Deputi PUPR", "telegram_id": None}


def change(store: Store, agency: str, role: Role, **values: Any) -> int:
    found = member(store, agency, role)
    with store.transaction() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.id == found.id).values(**values))
    return found.id


def add_deputy(store: Store, chat: str = "900555") -> int:
    """A deputy of PUPR who is reached by Telegram."""
    like = only(store, MEMBER, MEMBER.c.person == "Contoh Penghubung PUPR")
    address = contact(store, chat)
    with store.transaction() as tx:
        identity = tx.new_id()
        tx.insert(MEMBER, **{**like._asdict(), **DEPUTY, "id": identity, "telegram_id": address.id, "source": "person"})
    return identity


def go_on_leave(store: Store, who: int, days: int = 3, actor: Actor = COORDINATOR) -> int:
    with store.transaction() as tx:
        return leaves.add(tx, actor, who, tx.today, tx.today + timedelta(days=days - 1))


def told(store: Store, key: str) -> list[tuple[int | None, str]]:
    """(member, why not) of every line about this notice, in order."""
    expand(store)
    return [(row.recipient_id, row.skip) for row in rows(store, LOG, LOG.c.key == key)]


# leave


def test_while_the_holder_is_on_leave_the_deputy_acts(store: Store, telegram: Sends) -> None:
    deputy, holder = add_deputy(store), member(store)
    go_on_leave(store, holder.id)
    case = assigned(store, telegram(REPORT))
    assert told(store, "pic.new") == [(holder.id, "ON_LEAVE"), (deputy, "")]
    assert now(store, case).flags == frozenset()  # planned, and somebody acts: no hole
    with store.transaction() as tx:
        acting = directory.member(tx, deputy)
        assert acting is not None
        assert door.may_work_on(tx, acting, case)
    assert act(store, case, Action.START, acting.actor).holder_id == deputy


def test_the_leave_of_whoever_holds_it_calls_the_deputy_beside_the_team(store: Store, telegram: Sends) -> None:
    deputy, holder = add_deputy(store), member(store)
    like, address = only(store, MEMBER, MEMBER.c.id == holder.id), contact(store, "900556")
    with store.transaction() as tx:
        second = {**like._asdict(), "id": tx.new_id(), "person": "Rekan", "telegram_id": address.id}
        tx.insert(MEMBER, **second)
    case = act(store, assigned(store, telegram(REPORT)), Action.START, holder.actor)
    go_on_leave(store, holder.id)
    expand(store)
    act(store, case, Action.REPLY, Actor(Role.REPORTER, str(case.contact_id)), text="Masih berlubang, Pak")
    assert told(store, "pic.replied") == [(holder.id, "ON_LEAVE"), (second["id"], ""), (deputy, "")]


def test_after_the_last_day_of_leave_the_holder_is_told_again(store: Store, telegram: Sends, moment: Moment) -> None:
    holder = member(store)
    go_on_leave(store, holder.id, days=1)
    moment.pass_(days=1)
    assigned(store, telegram(REPORT))
    assert told(store, "pic.new") == [(holder.id, "")]


def test_leave_that_was_taken_back_is_none(store: Store, telegram: Sends) -> None:
    holder = member(store)
    entered = go_on_leave(store, holder.id, actor=HEAD_OF_PUPR)
    for _ in range(2):
        with store.transaction() as tx:
            leaves.remove(tx, HEAD_OF_PUPR, entered)
    assigned(store, telegram(REPORT))
    assert told(store, "pic.new") == [(holder.id, "")]
    audit = tables.audit
    lines = rows(store, audit, audit.c.action.in_(["leave_added", "leave_removed"]))
    assert [(line.action, line.object_id, line.actor_agency) for line in lines] == [
        ("leave_added", "PUPR", "PUPR"),
        ("leave_removed", "PUPR", "PUPR"),
    ]


# fmt: off
REFUSED = [
    # who                                    from        to          why
    (COORDINATOR,                            2,          0,          "wrong_order"),
    (COORDINATOR,                            -9,         -1,         "over"),
    (COORDINATOR,                            0,          400,        "too_long"),
    (COORDINATOR,                            11,         20,         "overlap"),
    (Actor(Role.KEPALA, "7", "DLH"),         0,          1,          "not_yours"),
    (Actor(Role.PENGHUBUNG, "7", "PUPR"),    0,          1,          "not_yours"),
]
# fmt: on


@pytest.mark.parametrize(("actor", "first", "last", "code"), REFUSED, ids=[row[3] + row[0].role for row in REFUSED])
def test_leave_that_cannot_be_is_refused_with_its_reason(
    store: Store, actor: Actor, first: int, last: int, code: str
) -> None:
    holder = member(store)
    with store.transaction() as tx:
        leaves.add(tx, HEAD_OF_PUPR, holder.id, TODAY + timedelta(days=10), TODAY + timedelta(days=12))
    with store.transaction() as tx, pytest.raises(LeaveRefused) as refused:
        leaves.add(tx, actor, holder.id, TODAY + timedelta(days=first), TODAY + timedelta(days=last))
    assert refused.value.code == code
    assert count(store, tables.member_leave) == 1


# mandates


def test_c13_whoever_s_mandate_ended_acts_by_no_link_and_no_button(store: Store, telegram: Sends) -> None:
    case, holder = assigned(store, telegram(REPORT)), member(store)
    with store.transaction() as tx:
        token = links.issue_page(tx, case.id, holder.id).rpartition("/")[2]
        assert door.enter(tx, token, "").door is Door.OPEN
    address = contact(store, "900001").id
    change(store, "PUPR", Role.PENGHUBUNG, valid_to=TODAY - timedelta(days=1))
    with store.transaction() as tx:
        assert door.enter(tx, token, "").door is Door.SHUT
        assert directory.members_of(tx, address) == []  # no button, no URUNG, no duty
        assert directory.member(tx, holder.id) is None


def test_a_mandate_that_is_still_to_begin_is_none(store: Store, telegram: Sends) -> None:
    change(store, "PUPR", Role.PENGHUBUNG, valid_from=TODAY + timedelta(days=1))
    assigned(store, telegram(REPORT))
    assert told(store, "pic.new")[0] == (None, "NO_HOLDER")


def test_nothing_is_given_to_an_office_that_is_no_more(store: Store) -> None:
    agency = tables.agency
    with store.transaction() as tx:
        gone = {"valid_to": TODAY - timedelta(days=1)}
        tx.execute(agency.update().where(agency.c.code.in_(["PUPR", "DISKOMINFO"])).values(**gone))
        assert not assignments.accepts(tx, "PUPR")
        assert "PUPR" not in dict(directory.accepting(tx))
        assert assignments.accepts(tx, "DLH")
        # The coordinator's own office decides what becomes of a complaint: without it nothing would move.
        assert assignments.accepts(tx, "DISKOMINFO")


def test_the_agency_data_say_who_is_in_office_by_which_decree(store: Store) -> None:
    decreed = TeamMember(
        "penghubung", "Baru", sk_number="SK 9/2026", sk_date=date(2026, 11, 2), valid_to=date(2027, 1, 1)
    )
    agency = store.office.reference.agencies["PUPR"]
    with store.transaction() as tx:
        row = directory._member_row(tx, agency, decreed, {})
    assert (row["sk_no"], row["sk_date"], row["valid_from"], row["valid_to"]) == (
        "SK 9/2026", date(2026, 11, 2), agency.valid_from, date(2027, 1, 1),
    )  # fmt: skip


def test_whoever_the_agency_data_name_no_more_is_out_of_office(store: Store) -> None:
    entered = add_deputy(store)
    left = change(store, "PUPR", Role.PENGHUBUNG, person="Sudah pindah")
    with store.transaction() as tx:
        directory.load(tx)
        assert directory.member(tx, left) is None
        assert directory.member(tx, entered) is not None  # entered by a person: not in the file
        [new] = directory.team(tx, "PUPR", (Role.PENGHUBUNG,), tx.today)
    assert new.person == "Contoh Penghubung PUPR"


def test_a_mandate_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="valid_to lies before valid_from"):
        TeamMember("penghubung", "X", valid_from=date(2027, 1, 2), valid_to=date(2027, 1, 1))
    assert not Agency("X1", "X", "dinas", accepts=True, valid_to=date(2025, 1, 1)).is_valid_on(TODAY)


# warnings


def test_the_end_of_a_mandate_is_told_thirty_seven_and_one_day_before_once_each(store: Store, moment: Moment) -> None:
    end = date(2026, 12, 24)  # a Thursday, as are the 3rd and the 10th; the 23rd is a Wednesday
    change(store, "PUPR", Role.PENGHUBUNG, valid_to=end)
    days = []
    for day in range(35):
        before = count(store, tables.outbox)
        moment.now = datetime(2026, 11, 22, 0, 31, tzinfo=MONDAY.tzinfo) + timedelta(days=day)
        summaries.tell(store)
        if count(store, tables.outbox) > before:
            days.append((moment.now + timedelta(hours=7)).date())
    assert days == [date(2026, 11, 24), date(2026, 12, 17), date(2026, 12, 23)]
    texts = [text for text in said(store, "sup.digest") if "SK penghubung" in text or "SK Penghubung" in text]
    assert len(texts) == 6  # the head of the office and the coordinator
    assert all("Dinas Pekerjaan Umum dan Penataan Ruang berakhir 24 Des 2026. Perbarui tim." in text for text in texts)


def test_after_a_standstill_only_the_newest_warning_is_told(store: Store, moment: Moment) -> None:
    change(store, "PUPR", Role.KEPALA, valid_to=date(2026, 11, 27))
    morning(store, moment, 1)
    morning(store, moment, 1)
    warned = [text for text in said(store, "sup.digest") if "berakhir 27 Nov 2026" in text]
    assert len(warned) == 2
    steps = rows(store, tables.mandate_warning)
    assert {(row.days, row.audience) for row in steps} == {(7, "head"), (7, "coordinator")}
