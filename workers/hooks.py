"""The queue `hooks`: what happened, told to the addresses that other programs registered (docs/webhooks.md)."""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from http import HTTPStatus

from config.logging import get_logger
from gateway.hooks import queue, signing
from gateway.hooks.queue import Outcome, Parcel, Verdict
from workers.backoff import try_again_at
from workers.drain import Transaction
from workers.hook_http import HookHttp, NoAnswer
from workers.tools import Tools

log = get_logger(__name__)
CARRY_S = 20.0
"""Longer than one call may take: what is cut off was cut off by our own end."""
AT_ONCE = 4
"""Calls of one process to one address: a slow one does not hold up the others."""
MINUTE, HOUR = 60.0, 3600.0
RETRIES_S = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
JSON = "application/json"


class Hooks:
    """The `Work` of the queue `hooks`."""

    carry_s = CARRY_S

    def __init__(self, http: HookHttp, now: Callable[[], datetime]) -> None:
        self._http = http
        self._now = now

    def claim(self, tx: Transaction, under_way: Collection[Parcel]) -> Sequence[Parcel]:
        return queue.claim(tx, AT_ONCE, Counter(parcel.hook_id for parcel in under_way))

    async def waits(self, items: Sequence[Parcel]) -> Sequence[float]:
        return [0.0] * len(items)

    async def carry(self, item: Parcel) -> Outcome:
        began, now = time.monotonic(), self._now()
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": JSON,
            "Satupintu-Event": item.event,
            "Satupintu-Delivery": item.name,
            "Satupintu-Timestamp": str(timestamp),
            "Satupintu-Signature": signing.header(item.secrets, timestamp, item.body),
        }
        status, error = 0, ""
        try:
            status = await self._http.post(item.url, item.body, headers)
        except NoAnswer as problem:
            error = str(problem)
        outcome = judged(item, status, round((time.monotonic() - began) * 1000), error, now)
        if outcome.error:
            log.warning("webhook_failed", webhook=item.hook, attempt=item.attempt, code=outcome.error, ms=outcome.ms)
        return outcome

    def settle(self, tx: Transaction, done: Sequence[Outcome]) -> datetime | None:
        queue.settle(tx, done)
        return min((outcome.next_at for outcome in done if outcome.next_at), default=None)

    def put_back(self, item: Parcel) -> Outcome:
        return Outcome(item, Verdict.UNTOUCHED)

    def interrupted(self, item: Parcel) -> Outcome:
        """It may have arrived: it is told once more, under the same id."""
        return Outcome(item, Verdict.UNTOUCHED, error=queue.INTERRUPTED)

    def let_go(self, tx: Transaction) -> None:
        """Nothing is held beside the rows."""


def judged(item: Parcel, status: int, ms: int, error: str, now: datetime) -> Outcome:
    """What an answer to a call that began at `now` means; `status` 0: there was none, `error` says why."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(item, Verdict.DELIVERED, status, ms, at=now)
    error = error or f"http_{status}"
    if status == HTTPStatus.GONE:
        return Outcome(item, Verdict.GONE, status, ms, error, at=now)
    if item.attempt > len(RETRIES_S):
        return Outcome(item, Verdict.FAILED, status, ms, error, at=now)
    again = try_again_at(now, item.attempt, RETRIES_S, random.random())  # noqa: S311 - spreads tries, guards nothing
    return Outcome(item, Verdict.FAILED, status, ms, error, again, at=now)


def open_work(tools: Tools) -> Hooks:
    return Hooks(HookHttp(tools.gateway.settings), tools.now)
