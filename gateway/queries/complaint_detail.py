"""One complaint with everything that its screen, the API or a page of an officer shows, as far as the reader may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from gateway.complaints.complaint import OF_ALL_READERS, OF_REPORTER, Visibility
from gateway.complaints.number import read_number, read_sp4n_id
from gateway.files import attachments
from gateway.files.attachments import StoredFile
from gateway.people import contacts
from gateway.privacy.anonymity import Cover, cover_of
from gateway.privacy.privacy import Reader, Shown, shown_to
from gateway.queries import belongings
from gateway.queries.belongings import Belongings
from gateway.queries.scope import Scope, Sight, sight
from gateway.record import shelf
from gateway.record.events import inputs_of
from gateway.record.said import events_in_order
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number

complaint = tables.complaint
OUTSIDE = (Visibility.PUBLIC.value, Visibility.AGENCY.value)
MOST_EVENTS = 500
MOST_DELIVERIES = 200
TO_OFFICERS = ("officer.", "duty.", "link.")
"""Keys of what is said to officers while they work."""


@dataclass(frozen=True, slots=True)
class EventShown:
    """One line of the history. `text` is masked; empty where it is kept back."""

    id: int
    seq: int
    at: datetime
    action: str
    before: str
    after: str
    role: str
    name: str
    agency: str
    visibility: str
    text: str
    inputs: dict[str, str]
    said_at: datetime | None = None
    """When the reporter wrote it, where that is known and may differ from when it came."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message about this complaint, or why there was none (`skip`)."""

    at: datetime
    key: str
    channel: str
    recipient: str
    """reporter or officer."""
    state: str
    reason: str
    skip: str
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None = None
    """When one that was put off went on."""


@dataclass(frozen=True, slots=True)
class Item:
    """A complaint in a list: its row, what may be shown of it, and what belongs to it."""

    row: Any
    sight: Sight
    shown: Shown
    belongings: Belongings

    @property
    def words(self) -> bool:
        """Whether title, text and answer may be read."""
        return self.sight is Sight.FULL and bool(self.shown.text or not self.row.text_masked)


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one complaint."""

    item: Item
    events: Sequence[EventShown]
    deliveries: Sequence[Delivery]
    reporter: str
    """Masked address of the reporter; empty where anonymity or the reader's role keeps it back."""
    earlier: int
    """How many other complaints the same reporter sent; 0 where that is kept back."""

    @property
    def row(self) -> Any:
        return self.item.row


def items(tx: Transaction, scope: Scope, rows: Sequence[Any]) -> list[Item]:
    """Rows of a list, ready to be shown."""
    belonging = belongings.of(tx, rows)
    return [_item(scope, row, belonging[row.id]) for row in rows]


def row_of(tx: Transaction, scope: Scope, text: str) -> Any:
    """The row by ticket number (with or without prefix) or by the seven digits of the national system.

    None when there is none, and when this reader must not know that there is.
    """
    found = None
    number = read_number(text, tx.office.settings.government.ticket_prefix)
    if isinstance(number, str):
        found = tx.one(select(complaint).where(complaint.c.number == number))
    elif sp4n_id := read_sp4n_id(text):
        named = and_(complaint.c.sp4n_id == sp4n_id, complaint.c.sp4n_id != "")
        found = tx.one(select(complaint).where(named).limit(1))
    return found if found is not None and sight(scope, found) is not Sight.NONE else None


def detail(tx: Transaction, scope: Scope, number: str) -> Detail | None:
    """The whole of one complaint for this reader; None when it does not exist for them."""
    row = row_of(tx, scope, number)
    if row is None:
        return None
    item = items(tx, scope, [row])[0]
    return Detail(item, events_in_order(events(tx, scope, item)), deliveries(tx, row.id), *_reporter(tx, scope, item))


def item_of(tx: Transaction, scope: Scope, number: str) -> Item | None:
    """Without history and deliveries, for actions."""
    row = row_of(tx, scope, number)
    return items(tx, scope, [row])[0] if row is not None else None


