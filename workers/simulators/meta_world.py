"""A simulated page with its Instagram account: private talks, one wall with comments, and what people do there.

Every deed becomes the element of a webhook call. Shapes: docs/channels/messenger.md § Inbound.
"""

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workers.simulators.control import ControlRefused
from workers.simulators.meta_webhook import stamp
from workers.simulators.pictures import photo
from workers.simulators.settings import MetaNames

MESSAGES_KEPT = 400
OBJECTS: Mapping[str, str] = {"messenger": "page", "instagram": "instagram"}
M4A = b"\x00\x00\x00\x18ftypM4A " + bytes(64)
Item = dict[str, Any]


@dataclass(slots=True)
class Said:
    """One message of a talk. `mine`: written by the citizen."""

    mid: str
    at: datetime
    mine: bool
    text: str
    photo: str = ""
    state: str = ""
    gone: bool = False


@dataclass(slots=True)
class Talk:
    """With one person on one platform. `heard_at`: when they last wrote, which opens the window."""

    platform: str
    person: str
    messages: deque[Said] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    heard_at: datetime | None = None
    blocked: bool = False


@dataclass(slots=True)
class Comment:
    id: str
    platform: str
    person: str
    text: str
    at: datetime
    replied: bool = False
    """A private reply was sent: there is no second one."""
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Deed:
    """What goes into an entry: `part` is `messaging`, `standby` or `changes`."""

    platform: str
    part: str
    element: Item


