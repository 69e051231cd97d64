"""A call of the Cloud API -> what happened. Every entry and change counts; a broken one never costs the others (F04).

Pure; wire: docs/channels/whatsapp.md. Nothing but a message's own fields says whose it is: `contacts[0]` may be anybody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from channels.errors import PartlyInvalid, PayloadInvalid
from channels.json_object import called_object
from channels.messages import (
    Address,
    AttachmentRef,
    ContactEvent,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    Location,
    MessageKind,
    clean_text,
)
from channels.meta.whatsapp.media import ref_of
from channels.meta.whatsapp.names import name_of, piece_of
from channels.meta.whatsapp.notices import NOTICES
from channels.meta.whatsapp.outcomes import failed_later
from channels.phone import phone_address
from channels.timestamps import moment

OURS = "ob_"
FILES: Mapping[str, str] = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg",
    "document": "application/octet-stream",
}
"""Type of a message -> type of the file where Meta states none."""
STATUSES = {status.value: status for status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ)}
FAILED = DeliveryStatus.FAILED.value
MAX_BSUID = 128

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the messages of one change: which number of ours, and who the people are."""

    account: str
    number: str
    people: Mapping[str, Object] = field(default_factory=dict)
    """By number and by id."""


def read(body: bytes) -> list[Inbound]:
    """Everything that the call says, in its order. PartlyInvalid names what could not be read and carries the rest."""
    tree = called_object(body, "meta")
    if tree.get("object") != "whatsapp_business_account" or not isinstance(tree.get("entry"), list):
        raise PayloadInvalid("whatsapp: a call about something else")
    found: list[Inbound] = []
    problems: list[str] = []
    for read_one in _readers(tree, body):
        try:
            found.append(read_one())
        except PayloadInvalid as problem:
            problems.append(str(problem))
    if problems:
        raise PartlyInvalid("; ".join(problems)[:300], found)
    return found


def _readers(tree: Object, body: bytes) -> Iterator[Callable[[], Inbound]]:
    """One for each thing that happened; what has no shape at all raises when it is its turn."""
    for entry in _each(tree, "entry"):
        for change in _each(entry, "changes") if isinstance(entry, dict) else (None,):
            yield from _of_change(change, body)


def _of_change(change: object, body: bytes) -> Iterator[Callable[[], Inbound]]:
    value = change.get("value") if isinstance(change, dict) else None
    name = change.get("field") if isinstance(change, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str):
        yield _broken("a change without a value")
        return
    if name in NOTICES:
        yield lambda: NOTICES[name](value, body)
        return
    around = _envelope(value)
    for one in _each(value, "messages"):
        yield lambda one=one: _message(one, around)  # type: ignore[misc]
    for one in _each(value, "statuses"):
        yield lambda one=one: _status(one, around)  # type: ignore[misc]
    for one in _each(value, "message_echoes"):
        yield lambda one=one: _echo(one, around)  # type: ignore[misc]


def _envelope(value: Object) -> Envelope:
    metadata = _object(value, "metadata")
    people: dict[str, Object] = {}
    for person in _objects(value, "contacts"):
        people |= {str(person[key]): person for key in ("wa_id", "user_id") if person.get(key)}
    return Envelope(_text(metadata, "phone_number_id")[:40], _text(metadata, "display_phone_number")[:40], people)


# Messages


def _message(message: object, around: Envelope) -> Inbound:
    if not isinstance(message, dict) or not _text(message, "id"):
        raise PayloadInvalid("whatsapp: a message without an id")
    envelope = _from_whom(message, around)
    kind = _text(message, "type")
    if kind == "system":
        return _system(message, envelope)
    if reader := CONTENTS.get(kind):
        return reader(envelope, message)
    return replace(envelope, kind=MessageKind.UNSUPPORTED)


