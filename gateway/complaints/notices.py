"""NOTICES: which event tells whom, with which text, and how urgently. Steps of the life cycle name these keys.

Source: CASEWORK 3 (last columns), 5.6 and the audience matrix of 10. The government's changes are rows of `notice_rule`.
A reporter is told on the channel and address that they used; staff by their own list, then Telegram, WhatsApp, e-mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gateway.complaints.complaint import Action


class Audience(StrEnum):
    REPORTER = "reporter"
    TEAM = "team"
    """The holder, and as long as there is none the penghubung and members of the agency."""
    OLD_TEAM = "old_team"
    """The team that the complaint was taken from."""
    DEPUTY = "deputy"
    HEAD = "head"
    COORDINATOR = "coordinator"
    DUTY = "duty"
    """Who is told of danger at any hour: the teams of the offices on the duty list."""
    DUTY_DEPUTY = "duty_deputy"
    CHANNEL_ADMIN = "channel_admin"
    REGIONAL_HEAD = "regional_head"


class Timing(StrEnum):
    IMMEDIATE = "immediate"
    """At any hour."""
    QUIET = "quiet"
    """Waits while the reader's quiet hours last; several at once are merged."""
    DIGEST = "digest"
    """Only in the next summary."""


class Only(StrEnum):
    ALWAYS = "always"
    FIRST = "first"
    """The first time in the life of a complaint."""
    UNSEEN = "unseen"
    """Unless somebody of the staff has done anything about the complaint by then."""


class Skip(StrEnum):
    """Why nobody was told by a message of its own: the codes of the dispatch log."""

    OPTED_OUT = "OPTED_OUT"
    """The reporter wants no messages."""
    NO_ROUTE = "NO_ROUTE"
    """No channel reaches them now."""
    NO_HOLDER = "NO_HOLDER"
    """Nobody holds this place of the ladder."""
    ON_LEAVE = "ON_LEAVE"
    QUIET = "QUIET"
    """Put off to the morning; the line ends when it goes on."""
    DIGEST = "DIGEST"
    """Told with other things."""
    RATE_LIMIT = "RATE_LIMIT"
    """Too many on one day: told with other things in the hour of the next summary."""
    SAME_PERSON = "SAME_PERSON"
    """Told once, on another rung."""
    DUP_EVENT = "DUP_EVENT"
    """No news: told before."""
    SEEN = "SEEN"
    """Somebody sees to it already."""
    SECRET_GUARD = "SECRET_GUARD"  # noqa: S105 - a code
    """Held, or kept from those who are reported."""
    TEMPLATE_OFF = "TEMPLATE_OFF"
    """The office does not send it."""
    TOO_OLD = "TOO_OLD"
    UNDONE = "UNDONE"
    """The act was taken back before anybody was told."""
    SUPERSEDED = "SUPERSEDED"
    """Newer news took its place, or the matter is over or with others."""


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """One text for each of `audiences`.

    `delay` names the setting (seconds) that the notice waits for: `undo_s`, `batch_s`, `rating_after_s`,
    `emergency_again_s`. While it waits, a notice with the key `superseded_by` replaces it. `replies`: it answers the
    reporter's own act, so it is not written where the conversation already said it. `by_sms`: staff without another
    means are told by SMS although it costs.
    """

    key: str
    audiences: tuple[Audience, ...]
    timing: Timing
    text_key: str
    sms_text_key: str = ""
    delay: str = ""
    superseded_by: str = ""
    replies: bool = False
    by_sms: bool = False
    only: Only = Only.ALWAYS


A, T = Audience, Timing


def _reporter(
    key: str,
    timing: Timing,
    *,
    delay: str = "",
    superseded_by: str = "",
    replies: bool = False,
    only: Only = Only.ALWAYS,
) -> NoticeRule:
    return NoticeRule(key, (A.REPORTER,), timing, key, "", delay, superseded_by, replies, only=only)