class World:
    def __init__(self, names: MetaNames, media_url: str, first: int) -> None:
        self._names, self.media_url = names, media_url
        self._numbers = itertools.count(first)
        self.talks: dict[tuple[str, str], Talk] = {}
        self.comments: dict[str, Comment] = {}
        self.files: dict[str, bytes] = {}
        self.in_seconds = False

    def account(self, platform: str) -> str:
        return self._names.page_id if platform == "messenger" else self._names.account_id

    def talk(self, platform: str, person: str) -> Talk:
        return self.talks.setdefault((platform, person), Talk(platform, person))

    def find(self, platform: str, person: str, mid: str) -> Said | None:
        talk = self.talks.get((platform, person))
        return next((said for said in talk.messages if said.mid == mid), None) if talk else None

    def mid(self, platform: str) -> str:
        return f"{'m_SIM' if platform == 'messenger' else 'aWdfU0lN'}{next(self._numbers)}"

    def event(self, talk: Talk, at: datetime, *, ours: bool = False, **content: Any) -> Item:
        """An element of `messaging`; `ours`: an echo of what our side wrote."""
        account = self.account(talk.platform)
        sender, recipient = (account, talk.person) if ours else (talk.person, account)
        timestamp = stamp(at, seconds=self.in_seconds)
        return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": timestamp, **content}

    def act(self, item: Item, at: datetime) -> Deed:
        """Carry out an injected deed. Raises `ControlRefused` when it is unknown or impossible."""
        kind, platform = str(item.get("type", "text")), str(item.get("on", "messenger"))
        if kind not in DEEDS or platform not in OBJECTS:
            raise ControlRefused(f"unknown type {kind!r} or place {platform!r}; known: {', '.join(sorted(DEEDS))}")
        person = str(item.get("person", ""))
        if not person.isdigit():
            raise ControlRefused("person: the number of somebody")
        return DEEDS[kind](self, self.talk(platform, person), item, at)

    def _say(self, talk: Talk, at: datetime, shown: str, photo_: str = "", **content: Any) -> Deed:
        mid = self.mid(talk.platform)
        talk.messages.append(Said(mid, at, True, shown, photo_))
        talk.heard_at = at
        return Deed(talk.platform, "messaging", self.event(talk, at, message={"mid": mid, **content}))

    def text(self, talk: Talk, item: Item, at: datetime) -> Deed:
        text = str(item.get("text", ""))
        more: Item = {"reply_to": {"mid": item["reply_to"]}} if item.get("reply_to") else {}
        return self._say(talk, at, text, text=text, **more)

    def photo(self, talk: Talk, item: Item, at: datetime) -> Deed:
        name = self._file(photo(str(item.get("scene", "jalan")), at), "jpg")
        caption = {"text": str(item["text"])} if item.get("text") else {}
        return self._say(talk, at, str(item.get("text", "")), name, **caption, **self._attached("image", name))

    def voice(self, talk: Talk, item: Item, at: datetime) -> Deed:
        return self._say(talk, at, "🎤", **self._attached("audio", self._file(M4A, "m4a")))

    def location(self, talk: Talk, item: Item, at: datetime) -> Deed:
        point = {"lat": float(item.get("latitude", -2.6833)), "long": float(item.get("longitude", 111.6167))}
        attachment = {"type": "location", "title": "Lokasi", "payload": {"coordinates": point}}
        return self._say(talk, at, "📍", attachments=[attachment])

    def sticker(self, talk: Talk, item: Item, at: datetime) -> Deed:
        payload = {"url": f"{self.media_url}/stiker.png", "sticker_id": 369239263222822}
        return self._say(talk, at, "👍", attachments=[{"type": "image", "payload": payload}])

    def story_mention(self, talk: Talk, item: Item, at: datetime) -> Deed:
        name = self._file(photo(str(item.get("scene", "jalan")), at), "jpg")
        return self._say(talk, at, "@", name, **self._attached("story_mention", name))

    def story_reply(self, talk: Talk, item: Item, at: datetime) -> Deed:
        text, story = str(item.get("text", "")), {"id": "180", "url": f"{self.media_url}/cerita.jpg"}
        return self._say(talk, at, text, text=text, reply_to={"story": story})

    def unsupported(self, talk: Talk, item: Item, at: datetime) -> Deed:
        return self._say(talk, at, "?", is_unsupported=True)

    def _attached(self, kind: str, name: str) -> Item:
        return {"attachments": [{"type": kind, "payload": {"url": f"{self.media_url}/{name}"}}]}

    def _file(self, content: bytes, suffix: str) -> str:
        name = f"berkas-{next(self._numbers)}.{suffix}"
        self.files[name] = content
        return name

    def postback(self, talk: Talk, item: Item, at: datetime) -> Deed:
        talk.heard_at = at
        pressed = {"mid": self.mid(talk.platform), "title": str(item.get("text", "Mulai")), "payload": "GET_STARTED"}
        talk.messages.append(Said(pressed["mid"], at, True, pressed["title"]))
        return Deed(talk.platform, "messaging", self.event(talk, at, postback=pressed))

    def unsend(self, talk: Talk, item: Item, at: datetime) -> Deed:
        said = self._own(talk, item)
        said.gone = True
        return Deed(talk.platform, "messaging", self.event(talk, at, message={"mid": said.mid, "is_deleted": True}))

    def edit(self, talk: Talk, item: Item, at: datetime) -> Deed:
        said = self._own(talk, item)
        said.text = str(item.get("text", ""))
        edit = {"mid": said.mid, "text": said.text, "num_edit": 1}
        return Deed(talk.platform, "messaging", self.event(talk, at, message_edit=edit))

    def _own(self, talk: Talk, item: Item) -> Said:
        mine = (said for said in reversed(talk.messages) if said.mine and item.get("mid", said.mid) == said.mid)
        said = next(mine, None)
        if said is None:
            raise ControlRefused("there is no such message")
        return said

    def read(self, talk: Talk, item: Item, at: datetime) -> Deed:
        """Whatever our side wrote is seen."""
        ours = [said for said in talk.messages if not said.mine]
        for said in ours:
            said.state = "read"
        last = ours[-1].mid if ours else ""
        seen = {"watermark": stamp(at, seconds=self.in_seconds)} if talk.platform == "messenger" else {"mid": last}
        return Deed(talk.platform, "messaging", self.event(talk, at, read=seen))

    def reaction(self, talk: Talk, item: Item, at: datetime) -> Deed:
        mid = talk.messages[-1].mid if talk.messages else "m_0"
        reaction = {"mid": mid, "action": "react", "reaction": "love", "emoji": "❤"}
        return Deed(talk.platform, "messaging", self.event(talk, at, reaction=reaction))

    def inbox_answer(self, talk: Talk, item: Item, at: datetime) -> Deed:
        """A colleague answers in the inbox of the page: an echo of another app."""
        mid, text = self.mid(talk.platform), str(item.get("text", ""))
        talk.messages.append(Said(mid, at, False, text))
        echo = {"mid": mid, "text": text, "is_echo": True, "app_id": 263902037430900}
        return Deed(talk.platform, "messaging", self.event(talk, at, ours=True, message=echo))

    def standby(self, talk: Talk, item: Item, at: datetime) -> Deed:
        said = self.text(talk, item, at)
        return Deed(talk.platform, "standby", said.element)

    def block(self, talk: Talk, item: Item, at: datetime) -> Deed:
        """Nobody is told of it."""
        talk.blocked = True
        return Deed("", "", {})

    def comment(self, talk: Talk, item: Item, at: datetime) -> Deed:
        number = next(self._numbers)
        name = f"7_{number}" if talk.platform == "messenger" else f"179{number}"
        made = self.comments[name] = Comment(name, talk.platform, talk.person, str(item.get("text", "")), at)
        return self._on_the_wall(made, "add", at)

    def comment_edit(self, talk: Talk, item: Item, at: datetime) -> Deed:
        made = self._commented(talk, item)
        made.text = str(item.get("text", ""))
        return self._on_the_wall(made, "edited", at)

    def comment_remove(self, talk: Talk, item: Item, at: datetime) -> Deed:
        made = self._commented(talk, item)
        del self.comments[made.id]
        return self._on_the_wall(made, "remove", at)

    def _commented(self, talk: Talk, item: Item) -> Comment:
        theirs = (one for one in reversed(self.comments.values()) if one.person == talk.person)
        made = next((one for one in theirs if item.get("comment", one.id) == one.id), None)
        if made is None:
            raise ControlRefused("there is no such comment")
        return made

    def _on_the_wall(self, made: Comment, verb: str, at: datetime) -> Deed:
        name = f"Warga {int(made.person) % 1000:03d}"
        if made.platform == "instagram":
            if verb != "add":
                raise ControlRefused("Instagram tells of new comments only")
            value: Item = {"id": made.id, "from": {"id": made.person, "username": name.lower().replace(" ", ".")}}
            value |= {"text": made.text, "media": {"id": "180", "media_product_type": "FEED"}}
            return Deed(made.platform, "changes", {"field": "comments", "value": value})
        value = {"item": "comment", "verb": verb, "from": {"id": made.person, "name": name}, "comment_id": made.id}
        value |= {"post_id": f"{self.account(made.platform)}_7", "created_time": stamp(made.at, seconds=True)}
        value |= {"message": made.text} if verb != "remove" else {}
        return Deed(made.platform, "changes", {"field": "feed", "value": value})

    def mention(self, talk: Talk, item: Item, at: datetime) -> Deed:
        """Somebody names the account below somebody else's post: told without who and what."""
        name = f"179{next(self._numbers)}"
        self.comments[name] = Comment(name, "instagram", talk.person, str(item.get("text", "")), at)
        value = {"media_id": "181", "comment_id": name}
        return Deed("instagram", "changes", {"field": "mentions", "value": value})


DEEDS: Mapping[str, Callable[[World, Talk, Item, datetime], Deed]] = {
    "text": World.text,
    "photo": World.photo,
    "voice": World.voice,
    "location": World.location,
    "sticker": World.sticker,
    "story_mention": World.story_mention,
    "story_reply": World.story_reply,
    "unsupported": World.unsupported,
    "postback": World.postback,
    "unsend": World.unsend,
    "edit": World.edit,
    "read": World.read,
    "reaction": World.reaction,
    "inbox_answer": World.inbox_answer,
    "standby": World.standby,
    "block": World.block,
    "comment": World.comment,
    "comment_edit": World.comment_edit,
    "comment_remove": World.comment_remove,
    "mention": World.mention,
}
