"""What a reporter asks about their data (HAPUS DATA): noted at once, decided by the privacy officer, told to who asked.

Granting takes the words of all their reports there and then; the address and its key go as soon as the answer has left,
for without them nobody could be told. What is open or must be kept is not touched (SECURITY § 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import DATA_KEEPERS, SYSTEM, ActionRefused, Actor
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts, readers
from gateway.people.contacts import Contact
from gateway.privacy.privacy import masked_text
from gateway.record import tasks
from gateway.retention import emptying, legal_holds
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

ERASE = "erase_data"
"""The wish of the conversation, and the kind of its task."""
ASKED, GRANTED, REFUSED, DONE, KEPT = "asked", "granted", "refused", "done", "kept"
ANSWER_WITHIN = timedelta(hours=72)
GIVE_UP = timedelta(days=3)
"""After that a contact that is needed again (a new report, a message that does not leave) stays."""
LEAST_REASON = 10
MOST = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """One report of who asked. `bar`: why nothing of it may be erased now (`open`, `held`), else empty."""

    number: str
    bar: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its decider sees it: the address masked, never a name."""

    id: str
    row: Any
    contact: str
    reports: Sequence[Standing]
    late: bool


def note(tx: Transaction, contact: Contact, channel: str, language: str) -> None:
    """Somebody wants to be forgotten; asking twice is asking once."""
    row = {
        "id": tx.new_id(),
        "kind": "erase",
        "contact_id": contact.id,
        "channel": channel,
        "language": language,
        "state": ASKED,
        "asked_at": tx.now,
        "due_at": tx.now + ANSWER_WITHIN,
        "reason": "",
        "complaints": 0,
    }
    tx.insert_new(tables.privacy_request, [row], "id")


def listed(tx: Transaction) -> Sequence[Asked]:
    """Those that wait, the oldest first, then the newest that were decided."""
    request = tables.privacy_request
    waiting = tx.all(select(request).where(request.c.decided_at.is_(None)).order_by(request.c.id).limit(MOST))
    decided = tx.all(select(request).where(request.c.decided_at.is_not(None)).order_by(request.c.id.desc()).limit(MOST))
    people = contacts.by_id(tx, [row.contact_id for row in waiting])
    found = contacts.addresses(tx, people)
    return [
        Asked(
            id_text(row.id),
            row,
            contacts.masked(found[row.contact_id]) if row.contact_id in found else "",
            _reports(tx, row.contact_id) if row.state == ASKED else (),
            late=row.state == ASKED and tx.now > row.due_at,
        )
        for row in (*waiting, *decided)
    ]


def waiting(tx: Transaction) -> int:
    request = tables.privacy_request
    return len(tx.all(select(request.c.id).where(request.c.decided_at.is_(None)).limit(MOST)))


def _reports(tx: Transaction, contact_id: int | None) -> list[Standing]:
    complaint = tables.complaint
    if contact_id is None:
        return []
    mine = select(complaint.c.id, complaint.c.number, complaint.c.closed_at)
    rows = tx.all(mine.where(complaint.c.contact_id == contact_id).order_by(complaint.c.id))
    held = legal_holds.held(tx, [row.id for row in rows])
    return [Standing(row.number, "held" if row.id in held else "open" if row.closed_at is None else "") for row in rows]


def decide(tx: Transaction, identity: int, actor: Actor, *, grant: bool, reason: str) -> None:
    """ActionRefused: `wrong_role`, `wrong_state` (decided already), `too_short`, `open`, `held`; then nothing was done."""
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")
    row = _locked(tx, identity)
    if row is None or row.state != ASKED:
        raise ActionRefused("wrong_state")
    if len(reason) < LEAST_REASON:
        raise ActionRefused("too_short", str(len(reason)), "reason")
    people = contacts.by_id(tx, [row.contact_id])
    bars = {one.bar for one in _reports(tx, row.contact_id)} - {""}
    if grant and bars:
        raise ActionRefused(min(bars))
    _tell(tx, row, people.get(row.contact_id), "pv.erased" if grant else "pv.not_erased", masked_text(reason))
    many = _erase(tx, row.contact_id) if grant else 0
    values = {"state": GRANTED if grant else REFUSED, "decided_at": tx.now, "decided_by": int(actor.id)}
    _change(tx, identity, **values, reason=masked_text(reason)[:500], complaints=many)
    tasks.settle(tx, ERASE, f"contact:{row.contact_id}", actor.id)
    deed = "erasure_granted" if grant else "erasure_refused"
    audit.record(tx, actor, deed, "request", id_text(identity), masked_text(reason), {"complaints": many})


def _locked(tx: Transaction, identity: int) -> Any:
    """A request to decide on, its contact first, as arrivals do (`note`): a report of theirs is there by now, or waits."""
    request = tables.privacy_request
    asker = tx.one(select(request.c.contact_id).where(request.c.id == identity))
    if asker is not None and asker.contact_id is not None:
        contacts.lock_all(tx, [asker.contact_id])
    return tx.one(select(request).where(request.c.id == identity).with_for_update())


def _erase(tx: Transaction, contact_id: int) -> int:
    complaint = tables.complaint
    mine = select(complaint.c.id).where(complaint.c.contact_id == contact_id).order_by(complaint.c.id)
    ids = [row.id for row in tx.all(mine.with_for_update())]
    if ids:
        emptying.reporters(tx, ids)
    emptying.talk(tx, contact_id)
    return len(ids)


def _tell(tx: Transaction, row: Any, contact: Contact | None, key: str, reason: str) -> None:
    if contact is None:
        return
    used = tx.office.channels.get(row.channel)
    name = row.channel
    if used is None or used.sender is None or not used.capabilities.sends:
        name = readers.channel_for(tx, contacts.addresses(tx, {contact.id: contact})[contact.id].scheme, row.channel)
    if not name:
        return
    reply = Reply(key, {"kutipan": reason})
    rendered = render(reply, row.language, tx.office.channels[name].capabilities, tx.office.texts)
    outbound.say(tx, contact, name, [(one.text, one.buttons) for one in rendered.messages], Said(key))


def finish(tx: Transaction) -> int:
    """The answers have left: the contacts go with their keys; how many requests came to an end."""
    request = tables.privacy_request
    granted = select(request).where(request.c.state == GRANTED).order_by(request.c.id).limit(MOST)
    ended = 0
    for row in tx.all(granted.with_for_update(skip_locked=True)):
        gone = row.contact_id is None or emptying.contact(tx, row.contact_id)
        if not gone and tx.now - row.decided_at < GIVE_UP:
            continue
        _change(tx, row.id, state=DONE if gone else KEPT, finished_at=tx.now, **({"contact_id": None} if gone else {}))
        audit.record(tx, SYSTEM, "erasure_finished", "request", id_text(row.id), DONE if gone else KEPT)
        ended += 1
    return ended


def _change(tx: Transaction, identity: int, **values: Any) -> None:
    request = tables.privacy_request
    tx.execute(request.update().where(request.c.id == identity).values(**values))
