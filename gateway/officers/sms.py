"""What officers do by SMS: `TL 260001284 4711 TERIMA`, `… KABAR isi`, `… SELESAI isi`; the answer brings the next code.

Every refusal is a sentence that says what to do. What cannot be matched to a task becomes one for a person, with its
words; it is never a complaint and never lost (CASEWORK 11).
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from channels.messages import InboundMessage
from gateway.complaints.complaint import ActionRefused, Case
from gateway.complaints.number import WrongCheckDigit, plain, read_number
from gateway.officer_links import codes, door
from gateway.officer_links.codes import MOST_WRONG, Judged
from gateway.officer_links.drafts import Desk
from gateway.officers import deeds, lines, refusals
from gateway.officers.deeds import ANSWER, Form
from gateway.officers.lines import FIELD, Line
from gateway.people import attempts, directory
from gateway.people.attempts import Limit
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.privacy.privacy import masked_text
from gateway.record import cases, tasks
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

ORDER = re.compile(
    r"\s*tl[\s.:,-]+(?P<number>(?:[a-z]{2,5}[\s-]*)?\d[\d\s-]*?)(?:[\s.,:-]+(?P<code>\d{4}))?"
    r"(?:[\s.,:-]+(?P<word>[a-z]+)\b[\s.,:-]*(?P<rest>.*))?\s*",
    re.IGNORECASE | re.DOTALL,
)
WORDS: Mapping[str, str] = {"terima": "terima", "kabar": "kabar", "selesai": "selesai"}
"""Written word -> form of the officer's page."""
NEW_CODE = "kode"
HOUR = timedelta(hours=1)
MOST_CODES = 3
"""New codes that an officer may ask for in an hour, per task."""
MOST_STRANGERS = 3
"""Answers in an hour to a number that is no officer's: each of them costs."""
ACTION_BYTES = 12


@dataclass(frozen=True, slots=True)
class Order:
    """`number` as typed; `word` in small letters; empty where nothing stood there."""

    number: str
    code: str
    word: str
    rest: str
    text: str


@dataclass(frozen=True, slots=True)
class Seat:
    """The officer with the task that they named."""

    tx: Transaction
    member: Member
    case: Case

    @property
    def desk(self) -> Desk:
        return Desk(self.case.id, self.member.id)


def read(text: str) -> Order | None:
    """An order as officers type it; None for words that only begin like one."""
    found = ORDER.fullmatch(text)
    if not found:
        return None
    return Order(
        found["number"].strip(),
        found["code"] or "",
        (found["word"] or "").casefold(),
        (found["rest"] or "").strip(),
        text.strip(),
    )


def take(tx: Transaction, contact: Contact, message: InboundMessage) -> Line | None:
    """Carry out an order of an officer; what they are told. None where it is none."""
    order = read(message.text) if not message.attachments else None
    if order is None:
        return None
    number = read_number(order.number, tx.office.settings.government.ticket_prefix)
    if isinstance(number, WrongCheckDigit) or number is None:
        return _say(tx, "officer.sms.number")
    seat = _seat(tx, contact, number)
    if seat is None:
        _pass_on(tx, message, order, cases.by_number(tx, number), directory.members_of(tx, contact.id))
        return _say(tx, "officer.sms.not_yours", tiket=number)
    if order.word == NEW_CODE and not order.code:
        return _new_code(seat)
    return _judged(seat, order, message)


def _seat(tx: Transaction, contact: Contact, number: str) -> Seat | None:
    case = cases.by_number(tx, number)
    if case is None:
        return None
    mandates = directory.members_of(tx, contact.id)
    return next((Seat(tx, one, case) for one in mandates if door.may_work_on(tx, one, case)), None)


def _judged(seat: Seat, order: Order, message: InboundMessage) -> Line:
    tx, case = seat.tx, seat.case
    if not order.code:
        return _help(tx, case)
    match codes.judge(tx, seat.desk, order.code):
        case Judged.FITS:
            return _obeyed(seat, order)
        case Judged.USED:
            return _say(tx, "officer.sms.used", case)
        case Judged.WRONG:
            return _say(tx, "officer.sms.wrong", case, nomor=plain(case.number))
        case _:
            _pass_on(tx, message, order, case, [seat.member])
            return _say(tx, "officer.sms.revoked", case, n=str(MOST_WRONG), nomor=plain(case.number))


def _obeyed(seat: Seat, order: Order) -> Line:
    """The code fits; it is spent only when the deed is done."""
    tx, case = seat.tx, seat.case
    word = WORDS.get(order.word, "")
    if not word:
        return _help(tx, case)
    typed = _typed(tx, word, order.rest)
    form = Form(word, secrets.token_urlsafe(ACTION_BYTES), typed, typed, means="sms")
    try:
        before = deeds.act(tx, "", seat.member, case, form)
    except ActionRefused as refusal:
        return _refused(seat, word, refusal)
    if before is not None:
        return replace(lines.done_before(tx, before.role, before.agency, before.at), stays=True)
    codes.use(tx, seat.desk)
    return _done(seat, word)


