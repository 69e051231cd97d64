"""What a reporter asks about their data: noted at once, decided by the privacy officer, told to who asked (SECURITY § 5).

HAPUS DATA: granting takes the words of all their reports there and then; the address and its key go as soon as the answer
has left, for without them nobody could be told. What is open or must be kept is not touched. SALINAN DATA: granting lets
the officer hand over a copy for a week (gateway/reporting/own_data.py). RALAT DATA: what is wrong is put right beside what
was said, which is never rewritten (gateway/casework/corrections.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
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
from gateway.record import cases, tasks
from gateway.retention import emptying, legal_holds
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import ALPHABET, id_text


class Kind(StrEnum):
    ERASE = "erase"
    COPY = "copy"
    CORRECT = "correct"


WISHES: Mapping[str, Kind] = {"erase_data": Kind.ERASE, "copy_data": Kind.COPY, "correct_data": Kind.CORRECT}
"""The wish of the conversation, which is the kind of its task as well."""
TASKS: Mapping[Kind, str] = {kind: wish for wish, kind in WISHES.items()}
TOLD: Mapping[tuple[Kind, bool], tuple[str, str]] = {
    (Kind.ERASE, True): ("pv.erased", "erasure_granted"),
    (Kind.ERASE, False): ("pv.not_erased", "erasure_refused"),
    (Kind.COPY, True): ("pv.copied", "copy_granted"),
    (Kind.COPY, False): ("pv.not_copied", "copy_refused"),
    (Kind.CORRECT, True): ("pv.corrected", "correction_granted"),
    (Kind.CORRECT, False): ("pv.not_corrected", "correction_refused"),
}
"""What who asked is told, and the line of the audit record."""
NOTED = "pv.erase"
COPY_KEPT = timedelta(days=7)
"""How long a copy can be taken out after its request was granted."""
PASSWORD_BITS, PASSWORD_GROUPS = 80, 4
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
    copyable: bool


def note(
    tx: Transaction, contact: Contact, channel: str, language: str, kind: Kind, said: str = "", by: Actor | None = None
) -> bool:
    """Somebody asks about their data; asking twice for the same is asking once, then False. `by`: who wrote it down."""
    row = {
        "id": tx.new_id(),
        "kind": kind.value,
        "said": masked_text(" ".join(said.split()))[:500],
        "noted_by": int(by.id) if by else None,
        "contact_id": contact.id,
        "channel": channel,
        "language": language,
        "state": ASKED,
        "asked_at": tx.now,
        "due_at": tx.now + ANSWER_WITHIN,
        "reason": "",
        "complaints": 0,
    }
    return bool(tx.insert_new(tables.privacy_request, [row], "id"))


def note_for(tx: Transaction, number: str, kind: Kind, said: str, actor: Actor) -> None:
    """Asked at the counter or by telephone, about the report `number`; its reporter is told there that it was noted.

    ActionRefused: `wrong_role`, `not_yours` (no such report, or nobody to tell), `too_short`, `wrong_state` (it waits already).
    Whoever came need not prove who they are: answer and password go to the address of the report alone.
    """
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")
    case = cases.by_number(tx, number)
    route = readers.reporter(tx, case) if case else None
    if case is None or route is None or not route.channel:
        raise ActionRefused("not_yours", number, "number")
    contact = route.contact
    if kind is Kind.CORRECT and len(said.strip()) < LEAST_REASON:
        raise ActionRefused("too_short", str(len(said)), "said")
    contacts.lock_all(tx, [contact.id])
    if not note(tx, contact, route.channel, route.language, kind, said, actor):
        raise ActionRefused("wrong_state", "it waits already", "number")
    tasks.add(tx, TASKS[kind], f"contact:{contact.id}")
    audit.record(tx, actor, "request_noted", "complaint", case.number, details={"kind": kind.value})
    _tell(tx, route.channel, route.language, contact, Reply(NOTED))


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
            copyable=is_copyable(row, tx.now),
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


def decide(tx: Transaction, identity: int, actor: Actor, *, grant: bool, reason: str, kind: Kind | None = None) -> Any:
    """The row as it was asked. `kind`: the only one that it may be.

    ActionRefused: `wrong_role`, `wrong_state` (decided already, of another kind), `too_short`, `open`, `held`; then nothing
    was done.
    """
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")
    row = _locked(tx, identity)
    if row is None or row.state != ASKED or kind not in (None, row.kind):
        raise ActionRefused("wrong_state")
    if len(reason) < LEAST_REASON:
        raise ActionRefused("too_short", str(len(reason)), "reason")
    asked, erases = Kind(row.kind), grant and row.kind == Kind.ERASE
    bars = {one.bar for one in _reports(tx, row.contact_id)} - {""} if erases else set()
    if bars:
        raise ActionRefused(min(bars))
    key, deed = TOLD[asked, grant]
    contact = contacts.by_id(tx, [row.contact_id]).get(row.contact_id)
    values = {"kutipan": masked_text(reason), "sandi": password(tx, identity) if asked is Kind.COPY else ""}
    _tell(tx, row.channel, row.language, contact, Reply(key, {name: value for name, value in values.items() if value}))
    many = _erase(tx, row.contact_id) if erases else 0
    state = REFUSED if not grant else GRANTED if erases else DONE
    over = {} if erases else {"finished_at": tx.now}
    decided = {"state": state, "decided_at": tx.now, "decided_by": int(actor.id), **over}
    _change(tx, identity, **decided, reason=masked_text(reason)[:500], complaints=many)
    tasks.settle(tx, TASKS[asked], f"contact:{row.contact_id}", actor.id)
    audit.record(tx, actor, deed, "request", id_text(identity), masked_text(reason), {"complaints": many})
    return row


def password(tx: Transaction, identity: int) -> str:
    """Of the copy for this request, the same each time, in groups: who asked is told it, who hands the copy over is not."""
    return grouped_password(tx, f"copy:{identity}")


def grouped_password(tx: Transaction, of_what: str) -> str:
    """Of a file, by what it is: kept nowhere and the same each time, `AB1C-…`."""
    digest = int(tx.office.keys.token_hash(of_what), 16)
    letters = "".join(ALPHABET[digest >> 5 * at & 31] for at in range(PASSWORD_BITS // 5))
    size = len(letters) // PASSWORD_GROUPS
    return "-".join(letters[at : at + size] for at in range(0, len(letters), size))


def copyable(tx: Transaction, identity: int, actor: Actor) -> Any:
    """The request whose copy may be taken out now. ActionRefused: `wrong_role`, `wrong_state`."""
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")
    request = tables.privacy_request
    row = tx.one(select(request).where(request.c.id == identity))
    if row is None or not is_copyable(row, tx.now):
        raise ActionRefused("wrong_state")
    return row


def is_copyable(row: Any, now: datetime) -> bool:
    granted = row.kind == Kind.COPY and row.state == DONE and row.contact_id is not None
    return granted and now - row.decided_at < COPY_KEPT


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
    emptying.requests(tx, contact_id)
    return len(ids)


def _tell(tx: Transaction, channel: str, language: str, contact: Contact | None, reply: Reply) -> None:
    if contact is None:
        return
    used, name = tx.office.channels.get(channel), channel
    if used is None or used.sender is None or not used.capabilities.sends:
        name = readers.channel_for(tx, contacts.addresses(tx, {contact.id: contact})[contact.id].scheme, channel)
    if not name:
        return
    rendered = render(reply, language, tx.office.channels[name].capabilities, tx.office.texts)
    outbound.say(tx, contact, name, [(one.text, one.buttons) for one in rendered.messages], Said(reply.key))


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
