"""What of a complaint is kept for how long after it was closed: a table of steps, walked every hour (SECURITY § 5).

Each step walks the complaints in the order of their last change, from where it ended last, in pieces; what changes later
comes by again. What must be kept (gateway/retention/legal_holds.py) is passed over, and caught up with when its hold ends.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, literal, not_, select, true, tuple_

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM, Actor, Kind, Sensitive
from gateway.operations import vitals
from gateway.retention import emptying, legal_holds, retention
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import first_id_at, from_millis, to_millis

log = get_logger(__name__)
PIECE = 50
MOST_PIECES = 200
PLACE = "emptied_up_to"
YEAR = timedelta(days=365)
complaint = tables.complaint.c
ABOUT_US = complaint.kind == Kind.PENGADUAN_PENGAWASAN.value
SENSITIVE = complaint.sensitive.in_([Sensitive.ANAK, Sensitive.KEKERASAN_SEKSUAL, Sensitive.KESEHATAN])
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
    looked = tx.all(
        select(complaint.id, complaint.updated_at).where(_ahead(tx, step), complaint.updated_at < tx.now - step.after)
        .order_by(complaint.updated_at, complaint.id).limit(PIECE)
    )  # fmt: skip
    if not looked:
        return 0, 0
    # Waited for, not passed over: whoever holds one of them may change nothing, and the walk does not come back.
    mine = select(complaint.id).where(complaint.id.in_([row.id for row in looked]), *_due(tx, step))
    ids = [row.id for row in tx.all(mine.order_by(complaint.id).with_for_update())]
    if ids:
        step.take(tx, ids)
    vitals.keep(tx, _figure(step.name, "changed"), to_millis(looked[-1].updated_at))
    vitals.keep(tx, _figure(step.name, "id"), looked[-1].id)
    return len(looked), len(ids)


def _due(tx: Transaction, step: Step) -> tuple[ColumnElement[bool], ...]:
    over = complaint.updated_at < tx.now - step.after
    return complaint.closed_at.is_not(None), over, step.whose, not_(legal_holds.stands())


def _ahead(tx: Transaction, step: Step) -> ColumnElement[bool]:
    changed, last = _kept(tx, _figure(step.name, "changed")), _kept(tx, _figure(step.name, "id"))
    there = tuple_(literal(from_millis(changed), complaint.updated_at.type), literal(last, complaint.id.type))
    return tuple_(complaint.updated_at, complaint.id) > there


def _figure(name: str, part: str) -> str:
    return vitals.sample(PLACE, step=name, part=part)


def _kept(tx: Transaction, name: str) -> int:
    figure = tables.figure
    row = tx.one(select(figure.c.value).where(figure.c.name == name))
    return row.value if row else 0


def _contacts(tx: Transaction) -> tuple[int, int]:
    """The next contacts by id; after the last one it begins anew, for who was needed then may not be needed now."""
    contact = tables.contact.c
    last = _kept(tx, _figure(CONTACTS, "id"))
    old = (contact.id > last) & (contact.id < first_id_at(tx.now - KEEPS_CONTACT)) & contact.staff.is_(False)
    ids = [row.id for row in tx.all(select(contact.id).where(old).order_by(contact.id).limit(PIECE))]
    gone = [one for one in ids if not _is_young(tx, one) and emptying.contact(tx, one)]
    vitals.keep(tx, _figure(CONTACTS, "id"), ids[-1] if len(ids) == PIECE else 0)
    return len(ids), len(gone)


def _is_young(tx: Transaction, contact_id: int) -> bool:
    """Whether a complaint or a talk of this contact is younger than its time, or has to be kept."""
    since, dialogue = tx.now - KEEPS_CONTACT, tables.dialogue.c
    mine = complaint.contact_id == contact_id
    kept = select(complaint.id).where(mine, (complaint.updated_at >= since) | legal_holds.stands())
    spoke = dialogue.channel.in_(list(tx.office.channels)) & (dialogue.contact_id == contact_id)
    talked = select(dialogue.contact_id).where(spoke, dialogue.updated_at >= since)
    return any(tx.one(asked.limit(1)) is not None for asked in (kept, talked))


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
            select(func.count()).select_from(tables.complaint).where(_ahead(tx, step), *_due(tx, step))
        )
        found[step.name] = int(counted[0])
    return found
