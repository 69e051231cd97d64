"""What goes to and comes from a system of record: values only, the same for every forwarder.

Source: docs/forwarders/sp4n.md. Rows are written by gateway.forwarding.forwarding, carried out by workers.forwarders.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from gateway.complaints.complaint import Kind, Point, Status
from gateway.complaints.remote_files import RemoteFile


class ForwardKind(StrEnum):
    CREATE = "create"
    FORWARD = "forward"
    """Hand the remote report to another institution."""
    FOLLOWUP = "followup"


class ForwardState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"
    """Certainly not taken; due again at `next_at`."""
    UNKNOWN = "unknown"
    """Written, and no usable answer: looked for before it is ever sent again."""
    MANUAL_CHECK = "manual_check"
    """Only a person can tell whether it arrived."""
    FAILED = "failed"
    MANUAL = "manual"
    """By hand: to be typed in there, on the work list of the bridge."""
    AWAITING_NUMBER = "awaiting_number"
    """By hand: typed in there, its number is not known here yet."""


_BY_HAND = frozenset(
    {
        ForwardState.MANUAL,
        ForwardState.AWAITING_NUMBER,
        ForwardState.SENT,
        ForwardState.RETRY,  # a person hands it over to the API
        ForwardState.FAILED,
    }
)

# Which outcome may follow which state. A row found `sending` after its lease is `unknown`, never `retry`.
MOVES: Mapping[ForwardState, frozenset[ForwardState]] = MappingProxyType(
    {
        ForwardState.QUEUED: frozenset({ForwardState.SENDING, ForwardState.MANUAL}),
        ForwardState.SENDING: frozenset(
            {
                ForwardState.QUEUED,  # claimed, not begun, put back
                ForwardState.SENT,
                ForwardState.RETRY,
                ForwardState.UNKNOWN,
                ForwardState.MANUAL_CHECK,
                ForwardState.FAILED,
                ForwardState.MANUAL,
            }
        ),
        ForwardState.RETRY: frozenset({ForwardState.SENDING, ForwardState.MANUAL}),
        ForwardState.UNKNOWN: frozenset(
            {ForwardState.UNKNOWN, ForwardState.SENT, ForwardState.RETRY, ForwardState.MANUAL_CHECK}
        ),
        ForwardState.MANUAL_CHECK: frozenset({ForwardState.SENT, ForwardState.RETRY, ForwardState.FAILED}),
        ForwardState.MANUAL: _BY_HAND,
        ForwardState.AWAITING_NUMBER: _BY_HAND,
        ForwardState.FAILED: frozenset({ForwardState.RETRY}),
        ForwardState.SENT: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One cleaned attachment (no EXIF). `load` reads it from the store when it is sent; it may raise OSError."""

    name: str
    media_type: str
    load: Callable[[], bytes] = field(repr=False, compare=False)
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The reporter, only where they agreed and the report is not anonymous. Prints as stars."""

    name: str = ""
    email: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        return "Identity(***)"


@dataclass(frozen=True, slots=True)
class Report:
    """What leaves of a complaint, already masked by gateway.privacy.privacy.

    The ids are those of the system of record (`remote_master`, the agency's institution id); empty = its default.
    """

    number: str
    content: str = field(repr=False)
    title: str = field(default="", repr=False)
    kind: Kind = Kind.PENGADUAN
    incident_on: date | None = None
    place: str = field(default="", repr=False)
    point: Point | None = field(default=None, repr=False)
    topic: str = ""
    agency: str = ""
    agency_name: str = ""
    institution_id: str = ""
    category_id: str = ""
    classification_id: str = ""
    location_id: str = ""
    anonymous: bool = False
    confidential: bool = False
    priority: bool = False
    attachments: tuple[ReportFile, ...] = ()
    identity: Identity | None = None
    remote_id: str = ""
    """How the system of record calls it; empty until it was filed."""

    @property
    def marker(self) -> str:
        """The line that finds the report again over there."""
        return f"[Ref: {self.number}]"

    def request_hash(self) -> str:
        """SHA-256 over what would leave; equal for equal reports whatever their remote id."""
        fields = {name: value for name, value in _plain(self).items() if name != "remote_id"}
        return _digest(fields)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A text for the other side. `ref` is a short stable token (six characters) that makes it recognisable there."""

    text: str = field(repr=False)
    ref: str
    secret: bool = False
    from_reporter: bool = False
    rating: int = 0
    attachments: tuple[ReportFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Referral:
    """Hand the report over there to the institution with this id."""

    institution_id: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ForwardJob:
    """One claimed row of `forward`. `fence` makes a late writer's outcome void.

    `state` is the one it was claimed in: QUEUED and RETRY are sent, UNKNOWN is looked for. `attempt` counts sends so
    far, this one not included. `followup` and `referral` are set by kind.
    """

    id: int
    fence: int
    target: str
    """Name of the `[forwarding.<name>]` section."""
    kind: ForwardKind
    state: ForwardState
    report: Report
    attempt: int = 0
    unknown_cycles: int = 0
    searches_done: int = 0
    """Searches that worked and found nothing since the outcome became unknown."""
    unknown_since: datetime | None = None
    followup: FollowUp | None = None
    referral: Referral | None = None

    def request_hash(self) -> str:
        """SHA-256 over what would leave with this job."""
        if self.followup:
            return _digest({"kind": self.kind, "remote_id": self.report.remote_id, **_plain(self.followup)})
        if self.referral:
            return _digest({"kind": self.kind, "remote_id": self.report.remote_id, **_plain(self.referral)})
        return self.report.request_hash()


class RemoteIdRefused(ValueError):
    """What was typed is no number of the system of record."""


def read_remote_id(typed: str, pattern: str) -> str:
    """The remote id a person typed, without spaces and `#`; RemoteIdRefused unless it fits `pattern`."""
    remote_id = re.sub(r"[\s#]", "", typed)
    if not re.fullmatch(pattern, remote_id):
        raise RemoteIdRefused(f"no number of the system of record: {len(remote_id)} characters")
    return remote_id


class Health(StrEnum):
    """What an exchange says about the other side; the circuit is driven by it."""

    GOOD = "good"
    BUSY = "busy"
    """A failure that waiting may cure."""
    LOCKED_OUT = "locked_out"
    """Our credentials were refused."""
    SILENT = "silent"
    """Nothing was exchanged."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The other side took it. `duplicates`: other ids that carry the same marker."""

    remote_id: str = ""
    attachments_missing: int = 0
    warnings: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForwardOutcome:
    """What became of a job. The counters are the new values, to be stored as they are.

    `error` is a stable code, `detail` the other side's own words (unmasked: mask before it is shown or kept).
    """

    id: int
    fence: int
    state: ForwardState
    remote_id: str = ""
    error: str = ""
    detail: str = field(default="", repr=False)
    next_at: datetime | None = None
    attempt: int = 0
    unknown_cycles: int = 0
    searches_done: int = 0
    written: bool = False
    """A request left for this job, whether or not it was answered (`sent_at`)."""
    attachments_missing: int = 0
    warnings: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    health: Health = Health.SILENT


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether a target is spoken to at all; one per target, kept in `channel_state`. Rules: workers.forwarders.circuit."""

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    """Consecutive, while closed."""
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    probes: int = 0
    reason: str = ""
    """`busy` or `locked_out` while open."""


@dataclass(frozen=True, slots=True)
class PollJob:
    """One remote report that is due to be read.

    `known_keys`: remote keys already stored, so that paging may stop at a page wholly known. `changed_at`: last change
    over there (or the filing). `misses`: consecutive polls that did not find it, since `missing_since`.
    """

    complaint_id: int
    fence: int
    target: str
    number: str
    remote_id: str
    status: Status
    changed_at: datetime
    due_at: datetime
    polled_at: datetime | None = None
    known_keys: frozenset[str] = frozenset()
    misses: int = 0
    missing_since: datetime | None = None
    failures: int = 0
    """Consecutive polls that failed for a passing reason."""


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """Something that happened over there. `remote_key` is unique in its report; `at` is aware, UTC."""

    remote_key: str
    at: datetime
    kind: str
    """`status`, `log` or `followup`."""
    text: str = field(default="", repr=False)
    from_institution: str = ""
    to_institution: str = ""
    secret: bool = False
    status_name: str = ""
    ref: str = ""
    """Set on follow-ups of our own (`FollowUp.ref`), which nobody here needs to be told."""
    files: tuple[RemoteFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteState:
    """A report as the other side shows it now. `status` None: their word is not in the table, nothing changes."""

    remote_id: str
    status_name: str
    status_code: str = ""
    status: Status | None = None
    text_key: str = ""
    status_since: datetime | None = None
    """Their time of the present status; clocks stop there, not when we asked."""
    institution_id: str = ""
    institution_name: str = ""
    title: str = field(default="", repr=False)
    events: tuple[RemoteEvent, ...] = ()
    has_marker: bool | None = None
    """Whether our marker stands in the text over there; None where the text is not shown."""
    asks_reporter: bool = True
    """Their `resolved` before our agency answered asks the reporter (`awaiting_reporter`) instead of closing."""


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What became of a poll. `state` None: not found (`misses`, `missing_since` moved) or not reached (`error`)."""

    complaint_id: int
    fence: int
    next_at: datetime | None
    """None: never polled again."""
    state: RemoteState | None = None
    error: str = ""
    misses: int = 0
    missing_since: datetime | None = None
    remote_missing: bool = False
    """Three misses over at least 24 hours: for the coordinator, nothing else changes."""
    failures: int = 0
    health: Health = Health.SILENT


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One row of `sp4n_status_map`: a code, a name or a pattern of the other side -> our status."""

    value: str
    status: Status
    match: str = "name"
    """`code`, `name` or `pattern`; a code beats a name, a name beats a pattern."""
    text_key: str = ""


def normalise_status(name: str) -> str:
    """Lower case, spaces folded: the form in which names and patterns are compared."""
    return " ".join(name.casefold().split())


def status_row(code: str, name: str, rows: Sequence[StatusRow]) -> StatusRow | None:
    """The row for what the other side says; None: unknown here, nothing changes (also for statuses from an import)."""
    wanted = normalise_status(name)
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("code", lambda value: bool(code) and value == code.strip()),
        ("name", lambda value: value == wanted),
        ("pattern", lambda value: re.search(value, wanted) is not None),
    )
    for match, fits in tests:
        for row in rows:
            if row.match == match and fits(row.value):
                return row
    return None


def _plain(value: Report | FollowUp | Referral) -> dict[str, object]:
    fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
    for name, content in fields.items():
        if name == "attachments":
            fields[name] = [[file.name, file.media_type, file.sha256] for file in content]
        elif isinstance(content, Point | Identity):
            fields[name] = asdict(content)
    return fields


def _digest(fields: Mapping[str, object]) -> str:
    canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
