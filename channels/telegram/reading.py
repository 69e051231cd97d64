"""An update -> what somebody did towards us. Pure; wire: docs/channels/telegram.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from channels.errors import PayloadInvalid
from channels.messages import (
    Address,
    AttachmentRef,
    ContactEvent,
    Inbound,
    InboundMessage,
    Location,
    MessageKind,
    clean_text,
)
from channels.phone import phone_address
from channels.telegram.updates import (
    CallbackQuery,
    Entity,
    File,
    MemberUpdate,
    Message,
    Update,
    User,
    read_tree,
)

# Field of a message -> type to assume where Telegram states none. Video notes and photos never carry one.
FILES: Mapping[str, str] = {
    "document": "application/octet-stream",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
}

MEMBERSHIP: Mapping[str, str] = {
    "kicked": "blocked",
    "left": "blocked",
    "member": "unblocked",
    "administrator": "unblocked",
}
"""Our own status in a chat -> what it means for reaching it. In a private chat `kicked` is the citizen's block."""

# Messages that Telegram writes itself. Everything else without a part that we read is a type we do not know (F99).
# fmt: off
SERVICE_FIELDS = frozenset({
    "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
    "migrate_from_chat_id", "pinned_message", "write_access_allowed", "users_shared", "chat_shared",
    "boost_added", "chat_background_set", "proximity_alert_triggered", "forum_topic_created",
    "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened", "general_forum_topic_hidden",
    "general_forum_topic_unhidden", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
    "video_chat_participants_invited", "connected_website",
})
# fmt: on

COMMAND = re.compile(r"/(\w{1,32})(?:@(\w{3,32}))?(?=\s|$)")
START = re.compile(r"/start\s+([A-Za-z0-9_-]{1,64})\s*")


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself: the id is the first half of its token, the name may be unknown."""

    id: int
    username: str = ""


def read(update: Update, body: bytes, me: Me) -> Inbound:
    """What the update says. PayloadInvalid for one that names no person and no chat of ours."""
    key = f"u:{update.update_id}"
    if update.message is not None:
        return _message(key, update.message, body, me)
    if update.edited_message is not None:
        return _edit(key, update.edited_message, me)
    if update.callback_query is not None:
        return _press(key, update.callback_query)
    if update.my_chat_member is not None:
        return _membership(key, update.my_chat_member, body)
    return _unknown(key, read_tree(body))


def message_key(chat: int, message: int) -> str:
    """How replies, edits and receipts name a message: `m:77:12`."""
    return f"m:{chat}:{message}"


def address_of(chat: int) -> Address:
    return Address("tg", str(chat))


def _message(key: str, message: Message, body: bytes, me: Me) -> Inbound:
    if message.migrate_to_chat_id is not None:
        return ContactEvent(key, address_of(message.chat.id), "moved", address_of(message.migrate_to_chat_id))
    envelope = _envelope(key, message)
    if not _is_for_us(message, me):
        return replace(envelope, kind=MessageKind.SERVICE)
    read_message = _content(envelope, message, me)
    if _is_empty(read_message):
        return replace(envelope, kind=_kind_of_empty(body), flags=_flags(message))
    return read_message


def _edit(key: str, message: Message, me: Me) -> InboundMessage:
    envelope = replace(_envelope(key, message), target=message_key(message.chat.id, message.message_id))
    # A live location moves every few seconds as an "edit": nothing that a citizen wrote.
    if message.location is not None or not _is_for_us(message, me):
        return replace(envelope, kind=MessageKind.SERVICE)
    # The files came with the message itself; here they would be a second copy.
    return replace(_content(envelope, message, me), kind=MessageKind.EDIT, attachments=())


def _press(key: str, press: CallbackQuery) -> InboundMessage:
    pressed = press.message
    chat = pressed.chat.id if pressed else press.from_.id
    return InboundMessage(
        external_id=key,
        sender=address_of(press.from_.id),
        kind=MessageKind.BUTTON if press.data else MessageKind.SERVICE,
        button=press.data,
        callback_id=press.id,
        target=message_key(chat, pressed.message_id) if pressed else "",
        reply_address=address_of(chat) if chat != press.from_.id else None,
        in_group=chat != press.from_.id,
        display_name=_name(press.from_),
        language_hint=press.from_.language_code[:16],
    )


def _membership(key: str, change: MemberUpdate, body: bytes) -> Inbound:
    event = MEMBERSHIP.get(change.new_chat_member.status)
    if event is None:
        return _unknown(key, read_tree(body))
    return ContactEvent(key, address_of(change.chat.id), event)


def _unknown(key: str, tree: Mapping[str, Any]) -> InboundMessage:
    """An update of a kind that nobody here knows: whoever wrote it in a private chat is told what can be sent (F99)."""
    for name, content in tree.items():
        if not isinstance(content, dict):
            continue
        person = content.get("from") or content.get("user")
        number = person.get("id") if isinstance(person, dict) else None
        if not isinstance(number, int) or abs(number) > 2**53:
            continue
        chat = content.get("chat")
        is_private = isinstance(chat, dict) and chat.get("type") == "private"
        kind = MessageKind.UNSUPPORTED if is_private and name != "my_chat_member" else MessageKind.SERVICE
        return InboundMessage(key, address_of(number), kind=kind)
    raise PayloadInvalid(f"telegram: an update of unknown kind: {', '.join(sorted(tree))[:80]}")


def _envelope(key: str, message: Message) -> InboundMessage:
    """Who and where, without what they said."""
    person = message.from_
    if person is None:
        raise PayloadInvalid("telegram: a message without a sender")
    in_group = message.chat.id != person.id
    replied = message.reply_to_message
    return InboundMessage(
        external_id=key,
        sender=address_of(person.id),
        sent_at=_moment(message.date),
        provider_id=message_key(message.chat.id, message.message_id),
        reply_address=address_of(message.chat.id) if in_group else None,
        reply_to=message_key(message.chat.id, replied.message_id) if replied else "",
        display_name=_name(person),
        language_hint=person.language_code[:16],
        in_group=in_group,
    )


def _content(envelope: InboundMessage, message: Message, me: Me) -> InboundMessage:
    text, unit = _words(message, me)
    contact = message.contact
    is_own = contact is not None and message.from_ is not None and contact.user_id == message.from_.id
    phone, reachable = phone_address(contact.phone_number) if contact and is_own else (None, False)
    return replace(
        envelope,
        text=text,
        unit=unit,
        album=message.media_group_id[:64],
        attachments=_attachments(message),
        location=_location(message),
        shared_contact=phone if reachable else None,
        flags=_flags(message),
    )


def _is_for_us(message: Message, me: Me) -> bool:
    """Private talk always; in a group only what is a command, a mention of the bot or a reply to it."""
    if message.chat.type == "private":
        return True
    if message.sender_chat is not None:  # an anonymous administrator or a linked channel: no person to answer
        return False
    replied = message.reply_to_message
    if replied and replied.from_ and replied.from_.id == me.id:
        return True
    text = message.text or message.caption
    if command := COMMAND.match(text):
        return _is_my_name(command[2] or "", me, otherwise=True)
    return any(_mentions(entity, text, me) for entity in message.entities or message.caption_entities)


def _mentions(entity: Entity, text: str, me: Me) -> bool:
    if entity.type == "text_mention":
        return entity.user is not None and entity.user.id == me.id
    if entity.type != "mention":
        return False
    return _is_my_name(_stretch(text, entity).removeprefix("@"), me, otherwise=False)


def _is_my_name(name: str, me: Me, *, otherwise: bool) -> bool:
    """Whether `name` is the bot's; without a configured name any name of a bot counts: Telegram brings us no other."""
    if not name:
        return otherwise
    return name.lower() == me.username.lower() if me.username else name.lower().endswith("bot")


