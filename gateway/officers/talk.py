"""Officers work in their chat by buttons in two steps: a button asks, words or a photo answer, a yes carries it out.

Forms, drafts, files and deeds are those of the officer's page: whoever begins here can end there (CASEWORK 11).
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from channels.messages import InboundMessage
from gateway.complaints import lifecycle
from gateway.complaints.complaint import Action, ActionRefused, Case
from gateway.complaints.inputs import check_inputs, folded, read_date
from gateway.conversation.wording import whole
from gateway.officer_links import door, drafts, links
from gateway.officer_links.drafts import Desk
from gateway.officer_links.links import Press
from gateway.officers import deeds as officer_deeds
from gateway.officers import lines, questions
from gateway.officers.deeds import ANSWER, UNDO, Form
from gateway.officers.lines import FIELD, Line
from gateway.officers.questions import Question, Step
from gateway.people import directory
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.queries import deeds, officer_page
from gateway.queries.officer_page import FORMS
from gateway.record import cases
from gateway.storage.store import Transaction

ACTION_BYTES = 12
TAPPED_TWICE = timedelta(seconds=10)
CONFIRMED = {"no_personal_data": "1"}
"""Whoever says yes below a preview has seen it as its reader will: nothing else is to be ticked in a chat."""
AS_IF_PROVEN = {"evidence": "1", **CONFIRMED}
"""Words are looked at before there is a photo: what is wrong with them is said first."""
TYPED: Mapping[str, Press] = {
    "batal": Press.DROP,
    "cancel": Press.DROP,
    "ya": Press.YES,
    "yes": Press.YES,
    "ubah": Press.CHANGE,
    "change": Press.CHANGE,
    "tanpa bukti": Press.UNPROVEN,
    "without evidence": Press.UNPROVEN,
}
"""Buttons may be typed."""
PRESSED_AT: Mapping[Press, frozenset[Step]] = {
    Press.YES: frozenset({Step.CONFIRM}),
    Press.CHANGE: frozenset({Step.CONFIRM}),
    Press.UNPROVEN: frozenset({Step.EVIDENCE}),
    Press.DROP: frozenset(Step),
}
DAY_FIRST = re.compile(r"\W*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})[\s,:;.-]*(.*)", re.DOTALL)
FEWEST_LETTERS = 4
"""Of a piece of an agency's name, to be sought in all names."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An officer in their chat, with one of their tasks."""

    tx: Transaction
    channel: str
    contact: Contact
    member: Member
    case: Case

    @property
    def desk(self) -> Desk:
        return Desk(self.case.id, self.member.id)

    def ask(self, word: str, step: Step, action_id: str) -> None:
        """What is asked now; buttons below what was asked before agree to nothing any more."""
        links.revoke_presses(self.tx, self.case.id, self.member.id)
        question = Question(self.desk, word, step, action_id, self.tx.now)
        questions.ask(self.tx, self.channel, self.contact.id, question)

    def end(self) -> None:
        links.revoke_presses(self.tx, self.case.id, self.member.id)
        questions.end(self.tx, self.desk)


def begin(seat: Seat, action: Action) -> Line:
    """A button that needs words was pressed."""
    word = next(word for word, known in FORMS.items() if known is action)
    standing = questions.of(seat.tx, seat.desk)
    if standing and _is_repeated(standing, word, seat.tx.now):
        return Line("officer.asked", "", stays=False)
    try:
        _step(seat, word)
    except ActionRefused as refusal:
        return lines.refused(seat.tx, seat.case, word, refusal)
    return _ask(seat, word, _first(word), _action_id(seat, word, standing))


def _is_repeated(standing: Question, word: str, now: datetime) -> bool:
    """Whether this was asked a moment ago: phones send a press twice."""
    return (standing.word, standing.step) == (word, _first(word)) and now - standing.asked_at < TAPPED_TWICE


def _action_id(seat: Seat, word: str, standing: Question | None) -> str:
    """That of the draft, or of what was asked before: photos that were sent already are found by it."""
    if draft := drafts.read(seat.tx, seat.desk).get(word):
        return draft.action_id
    return standing.action_id if standing and standing.word == word else secrets.token_urlsafe(ACTION_BYTES)


def _step(seat: Seat, word: str) -> lifecycle.Step:
    """The rule of the life cycle; `ActionRefused` where the task does not allow it now."""
    return lifecycle.step_of(seat.case, FORMS[word], seat.member.role)


def _first(word: str) -> Step:
    return Step.TARGET if word == "bukan" else Step.WORDS


def _ask(seat: Seat, word: str, step: Step, action_id: str) -> Line:
    seat.ask(word, step, action_id)
    return lines.question(seat.tx, seat.case, seat.member, word, step)


