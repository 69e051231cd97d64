"""What the practice page shows, made from what the simulators remember: bubbles, cards, steps. No HTML here."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from workers.simulators.handset import Sms
from workers.simulators.mail_letters import Letter
from workers.simulators.meta_world import World
from workers.simulators.settings import Person
from workers.simulators.telegram_chats import Chat, Item
from workers.simulators.whatsapp_talks import Note, Talk
from workers.simulators.x import X

LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
BUBBLES_SHOWN = 60
FIRST_DIGIT = {"messenger": "5", "instagram": "9", "x": "7"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, or a link when `href` is set."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A button below a bubble: pressing sends `data`, or opens `url`."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """What a message carries beside its text: the text key that describes it, and its values."""

    key: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on a phone. `mine` = written by the phone's owner. `state` of an SMS as in `handset.Sms`."""

    at: datetime
    mine: bool
    pieces: tuple[Piece, ...]
    message_id: int = 0
    photo: str = ""
    file_name: str = ""
    extra: Extra | None = None
    rows: tuple[tuple[Key, ...], ...] = ()
    edited: bool = False
    state: str = ""
    parts: int = 1
    name: str = ""
    """What a pressed button below it names it by, where that is no number."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One officer's messages, by whatever means they came."""

    person: Person
    bubbles: tuple[Bubble, ...]
    toast: str = ""
    by_telegram: bool = False
    by_sms: bool = False
    by_mail: bool = False
    by_whatsapp: bool = False

    @property
    def last_at(self) -> datetime:
        return self.bubbles[-1].at

    @property
    def received(self) -> int:
        return sum(not bubble.mine for bubble in self.bubbles)


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: `done`, `now` or empty. `anchor` = the part of the page it is about."""

    key: str
    anchor: str
    state: str = ""


@dataclass(slots=True)
class ByHand:
    """What trainees did on the LAPOR! board themselves; the rest there is the gateway's."""

    moves: int = 0
    followups: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """What has happened so far in this exercise."""

    wrote: bool = False
    answered: bool = False
    officer_told: bool = False
    officer_acted: bool = False
    moved: bool = False
    news: bool = False


STEPS = (
    ("write", "hp", "wrote"),
    ("receipt", "hp", "answered"),
    ("officer", "petugas", "officer_told"),
    ("answer", "petugas", "officer_acted"),
    ("board", "lapor", "moved"),
    ("news", "hp", "news"),
)


def steps(progress: Progress) -> list[Step]:
    """The numbered hints, with the first that is not done yet marked as the present one."""
    shown: list[Step] = []
    for key, anchor, sign in STEPS:
        done = getattr(progress, sign)
        is_next = not done and all(step.state == "done" for step in shown)
        shown.append(Step(key, anchor, "done" if done else "now" if is_next else ""))
    return shown


def pieces(text: str) -> tuple[Piece, ...]:
    """The text cut at its links."""
    found, end = [], 0
    for link in LINK.finditer(text):
        found += [Piece(text[end : link.start()]), Piece(link[0], link[0])]
        end = link.end()
    return tuple(piece for piece in (*found, Piece(text[end:])) if piece.text)


def chat_bubbles(chat: Chat | None) -> tuple[Bubble, ...]:
    return tuple(_chat_bubble(message) for message in list(chat.messages)[-BUBBLES_SHOWN:]) if chat else ()


def _chat_bubble(message: Item) -> Bubble:
    photos = message.get("photo") or [{}]
    document = message.get("document") or {}
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    return Bubble(
        at=datetime.fromtimestamp(message["date"], UTC),
        mine=not message["from"]["is_bot"],
        pieces=pieces(str(message.get("text", message.get("caption", "")))),
        message_id=message["message_id"],
        photo=photos[-1].get("file_id", ""),
        file_name=document.get("file_name", "berkas" if document else ""),
        extra=_extra(message),
        rows=tuple(
            tuple(Key(key["text"], key.get("callback_data", ""), key.get("url", "")) for key in row) for row in keyboard
        ),
        edited="edit_date" in message,
    )


def _extra(message: Item) -> Extra | None:
    if place := message.get("location"):
        return Extra("a_location", {"latitude": place["latitude"], "longitude": place["longitude"]})
    if voice := message.get("voice"):
        return Extra("a_voice", {"n": voice["duration"]})
    if contact := message.get("contact"):
        return Extra("a_contact", {"number": contact["phone_number"]})
    return None


def sms_bubbles(messages: Iterable[Sms]) -> tuple[Bubble, ...]:
    return tuple(
        Bubble(sms.at, not sms.incoming, pieces(sms.text), state=sms.state, parts=sms.parts)
        for sms in list(messages)[-BUBBLES_SHOWN:]
    )


def whatsapp_bubbles(notes: Iterable[Note]) -> tuple[Bubble, ...]:
    return tuple(
        Bubble(
            note.at,
            not note.incoming,
            pieces(note.text),
            extra=Extra("a_file", {}) if note.picture else None,
            rows=tuple((Key(label, data),) for label, data in note.rows),
            state=note.state,
            name=note.wamid,
        )
        for note in list(notes)[-BUBBLES_SHOWN:]
    )