def _from_whom(message: Object, around: Envelope) -> InboundMessage:
    """Who and where, without what they said. By number where it is told, for other channels know it too."""
    number, identity = _text(message, "from"), _text(message, "from_user_id")
    person = around.people.get(number) or around.people.get(identity) or {}
    identity = (identity or _text(person, "user_id"))[:MAX_BSUID]
    app = Address("wa", identity) if identity else None
    sender = _phone(number or _text(person, "wa_id")) or app
    if sender is None:
        raise PayloadInvalid("whatsapp: a message without a sender")
    context = _object(message, "context")
    name = name_of(_text(message, "id"))
    return InboundMessage(
        external_id=f"wa:{name}",
        sender=sender,
        also=app if sender != app else None,
        sent_at=moment(message.get("timestamp")),
        provider_id=name,
        destination=around.number,
        reply_to=name_of(_text(context, "id")),
        display_name=clean_text(_text(_object(person, "profile"), "name"))[:120],
        flags=frozenset({"forwarded"} if context.get("forwarded") is True else ()),
        account=around.account,
    )


def _said(envelope: InboundMessage, message: Object) -> Inbound:
    return replace(envelope, text=clean_text(_text(_object(message, "text"), "body")))


def _file(envelope: InboundMessage, message: Object) -> Inbound:
    kind = _text(message, "type")
    file = _object(message, kind)
    identity = _text(file, "id")
    if not identity:
        return replace(envelope, kind=MessageKind.UNSUPPORTED)
    caption = clean_text(_text(file, "caption"))
    # `audio/ogg; codecs=opus`: only the first part is a type.
    media_type = _text(file, "mime_type").partition(";")[0].strip()[:80] or FILES[kind]
    name = clean_text(_text(file, "filename"))[:120]
    attachment = AttachmentRef(ref_of(identity[:80], _text(file, "sha256")[:100]), media_type, None, name, caption)
    return replace(envelope, text=caption, attachments=(attachment,))


def _place(envelope: InboundMessage, message: Object) -> Inbound:
    place = _object(message, "location")
    latitude, longitude = _degrees(place, "latitude", 90), _degrees(place, "longitude", 180)
    if latitude is None or longitude is None:
        return replace(envelope, kind=MessageKind.UNSUPPORTED)
    name = clean_text(", ".join(part for part in (_text(place, "name"), _text(place, "address")) if part))[:300]
    return replace(envelope, location=Location(latitude, longitude, name=name))


def _pressed(envelope: InboundMessage, message: Object) -> Inbound:
    """A button or row of ours; it names the message that it hung below."""
    interactive = _object(message, "interactive")
    chosen = _object(interactive, "button_reply") or _object(interactive, "list_reply")
    data = _text(chosen, "id")[:256]
    if not data:
        return replace(envelope, kind=MessageKind.UNSUPPORTED)
    return replace(envelope, kind=MessageKind.BUTTON, button=data, target=envelope.reply_to)


def _quick_reply(envelope: InboundMessage, message: Object) -> Inbound:
    """A button of a template: its label is what they say."""
    return replace(envelope, text=clean_text(_text(_object(message, "button"), "text")))


def _shared(envelope: InboundMessage, message: Object) -> Inbound:
    """A contact: their own number is one more way to them, anybody else's is not ours to keep."""
    cards = _objects(message, "contacts")
    numbers = [_text(phone, "wa_id") or _text(phone, "phone") for card in cards for phone in _objects(card, "phones")]
    own = next((phone for number in numbers if (phone := _phone(number)) == envelope.sender), None)
    if own is None:
        return replace(envelope, kind=MessageKind.UNSUPPORTED, flags=envelope.flags | {"foreign_contact"})
    return replace(envelope, shared_contact=own)


def _reaction(envelope: InboundMessage, message: Object) -> Inbound:
    return replace(
        envelope, kind=MessageKind.SERVICE, target=name_of(_text(_object(message, "reaction"), "message_id"))
    )


def _revoked(envelope: InboundMessage, message: Object) -> Inbound:
    gone = name_of(_text(_object(message, "revoke"), "original_message_id"))
    return replace(envelope, kind=MessageKind.DELETE if gone else MessageKind.SERVICE, target=gone)


def _edited(envelope: InboundMessage, message: Object) -> Inbound:
    """New words for an old message; the files came with the message itself."""
    edit = _object(message, "edit")
    target, inner = name_of(_text(edit, "original_message_id")), _object(edit, "message")
    reader = CONTENTS.get(_text(inner, "type"), _said)
    content = reader(envelope, inner) if reader in {_said, _file} else envelope
    if not (target and isinstance(content, InboundMessage) and content.text):
        return replace(envelope, kind=MessageKind.SERVICE, target=target)
    return replace(content, kind=MessageKind.EDIT, target=target, attachments=())


