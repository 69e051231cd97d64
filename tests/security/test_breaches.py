"""The register of breaches: what it refuses, whom it finds, who is reminded, who is told, and what leaves the house of it."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement

from channels.messages import Address, DeliveryStatus
from gateway.complaints.breach import Data, Told
from gateway.complaints.complaint import ActionRefused, Actor, Role
from gateway.conversation.render import CUT
from gateway.intake.arrival import Arrival
from gateway.notices import breach_notices
from gateway.notices.breach_notices import MOST, Unreached, Words
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.people import contacts, dialogues
from gateway.record import tasks
from gateway.reporting import breach_list
from gateway.reporting.breach_list import COLUMNS, LIST
from gateway.retention import breach_scope, breaches, emptying, retention
from gateway.retention.breach_scope import Counted, Scope
from gateway.retention.breaches import Found
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_number
from gateway.upkeep import UPKEEP
from gateway.upkeep import run as run_duty
from tests.dashboard.test_privacy import opened as unsealed
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import assigned, contact, count, only, opened, receive, rows, said
from tests.plans import statements

DP = Actor(Role.PRIVACY_OFFICER, "7", name="Pejabat Contoh")
WHAT = "Berkas cadangan kanaribocor terbaca dari luar selama dua jam."
WORDS = Words("Berkas cadangan dapat dibuka dari luar.", "Berkas dihapus dan kuncinya diganti.")
HOW = "Surat nomor 12 tanggal 23 November 2026"
LETTERS = "Jalan di depan pasar kanarijalan berlubang dalam sekali"
FOUND = Found(WHAT, (Data.ADDRESS, Data.TEXT), MONDAY - timedelta(hours=1), scope=Scope(channel="tg"))
Sends = Callable[..., Arrival]


@dataclass
class Register:
    """The register in front of its officer, with three reporters: one wrote twice, one by SMS."""

    store: Store
    numbers: list[str] = field(default_factory=list)

    def do(self, deed: Callable[..., Any], *given: Any, actor: Actor = DP, **named: Any) -> Any:
        with self.store.transaction() as tx:
            return deed(tx, *given, actor, **named)

    def note(self, scope: Scope = FOUND.scope) -> int:
        identity = id_number(self.do(breaches.note, replace(FOUND, scope=scope)))
        assert identity is not None
        return identity

    def look(self, scope: Scope) -> Counted:
        return self.do(breaches.looked_at, replace(FOUND, scope=scope))  # type: ignore[no-any-return]

    def row(self, identity: int) -> Any:
        return only(self.store, tables.breach, tables.breach.c.id == identity)

    def reached(self, identity: int) -> Any:
        with self.store.reading() as tx:
            return breach_notices.reached(tx, self.row(identity))

    def audited(self) -> list[Any]:
        return list(rows(self.store, tables.audit, tables.audit.c.object_kind == "breach"))

    def open_tasks(self) -> list[str]:
        return [row.kind for row in rows(self.store, tables.task, tables.task.c.done_at.is_(None))]

    def duty(self, name: str) -> object:
        return run_duty(self.store, next(duty for duty in UPKEEP if duty.name == name))


@pytest.fixture
def register(store: Store, telegram: Sends, sms: Sends) -> Register:
    first = opened(store, telegram(LETTERS, sender="7299000417"))
    second = opened(store, telegram("Lampu jalan padam di Jalan Kenanga sejak kemarin", sender="7299000999"))
    complaint = tables.complaint
    with store.transaction() as tx:
        tx.execute(complaint.update().where(complaint.c.id == second.id).values(contact_id=first.contact_id))
    third = opened(store, telegram("Sampah menumpuk di Jalan Melati dua minggu", sender="7299000528"))
    last = assigned(store, sms("Air keruh di Jalan Anggrek sejak kemarin sore", sender="+6281299000511"), "PUPR")
    return Register(store, [one.number for one in (first, second, third, last)])


def test_c33_a_breach_is_noted_reminded_of_told_to_both_and_over(register: Register, moment: Moment) -> None:
    identity = register.note()
    assert register.row(identity).due_at == MONDAY + timedelta(hours=71)
    assert (register.open_tasks(), register.duty("breaches_reminded")) == ([tasks.BREACH_NOTED], 0)
    moment.pass_(hours=47)
    assert [register.duty("breaches_reminded") for _ in range(2)] == [1, 0]
    assert sorted(register.open_tasks()) == sorted(tasks.OF_DATA_KEEPERS)
    register.do(breaches.add_measures, identity, "Kunci cadangan diganti semua oleh kanaripetugas")
    register.do(breaches.mark_told, identity, Told.AUTHORITY, HOW)
    with pytest.raises(ActionRefused, match="wrong_state"):
        register.do(breaches.mark_told, identity, Told.AUTHORITY, HOW)
    assert (register.row(identity).closed_at, len(register.open_tasks())) == (None, 2)
    moment.pass_(hours=30)
    register.do(breaches.mark_told, identity, Told.PERSONS, HOW)
    assert (register.row(identity).closed_at, register.open_tasks()) == (moment.now, [])
    (entry,) = register.do(breaches.listed)
    assert entry.standing == "told_late"
    assert [row.action for row in register.audited()] == [
        "breach_noted",
        "breach_measured",
        "breach_told",
        "breach_told",
    ]
    assert [row.details.get("late") for row in register.audited()[2:]] == [False, True]
    assert "kanari" not in str([row._asdict() for row in register.audited()])
    with register.store.reading() as tx:
        kinds = [(step.kind, step.persons) for step in breaches.steps(tx, identity)]
    assert kinds == [("noted", 2), ("measures", None), ("authority", 2), ("persons", 2)]


SCOPES: dict[str, tuple[Callable[[list[str]], Scope], Counted]] = {
    "nobody": (lambda _: Scope(), Counted()),
    "one day": (lambda _: Scope(date(2026, 11, 23), date(2026, 11, 23)), Counted(3, 4, 0)),
    "the day before": (lambda _: Scope(until=date(2026, 11, 22)), Counted()),
    "from tomorrow on": (lambda _: Scope(since=date(2026, 11, 24)), Counted()),
    "a channel": (lambda _: Scope(channel="tg"), Counted(2, 3, 0)),
    "an agency": (lambda _: Scope(agency="PUPR"), Counted(1, 1, 0)),
    "both": (lambda _: Scope(channel="tg", agency="PUPR"), Counted()),
    "numbers": (lambda numbers: Scope(numbers=(numbers[0].lower(), numbers[3], numbers[3])), Counted(2, 2, 0)),
}


def test_c33_whom_it_concerns_is_a_query(register: Register) -> None:
    for name, (scope, expected) in SCOPES.items():
        assert register.look(scope(register.numbers)) == expected, name
    assert count(register.store, tables.breach) == 0


def test_c33_what_was_not_known_at_first_is_put_right_until_it_is_over(register: Register) -> None:
    identity = register.note(Scope())
    with pytest.raises(ActionRefused, match="unknown_value"):
        register.do(breaches.change_scope, identity, Scope(channel="fax"))
    register.do(breaches.change_scope, identity, Scope(channel="tg", since=date(2026, 11, 23)))
    row, line = register.row(identity), register.audited()[-1]
    assert (breach_scope.of(row), line.action) == (Scope(date(2026, 11, 23), channel="tg"), "breach_scope_changed")
    assert line.details == {"persons": 2}
    for whom in Told:
        register.do(breaches.mark_told, identity, whom, HOW)
    with pytest.raises(ActionRefused, match="wrong_state"):
        register.do(breaches.change_scope, identity, Scope())


def test_c33_whom_it_concerns_is_counted_as_things_stand(register: Register, telegram: Sends) -> None:
    row = register.row(register.note())
    opened(register.store, telegram("Parit tersumbat di Jalan Mawar sejak kemarin", sender="7299000639"))
    complaint = tables.complaint
    with register.store.transaction() as tx:
        mine = complaint.c.number == register.numbers[2]
        tx.execute(complaint.update().where(mine).values(contact_id=None))
    with register.store.reading() as tx:
        assert breach_scope.counted(tx, breach_scope.of(row)) == Counted(2, 4, 1)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "few words": ({"what": "Bocor"}, "too_short", "what"),
    "too many": ({"what": "kata " * 300}, "too_long", "what"),
    "no data": ({"data": ()}, "missing_input", "data"),
    "in the future": ({"noticed_at": MONDAY + timedelta(seconds=1)}, "too_late", "noticed_at"),
    "tomorrow": ({"happened_on": date(2026, 11, 24)}, "too_late", "happened_on"),
    "before it happened": (
        {"noticed_at": MONDAY - timedelta(days=2), "happened_on": date(2026, 11, 22)},
        "conflict",
        "happened_on",
    ),
    "a year of one digit": ({"scope": Scope(since=date(1, 1, 1))}, "unknown_value", "since"),
    "a year too many": ({"scope": Scope(until=date(9999, 12, 31))}, "unknown_value", "until"),
    "days turned round": ({"scope": Scope(date(2026, 11, 2), date(2026, 11, 1))}, "conflict", "until"),
    "no such channel": ({"scope": Scope(channel="fax")}, "unknown_value", "channel"),
    "no such agency": ({"scope": Scope(agency="X")}, "unknown_value", "agency"),
    "no number": ({"scope": Scope(numbers=("aduan",))}, "unknown_value", "numbers"),
    "of nobody": ({"scope": Scope(numbers=("KBR-260009996",))}, "unknown_value", "numbers"),
    "too many numbers": ({"scope": Scope(numbers=("1",) * 501)}, "limit", "numbers"),
}


def test_c33_what_says_nothing_or_cannot_be_is_refused(register: Register) -> None:
    for name, (changed, code, where) in REFUSED.items():
        with pytest.raises(ActionRefused) as refusal:
            register.do(breaches.note, replace(FOUND, **changed))
        assert (refusal.value.code, refusal.value.field) == (code, where), name
    assert (count(register.store, tables.breach), register.open_tasks()) == (0, [])


def test_c33_c7_nobody_but_its_officer_does_or_reads_anything(register: Register) -> None:
    identity = register.note()
    deeds: list[tuple[Any, ...]] = [
        (breaches.note, FOUND), (breaches.looked_at, FOUND), (breaches.listed,), (breaches.one, identity),
        (breaches.add_measures, identity, WHAT), (breaches.change_scope, identity, Scope()),
        (breaches.mark_told, identity, Told.PERSONS, HOW),
        (breach_notices.plan, identity, WORDS), (breach_notices.begin, identity, WORDS),
        (breach_list.passwords, identity),
    ]  # fmt: skip
    for role in set(Role) - {Role.PRIVACY_OFFICER}:
        for deed, *given in deeds:
            with pytest.raises(ActionRefused, match="wrong_role"):
                register.do(deed, *given, actor=Actor(role, "9"))
        with pytest.raises(ActionRefused, match="wrong_role"):
            breach_list.take(register.store, identity, "Memberi tahu dengan surat", Actor(role, "9"))


def test_c33_each_person_is_told_once_on_their_own_channel(register: Register, moment: Moment) -> None:
    """Whoever wants no news too, for the law bids it; whom nothing reaches stands in a list."""
    store, contact = register.store, tables.contact
    identity = register.note(Scope(until=date(2026, 11, 23)))
    with store.transaction() as tx:
        people = contacts.ensure(tx, [Address("tg", "7299000417"), Address("tg", "7299000528")])
        quiet, gone = people.values()
        dialogues.opt(tx, "tg", quiet, True)
        contacts.mark_unreachable(tx, gone.id, "blocked")
    moment.pass_(seconds=1)
    plan = register.do(breach_notices.plan, identity, WORDS)
    assert (plan.persons, plan.by_channel, plan.unreached) == (2, {"sms": 1, "tg": 1}, [register.numbers[2]])
    assert count(store, tables.outbox, tables.outbox.c.key == breach_notices.KEY) == 0
    register.do(breach_notices.begin, identity, WORDS)
    assert [register.duty("breaches_told") for _ in range(3)] == [3, 0, 0]
    by_chat, *by_sms = said(store, breach_notices.KEY)
    assert by_chat == (
        f"Pemberitahuan Kabupaten Contoh, laporan {register.numbers[1]}, +1 laporan lain: data pribadi Anda (kontak,"
        f" isi laporan) terungkap, diketahui 23 Nov 2026. {WORDS.how} {WORDS.done} Penjelasan: balas PRIVASI."
    )
    assert register.numbers[3] in by_sms[0]
    assert WORDS.done.split()[-1] in by_sms[-1]
    sent = rows(store, tables.outbox, tables.outbox.c.key == breach_notices.KEY)
    staff = {row.id for row in rows(store, contact, contact.c.staff.is_(True))}
    assert (len({row.contact_id for row in sent}), staff & {row.contact_id for row in sent}) == (2, set())
    assert not any(row.direct for row in sent)
    told = rows(store, tables.dispatch_log, tables.dispatch_log.c.key == breach_notices.KEY)
    assert sorted((row.channel, row.skip) for row in told) == [("sms", ""), ("tg", ""), ("tg", "NO_ROUTE")]
    reached = register.reached(identity)
    assert (reached.waiting, reached.states) == (0, {"queued": 2})
    assert [(one.number, one.reason) for one in reached.unreached] == [(register.numbers[2], "NO_ROUTE")]
    with pytest.raises(ActionRefused, match="wrong_state"):
        register.do(breach_notices.begin, identity, WORDS)
    outbox = tables.outbox
    with store.transaction() as tx:
        tx.execute(outbox.update().where(outbox.c.contact_id == quiet.id).values(state="failed", reason="rejected"))
    assert ("rejected" in {one.reason for one in register.reached(identity).unreached}, register.row(identity).telling_since) == (True, None)  # fmt: skip


def test_c33_f91_a_stop_while_the_notice_waits_does_not_stand_against_it(register: Register, sms: Sends) -> None:
    """Nor where its first attempt failed: what the law bids is told, other news is not, and from the number written to."""
    store, table = register.store, tables.outbox
    identity = register.note(Scope(numbers=(register.numbers[3],)))
    receive(store, sms("BERHENTI", sender="+6281299000511"))
    register.do(breach_notices.begin, identity, WORDS)
    register.duty("breaches_told")
    receive(store, sms("MULAI", sender="+6281299000511"))
    person = contact(store, "+6281299000511", "tel")
    with store.transaction() as tx:
        outbound.say(tx, person, "sms", [("kabar", ())], Said("st.note", direct=False))
    receive(store, sms("BERHENTI", sender="+6281299000511"))
    notice = rows(store, table, table.c.key == breach_notices.KEY)
    assert {row.state for row in notice} == {"queued"}
    assert only(store, table, table.c.key == "st.note").reason == "opt_out"
    assert {row.sent_from for row in notice} == {"1708"}
    with store.transaction() as tx:
        tx.execute(table.update().where(table.c.key != breach_notices.KEY).values(state="sent"))
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 10, 60)
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, DeliveryStatus.QUEUED)])
    assert only(store, table, table.c.id == notice[0].id).state == "queued"


def test_c33_who_comes_later_is_told_later_and_nobody_twice(register: Register, telegram: Sends) -> None:
    identity = register.note()
    register.do(breach_notices.begin, identity, WORDS)
    register.duty("breaches_told")
    opened(register.store, telegram("Parit tersumbat di Jalan Mawar sejak kemarin", sender="7299000639"))
    assert register.reached(identity).waiting == 1
    register.do(breach_notices.begin, identity, WORDS)
    assert register.duty("breaches_told") == 1
    assert len(said(register.store, breach_notices.KEY)) == 3


def test_c33_who_is_told_is_looked_for_before_anything_is_locked(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small piece is written; what reads the complaints of years holds up nobody who writes."""
    identity = register.note(Scope(until=date(2026, 11, 23)))
    register.do(breach_notices.begin, identity, WORDS)
    monkeypatch.setattr(breach_notices, "BATCH", 2)
    with statements(register.store, "SELECT", "UPDATE") as asked:
        told = [register.duty("breaches_told") for _ in range(3)]
    assert told == [2, 1, 0]
    of_years = [text for text, _ in asked if "FROM complaint" in text and "GROUP BY" in text and " IN (" not in text]
    assert all(" LIMIT " in text for text in of_years)
    pieces = [text for text, _ in asked if "max(complaint.id)" in text]
    assert len(pieces) == 2
    assert all("complaint.contact_id IN" in text for text in pieces)
    assert len({row.contact_id for row in rows(register.store, tables.breach_person)}) == 3


