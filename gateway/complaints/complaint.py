"""The words of casework: status, kind, role, action, and the small values that services hand to each other.

Source: CASEWORK 2 and 3. Codes are stable (stored, in the API); what people read comes from the texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from gateway.complaints.record import Record

CONFLICT = "konflik_kepentingan"
"""Flag: whoever is complained about would be the one to handle it."""
NO_INPUTS: Mapping[str, str] = MappingProxyType({})


class Status(StrEnum):
    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    VERIFIED = "verified"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    AWAITING_REPORTER = "awaiting_reporter"
    REPORTER_REPLIED = "reporter_replied"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    OUT_OF_AUTHORITY = "out_of_authority"
    ARCHIVED = "archived"


CLOSED = frozenset({Status.RESOLVED, Status.OUT_OF_AUTHORITY, Status.ARCHIVED})
OPEN = frozenset(Status) - CLOSED


class Kind(StrEnum):
    """The four kinds of PermenPANRB 62/2018."""

    PERMINTAAN_INFORMASI = "permintaan_informasi"
    ASPIRASI = "aspirasi"
    PENGADUAN = "pengaduan"
    PENGADUAN_PENGAWASAN = "pengaduan_pengawasan"


class Role(StrEnum):
    REPORTER = "reporter"
    SYSTEM = "system"
    SP4N = "sp4n"
    CHANNEL_ADMIN = "channel_admin"
    COORDINATOR = "coordinator"
    INSPECTORATE = "inspectorate"
    REGIONAL_HEAD = "regional_head"
    EVALUATOR = "evaluator"
    SYSTEM_ADMIN = "system_admin"
    PRIVACY_OFFICER = "privacy_officer"
    ANGGOTA = "anggota"
    PENGHUBUNG = "penghubung"
    DEPUTI = "deputi"
    KEPALA = "kepala"


OFFICERS = frozenset({Role.ANGGOTA, Role.PENGHUBUNG, Role.DEPUTI, Role.KEPALA})
DATA_KEEPERS = frozenset({Role.PRIVACY_OFFICER})
"""Who decides what persons ask about their data, and what must be kept (SECURITY § 10)."""
OF_REPORTER, OF_AGENCY = "reporter", "agency"
"""Origin of a file: sent by whoever complains, or evidence of who answers."""
OF_RECORD, OF_RECORD_SECRET = "record", "record_secret"
OF_ALL_READERS = frozenset({OF_REPORTER, OF_AGENCY, OF_RECORD})
"""Origins of files that programs may know of: not of an answer that was not sent yet, nor what is for staff over there."""
"""And what stands beside the answer of an agency at a system of record; the other one is for staff alone."""


class Action(StrEnum):
    RECEIVE = "receive"
    ASK_MORE = "ask_more"
    ASK_REPORTER = "ask_reporter"
    COMPLETE = "complete"
    VERIFY = "verify"
    ASSIGN = "assign"
    REASSIGN = "reassign"
    START = "start"
    DISPUTE_AUTHORITY = "dispute_authority"
    REFER_OUT = "refer_out"
    REQUEST_TIME = "request_time"
    GRANT_TIME = "grant_time"
    DENY_TIME = "deny_time"
    REPORT_PROGRESS = "report_progress"
    NOTE = "note"
    ANSWER = "answer"
    CONFIRM = "confirm"
    CONTEST = "contest"
    REPLY = "reply"
    REPLY_TO_ANSWER = "reply_to_answer"
    CLOSE_AUTOMATICALLY = "close_automatically"
    REOPEN = "reopen"
    RESTORE = "restore"
    ARCHIVE = "archive"
    ARCHIVE_INCOMPLETE = "archive_incomplete"
    CONTINUE_INCOMPLETE = "continue_incomplete"
    CANCEL = "cancel"
    MOVE_TO_INSPECTORATE = "move_to_inspectorate"
    LINK = "link"
    UNLINK = "unlink"
    HOLD = "hold"
    RELEASE = "release"
    RAISE_CONFIDENTIAL = "raise_confidential"
    RAISE_ANONYMOUS = "raise_anonymous"
    LOWER_CONFIDENTIAL = "lower_confidential"
    LOWER_ANONYMOUS = "lower_anonymous"
    RATE = "rate"
    TAKE_OVER = "take_over"
    UNDO = "undo"
    FOLLOW_SP4N = "follow_sp4n"
    ESCALATE = "escalate"


class Hold(StrEnum):
    NONE = "none"
    SPAM = "spam"
    ABUSE = "abuse"
    FLOOD = "flood"
    UNSUPPORTED = "unsupported"
    PERSONAL_DATA = "personal_data"
    PUBLIC_COMMENT = "public_comment"


class Sensitive(StrEnum):
    NONE = "none"
    ANAK = "anak"
    KEKERASAN_SEKSUAL = "kekerasan_seksual"
    KESEHATAN = "kesehatan"
    KORUPSI = "korupsi"
    DISABILITAS = "disabilitas"
    NARKOBA = "narkoba"


class Urgency(StrEnum):
    NORMAL = "normal"
    TINGGI = "tinggi"
    DARURAT = "darurat"


class ArchiveReason(StrEnum):
    DIBATALKAN_PELAPOR = "dibatalkan_pelapor"
    TIDAK_DILENGKAPI = "tidak_dilengkapi"
    BUKAN_LAPORAN = "bukan_laporan"
    SPAM_TERBUKTI = "spam_terbukti"
    DUPLIKAT_PELAPOR_SAMA = "duplikat_pelapor_sama"
    UJI_COBA = "uji_coba"
    PERMINTAAN_HAPUS_DATA = "permintaan_hapus_data"


class Visibility(StrEnum):
    """Who may read an event: everybody with number and code, the agency, or only staff inside."""

    PUBLIC = "public"
    AGENCY = "agency"
    INTERNAL = "internal"


class ActionRefused(Exception):
    """The action does not go now. Nothing was written.

    `code`: `wrong_state`, `wrong_role`, `missing_input`, `too_short`, `too_long`, `stock_phrase`, `held`, `unknown_value`,
    `personal_data`, `unticked`, `too_early`, `too_late`, `not_yours`, `expired`, `limit`, `conflict`; about incidents
    `linked` (it follows another one), `not_linked`, `own_parent`, `has_children`, `behind`, `closed_parent`. `field` names the input it is about.
    """

    def __init__(self, code: str, detail: str = "", field: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.field = field


class CaseMoved(Exception):
    """Somebody else changed the complaint since it was read; roll back, read again."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `id` is an account, officer or contact id as text; `agency` the code an officer acts for."""

    role: Role
    id: str = ""
    agency: str = ""
    name: str = ""


