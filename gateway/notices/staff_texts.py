"""What notices say: the fill-ins for the reporter's texts, and the whole message for an officer on their channel."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from channels.messages import Button
from channels.registry import Channel
from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import Action, Case, Status
from gateway.complaints.inputs import read_date
from gateway.complaints.notices import NOTICES
from gateway.complaints.number import plain
from gateway.complaints.sla import NAMES, Clock
from gateway.conversation.turn import Phrase, Value
from gateway.files import attachments
from gateway.officer_links import codes, door, links
from gateway.officer_links.drafts import Desk
from gateway.outbound.outbound import Buttons
from gateway.people import directory
from gateway.people.directory import Member
from gateway.privacy.privacy import EXCERPT, Reader, cut, shown_to, without_insults
from gateway.queries import officer_page
from gateway.queries.officer_page import FORMS
from gateway.record import cases, incidents
from gateway.storage import tables
from gateway.storage.store import Transaction

AGENCY_CHARACTERS = 24
# The buttons below a text to an officer; those that cannot be used at that moment are left out.
BELOW: Mapping[str, tuple[Action, ...]] = {
    "pic.new": (Action.START, Action.DISPUTE_AUTHORITY),
    "officer.done": (Action.REPORT_PROGRESS, Action.ASK_REPORTER, Action.REQUEST_TIME, Action.ANSWER),
    "pic.replied": (Action.START, Action.REPORT_PROGRESS, Action.REQUEST_TIME, Action.ANSWER),
    "duty.new": (Action.NOTE,),
    "duty.unseen": (Action.NOTE,),
}
LABELS: Mapping[Action, str] = {
    Action.START: "button.start",
    Action.DISPUTE_AUTHORITY: "button.authority",
    Action.REPORT_PROGRESS: "button.progress",
    Action.ASK_REPORTER: "button.ask",
    Action.REQUEST_TIME: "button.time",
    Action.ANSWER: "button.answer",
    Action.NOTE: "button.duty",
}
BESIDE_EACH_OTHER = 2
BY_SMS = "_sms"
"""End of the key of a text that fits into one SMS."""
OPENS_PAGE = frozenset({"pic.new", "pic.replied", "pic.reopened", "pic.noanswer", "pic.half", "pic.due", "pic.overdue"})
BRINGS_CODE = frozenset({"pic.new"})
"""By SMS these can be answered with a one-time code (gateway/officers/sms.py)."""
ADDED = "added"
"""Input of a notice: words of the reporter that it quotes instead of the report."""
SAYS_ALL = frozenset({"pic.replied"})
"""Where all words are quoted and can be answered below, nobody needs the page."""


def reporter_values(tx: Transaction, case: Any, inputs: Mapping[str, str]) -> dict[str, Value]:
    """Every fill-in that a text for the reporter may ask for."""
    names = directory.agency_names(tx)
    institution, contact = _institution(tx, inputs)
    words = inputs.get("explanation") or inputs.get("note") or inputs.get("reason") or ""
    return {
        "tiket": case.number,
        "nomor": plain(case.number),
        "opd": names.get(case.agency, case.agency),
        "tgl": read_date(inputs.get("date", "")) or _due(tx, case),
        "kutipan": words,
        "tanya": inputs.get("question", ""),
        "alasan": _reason(tx, case, inputs),
        "instansi": institution,
        "kontak": contact,
        "n": inputs.get("rating", ""),
    }


def reporter_buttons(tx: Transaction, key: str, case: Any) -> Buttons:
    """Beyond the buttons that a text always has: pictures of the finished work are shown on the tracking page."""
    if key != "st.answer" or not attachments.evidence(tx, case):
        return ()
    public_url = tx.office.settings.server.public_url
    return ((Button("button.photo", url=f"{public_url}/lacak/{case.number}"),),)


def _institution(tx: Transaction, inputs: Mapping[str, str]) -> tuple[str, Value]:
    """Name and public contact of the body that is responsible instead of us, by its code or name in the data."""
    given = inputs.get("institution", "")
    bodies = tx.office.reference.out_of_authority
    body = bodies.get(given) or next((one for one in bodies.values() if one.name == given), None)
    contact = inputs.get("contact") or (body.where_to_go if body else "")
    return (body.name if body else given), contact or Phrase("line.at_office")


def _reason(tx: Transaction, case: Any, inputs: Mapping[str, str]) -> Value:
    key = f"archive_reason.{case.archive_reason}"
    if case.archive_reason and tx.office.texts.has(key):
        return Phrase(key)
    # The text goes on behind it with a full stop of its own.
    return inputs.get("reason", "").rstrip(" .") or Phrase("archive_reason.none")


def _due(tx: Transaction, case: Any) -> Value:
    clock = tables.clock
    wanted = {Status.INCOMPLETE.value: "completion", Status.AWAITING_REPORTER.value: "auto_close"}.get(case.status)
    if wanted:
        running = (clock.c.complaint_id == case.id) & (clock.c.name == wanted) & clock.c.stopped_at.is_(None)
        row = tx.one(select(clock.c.due_at).where(running).order_by(clock.c.id.desc()).limit(1))
        if row:
            return _local_day(tx, row.due_at)
    return _local_day(tx, case.due_at) if case.due_at else ""


def _local_day(tx: Transaction, moment: datetime) -> date:
    return tx.office.calendar.local(moment).date()


def compose(
    tx: Transaction, key: str, case: Any, member: Member, channel: Channel, inputs: Mapping[str, str]
) -> tuple[str, Buttons]:
    """The message for one officer: what it is about, until when, and what they can press or open."""
    texts = tx.office.texts
    rows = deed_buttons(tx, key, cases.case_of(case), member) if channel.capabilities.buttons else ()
    says_all = key in SAYS_ALL and rows and not case.confidential and 0 < len(inputs.get("text", "")) <= EXCERPT
    link = "" if says_all or key not in OPENS_PAGE else _link(tx, case, member)
    values = _officer_values(tx, case, inputs, link)
    if channel.capabilities.gsm:
        words = template(tx, key, channel, inputs)
        if key in BRINGS_CODE and words.endswith(BY_SMS):
            values |= {
                "n": 1 + incidents.count(tx, case.id),
                "kode4": codes.issue(tx, Desk(case.id, member.id)),
            }
        return texts(words, **values), ()
    if link and channel.capabilities.buttons:
        rows = (*rows, (Button(texts("button.details"), url=link),))
    text = texts(template(tx, key, channel, inputs), **values)
    text = text if rows or not link else f"{text}\n{link}"
    asks = (
        invitation(tx, cases.case_of(case), member)
        if link and channel.hears and not channel.capabilities.proves
        else ""
    )
    return (f"{text}\n\n{asks}" if asks else text), rows


def invitation(tx: Transaction, case: Case, member: Member) -> str:
    """What an officer may reply to a mail about their task; empty where they can do nothing."""
    words = reply_words(tx, case, member)
    return tx.office.texts("officer.mail.invite", kata=words) if words else ""


def reply_words(tx: Transaction, case: Case, member: Member) -> str:
    """`TERIMA, KABAR, SELESAI`: the words of what this officer may do now."""
    possible = officer_page.forms_of(case, member) if door.is_theirs(tx, member, case) else ()
    return ", ".join(word.upper() for word in possible)


def line(
    tx: Transaction, key: str, case: Any, member: Member, inputs: Mapping[str, str], *, opens: bool
) -> tuple[str, str]:
    """The message as one of several lines, and the address where the task is worked on (empty unless `opens`)."""
    link = _link(tx, case, member) if opens and key in OPENS_PAGE else ""
    return tx.office.texts(template(tx, key, None, inputs), **_officer_values(tx, case, inputs, link)), link


def template(tx: Transaction, key: str, channel: Channel | None, inputs: Mapping[str, str]) -> str:
    """The text that a notice is worded by on a channel (None: any that takes long ones)."""
    words, has = NOTICES[key].text_key, tx.office.texts.has
    if channel is not None and channel.capabilities.gsm and has(words + BY_SMS):
        return words + BY_SMS
    # A pressed button or a photo brings no words that could be quoted.
    is_bare = not (inputs.get("reason") or inputs.get("text"))
    return f"{words}_bare" if is_bare and has(f"{words}_bare") else words


def _officer_values(tx: Transaction, case: Any, inputs: Mapping[str, str], link: str) -> dict[str, Any]:
    """Every fill-in that a text for an officer may ask for."""
    texts, shown = tx.office.texts, shown_to(Reader.NOTICE, case)
    # What was given to nobody yet lies with the coordinators.
    office = case.agency or directory.coordinator_agency(tx)
    return {
        "tiket": case.number,
        "nomor": plain(case.number),
        "topik": _topic(tx, case.topic),
        "kutipan": _excerpt(tx, inputs.get(ADDED) or shown.text) if shown.text else texts("staff.confidential"),
        "tautan": link,
        "kantor": directory.agency_names(tx).get(office, office),
        "alasan": _words(tx, case, inputs),
        "jam": _clock(inputs),
        "n": inputs.get("days", ""),
        "jabatan": _holder(tx, case),
        "tujuan": inputs.get("agency") or inputs.get("institution", ""),
        **_deadlines(tx, case),
    }


def _link(tx: Transaction, case: Any, member: Member) -> str:
    """Where this officer can work on it; whoever only has to know of it signs in."""
    if door.is_theirs(tx, member, cases.case_of(case)):
        return links.issue_page(tx, case.id, member.id)
    return f"{tx.office.settings.server.public_url}/admin/aduan/{case.number}"


def _clock(inputs: Mapping[str, str]) -> str:
    """The clock that a reminder is about, as its explanation calls it."""
    return NAMES[Clock(inputs["clock"])] if inputs.get("clock") else ""


def _holder(tx: Transaction, case: Any) -> str:
    """By position, not by name: a team answers, not a person."""
    holder = directory.member(tx, case.holder_id) if case.holder_id else None
    return tx.office.texts(f"label.role.{holder.role.value}" if holder else "staff.no_holder")


def _words(tx: Transaction, case: Any, inputs: Mapping[str, str]) -> str:
    """What was written with the event; of a confidential complaint that is content like its text."""
    words = inputs.get("reason") or inputs.get("text", "")
    return tx.office.texts("staff.confidential") if words and case.confidential else cut(words, EXCERPT)


def _excerpt(tx: Transaction, text: str) -> str:
    """The beginning of what was written; whoever vents their anger first is quoted from where they come to the point."""
    lexicon = tx.office.lexicon
    return cut(without_insults(text, lexicon.insults, lexicon.greetings) or text, EXCERPT)


def _deadlines(tx: Transaction, case: Any) -> dict[str, str]:
    clock = tables.clock
    running = {
        row.name: row.due_at
        for row in tx.all(
            select(clock.c.name, clock.c.due_at).where(clock.c.complaint_id == case.id, clock.c.stopped_at.is_(None))
        )
    }
    first = running.get("acceptance") or running.get("follow_up") or case.due_at or tx.now
    answer = running.get("follow_up") or running.get("second_answer") or running.get("resolution") or first
    return {
        "tgl1": day_text(_local_day(tx, first)),
        "tgl2": day_text(_local_day(tx, answer)),
        "tgl": day_text(_local_day(tx, answer)),
    }


def _topic(tx: Transaction, code: str) -> str:
    topic = tx.office.reference.topics.get(code)
    return topic.name if topic else tx.office.texts("staff.no_topic")


def deed_buttons(tx: Transaction, key: str, case: Case, member: Member) -> Buttons:
    """What this officer can do below this text as things stand."""
    possible: set[Action] = set()
    if key in BELOW and door.is_theirs(tx, member, case):
        possible = {FORMS[word] for word in officer_page.forms_of(case, member)}
    # Whoever sees to danger is of the duty list, whose complaint it need not be.
    actions = [action for action in BELOW.get(key, ()) if action in possible or action is Action.NOTE]
    buttons = [
        Button(tx.office.texts(LABELS[action]), data=links.issue_button(tx, case.id, member.id, action))
        for action in actions
    ]
    return beside(buttons)


def beside(buttons: Sequence[Button]) -> Buttons:
    """In rows, as many beside each other as a telephone shows whole."""
    return tuple(tuple(buttons[at : at + BESIDE_EACH_OTHER]) for at in range(0, len(buttons), BESIDE_EACH_OTHER))