def test_c33_what_was_told_by_somebody_else_meanwhile_is_not_told_twice(register: Register) -> None:
    """Two processes that looked at the same moment: the second finds its persons told; with other persons it goes on."""
    store, identity = register.store, register.note()
    register.do(breach_notices.begin, identity, WORDS)
    seen = register.row(identity)
    with store.reading() as tx:
        ids = breach_scope.contact_ids(tx, seen, 100, told=False)
    register.do(breaches.change_scope, identity, Scope(channel="sms"))
    assert store.run(lambda tx: breach_notices._piece(tx, seen, ids)) == 0
    register.do(breaches.change_scope, identity, Scope(channel="tg"))
    assert [store.run(lambda tx: breach_notices._piece(tx, seen, ids)) for _ in range(2)] == [2, 0]
    assert len(said(store, breach_notices.KEY)) == 2


def test_c33_5_words_of_a_breach_go_five_years_after_its_end_and_its_figures_stay(
    register: Register, moment: Moment
) -> None:
    store = register.store
    ended, open_still = (register.note(Scope(numbers=(register.numbers[3],))) for _ in range(2))
    for identity in (ended, open_still):
        register.do(breach_notices.begin, identity, WORDS)
        register.duty("breaches_told")
        register.do(breaches.add_measures, identity, "Kunci cadangan diganti semua oleh kanaripetugas")
        register.do(breaches.mark_told, identity, Told.AUTHORITY, HOW)
    moment.pass_(hours=1)
    register.do(breaches.mark_told, ended, Told.PERSONS, HOW)
    moment.pass_(days=5 * 365)
    retention.forget(store)
    assert register.row(ended).what
    moment.pass_(seconds=1)
    with store.reading() as tx:
        due = retention.due(tx)
    assert [due[f"{what} of breaches"] for what in ("words", "steps", "persons")] == [1, 3, 1]
    retention.forget(store)
    gone, kept = register.row(ended), register.row(open_still)
    assert (gone.what, gone.said_how, gone.said_done, gone.numbers) == ("", "", "", [])
    assert (gone.data, gone.persons_told_at) == ("address text", gone.closed_at)
    assert (kept.what, kept.numbers) == (WHAT, [register.numbers[3]])
    with store.reading() as tx:
        assert {(step.words, step.persons) for step in breaches.steps(tx, ended)} == {("", 1), ("", None)}
    assert {row.breach_id for row in rows(store, tables.breach_person)} == {open_still}
    for deed in (breach_notices.begin, breaches.change_scope):
        with pytest.raises(ActionRefused, match="wrong_state"):
            register.do(deed, ended, WORDS if deed is breach_notices.begin else Scope())
    assert len(register.do(breaches.listed)) == 2