def answer(seat: Seat, question: Question, message: InboundMessage) -> Line:
    """Words or photos that answer the open question; what does not do leaves it open, and says why."""
    if not door.may_work_on(seat.tx, seat.member, seat.case):
        seat.end()
        return lines.plain(seat.tx, "officer.moved", seat.case)
    press = TYPED.get(whole(message.text)) if not message.attachments else None
    if press and question.step in PRESSED_AT[press]:
        return decide(seat, press)
    try:
        return _take(seat, question, message)
    except ActionRefused as refusal:
        line = lines.refused(seat.tx, seat.case, question.word, refusal)
        if not line.stays:  # not the words are wrong: the task no longer allows it
            seat.end()
        return line


def _take(seat: Seat, question: Question, message: InboundMessage) -> Line:
    if message.attachments:
        trouble = _keep_photos(seat, question, message)
        if trouble or not message.text:
            return trouble or _go_on(seat, question, _typed(seat, question))
    if not message.text.strip():
        return lines.plain(seat.tx, "officer.words_only", seat.case)
    taken = TAKEN[question.step](seat, question, message.text.strip())
    if isinstance(taken, Line):
        return taken
    drafts.keep(seat.tx, seat.desk, question.word, question.action_id, taken)
    return _go_on(seat, question, taken)


def _keep_photos(seat: Seat, question: Question, message: InboundMessage) -> Line | None:
    """Why they are of no use here; None when they are kept."""
    if question.word != ANSWER:
        return lines.plain(seat.tx, "officer.no_photo", seat.case)
    photos = [ref for ref in message.attachments if ref.media_type.startswith("image/")]
    if not photos:
        return lines.plain(seat.tx, "officer.photo_only", seat.case)
    officer_deeds.keep_files(seat.tx, seat.member, seat.case, question.action_id, photos, seat.channel)
    return None


def _typed(seat: Seat, question: Question) -> dict[str, str]:
    """What they wrote so far, if it belongs to this question."""
    draft = drafts.read(seat.tx, seat.desk).get(question.word)
    return dict(draft.values) if draft and draft.action_id == question.action_id else {}


def _go_on(seat: Seat, question: Question, typed: Mapping[str, str]) -> Line:
    """The next thing that is missing, or the preview."""
    files = officer_deeds.files_of(seat.tx, seat.member, seat.case.id, question.action_id)
    step = _missing(question.word, typed, files)
    if step is not Step.CONFIRM:
        return _ask(seat, question.word, step, question.action_id)
    _check(seat, question.word, dict(typed), proven=bool(files))
    seat.ask(question.word, step, question.action_id)
    return lines.preview(seat.tx, seat.case, seat.member, question.word, typed, files)


def _missing(word: str, typed: Mapping[str, str], files: int) -> Step:
    if word == "bukan" and not typed.get("target"):
        return Step.TARGET
    if not typed.get(FIELD[word]):
        return Step.WORDS
    if word == ANSWER and not files and not typed.get("no_evidence_reason"):
        return Step.EVIDENCE
    return Step.CONFIRM


def _check(seat: Seat, word: str, typed: Mapping[str, str], *, proven: bool = True) -> None:
    """`ActionRefused` for what would be refused after the yes."""
    tx = seat.tx
    inputs = officer_deeds.inputs_of(tx.office, typed) | (AS_IF_PROVEN if proven and word == ANSWER else CONFIRMED)
    check_inputs(_step(seat, word), inputs, today=tx.today, calendar=tx.office.calendar)


def _words(seat: Seat, question: Question, text: str) -> Mapping[str, str] | Line:
    typed = _typed(seat, question) | {FIELD[question.word]: text}
    if question.word == "waktu":
        found = DAY_FIRST.fullmatch(text)
        day = read_date(found[1]) if found else None
        typed |= {"date": day.isoformat() if day else "", "reason": found[2] if found else text}
        if found and day is None:
            raise ActionRefused("unknown_value", "no such day", "date")
    _check(seat, question.word, typed)
    return typed


def _target(seat: Seat, question: Question, text: str) -> Mapping[str, str] | Line:
    """The agency or the body elsewhere that they named by its code, its name, or a piece of the name that only one has."""
    others, bodies = officer_page.others(seat.tx, seat.case), officer_page.institutions(seat.tx)
    known = [(f"opd:{code}", code, name) for code, name in others] + [
        (f"luar:{code}", code, name) for code, name in bodies
    ]
    wanted = folded(text).casefold().rstrip(".")
    exact = [place for place, code, name in known if wanted in {code.casefold(), name.casefold()}]
    pieces = [place for place, _, name in known if len(wanted) >= FEWEST_LETTERS and wanted in name.casefold()]
    found = exact or pieces
    if len(found) != 1:
        codes = ", ".join(code for code, _ in others)
        return replace(lines.plain(seat.tx, "officer.no_target", seat.case, kode=codes), stays=True)
    return _typed(seat, question) | {"target": found[0]}


