"""What an officer did not get is told by the next way to them, once, and never where it may have arrived (CASEWORK 10)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from channels.messages import Address
from gateway.complaints.complaint import Action, Case
from gateway.intake.arrival import Arrival
from gateway.notices import fallback, gathering
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, assigned, expand, member, now, opened, rows, spoken
from tests.plans import watched

Sends = Callable[..., Arrival]
LOG, OUTBOX, TEAM = tables.dispatch_log, tables.outbox, tables.agency_member
CHAT, PHONE = Address("tg", "900001"), Address("tel", "+628110000002")


def two_ways(store: Store, *order: str) -> None:
    """The liaison officer of PUPR has a telephone number too."""
    phone = rows(store, TEAM, TEAM.c.person == "Contoh Kepala PUPR")[0].phone_id
    with store.transaction() as tx:
        mine = TEAM.c.person == "Contoh Penghubung PUPR"
        tx.execute(TEAM.update().where(mine).values(notify=list(order), phone_id=phone))


def given(store: Store, arrival: Arrival) -> Case:
    case = assigned(store, arrival)
    expand(store)
    return case


def became(store: Store, channel: str, **values: Any) -> None:
    """What the provider said of the messages to officers on this channel."""
    with store.transaction() as tx:
        mine = (OUTBOX.c.channel == channel) & OUTBOX.c.key.in_(("pic.new", gathering.KEY))
        tx.execute(OUTBOX.update().where(mine).values(**values))


def ways(store: Store) -> list[tuple[str, str]]:
    """(channel, reason) of the lines about the new task."""
    return [(row.channel, row.skip) for row in rows(store, LOG, LOG.c.key == "pic.new")]


# fmt: off
FATES: Mapping[str, tuple[tuple[str, ...], dict[str, str], int, list[tuple[str, str]]]] = {
    # order of ways, what became of the first message, minutes later, lines of the log
    "refused":        (("telegram", "sms"), {"state": "failed", "reason": "blocked"}, 0,  [("tg", ""), ("sms", "")]),
    "waits too long": (("telegram", "sms"), {"state": "queued"},                      30, [("tg", ""), ("sms", "")]),
    "waits a little": (("telegram", "sms"), {"state": "queued"},                      29, [("tg", "")]),
    "in doubt":       (("telegram", "sms"), {"state": "unknown"},                     60, [("tg", "")]),
    "under way":      (("telegram", "sms"), {"state": "sending"},                     60, [("tg", "")]),
    "sent":           (("telegram", "sms"), {"state": "sent"},                        60, [("tg", "")]),
    "not wanted":     (("telegram", "sms"), {"state": "failed", "reason": "opt_out"}, 60, [("tg", "")]),
    "no report":      (("sms", "telegram"), {"state": "sent"},                        30, [("sms", ""), ("tg", "")]),
    "delivered":      (("sms", "telegram"), {"state": "delivered"},                   60, [("sms", "")]),
}
# fmt: on


@pytest.mark.parametrize("fate", FATES)
def test_what_did_not_arrive_is_told_once_by_the_next_way(
    store: Store, telegram: Sends, moment: Moment, fate: str
) -> None:
    order, values, minutes, lines = FATES[fate]
    two_ways(store, *order)
    given(store, telegram(REPORT))
    became(store, {"telegram": "tg"}.get(order[0], order[0]), **values, sent_at=moment.now)
    moment.pass_(minutes=minutes)
    with watched() as asked:
        told = fallback.tell_elsewhere(store)
        assert not asked.whole()
    assert (ways(store), told) == (lines, len(lines) - 1)
    assert fallback.tell_elsewhere(store) == 0


def test_a_message_that_still_waited_is_not_sent_as_well(store: Store, telegram: Sends, moment: Moment) -> None:
    two_ways(store, "telegram", "sms")
    given(store, telegram(REPORT))
    moment.pass_(minutes=30)
    fallback.tell_elsewhere(store)
    assert [(row.channel, row.state) for row in rows(store, OUTBOX, OUTBOX.c.key == "pic.new")] == [
        ("tg", "failed"),
        ("sms", "queued"),
    ]


def test_where_no_way_is_left_those_above_are_told_and_the_gap_shows(store: Store, telegram: Sends) -> None:
    case = given(store, telegram(REPORT))
    became(store, "tg", state="failed", reason="blocked")
    assert fallback.tell_elsewhere(store) == 1
    assert ways(store) == [("tg", ""), ("", "NO_ROUTE"), ("", "NO_HOLDER"), ("sms", "")]  # the deputy's place is empty
    assert "tangga_terputus" in now(store, case).flags
    assert fallback.tell_elsewhere(store) == 0


def test_a_colleague_who_was_told_is_enough(store: Store, telegram: Sends) -> None:
    mine = rows(store, TEAM, TEAM.c.person == "Contoh Penghubung PUPR")[0]
    other = rows(store, TEAM, TEAM.c.person == "Contoh Kepala DLH")[0].telegram_id
    with store.transaction() as tx:
        tx.insert(TEAM, **{**mine._asdict(), "id": tx.new_id(), "person": "Contoh Kedua", "telegram_id": other})
    case = given(store, telegram(REPORT))
    with store.transaction() as tx:
        failed = (OUTBOX.c.key == "pic.new") & (OUTBOX.c.contact_id == mine.telegram_id)
        tx.execute(OUTBOX.update().where(failed).values(state="failed", reason="blocked"))
    fallback.tell_elsewhere(store)
    assert ways(store) == [("tg", ""), ("tg", ""), ("", "NO_ROUTE")]
    assert now(store, case).flags == frozenset()


def test_one_that_had_waited_and_did_not_arrive_goes_up_as_well(store: Store, telegram: Sends, moment: Moment) -> None:
    cases = [given(store, telegram(f"{REPORT} {number}", sender=str(500 + number))) for number in range(4)]
    became(store, "tg", state="delivered")
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    with store.transaction() as tx:
        mine = (OUTBOX.c.key == "pic.new") & (OUTBOX.c.complaint_id == cases[-1].id)
        tx.execute(OUTBOX.update().where(mine).values(state="failed", reason="blocked"))
    assert fallback.tell_elsewhere(store) == 1
    assert ways(store)[3:] == [("tg", "DIGEST"), ("", "NO_ROUTE"), ("", "NO_HOLDER"), ("sms", "")]
    assert ["tangga_terputus" in now(store, case).flags for case in cases] == [False, False, False, True]


def test_a_colleague_whose_message_failed_as_well_is_not_enough(store: Store, telegram: Sends, moment: Moment) -> None:
    mine = rows(store, TEAM, TEAM.c.person == "Contoh Penghubung PUPR")[0]
    other = rows(store, TEAM, TEAM.c.person == "Contoh Kepala DLH")[0].telegram_id
    with store.transaction() as tx:
        tx.insert(TEAM, **{**mine._asdict(), "id": tx.new_id(), "person": "Contoh Kedua", "telegram_id": other})
    for number in range(5):
        case = given(store, telegram(f"{REPORT} {number}", sender=str(500 + number)))
    became(store, "tg", state="delivered")
    with store.transaction() as tx:  # for them one alone is left
        theirs = rows(store, tables.gathered, tables.gathered.c.contact_id == mine.telegram_id)
        tx.execute(tables.gathered.delete().where(tables.gathered.c.entry_id == theirs[0].entry_id))
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    became(store, "tg", state="failed", reason="blocked")
    fallback.tell_elsewhere(store)
    assert "tangga_terputus" in now(store, case).flags


def test_who_is_on_leave_by_now_is_not_told_again(store: Store, telegram: Sends, moment: Moment) -> None:
    two_ways(store, "telegram", "sms")
    case = given(store, telegram(REPORT))
    became(store, "tg", state="failed", reason="blocked")
    with store.transaction() as tx:
        days = {"member_id": member(store).id, "day_from": moment.now.date(), "day_to": moment.now.date()}
        tx.insert(tables.member_leave, id=tx.new_id(), **days, entered_by="coordinator:1", entered_at=tx.now)
    assert fallback.tell_elsewhere(store) == 1
    assert ways(store) == [("tg", ""), ("", "ON_LEAVE"), ("", "NO_HOLDER"), ("sms", "")]
    assert now(store, case).flags == frozenset({"tangga_terputus"})


def test_a_task_that_was_given_away_is_not_told_again(store: Store, telegram: Sends) -> None:
    two_ways(store, "telegram", "sms")
    case = given(store, telegram(REPORT))
    act(store, case, Action.REASSIGN, agency="DLH", reason="Urusan sampah di tepi jalan")
    became(store, "tg", state="failed", reason="blocked")
    assert fallback.tell_elsewhere(store) == 0
    assert len(ways(store)) == 1


def test_at_night_only_danger_is_told_again(store: Store, telegram: Sends, moment: Moment) -> None:
    two_ways(store, "telegram", "sms")
    moment.now = datetime.fromisoformat("2026-11-23T19:50:00+07:00")
    given(store, telegram(REPORT))
    became(store, "tg", state="failed", reason="blocked")
    moment.pass_(minutes=20)
    assert fallback.tell_elsewhere(store) == 0
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(urgency="darurat"))
    assert fallback.tell_elsewhere(store) == 1


@pytest.mark.parametrize(
    ("order", "fate"), [(("telegram", "sms"), {"state": "failed", "reason": "blocked"}), (("sms",), {"state": "sent"})]
)
def test_what_has_to_wait_for_the_morning_does_not_stand_before_danger(
    store: Store, telegram: Sends, moment: Moment, order: tuple[str, ...], fate: dict[str, str]
) -> None:
    two_ways(store, *order)
    moment.now = datetime.fromisoformat("2026-11-23T19:30:00+07:00")
    given(store, telegram(REPORT))
    with store.transaction() as tx:
        waits = rows(store, OUTBOX, OUTBOX.c.key == "pic.new")[0]._asdict()
        for _ in range(fallback.MOST):
            tx.insert(OUTBOX, **{**waits, "id": tx.new_id()})
    moment.pass_(minutes=1)
    danger = given(store, telegram(f"{REPORT} juga di sana", sender="78"))
    became(store, {"telegram": "tg"}.get(order[0], order[0]), **fate, sent_at=moment.now)
    with store.transaction() as tx:
        mine = tables.complaint.c.id == danger.id
        tx.execute(tables.complaint.update().where(mine).values(urgency="darurat"))
    moment.pass_(minutes=40)
    with watched() as asked:
        assert fallback.tell_elsewhere(store) == 1
        assert not asked.whole()


def test_that_a_channel_is_dead_is_told_by_the_next_way_at_night(store: Store, moment: Moment) -> None:
    two_ways(store, "telegram", "sms")
    moment.now = datetime.fromisoformat("2026-11-23T23:00:00+07:00")
    with store.transaction() as tx:
        (who,) = contacts.by_id(
            tx, [rows(store, TEAM, TEAM.c.person == "Contoh Penghubung PUPR")[0].telegram_id]
        ).values()
        for key in ("chan.alert", "task.sp4n"):
            outbound.say(tx, who, "tg", [(f"Kabar {key}", ())], Said(key, direct=False))
        tx.execute(OUTBOX.update().values(state="failed", reason="blocked"))
    assert fallback.tell_elsewhere(store) == 1
    assert [row.key for row in rows(store, OUTBOX, OUTBOX.c.channel == "sms")] == ["chan.alert"]


def test_what_was_told_together_waits_on_where_there_is_no_other_way(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    cases = [given(store, telegram(f"{REPORT} {number}", sender=str(500 + number))) for number in range(5)]
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    moment.pass_(minutes=30)
    with watched() as asked:
        fallback.tell_elsewhere(store)
        assert not asked.whole()
    assert [row.state for row in rows(store, OUTBOX, OUTBOX.c.key == gathering.KEY)] == ["queued"]
    moment.pass_(minutes=15)  # those above have a pace too
    gathering.tell_gathered(store)
    told = " ".join(one.text for one in spoken(store, PHONE))
    assert [case.number in told for case in cases[3:]] == [True, True]
    assert ["tangga_terputus" in now(store, case).flags for case in cases[3:]] == [True, True]
    before = len(rows(store, OUTBOX))
    assert fallback.tell_elsewhere(store) == 0
    assert len(rows(store, OUTBOX)) == before


def test_what_was_told_together_goes_on_together(store: Store, telegram: Sends, moment: Moment) -> None:
    two_ways(store, "telegram", "sms")
    cases = [given(store, telegram(f"{REPORT} {number}", sender=str(500 + number))) for number in range(5)]
    became(store, "tg", state="sent")
    moment.pass_(minutes=15)
    gathering.tell_gathered(store)
    became(store, "tg", state="failed", reason="blocked")
    with store.transaction() as tx:
        tx.execute(OUTBOX.update().where(OUTBOX.c.key == "pic.new").values(provider_state=fallback.ELSEWHERE))
    assert fallback.tell_elsewhere(store) == 1
    assert spoken(store, PHONE)[-1].text == (
        "Pesan untuk Anda di tg tidak sampai. Buka http://127.0.0.1:8080/admin/aduan"
    )
    became(store, "sms", state="failed", reason="blocked")
    assert fallback.tell_elsewhere(store) == 1
    assert ["tangga_terputus" in now(store, case).flags for case in cases] == [False, False, False, True, True]


def test_an_sms_nobody_asked_for_is_worth_it_on_the_last_day_only(store: Store, telegram: Sends) -> None:
    two_ways(store, "telegram")
    case = opened(store, telegram(REPORT))
    given(store, telegram(f"{REPORT} juga di sana", sender="78"))
    act(store, case, Action.ASSIGN, agency="PUPR")
    with store.transaction() as tx:
        mine = (tables.notice.c.complaint_id == case.id) & (tables.notice.c.key == "pic.new")
        tx.execute(tables.notice.update().where(mine).values(key="pic.due", inputs={"clock": "resolution"}))
    expand(store)
    with store.transaction() as tx:
        officers = OUTBOX.c.key.in_(("pic.new", "pic.due"))
        tx.execute(OUTBOX.update().where(officers).values(state="failed", reason="blocked"))
        tx.execute(tables.contact.update().where(tables.contact.c.scheme == "tg").values(reachable=False))
    fallback.tell_elsewhere(store)
    assert [row.channel for row in rows(store, LOG, LOG.c.key == "pic.due")] == ["tg", "sms"]
    assert ("", "NO_ROUTE") in ways(store)
