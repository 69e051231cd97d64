"""What the screen of one complaint shows beyond the complaint itself: the way to its reporter, its suggestion, LAPOR!."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Action, Actor
from gateway.files import photo_prints
from gateway.forwarding import remote_ids
from gateway.people import contacts, directory, readers
from gateway.queries import complaint_detail, deeds, differences, look_alikes, relatives
from gateway.queries.complaint_detail import Detail
from gateway.queries.differences import Difference
from gateway.queries.look_alikes import LookAlike
from gateway.queries.relatives import Relative
from gateway.queries.scope import Scope, Sight
from gateway.record import rulings
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

MOST_SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Recipient:
    """How news reach the reporter. `to` is masked, empty for anonymous ones; `skip` says why nothing is sent."""

    channel: str
    kind: str
    to: str
    skip: str
    by_sms: bool


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One thing that goes to a system of record."""

    id: str
    target: str
    kind: str
    state: str
    remote_id: str
    remote_status: str
    error: str
    at: datetime
    polled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One suggestion by name; `confidence` from 0 to 1."""

    code: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the classifier made of the text, and where it would be routed to, with the reasons in words."""

    topics: Sequence[Ranked]
    agencies: Sequence[Ranked]
    kind: str
    place: str
    """Code of an area; `other_places`: those that the text names too."""
    other_places: Sequence[str]
    sensitive: str
    routed_to: str
    routed_name: str
    reasons: Sequence[str]
    trace: Sequence[str]
    decision: Sequence[str]


@dataclass(frozen=True, slots=True)
class OwnDeed:
    """The newest deed, done by whoever looks, as long as nobody was told of it."""

    action: str
    undo_until: datetime


@dataclass(frozen=True, slots=True)
class ComplaintPage:
    detail: Detail
    recipient: Recipient
    forwards: Sequence[Forwarded]
    suggested: Suggested | None
    own: OwnDeed | None
    extension_asked: str
    """The day up to which an officer asked for more time, while nobody has decided; empty otherwise."""
    agencies: Mapping[str, str]
    """Names by code."""
    children: Sequence[Relative]
    """Complaints about the same incident that follow this one."""
    differences: Sequence[Difference] = ()
    """Where a system of record says something else and nobody has decided."""
    alike: Sequence[str] = ()
    """Complaints that exist for this reader, and whose pictures the evidence of this one looks like."""
    look_alikes: Sequence[LookAlike] = ()
    """Complaints that may be about the same."""
    ruled: Mapping[str, str] = field(default_factory=dict)
    """What people decided last, by what it is about."""


def page(tx: Transaction, scope: Scope, number: str, actor: Actor) -> ComplaintPage | None:
    """None where the complaint does not exist for this reader."""
    detail = complaint_detail.detail(tx, scope, number)
    if detail is None:
        return None
    row = detail.row
    names = directory.agency_names(tx)
    return ComplaintPage(
        detail=detail,
        recipient=recipient(tx, row, hidden=detail.item.sight is not Sight.FULL),
        forwards=forwards(tx, row.id),
        differences=tuple(differences.of(tx, [row.id])) if detail.item.sight is Sight.FULL else (),
        suggested=_suggested(tx, row, names) if detail.item.words else None,
        own=_own(tx, detail, actor),
        extension_asked=extension_asked(detail),
        agencies=names,
        alike=_alike(tx, scope, row.id) if detail.item.words else (),
        look_alikes=look_alikes.look_alikes(tx, scope, row) if detail.item.words else (),
        ruled=rulings.of(tx, row.id) if detail.item.words else {},
        children=relatives.children(tx, scope, row.id) if detail.item.belongings.children else (),
    )


def _alike(tx: Transaction, scope: Scope, complaint_id: int) -> list[str]:
    return [one.number for one in relatives.shown(scope, photo_prints.alike(tx, complaint_id))]


def recipient(tx: Transaction, row: Any, *, hidden: bool = False) -> Recipient:
    """The way that answers go; an anonymous reporter's address is not shown, not even masked."""
    route = readers.reporter(tx, row)
    channel = tx.office.channels.get(route.channel)
    to = ""
    if route.contact.id and not (row.anonymous or hidden):
        found = contacts.addresses(tx, {route.contact.id: route.contact})
        to = contacts.masked(found[route.contact.id]) if found else ""
    by_sms = channel is not None and channel.capabilities.gsm
    return Recipient(route.channel, channel.kind if channel else "", to, route.skip or "", by_sms)


def forwards(tx: Transaction, complaint_id: int) -> list[Forwarded]:
    """Everything of this complaint that goes to systems of record, in order."""
    forward = tables.forward
    rows = tx.all(select(forward).where(forward.c.complaint_id == complaint_id).order_by(forward.c.id))
    return [
        Forwarded(
            id=id_text(row.id),
            target=row.target,
            kind=row.kind,
            state=row.state,
            remote_id=remote_ids.shown(row),
            remote_status=row.remote_status,
            error=row.last_error,
            at=row.finished_at or row.sent_at or row.created_at,
            polled_at=row.polled_at,
        )
        for row in rows
    ]


def _suggested(tx: Transaction, row: Any, names: Mapping[str, str]) -> Suggested | None:
    stored = row.suggestion
    if not stored:
        return None
    topics, outside = tx.office.reference.topics, tx.office.reference.out_of_authority

    def named(code: str) -> str:
        found = topics.get(code) or outside.get(code)
        return found.name if found else names.get(code, code)

    def ranked(name: str) -> list[Ranked]:
        return [
            Ranked(one["code"], named(one["code"]), float(one["confidence"]))
            for one in (stored.get(name) or ())[:MOST_SUGGESTED]
        ]

    routed_to = stored.get("routed_to", "")
    return Suggested(
        topics=ranked("topics"),
        agencies=ranked("agencies"),
        kind=stored.get("kind", ""),
        place=stored.get("place_code", ""),
        other_places=tuple(stored.get("other_places") or ()),
        sensitive=stored.get("sensitive", ""),
        routed_to=routed_to,
        routed_name=names.get(routed_to, routed_to),
        reasons=tuple(stored.get("reasons") or ()),
        trace=tuple(stored.get("route") or ()),
        decision=tuple(stored.get("decision") or ()),
    )


def _own(tx: Transaction, detail: Detail, actor: Actor) -> OwnDeed | None:
    deed = deeds.newest(tx, detail.row.id)
    if deed is None or deed.undo_until is None or not deed.is_by(actor):
        return None
    return OwnDeed(deed.action, deed.undo_until)


def extension_asked(detail: Detail) -> str:
    """The day that a request for more time names, as long as it is open."""
    asked = ""
    for event in detail.events:
        if event.action == Action.REQUEST_TIME:
            asked = event.inputs.get("date", "") or "-"
        elif event.action in {Action.GRANT_TIME, Action.DENY_TIME, Action.ANSWER}:
            asked = ""
    return asked
