"""Account activity of X -> what somebody did towards us. Pure; wire: docs/channels/x.md. Ids exceed 2^53: texts always."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from channels.errors import PartlyInvalid, PayloadInvalid
from channels.json_object import called_object
from channels.messages import (
    AccountNotice,
    Address,
    AttachmentRef,
    ContactEvent,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    MessageKind,
    clean_text,
)
from channels.timestamps import moment

T = TypeVar("T")
SCHEME, POST = "x", "x-comment"
NUMBER = re.compile(r"[0-9]{1,20}")
ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


class User(msgspec.Struct, frozen=True):
    id_str: str = ""
    id: int | str = ""
    screen_name: str = ""
    name: str = ""


class Named(msgspec.Struct, frozen=True):
    id_str: str = ""
    screen_name: str = ""


class Entities(msgspec.Struct, frozen=True):
    user_mentions: list[Named] = []


class WholePost(msgspec.Struct, frozen=True):
    """Of a post over 140 signs: beside it `text` and `entities` are cut off."""

    full_text: str = ""
    entities: Entities = Entities()


class Post(msgspec.Struct, frozen=True):
    id_str: str
    user: User
    text: str = ""
    timestamp_ms: str = ""
    entities: Entities = Entities()
    in_reply_to_status_id_str: str | None = None
    retweeted_status: dict[str, Any] | None = None
    extended_tweet: WholePost | None = None


class Media(msgspec.Struct, frozen=True):
    media_url_https: str = ""
    type: str = ""


class Attached(msgspec.Struct, frozen=True):
    type: str = ""
    media: Media | None = None


class Words(msgspec.Struct, frozen=True):
    text: str = ""
    attachment: Attached | None = None


class Created(msgspec.Struct, frozen=True):
    sender_id: str
    message_data: Words = Words()


class DirectMessage(msgspec.Struct, frozen=True):
    id: str
    message_create: Created
    created_timestamp: str = ""


class Deleted(msgspec.Struct, frozen=True):
    id: str
    user_id: str


class PostDeleted(msgspec.Struct, frozen=True):
    status: Deleted


class Blocked(msgspec.Struct, frozen=True):
    source: User
    target: User
    type: str = "block"
    created_timestamp: str = ""


def read_activity(body: bytes, user_id: str) -> Sequence[Inbound]:
    """Everything that a call says. PayloadInvalid when that cannot be told, PartlyInvalid when it can in part.

    What is about another account of the app names it (`account`).
    """
    tree = called_object(body, "x")
    me = str(tree.get("for_user_id", "")) or user_id
    events: list[Inbound] = []
    problems: list[str] = []
    for field, reader in READERS.items():
        elements = tree.get(field) or []
        for element in elements if isinstance(elements, list) else [elements]:
            try:
                events += reader(element, me, tree)
            except PayloadInvalid as problem:
                problems.append(str(problem))
    if me != user_id:
        events = [_of_another(event, f"x:{me}") for event in events]
    if problems:
        raise PartlyInvalid(problems[0], events) if events else PayloadInvalid(problems[0])
    return events


def _post(element: object, me: str, _: Mapping[str, Any]) -> Sequence[Inbound]:
    """A post that names us. Everybody can read it, so its answer is private."""
    post = _read(element, Post)
    whole = post.extended_tweet or WholePost(post.text, post.entities)
    author, mine = _number(post.user), [one for one in whole.entities.user_mentions if one.id_str == me]
    if author == me or post.retweeted_status is not None or not mine:
        return ()
    text = _words(whole.full_text)
    for one in mine:
        text = re.sub(rf"@{re.escape(one.screen_name)}\b", "", text, flags=re.IGNORECASE) if one.screen_name else text
    name = _digits(post.id_str)
    return (
        InboundMessage(
            f"t:{name}",
            Address(SCHEME, author),
            text=" ".join(text.split(" ")).strip(),
            sent_at=moment(post.timestamp_ms),
            kind=MessageKind.COMMENT,
            provider_id=f"t:{name}",
            reply_address=Address(POST, name),
            destination=me,
            display_name=_name(post.user),
        ),
    )


def _message(element: object, me: str, tree: Mapping[str, Any]) -> Sequence[Inbound]:
    message = _read(element, DirectMessage)
    created, name = message.message_create, _digits(message.id)
    at = moment(message.created_timestamp)
    if created.sender_id == me:  # ours, or a colleague's: X does not say which
        return (DeliveryReport(name, DeliveryStatus.SENT, by_provider_id=True, at=at),)
    media = created.message_data.attachment.media if created.message_data.attachment else None
    files = (AttachmentRef(media.media_url_https),) if media and media.media_url_https else ()
    text = _words(created.message_data.text)
    users = tree.get("users")
    author = users.get(created.sender_id) if isinstance(users, dict) else None
    return (
        InboundMessage(
            f"dm:{name}",
            Address(SCHEME, _digits(created.sender_id)),
            text=text,
            sent_at=at,
            kind=MessageKind.MESSAGE if text or files else MessageKind.UNSUPPORTED,
            provider_id=name,
            destination=me,
            display_name=_name(_read(author, User)) if isinstance(author, dict) else "",
            attachments=files,
        ),
    )


def _deletion(element: object, me: str, _: Mapping[str, Any]) -> Sequence[Inbound]:
    deleted = _read(element, PostDeleted).status
    name = _digits(deleted.id)
    sender, below = Address(SCHEME, _digits(deleted.user_id)), Address(POST, name)
    kind = MessageKind.DELETE
    return (InboundMessage(f"td:{name}", sender, kind=kind, target=f"t:{name}", reply_address=below, destination=me),)


def _block(element: object, me: str, _: Mapping[str, Any]) -> Sequence[Inbound]:
    """Whoever blocks us wants no messages; whom we block is our own affair."""
    block = _read(element, Blocked)
    who = _number(block.source)
    if who == me:
        return ()
    event = "unblocked" if block.type == "unblock" else "opted_out"
    return (ContactEvent(f"b:{block.created_timestamp}:{event}", Address(SCHEME, who), event),)


def _user_event(element: object, _me: str, _: Mapping[str, Any]) -> Sequence[Inbound]:
    """The account took its permission away from the app: nothing comes or goes any more."""
    if not isinstance(element, dict) or "revoke" not in element:
        return ()
    revoked = element["revoke"]
    at = str(revoked.get("date_time", "")) if isinstance(revoked, dict) else ""
    return (AccountNotice(f"revoke:{at}"[:80], "revoked", "the account took the app's permission away", serious=True),)


READERS: Mapping[str, Callable[[object, str, Mapping[str, Any]], Sequence[Inbound]]] = {
    "tweet_create_events": _post,
    "direct_message_events": _message,
    "tweet_delete_events": _deletion,
    "block_events": _block,
    "user_event": _user_event,
}
"""Whatever else X tells of (likes, followers, typing) is nothing to us."""


def _read(tree: object, type_: type[T]) -> T:
    try:
        return msgspec.convert(tree, type_)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise PayloadInvalid(f"x: {problem}") from None


def _number(user: User) -> str:
    return _digits(user.id_str or str(user.id))


def _digits(text: str) -> str:
    if not NUMBER.fullmatch(text):
        raise PayloadInvalid("x: an id is a number")
    return text


def _words(text: str) -> str:
    """As they were typed: X writes `&amp;`, `&lt;` and `&gt;` for three signs."""
    for written, sign in ESCAPED:
        text = text.replace(written, sign)
    return clean_text(text)


def _name(user: User) -> str:
    return clean_text(user.name or user.screen_name)[:120]


def _of_another(event: Inbound, account: str) -> Inbound:
    if isinstance(event, InboundMessage):
        return msgspec.structs.replace(event, account=account)
    return dataclasses.replace(event, account=account)
