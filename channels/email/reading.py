"""A mail as what it means: a message, an automatic answer, a delivery report, an opt-out. Source: docs/channels/email.md."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.email.authenticity import is_proven
from channels.email.boxes import Boxes
from channels.email.history import own_words
from channels.email.machines import (
    delivery_report,
    is_automatic,
    is_report,
    is_unread_bounce,
    our_message,
    who_complains,
)
from channels.email.mail import File, Mail, addresses_in, take_apart
from channels.email.settings import is_mailbox
from channels.errors import PayloadInvalid
from channels.file_types import base_name, media_type_of
from channels.messages import Address, AttachmentRef, ContactEvent, Inbound, InboundMessage, MessageKind, clean_text

PREFIX = re.compile(r"\s*(?:(?:re|fwd?|bls|balas|trs|aw|tr)(?:\[\d{1,3}\])?\s*:\s*)+", re.IGNORECASE)
NUMBER = re.compile(r"\b([A-Z]{2,5}-\d{9})\b")
ABOUT = "no:"
"""Before a number that only the subject names, in `reply_to`."""
LONGEST_ID = 100
SHORTEST_ID = 6
KEYED = 4096
MOST_FILES = 10
MOST_BYTES = 20 * 1024 * 1024
TITLE = 120
NAME = 100
RECEIVERS = ("delivered-to", "x-original-to", "to", "cc")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the server that brought the mail says of it; empty where it says nothing."""

    sender: str = ""
    receivers: tuple[str, ...] = ()


def read(raw: bytes, envelope: Envelope, boxes: Boxes, authserv_id: str) -> list[Inbound]:
    """PayloadInvalid for what a person has to look at."""
    mail = take_apart(raw)
    receivers = _receivers(mail, envelope)
    if is_report(mail, "delivery-status"):
        report = delivery_report(mail, receivers, boxes)
        return [report or _ignored(mail, raw, boxes.own)]
    if is_report(mail, "feedback-report"):
        who = who_complains(mail, boxes)
        if who is None:
            return [_ignored(mail, raw, boxes.own)]
        address, message_id = who
        return [ContactEvent(_key(mail, raw), address, "opted_out", about=message_id)]
    sender, name = _sender(mail, envelope)
    if is_unread_bounce(mail, sender):
        raise PayloadInvalid("email: a mail came back with a report that no machine can read")
    if not is_mailbox(sender):
        raise PayloadInvalid("email: no sender")
    if is_automatic(mail, sender, boxes):
        return [_ignored(mail, raw, sender)]
    return [_message(mail, raw, sender, name, receivers, boxes, authserv_id)]


def _message(
    mail: Mail,
    raw: bytes,
    sender: str,
    name: str,
    receivers: Sequence[str],
    boxes: Boxes,
    authserv_id: str,
) -> InboundMessage:
    by_address = next((found for address in receivers if (found := boxes.replied(address))), "")
    subject = clean_text(mail.header("subject"))
    thread = by_address or _thread(mail, boxes) or _numbered(subject)
    title = "" if thread else PREFIX.sub("", subject, count=1).strip()[:TITLE]
    files, remarks = _taken(mail.files, _key(mail, raw))
    text = _words(mail, title, is_reply=bool(thread))
    return InboundMessage(
        external_id=_key(mail, raw),
        sender=Address("mailto", sender),
        text=text,
        sent_at=_written_at(mail),
        provider_id=_message_id(mail),
        destination=_destination(receivers, boxes),
        reply_to=thread,
        display_name=clean_text(name)[:NAME],
        unit=next((found for address in receivers if (found := boxes.unit(address))), ""),
        attachments=files,
        title="" if title == text else title,
        flags=remarks | _trust(mail, sender, authserv_id) | (frozenset({"by_address"}) if by_address else frozenset()),
    )


def _ignored(mail: Mail, raw: bytes, sender: str) -> InboundMessage:
    """Kept as a row, answered by nobody."""
    flags = frozenset({"ignored_auto"})
    return InboundMessage(_key(mail, raw), Address("mailto", sender.lower()), kind=MessageKind.SERVICE, flags=flags)


