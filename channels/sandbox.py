"""A channel that leads nowhere, for tests and training: it keeps what it is given, and fails when the text says so.

`[[blocked]]`, `[[busy 17]]`, `[[unknown]]` … anywhere in a text bring the outcome of that name (OUTCOMES).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from channels.errors import (
    AddressMoved,
    ChannelStopped,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
)
from channels.messages import Address, OutboundMessage, SendReceipt
from channels.protocols import Capabilities, Http

ASKED = re.compile(r"\[\[(\w+)(?: ([^\]]{1,60}))?\]\]")
DEFAULT_WAIT_S = 1.0

OUTCOMES: Mapping[str, Callable[[str], SendError]] = {
    "blocked": lambda _: RecipientRefused("blocked"),
    "refused": lambda _: SendRefused("bad_request", alert=True),
    "temporary": lambda _: TemporaryFailure("busy"),
    "busy": lambda seconds: ProviderBusy(_seconds(seconds)),
    "channel_busy": lambda seconds: ProviderBusy(_seconds(seconds), whole_channel=True),
    "moved": lambda address: AddressMoved(Address.read(address or "sandbox:moved")),
    "stopped": lambda _: ChannelStopped("credentials"),
    "unknown": lambda _: SendUnknown("answer_lost"),
}
"""Word in double brackets -> what the send ends with; its argument follows after a space."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    number: str = "sandbox"


class Sandbox:
    """Sender. `sent` holds what was taken, in order."""

    Settings = SandboxSettings
    capabilities: ClassVar[Capabilities] = Capabilities(buttons=True, idempotent=True)
    messages_per_second: ClassVar[float] = 1000.0

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self.sent: list[OutboundMessage] = []

    @property
    def own(self) -> str:
        return self._settings.number

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        asked = ASKED.search(message.text)
        if asked and asked[1] in OUTCOMES:
            raise OUTCOMES[asked[1]](asked[2] or "")
        self.sent.append(message)
        return SendReceipt(f"sandbox-{message.id}")


def _seconds(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() else DEFAULT_WAIT_S