def test_c33_the_longest_notice_is_whole_on_every_channel(register: Register) -> None:
    """The law says what it must hold: nothing of it may be cut."""
    identity = register.note(Scope(numbers=tuple(register.numbers)))
    longest = ("katakata " * MOST)[: MOST - 1] + "."
    with register.store.transaction() as tx:
        tx.execute(tables.breach.update().values(data=" ".join(Data)))
    plan = register.do(breach_notices.plan, identity, Words(longest, longest))
    for texts in plan.texts.values():
        assert not any(text.endswith(CUT) for text in texts)
        assert "".join(texts).count("katakata") >= 2 * (MOST // len("katakata ") - 3)
        assert texts[-1].endswith("PRIVASI.")
    for words in (Words("Bocor", WORDS.done), Words(WORDS.how, longest + "lagi")):
        with pytest.raises(ActionRefused, match="too_"):
            register.do(breach_notices.begin, identity, words)


def test_c33_whom_one_message_of_several_did_not_reach_is_listed(register: Register) -> None:
    identity = register.note(Scope(numbers=(register.numbers[3],)))
    longest = ("katakata " * MOST)[: MOST - 1] + "."
    register.do(breach_notices.begin, identity, Words(longest, longest))
    register.duty("breaches_told")
    first, *_, last = rows(register.store, tables.outbox, tables.outbox.c.key == breach_notices.KEY)
    assert register.reached(identity).unreached == []
    with register.store.transaction() as tx:
        mine = tables.outbox.c.id == last.id
        tx.execute(tables.outbox.update().where(mine).values(state="failed", reason="rejected"))
    assert (first.id < last.id, register.reached(identity).unreached) == (
        True,
        [Unreached(register.numbers[3], "rejected")],
    )


def test_c33_who_is_forgotten_leaves_the_list_of_those_told(register: Register) -> None:
    identity = register.note()
    register.do(breach_notices.begin, identity, WORDS)
    register.duty("breaches_told")
    person, told = only(register.store, tables.contact, _at(register, "7299000528")), tables.breach_person
    with register.store.transaction() as tx:
        tx.execute(tables.complaint.update().values(closed_at=tx.now))
        tx.execute(tables.outbox.update().values(state="sent"))
        assert emptying.contact(tx, person.id)
    assert sorted(row.contact_id == person.id for row in rows(register.store, told)) == [False, False]
    assert count(register.store, told, told.c.contact_id.is_(None)) == 1


def _at(register: Register, path: str) -> ColumnElement[bool]:
    digest = register.store.office.keys.fingerprint(Address("tg", path).reveal())
    return tables.contact.c.address_hash == digest


def test_c33_c10_c19_the_list_with_contacts_is_sealed_harmless_and_recorded(register: Register) -> None:
    store, identity = register.store, register.note(Scope(until=date(2026, 11, 23)))
    with store.transaction() as tx:
        (person,) = contacts.ensure(tx, [Address("tg", "7299000417")]).values()
        contacts.set_name(tx, person, "=HYPERLINK(kanari)")
    with pytest.raises(ActionRefused, match="too_short"):
        breach_list.take(store, identity, "surat", DP)
    made = breach_list.take(store, identity, "Memberi tahu dengan surat pos", DP)
    assert b"7299000417" not in made.content
    (sandi,) = register.do(breach_list.passwords, identity).values()
    table = list(csv.reader(io.StringIO(unsealed(made.content, sandi)[LIST].decode("utf-8-sig")), delimiter=";"))
    first, second, third = (dict(zip(COLUMNS, row, strict=True)) for row in table[1:4])
    assert first == {
        "nomor": f"{register.numbers[1]} {register.numbers[0]}", "aduan": "2", "kontak": "tg", "alamat": "7299000417",
        "nama": "'=HYPERLINK(kanari)", "kanal": "tg", "bahasa": "id",
    }  # fmt: skip
    assert (second["alamat"], third["alamat"], table[4]) == ("7299000528", "'+6281299000511", [])
    line = register.audited()[-1]
    assert (line.action, line.reason, line.details["rows"]) == ("breach_list_taken", "Memberi tahu dengan surat pos", 3)
    assert len(line.details["sha256"]) == 64
    cut = breach_list.take(store, identity, "Memberi tahu dengan surat pos", DP, most=2)
    last = list(register.do(breach_list.passwords, identity).values())[-1]
    assert last != sandi
    assert "Berkas berisi 2 dari 3 orang" in unsealed(cut.content, last)[LIST].decode()
    assert (cut.rows, register.audited()[-1].details["complete"]) == (2, False)


def test_nobody_waits_for_a_count_that_was_made_before(register: Register) -> None:
    """On SQLite the deed is the only writer while it lasts, and a channel's complaints are those of years."""
    with register.store.reading() as tx:
        many = breaches.concerned(tx, FOUND.scope, DP)
    with statements(register.store, "SELECT") as asked:
        identity = id_number(register.do(breaches.note, FOUND, persons=many))
        register.do(breaches.change_scope, identity, FOUND.scope, persons=many)
        register.do(breaches.mark_told, identity, Told.AUTHORITY, HOW, persons=many)
        register.do(breach_notices.begin, identity, WORDS, many=many)
    assert not [sql for sql, _ in asked if "FROM complaint" in sql]
    with register.store.reading() as tx:
        assert identity is not None
        assert breaches.concerned_by(tx, identity, DP) == breach_notices.untold(tx, identity, DP) == many
        assert {one.persons for one in breaches.steps(tx, identity)} == {many}