def _system(message: Object, envelope: InboundMessage) -> Inbound:
    """Somebody has a new number. Everything else that WhatsApp itself writes is no message."""
    new = _phone(_text(_object(message, "system"), "wa_id"))
    if new is None or new == envelope.sender:
        return replace(envelope, kind=MessageKind.SERVICE)
    return ContactEvent(envelope.external_id, envelope.sender, "moved", new, envelope.account)


CONTENTS: Mapping[str, Callable[[InboundMessage, Object], Inbound]] = {
    "text": _said,
    **dict.fromkeys(FILES, _file),
    "location": _place,
    "interactive": _pressed,
    "button": _quick_reply,
    "contacts": _shared,
    "reaction": _reaction,
    "revoke": _revoked,
    "edit": _edited,
}
"""Type of a message -> how it is read; every other one is told to be such, and read again after an update (F99)."""


# What happened to messages of ours


def _status(status: object, around: Envelope) -> Inbound:
    if not isinstance(status, dict) or not _text(status, "id"):
        raise PayloadInvalid("whatsapp: a status without an id")
    name, ours = name_of(_text(status, "id")), _text(status, "biz_opaque_callback_data")
    is_ours = ours.startswith(OURS)
    whole, place, is_last = piece_of(ours[:60])
    message_id = whole if is_ours else name
    place = place if is_ours else None
    said = _text(status, "status")
    at = moment(status.get("timestamp"))
    if said != FAILED:
        return DeliveryReport(
            message_id,
            STATUSES.get(said),
            by_provider_id=not is_ours,
            at=at,
            account=around.account,
            provider_id=name,
            part=place,
            is_last=is_last,
        )
    code = next((_text(error, "code") for error in _objects(status, "errors")), "")
    return failed_later(
        int(code[:12]) if code.isascii() and code.isdecimal() else 0,
        DeliveryReport(
            message_id, None, by_provider_id=not is_ours, at=at, account=around.account, provider_id=name, part=place,
            is_last=is_last,
        ),
    )  # fmt: skip


def _echo(message: object, around: Envelope) -> Inbound:
    """What an officer wrote on the phone that shares our number: kept beside the conversation, never answered."""
    if not isinstance(message, dict) or not _text(message, "id"):
        raise PayloadInvalid("whatsapp: an echo without an id")
    citizen = _from_whom({**message, "from": message.get("to"), "from_user_id": message.get("to_user_id")}, around)
    said = _said(citizen, message) if _text(message, "type") == "text" else citizen
    assert isinstance(said, InboundMessage)  # noqa: S101 - as `_said` says
    return replace(said, kind=MessageKind.ECHO)


# Shapes


def _broken(problem: str) -> Callable[[], Inbound]:
    def read_one() -> Inbound:
        raise PayloadInvalid(f"whatsapp: {problem}")

    return read_one


def _objects(tree: Object, key: str) -> list[Object]:
    return [one for one in _each(tree, key) if isinstance(one, dict)]


def _each(tree: Object, key: str) -> list[Any]:
    found = tree.get(key)
    return found if isinstance(found, list) else []


def _object(tree: Object, key: str) -> Object:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _text(tree: Object, key: str) -> str:
    """Ids have been seen as numbers, too."""
    found = tree.get(key)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**30:
        return str(found)
    return found if isinstance(found, str) else ""


def _phone(digits: str) -> Address | None:
    if not (digits.removeprefix("+").isascii() and digits.removeprefix("+").isdecimal() and 5 <= len(digits) <= 20):  # noqa: PLR2004
        return None
    address, reachable = phone_address(f"+{digits.removeprefix('+')}")
    # A country whose numbers the library does not know has people, too.
    return address if reachable else Address("tel", f"+{digits.removeprefix('+')}")


def _degrees(place: Object, key: str, most: int) -> float | None:
    found = place.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) <= most:
        return None
    return float(found)
