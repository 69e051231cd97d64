"""An office decides which notices go to whom and how; what nobody may go without is sent whatever it decides."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from channels.messages import Address
from gateway.complaints.complaint import Action
from gateway.complaints.notices import FLOOR, NOTICES, Audience, Skip, Timing
from gateway.intake.arrival import Arrival
from gateway.matrix import Cell, Matrix
from gateway.notices import fallback, notices, ruling
from gateway.notices.ruling import RuleRefused, Wish
from gateway.office import Office
from gateway.people import mandates
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import engine_at
from tests.gateway.short_ways import COORDINATOR, REPORT, act, assigned, expand, member, reporter, rows, spoken

Sends = Callable[..., Arrival]
A, LOG, OUTBOX, TEAM = Audience, tables.dispatch_log, tables.outbox, tables.agency_member
WHY = "Diputuskan dalam rapat koordinasi"
OFF, ALONE = Cell(enabled=False), Cell(together=False)
CHAT = Address("tg", "900001")


@pytest.fixture
def store(store: Store) -> Store:
    """Has rules of its own, looked up at every transaction."""
    store.office = replace(store.office, matrix=Matrix(every_s=0))
    return store


def decide(store: Store, key: str, audience: Audience, cell: Cell, seen: int = 0, reason: str = WHY) -> int:
    with store.transaction() as tx:
        return ruling.change(tx, Wish(key, audience, cell, reason, seen), COORDINATOR)


def lines(store: Store, key: str) -> list[tuple[str, str, str]]:
    """(whom, channel, reason) of the lines about this notice."""
    return [(row.recipient_kind, row.channel, row.skip) for row in rows(store, LOG, LOG.c.key == key)]


# the floor

OPTIONAL = {
    "ask.rate", "st.verified", "st.assigned", "st.assigned_generic", "st.moved", "st.progress", "st.note", "st.extend",
    "st.late", "st.linked", "pic.replied", "dep.replied", "pic.reopened", "dep.reopened", "sup.reopened", "pic.withdrawn",
    "pic.noanswer", "pic.half", "pic.due", "dep.due", "coo.due", "mandate.expiring", "task.oota", "task.extend", "task.sp4n",
    "task.bridge",
}  # fmt: skip


def test_what_may_be_switched_off_is_known_by_name() -> None:
    """A new notice belongs either here or on the floor."""
    assert NOTICES.keys() - FLOOR.keys() == OPTIONAL
    assert FLOOR.keys() <= NOTICES.keys()


def test_nobody_s_clock_begins_with_words_that_were_not_said() -> None:
    assert notices.WHEN_TOLD.keys() <= FLOOR.keys()


def test_what_a_summary_tells_of_a_complaint_is_always_told() -> None:
    assert {rule.key for rule in NOTICES.values() if rule.timing is Timing.DIGEST} - FLOOR.keys() == {mandates.KEY}


def test_the_floor_cannot_be_switched_off(store: Store) -> None:
    for key in FLOOR:
        for audience in NOTICES[key].audiences:
            with pytest.raises(RuleRefused, match="floor"):
                decide(store, key, audience, OFF)
    assert rows(store, tables.notice_rule) == []


def test_the_floor_holds_even_against_the_table(store: Store, telegram: Sends) -> None:
    decide(store, "pic.new", A.TEAM, ALONE)
    with store.transaction() as tx:
        tx.execute(tables.notice_rule.update().values(enabled=False))
    assigned(store, telegram(REPORT))
    expand(store)
    assert lines(store, "pic.new") == [("staff", "tg", "")]


# what is refused

# fmt: off
REFUSED = [
    # notice       to whom        rule                                       field       code
    ("pic.half",   A.TEAM,        Cell(ways=("sms", "sms")),                 "ways",     "twice"),
    ("pic.half",   A.TEAM,        Cell(ways=("merpati",)),                   "ways",     "unknown_way"),
    ("st.note",    A.REPORTER,    Cell(ways=("sms",)),                       "ways",     "unknown_way"),
    ("st.note",    A.REPORTER,    ALONE,                                     "together", "never_waits"),
    ("duty.new",   A.DUTY,        ALONE,                                     "together", "never_waits"),
    ("task.sp4n",  A.COORDINATOR, Cell(ways=("sms",)),                       "ways",     "unknown_way"),
]
# fmt: on


def test_a_rule_that_cannot_be_is_refused(store: Store) -> None:
    for key, audience, cell, field, code in REFUSED:
        with pytest.raises(RuleRefused) as refused:
            decide(store, key, audience, cell)
        assert refused.value.problems == {field: code}, key


def test_a_change_needs_a_reason_and_eyes_on_the_newest_version(store: Store) -> None:
    with pytest.raises(RuleRefused, match="no_reason"):
        decide(store, "st.note", A.REPORTER, OFF, reason=" x ")
    assert decide(store, "st.note", A.REPORTER, OFF) == 1
    with pytest.raises(RuleRefused, match="stale"):
        decide(store, "st.note", A.REPORTER, Cell())
    assert decide(store, "st.note", A.REPORTER, Cell(), seen=1) == 2
    with pytest.raises(LookupError):
        decide(store, "st.note", A.TEAM, OFF)


def test_every_change_stands_in_the_history_and_in_the_audit(store: Store) -> None:
    decide(store, "st.note", A.REPORTER, OFF)
    with store.reading() as tx:
        (kept,) = ruling.history(tx, "st.note", A.REPORTER)
    assert (kept.cell, kept.reason, kept.role) == (replace(OFF, version=1), WHY, "coordinator")
    (line,) = rows(store, tables.audit, tables.audit.c.action == "notice_rule_changed")
    assert (line.object_id, line.reason) == ("st.note/reporter", WHY)


# what is switched off


def test_what_is_switched_off_is_not_sent_and_the_log_says_so(store: Store, telegram: Sends) -> None:
    decide(store, "st.assigned", A.REPORTER, OFF)
    assigned(store, telegram(REPORT))
    expand(store)
    assert lines(store, "st.assigned") == [("reporter", "", "TEMPLATE_OFF")]
    assert lines(store, "pic.new") == [("staff", "tg", "")]


def test_what_is_switched_on_again_is_sent_and_is_still_news(store: Store, telegram: Sends) -> None:
    decide(store, "st.progress", A.REPORTER, OFF)
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.START, member(store).actor)
    expand(store)
    decide(store, "st.progress", A.REPORTER, Cell(), seen=1)
    with store.transaction() as tx:
        again = tables.notice.c.key == "st.progress"
        row = tx.one(select(tables.notice).where(again))
        assert row is not None
        fresh = {**row._asdict(), "id": tx.new_id(), "event_id": tx.new_id(), "state": "queued"}
        tx.insert(tables.notice, **fresh)
    expand(store)
    assert lines(store, "st.progress") == [("reporter", "", "TEMPLATE_OFF"), ("reporter", "tg", "")]


def test_of_danger_officers_are_told_all_the_same(store: Store, telegram: Sends) -> None:
    decide(store, "pic.replied", A.TEAM, OFF)
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.REPLY, reporter(case), text="Baru saja ada pengendara yang jatuh di lubang itu")
    expand(store)
    assert lines(store, "pic.replied") == [("team", "", "TEMPLATE_OFF")]
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(urgency="darurat"))
    act(store, case, Action.REPLY, reporter(case), text="Sekarang ada dua orang lagi yang jatuh di sana")
    expand(store)
    assert lines(store, "pic.replied")[1:] == [("staff", "tg", "")]


def test_another_process_rules_so_at_its_next_look(store: Store, office: Office) -> None:
    other = Store(engine_at(office.settings.storage.url), replace(office, matrix=Matrix(every_s=3600)))
    with other.reading() as tx:
        assert tx.office.matrix.sends("st.note", "reporter")
    decide(store, "st.note", A.REPORTER, OFF)
    with other.reading() as tx:
        assert tx.office.matrix.sends("st.note", "reporter")
    other.office.matrix.look_soon()
    with other.reading() as tx:
        assert not tx.office.matrix.sends("st.note", "reporter")


# by what way, and when


def two_ways(store: Store) -> None:
    """The liaison officer of PUPR has a telephone number too, and asked for Telegram alone."""
    phone = rows(store, TEAM, TEAM.c.person == "Contoh Kepala PUPR")[0].phone_id
    with store.transaction() as tx:
        mine = TEAM.c.person == "Contoh Penghubung PUPR"
        tx.execute(TEAM.update().where(mine).values(notify=["telegram"], phone_id=phone))


def test_the_office_s_way_is_tried_first_and_the_officer_s_own_after_it(store: Store, telegram: Sends) -> None:
    two_ways(store)
    decide(store, "pic.new", A.TEAM, Cell(ways=("whatsapp", "sms")))
    assigned(store, telegram(REPORT))
    expand(store)
    assert lines(store, "pic.new") == [("staff", "sms", "")]
    with store.transaction() as tx:
        tx.execute(OUTBOX.update().where(OUTBOX.c.key == "pic.new").values(state="failed", reason="expired"))
    assert fallback.tell_elsewhere(store) == 1
    assert [channel for _, channel, _ in lines(store, "pic.new")] == ["sms", "tg"]


def test_who_has_none_of_the_office_s_ways_is_told_by_their_own(store: Store, telegram: Sends) -> None:
    decide(store, "pic.new", A.TEAM, Cell(ways=("email", "sms")))
    assigned(store, telegram(REPORT))
    expand(store)
    assert lines(store, "pic.new") == [("staff", "tg", "")]


@pytest.mark.parametrize(("cell", "waits"), [(Cell(), 2), (ALONE, 0)])
def test_what_is_not_merged_never_waits_for_others(store: Store, telegram: Sends, cell: Cell, waits: int) -> None:
    decide(store, "pic.new", A.TEAM, cell)
    for number in range(5):
        assigned(store, telegram(f"{REPORT} {number}", sender=str(500 + number)))
        expand(store)
    assert [skip for _, _, skip in lines(store, "pic.new")].count(Skip.DIGEST) == waits
    assert len([one for one in spoken(store, CHAT) if one.text.startswith("Tugas baru")]) == 5 - waits