def _stretch(text: str, entity: Entity) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    start = max(entity.offset, 0) * 2
    return units[start : start + max(entity.length, 0) * 2].decode("utf-16-le", "replace")


def _words(message: Message, me: Me) -> tuple[str, str]:
    """(text without the bot's own name, unit of a deep link)."""
    text = message.text or message.caption
    if start := START.fullmatch(text):
        return "/start", start[1]
    if command := COMMAND.match(text):
        text = f"/{command[1]}{text[command.end() :]}"
    elif message.chat.type != "private":
        for entity in message.entities or message.caption_entities:
            if _mentions(entity, text, me):
                text = text.replace(_stretch(text, entity), "", 1).strip()
                break
    return clean_text(text), ""


def _attachments(message: Message) -> tuple[AttachmentRef, ...]:
    caption = clean_text(message.caption)
    if message.photo:
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size or 0))
        return (AttachmentRef(largest.file_id, "image/jpeg", largest.file_size, caption=caption),)
    for field, assumed in FILES.items():
        file: File | None = getattr(message, field)
        if file is not None:
            name = clean_text(file.file_name)[:120]
            return (AttachmentRef(file.file_id, file.mime_type[:80] or assumed, file.file_size, name, caption),)
    return ()


def _location(message: Message) -> Location | None:
    point = message.venue.location if message.venue else message.location
    if point is None or not (abs(point.latitude) <= 90 and abs(point.longitude) <= 180):  # noqa: PLR2004  degrees
        return None
    venue = message.venue
    name = clean_text(", ".join(part for part in (venue.title, venue.address) if part)) if venue else ""
    precision = point.horizontal_accuracy
    return Location(point.latitude, point.longitude, None if precision is None else round(precision), name)


def _flags(message: Message) -> frozenset[str]:
    foreign = message.contact is not None and (message.from_ is None or message.contact.user_id != message.from_.id)
    named = {"forwarded": message.forward_origin is not None, "foreign_contact": foreign}
    return frozenset(flag for flag, applies in named.items() if applies)


def _is_empty(message: InboundMessage) -> bool:
    return not (message.text or message.attachments or message.location or message.shared_contact)


def _kind_of_empty(body: bytes) -> MessageKind:
    fields = read_tree(body).get("message")
    is_service = isinstance(fields, dict) and not SERVICE_FIELDS.isdisjoint(fields)
    return MessageKind.SERVICE if is_service else MessageKind.UNSUPPORTED


def _name(person: User) -> str:
    return clean_text(f"{person.first_name} {person.last_name}".strip())[:120]


def _moment(seconds: int) -> datetime | None:
    # Only shown, so an impossible clock of the sender is no reason to lose the message (F81).
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