def events(tx: Transaction, scope: Scope, item: Item, after: int = 0) -> list[EventShown]:
    """The history from `seq` `after` on, oldest first; other systems see nothing internal, nobody a name that is hidden."""
    event = tables.complaint_event
    wanted = [event.c.complaint_id == item.row.id, event.c.seq > after]
    if scope.reader is Reader.API:
        wanted.append(event.c.visibility.in_(OUTSIDE))
    rows = tx.all(select(event).where(*wanted).order_by(event.c.seq).limit(MOST_EVENTS))
    cover = cover_of(tx, item.row)
    return [_event(item, row, cover) for row in rows]


def deliveries(tx: Transaction, complaint_id: int) -> list[Delivery]:
    """Every message that left or was not sent about a complaint, newest first. Never its words."""
    outbox, log = tables.outbox, tables.dispatch_log
    put_away = shelf.load(tx, [complaint_id], (outbox, log)).get(complaint_id, shelf.History())
    sent: list[Any] = list(tx.all(
        select(outbox).where(outbox.c.complaint_id == complaint_id, outbox.c.complaint_id.is_not(None))
        .order_by(outbox.c.id.desc()).limit(MOST_DELIVERIES)
    ))  # fmt: skip
    logged: list[Any] = list(
        tx.all(select(log).where(log.c.complaint_id == complaint_id).order_by(log.c.id.desc()).limit(MOST_DELIVERIES))
    )
    sent = (sent + put_away.rows[outbox][::-1])[:MOST_DELIVERIES]
    logged = (logged + put_away.rows[log][::-1])[:MOST_DELIVERIES]
    kinds = {row.outbox_id: row.recipient_kind for row in logged if row.outbox_id}
    found = [
        Delivery(
            row.created_at, row.key, row.channel, kinds.get(row.id) or _talked_to(row.key), row.state, row.reason, "",
            row.sent_at, row.delivered_at,
        )
        for row in sent
    ]  # fmt: skip
    found += [
        Delivery(row.created_at, row.key, row.channel, row.recipient_kind, "", "", row.skip, None, None, row.ended_at)
        for row in logged
        if row.skip
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _talked_to(key: str) -> str:
    """Whom an answer in a talk went to; what no notice asked for stands in no log."""
    return "staff" if key.startswith(TO_OFFICERS) else "reporter"


def file_of(tx: Transaction, scope: Scope, identity: str) -> StoredFile | None:
    """A clean file that this reader may open; `identity` as lists show it."""
    number = id_number(identity)
    stored = attachments.file(tx, number) if number is not None else None
    if stored is None:
        return None
    row = tx.one(select(complaint).where(complaint.c.id == stored.complaint_id))
    if row is None or sight(scope, row) is not Sight.FULL:
        return None
    # What an officer attached to an answer is no evidence of who reported.
    may_see = stored.origin != OF_REPORTER or shown_to(scope.reader, row).photos
    is_for_staff = stored.origin not in OF_ALL_READERS and scope.reader is Reader.API
    return stored if may_see and not is_for_staff else None


def _item(scope: Scope, row: Any, belonging: Belongings) -> Item:
    seen = sight(scope, row)
    shown = shown_to(scope.reader, row)
    if seen is not Sight.FULL:
        shown = Shown(row.number, title="", text="", place="", reporter="", photos=False, point=False)
    return Item(row, seen, shown, belonging)


def _event(item: Item, row: Any, cover: Cover) -> EventShown:
    words = item.words
    return EventShown(
        id=row.id,
        seq=row.seq,
        at=row.at,
        action=row.action,
        before=row.from_status,
        after=row.to_status,
        role=row.actor_role,
        name=row.actor_name,
        agency=row.agency,
        visibility=row.visibility,
        text=cover(row.text_masked) if words else "",
        inputs={name: cover(value) for name, value in inputs_of(row).items()} if words else {},
        said_at=row.said_at,
    )


def _reporter(tx: Transaction, scope: Scope, item: Item) -> tuple[str, int]:
    row = item.row
    if row.contact_id is None or row.anonymous or item.sight is not Sight.FULL or scope.reader is Reader.API:
        return "", 0
    people = contacts.by_id(tx, [row.contact_id])
    address = contacts.addresses(tx, people).get(row.contact_id)
    others = tx.one(
        select(func.count()).select_from(complaint).where(complaint.c.contact_id == row.contact_id, complaint.c.id != row.id)
    )  # fmt: skip
    return contacts.masked(address) if address else "", int(others[0]) if others else 0
