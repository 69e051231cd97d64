"""getUpdates, for offices without a public HTTPS address. Runs under a lease: Telegram bears one poller per bot.

The offset that we ask from next confirms what we have; it moves only after the messages are committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any

import msgspec

from channels.errors import AnswerLost, AnswerTooLarge, ChannelMisconfigured, NotSent, PayloadInvalid
from channels.messages import Address, Inbound, InboundMessage, MessageKind, RawRequest
from channels.protocols import Http, Submit
from channels.telegram.updates import ALLOWED

WAIT_S = 50
"""How long Telegram holds a call that has nothing to bring."""
PAUSES_S = (1, 2, 4, 8, 16, 32, 60)
MAX_BYTES = 16 * 1024 * 1024

CONFLICT = (
    "Telegram answers 409: this bot has a webhook, or another program fetches its updates. Stop the other program, or"
    ' set mode = "webhook"; `gateway channels check` shows the webhook\'s address.'
)
REFUSED = "Telegram refuses the token (401 or 404): take a new one from @BotFather and set it as token."

Pause = Callable[[float], Awaitable[None]]
Parse = Callable[[RawRequest], Sequence[Inbound]]


class _Batch(msgspec.Struct, gc=False):
    """The updates stay bytes: each is kept as it came, and parsed by the same code as a webhook's."""

    ok: bool
    result: list[msgspec.Raw]


class _Numbered(msgspec.Struct, gc=False):
    update_id: int


async def poll(url: str, parse: Parse, submit: Submit, http: Http, pause: Pause = asyncio.sleep) -> None:
    """Until cancelled. `url` is that of getUpdates, token included.

    Raises ChannelMisconfigured for what waiting does not mend (409, 401); everything else is tried again.
    """
    offset = 0
    waits = _waits()
    while True:
        try:
            updates = await _fetch(url, offset, http)
        except (NotSent, AnswerLost, AnswerTooLarge, PayloadInvalid):
            await pause(next(waits))
            continue
        waits = _waits()
        if updates:
            await submit([pair for number, raw in updates for pair in _read(number, raw, parse)])
            offset = max(number for number, _ in updates) + 1


async def _fetch(url: str, offset: int, http: Http) -> list[tuple[int, bytes]]:
    ask: dict[str, Any] = {"timeout": WAIT_S, "allowed_updates": list(ALLOWED)}
    if offset:
        ask["offset"] = offset
    response = await http.request("POST", url, json=ask, read_s=WAIT_S + 15.0, max_bytes=MAX_BYTES)
    if response.status == HTTPStatus.CONFLICT:
        raise ChannelMisconfigured(CONFLICT)
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        raise ChannelMisconfigured(REFUSED)
    try:
        batch = msgspec.json.decode(response.body, type=_Batch)
        return [(msgspec.json.decode(raw, type=_Numbered).update_id, bytes(raw)) for raw in batch.result]
    except (msgspec.DecodeError, RecursionError) as problem:
        raise PayloadInvalid(f"telegram: getUpdates answered {response.status}") from problem


def _read(number: int, raw: bytes, parse: Parse) -> list[tuple[Inbound, RawRequest]]:
    request = RawRequest("POST", headers={"content-type": "application/json"}, body=raw)
    try:
        return [(event, request) for event in parse(request)]
    except PayloadInvalid:
        # There is no sender to refuse: kept as it came, so that it neither stops the chat nor is lost.
        unread = InboundMessage(
            f"u:{number}", Address("tg", "0"), kind=MessageKind.SERVICE, flags=frozenset({"not_understood"})
        )
        return [(unread, request)]


def _waits() -> "chain[int]":
    return chain(PAUSES_S, repeat(PAUSES_S[-1]))