def _only_photos(seat: Seat, question: Question, _: str) -> Mapping[str, str] | Line:
    return _ask(seat, question.word, Step.EVIDENCE, question.action_id)


def _reason(seat: Seat, question: Question, text: str) -> Mapping[str, str] | Line:
    typed = _typed(seat, question) | {"no_evidence_reason": text}
    _check(seat, question.word, typed)
    return typed


TAKEN: Mapping[Step, Callable[[Seat, Question, str], Mapping[str, str] | Line]] = {
    Step.TARGET: _target,
    Step.WORDS: _words,
    Step.EVIDENCE: _only_photos,
    Step.REASON: _reason,
    Step.CONFIRM: _words,
}
"""How words are taken at each step: what stands in the form then, or what is said instead."""


def decide(seat: Seat, press: Press) -> Line:
    """A button below one of our questions, pressed or typed."""
    question = questions.of(seat.tx, seat.desk)
    if question is None or question.step not in PRESSED_AT[press]:
        return lines.plain(seat.tx, "officer.over", seat.case)
    return DECIDED[press](seat, question)


def _send(seat: Seat, question: Question) -> Line:
    tx, word, typed = seat.tx, question.word, _typed(seat, question)
    seat.end()
    if not typed:
        return lines.plain(tx, "officer.over", seat.case)
    files = officer_deeds.files_of(tx, seat.member, seat.case.id, question.action_id)
    if files:
        typed.pop("no_evidence_reason", None)
    inputs = officer_deeds.inputs_of(tx.office, typed) | CONFIRMED
    form = Form(word, question.action_id, inputs, typed, means="chat")
    try:
        before = officer_deeds.act(tx, "", seat.member, seat.case, form)
    except ActionRefused as refusal:
        return lines.refused(tx, seat.case, word, refusal)
    if before is not None:
        return lines.done_before(tx, before.role, before.agency, before.at)
    return lines.sent(tx, seat.case, word)


def _change(seat: Seat, question: Question) -> Line:
    return _ask(seat, question.word, _first(question.word), question.action_id)


def _drop(seat: Seat, question: Question) -> Line:
    """Nothing of it is kept, unless nothing was written here yet: then the draft is that of the page."""
    has_draft = question.word in drafts.read(seat.tx, seat.desk)
    if question.step is not _first(question.word) or not has_draft:
        drafts.drop(seat.tx, seat.desk, question.word)
        officer_deeds.drop_files(seat.tx, seat.member, seat.case.id, question.action_id)
    seat.end()
    return lines.plain(seat.tx, "officer.dropped", seat.case)


def _unproven(seat: Seat, question: Question) -> Line:
    return _ask(seat, question.word, Step.REASON, question.action_id)


DECIDED: Mapping[Press, Callable[[Seat, Question], Line]] = {
    Press.YES: _send,
    Press.CHANGE: _change,
    Press.DROP: _drop,
    Press.UNPROVEN: _unproven,
}


TAKES_BACK = frozenset({"urung", "urungkan", "undo"})


def undo(tx: Transaction, mandates: Sequence[Member]) -> Line:
    """URUNG: take back the newest thing that this officer sent, here or by their page, while it can be."""
    known = {member.id: member for member in mandates}
    for desk in drafts.sent_lately(tx, list(known)):
        member, case = known[desk.member_id], cases.by_id(tx, desk.complaint_id)
        deed = deeds.newest(tx, desk.complaint_id)
        if case is None or deed is None or deed.undo_until is None or not deed.is_by(member.actor):
            continue
        form = Form(UNDO, secrets.token_urlsafe(ACTION_BYTES), {}, means="chat")
        officer_deeds.act(tx, "", member, case, form)
        return lines.undone(tx, cases.by_id(tx, case.id) or case)
    return lines.plain(tx, "officer.nothing_to_undo")


def seat_at(tx: Transaction, channel: str, contact: Contact, question: Question) -> Seat | None:
    """Who was asked; None where that mandate or complaint is no more."""
    mandates = directory.members_of(tx, contact.id)
    member = next((one for one in mandates if one.id == question.desk.member_id), None)
    case = cases.by_id(tx, question.desk.complaint_id)
    return Seat(tx, channel, contact, member, case) if member and case else None
