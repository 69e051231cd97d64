"""What officers do on a channel: press a button below a text of ours, answer its question, take back what they sent.

Bound to their own address, once, always answered. Everything else that they write is a citizen's message: they are that
too. The steps of an answer stand in gateway/officers/talk.py.
"""

from channels.messages import InboundMessage, MessageKind
from gateway.casework import casework, emergencies
from gateway.complaints.complaint import Action, ActionRefused
from gateway.conversation.turn import Skip
from gateway.conversation.wording import whole
from gateway.dialogue import facts
from gateway.notices import staff_texts
from gateway.officer_links import door, links
from gateway.officer_links.links import BUTTON_PREFIX, OfficerLink, Press
from gateway.officers import deeds, lines, mail, questions, sms, talk
from gateway.officers.lines import Line
from gateway.officers.questions import Question
from gateway.officers.talk import Seat
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import directory
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.record import cases, events
from gateway.storage.store import Transaction, constant

WORDS = frozenset({MessageKind.MESSAGE, MessageKind.EDIT})
EDITED = (
    "SELECT skip FROM message WHERE channel = :channel AND provider_id = :provider AND provider_id <> ''"
    " ORDER BY id LIMIT 1"
)
"""The message as it was first: an edited one comes as a row of its own, under the same name."""
TOAST = 200
QUESTIONS = ("officer.ask.", "officer.preview")
DONE = frozenset({"officer.done", "duty.done"})
"""Done by the press alone: that shows up at once, and stays in the chat."""