def _typed(tx: Transaction, word: str, rest: str) -> dict[str, str]:
    """The fields of the form. Nobody can add a photo to an SMS: that there is none is said with the answer."""
    if word not in FIELD:
        return {}
    unproven = {"no_evidence_reason": tx.office.texts("officer.sms.unproven")} if word == ANSWER else {}
    return {FIELD[word]: rest, **unproven}


def _done(seat: Seat, word: str) -> Line:
    tx, case = seat.tx, cases.by_id(seat.tx, seat.case.id) or seat.case
    if word == ANSWER:
        return lines.sent(tx, case, word, by_sms=True)
    jam = lines.clock(tx, tx.now)
    done = tx.office.texts("officer.done" if word == "terima" else f"officer.sent.{word}", tiket=case.number, jam=jam)
    return Line(f"officer.sms.{word}", f"{done} {_next_code(seat)}", complaint_id=case.id)


def _next_code(seat: Seat) -> str:
    return seat.tx.office.texts("officer.sms.next", kode=codes.issue(seat.tx, seat.desk))


def undone(tx: Transaction, contact: Contact, line: Line) -> Line:
    """Whoever took an answer back writes it again: with a new code."""
    case = cases.by_id(tx, line.complaint_id) if line.complaint_id else None
    seat = _seat(tx, contact, case.number) if case else None
    return replace(line, text=f"{line.text} {_next_code(seat)}") if seat else line


def _refused(seat: Seat, word: str, refusal: ActionRefused) -> Line:
    """In the words of the page where they do; a code that was not spent goes on."""
    tx, texts = seat.tx, seat.tx.office.texts
    if refusal.code == "personal_data":
        return _say(tx, "officer.sms.personal_data", seat.case)
    about = refusals.about_words(tx.office, refusal, word)
    if about:
        return Line("officer.problem", f"{about} {texts('officer.sms.same_code')}", complaint_id=seat.case.id)
    return replace(lines.refused(tx, seat.case, word, refusal), stays=True)


def _new_code(seat: Seat) -> Line:
    """To the officer's own number, whoever asks in its name."""
    tx, case = seat.tx, seat.case
    limits = [Limit(f"sms-code:{id_text(case.id)}:{id_text(seat.member.id)}", HOUR, MOST_CODES)]
    if not attempts.begin(tx, limits):
        return _say(tx, "officer.sms.too_many", case)
    attempts.failed(tx, limits)
    code = codes.issue(tx, seat.desk)
    return _say(tx, "officer.sms.code", case, kode=code, nomor=plain(case.number))


def broken(tx: Transaction, contact: Contact, message: InboundMessage) -> Line | None:
    """An order with gaps is not carried out; what came of it is for a person. None where it is none."""
    order = read(message.text)
    if order is None:
        return None
    number = read_number(order.number, tx.office.settings.government.ticket_prefix)
    case = cases.by_number(tx, number) if isinstance(number, str) else None
    _pass_on(tx, message, order, case, directory.members_of(tx, contact.id))
    return _say(tx, "officer.sms.broken")


def stranger(tx: Transaction, contact: Contact, message: InboundMessage) -> Line | None:
    """An order from a number that is no officer's: nothing of it is done, a person sees it. None where it is none."""
    order = read(message.text)
    if (
        order is None
        or not order.code
        or read_number(order.number, tx.office.settings.government.ticket_prefix) is None
    ):
        return None
    _pass_on(tx, message, order, None, ())
    limits = [Limit(f"sms-stranger:{id_text(contact.id)}", HOUR, MOST_STRANGERS)]
    if not attempts.begin(tx, limits):
        return Line("officer.sms.stranger", "", stays=False)
    attempts.failed(tx, limits)
    return _say(tx, "officer.sms.stranger")


def _pass_on(
    tx: Transaction, message: InboundMessage, order: Order, case: Case | None, mandates: Sequence[Member]
) -> None:
    """Its words to the coordinator; without the code, and not shown to whoever may not see that complaint."""
    who = ", ".join(f"{tx.office.texts(f'label.role.{one.role.value}')} {one.agency}" for one in mandates)
    said = order.text.replace(order.code, "****", 1) if order.code else order.text
    detail = f"{who or tx.office.texts('officer.sms.nobody')}: {masked_text(said)}"
    tasks.add(tx, tasks.OFFICER_REPLY, message.external_id, detail, case.id if case else None)


def _help(tx: Transaction, case: Case) -> Line:
    return _say(tx, "officer.sms.help", case, nomor=plain(case.number))


def _say(tx: Transaction, key: str, case: Case | None = None, **values: str) -> Line:
    return replace(lines.plain(tx, key, case, **values), stays=True)
