"""What people's phones show of their talk with the gateway's WhatsApp number, and what they send from them."""

import base64
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workers.simulators.control import ControlRefused
from workers.simulators.pictures import photo

WINDOW = timedelta(hours=24)
KEPT = 400
Item = dict[str, Any]
Row = tuple[str, str]
"""Label of a button or row of a list, and what comes back."""


@dataclass(slots=True)
class Note:
    """One message on the phone. `incoming`: seen from the phone. `state` as `handset.Sms.state`."""

    wamid: str
    at: datetime
    text: str
    incoming: bool
    state: str = "shown"
    rows: tuple[Row, ...] = ()
    picture: bool = False


@dataclass(slots=True)
class Talk:
    """`number` without its plus; empty for somebody who shows none. `user_id` is what the number's owner is called here."""

    name: str
    number: str
    user_id: str
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=KEPT))
    wrote_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.wrote_at is not None and now - self.wrote_at < WINDOW


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    media_type: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


class Talks:
    """All talks and files; `draw` gives the digits of new ids."""

    def __init__(self, names: Mapping[str, str], draw: Callable[[], int]) -> None:
        """`names`: number with its plus -> what its owner is called."""
        self._names, self._draw = names, draw
        self.talks: dict[str, Talk] = {}
        self.files: dict[str, File] = {}

    def talk(self, who: str) -> Talk:
        """By number (with or without plus) or id."""
        number = who.removeprefix("+")
        if not number.isdecimal():
            known = next((talk for talk in self.talks.values() if talk.user_id == who), None)
            return known or self.talks.setdefault(who, Talk("Tanpa Nomor", "", who))
        made = Talk(self._names.get(f"+{number}", f"+{number}"), number, f"ID.{number}77")
        return self.talks.setdefault(number, made)

    def new_name(self) -> str:
        """A wamid, which holds as much of somebody's number as real ones do."""
        return f"wamid.{base64.b64encode(f'SIM{self._draw():020d}'.encode()).decode()}"

    def store(self, content: bytes, media_type: str) -> str:
        identity = str(10**14 + self._draw() % 10**14)
        self.files[identity] = File(content, media_type)
        return identity

    def show(self, who: str, note: Note) -> None:
        self.talk(who).notes.append(note)

    def content(self, item: Item, now: datetime) -> Item:
        """What the message of an injected item holds beside its head. ControlRefused for a type that nobody sends."""
        kind = str(item.get("type", "text"))
        make = CONTENTS.get(kind)
        if make is None:
            raise ControlRefused(f"unknown type {kind!r}; known: {', '.join(sorted(CONTENTS))}")
        return make(self, item, now)

    def file_of(self, item: Item, now: datetime, kind: str, media_type: str) -> Item:
        content = photo(str(item.get("scene", "jalan")), now) if kind == "image" else b"%PDF-1.4 latihan"
        identity = self.store(content, media_type)
        digest = base64.b64encode(self.files[identity].digest).decode()
        about: Item = {"id": identity, "mime_type": media_type, "sha256": digest}
        caption = str(item.get("text", ""))
        named: Item = {"filename": "surat.pdf"} if kind == "document" else {}
        return {"type": kind, kind: about | named | ({"caption": caption} if caption else {})}


def _text(_talks: Talks, item: Item, _now: datetime) -> Item:
    return {"type": "text", "text": {"body": str(item.get("text", ""))}}


def _location(_talks: Talks, item: Item, _now: datetime) -> Item:
    place = {"latitude": item.get("latitude", -2.6833), "longitude": item.get("longitude", 111.6167)}
    return {"type": "location", "location": place | ({"name": item["text"]} if item.get("text") else {})}


def _press(kind: str) -> Callable[[Talks, Item, datetime], Item]:
    def make(_talks: Talks, item: Item, _now: datetime) -> Item:
        chosen = {"id": str(item.get("data", "")), "title": str(item.get("text", ""))}
        return {"type": "interactive", "interactive": {"type": kind, kind: chosen}}

    return make


def _about(kind: str, key: str) -> Callable[[Talks, Item, datetime], Item]:
    return lambda _talks, item, _now: {"type": kind, kind: {key: str(item.get("of", "")), **item.get("more", {})}}


def _edit(_talks: Talks, item: Item, _now: datetime) -> Item:
    inner = {"type": "text", "text": {"body": str(item.get("text", ""))}}
    return {"type": "edit", "edit": {"original_message_id": str(item.get("of", "")), "message": inner}}


def _unsupported(_talks: Talks, _item: Item, _now: datetime) -> Item:
    return {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]}


CONTENTS: Mapping[str, Callable[[Talks, Item, datetime], Item]] = {
    "text": _text,
    "image": lambda talks, item, now: talks.file_of(item, now, "image", "image/jpeg"),
    "document": lambda talks, item, now: talks.file_of(item, now, "document", "application/pdf"),
    "location": _location,
    "button": _press("button_reply"),
    "list": _press("list_reply"),
    "reaction": _about("reaction", "message_id"),
    "revoke": _about("revoke", "original_message_id"),
    "edit": _edit,
    "unsupported": _unsupported,
    "number_changed": lambda _talks, item, _now: {
        "type": "system",
        "system": {"type": "user_changed_number", "wa_id": str(item.get("to", ""))},
    },
}
