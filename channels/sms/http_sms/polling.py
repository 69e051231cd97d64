"""Asking a provider that has no callbacks for messages, every few seconds, by the table `poll` of its file.

Each item it answers with is a call of its own for us: one that cannot be read costs no other, and is read again from what was
kept. The position moves only after the items are committed; what comes twice is known by its id.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from channels.errors import (
    AddressRefused,
    AnswerLost,
    AnswerTooLarge,
    ChannelMisconfigured,
    ChannelStopped,
    NotSent,
    PayloadInvalid,
    SendError,
)
from channels.messages import Inbound, RawRequest
from channels.oauth import Tokens
from channels.protocols import Bookmark, Http, HttpResponse, Submit
from channels.sms.http_sms.logins import address_of, auth_headers, auth_query, grant_of
from channels.sms.http_sms.paths import Place
from channels.sms.http_sms.reading import MOST_ITEMS, Messages, shape, tree_of
from channels.sms.http_sms.settings import HttpSmsSettings, InboundTable, Outbound, PollTable
from channels.sms.http_sms.words import ASKING, Asking, Template, address
from config.settings import SettingsError

POLLED = "/poll"
"""Path of a call that is one item of an answer; no provider can call it."""
MOST_ANSWERED = 1024 * 1024
MOST_PAGES = 20
BUSY = frozenset({408, 425, 429})
LONGEST_CURSOR = 200
REMEMBERED = 5_000
"""Items that are not looked at again: a provider without a position gives the same ones in every answer."""
REST_S = 60.0
Pause = Callable[[float], Awaitable[None]]


class Polling:
    """The table, read once: SettingsError names the key that cannot be used."""

    def __init__(
        self, table: PollTable, outbound: Outbound, settings: HttpSmsSettings, now: Callable[[], datetime]
    ) -> None:
        auth, secret = table.auth or outbound.auth, settings.secret
        where = "poll.auth" if table.auth else "outbound.auth"
        if auth.kind in {"body", "hmac"}:
            raise SettingsError("poll.auth", f"is missing; asking cannot prove itself by {where} of kind {auth.kind}")
        self._table, self._number, self._now = table, settings.number, now
        self._trusted = plain_http = outbound.allow_private
        inbound = InboundTable(
            table.fields,
            body_kind=table.answer,
            items_path=table.items_path,
            ignore_if=table.ignore_if,
            charset=table.charset,
            double_decode=table.double_decode,
        )
        self._messages, self._shape = Messages(inbound, settings.number, "poll"), shape(inbound, "poll")
        self._position = Place.of(table.cursor_path, "poll.cursor_path", table.answer) if table.cursor_path else None
        grant = grant_of(auth, secret, where, plain_http=plain_http)
        self._tokens = Tokens(grant) if grant else None

        def templates(texts: Mapping[str, str], key: str) -> dict[str, Template]:
            return {name: Template(text, f"poll.{key}.{name}", secret, ASKING) for name, text in texts.items()}

        self._url = Template(address_of(table.url, "poll.url", plain_http=plain_http), "poll.url", secret, ASKING)
        self._query = templates({**table.query, **auth_query(auth, where)}, "query")
        self._headers = templates({**table.headers, **auth_headers(auth, secret, where)}, "headers")
        self._known: deque[bytes] = deque(maxlen=REMEMBERED)

    def read(self, item: bytes) -> Sequence[Inbound]:
        """One item as it was kept. PayloadInvalid for what is no message."""
        try:
            tree = json.loads(item)
        except ValueError as problem:
            raise PayloadInvalid("http_sms: no item of an answer") from problem
        message = self._messages.read(tree)
        return [] if message is None else [message]

    async def run(self, submit: Submit, http: Http, bookmark: Bookmark, pause: Pause = asyncio.sleep) -> None:
        """Until cancelled. ChannelMisconfigured where only a person can help; everything else is tried again."""
        while True:
            try:
                for _ in range(MOST_PAGES):
                    if not await self._turn(submit, http, bookmark):
                        break
            except (ChannelStopped, PayloadInvalid, AddressRefused, AnswerTooLarge) as problem:
                raise ChannelMisconfigured(f"http_sms, poll: {problem}", REST_S) from problem
            except (SendError, NotSent, AnswerLost):
                pass  # busy or away: the next turn finds what this one did not
            await pause(self._table.every_s)

    async def _turn(self, submit: Submit, http: Http, bookmark: Bookmark) -> bool:
        """One question; whether the position moved behind something, so that the provider may have more at once."""
        cursor = await bookmark.read() or self._table.first
        answer = await self._asked(cursor, http)
        if answer is None:
            return False
        tree = tree_of(answer.body, self._table.answer, self._table.charset)
        fresh = [item for item in self._items(tree) if item not in self._known]
        if fresh:
            await submit([pair for item in fresh for pair in self._calls(item)])
            self._known.extend(fresh)
        position = self._read_position(tree)
        if not position or position == cursor:
            return False
        await bookmark.keep(position)
        return bool(fresh)

    async def _asked(self, cursor: str, http: Http) -> HttpResponse | None:
        """None where the provider is busy or away."""
        asking = Asking(self._number, self._now(), cursor)
        url = address(self._url, self._query, asking)
        headers = {name: each.fill(asking) for name, each in self._headers.items()}
        if self._tokens:
            headers["Authorization"] = f"Bearer {await self._tokens.current(http)}"
        answer = await http.request(
            self._table.method, url, headers=headers, max_bytes=MOST_ANSWERED, trusted=self._trusted
        )
        if answer.status == HTTPStatus.OK:
            return answer
        if answer.status == HTTPStatus.UNAUTHORIZED and self._tokens:
            self._tokens.forget()  # withdrawn before its time: the next turn asks for another
        elif HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in BUSY:
            raise ChannelMisconfigured(f"http_sms: poll.url answers {answer.status}", REST_S)
        return None

    def _items(self, tree: Any) -> list[bytes]:
        found = [tree] if self._shape.items is None else self._shape.items.items(tree)
        return [json.dumps(item, ensure_ascii=False).encode("utf-8", "replace") for item in (found or [])[:MOST_ITEMS]]

    def _calls(self, item: bytes) -> list[tuple[Inbound | PayloadInvalid, RawRequest]]:
        request = RawRequest("POST", POLLED, body=item, received_at=self._now())
        try:
            return [(event, request) for event in self.read(item)]
        except PayloadInvalid as problem:
            return [(problem, request)]

    def _read_position(self, tree: Any) -> str:
        value = self._position.value(tree) if self._position else None
        return str(value)[:LONGEST_CURSOR] if isinstance(value, str | int) and not isinstance(value, bool) else ""
