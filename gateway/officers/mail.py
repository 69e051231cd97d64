"""What officers do by mail: they reply to our mail about a task, `TERIMA`, `KABAR isi`, `SELESAI isi`; a YA sends it.

Forms, drafts, files and deeds are those of the page and of chats (gateway/officers/talk.py). Who a mail is from, a
header only claims: it acts when the address wrote to which our mail went, and the reply address or the office's own
server proves it. What cannot be matched to a task becomes one for a person; it is never a complaint and never lost.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from msgspec import structs

from channels.messages import InboundMessage
from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, Case
from gateway.conversation.wording import whole
from gateway.dialogue import facts
from gateway.notices import staff_texts
from gateway.officer_links import door, links
from gateway.officers import deeds, lines, questions, talk
from gateway.officers.lines import Line
from gateway.officers.questions import Question, Step
from gateway.officers.talk import PRESSED_AT, TYPED, Seat
from gateway.people import attempts, directory
from gateway.people.attempts import Limit
from gateway.people.contacts import Contact
from gateway.privacy.privacy import masked_text
from gateway.queries.officer_page import FORMS
from gateway.record import cases, tasks
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, id_text

ORDERS: Mapping[str, str] = {
    "kabar": "kabar",
    "progress": "kabar",
    "tanya": "tanya",
    "ask": "tanya",
    "waktu": "waktu",
    "time": "waktu",
    "bukan": "bukan",
    "selesai": "selesai",
    "done": "selesai",
}
"""First word of a reply -> form of the officer's page."""
ACCEPTS = frozenset({"terima", "saya terima", "terima dan kerjakan", "terima & kerjakan", "accept"})
"""Alone on the first line: "terima kasih" accepts nothing."""
FIRST_WORD = re.compile(r"\s*([A-Za-z]+)\b[\s:.,;-]*(.*)", re.DOTALL)
PLACE_FIRST = re.compile(r"(\S+)[\s:.,;-]+(.+)", re.DOTALL)
TO_STAFF = ("pic.", "officer.", "duty.", "sup.", "link.", "task.")
"""How the keys of texts to officers begin; whoever is one replies to what they read as a citizen, too."""
ASKED = ("officer.ask.", "officer.preview", "officer.problem", "officer.no_", "officer.words", "officer.photo")
PROVEN, UNPROVEN, BY_ADDRESS = "verified", "unverified", "by_address"
MOST_LINES = ((timedelta(hours=1), 30), (timedelta(days=1), 100))
MOST_REFUSALS = ((timedelta(hours=1), 3), (timedelta(days=1), 10))
"""So often somebody is told that we did not understand: their automatic answers must not go round in circles."""
VALID = timedelta(days=links.VALID_DAYS)


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply to a mail of ours about a task. `sent` is the row of that mail (`facts.outbox_row`)."""

    tx: Transaction
    channel: str
    contact: Contact
    message: InboundMessage
    sent: Any

    @property
    def first_line(self) -> str:
        return whole(self.message.text.strip().partition("\n")[0])


def take(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> Line | None:
    """Carry out a reply; what its sender is told. None where it is no reply to a mail to an officer."""
    sent = facts.outbox_row(tx, channel, message.reply_to)
    if sent is None or not sent.staff or not sent.key.startswith(TO_STAFF):
        return None
    letter = Letter(tx, channel, contact, message, sent)
    case = cases.by_id(tx, sent.complaint_id) if sent.complaint_id else None
    trouble = _trouble(letter, case)
    if trouble:
        return _refused(letter, trouble, case)
    mandates = directory.members_of(tx, contact.id)
    if letter.first_line in talk.TAKES_BACK:
        return _told(letter, replace(talk.undo(tx, mandates), stays=True))
    if case is None:
        return _refused(letter, "several", None)
    member = next((one for one in mandates if door.may_work_on(tx, one, case)), None)
    if member is None or links.revoked_since(tx, case.id, _written_at(letter)):
        return _refused(letter, "not_yours", case)
    return _told(letter, _obeyed(letter, Seat(tx, channel, contact, member, case)))


def _trouble(letter: Letter, case: Case | None) -> str:
    """Why this sender may not act by this reply; empty where they may."""
    flags = letter.message.flags
    if letter.sent.contact_id != letter.contact.id:
        return "stranger"
    if UNPROVEN in flags or not flags & {PROVEN, BY_ADDRESS}:
        return "unproven"
    return "old" if case is not None and letter.tx.now - _written_at(letter) > VALID else ""


def _written_at(letter: Letter) -> Any:
    return from_millis(letter.sent.created_at)


def _obeyed(letter: Letter, seat: Seat) -> Line:
    message, question = letter.message, questions.of(seat.tx, seat.desk)
    if question is not None and letter.sent.key.startswith(ASKED):
        return _answered(seat, question, letter)
    if letter.first_line in ACCEPTS:
        return _accepted(seat, letter)
    found = FIRST_WORD.fullmatch(message.text)
    word = ORDERS.get(found[1].casefold(), "") if found else ""
    if found and word:
        return _begun(seat, word, structs.replace(message, text=found[2].strip()))
    if question is not None:
        return _answered(seat, question, letter)
    return _refused(letter, "help", seat.case, kata=staff_texts.reply_words(seat.tx, seat.case, seat.member))


def _accepted(seat: Seat, letter: Letter) -> Line:
    """The one deed that needs no words."""
    tx, case = seat.tx, seat.case
    key = hashlib.sha256(letter.message.external_id.encode()).hexdigest()[:40]
    try:
        moved = casework.apply(tx, Action.START, case, seat.member.actor, key=f"mail:{key}")
    except ActionRefused as refusal:
        before = deeds.done_before(tx, case, Action.START, seat.member)
        if before is not None:
            return lines.done_before(tx, before.role, before.agency, before.at)
        return lines.refused(tx, case, "terima", refusal)
    done = lines.plain(tx, "officer.done", case, jam=lines.clock(tx, tx.now))
    invitation = staff_texts.invitation(tx, moved, seat.member)
    return replace(done, text=f"{done.text}\n\n{invitation}" if invitation else done.text)


def _begun(seat: Seat, word: str, message: InboundMessage) -> Line:
    """An order: its form is opened, and what stands behind the word fills it."""
    line = talk.begin(seat, FORMS[word])
    question = questions.of(seat.tx, seat.desk)
    if question is None or question.word != word:
        return line
    place = PLACE_FIRST.fullmatch(message.text) if question.step is Step.TARGET else None
    if place:
        line = talk.answer(seat, question, structs.replace(message, text=place[1], attachments=()))
        question, message = questions.of(seat.tx, seat.desk), structs.replace(message, text=place[2])
        if question is None or question.step is not Step.WORDS:
            return _with_hint(seat, line)
    if message.text or _photos(question, message):
        line = talk.answer(seat, question, _fitting(question, message))
    elif not line.text:
        line = lines.question(seat.tx, seat.case, seat.member, word, question.step)
    return _with_hint(seat, line)


def _answered(seat: Seat, question: Question, letter: Letter) -> Line:
    """An answer to our question. Below a YA stands whatever a mail program puts below every mail."""
    message = letter.message
    press = TYPED.get(letter.first_line)
    if press and question.step in PRESSED_AT[press]:
        words = message.text.strip().partition("\n")[0]
        message = structs.replace(message, text=words, attachments=())
    return _with_hint(seat, talk.answer(seat, question, _fitting(question, message)))


def _fitting(question: Question, message: InboundMessage) -> InboundMessage:
    """Pictures count where photos are wanted; elsewhere they are the logos of somebody's letterhead."""
    return message if _photos(question, message) else structs.replace(message, attachments=())