SYSTEM = Actor(Role.SYSTEM, "system")


@dataclass(frozen=True, slots=True)
class Point:
    latitude: float
    longitude: float
    precision_m: int | None = None
    source: str = "gps"
    """`gps`, `gazetteer` or `manual`."""


class Draft(Record, frozen=True):
    """A complaint about to be opened. `text` is what the citizen wrote, never changed."""

    text: str
    title: str = ""
    kind: Kind = Kind.PENGADUAN
    agency_named: str = ""
    """Agency code that the reporter wrote before the text (`PUPR isi…`)."""
    service: str = ""
    unit: str = ""
    topic: str = ""
    location_text: str = ""
    place: str = ""
    point: Point | None = None
    incident_on: date | None = None
    incident_text: str = ""
    anonymous: bool = False
    confidential: bool = False
    sensitive: Sensitive = Sensitive.NONE
    urgency: Urgency = Urgency.NORMAL
    hold: Hold = Hold.NONE
    language: str = "id"
    reporter_name: str = ""
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """The slice of a complaint that casework reads before it decides."""

    id: int
    number: str
    version: int
    status: Status
    kind: Kind
    agency: str
    channel: str
    contact_id: int | None
    created_at: datetime
    status_since: datetime
    return_status: Status | None = None
    hold: Hold = Hold.NONE
    anonymous: bool = False
    confidential: bool = False
    sensitive: Sensitive = Sensitive.NONE
    urgency: Urgency = Urgency.NORMAL
    topic: str = ""
    minor: bool = False
    language: str = "id"
    first_assigned_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    reopen_count: int = 0
    holder_id: int | None = None
    flags: frozenset[str] = frozenset()
    reported: str = ""
    """The agency whose own people are complained about; the root of the tree for the head of the region."""
    public_answer: str = ""
    rating: int | None = None
    parent_id: int | None = None
    """The complaint that it follows as one of many about the same incident."""