def _key(mail: Mail, raw: bytes) -> str:
    """The same for the same mail, by whatever way it comes, and however often."""
    given = mail.header("message-id").strip()
    if SHORTEST_ID <= len(given) <= LONGEST_ID and given.isprintable():
        return f"em:{given}"
    head = "\n".join((given, mail.header("from"), mail.header("date"), mail.header("subject")))
    body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")[2][:KEYED]
    return f"em:{hashlib.sha256(head.encode('utf-8', 'replace') + b'|' + body).hexdigest()}"


def _message_id(mail: Mail) -> str:
    """By which an answer of ours names it; empty where it has none that fits into a header."""
    given = mail.header("message-id").strip()
    is_whole = re.fullmatch(r"<[!-;=?-~]{3,98}>", given) is not None and "@" in given
    return given if is_whole and len(given) <= LONGEST_ID else ""


def _sender(mail: Mail, envelope: Envelope) -> tuple[str, str]:
    """(address, name) of the first author; the envelope's sender where the mail names none."""
    for name, address in addresses_in(mail.headers.get("from", ())):
        if is_mailbox(address):
            return address, name
    return envelope.sender.strip("<> ").lower(), ""


def _receivers(mail: Mail, envelope: Envelope) -> tuple[str, ...]:
    """Addresses that the mail went to, the envelope's first."""
    named = [address for header in RECEIVERS for _, address in addresses_in(mail.headers.get(header, ()))]
    return tuple(dict.fromkeys([*(one.strip("<> ").lower() for one in envelope.receivers), *named]))


def _destination(receivers: Sequence[str], boxes: Boxes) -> str:
    """Which of our addresses was written to; never one that holds a proof."""
    mine = (one for one in receivers if boxes.is_written_to(one) and not (boxes.replied(one) or boxes.bounced(one)))
    return next(mine, boxes.own)[:120]


def _thread(mail: Mail, boxes: Boxes) -> str:
    return our_message(mail.header("in-reply-to"), boxes.domain) or our_message(mail.header("references"), boxes.domain)


def _numbered(subject: str) -> str:
    found = NUMBER.search(subject)
    return f"{ABOUT}{found[1]}" if found else ""


def _words(mail: Mail, title: str, *, is_reply: bool) -> str:
    """What was written now. A new mail that only passes another one on is that one; one without a body its subject."""
    text = clean_text(mail.text)
    own = own_words(text).strip()
    if own or is_reply:
        return own
    return text.strip() or title


def _trust(mail: Mail, sender: str, authserv_id: str) -> frozenset[str]:
    """`verified` or `unverified` by our own mail server; neither where none is named that could tell."""
    if not authserv_id:
        return frozenset()
    domain = sender.rpartition("@")[2]
    is_one = len(mail.headers.get("from", ())) == 1 and len(addresses_in(mail.headers["from"])) == 1
    proven = is_one and is_proven(mail.headers.get("authentication-results", ()), authserv_id, domain)
    return frozenset({"verified" if proven else "unverified"})


def _written_at(mail: Mail) -> datetime | None:
    try:
        moment = parsedate_to_datetime(mail.header("date"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _taken(files: Sequence[File], key: str) -> tuple[tuple[AttachmentRef, ...], frozenset[str]]:
    """(what is taken, remarks on what is not): by their first bytes, never by their name."""
    taken: list[AttachmentRef] = []
    remarks: set[str] = set()
    for file in files:
        kind = media_type_of(file.content)
        if not file.content.strip():
            continue
        if not kind:
            remarks.add("file_type")
        elif len(file.content) > MOST_BYTES:
            remarks.add("file_too_large")
        elif len(taken) == MOST_FILES:
            remarks.add("too_many_files")
        else:
            name = base_name(clean_text(file.name))
            taken.append(AttachmentRef(f"{key}/{len(taken) + 1}", kind, len(file.content), name, content=file.content))
    return tuple(taken), frozenset(remarks)
