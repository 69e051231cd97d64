"""Short ways through the services, for tests of what comes after."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, text

from channels.messages import Address
from gateway.casework import casework
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Action, Actor, Case, Role, Status
from gateway.intake import intake, later_words
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.people import contacts, directory
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store

REPORT = "Jalan di depan pasar berlubang dalam sekali, sudah dua bulan tidak diperbaiki"
COORDINATOR = Actor(Role.COORDINATOR, "1", name="Koordinator Contoh")
ANSWER = {
    "explanation": "Lubang ditambal pada 24 November pukul 09.00 dan jalan dapat dilalui lagi.",
    "no_evidence_reason": "foto menyusul",
}
Where = ColumnElement[bool]


def rows(store: Store, table: Table, *where: Where) -> Sequence[Any]:
    """Rows in the order in which they were made."""
    with store.reading() as tx:
        return tx.all(select(table).where(*where).order_by(*table.primary_key))


def only(store: Store, table: Table, *where: Where) -> Any:
    (row,) = rows(store, table, *where)
    return row


def count(store: Store, table: Table, *where: Where) -> int:
    with store.reading() as tx:
        row = tx.one(select(func.count()).select_from(table).where(*where))
    return int(row[0]) if row else 0


def receive(store: Store, *arrivals: Arrival) -> None:
    with store.transaction() as tx:
        intake.receive(tx, arrivals)


def expand(store: Store) -> None:
    """Carry out the notices that are due by now; what reporters added was judged before, and is nothing special."""
    with store.transaction() as tx:
        later_words.settle(tx, [(words, Suggestion()) for words in later_words.claim(tx, 100)])
    with store.transaction() as tx:
        for row in notices.claim_due(tx):
            notices.expand(tx, row)


def opened(store: Store, arrival: Arrival) -> Case:
    """The complaint that this message makes."""
    receive(store, arrival)
    complaint = tables.complaint
    with store.reading() as tx:
        row = tx.one(select(complaint).order_by(complaint.c.id.desc()).limit(1))
        assert row is not None
        return cases.case_of(row)


def now(store: Store, case: Case) -> Case:
    """The complaint as it is now."""
    with store.reading() as tx:
        found = cases.by_id(tx, case.id)
    assert found is not None
    return found


def act(store: Store, case: Case, action: Action, actor: Actor = COORDINATOR, **inputs: str) -> Case:
    """Carry out one action on the complaint as it is now."""
    with store.transaction() as tx:
        current = cases.by_id(tx, case.id)
        assert current is not None
        return casework.apply(tx, action, current, actor, inputs)


def reporter(case: Case) -> Actor:
    return Actor(Role.REPORTER, str(case.contact_id))


def member(store: Store, agency: str = "PUPR", role: Role = Role.PENGHUBUNG) -> Member:
    with store.reading() as tx:
        (found,) = directory.team(tx, agency, [role], tx.office.calendar.local(tx.now).date())
    return found


def contact(store: Store, path: str = "77", scheme: str = "tg") -> Contact:
    address = Address(scheme, path)
    with store.transaction() as tx:
        return contacts.ensure(tx, [address])[address]


def status(store: Store, case: Case) -> Status:
    return now(store, case).status


def assigned(store: Store, arrival: Arrival, agency: str = "PUPR") -> Case:
    return act(store, opened(store, arrival), Action.ASSIGN, agency=agency)


def answered(store: Store, arrival: Arrival) -> Case:
    case = assigned(store, arrival)
    return act(store, case, Action.ANSWER, member(store).actor, **ANSWER)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text of ours on its way to one address; `pressed`: it answers a button. `buttons`: label -> what comes back."""

    id: int
    text: str
    buttons: Mapping[str, str]
    pressed: bool


def spoken(store: Store, address: Address, after: int = 0) -> list[Spoken]:
    """What was said to them after that message, in order."""
    with store.transaction() as tx:
        who = contacts.ensure(tx, [address])[address]
    outbox = tables.outbox
    return [
        Spoken(
            row.id,
            who.open(bytes(row.text_sealed), f"outbox:{row.id}"),
            {button["label"]: button["data"] for line in row.buttons or () for button in line},
            bool(row.callback_id),
        )
        for row in rows(store, outbox, outbox.c.contact_id == who.id, outbox.c.id > after)
    ]


def said(store: Store, key: str) -> list[str]:
    """The words of all messages under this key, oldest first."""
    found = rows(store, tables.outbox, tables.outbox.c.key == key)
    with store.reading() as tx:
        people = contacts.by_id(tx, [row.contact_id for row in found])
        return [people[row.contact_id].open(bytes(row.text_sealed), f"outbox:{row.id}") for row in found]


def when_waiting(store: Store) -> None:
    """Returns when another connection waits for a lock of ours."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    pause = threading.Event()
    for _ in range(500):
        with store.reading() as tx:
            if tx.all(waiting)[0][0]:
                return
        pause.wait(0.02)
    raise AssertionError("nobody waits")
