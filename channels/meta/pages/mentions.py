"""Mentions of an Instagram account, which say where and neither who nor what: read by a call of ours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.errors import ChannelError, as_send_error
from channels.messages import Address, InboundMessage, MessageKind, clean_text
from channels.meta import graph
from channels.meta.pages.account import Account
from channels.meta.pages.comments import COMMENT, USER
from channels.meta.pages.entries import Entry, Mention, read, short
from channels.meta.pages.outcomes import send_error
from channels.protocols import Http
from config.settings import Secret

GONE = 100
"""Code of what is not there any more, or not for us."""


def mentions_of(entries: list[Entry], account: Account) -> list[Mention]:
    changes = [change for entry in entries if str(entry.id) == account.id for change in entry.changes]
    named = [one for one in changes if isinstance(one, dict) and one.get("field") == "mentions"]
    return [read(one.get("value"), Mention) for one in named]


async def ask(url: str, token: Secret, account: Account, mention: Mention, http: Http) -> InboundMessage | None:
    """What was said there; None where it is gone. ChannelErrors where Meta cannot say it now."""
    if mention.comment_id:
        field, words = "mentioned_comment", "text"
        wanted = f"{field}.comment_id({mention.comment_id}){{text,username,timestamp}}"
    else:
        field, words = "mentioned_media", "caption"
        wanted = f"{field}.media_id({mention.media_id}){{caption,username,timestamp}}"
    try:
        answer = await graph.call(http, "GET", f"{url}/{account.id}", token, query=(("fields", wanted),))
    except ChannelError as problem:
        raise as_send_error(problem) from problem
    if answer.code == GONE:
        return None
    if not answer.succeeded:
        raise send_error(answer)
    told = (answer.body or {}).get(field)
    return _message(mention, told, words, account) if isinstance(told, dict) else None


def _message(mention: Mention, told: Mapping[str, Any], words: str, account: Account) -> InboundMessage | None:
    author, name = short(str(told.get("username", ""))), short(mention.comment_id or f"media:{mention.media_id}")
    if not told.get("username"):
        return None
    return InboundMessage(
        f"{COMMENT}{name}:read",
        Address(f"{account.scheme}-{USER}", author),
        text=clean_text(str(told.get(words) or "")),
        sent_at=_moment(str(told.get("timestamp", ""))),
        kind=MessageKind.COMMENT,
        provider_id=f"{COMMENT}{name}",
        destination=account.id,
        display_name=clean_text(str(told["username"]))[:120],
        reply_possible=False,
    )


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
