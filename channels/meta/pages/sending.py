"""One text to Messenger, Instagram or below a comment. Raises SendErrors as docs/channels/messenger.md § Outcomes says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.cutting import cut
from channels.errors import ChannelError, SendError, SendHeld, SendRefused, SendUnknown, as_send_error
from channels.messages import OutboundMessage, SendReceipt
from channels.meta import graph
from channels.meta.pages.comments import COMMENT, PUBLIC, USER
from channels.meta.pages.entries import PERSON, short
from channels.meta.pages.outcomes import send_error
from channels.protocols import Http
from config.settings import Secret

Size = Callable[[str], int]
MAX_PIECES = 3
COMMENT_ID = re.compile(r"[0-9_]{1,80}")
HUMAN: Mapping[str, str] = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
"""Between 24 hours and 7 days after the person wrote: for what an officer typed, and nothing else."""
ANSWER: Mapping[str, str] = {"messaging_type": "RESPONSE"}


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where a page or account sends, and what one message of it may hold (`limit`, measured by `size`)."""

    url: str
    """Of the Graph API with its version."""
    page_id: str
    token: Secret
    scheme: str
    limit: int
    size: Size
    below: str
    """What answers to a comment are called: `comments`, `replies`."""
    human_agent: bool


async def send(outlet: Outlet, message: OutboundMessage, http: Http) -> SendReceipt:
    """A text in one to three messages; what answers a comment (`reply_to`) in one."""
    parts, most = (
        cut(message.text, outlet.limit, outlet.size),
        1 if message.reply_to.startswith(COMMENT) else MAX_PIECES,
    )
    if not parts or len(parts) > most:
        reason = "too_long" if parts else "empty"
        raise SendRefused(reason, f"{len(parts)} messages, at most {most}", alert=True)
    if message.address.scheme == f"{outlet.scheme}-{PUBLIC}":
        return await _below(outlet, message, http)
    if message.address.scheme == f"{outlet.scheme}-{USER}":
        raise SendRefused("no_such_address", "only a name is known of them")
    if not PERSON.fullmatch(message.address.path):
        raise SendRefused("no_such_address", "a person is a number", alert=True)
    if message.reply_to.startswith(COMMENT):
        whom = {"comment_id": _comment_id(message.reply_to.removeprefix(COMMENT))}
        # By this the echo is told from what a colleague writes; Instagram's replies carry text alone, and `app_id` tells it.
        ours = {"metadata": message.id} if outlet.scheme == "fb" else {}
        said = {"text": parts[0], **ours}
        return await _post(outlet, {"recipient": whom, "message": said}, http)
    return await _all(outlet, message, parts, http)


async def _all(outlet: Outlet, message: OutboundMessage, parts: list[str], http: Http) -> SendReceipt:
    receipt, kind = SendReceipt(), ANSWER
    for place, part in enumerate(parts, 1):
        # The echo of the last piece alone says that the whole text is there.
        name = message.id if place == len(parts) else f"{message.id}/{place}"
        body = {"recipient": {"id": message.address.path}, "message": {"text": part, "metadata": name}}
        try:
            receipt, kind = await _in_window(outlet, {**body}, kind, http, typed=message.typed)
        except SendError as problem:
            if place == 1:
                raise
            # The citizen has the beginning: sending all of it again would double that.
            raise SendUnknown("partly_sent", f"{place - 1} of {len(parts)}, {problem.reason}") from problem
    return receipt


async def _in_window(
    outlet: Outlet, body: Mapping[str, Any], kind: Mapping[str, str], http: Http, *, typed: bool
) -> tuple[SendReceipt, Mapping[str, str]]:
    """The receipt, and the kind of message that was taken."""
    try:
        return await _post(outlet, {**body, **kind}, http), kind
    except SendHeld:
        if not (typed and outlet.human_agent and kind is ANSWER):
            raise
    return await _post(outlet, {**body, **HUMAN}, http), HUMAN


async def _post(outlet: Outlet, body: Mapping[str, Any], http: Http) -> SendReceipt:
    answer = await _asked(outlet, f"{outlet.url}/{outlet.page_id}/messages", body, http)
    return SendReceipt(short(_named(answer, "message_id")))


async def _below(outlet: Outlet, message: OutboundMessage, http: Http) -> SendReceipt:
    """A public sentence below a comment."""
    url = f"{outlet.url}/{_comment_id(message.address.path)}/{outlet.below}"
    answer = await _asked(outlet, url, {"message": message.text}, http)
    return SendReceipt(short(_named(answer, "id")))


async def _asked(outlet: Outlet, url: str, body: Mapping[str, Any], http: Http) -> graph.GraphAnswer:
    try:
        answer = await graph.call(http, "POST", url, outlet.token, json=body)
    except ChannelError as problem:
        raise as_send_error(problem) from problem
    if not answer.succeeded:
        raise send_error(answer)
    return answer


def _named(answer: graph.GraphAnswer, field: str) -> str:
    name = (answer.body or {}).get(field)
    if not isinstance(name, str) or not name:
        raise SendUnknown("unclear_answer", f"no {field}")
    return name


def _comment_id(name: str) -> str:
    if not COMMENT_ID.fullmatch(name):
        raise SendRefused("no_such_address", "a comment is named by numbers", alert=True)
    return name
