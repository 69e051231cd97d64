"""The simulators as the place where receipts arrive: when each one came, what came twice, how the sink misbehaves."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from workers.bench.messages import SMS, TELEGRAM, channel_of, recipient_of
from workers.bench.site import Site

SIMULATOR = {TELEGRAM: "telegram", SMS: "kannel"}
REFUSALS = {TELEGRAM: "server_error", SMS: "unavailable"}
"""How each provider says "not now": tried again later, never a second message."""
ALWAYS = -1


class Arrived(msgspec.Struct):
    """One message that a simulator accepted."""

    seq: int
    at: datetime
    recipient: str


class Outbox(msgspec.Struct):
    items: list[Arrived]


class Sink:
    """Both simulators of a site, read as they fill: they remember only their latest messages."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen = dict.fromkeys(SIMULATOR, 0)
        self.first_at: dict[str, float] = {}
        """Recipient's digits -> Unix seconds when their first message came."""

    def open(self, delay_ms: int = 0, refused: float = 0.0) -> None:
        """Start it. `delay_ms`: how long each answer takes; `refused`: share that is told to come again."""
        self._site.start_sink()
        # Delivery reports are messages towards the gateway, not of what is measured here.
        silent = {"match": {"on": "receipt"}, "times": ALWAYS, "action": {"drop_receipt": True}}
        self._fault(SMS, silent)
        for channel, refusal in REFUSALS.items():
            if refused:
                often = {"times": ALWAYS, "probability": refused}
                self._fault(
                    channel, {"match": {"on": "call", "path": PATHS[channel]}, **often, "action": {"named": refusal}}
                )
            if delay_ms:
                slow = {"match": {"on": "call", "path": PATHS[channel]}, "times": ALWAYS}
                self._fault(channel, {**slow, "action": {"delay_ms": delay_ms}})

    def _fault(self, channel: str, fault: dict[str, object]) -> None:
        self._site.sink(f"{SIMULATOR[channel]}/_sim/faults", fault)

    def look(self) -> int:
        """Note what came since the last look; how many recipients got something so far."""
        for channel, simulator in SIMULATOR.items():
            path = f"/{simulator}/_sim/outbox?since={self._seen[channel]}"
            _, body = self._site.ask(self._site.sink_port, "GET", path)
            for one in msgspec.json.decode(body, type=Outbox).items:
                self._seen[channel] = max(self._seen[channel], one.seq)
                self.first_at.setdefault(one.recipient.lstrip("+"), one.at.timestamp())
        return len(self.first_at)

    def repeats(self) -> int:
        """Messages that came a second time: somebody got the same words twice."""
        return sum(self._state(channel, "accepted_duplicates") for channel in SIMULATOR)

    def accepted(self) -> int:
        """Different messages that came."""
        return sum(self._state(channel, "accepted_unique") for channel in SIMULATOR)

    def _state(self, channel: str, name: str) -> int:
        return int(self._site.sink(f"{SIMULATOR[channel]}/_sim/state")[name])


PATHS = {TELEGRAM: "/sendMessage$", SMS: "/sendsms$"}


def recipients(numbers: Collection[int], channels: Sequence[str]) -> dict[int, str]:
    """Where the receipt of each message goes."""
    return {number: recipient_of(channel_of(number, channels), number) for number in numbers}
