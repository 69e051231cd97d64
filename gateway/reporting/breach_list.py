"""Those whom a breach concerns, with their contacts, in a file under a password: to tell them by other means (SECURITY § 9).

For the privacy officer alone; nothing else of ours writes contacts of many persons into a file.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.audit import audit
from gateway.complaints.complaint import ActionRefused, Actor
from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.reporting.export import csv_lines
from gateway.reporting.sealed_zip import sealed
from gateway.retention import breach_scope, breaches, privacy_requests
from gateway.retention.breach_scope import PAGE, Person
from gateway.storage.store import Store, Transaction
from gateway.storage.types import id_text

MOST_ROWS = 20_000
LEAST_REASON, MOST_REASON = 10, 200
COLUMNS = ("nomor", "aduan", "kontak", "alamat", "nama", "kanal", "bahasa")
LIST = "daftar.csv"


@dataclass(frozen=True, slots=True)
class Made:
    """A ZIP; its password stands on the page of the breach, beside the step that took it."""

    name: str
    content: bytes
    rows: int


def take(store: Store, identity: int, reason: str, actor: Actor, most: int = MOST_ROWS) -> Made:
    """Read, seal, and record. ActionRefused: `wrong_role`, `wrong_state` (there is none), `too_short` (reason).

    Thousands of contacts are opened before anything is locked; what leaves is recorded before it leaves.
    """
    reason = masked_text(" ".join(reason.split()))[:MOST_REASON]
    with store.reading() as tx:
        found = breaches.one(tx, identity, actor)
        if found is None:
            raise ActionRefused("wrong_state")
        if len(reason) < LEAST_REASON:
            raise ActionRefused("too_short", str(len(reason)), "reason")
        people = list(_cells(tx, found.row, most))
        in_all = breach_scope.counted(tx, breach_scope.of(found.row)).persons
    return store.run(partial(_sealed, identity=identity, reason=reason, actor=actor, people=people, in_all=in_all))


def _sealed(
    tx: Transaction, identity: int, reason: str, actor: Actor, people: Sequence[tuple[str, ...]], in_all: int
) -> Made:
    breaches.locked(tx, identity, actor)
    taken = breaches.step(tx, identity, breaches.TAKEN, actor, reason, len(people))
    table = "".join(csv_lines(COLUMNS, [*people, *_end(tx, actor, reason, len(people), in_all)]))
    content = sealed({LIST: table.encode()}, password(tx, taken))
    details = {"rows": len(people), "complete": len(people) == in_all, "sha256": hashlib.sha256(content).hexdigest()}
    audit.record(tx, actor, "breach_list_taken", "breach", id_text(identity), reason, details)
    local = tx.office.calendar.local(tx.now)
    return Made(f"terdampak_{local:%Y%m%d-%H%M}.zip", content, len(people))


def password(tx: Transaction, step_id: int) -> str:
    """Of the file that this step took, the same each time."""
    return privacy_requests.grouped_password(tx, f"breach:{step_id}")


def passwords(tx: Transaction, identity: int, actor: Actor) -> dict[int, str]:
    """Step -> password of its file. ActionRefused: `wrong_role`."""
    breaches.check_role(actor)
    taken = [one.id for one in breaches.steps(tx, identity) if one.kind == breaches.TAKEN]
    return {one: password(tx, one) for one in taken}


def _cells(tx: Transaction, row: Any, most: int) -> Iterator[tuple[str, ...]]:
    ids = breach_scope.contact_ids(tx, row, most)
    for at in range(0, len(ids), PAGE):
        yield from _page(tx, breach_scope.persons(tx, row, ids[at : at + PAGE]))


def _page(tx: Transaction, people: Any) -> Iterator[tuple[str, ...]]:
    """The cells of `COLUMNS`, one row for each person."""
    reached = contacts.reached(tx, [one.contact_id for one in people])
    names = contacts.named(tx, reached)
    for one in people:
        if one.contact_id in reached:
            address = reached[one.contact_id][1]
            yield _row(one, address.scheme, address.path, names.get(one.contact_id, ""))


def _row(one: Person, scheme: str, path: str, name: str) -> tuple[str, ...]:
    numbers = " ".join(one.numbers)
    return numbers, str(one.reports), scheme, path, name, one.complaint.channel, one.complaint.language


def _end(tx: Transaction, actor: Actor, reason: str, rows: int, in_all: int) -> Iterator[tuple[str, ...]]:
    """Below an empty line what this file is: a copy that lies about must say where it came from."""
    calendar, texts = tx.office.calendar, tx.office.texts
    moment = f"{calendar.local(tx.now):%Y-%m-%d %H:%M} {calendar.zone_label(tx.now)}"
    yield ()
    yield texts("admin.export.file.about"), texts("breach.list.about")
    yield texts("admin.export.file.made"), moment, actor.name or actor.id
    yield texts("admin.export.file.reason"), reason
    yield texts("breach.list.rows"), str(rows)
    if rows < in_all:
        yield (texts("breach.list.cut", ada=rows, semua=in_all),)