def _photos(question: Question, message: InboundMessage) -> bool:
    return question.word == deeds.ANSWER and bool(message.attachments)


def _with_hint(seat: Seat, line: Line) -> Line:
    """What to reply, for there are no buttons in a mail; what is to be sent can be looked at on the page, too."""
    question = questions.of(seat.tx, seat.desk)
    if question is None:
        return line
    texts = seat.tx.office.texts
    hint = texts(f"officer.mail.{question.step.value}")
    if question.step is Step.CONFIRM:
        hint = f"{hint}\n{links.issue_page(seat.tx, seat.case.id, seat.member.id)}"
    return replace(line, text=f"{line.text}\n\n{hint}", buttons=())


def _told(letter: Letter, line: Line) -> Line:
    """Said, unless so much was said that only a machine can be answering."""
    return line if _counted(letter, "all", MOST_LINES) else replace(line, text="", stays=False)


def _refused(letter: Letter, why: str, case: Case | None, **values: str) -> Line:
    """Nothing was done: its words go to a person, and its sender reads so, but not over and over."""
    is_new = _counted(letter, "not", MOST_REFUSALS)
    _pass_on(letter, letter.message.external_id if is_new else f"mail:{id_text(letter.contact.id)}", case)
    key = f"officer.mail.{why}"
    # To whoever has no part in it no number is told.
    shown = None if why in {"stranger", "several"} else case
    line = replace(lines.plain(letter.tx, key, shown, **values), stays=True)
    return line if is_new else replace(line, text="", stays=False)


def _counted(letter: Letter, what: str, most: tuple[tuple[timedelta, int], ...]) -> bool:
    subject = f"officer-mail:{what}:{id_text(letter.contact.id)}"
    limits = [Limit(f"{subject}:{span.days}", span, number) for span, number in most]
    if attempts.left(letter.tx, limits) <= 0:
        return False
    attempts.failed(letter.tx, limits)
    return True


def _pass_on(letter: Letter, subject: str, case: Case | None) -> None:
    tx = letter.tx
    mandates = directory.members_of(tx, letter.contact.id)
    who = ", ".join(f"{tx.office.texts(f'label.role.{one.role.value}')} {one.agency}" for one in mandates)
    detail = f"{who or tx.office.texts('officer.mail.nobody')}: {masked_text(letter.message.text)}"
    tasks.add(tx, tasks.OFFICER_REPLY, subject, detail, case.id if case else None)
