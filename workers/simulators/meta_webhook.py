"""Events on their way to an app of Meta: signed, one call per entry or several together, repeated until they are taken.

Rules (docs/channels/messenger.md § Redelivery): 200 is success; otherwise the call comes again with growing pauses, and an app
that fails for a day and a half is unsubscribed. Calls overtake each other.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from workers.simulators.control import JSON, Plane
from workers.simulators.faults import Action

FIRST_S, LONGEST_S = 5.0, 3600.0
PATIENCE = timedelta(hours=36)
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One call: `object` (`page`, `instagram`) and its entries."""

    object: str
    entries: tuple[Item, ...]
    action: Action


class Webhook:
    """Brings calls to the app's addresses while the app is subscribed."""

    def __init__(self, plane: Plane, secret: str, urls: dict[str, str], patience: timedelta = PATIENCE) -> None:
        """`urls`: address by object; empty ones get nothing. `patience`: how long a call is repeated."""
        self._patience = patience
        self._plane, self._secret, self._urls = plane, secret.encode(), urls
        self.restart()

    def restart(self) -> None:
        self.subscribed = True
        self._held: list[Outgoing] = []

    def put(self, call: Outgoing) -> bool:
        """Start bringing it; False when nobody is subscribed."""
        if not self.subscribed or not self._urls.get(call.object):
            return False
        for released in self._reordered(call):
            for _ in range(max(1, released.action.duplicate)):
                self._plane.spawn(self._bring(released))
        return True

    def _reordered(self, call: Outgoing) -> list[Outgoing]:
        if not call.action.reorder:
            return [call]
        self._held.append(call)
        if len(self._held) < call.action.reorder:
            return []
        self._plane.faults.random.shuffle(self._held)
        released, self._held = self._held, []
        return released

    async def _bring(self, call: Outgoing) -> None:
        clock, began = self._plane.clock, self._plane.clock.now()
        await clock.wait_until(began + timedelta(milliseconds=call.action.delay_ms))
        pause = FIRST_S
        while not await self._call(call):
            if call.action.wrong_signature:
                return  # not Meta but somebody who pretends to be
            if clock.now() - began >= self._patience:
                self.subscribed = False
                return
            await clock.wait_until(clock.now() + timedelta(seconds=pause))
            pause = min(pause * 2, LONGEST_S)

    async def bring_once(self, call: Outgoing) -> None:
        """Returns when the gateway has answered; what it did not take comes again later."""
        if self.subscribed and self._urls.get(call.object) and not await self._call(call):
            self.put(call)

    async def _call(self, call: Outgoing) -> bool:
        body = _broken(msgspec.json.encode({"object": call.object, "entry": call.entries}), call.action)
        proof = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if call.action.wrong_signature:
            proof = "0" * len(proof)
        headers = {"Content-Type": JSON, "X-Hub-Signature-256": f"sha256={proof}", "User-Agent": "facebookexternalua"}
        url = self._urls[call.object]
        status, _, _ = await self._plane.call_gateway("event", "POST", url, headers=headers, body=body)
        return status == 200  # noqa: PLR2004 - the rule in words


def _broken(body: bytes, action: Action) -> bytes:
    match action.malformed:
        case None:
            return body
        case "truncated":
            return body[: len(body) // 2]
        case "wrong_type":
            return b'{"object":"page","entry":7}'
        case _:
            return b"bukan JSON"


def stamp(at: datetime, *, seconds: bool) -> int:
    """A moment as Meta writes it: milliseconds, or seconds."""
    return int(at.timestamp() * (1 if seconds else 1000))