# fmt: off
_RULES = (
    # to the reporter: answers to what they did, questions, news
    _reporter("rx.receipt",           T.IMMEDIATE, replies=True),
    _reporter("rx.added",             T.IMMEDIATE, replies=True),
    _reporter("rx.notdone",           T.IMMEDIATE, replies=True),
    _reporter("hold.notice",          T.IMMEDIATE, replies=True),
    _reporter("hold.invite",           T.IMMEDIATE, replies=True),
    _reporter("pv.set",               T.IMMEDIATE, replies=True),
    _reporter("pv.unset",             T.IMMEDIATE, replies=True),
    _reporter("rate.thanks",          T.IMMEDIATE, replies=True),
    _reporter("st.resolved",          T.IMMEDIATE, replies=True),
    _reporter("st.reopened",          T.IMMEDIATE, replies=True),
    _reporter("st.cancelled",         T.IMMEDIATE, replies=True),
    _reporter("ask.more",             T.IMMEDIATE),
    _reporter("ask.agency",           T.IMMEDIATE),
    _reporter("ask.place",            T.IMMEDIATE),
    _reporter("ask.secret",           T.IMMEDIATE),
    _reporter("ask.rate",             T.QUIET, delay="rating_after_s"),
    _reporter("st.verified",          T.QUIET, delay="batch_s", superseded_by="st.assigned"),
    _reporter("st.assigned",          T.QUIET),
    _reporter("st.assigned_generic",  T.QUIET),
    _reporter("st.assigned_special",  T.QUIET),
    _reporter("st.moved",             T.QUIET),
    _reporter("st.progress",          T.QUIET, only=Only.FIRST),
    _reporter("st.note",              T.QUIET),
    _reporter("st.extend",            T.QUIET),
    _reporter("st.answer",            T.QUIET, delay="undo_s"),
    _reporter("st.remind",            T.QUIET),
    _reporter("st.late",              T.QUIET),
    _reporter("st.autoclosed",        T.QUIET),
    _reporter("st.oota",              T.QUIET, delay="undo_s"),
    _reporter("st.archived",          T.QUIET, delay="undo_s"),
    _reporter("st.linked",            T.QUIET),
    _reporter("st.upstream",          T.QUIET),
    # to the agency
    NoticeRule("pic.new",           (A.TEAM,),          T.QUIET,     "pic.new", sms_text_key="pic.new_sms"),
    NoticeRule("pic.replied",       (A.TEAM,),          T.QUIET,     "pic.replied"),
    NoticeRule("dep.replied",       (A.DEPUTY,),        T.QUIET,     "dep.replied"),
    NoticeRule("pic.reopened",      (A.TEAM,),          T.QUIET,     "pic.reopened"),
    NoticeRule("dep.reopened",      (A.DEPUTY,),        T.QUIET,     "dep.reopened"),
    NoticeRule("sup.reopened",      (A.HEAD,),          T.QUIET,     "sup.reopened"),
    NoticeRule("pic.withdrawn",     (A.OLD_TEAM,),      T.QUIET,     "pic.withdrawn"),
    NoticeRule("pic.noanswer",      (A.TEAM,),          T.QUIET,     "pic.noanswer"),
    # danger: at once, and higher up when nobody took it on
    NoticeRule("duty.new",          (A.DUTY,),          T.IMMEDIATE, "duty.new",    by_sms=True),
    NoticeRule("duty.unseen",       (A.DUTY_DEPUTY, A.COORDINATOR), T.IMMEDIATE, "duty.unseen", by_sms=True,
               delay="emergency_again_s", only=Only.UNSEEN),
    # while a clock runs (complaints/moments.py): one step after the other hears of it
    NoticeRule("pic.half",          (A.TEAM,),          T.QUIET,     "pic.half"),
    NoticeRule("pic.due",           (A.TEAM,),          T.QUIET,     "pic.due",     by_sms=True),
    NoticeRule("dep.due",           (A.DEPUTY,),        T.QUIET,     "pic.due",     by_sms=True),
    NoticeRule("pic.overdue",       (A.TEAM, A.DEPUTY), T.QUIET,     "pic.overdue", by_sms=True),
    NoticeRule("sup.overdue",       (A.HEAD,),          T.DIGEST,    "sup.overdue", by_sms=True),
    NoticeRule("coo.overdue",       (A.COORDINATOR,),   T.DIGEST,    "sup.overdue"),
    NoticeRule("reg.overdue",       (A.REGIONAL_HEAD,), T.DIGEST,    "sup.overdue"),
    NoticeRule("coo.due",           (A.COORDINATOR,),   T.QUIET,     "pic.due"),
    NoticeRule("head.overdue",      (A.HEAD,),          T.DIGEST,    "sup.overdue"),
    NoticeRule("sup.digest",        (A.HEAD, A.COORDINATOR, A.REGIONAL_HEAD), T.DIGEST, "sup.digest"),
    NoticeRule("mandate.expiring",  (A.HEAD, A.COORDINATOR), T.DIGEST, "mandate.expiring"),
    # work for others
    NoticeRule("task.oota",         (A.COORDINATOR,),   T.QUIET,     "task.oota", delay="undo_s"),
    NoticeRule("task.extend",       (A.HEAD,),          T.QUIET,     "task.extend"),
    NoticeRule("task.sp4n",         (A.COORDINATOR,),   T.QUIET,     "task.sp4n"),
    NoticeRule("task.bridge",       (A.TEAM,),          T.QUIET,     "task.bridge"),
    NoticeRule("chan.alert",        (A.COORDINATOR, A.CHANNEL_ADMIN), T.IMMEDIATE, "chan.alert"),
)
# fmt: on
GUARDED: Mapping[str, str] = MappingProxyType({"st.assigned": "st.assigned_generic", "st.moved": "st.assigned_generic"})
"""What the reporter reads instead where officers are reported: that names nobody."""
ABOUT_THE_HEAD: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((*GUARDED, *GUARDED.values()), "st.assigned_special")
)
"""And where the head of the region is: who else there is to turn to."""
SAME_NEWS = frozenset({"st.assigned_generic", "st.assigned_special"})
"""They take the place of `st.assigned`, also for what it supersedes."""
NOTICES: Mapping[str, NoticeRule] = MappingProxyType({rule.key: rule for rule in _RULES})


