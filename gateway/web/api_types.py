"""What the API gives and takes, as types: answers and the OpenAPI document are made from these very objects."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.complaints.complaint import Action, Kind, Status
from gateway.queries.belongings import ClockState, Scan
from gateway.queries.channel_watch import ChannelState
from gateway.queries.complaint_list import Sorting

Instant = Annotated[datetime, Meta(tz=True)]
MOST_SEQ = 2**31 - 1
Number = Annotated[str, Meta(examples=["KBR-260001235"])]


class Point(Struct, frozen=True):
    """WGS 84."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    long: Annotated[float, Meta(ge=-180, le=180)]
    precision_m: int | None = None


class ClockRecord(Struct, frozen=True):
    name: str
    status: ClockState
    due_at: Instant
    working_days_left: int
    explanation: str


class FileRecord(Struct, frozen=True):
    id: str
    media_type: str
    bytes: int
    scan: Scan
    taken_at: Instant | None = None
    """When an agency's picture was taken, as its camera says."""


class EventRecord(Struct, frozen=True, rename={"before": "from"}):
    seq: int
    at: Instant
    action: str
    before: Status | None
    to: Status
    actor: str
    text: str | None


class ComplaintRecord(Struct, frozen=True, kw_only=True):
    """One complaint, masked. `text`, `title` and `public_answer` are empty where the complaint is confidential."""

    number: Number
    version: int
    status: Status
    status_label: str
    kind: Kind
    topic: str | None
    title: str
    text: str
    language: str
    channel: str
    channel_kind: str
    created_at: Instant
    verified_at: Instant | None
    updated_at: Instant
    agency: str | None
    agency_name: str | None
    place: str | None
    place_name: str | None
    point: Point | None
    anonymous: bool
    confidential: bool
    flags: list[str]
    sp4n_id: str | None
    parent: str | None
    children: int
    clocks: list[ClockRecord]
    attachments: list[FileRecord]
    public_answer: str | None
    rating: int | None


class FullRecord(ComplaintRecord, frozen=True, kw_only=True):
    """One complaint with its history."""

    events: list[EventRecord]


class CreatedRecord(FullRecord, frozen=True, kw_only=True):
    """A new complaint; the secret code is told this once."""

    secret_code: str | None


class ComplaintPage(Struct, frozen=True):
    """A page may hold fewer items than asked for although more follow: go on while `next` is not null."""

    items: list[ComplaintRecord]
    next: str | None


class EventPage(Struct, frozen=True):
    items: list[EventRecord]
    next: str | None


class CountRecord(Struct, frozen=True):
    """`complete` is false where counting stopped: there are at least `count`. `cases`: all reports of one incident are one."""

    count: int
    cases: int
    complete: bool


class ActionRecord(Struct, frozen=True):
    action: Action
    to: Status
    requires: list[str]
    label: str


class ActedRecord(Struct, frozen=True):
    """`undo_until`: until when the action can be taken back and nobody was told of it; null where it cannot."""

    event_seq: int
    status: Status
    undo_until: Instant | None


class NotedRecord(Struct, frozen=True):
    event_seq: int


class DirectionRecord(Struct, frozen=True):
    state: ChannelState
    queued: int
    oldest_queued_s: int | None
    failed: int
    failed_permanently: int
    received: int
    sent: int
    delivered: int
    unknown: int
    quarantined: int


class ChannelRecord(Struct, frozen=True, kw_only=True):
    """Counts of the last 24 hours, except what waits now. `failed` counts all that failed, for now or for good."""

    name: str
    kind: str
    state: ChannelState
    state_label: str
    queued: int
    oldest_queued_s: int | None
    failed: int
    failed_permanently: int
    received: int
    sent: int
    delivered: int
    unknown: int
    quarantined: int
    heartbeat_at: Instant | None
    directions: dict[Literal["in", "out"], DirectionRecord]


class ChannelPage(Struct, frozen=True):
    items: list[ChannelRecord]
    next: None = None


class ListQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of lists and counts."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str = ""
    sort: Sorting = Sorting.NEWEST
    status: list[Status] = []
    kind: Kind | None = None
    topic: str = ""
    agency: str = ""
    place: str = ""
    channel: str = ""
    created_from: Instant | None = None
    created_to: Instant | None = None
    updated_since: Instant | None = None
    overdue: bool = False
    has_flag: str = ""
    parent: str = ""
    q: Annotated[str, Meta(max_length=200)] = ""


class EventQuery(Struct, frozen=True, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=MOST_SEQ)] = 0


class NewContact(Struct, frozen=True, forbid_unknown_fields=True):
    """How the reporter is told; only with their consent."""

    phone: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    consent: bool = False


class NewPoint(Struct, frozen=True, forbid_unknown_fields=True):
    lat: Annotated[float, Meta(ge=-90, le=90)]
    long: Annotated[float, Meta(ge=-180, le=180)]
    precision_m: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class NewComplaint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`source_ref`: the caller's own name of this report; the same one again is answered with the first complaint."""

    text: Annotated[str, Meta(min_length=10, max_length=10_000)]
    title: Annotated[str, Meta(max_length=100)] = ""
    topic: str = ""
    kind: Kind = Kind.PENGADUAN
    place: str = ""
    point: NewPoint | None = None
    incident_date: date | None = None
    anonymous: bool = False
    confidential: bool = False
    contact: NewContact | None = None
    source_ref: Annotated[str, Meta(max_length=120)] = ""


class NewAction(Struct, frozen=True, forbid_unknown_fields=True):
    """`inputs`: what the action asks for, by the names of the life cycle."""

    action: Action
    inputs: dict[str, Annotated[str, Meta(max_length=10_000)] | int | bool] = {}


class NewNote(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]
    visibility: Literal["internal", "agency"] = "internal"


class FieldError(Struct, frozen=True):
    field: str
    code: str
    message: str


class ProblemRecord(Struct, frozen=True, kw_only=True):
    """RFC 9457; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] = []
