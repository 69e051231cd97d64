"""Private messages of a page or account -> what somebody did towards us. Pure; wire: docs/channels/messenger.md."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.errors import PayloadInvalid
from channels.messages import (
    Address,
    AttachmentRef,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    Location,
    MessageKind,
    clean_text,
)
from channels.meta.pages.account import Account
from channels.meta.pages.entries import Attachment, Event, Message, digest, person, read, short
from channels.timestamps import moment

# Type of an attachment -> type to assume of the file. What is shared from elsewhere comes as a link.
FILES: Mapping[str, str] = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
    "story_mention": "",
}
LINKS = frozenset({"fallback", "share", "ig_reel", "reel", "ig_post", "post", "ig_story"})
# Events that no person wrote to us; whoever reacts with a heart wants no answer.
# fmt: off
SERVICE = frozenset({
    "reaction", "referral", "optin", "account_linking", "policy_enforcement", "app_roles", "pass_thread_control",
    "take_thread_control", "request_thread_control", "message_reads", "typing", "feedback", "message_context",
})
# fmt: on
ENVELOPE = frozenset({"sender", "recipient", "timestamp"})
OWN_ID = re.compile(r"ob_[0-9A-Za-z]{1,40}")
"""What we write into `metadata`."""
OWN_PIECE = re.compile(r"ob_[0-9A-Za-z]{1,40}/[0-9]")
"""The same of a piece that is not the last of its text."""


def read_event(tree: object, account: Account) -> Sequence[Inbound]:
    """What one element of `messaging` says; nothing for what is not this account's. PayloadInvalid when that cannot be told."""
    event = read(tree, Event)
    is_echo = event.message is not None and event.message.is_echo
    ours, theirs = (event.sender, event.recipient) if is_echo else (event.recipient, event.sender)
    if str(ours.id) != account.id or str(theirs.id) == account.id:
        return ()
    sender = Address(account.scheme, person(theirs))
    for field, reader in READERS:
        if getattr(event, field) is not None:
            return reader(event, sender, account)
    return (_unknown(tree, event, sender, account),)


def _message(event: Event, sender: Address, account: Account) -> Sequence[Inbound]:
    message = event.message
    assert message is not None  # noqa: S101 - READERS goes by the field
    name = short(message.mid)
    if message.is_echo:
        return (_echo(event, message, name, sender, account),)
    envelope: dict[str, Any] = {"sender": sender, "sent_at": moment(event.timestamp), "destination": account.id}
    if message.is_deleted:
        return (InboundMessage(f"x:{name}", kind=MessageKind.DELETE, target=name, **envelope),)
    files, links = _files(message.attachments), _links(message.attachments)
    location = _location(message.attachments)
    text = clean_text("\n".join(part for part in (message.text, *links) if part))
    is_empty = message.is_unsupported or not (text or files or location)
    return (
        InboundMessage(
            f"m:{name}",
            kind=MessageKind.UNSUPPORTED if is_empty else MessageKind.MESSAGE,
            text=text,
            provider_id=name,
            reply_to=short(message.reply_to.mid) if message.reply_to and message.reply_to.mid else "",
            attachments=files,
            location=location,
            **envelope,
        ),
    )


def _echo(event: Event, message: Message, name: str, citizen: Address, account: Account) -> Inbound:
    """A message from our side: by us, or by a colleague in the inbox of the page. Never a citizen's."""
    if OWN_ID.fullmatch(message.metadata):
        return DeliveryReport(message.metadata, DeliveryStatus.SENT, provider_id=name, at=moment(event.timestamp))
    if OWN_PIECE.fullmatch(message.metadata) or (account.app_id and str(message.app_id) == account.app_id):
        return DeliveryReport(name, DeliveryStatus.SENT, by_provider_id=True, at=moment(event.timestamp))
    text = clean_text("\n".join(part for part in (message.text, *_links(message.attachments)) if part))
    return InboundMessage(
        f"o:{name}",
        citizen,
        text=text,
        sent_at=moment(event.timestamp),
        kind=MessageKind.ECHO,
        provider_id=name,
        destination=account.id,
    )


