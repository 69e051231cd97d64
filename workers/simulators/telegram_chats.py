"""The chats of a simulated Telegram: who is in them, what was said, which files exist, and what people do there.

Every deed of a person becomes what the Bot API calls an update: its kind and content. Shapes: docs/channels/telegram.md.
"""

import itertools
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workers.simulators.control import ControlRefused
from workers.simulators.pictures import SCENES, photo
from workers.simulators.settings import Person, TelegramNames

MESSAGES_KEPT = 400
OGG = b"OggS\x00\x02" + bytes(58)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

Item = dict[str, Any]
Deed = tuple[str, Item]
"""Kind of update and its content."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    file_id: str
    path: str
    content: bytes
    media_type: str


@dataclass(slots=True)
class Chat:
    """One chat. `messages` are Message objects of the Bot API, oldest first; `toast` the last answer to a press."""

    id: int
    about: Item
    messages: deque[Item] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    blocked: bool = False
    wrote: bool = False
    migrated_to: int | None = None
    toast: str = ""
    keyboard: list[list[Item]] = field(default_factory=list)


class Chats:
    """All chats and files of one bot."""

    def __init__(self, names: TelegramNames, people: Iterable[Person], seed: int) -> None:
        self._people = {person.chat: person for person in people if person.chat}
        self._random = random.Random(seed)  # noqa: S311 - ids must repeat with the seed
        self._message_ids = itertools.count(self._random.randrange(41, 1_000_000_000))
        bot_id = int(names.token.partition(":")[0]) if names.token.partition(":")[0].isdigit() else 777000
        self.bot = {"id": bot_id, "is_bot": True, "first_name": names.bot_name, "username": names.bot_username}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.callbacks: dict[str, Chat] = {}

    def chat(self, chat_id: int) -> Chat:
        if chat_id not in self.chats:
            self.chats[chat_id] = Chat(chat_id, self._about(chat_id))
        return self.chats[chat_id]

    def user(self, chat_id: int) -> Item:
        """The person of a private chat as Telegram describes a user."""
        person = self._people.get(chat_id, Person("", f"Warga {chat_id % 1000:03d}"))
        first, _, last = person.name.partition(" ")
        user = {"id": chat_id, "is_bot": False, "first_name": first, "last_name": last, "language_code": "id"}
        return {name: value for name, value in user.items() if value != ""}

    def message(self, chat: Chat, sender: Item, at: datetime, content: Item) -> Item:
        """A new message in the chat."""
        written = {
            "message_id": next(self._message_ids),
            "from": sender,
            "chat": chat.about,
            "date": int(at.timestamp()),
            **content,
        }
        chat.messages.append(written)
        return written

    def find(self, chat: Chat, message_id: int) -> Item | None:
        return next((message for message in chat.messages if message["message_id"] == message_id), None)

    def store_file(self, content: bytes, path: str, media_type: str) -> Item:
        """Keep a file and describe it as the Bot API does."""
        number = len(self.files) + 1
        file_id, folder, name = f"SIM-BERKAS-{number}", *path.rsplit("/", 1)
        self.files[file_id] = StoredFile(file_id, f"{folder}/berkas_{number}_{name}", content, media_type)
        return {"file_id": file_id, "file_unique_id": f"SIMU{number}", "file_size": len(content)}

    def _about(self, chat_id: int) -> Item:
        if chat_id < 0:
            return {"id": chat_id, "title": f"Grup {-chat_id % 10_000}", "type": "group"}
        user = self.user(chat_id)
        return {"id": chat_id, "first_name": user["first_name"], "type": "private"} | (
            {"last_name": user["last_name"]} if "last_name" in user else {}
        )

    # -- what people do ----------------------------------------------------------

    def act(self, item: Item, at: datetime) -> list[Deed]:
        """Carry out an injected deed. Raises `ControlRefused` when it is unknown or impossible."""
        kind = str(item.get("type", "text"))
        if kind == "raw":
            update = dict(item.get("update") or {})
            update.pop("update_id", None)
            return list(update.items())[:1]
        if kind not in DEEDS:
            raise ControlRefused(f"unknown type {kind!r}; known: {', '.join(sorted(DEEDS))}, raw")
        if not isinstance(item.get("chat"), int):
            raise ControlRefused("chat: the id of a chat, a number")
        chat = self.chat(item["chat"])
        chat.wrote, chat.toast = True, ""
        return DEEDS[kind](self, chat, item, at)

    def _sender(self, chat: Chat, item: Item) -> Item:
        return self.user(int(item.get("user", chat.id)))

    def _say(self, chat: Chat, item: Item, at: datetime, content: Item) -> Deed:
        if reply_to := item.get("reply_to"):
            replied = self.find(chat, int(reply_to))
            content["reply_to_message"] = replied or {"message_id": reply_to, "date": 0, "chat": chat.about}
        return "message", self.message(chat, self._sender(chat, item), at, content)

    def text(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        text = str(item.get("text", ""))
        content: Item = {"text": text}
        if text.startswith("/"):
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        return [self._say(chat, item, at, content)]

    def start(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        return self.text(chat, item | {"text": f"/start {item.get('text', '')}".strip()}, at)

    def photo(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        return [self._say(chat, item, at, self._photo(item, at) | _caption(item))]

    def album(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        group, scenes = str(self._random.randrange(10**16, 10**17)), itertools.cycle(SCENES)
        deeds = []
        for number in range(int(item.get("count", 2))):
            content = self._photo(item | {"scene": next(scenes)}, at) | {"media_group_id": group}
            deeds.append(self._say(chat, item, at, content | (_caption(item) if number == 0 else {})))
        return deeds

    def _photo(self, item: Item, at: datetime) -> Item:
        scene = str(item.get("scene", "jalan"))
        sizes = []
        for width, height in ((90, 67), (960, 720)):
            kept = self.store_file(photo(scene, at, (width, height)), "photos/foto.jpg", "image/jpeg")
            sizes.append(kept | {"width": width, "height": height})
        return {"photo": sizes}

    def document(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        name = str(item.get("name", "surat.pdf"))
        kept = self.store_file(PDF.ljust(int(item.get("bytes", 0)), b"\n"), f"documents/{name}", "application/pdf")
        content = {"document": kept | {"file_name": name, "mime_type": "application/pdf"}}
        return [self._say(chat, item, at, content | _caption(item))]

    def voice(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        kept = self.store_file(OGG, "voice/suara.oga", "audio/ogg")
        voice = kept | {"duration": int(item.get("seconds", 6)), "mime_type": "audio/ogg"}
        return [self._say(chat, item, at, {"voice": voice} | _caption(item))]

    def location(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        place = {
            "latitude": float(item.get("latitude", -2.6833)),
            "longitude": float(item.get("longitude", 111.6167)),
            "horizontal_accuracy": 18.0,
        }
        return [self._say(chat, item, at, {"location": place})]

    def contact(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        sender = self._sender(chat, item)
        person = self._people.get(chat.id)
        number = str(item.get("phone") or (person.phone if person else "+6281200000099"))
        contact: Item = {"phone_number": number.lstrip("+"), "first_name": sender["first_name"]}
        if item.get("own", True):
            contact["user_id"] = sender["id"]
        return [self._say(chat, item, at, {"contact": contact})]

    def group(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        if chat.id >= 0 or not isinstance(item.get("user"), int):
            raise ControlRefused("group: chat is negative and user is the id of who writes")
        return self.text(chat, item, at)

    def edit(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        own = (message for message in reversed(chat.messages) if not message["from"]["is_bot"] and "text" in message)
        message = self.find(chat, int(item["message_id"])) if "message_id" in item else next(own, None)
        if message is None:
            raise ControlRefused("edit: there is no such message")
        message.update(text=str(item.get("text", "")), edit_date=int(at.timestamp()))
        return [("edited_message", dict(message))]

    def press(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        message, button = self._button(chat, item)
        callback_id = str(self._random.randrange(10**19, 10**20))
        self.callbacks[callback_id] = chat
        about = {name: value for name, value in message.items() if name != "reply_to_message"}
        content = {"id": callback_id, "from": self._sender(chat, item), "message": about, "chat_instance": str(chat.id)}
        return [("callback_query", content | {"data": str(item.get("data", button.get("callback_data", "")))})]

    def _button(self, chat: Chat, item: Item) -> tuple[Item, Item]:
        """The newest button that fits `message_id`, `data` and `label`, where given."""
        for message in reversed(chat.messages):
            if item.get("message_id", message["message_id"]) != message["message_id"]:
                continue
            for button in itertools.chain(*message.get("reply_markup", {}).get("inline_keyboard", [])):
                data, label = button.get("callback_data"), button["text"]
                if item.get("data", data) == data and item.get("label", label) == label:
                    return message, button
        raise ControlRefused("press: no message here has such a button")

    def block(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        return self._membership(chat, at, "member", "kicked")

    def unblock(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        return self._membership(chat, at, "kicked", "member")

    def _membership(self, chat: Chat, at: datetime, old: str, new: str) -> list[Deed]:
        chat.blocked = new == "kicked"
        extra = {"until_date": 0} if chat.blocked else {}
        content = {
            "chat": chat.about,
            "from": self.user(chat.id),
            "date": int(at.timestamp()),
            "old_chat_member": {"user": self.bot, "status": old},
            "new_chat_member": {"user": self.bot, "status": new, **extra},
        }
        return [("my_chat_member", content)]

    def migrate(self, chat: Chat, item: Item, at: datetime) -> list[Deed]:
        """The group becomes a supergroup with another id; sends to the old id are answered with the new one."""
        chat.migrated_to = int(item.get("to", -1_000_000_000_000 + chat.id))
        return [self._say(chat, item, at, {"migrate_to_chat_id": chat.migrated_to})]


def _caption(item: Item) -> Item:
    return {"caption": str(item["caption"])} if item.get("caption") else {}


DEEDS = {
    "text": Chats.text,
    "start": Chats.start,
    "photo": Chats.photo,
    "album": Chats.album,
    "document": Chats.document,
    "voice": Chats.voice,
    "location": Chats.location,
    "contact": Chats.contact,
    "group": Chats.group,
    "edit": Chats.edit,
    "press": Chats.press,
    "block": Chats.block,
    "unblock": Chats.unblock,
    "migrate": Chats.migrate,
}
