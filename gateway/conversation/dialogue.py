"""What is known of a conversation before a message is judged: the dialogue, its complaints, its words and settings.

Pure: `step(dialogue, message, now, setting) -> Turn` decides (`turn.py` holds what it may decide), `gateway.intake.intake`
carries out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from gateway.complaints.complaint import Status
from gateway.complaints.record import Record

NEW = "new"
"""`Reply.about`, `Addition.number` and the numbers in a `Dialogue`: the complaint that this very turn opens."""


class Question(StrEnum):
    """What an open question of ours is about (`Awaiting.kind`).

    YA/BELUM after an answer, an officer's question and the rating need no entry here: they follow from the status of
    the complaint, because they were asked by casework, not by the conversation.
    """

    PLACE = "place"
    CAPTION = "caption"
    ANONYMITY = "anonymity"
    CANCEL = "cancel"
    LOWER_ANONYMOUS = "lower_anonymous"
    LOWER_CONFIDENTIAL = "lower_confidential"
    CONTEST_REASON = "contest_reason"
    RATE_COMMENT = "rate_comment"
    REPORT = "report"
    """LAPOR or BARU was sent alone: the next text is a new complaint."""


class Awaiting(Record, frozen=True):
    """A question of ours that is still open. `kind` is a `Question`; `number` is empty for REPORT."""

    kind: str
    number: str
    until: datetime


class KnownCase(Record, frozen=True):
    """One complaint of this sender as the conversation needs it, newest first in `Dialogue.cases`.

    All open ones, and those closed within the last 90 days.
    """

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
    answer_waits: bool = False
    """It may still be taken back: its reporter is told of it when that time is over, not before."""
    closed_at: datetime | None = None
    text_hash: str = ""
    anonymous: bool = False
    confidential: bool = False
    reopen_count: int = 0
    rating: int | None = None
    sp4n_id: str = ""
    held: bool = False
    urgent: bool = False
    """Its urgency is darurat."""
    archive_reason: str = ""


class Subject(Record, frozen=True):
    """What the conversation remembers of a complaint's words, to tell an addition from a new report.

    `words`: the topic words and place names of the lexicon found in its texts; `text_hash`: of the text that opened it.
    """

    number: str
    words: frozenset[str]
    text_hash: str
    at: datetime


class UssdSession(Record, frozen=True):
    """What is kept of a USSD session between two steps."""

    session_id: str
    history: str = ""
    page: str = ""
    """Name of the page the phone shows now."""
    part: int = 0
    """Which part of a long page is shown."""
    answer: str = ""
    """The text last shown, repeated when the same step comes again."""
    ended: bool = False
    entries: tuple[tuple[str, str], ...] = ()
    """What was entered so far: name -> input. A later entry of the same name replaces the earlier."""
    trail: tuple[str, ...] = ()
    """Pages that `00` leads back to, last one first out."""
    shown: tuple[tuple[str, str], ...] = ()
    """Pages already answered in this session: history -> text."""
    opened: str = ""
    """The number of the complaint that this session made."""
    sms_channel: str = ""
    updated_at: datetime | None = None

    def entry(self, name: str) -> str:
        return next((value for known, value in self.entries if known == name), "")

    def with_entry(self, name: str, value: str) -> "UssdSession":
        return self.with_(entries=(*(pair for pair in self.entries if pair[0] != name), (name, value)))


class Facts(Record, frozen=True):
    """What intake looked up for this one message before the step; never stored."""

    replied_number: str = ""
    """The complaint that the message replied to is about (`reply_to`, e-mail thread)."""
    target_number: str | None = None
    """The complaint whose text an edited or deleted message belongs to; empty: it belongs to none; None: not looked up."""
    same_text_senders: int = 0
    """How many other senders wrote this text lately (`text_hash`)."""
    known_spam: bool = False
    """This text was archived as proven spam before."""
    let_go: bool = False
    """A person looked at this text when it was held, and let it go."""


NO_FACTS = Facts()


class Dialogue(Record, frozen=True, omit_defaults=True):
    """One sender on one channel. Everything but `cases`, `ussd`, `unfinished`, `facts` and `opted_out` is kept as JSON on
    the row `dialogue`; nothing of it needs a clean-up, because each part carries its own time.
    """

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
    album_number: str = ""
    """The complaint that the photos of `album` belong to, however late they come."""
    last_added_number: str = ""
    """The complaint that the last appended message went to, so that a lone BARU can move it."""
    last_added_text: str = ""
    last_added_id: str = ""
    """External id of that message: its attachments move along."""
    last_added_at: datetime | None = None
    short_texts: int = 0
    ignore_until: datetime | None = None
    recent_texts: tuple[tuple[str, datetime], ...] = ()
    """Hashes of different texts of the last minutes (flood)."""
    thanks_repeated: str = ""
    asked: tuple[str, ...] = ()
    """Questions already put (`place:KBR-260001235`), so that none is put twice."""
    unit: str = ""
    """Unit of the deep link or QR code that the next report comes from …"""
    unit_at: datetime | None = None
    group_told_at: datetime | None = None
    subjects: tuple[Subject, ...] = ()
    cases: tuple[KnownCase, ...] = ()
    ussd: UssdSession | None = None
    unfinished: UssdSession | None = None
    """An earlier session of the same phone that broke off with a text, at most 10 minutes ago."""
    facts: Facts = NO_FACTS
    is_new: bool = True

    def case(self, number: str) -> KnownCase | None:
        return next((case for case in self.cases if case.number == number), None)


def by_first_word(phrases: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """An index by which the phrases in a text are found without trying all of them."""
    index: dict[str, list[str]] = {}
    for phrase in sorted(set(phrases)):
        index.setdefault(phrase.split()[0], []).append(phrase)
    return {word: tuple(found) for word, found in index.items()}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words a conversation listens to, made once from `config/data` (`gateway.dialogue.lexicon`). All words lower case."""

    standard: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Colloquial or regional word -> standard word; only for what speaks of danger."""
    agency_codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Code or alias, upper case -> agency code."""
    service_codes: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Unit or service code of deep links, upper case -> agency code."""
    districts: tuple[tuple[str, str], ...] = ()
    """Kecamatan for the USSD menu: (area code, name)."""
    emergency: tuple[tuple[str, ...], ...] = ()
    """Word groups; a group speaks of an emergency when all of its parts occur."""
    violence: tuple[tuple[tuple[str, ...], str], ...] = ()
    """(word group, code of `Sensitive`)."""
    past: frozenset[str] = frozenset()
    """Words that say that an emergency is over (`kemarin`, `tahun lalu`) …"""
    present: frozenset[str] = frozenset()
    """… and those that say that it is not (`sekarang`, `tolong`)."""
    ppa_contact: str = ""
    """Where victims of violence are helped: telephone of the UPTD PPA."""
    greetings: frozenset[str] = frozenset()
    """Words of courtesy, thanks included; a message of nothing else is no report."""
    thanks: frozenset[str] = frozenset()
    insults: frozenset[str] = frozenset()
    spam: frozenset[str] = frozenset()
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    not_yet: frozenset[str] = frozenset()
    skips: frozenset[str] = frozenset()
    """Whole messages that wave a question aside (`lewati`, `tidak tahu`)."""
    places: frozenset[str] = frozenset()
    """Names of areas and landmarks, to see whether a message names a place."""
    place_cues: frozenset[str] = frozenset()
    """Words before a place name (`desa`, `rt`, `gang`)."""
    topic_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Keyword -> topic or agency code, to see whether a short message opens a new subject."""
    glossary: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(term, plain sentence, synonyms) of the approved version."""
    glossary_version: str = ""
    glossary_decree: str = ""
    services: tuple[tuple[str, str], ...] = ()
    """(code, name) for LAYANAN."""
    alarms: Mapping[str, tuple[tuple[int, tuple[str, ...], str], ...]] = field(init=False, repr=False, compare=False)
    """Made from `violence` and `emergency`: first word -> (rank, word group, code of `Sensitive` or empty)."""
    names: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    """Made from `places` and `topic_words`: first word -> phrases. The others are made alike."""
    past_index: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    present_index: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    spam_index: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = [*self.violence, *((group, "") for group in self.emergency)]
        alarms: dict[str, list[tuple[int, tuple[str, ...], str]]] = {}
        for rank, (group, code) in enumerate(groups):
            alarms.setdefault(group[0].split()[0], []).append((rank, group, code))
        made: dict[str, dict[str, Any]] = {
            "alarms": {word: tuple(found) for word, found in alarms.items()},
            "names": by_first_word((*self.places, *self.topic_words)),
            "past_index": by_first_word(self.past),
            "present_index": by_first_word(self.present),
            "spam_index": by_first_word(self.spam),
        }
        for name, index in made.items():
            object.__setattr__(self, name, MappingProxyType(index))


@dataclass(frozen=True, slots=True)
class Setting:
    """What `step` has to know beside the dialogue: channel, government and delays. Durations in seconds; 0 = never."""

    channel: str
    channel_kind: str
    sms: bool = False
    buttons: bool = False
    sessions: bool = False
    prefix: str = "ADU"
    government: str = ""
    zone: str = "Asia/Jakarta"
    languages: tuple[str, ...] = ("id", "en")
    burst_s: float = 90
    """`conversation.burst_sms_s` on SMS."""
    greeting_hours: float = 12
    repeat_hours: float = 24
    reopen_days: int = 30
    restore_days: int = 90
    flood_texts: int = 5
    flood_within_s: float = 600
    flood_senders: int = 20
    draft_after_s: float = 300
    """USSD: a broken session with a text becomes a complaint this long after its last page."""
    sms_number: str = ""
    sms_channel: str = ""
    """USSD: name of the channel that carries the receipt; empty = none."""
    private_url: str = ""
    """Deep link to a private conversation with us, for the answer in a group."""
    lexicon: Lexicon = field(default_factory=Lexicon)
