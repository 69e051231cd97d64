"""What a message makes of a conversation: replies, drafts, additions, actions, look-ups, pages. Values only.

`gateway.intake.intake` carries them out; the order of a turn's parts is the order in which it does so.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from channels.messages import Address, AttachmentRef, Button, Location
from gateway.complaints.complaint import Action, Draft
from gateway.complaints.record import Record
from gateway.conversation.dialogue import Dialogue


class Skip(StrEnum):
    """Why a message is not answered (`Turn.skip`); the codes of CASEWORK 10 and three of the conversation."""

    OPTED_OUT = "OPTED_OUT"
    DIGEST = "DIGEST"
    """Merged: one answer follows for several messages."""
    DUP_EVENT = "DUP_EVENT"
    RATE_LIMIT = "RATE_LIMIT"
    QUESTION_ENDED = "QUESTION_ENDED"
    """The citizen waved a question aside; nothing needs to be said."""
    REVISION = "REVISION"
    """An edit or deletion, carried out silently."""
    SERVICE = "SERVICE"
    """Nothing that a person wrote."""
    COMMENT = "COMMENT"
    """A public comment that reports nothing."""
    OFFICER = "OFFICER"
    """An officer's answer to a question of ours (gateway/officers/officers.py), which never becomes a report."""


NO_VALUES: "Mapping[str, Value]" = MappingProxyType({})
NO_INPUTS: Mapping[str, str] = MappingProxyType({})


class Phrase(Record, frozen=True):
    """A text inside a text, rendered in the language of the whole."""

    key: str
    values: "Mapping[str, Value]" = NO_VALUES


Value = str | date | Phrase
"""What a text is filled in with. Dates are written by the renderer: `26 Nov 2026`."""


class Reply(Record, frozen=True):
    """A text for the sender: key and fill-ins, rendered for the channel by `render`.

    `about`: ticket number, or `NEW`; the values `tiket`, `nomor`, `kode`, `tgl` that casework alone knows are filled in
    by `named`. `delay_s`: earliest moment after now.
    """

    key: str
    values: Mapping[str, Value] = NO_VALUES
    about: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows beyond those that the key always has (`gateway.conversation.buttons`); a label may be a key `button.…`."""
    append_key: str = ""
    """A second text that follows: on SMS a message of its own, elsewhere a further line of the same message."""
    lines: tuple[Phrase, ...] = ()
    """A numbered list below the text."""
    delay_s: float = 0.0
    once: str = ""
    """With `about` the name of a message of which only the latest is wanted: one that is queued and not yet sent with
    the same name and complaint is replaced by this one."""
    direct: bool = True
    """Answers the sender's own message: allowed although they opted out, any hour."""
    public: bool = False
    """Goes below the public comment; every other reply goes to the person alone."""


class Addition(Record, frozen=True):
    """Something the reporter adds to a complaint (`number`)."""

    number: str
    text: str = ""
    attachments: tuple[AttachmentRef, ...] = ()
    location: Location | None = None
    place: str = ""
    action: Action | None = None
    """REPLY, COMPLETE or REPLY_TO_ANSWER where the life cycle has one; RESTORE is carried out as system.
    None only joins the text of a complaint that was just made."""
    repeated: bool = False
    """The same text once more (*ulang*): noted, the text is not appended."""


class Revision(Record, frozen=True):
    """The reporter edited (`text`) or deleted (`deleted`) the message `target` (provider id)."""

    target: str
    text: str = ""
    deleted: bool = False


class CaseAction(Record, frozen=True):
    """An action of the reporter on a complaint of theirs, to be applied in the same transaction."""

    number: str
    action: Action
    inputs: Mapping[str, str] = NO_INPUTS


class StatusLookup(Record, frozen=True):
    """Somebody asks for a complaint that is not theirs on this channel; `code` empty when none was given."""

    number: str
    code: str = ""


class NewCode(Record, frozen=True):
    """A new secret code for an own complaint (KODE); the old one is void."""

    number: str


class TermProposal(Record, frozen=True):
    """USUL isi: a citizen proposes a glossary term."""

    text: str


class Wish(Record, frozen=True):
    """Something only a person can do: a task. `kind`: `erase_data`, `copy_data`, `correct_data`, `third_reopen`."""

    kind: str
    number: str = ""
    text: str = ""


Lookup = StatusLookup | NewCode | TermProposal | Wish


class Page(Record, frozen=True):
    """A USSD page to show, rendered by `render_page`. `ends` closes the session.

    `text` is set instead of `key` when a page shown before is repeated as it was. `options`: input -> label.
    """

    key: str = ""
    values: Mapping[str, Value] = NO_VALUES
    options: tuple[tuple[str, Value], ...] = ()
    note: str = ""
    """Key of a line above the page: what was wrong with the last input."""
    part: int = 0
    about: str = ""
    ends: bool = False
    text: str = ""


class Turn(Record, frozen=True):
    """All that one message causes. `dialogue` is the new state; `skip` says why nothing is answered."""

    dialogue: Dialogue
    replies: tuple[Reply, ...] = ()
    draft: Draft | None = None
    attachments: tuple[AttachmentRef, ...] = ()
    """Files that come with the draft."""
    additions: tuple[Addition, ...] = ()
    revisions: tuple[Revision, ...] = ()
    actions: tuple[CaseAction, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    withdrawn: tuple[tuple[str, str], ...] = ()
    """(`once`, ticket number) of queued replies that shall not be sent any more."""
    moved_from: str = ""
    """BARU alone: the draft's text was appended to this complaint before and belongs to it no longer …"""
    moved_message: str = ""
    """… with the attachments of this message (external id)."""
    opt_out: bool | None = None
    page: Page | None = None
    ends_session: str = ""
    """USSD: this broken session was taken up by the present one and must not become a complaint of its own."""
    receipt_to: Address | None = None
    """USSD and web form: the replies go to another channel of the same person …"""
    receipt_channel: str = ""
    """… by the channel of this name; empty = the kind that fits the address."""
    skip: str = ""
