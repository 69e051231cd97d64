"""What one officer is told at a time: a few messages alone, the rest in one, and danger always at once (CASEWORK 5.6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from channels.messages import Address
from gateway.complaints.complaint import Action, Case
from gateway.intake.arrival import Arrival
from gateway.notices import gathering
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import REPORT, act, assigned, count, expand, member, now, opened, rows, spoken

Sends = Callable[..., Arrival]
LOG, GATHERED = tables.dispatch_log, tables.gathered
OFFICER = Address("tg", "900001")
HEAD = Address("tel", "+628110000002")
PLACES = [f"pasar {letter}" for letter in "abcdef"]


def given(store: Store, telegram: Sends, many: int) -> list[Case]:
    """So many complaints given to one office, each told as it comes."""
    found = []
    for number, place in enumerate(PLACES[:many]):
        found.append(assigned(store, telegram(f"Jalan di depan {place} berlubang dalam", sender=str(500 + number))))
        expand(store)
    return found


def told(store: Store) -> list[str]:
    """What the liaison officer of PUPR was told, in order."""
    return [one.text for one in spoken(store, OFFICER)]


def reasons(store: Store) -> list[str]:
    return [row.skip for row in rows(store, LOG, LOG.c.key == "pic.new", LOG.c.recipient_kind == "staff")]


def limited(store: Store, **limits: int) -> None:
    settings = store.office.settings
    store.office = replace(store.office, settings=replace(settings, notices=replace(settings.notices, **limits)))


def test_the_fourth_message_within_a_quarter_of_an_hour_waits_for_the_others(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    cases = given(store, telegram, 5)
    assert len(told(store)) == 3
    assert reasons(store) == ["", "", "", "DIGEST", "DIGEST"]
    moment.pass_(minutes=14)
    assert gathering.tell_gathered(store) == 0
    moment.pass_(minutes=1)
    assert gathering.tell_gathered(store) == 1
    last = spoken(store, OFFICER)[-1]
    head, *lines = last.text.split("\n")
    assert head == "2 pemberitahuan untuk Anda:"
    assert [line.split(" (")[0] for line in lines] == [f"- Tugas baru {case.number}" for case in cases[3:]]
    assert list(last.buttons) == [case.number for case in cases[3:]]
    merged = [row.outbox_id for row in rows(store, LOG, LOG.c.skip == "DIGEST")]
    assert merged == [last.id, last.id]
    assert count(store, GATHERED) == 0
    assert gathering.tell_gathered(store) == 0


def test_one_that_waited_alone_is_told_as_ever(store: Store, telegram: Sends, moment: Moment) -> None:
    given(store, telegram, 4)
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    last = spoken(store, OFFICER)[-1]
    assert last.text.startswith("Tugas baru KBR-")
    assert "Terima & kerjakan" in last.buttons


def test_what_is_more_than_a_day_may_bring_waits_for_the_morning(store: Store, telegram: Sends, moment: Moment) -> None:
    limited(store, merge_after=0, digest_after=4)
    given(store, telegram, 6)
    assert reasons(store) == ["", "", "", "", "RATE_LIMIT", "RATE_LIMIT"]
    moment.now = datetime.fromisoformat("2026-11-24T07:29:00+07:00")
    assert gathering.tell_gathered(store) == 0
    moment.pass_(minutes=1)
    assert gathering.tell_gathered(store) == 1
    assert told(store)[-1].startswith("2 pemberitahuan untuk Anda:")


def test_without_limits_everything_is_told_alone(store: Store, telegram: Sends) -> None:
    limited(store, merge_after=0, digest_after=0)
    given(store, telegram, 6)
    assert len(told(store)) == 6


@pytest.mark.parametrize("what", [{"urgency": "darurat"}, {"kind": "pengaduan_pengawasan"}], ids=["danger", "staff"])
def test_danger_and_complaints_about_staff_never_wait(store: Store, telegram: Sends, what: dict[str, str]) -> None:
    limited(store, merge_after=1, digest_after=2)
    given(store, telegram, 4)
    last = opened(store, telegram("Jalan di depan gereja ambles", sender="77"))
    act(store, last, Action.ASSIGN, agency="PUPR")
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().where(tables.complaint.c.id == last.id).values(**what))
    expand(store)
    assert reasons(store) == ["", "DIGEST", "DIGEST", "DIGEST", ""]


def test_what_is_over_or_given_away_meanwhile_is_told_nobody(store: Store, telegram: Sends, moment: Moment) -> None:
    *_, moved, closed = given(store, telegram, 5)
    act(store, moved, Action.REASSIGN, agency="DLH", reason="Urusan sampah di tepi jalan")
    with store.transaction() as tx:
        mine = tables.complaint.c.id == closed.id
        tx.execute(tables.complaint.update().where(mine).values(closed_at=moment.now))
    moment.pass_(minutes=15)
    before = told(store)
    gathering.tell_gathered(store)
    assert told(store) == before
    assert reasons(store)[:5] == ["", "", "", "SUPERSEDED", "SUPERSEDED"]


def test_an_office_that_lost_the_case_overnight_is_not_given_its_task_in_the_morning(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    moment.now = MONDAY + timedelta(hours=13)  # 21.00 WIB
    case = opened(store, telegram(REPORT))
    act(store, case, Action.ASSIGN, agency="PUPR")
    expand(store)
    act(store, case, Action.REASSIGN, agency="DLH", reason="Urusan sampah di tepi jalan")
    moment.now = datetime.fromisoformat("2026-11-24T07:30:00+07:00")
    expand(store)
    assert [text for text in told(store) if text.startswith("Tugas baru")] == []
    entry = rows(store, LOG, LOG.c.key == "pic.new", LOG.c.recipient_kind == "team")
    assert [row.skip for row in entry] == ["QUIET", "SUPERSEDED"]


def test_officers_sleep_while_messages_wait(store: Store, telegram: Sends, moment: Moment) -> None:
    moment.now = datetime.fromisoformat("2026-11-23T19:50:00+07:00")
    given(store, telegram, 5)
    moment.pass_(minutes=15)
    assert gathering.tell_gathered(store) == 0
    moment.now = datetime.fromisoformat("2026-11-24T07:30:00+07:00")
    assert gathering.tell_gathered(store) == 1


def test_who_cannot_be_reached_meanwhile_is_noted(store: Store, telegram: Sends, moment: Moment) -> None:
    cases = given(store, telegram, 5)
    with store.transaction() as tx:
        tx.execute(tables.contact.update().values(reachable=False))
    moment.pass_(minutes=15)
    assert gathering.tell_gathered(store) == 0
    assert reasons(store)[3:] == ["NO_ROUTE", "NO_ROUTE"]
    with store.transaction() as tx:
        above = tables.agency_member.c.person == "Contoh Kepala PUPR"
        mine = tables.contact.c.id.in_(select(tables.agency_member.c.phone_id).where(above))
        tx.execute(tables.contact.update().where(mine).values(reachable=True))
    expand(store)
    first, second = [one.text for one in spoken(store, HEAD)]
    assert cases[3].number in first
    assert cases[4].number in second
    assert ["tangga_terputus" in now(store, case).flags for case in cases] == [False, False, False, True, True]
    assert gathering.tell_gathered(store) == 0


def leave(tx: Transaction, member_id: int, today: date) -> None:
    """They are on leave today."""
    days = {"member_id": member_id, "day_from": today, "day_to": today}
    tx.insert(tables.member_leave, id=tx.new_id(), **days, entered_by="coordinator:1", entered_at=tx.now)


def end(tx: Transaction, member_id: int, today: date) -> None:
    """Yesterday was the last day of their mandate."""
    team = tables.agency_member
    tx.execute(team.update().where(team.c.id == member_id).values(valid_to=today - timedelta(days=1)))


@pytest.mark.parametrize(("gone", "line"), [(leave, "ON_LEAVE"), (end, "NO_HOLDER")])
def test_for_who_is_not_there_in_the_morning_those_above_are_told(
    store: Store,
    telegram: Sends,
    moment: Moment,
    gone: Callable[[Transaction, int, date], None],
    line: str,
) -> None:
    limited(store, merge_after=0, digest_after=4)
    cases, before = given(store, telegram, 6), told(store)
    moment.now = datetime.fromisoformat("2026-11-24T07:30:00+07:00")
    with store.transaction() as tx:
        gone(tx, member(store).id, moment.now.date())
    assert gathering.tell_gathered(store) == 0
    expand(store)
    assert told(store) == before
    assert reasons(store)[4:6] == [line, line]
    assert sum(case.number in one.text for case in cases[4:] for one in spoken(store, HEAD)) == 2
    assert {"tangga_terputus" in now(store, case).flags for case in cases[4:]} == {True}


def test_a_colleague_who_was_told_is_enough_where_another_is_not_there(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    team = tables.agency_member
    mine = rows(store, team, team.c.person == "Contoh Penghubung PUPR")[0]
    other = rows(store, team, team.c.person == "Contoh Kepala DLH")[0].telegram_id
    given(store, telegram, 3)
    with store.transaction() as tx:
        tx.insert(team, **{**mine._asdict(), "id": tx.new_id(), "person": "Contoh Kedua", "telegram_id": other})
    case = assigned(store, telegram(REPORT, sender="99"))
    expand(store)
    moment.pass_(minutes=15)
    with store.transaction() as tx:
        end(tx, mine.id, moment.now.date())
    gathering.tell_gathered(store)
    expand(store)
    assert reasons(store)[3:] == ["NO_HOLDER", ""]
    assert spoken(store, HEAD) == []
    assert now(store, case).flags == frozenset()


def test_an_sms_names_a_few_tickets_in_one_part(store: Store, telegram: Sends, moment: Moment) -> None:
    team = tables.agency_member
    phone = rows(store, team, team.c.person == "Contoh Kepala PUPR")[0].phone_id
    with store.transaction() as tx:
        mine = team.c.person == "Contoh Penghubung PUPR"
        tx.execute(team.update().where(mine).values(notify=["sms"], telegram_id=None, phone_id=phone))
    limited(store, merge_after=1)
    cases = given(store, telegram, 6)
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    text = spoken(store, Address("tel", "+628110000002"))[-1].text
    named = ", ".join(case.number for case in cases[1:4])
    assert text == f"5 pemberitahuan baru, antara lain {named}. Buka http://127.0.0.1:8080/admin/aduan"
    assert len(text) <= 160