class Floor(StrEnum):
    """Why an office cannot switch a notice off (CASEWORK 1, 3.2, 5.5, 5.6, 9.7)."""

    RECEIPT = "receipt"
    """Whoever writes to us is answered."""
    QUESTION = "question"
    """Nobody's report ends for want of an answer to what they were never asked."""
    FINAL = "final"
    """What came of it, before it closes and when it does, and where else to turn."""
    DANGER = "danger"
    TASK = "task"
    """Nobody would know that it is theirs."""
    LADDER = "ladder"
    """A deadline that passed is told to those above."""
    ALARM = "alarm"
    """A channel is dead."""


FLOOR: Mapping[str, Floor] = MappingProxyType(
    {
        **{rule.key: Floor.RECEIPT for rule in _RULES if rule.replies},
        **dict.fromkeys(("ask.more", "ask.agency", "ask.place", "ask.secret"), Floor.QUESTION),
        **dict.fromkeys(
            ("st.answer", "st.oota", "st.archived", "st.upstream", "st.remind", "st.autoclosed", "st.assigned_special"),
            Floor.FINAL,
        ),
        **dict.fromkeys(("duty.new", "duty.unseen"), Floor.DANGER),
        "pic.new": Floor.TASK,
        **dict.fromkeys(
            ("pic.overdue", "sup.overdue", "coo.overdue", "reg.overdue", "head.overdue", "sup.digest"), Floor.LADDER
        ),
        "chan.alert": Floor.ALARM,
    }
)
"""What is sent whatever the office decides."""

DIGESTED: Mapping[Action, frozenset[Audience]] = MappingProxyType(
    {
        Action.RECEIVE: frozenset({A.COORDINATOR, A.REGIONAL_HEAD}),
        Action.ASSIGN: frozenset({A.HEAD}),
        Action.REASSIGN: frozenset({A.HEAD}),
        Action.DISPUTE_AUTHORITY: frozenset({A.HEAD}),
        Action.REQUEST_TIME: frozenset({A.COORDINATOR}),
        Action.GRANT_TIME: frozenset({A.COORDINATOR}),
        Action.ANSWER: frozenset({A.COORDINATOR}),
        Action.CONTEST: frozenset({A.COORDINATOR}),
        Action.REOPEN: frozenset({A.COORDINATOR}),
        Action.ARCHIVE_INCOMPLETE: frozenset({A.COORDINATOR}),
        Action.CONFIRM: frozenset({A.TEAM}),
        Action.CLOSE_AUTOMATICALLY: frozenset({A.TEAM}),
    }
)
"""Who finds an event counted in the next summary, without a message of its own."""


def text_keys() -> frozenset[str]:
    """Every text that a notice may need."""
    return frozenset(key for rule in NOTICES.values() for key in (rule.text_key, rule.sms_text_key) if key)
