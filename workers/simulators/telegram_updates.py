"""Updates on their way to a bot: one queue per chat, redelivered as the real service does, or fetched with getUpdates.

Rules (docs/channels/telegram.md § Redelivery): any 2xx is success; otherwise the update is sent again, first at once,
then after 2 s doubling to a random cap of 60-120 s, or after the `Retry-After` it was answered with (at most 3600 s).
Later updates of the same chat wait meanwhile. After 24 h an update is dropped. 410 for 23 h removes the webhook.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from workers.simulators.control import JSON, Plane
from workers.simulators.faults import Action

LIFE = timedelta(hours=24)
GONE_LIFE = timedelta(hours=23)
LONGEST_RETRY_AFTER_S = 3600
CAP_S = (60, 120)


@dataclass(slots=True)
class Webhook:
    url: str
    secret: str = ""
    max_connections: int = 40
    allowed: tuple[str, ...] = ()
    """Empty: every kind."""


@dataclass(slots=True)
class Waiting:
    """An update that was not taken yet. `sends_left` > 1: a fault delivers it so many times."""

    update_id: int
    chat_id: int
    body: bytes
    written_at: datetime
    due_at: datetime
    action: Action
    delay_s: float = 0.0
    sends_left: int = 1


class Updates:
    """The queue. `answered` is told what a 2xx answer of the webhook said (a call may stand in it)."""

    def __init__(self, plane: Plane, answered: Callable[[Mapping[str, str], bytes], None]) -> None:
        self._plane = plane
        self._answered = answered
        self.restart(None)

    def restart(self, webhook: Webhook | None) -> None:
        """Forget everything that waits."""
        self._ids = itertools.count(880_000_000 + self._plane.faults.random.randrange(1_000_000_000))
        self._waiting: dict[int, Waiting] = {}
        self._of_chat: dict[int, dict[int, Waiting]] = {}
        self._held: list[Waiting] = []
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._arrived = asyncio.Event()
        self._gone_since: datetime | None = None
        self.last_error: tuple[datetime, str] | None = None
        self.webhook: Webhook | None = None
        self.set_webhook(webhook)

    @property
    def pending(self) -> int:
        return len(self._waiting)

    def set_webhook(self, webhook: Webhook | None) -> None:
        """Start bringing updates there, or with None keep them for getUpdates."""
        self.webhook = webhook
        self._slots = asyncio.Semaphore(webhook.max_connections if webhook else 1)
        for chat_id in self._of_chat:
            self._start_lane(chat_id)

    def drop_pending(self) -> None:
        self._waiting.clear()
        self._of_chat.clear()

    def put(self, kind: str, content: dict[str, Any], chat_id: int, action: Action) -> int:
        """Queue an update and return its id; 0 when the bot did not ask for this kind."""
        if self.webhook and self.webhook.allowed and kind not in self.webhook.allowed:
            return 0
        now, update_id = self._plane.clock.now(), next(self._ids)
        body = msgspec.json.encode({"update_id": update_id, kind: content})
        due_at = now + timedelta(milliseconds=action.delay_ms)
        waiting = Waiting(update_id, chat_id, body, now, due_at, action, sends_left=max(1, action.duplicate))
        for released in self._reordered(waiting):
            self._waiting[released.update_id] = released
            self._of_chat.setdefault(released.chat_id, {})[released.update_id] = released
            self._start_lane(released.chat_id)
        self._arrived.set()
        return update_id

    def _reordered(self, waiting: Waiting) -> list[Waiting]:
        """Hold `reorder` updates back and let them go shuffled; otherwise let this one go."""
        if waiting.action.reorder:
            self._held.append(waiting)
            if len(self._held) < waiting.action.reorder:
                return []
            self._plane.faults.random.shuffle(self._held)
            released, self._held = self._held, []
            return released
        return [waiting]

    async def fetch(self, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """getUpdates: everything below `offset` is confirmed; waits up to `timeout_s` real seconds for something."""
        for waiting in [waiting for number, waiting in self._waiting.items() if number < offset]:
            self._forget(waiting)
        if not self._waiting and timeout_s > 0:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_s)
            except TimeoutError:
                return []
        return [msgspec.json.decode(waiting.body) for waiting in itertools.islice(self._waiting.values(), limit)]

    async def release(self, _app: object) -> None:
        """The server is going down: nobody may wait for updates any longer."""
        self._arrived.set()

    # -- bringing them -------------------------------------------------------------

    def _start_lane(self, chat_id: int) -> None:
        lane = self._lanes.get(chat_id)
        if self.webhook is not None and (lane is None or lane.done()):
            self._lanes[chat_id] = self._plane.spawn(self._lane(chat_id))

    async def _lane(self, chat_id: int) -> None:
        """Bring what waits in one chat, in order, until nothing is left or the webhook is gone."""
        while self.webhook and (waiting := self._first(chat_id)):
            await self._plane.clock.wait_until(waiting.due_at)
            if self._plane.clock.now() - waiting.written_at >= LIFE:
                self._forget(waiting)
            else:
                async with self._slots:
                    await self._bring(waiting)
        self._lanes.pop(chat_id, None)

    def _first(self, chat_id: int) -> Waiting | None:
        return next(iter(self._of_chat.get(chat_id, {}).values()), None)

    def _forget(self, waiting: Waiting) -> None:
        self._waiting.pop(waiting.update_id, None)
        of_chat = self._of_chat.get(waiting.chat_id, {})
        of_chat.pop(waiting.update_id, None)
        if not of_chat:
            self._of_chat.pop(waiting.chat_id, None)

    async def _bring(self, waiting: Waiting) -> None:
        webhook = self.webhook
        if webhook is None:  # taken away while this update waited
            return
        headers = {"Content-Type": JSON}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        if waiting.action.wrong_signature:
            headers["X-Telegram-Bot-Api-Secret-Token"] = "salah"
        status, answered, answer = await self._plane.call_gateway(
            "event", "POST", webhook.url, headers=headers, body=_broken(waiting)
        )
        if waiting.action.wrong_signature:
            # Not Telegram but somebody who pretends to be: nobody repeats that.
            self._forget(waiting)
        elif 200 <= status < 300:  # noqa: PLR2004 - the rule in words: any 2xx is success
            self._taken(waiting, answered, answer)
        else:
            self._refused(waiting, status, answered)

    def _taken(self, waiting: Waiting, answered: Mapping[str, str], answer: bytes) -> None:
        self._gone_since = None
        waiting.sends_left -= 1
        if waiting.sends_left <= 0:
            self._forget(waiting)
        self._answered(answered, answer)

    def _refused(self, waiting: Waiting, status: int, answered: Mapping[str, str]) -> None:
        now = self._plane.clock.now()
        self.last_error = (now, f"Wrong response from the webhook: {status}" if status else "Connection failed")
        self._gone_since = (self._gone_since or now) if status == 410 else None  # noqa: PLR2004 - Gone
        if self._gone_since and now - self._gone_since >= GONE_LIFE:
            self.webhook = None
        stated = answered.get("Retry-After", "")
        wait = min(int(stated), LONGEST_RETRY_AFTER_S) if stated.isdigit() else waiting.delay_s
        cap = self._plane.faults.random.randint(*CAP_S)
        waiting.delay_s = min(max(waiting.delay_s * 2, 2), cap)
        waiting.due_at = now + timedelta(seconds=wait)


def _broken(waiting: Waiting) -> bytes:
    match waiting.action.malformed:
        case None:
            return waiting.body
        case "truncated":
            return waiting.body[: len(waiting.body) // 2]
        case "wrong_type":
            return b'{"update_id": "bukan angka", "message": []}'
        case _:
            return b"bukan JSON"