def take(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> bool:
    """Whether this message of somebody from a team was meant for us; then it is carried out and answered."""
    if message.kind is MessageKind.BUTTON and message.button.startswith(BUTTON_PREFIX):
        _say(tx, channel, contact, message, _pressed(tx, channel, contact, message))
        return True
    if message.kind not in WORDS or message.in_group or message.part is not None:
        return False
    edited = message.kind is MessageKind.EDIT
    if edited and not _was_ours(tx, channel, message):
        return False
    line = _heard(tx, channel, contact, message)
    if line is not None and (line.text or message.callback_id):
        _say(tx, channel, contact, message, line)
    # An edited answer that nobody waits for any more is no report either.
    return line is not None or edited


def take_stranger(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> bool:
    """Whether somebody who is in no team gave an officer's order by SMS or mail; then it is no report."""
    if message.kind is not MessageKind.MESSAGE or message.in_group or message.part is not None:
        return False
    capabilities = tx.office.channels[channel].capabilities
    if not capabilities.proves:
        line = mail.take(tx, channel, contact, message)
    elif capabilities.gsm and not message.attachments:
        line = sms.stranger(tx, contact, message)
    else:
        return False
    if line is not None and line.stays:
        _say(tx, channel, contact, message, line)
    return line is not None


def take_broken(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> bool:
    """Whether a long SMS of which parts never came was an officer's order; then it is asked for again."""
    line = sms.broken(tx, contact, message) if contact.staff else None
    if line is not None:
        _say(tx, channel, contact, message, line)
    return line is not None


def _was_ours(tx: Transaction, channel: str, message: InboundMessage) -> bool:
    """Whether the message that is edited was an answer to us."""
    kept = tx.office.keys.unnamed(message.reply_address or message.sender, message.target)
    row = tx.one(constant(EDITED), {"channel": channel, "provider": kept})
    return row is not None and row.skip == Skip.OFFICER


def _heard(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> Line | None:
    """Words or a photo: an answer to the open question, URUNG, or nothing of ours."""
    if not tx.office.channels[channel].capabilities.proves:
        return mail.take(tx, channel, contact, message)
    if whole(message.text) in talk.TAKES_BACK and not message.attachments:
        line = talk.undo(tx, directory.members_of(tx, contact.id))
        by_sms = tx.office.channels[channel].capabilities.gsm
        return sms.undone(tx, contact, line) if by_sms and line.key == "officer.undone" else line
    if ordered := sms.take(tx, contact, message):
        return ordered
    question = _meant(tx, channel, contact, message)
    if question is None:
        return None
    seat = talk.seat_at(tx, channel, contact, question)
    if seat is None:
        questions.end(tx, question.desk)
        return lines.plain(tx, "officer.stale")
    return talk.answer(seat, question, message)


def _meant(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> Question | None:
    """The open question that these words answer: of the task whose message they reply to, else the newest."""
    waiting = questions.open_for(tx, channel, contact.id)
    if message.kind is MessageKind.EDIT:
        # Which of several was meant, the edited message does not tell: then nothing is changed.
        return waiting[0] if len(waiting) == 1 else None
    number = facts.number_of(tx, channel, message, message.reply_to) if waiting else ""
    if number:
        case = cases.by_number(tx, number)
        waiting = [question for question in waiting if case and question.desk.complaint_id == case.id]
    return waiting[0] if waiting else None


def _pressed(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> Line:
    link = links.read_button(tx, message.button)
    member = _bound(tx, link, contact)
    case = cases.by_id(tx, link.complaint_id) if link else None
    if link is None or member is None or case is None or link.action is None:
        return lines.plain(tx, "officer.stale")
    seat = Seat(tx, channel, contact, member, case)
    if link.action is Action.NOTE:
        return _take_on(seat, link)
    if not door.may_work_on(tx, member, case):
        return lines.plain(tx, "officer.stale")
    if link.used_at is not None:
        return lines.done_before(tx, member.role.value, member.agency, link.used_at)
    if isinstance(link.action, Press):
        return _decide(seat, link, link.action)
    return _start(seat, link) if link.action is Action.START else talk.begin(seat, link.action)


def _bound(tx: Transaction, link: OfficerLink | None, contact: Contact) -> Member | None:
    """The member the button was made for, if it is they who pressed it."""
    if link is None:
        return None
    return next((member for member in directory.members_of(tx, contact.id) if member.id == link.member_id), None)


def _take_on(seat: Seat, link: OfficerLink) -> Line:
    """Somebody of the duty list sees to it; the others read who."""
    tx, case = seat.tx, seat.case
    if done := events.by_key(tx, emergencies.key_of(case)):
        return lines.plain(tx, "duty.again", case, nama=done.actor_name, jam=lines.clock(tx, done.at))
    links.mark_used(tx, link)
    emergencies.take_on(tx, case, seat.member.actor)
    text = tx.office.texts("duty.done", tiket=case.number, jam=lines.clock(tx, tx.now))
    return Line("duty.done", text, complaint_id=case.id)


def _start(seat: Seat, link: OfficerLink) -> Line:
    """The one deed that needs no words."""
    tx, member, case = seat.tx, seat.member, seat.case
    try:
        moved = casework.apply(tx, Action.START, case, member.actor, key=f"button:{link.token_hash[:40]}")
    except ActionRefused as refusal:
        before = deeds.done_before(tx, case, Action.START, member)
        if before is not None:
            return lines.done_before(tx, before.role, before.agency, before.at)
        return lines.refused(tx, case, "terima", refusal)
    links.mark_used(tx, link)
    text = tx.office.texts("officer.done", tiket=case.number, jam=lines.clock(tx, tx.now))
    return Line("officer.done", text, staff_texts.deed_buttons(tx, "officer.done", moved, member), complaint_id=case.id)


def _decide(seat: Seat, link: OfficerLink, press: Press) -> Line:
    line = talk.decide(seat, press)
    if line.key.startswith(lines.SENT):
        links.mark_used(seat.tx, link)
    return line


def _say(tx: Transaction, channel: str, contact: Contact, message: InboundMessage, line: Line) -> None:
    """A press is always answered, if only with silence; a message always with a message."""
    if message.callback_id:
        said = Said(line.key, callback_id=message.callback_id)
        shown = "" if line.stays and line.key not in DONE else line.text[:TOAST]
        outbound.say(tx, contact, channel, [(shown, ())], said)
    if line.stays or not message.callback_id:
        # Of several photos only the last preview matters, where those before it wait for their turn.
        once = f"question:{line.complaint_id}" if line.key.startswith(QUESTIONS) else ""
        thread = facts.thread_of(message)
        said = Said(line.key, line.complaint_id, once=once, sent_from=message.destination, reply_to=thread)
        outbound.say(tx, contact, channel, [(line.text, line.buttons)], said)
