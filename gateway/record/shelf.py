"""What became of a complaint that is over, put away small: messages that were sent, who was told, its clocks.

A complaint that was closed and untouched for a month leaves its working rows: notices that were carried out go, what was
sent and logged, its stopped clocks and who had it become one packed row, its words repacked under the same keys. Screens
read it from there; whoever opens it again finds its clocks and who had it. Nothing is lost by it, and nothing is kept
longer (SECURITY § 5).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy import Table, select

from config.logging import get_logger
from gateway import packing
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM, ArchiveReason
from gateway.people import contacts, dialogues
from gateway.people.contacts import Contact
from gateway.record import cases
from gateway.record.walk import Walk
from gateway.storage import tables
from gateway.storage.store import Store, Transaction

log = get_logger(__name__)
PIECE = 10
"""Two milliseconds each: for so long nobody else writes on SQLite."""
MOST_PIECES = 200
QUIET_FOR = timedelta(days=30)
WALK = Walk("put_away_up_to|part=changed", "put_away_up_to|part=id")
CARRIED_OUT = ("done", "superseded", "undone")
SENT = ("sent", "delivered")
"""What failed or is in doubt stays where people look for it."""
WORDS = "shelf"
# fmt: off
KEPT: Mapping[Table, tuple[str, ...]] = {
    tables.outbox: (
        "id", "channel", "contact_id", "key", "sent_from", "direct", "provider_state", "reason",
        "created_at", "sent_at", "delivered_at", "state", "attempts",
    ),
    tables.dispatch_log: (
        "id", "event_id", "key", "recipient_kind", "channel", "outbox_id", "skip", "template_version", "created_at",
        "ended_at",
    ),
    tables.clock: (
        "id", "name", "days", "unit", "event", "basis", "zone", "public", "started_at", "due_at",
        "provisional", "stopped_at", "stopped_by", "reached",
    ),
    tables.clock_segment: ("id", "clock_id", "kind", "from_at", "to_at"),
    tables.assignment: ("id", "agency", "assigned_at", "ended_at", "actor_role", "reason"),
}
# fmt: on
WORKED_WITH = (tables.clock, tables.clock_segment, tables.assignment)
"""What somebody who opens a complaint again goes on with."""
Rows = dict[Table, list[Any]]


class Said(msgspec.Struct, frozen=True, array_like=True):
    """Words that were sent to one contact, sealed for it: (words, the provider's name of the message) each."""

    contact_id: int
    sealed: bytes


class Words(msgspec.Struct, frozen=True, array_like=True):
    """What goes after two years: who was told (None: nobody), in the order of the log; and what was said."""

    told: list[int | None] = []
    said: list[Said] = []


@dataclass(slots=True)
class History:
    """What stands on the shelf of one complaint, oldest first."""

    rows: Rows = field(default_factory=lambda: {table: [] for table in KEPT})
    words: Words | None = None
    last_at: datetime | None = None


def put_away(store: Store) -> int:
    """One turn: complaints that were closed and have been quiet since, those quiet longest first; how many."""
    many = 0
    for _ in range(MOST_PIECES):
        looked, put = store.run(_piece)
        many += put
        if looked < PIECE:
            break
    if many:
        store.run(lambda tx: audit.record(tx, SYSTEM, "data_put_away", "table", "complaint", details={"rows": many}))
        log.info("data_put_away", complaints=many)
    return many


def _piece(tx: Transaction) -> tuple[int, int]:
    """The next complaints in the order of their last change; how many were looked at, how many put away."""
    complaint = tables.complaint.c
    settings = tx.office.settings
    quiet_for = max(
        QUIET_FOR, timedelta(days=settings.casework.reopen_days), timedelta(seconds=settings.intake.flood_within_s)
    )
    looked = WALK.piece(tx, tx.now - quiet_for, PIECE)
    if not looked:
        return 0, 0
    # Whoever acts on one of them now is not waited for: it is no longer quiet.
    still = select(
        complaint.id, complaint.contact_id, complaint.suggestion, complaint.text_hash, complaint.archive_reason
    ).where(
        complaint.id.in_([row.id for row in looked]),
        complaint.closed_at.is_not(None),
        complaint.updated_at < tx.now - quiet_for,
    )
    over = tx.all(still.order_by(complaint.id).with_for_update(skip_locked=True))
    if over:
        _put(tx, over)
    WALK.ended(tx, looked[-1])
    return len(looked), len(over)


def _put(tx: Transaction, over: Sequence[Any]) -> None:
    ids = [row.id for row in over]
    before, gone = load(tx, ids), _belonging(tx, ids)
    people = contacts.by_id(tx, {row.contact_id for each in gone.values() for row in each[tables.outbox]})
    new = []
    for identity in ids:
        history = before.get(identity, History())
        _add(history, identity, gone[identity], people)
        if history.last_at is not None:
            new.append(_row(identity, history))
    tx.upsert(tables.shelf, new, ("last_at", "history", "words"))
    _clear(tx, ids, gone)
    _repack(tx, ids)
    _shorten(tx, over)


def _belonging(tx: Transaction, ids: Sequence[int]) -> dict[int, Rows]:
    """The rows of each complaint that are history by now."""
    outbox, entry, clock, segment = tables.outbox, tables.dispatch_log, tables.clock, tables.clock_segment
    given = tables.assignment
    found: dict[int, Rows] = {identity: {table: [] for table in KEPT} for identity in ids}
    sent = outbox.c.complaint_id.in_(ids) & outbox.c.complaint_id.is_not(None) & outbox.c.state.in_(SENT)
    stopped = clock.c.complaint_id.in_(ids) & clock.c.stopped_at.is_not(None)
    whole = ((table, table.c.complaint_id.in_(ids)) for table in (entry, given))
    for table, chosen in ((outbox, sent), (clock, stopped), *whole):
        for row in tx.all(select(table).where(chosen).order_by(table.c.id)):
            found[row.complaint_id][table].append(row)
    owners = {row.id: identity for identity, rows in found.items() for row in rows[clock]}
    for row in tx.all(select(segment).where(segment.c.clock_id.in_(list(owners))).order_by(segment.c.id)):
        found[owners[row.clock_id]][segment].append(row)
    return found


def _add(history: History, identity: int, rows: Rows, people: Mapping[int, Contact]) -> None:
    words = history.words or Words()
    told = [*words.told, *(row.recipient_id for row in rows[tables.dispatch_log])]
    said = list(words.said)
    for contact in dict.fromkeys(row.contact_id for row in rows[tables.outbox]):
        mine = [row for row in rows[tables.outbox] if row.contact_id == contact]
        texts = [(_opened(people, row, f"outbox:{row.id}"), row.provider_id) for row in mine]
        if any(words for words, _ in texts):
            content = msgspec.msgpack.encode(texts)
            said.append(Said(contact, people[contact].seal_packed(content, f"{WORDS}:{identity}")))
    history.words = Words(told, said)
    for table, each in rows.items():
        history.rows[table] += each
    moments = [row.created_at for row in (*rows[tables.outbox], *rows[tables.dispatch_log])]
    moments += [row.stopped_at for row in rows[tables.clock]]
    moments += [row.ended_at or row.assigned_at for row in rows[tables.assignment]]
    history.last_at = max([*moments, *([history.last_at] if history.last_at else [])], default=None)


def _row(identity: int, history: History) -> dict[str, Any]:
    columns = {
        table.name: packing.columns_of(table, names, history.rows[table], identity)
        for table, names in KEPT.items()
        if history.rows[table]
    }
    words = packing.deflated(msgspec.msgpack.encode(history.words)) if history.words else None
    return {"id": identity, "last_at": history.last_at, "history": packing.packed(columns), "words": words}


def _clear(tx: Transaction, ids: Sequence[int], gone: Mapping[int, Rows]) -> None:
    notice = tables.notice
    tx.execute(notice.delete().where(notice.c.complaint_id.in_(ids), notice.c.state.in_(CARRIED_OUT)))
    for table in KEPT:
        old = [row.id for rows in gone.values() for row in rows[table]]
        if old:
            tx.execute(table.delete().where(table.c.id.in_(old)))


def _repack(tx: Transaction, ids: Sequence[int]) -> None:
    """Sealed words in less space; those of a message once, where they are the text of the report as well."""
    text, message, complaint = tables.complaint_text.c, tables.message.c, tables.complaint.c
    texts = tx.all(
        select(text.complaint_id, text.id, text.message_id, text.text_sealed, complaint.contact_id)
        .join_from(tables.complaint_text, tables.complaint, complaint.id == text.complaint_id)
        .where(text.complaint_id.in_(ids), complaint.contact_id.is_not(None))
    )
    messages = tx.all(
        select(message.id, message.text_sealed, message.contact_id)
        .where(message.complaint_id.in_(ids), message.complaint_id.is_not(None), message.text_sealed.is_not(None))
    )  # fmt: skip
    people = contacts.by_id(tx, {row.contact_id for row in (*texts, *messages)})
    told: dict[int, bytes] = {}
    changes: list[dict[str, Any]] = []
    for row in texts:
        words = _opened(people, row, f"complaint_text:{row.id}")
        if words is not None:
            told[row.message_id] = words
            sealed = people[row.contact_id].seal_packed(words, f"complaint_text:{row.id}")
            changes.append({"complaint_id": row.complaint_id, "id": row.id, "text_sealed": sealed})
    tx.update(tables.complaint_text, changes, ("complaint_id", "id"), ("text_sealed",))
    changes = list[dict[str, Any]]()
    for row in messages:
        where = f"message:{row.id}:text"
        words = _opened(people, row, where)
        if words is not None:
            person, once = people[row.contact_id], told.get(row.id) == words
            changes.append({"id": row.id, "text_sealed": None if once else person.seal_packed(words, where)})
    tx.update(tables.message, changes, ("id",), ("text_sealed",))


def _opened(people: Mapping[int, Contact], row: Any, where: str) -> bytes | None:
    """None where the key or the words are gone: what nobody can read stays as it is."""
    person = people.get(row.contact_id)
    if person is None or not row.text_sealed:
        return None
    try:
        return person.open_bytes(bytes(row.text_sealed), where)
    except InvalidTag:
        return None


def _shorten(tx: Transaction, over: Sequence[Any]) -> None:
    """Of a suggestion what was suggested stays, not why; of a talk that is over nothing but what was agreed."""
    cases.shorten(tx, {row.id: _short(row) for row in over})
    dialogues.rest(tx, {row.contact_id for row in over if row.contact_id is not None}, tx.now - QUIET_FOR)


def _short(row: Any) -> dict[str, Any]:
    """The hash of a text stays where it is proven spam: of other texts it counts who wrote the same within hours."""
    told = row.suggestion or {}
    suggestion = {name: told[name][:1] for name in ("topics", "agencies") if told.get(name)}
    is_spam = row.archive_reason == ArchiveReason.SPAM_TERBUKTI
    return {"suggestion": suggestion or None, "text_hash": row.text_hash if is_spam else ""}


def load(tx: Transaction, ids: Iterable[int], wanted: Iterable[Table] = tuple(KEPT)) -> dict[int, History]:
    """What stands on the shelf, by complaint; those of which nothing was put away are not in it. Words only with all."""
    shelf, asked, found = tables.shelf, list(ids), {}
    for row in tx.all(select(shelf).where(shelf.c.id.in_(asked))) if asked else ():
        columns = packing.unpacked(bytes(row.history))
        rows = {table: packing.rows_of(table, KEPT[table], columns.get(table.name, {}), row.id) for table in wanted}
        for one in (*rows.get(tables.clock, ()), *rows.get(tables.assignment, ())):
            one.complaint_id = row.id
        is_part = row.words is None or len(rows) < len(KEPT)
        words = None if is_part else msgspec.msgpack.decode(packing.inflated(bytes(row.words)), type=Words)
        found[row.id] = History(rows, words, row.last_at)
    return found


def take_back(tx: Transaction, complaint_id: int) -> bool:
    """Put the clocks of a complaint back among those that run, and who had it: it is worked on again. False where
    nothing of it was put away."""
    history = load(tx, [complaint_id]).get(complaint_id)
    if history is None or not any(history.rows[table] for table in WORKED_WITH):
        return False
    for table in WORKED_WITH:
        for row in history.rows[table]:
            tx.insert(table, **vars(row))
        history.rows[table] = []
    tx.upsert(tables.shelf, [_row(complaint_id, history)], ("history",))
    return True
