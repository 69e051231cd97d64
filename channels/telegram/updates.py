"""Updates of the Bot API, as far as we read them: typed, decoded once, unknown fields skipped.

Wire: docs/channels/telegram.md. python-telegram-bot's types cost twice the whole request, so intake does without them;
tests read every recorded update with both.
"""

import json
from typing import Annotated, Any

import msgspec

from channels.errors import PayloadInvalid

# Bot API ids take up to 52 bits. A larger number is no id, and no database column would hold it (F73).
Id = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class User(msgspec.Struct, frozen=True, gc=False):
    id: Id
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""


class Chat(msgspec.Struct, frozen=True, gc=False):
    id: Id
    type: str = "private"


class File(msgspec.Struct, frozen=True, gc=False):
    """Document, voice, audio, video or video note, and one size of a photo."""

    file_id: str
    mime_type: str = ""
    file_name: str = ""
    file_size: int | None = None
    width: int = 0
    height: int = 0


class Point(msgspec.Struct, frozen=True, gc=False):
    latitude: float
    longitude: float
    horizontal_accuracy: float | None = None


class Venue(msgspec.Struct, frozen=True, gc=False):
    location: Point
    title: str = ""
    address: str = ""


class SharedContact(msgspec.Struct, frozen=True, gc=False):
    phone_number: str
    user_id: Id | None = None


class Entity(msgspec.Struct, frozen=True, gc=False):
    """A marked stretch of the text; `offset` and `length` count UTF-16 units."""

    type: str
    offset: int
    length: int
    user: User | None = None


class RepliedTo(msgspec.Struct, frozen=True, gc=False):
    message_id: Id
    from_: User | None = msgspec.field(default=None, name="from")


class Message(msgspec.Struct, frozen=True, gc=False):
    message_id: Id
    chat: Chat
    date: int = 0
    from_: User | None = msgspec.field(default=None, name="from")
    sender_chat: Chat | None = None
    text: str = ""
    caption: str = ""
    entities: tuple[Entity, ...] = ()
    caption_entities: tuple[Entity, ...] = ()
    photo: tuple[File, ...] = ()
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    location: Point | None = None
    venue: Venue | None = None
    contact: SharedContact | None = None
    media_group_id: str = ""
    reply_to_message: RepliedTo | None = None
    forward_origin: Any = None
    migrate_to_chat_id: Id | None = None


class PressedMessage(msgspec.Struct, frozen=True, gc=False):
    """The message whose button was pressed; nothing but its place is left of old ones."""

    message_id: Id
    chat: Chat


class CallbackQuery(msgspec.Struct, frozen=True, gc=False):
    id: str
    from_: User = msgspec.field(name="from")
    message: PressedMessage | None = None
    data: str = ""


class Member(msgspec.Struct, frozen=True, gc=False):
    status: str


class MemberUpdate(msgspec.Struct, frozen=True, gc=False):
    chat: Chat
    new_chat_member: Member


class Update(msgspec.Struct, frozen=True, gc=False):
    update_id: Id
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberUpdate | None = None


ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""What we ask Telegram for: the fields of `Update`."""

_DECODER = msgspec.json.Decoder(Update)


def read_update(body: bytes) -> Update:
    """PayloadInvalid when this is no update that we can read."""
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as problem:
        raise PayloadInvalid(f"telegram: {problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_leniently(body)


def read_tree(body: bytes) -> dict[str, Any]:
    """The update as it stands, for the rare kinds that `Update` does not know."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise PayloadInvalid(f"telegram: {type(problem).__name__}") from problem
    if not isinstance(tree, dict):
        raise PayloadInvalid("telegram: an update is an object")
    return tree


def _read_leniently(body: bytes) -> Update:
    # msgspec refuses lone surrogates. Written anew without them the update is as good as any; nothing else is lost (F72).
    try:
        whole = json.dumps(read_tree(body), ensure_ascii=False).encode("utf-8", "ignore")
        return _DECODER.decode(whole)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise PayloadInvalid(f"telegram: {type(problem).__name__}") from problem
