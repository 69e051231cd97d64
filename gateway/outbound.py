"""Messages towards people: say, claim, settle, report. One lane per channel and address; outcomes move forward only.

Source: ARCHITECTURE § 2 (order, outcomes), docs/channels/README.md § 4.
"""

from dataclasses import dataclass
from datetime import datetime

from channels.messages import Address, DeliveryStatus, OutboundMessage


@dataclass(frozen=True, slots=True)
class Parcel:
    """The head of one lane, claimed for sending. `fence` makes a late writer's outcome void."""

    id: int
    fence: int
    channel: str
    lane: str
    message: OutboundMessage
    attempts: int
    """Attempts already counted, this one not included."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a parcel. `state` QUEUED means retry at `due_at`; `counted`: an attempt was used up."""

    id: int
    fence: int
    state: DeliveryStatus
    provider_id: str = ""
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    counted: bool = True
    new_address: Address | None = None
    pause_channel_until: datetime | None = None
    """The provider asked the whole channel to wait."""
    stops_channel: str = ""
    """Reason why the channel as a whole cannot send (credentials)."""
