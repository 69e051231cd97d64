"""The simulators as a soak steers them, over their control interface, and the gateway's own door for browsers."""

import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

import aiohttp
import msgspec

from workers.soak.trace import Heard

LIMIT_S = 40.0
LINK = re.compile(r"https?://\S+/p/[\w-]+")
OUTBOXES = ("telegram", "kannel")


class PeerRefused(Exception):
    """A control call was refused: the soak itself is wrong."""


class Peers:
    """Asks until the surrounding loop ends; one session for all."""

    def __init__(self, session: aiohttp.ClientSession, sink_port: int, port: int) -> None:
        self._session = session
        self._sink = f"http://127.0.0.1:{sink_port}"
        self.gateway = f"http://127.0.0.1:{port}"
        self._seen = dict.fromkeys(OUTBOXES, 0)

    async def ask(self, path: str, body: object = None, method: str = "") -> Any:
        """A control call: `telegram/_sim/state`."""
        method = method or ("GET" if body is None else "POST")
        content = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, f"{self._sink}/{path}", data=content) as answer:
            text = await answer.read()
            if answer.status >= 400:  # noqa: PLR2004 - any refusal
                raise PeerRefused(f"{path}: {answer.status} {text[:200]!r}")
            return msgspec.json.decode(text)

    async def inject(self, peer: str, *items: Mapping[str, object]) -> Any:
        """Let people do something; what the simulator says of each."""
        return (await self.ask(f"{peer}/_sim/inject", list(items)))["items"]

    async def new_messages(self) -> list[Heard]:
        """What the gateway sent since the last call."""
        found = []
        for peer in OUTBOXES:
            for item in (await self.ask(f"{peer}/_sim/outbox?since={self._seen[peer]}"))["items"]:
                self._seen[peer] = max(self._seen[peer], item["seq"])
                found.append(heard(peer, item))
        return found


def heard(peer: str, item: Mapping[str, Any]) -> Heard:
    """An accepted message of a simulator's outbox."""
    details = item.get("details", {})
    keys = [key for row in details.get("reply_markup", {}).get("inline_keyboard", []) for key in row]
    links = LINK.findall(item["text"]) + [key["url"] for key in keys if LINK.match(key.get("url", ""))]
    return Heard(
        seq=item["seq"],
        at=msgspec.convert(item["at"], type=datetime),
        peer=peer,
        recipient=item["recipient"],
        text=item["text"],
        repeats=item["repeats"],
        message_id=int(details.get("message_id", 0)),
        links=tuple(links),
        buttons=tuple(key["callback_data"] for key in keys if "callback_data" in key),
    )


def form_fields(page: str, action: str) -> dict[str, str] | None:
    """What the form with this address brings along; None when the page has none."""
    form = re.search(rf'action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    if not form:
        return None
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    fields += re.findall(r'<textarea name="(\w+)" hidden>([^<]*)</textarea>', form[0])
    return {name: unescape(value) for name, value in fields}
