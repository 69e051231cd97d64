"""What of a complaint is kept for how long after it was closed: a table of steps, walked every hour (SECURITY § 5).

Each step is a walk of its own (gateway/record/walk.py). What must be kept (gateway/retention/legal_holds.py) is passed
over, and caught up with when its hold ends.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, exists, func, not_, select, true

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM, Actor, Kind, Sensitive
from gateway.operations import vitals
from gateway.record.walk import Walk
from gateway.retention import emptying, legal_holds, retention
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import first_id_at

log = get_logger(__name__)
PIECE = 50
MOST_PIECES = 200
PLACE = "emptied_up_to"
MONTH, YEAR = timedelta(days=30), timedelta(days=365)
complaint = tables.complaint.c
ABOUT_US = complaint.kind == Kind.PENGADUAN_PENGAWASAN.value
SENSITIVE = complaint.sensitive.in_([Sensitive.ANAK, Sensitive.KEKERASAN_SEKSUAL, Sensitive.KESEHATAN])
WITH_NUMBER = tables.complaint_event.c.text_masked.contains(emptying.IDENTITY_NUMBER)
NUMBERED = complaint.text_masked.contains(emptying.IDENTITY_NUMBER) | exists().where(
    tables.complaint_event.c.complaint_id == complaint.id, WITH_NUMBER
)
"""Somebody wrote a NIK or a KK; it is masked wherever it can be read, the original holds it still."""
CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class Step:
    """Closed complaints for which `whose` holds are emptied by `take` when nothing changed for `after`."""

    name: str
    after: timedelta
    take: Callable[[Transaction, Collection[int]], None]
    whose: ColumnElement[bool]


# fmt: off
STEPS: tuple[Step, ...] = (
    Step("identity_numbers",    MONTH, emptying.identity_numbers, NUMBERED),
    Step("points",             1 * YEAR, emptying.points,          complaint.latitude.is_not(None)),
    Step("files",              1 * YEAR, emptying.reporters_files, not_(ABOUT_US)),
    Step("files_about_us",     5 * YEAR, emptying.reporters_files, ABOUT_US),
    Step("sensitive_words",    1 * YEAR, emptying.words,           SENSITIVE),
    Step("words",              2 * YEAR, emptying.words,           true()),
    Step("everything",         5 * YEAR, emptying.everything,      true()),
)
# fmt: on
KEEPS_CONTACT = 2 * YEAR
"""After the last complaint of a reporter was closed."""


def empty(store: Store) -> int:
    """One turn through the steps, then the contacts; how many complaints and contacts lost something."""
    done = 0
    for step in STEPS:
        many = _walk(store, partial(_piece, step=step))
        done += _record(store, step.name, many)
    return done + _record(store, CONTACTS, _walk(store, _contacts))


def _walk(store: Store, piece: Callable[[Transaction], tuple[int, int]]) -> int:
    many = 0
    for _ in range(MOST_PIECES):
        looked, emptied = store.run(piece)
        many += emptied
        if looked < PIECE:
            break
    return many


def _record(store: Store, name: str, many: int) -> int:
    if many:
        store.run(lambda tx: audit.record(tx, SYSTEM, "data_forgotten", "table", name, details={"rows": many}))
        log.info("data_forgotten", rule=name, rows=many)
    return many


def _piece(tx: Transaction, step: Step) -> tuple[int, int]:
    """How many complaints were looked at, and how many were emptied."""
    walk = _walk_of(step)
    looked = walk.piece(tx, tx.now - step.after, PIECE)
    if not looked:
        return 0, 0
    # Waited for, not passed over: whoever holds one of them may change nothing, and the walk does not come back.
    mine = select(complaint.id).where(complaint.id.in_([row.id for row in looked]), *_due(tx, step))
    ids = [row.id for row in tx.all(mine.order_by(complaint.id).with_for_update())]
    if ids:
        step.take(tx, ids)
    walk.ended(tx, looked[-1])
    return len(looked), len(ids)


def _due(tx: Transaction, step: Step) -> tuple[ColumnElement[bool], ...]:
    over = complaint.updated_at < tx.now - step.after
    return complaint.closed_at.is_not(None), over, step.whose, not_(legal_holds.stands())


def _walk_of(step: Step) -> Walk:
    return Walk(_figure(step.name, "changed"), _figure(step.name, "id"))


def _figure(name: str, part: str) -> str:
    return vitals.sample(PLACE, step=name, part=part)


def _contacts(tx: Transaction) -> tuple[int, int]:
    """The next contacts by id; after the last one it begins anew, for who was needed then may not be needed now."""
    contact = tables.contact.c
    place = _figure(CONTACTS, "id")
    last = vitals.kept(tx, place).get(place, 0)
    old = (contact.id > last) & (contact.id < first_id_at(tx.now - KEEPS_CONTACT)) & contact.staff.is_(False)
    looked = tx.all(select(contact.id, _is_young(tx).label("young")).where(old).order_by(contact.id).limit(PIECE))
    gone = [row.id for row in looked if not row.young and emptying.contact(tx, row.id)]
    vitals.keep(tx, place, looked[-1].id if len(looked) == PIECE else 0)
    return len(looked), len(gone)


def _is_young(tx: Transaction) -> ColumnElement[bool]:
    """Whether a complaint or a talk of a contact is younger than its time, or has to be kept."""
    since, dialogue, mine = tx.now - KEEPS_CONTACT, tables.dialogue.c, tables.contact.c.id
    kept = exists().where(complaint.contact_id == mine, (complaint.updated_at >= since) | legal_holds.stands())
    spoke = dialogue.channel.in_(list(tx.office.channels)) & (dialogue.contact_id == mine)
    return kept | exists().where(spoke, dialogue.updated_at >= since)


def catch_up(tx: Transaction, complaint_id: int) -> list[str]:
    """A hold is over: what time had taken meanwhile goes now; the names of the rules and steps."""
    done = retention.catch_up(tx, complaint_id)
    for step in STEPS:
        mine = select(complaint.id).where(complaint.id == complaint_id, *_due(tx, step))
        if tx.one(mine.with_for_update()) is not None:
            step.take(tx, [complaint_id])
            done.append(step.name)
    return done


def release(tx: Transaction, number: str, reason: str, actor: Actor) -> None:
    """End a hold and catch up. ActionRefused as gateway.retention.legal_holds."""
    done = catch_up(tx, legal_holds.end(tx, number, reason, actor))
    if done:
        audit.record(tx, SYSTEM, "data_forgotten", "complaint", number, details={"steps": done})


def due(tx: Transaction) -> dict[str, int]:
    """What the next turn would take, by step: how many complaints. Nothing is changed."""
    found: dict[str, int] = {}
    for step in STEPS:
        counted: Any = tx.one(
            select(func.count()).select_from(tables.complaint).where(_walk_of(step).ahead(tx), *_due(tx, step))
        )
        found[step.name] = int(counted[0])
    return found