def page_bubbles(world: World, on: str, person: str) -> tuple[Bubble, ...]:
    """The private talk and the comments of one person, in the order of time."""
    talk = world.talks.get((on, person))
    private = [
        Bubble(
            said.at, said.mine, pieces(said.text), extra=Extra("a_file", {}) if said.photo else None, state=said.state
        )
        for said in (talk.messages if talk else ())
        if not said.gone
    ]
    public = [
        Bubble(one.at, True, pieces("\n".join((one.text, *one.below))), extra=Extra("a_comment", {}))
        for one in world.comments.values()
        if (one.platform, one.person) == (on, person)
    ]
    return tuple(sorted((*private, *public), key=lambda bubble: bubble.at)[-BUBBLES_SHOWN:])


def x_bubbles(world: X, person: str) -> tuple[Bubble, ...]:
    """The messages of one person with the account, and their posts that name it."""
    return tuple(
        Bubble(said.at, said.mine, pieces(said.text), extra=Extra("a_comment", {}) if said.public else None)
        for said in world.said
        if said.person == person or (said.public and said.person in world.posts_of(person))
    )[-BUBBLES_SHOWN:]


def page_person(person: Person, on: str) -> str:
    """The number by which a page or an account knows somebody: another on each."""
    return f"{FIRST_DIGIT[on]}{person.chat}"


def mail_bubbles(letters: Iterable[Letter]) -> tuple[Bubble, ...]:
    return tuple(
        Bubble(
            letter.at,
            not letter.incoming,
            pieces(letter.text),
            extra=Extra("a_subject", {"subject": letter.subject}),
            state=letter.state,
        )
        for letter in list(letters)[-BUBBLES_SHOWN:]
    )


def conversations(
    chats: Iterable[Chat],
    phones: Iterable[tuple[str, Sequence[Sms]]],
    boxes: Iterable[tuple[str, Sequence[Letter]]],
    app_talks: Iterable[Talk],
    people: Sequence[Person],
    citizens: Sequence[Person],
) -> list[Conversation]:
    """Everybody who is no citizen and got a message, newest first. Somebody unknown is shown by number."""
    ours = {name for person in citizens for name in (person.chat, person.phone, person.email)}
    talks: dict[str, Conversation] = {}
    for chat in chats:
        if chat.messages and chat.id not in ours:
            person = _who(people, str(chat.id), chat=chat.id)
            talks[person.key] = Conversation(person, chat_bubbles(chat), chat.toast, by_telegram=True)
    for number, messages in phones:
        if messages and number not in ours:
            _join(talks, _who(people, number, phone=number), sms_bubbles(messages), "sms")
    for address, letters in boxes:
        if letters and address not in ours:
            _join(talks, _who(people, address, email=address), mail_bubbles(letters), "mail")
    for talk in app_talks:
        if talk.notes and talk.number and f"+{talk.number}" not in ours:
            person = _who(people, f"+{talk.number}", phone=f"+{talk.number}")
            _join(talks, person, whatsapp_bubbles(talk.notes), "whatsapp")
    return sorted(talks.values(), key=lambda talk: talk.last_at, reverse=True)


def _join(talks: dict[str, Conversation], person: Person, bubbles: Sequence[Bubble], way: str) -> None:
    """What came another way stands in the same conversation, in order."""
    known = talks.get(person.key, Conversation(person, ()))
    merged = sorted((*known.bubbles, *bubbles), key=lambda bubble: bubble.at)
    by_sms, by_mail = known.by_sms or way == "sms", known.by_mail or way == "mail"
    by_whatsapp = known.by_whatsapp or way == "whatsapp"
    talks[person.key] = replace(known, bubbles=tuple(merged), by_sms=by_sms, by_mail=by_mail, by_whatsapp=by_whatsapp)


def _who(people: Sequence[Person], name: str, chat: int = 0, phone: str = "", email: str = "") -> Person:
    for person in people:
        if (chat and person.chat == chat) or (phone and person.phone == phone) or (email and person.email == email):
            return person
    return Person(name, name, chat, phone, email=email)


def progress_of(
    own: Sequence[Bubble], talks: Sequence[Conversation], reports: Sequence[Item], by_hand: ByHand
) -> Progress:
    """How far the exercise is. `own`: all bubbles of all citizens."""
    # An officer who works on the page behind the link shows here only by what the gateway then writes to LAPOR!.
    followups = sum(len(report.get("followups", ())) for report in reports)
    moved = by_hand.moves > 0
    incoming = [bubble for bubble in own if not bubble.mine]
    return Progress(
        wrote=any(bubble.mine for bubble in own),
        answered=bool(incoming),
        officer_told=bool(talks),
        officer_acted=any(bubble.mine for talk in talks for bubble in talk.bubbles)
        or any(talk.toast for talk in talks)
        or followups > by_hand.followups,
        moved=moved,
        news=moved and len(incoming) > 1,
    )
