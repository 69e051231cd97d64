"""What the API gives and takes about addresses that are told of what happens (docs/webhooks.md)."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.hooks.events import Event
from gateway.hooks.hooks import LONGEST_DESCRIPTION
from gateway.queries.hooks import DeliveryState, HookState
from gateway.web.api_types import Instant


class NewWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`agency`: only complaints of it and of what lies below. `include_confidential`: of confidential ones the number."""

    url: Annotated[str, Meta(min_length=10, max_length=500)]
    events: Annotated[list[Event], Meta(min_length=1, max_length=10)]
    agency: str = ""
    description: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] = ""
    include_confidential: bool = False


class WebhookRecord(Struct, frozen=True, kw_only=True):
    """`pending` until its ping is answered; `starts_at`: events from then on are told."""

    id: str
    url: str
    events: list[str]
    agency: str | None
    description: str
    include_confidential: bool
    state: HookState
    reason: str | None
    created_at: Instant
    starts_at: Instant | None
    failing_since: Instant | None


class CreatedWebhook(WebhookRecord, frozen=True, kw_only=True):
    """The secret is told this once."""

    secret: str


class WebhookPage(Struct, frozen=True):
    items: list[WebhookRecord]
    next: str | None = None


class DeliveryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str = ""


class AttemptRecord(Struct, frozen=True, kw_only=True):
    """One call of the last 30 days. `next_at`: when it was to be tried again. `interrupted` has no duration, and its number comes
    again."""

    attempt: int
    at: Instant
    status: int | None
    ms: int | None
    error_code: str | None
    next_at: Instant | None


class DeliveryRecord(Struct, frozen=True, kw_only=True):
    """One event. `status`, `ms` and `error_code` are of the last attempt, `attempt` is its number; `next_at` while it will be
    tried again; `attempts`, the oldest first."""

    id: str
    event: str
    number: str | None
    state: DeliveryState
    attempt: int
    status: int | None
    ms: int | None
    error_code: str | None
    created_at: Instant
    next_at: Instant | None
    finished_at: Instant | None
    attempts: list[AttemptRecord]


class DeliveryPage(Struct, frozen=True):
    items: list[DeliveryRecord]
    next: str | None


class RedeliveredRecord(Struct, frozen=True):
    """Id of the new delivery."""

    id: str
