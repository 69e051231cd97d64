"""Calls for pages and Instagram accounts, as far as we read them: typed, unknown fields skipped.

Wire: docs/channels/messenger.md. One call may hold entries of several pages and accounts; `object` and the id of the entry
say whose it is.
"""

import hashlib
import re
from typing import Any, TypeVar

import msgspec

from channels.errors import PayloadInvalid
from channels.json_object import called_object
from channels.messages import clean_text

T = TypeVar("T")
PERSON = re.compile(r"[0-9]{1,32}")
PLAIN_NAME = re.compile(r"[\x21-\x7e]{1,100}")
HASHED = 48


class Party(msgspec.Struct, frozen=True):
    id: str | int = ""
    name: str = ""
    username: str = ""


class Point(msgspec.Struct, frozen=True):
    lat: float
    long: float


class Payload(msgspec.Struct, frozen=True):
    url: str | None = None
    title: str | None = None
    sticker_id: int | str | None = None
    coordinates: Point | None = None


class Attachment(msgspec.Struct, frozen=True):
    type: str = ""
    url: str | None = None
    title: str | None = None
    payload: Payload | None = None


class RepliedTo(msgspec.Struct, frozen=True):
    mid: str = ""


class Pressed(msgspec.Struct, frozen=True):
    payload: str = ""


class Message(msgspec.Struct, frozen=True):
    mid: str
    text: str = ""
    attachments: list[Attachment] = []
    reply_to: RepliedTo | None = None
    quick_reply: Pressed | None = None
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False
    app_id: int | str = ""
    metadata: str = ""


class Postback(msgspec.Struct, frozen=True):
    mid: str = ""
    title: str = ""
    payload: str = ""


class Delivery(msgspec.Struct, frozen=True):
    mids: list[str] = []
    watermark: int = 0


class Seen(msgspec.Struct, frozen=True):
    watermark: int = 0
    mid: str = ""


class Edit(msgspec.Struct, frozen=True):
    mid: str
    text: str = ""
    num_edit: int = 0


class Event(msgspec.Struct, frozen=True):
    """One element of `messaging` or `standby`."""

    sender: Party = Party()
    recipient: Party = Party()
    timestamp: int = 0
    message: Message | None = None
    postback: Postback | None = None
    delivery: Delivery | None = None
    read: Seen | None = None
    message_edit: Edit | None = None


class Change(msgspec.Struct, frozen=True):
    field: str = ""
    value: dict[str, Any] = {}


class FeedComment(msgspec.Struct, frozen=True):
    """`value` of the field `feed` where its item is a comment."""

    comment_id: str
    verb: str = ""
    from_: Party = msgspec.field(name="from", default=Party())
    message: str = ""
    created_time: int = 0


class InstagramComment(msgspec.Struct, frozen=True):
    """`value` of the fields `comments` and `live_comments`."""

    id: str
    from_: Party = msgspec.field(name="from", default=Party())
    text: str = ""


class Mention(msgspec.Struct, frozen=True):
    """`value` of the field `mentions`: where, but neither who nor what."""

    media_id: str = ""
    comment_id: str = ""


class Entry(msgspec.Struct, frozen=True):
    id: str | int = ""
    time: int = 0
    messaging: list[Any] = []
    standby: list[Any] = []
    changes: list[Any] = []


class _Call(msgspec.Struct, frozen=True):
    object: str = ""
    entry: list[Entry] = []


def entries(body: bytes) -> tuple[str, list[Entry]]:
    """`object` of the call (`page`, `instagram`) and its entries, of whomever. PayloadInvalid for anything else."""
    call = read(called_object(body, "meta"), _Call)
    if not call.object:
        raise PayloadInvalid("meta: a call without object")
    return call.object, call.entry


def read(tree: object, type_: type[T]) -> T:
    """The tree as this type; PayloadInvalid, naming fields and never their content, when it is none."""
    try:
        return msgspec.convert(tree, type_)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise PayloadInvalid(f"meta: {problem}") from None


def person(party: Party) -> str:
    """The number of somebody; PayloadInvalid for what is none."""
    number = str(party.id)
    if not PERSON.fullmatch(number):
        raise PayloadInvalid("meta: nobody is named")
    return number


def short(name: str) -> str:
    """A name that Meta gave to a message: as it is, or its digest where it is too long or odd to keep."""
    if PLAIN_NAME.fullmatch(name):
        return name
    return digest(name)


def digest(name: str) -> str:
    """The same for what would name a person."""
    return "h:" + hashlib.sha256(clean_text(name).encode()).hexdigest()[:HASHED]
