"""The values of a conversation: what we know of it, what a message makes of it.

Pure: `step(dialogue, message, now, setting) -> Turn` decides, `gateway.intake` carries out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

from channels.messages import Address, AttachmentRef, Button, Location
from gateway.complaints.complaint import Action, Draft, Status

NO_VALUES: Mapping[str, str] = MappingProxyType({})
NEW = "new"
"""`Reply.about` and `Addition.number`: the complaint that this very turn opens."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A question of ours that is still open. `kind`: `place`, `caption`, `anonymity`, `cancel`, `answer` (YA/BELUM),
    `contest_reason`, `reopen_reason`, `rate`, `more` (an officer's question) …"""

    kind: str
    number: str
    until: datetime


@dataclass(frozen=True, slots=True)
class KnownCase:
    """One complaint of this sender as the conversation needs it, newest first in `Dialogue.cases`."""

    number: str
    status: Status
    created_at: datetime
    status_since: datetime
    last_message_at: datetime
    """Of the reporter, on this complaint."""
    agency_name: str = ""
    due_on: date | None = None
    due_key: str = ""
    """Which deadline `due_on` is: `verification` (diperiksa), `first_answer` (jawaban pertama), `answer`."""
    answer: str = ""
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    text_hash: str = ""
    anonymous: bool = False
    confidential: bool = False
    reopen_count: int = 0
    rating: int | None = None
    sp4n_id: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class UssdSession:
    """What is kept of a USSD session between two steps."""

    session_id: str
    history: str = ""
    page: str = ""
    """Name of the page the phone shows now."""
    answer: str = ""
    """The text last shown, repeated when the same step comes again."""
    ended: bool = False
    entries: tuple[tuple[str, str], ...] = ()
    """What was entered so far: page name -> input."""
    opened: str = ""
    """The number of the complaint that this session made."""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One sender on one channel. Everything but `cases`, `ussd` and `opted_out` is kept as JSON on the row `dialogue`."""

    language: str = "id"
    opted_out: bool = False
    awaiting: Awaiting | None = None
    greeted_at: datetime | None = None
    privacy_told: bool = False
    last_message_at: datetime | None = None
    burst_number: str = ""
    """The complaint that messages close in time belong to …"""
    burst_from: datetime | None = None
    burst_last: datetime | None = None
    burst_added: int = 0
    """… and how many were added and not yet confirmed (one `rx.added` after the quiet period)."""
    album: str = ""
    last_added_number: str = ""
    """The complaint that the last appended message went to, so that a lone BARU can move it."""
    last_added_text: str = ""
    short_texts: int = 0
    ignore_until: datetime | None = None
    recent_texts: tuple[tuple[str, datetime], ...] = ()
    """Hashes of different texts of the last minutes (flood)."""
    thanks_repeated: str = ""
    cases: tuple[KnownCase, ...] = ()
    ussd: UssdSession | None = None
    is_new: bool = True

    def case(self, number: str) -> KnownCase | None:
        return next((case for case in self.cases if case.number == number), None)

    def with_(self, **changes: object) -> "Dialogue":
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Reply:
    """A text for the sender: key and fill-ins, rendered for the channel by `render`.

    `about`: ticket number, or `NEW`; the values `tiket`, `nomor`, `kode`, `tgl`, `opd` that casework alone knows are
    filled in by intake. `delay_s`: earliest moment after now.
    """

    key: str
    values: Mapping[str, str] = NO_VALUES
    about: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    append_key: str = ""
    """A second text that follows: on SMS a message of its own, elsewhere a further line of the same message."""
    delay_s: float = 0.0
    direct: bool = True
    """Answers the sender's own message: allowed although they opted out, any hour."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Something the reporter adds to a complaint (`number`, or NEW for the draft of this turn)."""

    number: str
    text: str = ""
    attachments: tuple[AttachmentRef, ...] = ()
    location: Location | None = None
    place: str = ""
    action: Action | None = None
    """REPLY, COMPLETE or REPLY_TO_ANSWER where the life cycle has one; None only joins a burst."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The reporter edited (`text`) or deleted (`deleted`) the message `target` (provider id)."""

    target: str
    text: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CaseAction:
    """An action of the reporter on a complaint of theirs, to be applied in the same transaction."""

    number: str
    action: Action
    inputs: Mapping[str, str] = NO_VALUES


@dataclass(frozen=True, slots=True)
class StatusLookup:
    """Somebody asks for a complaint that is not theirs on this channel; `code` empty when none was given."""

    number: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class NewCode:
    """A new secret code for an own complaint (KODE); the old one is void."""

    number: str


@dataclass(frozen=True, slots=True)
class TermProposal:
    """USUL isi: a citizen proposes a glossary term."""

    text: str


Lookup = StatusLookup | NewCode | TermProposal


@dataclass(frozen=True, slots=True)
class Page:
    """A USSD page to show: final text within the page budget. `ends` closes the session."""

    text: str
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """All that one message causes. `dialogue` is the new state; `skip` says why nothing is answered (CASEWORK 10)."""

    dialogue: Dialogue
    replies: tuple[Reply, ...] = ()
    draft: Draft | None = None
    attachments: tuple[AttachmentRef, ...] = ()
    """Files that come with the draft."""
    additions: tuple[Addition, ...] = ()
    revisions: tuple[Revision, ...] = ()
    actions: tuple[CaseAction, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    opt_out: bool | None = None
    page: Page | None = None
    """USSD only. `{tiket}`, `{kode}`, `{tgl}` in it are filled by intake when the turn opens a complaint."""
    receipt_to: Address | None = None
    """USSD and web form: the receipt goes to another channel of the same person."""
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words a conversation listens to, made once from `config/data` and the texts."""

    agency_codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Code or alias, upper case -> agency code."""
    service_codes: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Unit or service code of deep links, upper case -> agency code."""
    districts: tuple[tuple[str, str], ...] = ()
    """Kecamatan for the USSD menu: (area code, name)."""
    emergency: tuple[str, ...] = ()
    violence: tuple[str, ...] = ()
    greetings: frozenset[str] = frozenset()
    insults: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    """Lower-case names of areas and landmarks, to see whether a message names a place."""
    topic_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Lower-case keyword -> topic or agency code, to see whether a short message opens a new subject."""
    glossary: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(term, plain sentence, synonyms) of the approved version."""
    glossary_version: str = ""
    services: tuple[tuple[str, str], ...] = ()
    """(code, name) for LAYANAN."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What `step` has to know beside the dialogue: channel, government and delays. Durations in seconds."""

    channel: str
    channel_kind: str
    sms: bool = False
    buttons: bool = False
    sessions: bool = False
    prefix: str = "ADU"
    government: str = ""
    zone: str = "Asia/Jakarta"
    burst_s: float = 90
    greeting_hours: float = 12
    repeat_hours: float = 24
    reopen_days: int = 30
    flood_texts: int = 5
    sms_number: str = ""
    lexicon: Lexicon = field(default_factory=Lexicon)
