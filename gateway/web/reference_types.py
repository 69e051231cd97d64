"""What the API says of deadlines that passed, of words and of service standards."""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.complaints.complaint import Status
from gateway.web.api_types import Instant, Number


class OverdueQuery(Struct, frozen=True, forbid_unknown_fields=True):
    agency: str = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str = ""


class OverdueRecord(Struct, frozen=True, kw_only=True):
    """One open complaint whose deadline has passed, by `clock`; the longest ago comes first."""

    number: Number
    version: int
    status: Status
    agency: str | None
    agency_name: str | None
    due_at: Instant
    clock: str | None
    working_days_late: int | None
    explanation: str | None


class OverduePage(Struct, frozen=True):
    items: list[OverdueRecord]
    next: str | None


class GlossaryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`approved`: only terms that were agreed upon."""

    approved: bool = False


class TermRecord(Struct, frozen=True, kw_only=True):
    id: str
    term: str
    definition: str
    synonyms: list[str]
    forbidden: list[str]
    source: str
    example: str
    since: str
    status: str


class GlossaryPage(Struct, frozen=True):
    version: str
    decree_number: str
    items: list[TermRecord]
    next: None = None


class ComponentRecord(Struct, frozen=True, kw_only=True):
    """`content` is a text, a list, a number or a table, as the component needs."""

    key: str
    name: str
    group: Literal["penyampaian", "pengelolaan"]
    content: Any


class ServiceRecord(Struct, frozen=True, kw_only=True):
    """A service standard; only what must be published."""

    code: str
    name: str
    agency: str
    agency_name: str | None
    topic: str
    decree_number: str
    decree_date: date
    version: str
    reviewed_at: date
    status: str
    standard: list[ComponentRecord]


class ServicePage(Struct, frozen=True):
    items: list[ServiceRecord]
    next: None = None