def _postback(event: Event, sender: Address, account: Account) -> Sequence[Inbound]:
    """A pressed button says what stands on it: the page's own menu, for we send none."""
    pressed = event.postback
    assert pressed is not None  # noqa: S101 - as above
    told = f"{event.timestamp}:{sender.path}:{pressed.payload}:{pressed.title}"
    name = short(pressed.mid) if pressed.mid else digest(told)
    text = clean_text(pressed.title or pressed.payload)
    return (
        InboundMessage(
            f"p:{name}",
            sender,
            text=text,
            sent_at=moment(event.timestamp),
            kind=MessageKind.MESSAGE if text else MessageKind.SERVICE,
            provider_id=name,
            destination=account.id,
        ),
    )


def _delivered(event: Event, sender: Address, _: Account) -> Sequence[Inbound]:
    delivery = event.delivery
    assert delivery is not None  # noqa: S101 - as above
    named = [
        DeliveryReport(short(mid), DeliveryStatus.DELIVERED, by_provider_id=True, at=moment(event.timestamp))
        for mid in delivery.mids
        if mid
    ]
    return named or _up_to(delivery.watermark, DeliveryStatus.DELIVERED, sender)


def _seen(event: Event, sender: Address, _: Account) -> Sequence[Inbound]:
    seen = event.read
    assert seen is not None  # noqa: S101 - as above
    if seen.mid:
        at = moment(event.timestamp)
        return (DeliveryReport(short(seen.mid), DeliveryStatus.READ, by_provider_id=True, at=at),)
    return _up_to(seen.watermark, DeliveryStatus.READ, sender)


def _up_to(watermark: int, status: DeliveryStatus, sender: Address) -> Sequence[DeliveryReport]:
    at = moment(watermark)
    return (DeliveryReport("", status, at=at, up_to=sender),) if at else ()


def _edited(event: Event, sender: Address, account: Account) -> Sequence[Inbound]:
    edit = event.message_edit
    assert edit is not None  # noqa: S101 - as above
    name = short(edit.mid)
    return (
        InboundMessage(
            f"e:{name}:{edit.num_edit or event.timestamp}",
            sender,
            text=clean_text(edit.text),
            sent_at=moment(event.timestamp),
            kind=MessageKind.EDIT,
            target=name,
            destination=account.id,
        ),
    )


READERS: tuple[tuple[str, Callable[[Event, Address, Account], Sequence[Inbound]]], ...] = (
    ("message", _message),
    ("postback", _postback),
    ("delivery", _delivered),
    ("read", _seen),
    ("message_edit", _edited),
)


def _unknown(tree: object, event: Event, sender: Address, account: Account) -> InboundMessage:
    """An event of a kind that nobody here knows: whoever sent it is told what can be sent (F99)."""
    fields = sorted(set(tree) - ENVELOPE) if isinstance(tree, dict) else []
    if not fields:
        raise PayloadInvalid("meta: an event without content")
    kind = MessageKind.SERVICE if SERVICE.intersection(fields) else MessageKind.UNSUPPORTED
    content = tree.get(fields[0]) if isinstance(tree, dict) else None
    mid = str(content.get("mid", "")) if isinstance(content, dict) else ""
    name = digest(f"{fields[0]}:{event.timestamp}:{sender.path}:{mid}")
    sent_at = moment(event.timestamp)
    return InboundMessage(f"s:{name}", sender, kind=kind, sent_at=sent_at, destination=account.id)


def _files(attachments: Sequence[Attachment]) -> tuple[AttachmentRef, ...]:
    """The address is all that Meta gives; it lives for minutes to a day."""
    return tuple(
        AttachmentRef(one.payload.url, FILES[one.type])
        for one in attachments
        if one.type in FILES and one.payload and one.payload.url and one.payload.sticker_id is None
    )


def _links(attachments: Sequence[Attachment]) -> list[str]:
    """What was shared from elsewhere: its title and link, as words."""
    found = []
    for one in attachments:
        if one.type in LINKS:
            payload = one.payload
            title, url = (payload.title, payload.url) if payload else (None, None)
            found.append(" ".join(part for part in (one.title or title, one.url or url) if part))
    return found


def _location(attachments: Sequence[Attachment]) -> Location | None:
    for one in attachments:
        point = one.payload.coordinates if one.payload else None
        if point and abs(point.lat) <= 90 and abs(point.long) <= 180:  # noqa: PLR2004  degrees
            title = one.title or (one.payload.title if one.payload else "") or ""
            return Location(point.lat, point.long, name=clean_text(title)[:300])
    return None
