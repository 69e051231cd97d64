"""What officers are told in a chat while they work by buttons: questions, previews, results, refusals. One key each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from channels.messages import Button
from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import ActionRefused, Case
from gateway.complaints.inputs import limits_of, read_date
from gateway.complaints.masking import mask
from gateway.complaints.notices import NOTICES, Audience
from gateway.office import Office
from gateway.officer_links import links
from gateway.officer_links.links import Press
from gateway.officers import refusals
from gateway.officers.questions import Step
from gateway.outbound.outbound import Buttons
from gateway.people import directory
from gateway.people.directory import Member
from gateway.queries.officer_page import FORMS
from gateway.storage.store import Transaction
from gateway.timing.quiet import quiet_until

FIELD: Mapping[str, str] = {
    "selesai": "explanation",
    "kabar": "note",
    "tanya": "question",
    "waktu": "reason",
    "bukan": "reason",
}
"""Which field of a form the officer's words fill."""
ANSWERED_BY: Mapping[Step, tuple[Press, ...]] = {
    Step.EVIDENCE: (Press.UNPROVEN, Press.DROP),
    Step.CONFIRM: (Press.YES, Press.CHANGE, Press.DROP),
}
LABELS: Mapping[Press, str] = {
    Press.YES: "officer.button.yes",
    Press.CHANGE: "officer.button.change",
    Press.DROP: "officer.button.drop",
    Press.UNPROVEN: "officer.button.unproven",
}
SENT = "officer.sent."
IN_MINUTES_S = 120
"""Shorter windows are told in seconds, and their end to the second."""
LEAVES: Mapping[str, tuple[str, Audience]] = {
    "selesai": ("st.answer", Audience.REPORTER),
    "bukan": ("task.oota", Audience.COORDINATOR),
}
"""What can be taken back: the notice that waits as long, and who reads it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said. `stays`: as a message of the chat; else it only shows up for a moment where a button was pressed."""

    key: str
    text: str
    buttons: Buttons = ()
    stays: bool = True
    complaint_id: int | None = None


def question(tx: Transaction, case: Case, member: Member, word: str, step: Step) -> Line:
    """Ask for words, a target, a photo or a reason; names the task and the limits."""
    key = f"officer.ask.{word}" if step is Step.WORDS else f"officer.ask.{step.value}"
    name = "no_evidence_reason" if step is Step.REASON else FIELD[word]
    least, most = limits_of(FORMS[word], name) or (0, 0)
    text = tx.office.texts(key, tiket=case.number, least=least, most=most)
    return Line(key, text, presses(tx, case, member, step), complaint_id=case.id)


def presses(tx: Transaction, case: Case, member: Member, step: Step) -> Buttons:
    """The buttons that answer this step, in one row."""
    row = [
        Button(tx.office.texts(LABELS[press]), data=links.issue_button(tx, case.id, member.id, press))
        for press in ANSWERED_BY.get(step, ())
    ]
    return (tuple(row),) if row else ()


def preview(tx: Transaction, case: Case, member: Member, word: str, typed: Mapping[str, str], files: int) -> Line:
    """What will be sent, as its reader will see it: personal data covered, nothing of a confidential report quoted."""
    texts, masked = tx.office.texts, mask(typed[FIELD[word]])
    day = read_date(typed.get("date", ""))
    values = {
        "tiket": case.number,
        "kutipan": texts("officer.unquoted") if case.confidential else masked.text,
        "tgl": day_text(day) if day else "",
        "tujuan": target_name(tx, typed.get("target", "")),
    }
    text = texts(f"officer.preview.{word}", **values)
    if files:
        text += texts("officer.preview.files", n=files)
    elif reason := typed.get("no_evidence_reason"):
        said = texts("officer.unquoted") if case.confidential else mask(reason).text
        text += texts("officer.preview.unproven", alasan=said)
    if masked.found:
        text = f"{text} {texts('officer.preview.masked')}"
    return Line("officer.preview", text, presses(tx, case, member, Step.CONFIRM), complaint_id=case.id)


def target_name(tx: Transaction, target: str) -> str:
    """`opd:PUPR`, `luar:PLN` -> how people call it."""
    where, _, code = target.partition(":")
    if where == "luar":
        body = tx.office.reference.out_of_authority.get(code)
        return body.name if body else code
    return directory.agency_names(tx).get(code, code)


def sent(tx: Transaction, case: Case, word: str, *, by_sms: bool = False) -> Line:
    """It was carried out; when it leaves, and how it is taken back while it can be. `by_sms`: without any proof."""
    if word not in LEAVES:
        return plain(tx, f"{SENT}{word}", case)
    texts, undo_s = tx.office.texts, round(tx.office.settings.casework.undo_s)
    notice, reader = LEAVES[word]
    leaves = tx.now + timedelta(seconds=undo_s)
    leaves = quiet_until(tx, NOTICES[notice], reader, leaves) or leaves
    day = tx.office.calendar.local(leaves).date()
    name = f"{SENT}{word}_sms" if by_sms else f"{SENT}{word}"
    key = name if day == tx.today else f"{name}_later"
    text = texts(key, tiket=case.number, jam=clock(tx, leaves), tgl=day_text(day))
    if window := undo_window(tx.office):
        text = f"{text} {texts('officer.undo_hint_sms' if by_sms else 'officer.undo_hint', lama=window)}"
    return Line(key, text, complaint_id=case.id)


def undo_window(office: Office, language: str = "id") -> str:
    """How long an answer can be taken back: `10 menit`, `30 detik`; empty where it cannot."""
    undo_s = round(office.settings.casework.undo_s)
    if not undo_s:
        return ""
    if undo_s < IN_MINUTES_S:
        return office.texts("link.preview.seconds", language, n=undo_s)
    return office.texts("link.preview.minutes", language, n=round(undo_s / 60))


def done_before(tx: Transaction, role: str, agency: str, at: datetime) -> Line:
    position = tx.office.texts(f"label.role.{role}")
    return plain(tx, "officer.again", jabatan=position[:1].lower() + position[1:], kantor=agency, jam=clock(tx, at))


def undone(tx: Transaction, case: Case) -> Line:
    state = tx.office.texts(f"label.status.{case.status.value}")
    return replace(plain(tx, "officer.undone", case, keadaan=state), stays=True)


def plain(tx: Transaction, key: str, case: Case | None = None, **values: str) -> Line:
    """A sentence that needs nothing further and need not stay."""
    number = {"tiket": case.number} if case else {}
    return Line(key, tx.office.texts(key, **number, **values), stays=False, complaint_id=case.id if case else None)


def refused(tx: Transaction, case: Case, word: str, refusal: ActionRefused) -> Line:
    """The same sentence as on the officer's page, where the words are to be blamed."""
    about_words = refusals.about_words(tx.office, refusal, word)
    if about_words:
        return Line("officer.problem", about_words, complaint_id=case.id)
    if refusal.code == "held":
        return plain(tx, "link.held")
    state = tx.office.texts(f"label.status.{case.status.value}")
    action = tx.office.texts(f"label.action.{FORMS[word].value}")
    return plain(tx, "link.refused", keadaan=state.lower(), aksi=action)


def clock(tx: Transaction, moment: datetime) -> str:
    return f"{tx.office.calendar.local(moment):%H.%M}"
