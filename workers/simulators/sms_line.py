"""The way of an SMS provider to the gateway: calls that are repeated until they are taken, and reports that come later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workers.simulators.control import Plane
from workers.simulators.faults import Action
from workers.simulators.handset import Handsets, Sms

SUBMITTED, DELIVERED, FAILED, EXPIRED = 8, 1, 2, 34
"""Stages of a message, numbered as Kannel does: `receipts` of a fault names them for every provider of SMS."""
RECEIPT_FAULTS: Mapping[str, Action] = {
    "reversed": Action(receipts=[DELIVERED, SUBMITTED]),
    "twice": Action(receipts=[SUBMITTED, DELIVERED, DELIVERED]),
    "failed": Action(receipts=[SUBMITTED, FAILED]),
    "expired": Action(receipts=[SUBMITTED, EXPIRED]),
    "unknown_status": Action(receipts=[SUBMITTED, 99]),
}


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`taken` reads the gateway's answer; what is not taken comes again every `delay_s`, `limit` times, then is purged."""

    plane: Plane
    taken: Callable[[int, bytes], bool]
    delay_s: float
    limit: int
    purged: Callable[[], None] = lambda: None

    async def call(self, direction: str, call: Call) -> bool:
        status, _, body = await self.plane.call_gateway(
            direction, call.method, call.url, headers=call.headers, body=call.body
        )
        return self.taken(status, body)

    async def bring(self, direction: str, make: Callable[[], Call]) -> bool:
        """Until it is taken. `make` writes the call anew each time: some sign the moment."""
        for again in range(self.limit + 1):
            if again:
                await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=self.delay_s))
            if await self.call(direction, make()):
                return True
        self.purged()
        return False

    async def bring_all(self, sms: Sms, makes: Sequence[Callable[[], Call]]) -> None:
        """A citizen's SMS in its calls."""
        taken = [await self.bring("event", make) for make in makes]
        sms.state = "sent" if all(taken) else "failed"
        self.plane.wake()

    async def report(
        self,
        accepted_at: datetime,
        delays_s: Sequence[float],
        action: Action,
        make: Callable[[int], Call | None],
        shown: Sms | None,
    ) -> None:
        """The reports of one accepted message; `make` writes the call for a stage, None where nobody asked."""
        codes = action.receipts if action.receipts is not None else [SUBMITTED, DELIVERED]
        for number, code in enumerate(codes if not action.drop_receipt else ()):
            delay = delays_s[min(number, len(delays_s) - 1)] if delays_s else 0.0
            late = (action.late_receipt or 0.0) + (0.0 if action.early_receipt else delay)
            await self.plane.clock.wait_until(accepted_at + timedelta(seconds=late))
            if (call := make(code)) is not None and not await self.call("receipt", call):
                # A report that waits for its next try does not hold back the one after it.
                self.plane.spawn(self._again(call))
        if shown and DELIVERED in codes:
            shown.state = "delivered"

    async def _again(self, call: Call) -> None:
        await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=self.delay_s))
        await self.bring("receipt", lambda: call)


def shown_on(
    handsets: Handsets, to: str, sender: str, texts: Sequence[str], at: datetime, action: Action
) -> Sms | None:
    """The message on the phone; None when a part of it was lost on the way."""
    if action.lost_part is not None and action.lost_part <= len(texts):
        return None
    return handsets.show(to, sender, texts, at)
