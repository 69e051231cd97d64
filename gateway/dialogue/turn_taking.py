"""Carrying out what a turn of the conversation asks for: complaints, additions, actions, look-ups, pages, replies.

The order of the functions in `_carry_out` is the order of docs: consent, draft, additions, actions, revisions,
look-ups, page, replies. Judgement is none of this module's business (gateway/conversation/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.messages import Address, Answer, InboundMessage
from gateway.casework import emergencies, outgoing
from gateway.casework.opening import Opened, Origin, open_complaint
from gateway.complaints.complaint import SYSTEM, Action, ActionRefused, Actor, Role, Urgency
from gateway.conversation import lookups, turns, ussd
from gateway.conversation.dialogue import Dialogue, Setting, UssdSession
from gateway.conversation.render import render, render_page
from gateway.conversation.step import step
from gateway.conversation.turn import Reply, Turn, Wish
from gateway.dialogue import facts, reporting_back
from gateway.dialogue.facts import Same
from gateway.files import attachments
from gateway.outbound import outbound, spending
from gateway.outbound.outbound import Said
from gateway.people import attempts, contacts, dialogues
from gateway.people.attempts import Limit
from gateway.people.contacts import Contact
from gateway.people.readers import channel_for
from gateway.record import known_incidents, said
from gateway.sealing import seal
from gateway.storage import tables
from gateway.storage.store import Transaction

STANDING = "st.line"
"""Key of the answer to somebody who asks where a complaint stands."""
FORM_SHOWN = timedelta(minutes=15)
BY_ADDRESS = "by_address"
"""Flag of a mail that came to an address which only the receiver of ours knows."""
MAIL_ANSWERS = ((timedelta(hours=1), 3), (timedelta(days=1), 10))
"""So many answers a mail address gets: an automatic answer that does not say so must not go round in circles."""
Key = tuple[str, int]


@dataclass(slots=True)
class Desk:
    """What one batch has in hand: the dialogues of its senders, read once, and what is to be written at the end."""

    dialogues: dict[Key, Dialogue]
    sessions: dict[tuple[str, str], UssdSession]
    same: Same
    changed: dict[Key, Contact] = field(default_factory=dict)
    stale: set[int] = field(default_factory=set)
    """Contacts whose complaints changed since they were read."""
    messages: dict[int, tuple[int | None, str]] = field(default_factory=dict)
    """Message row -> complaint it belongs to, skip code."""

    @classmethod
    def prepare(cls, tx: Transaction, incoming: Sequence[tuple[str, Contact, InboundMessage]]) -> "Desk":
        sessions = [(channel, who, message.session.session_id) for channel, who, message in incoming if message.session]
        spending.count_new(
            tx, [message.sender for channel, who, message in incoming if who.is_new and _costs(tx, channel)]
        )
        return cls(
            dialogues.load(tx, [(channel, contact) for channel, contact, _ in incoming]),
            dialogues.sessions(tx, sessions),
            facts.same_texts(tx, [message for _, _, message in incoming]),
        )

    def dialogue(self, tx: Transaction, channel: str, contact: Contact) -> Dialogue:
        found = self.dialogues.get((channel, contact.id)) or Dialogue()
        if contact.id in self.stale:
            found = found.with_(cases=dialogues.known_cases(tx, [contact.id]).get(contact.id, ()))
        return found

    def keep(self, channel: str, contact: Contact, dialogue: Dialogue) -> None:
        self.dialogues[channel, contact.id] = dialogue.with_(is_new=False)
        self.changed[channel, contact.id] = contact

    def close(self, tx: Transaction) -> None:
        """Write the dialogues, and which complaint each message went to."""
        dialogues.save(tx, [(key[0], contact, self.dialogues[key]) for key, contact in self.changed.items()])
        rows = [{"id": key, "complaint_id": case, "skip": skip} for key, (case, skip) in self.messages.items()]
        tx.update(tables.message, rows, ("id",), ("complaint_id", "skip"))


@dataclass(frozen=True, slots=True)
class Talk:
    """One message being taken: who, where, with which rules."""

    desk: Desk
    channel: str
    contact: Contact
    message: InboundMessage
    message_id: int
    setting: Setting
    received_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor(Role.REPORTER, str(self.contact.id))

    @property
    def is_unproven(self) -> bool:
        """Whether somebody else may have written in this address's name: it may report, and touches nothing known."""
        return "unverified" in self.message.flags and BY_ADDRESS not in self.message.flags


def take_turn(
    tx: Transaction,
    desk: Desk,
    channel: str,
    contact: Contact,
    message: InboundMessage,
    message_id: int,
    received_at: datetime | None = None,
) -> Answer:
    """Judge one message and carry out what follows; the answer for channels that show one at once."""
    setting = dialogues.setting(tx, channel, in_session=message.session is not None)
    talk = Talk(desk, channel, contact, message, message_id, setting, received_at)
    dialogue = _with_context(tx, talk, desk.dialogue(tx, channel, contact))
    if talk.is_unproven:
        dialogue = _of_a_stranger(dialogue)
    # What waited on the disk is judged by when it was said: a burst stays one, whenever it is carried over.
    heard = min(received_at or tx.now, tx.now)
    turn = step(dialogue, message, heard, talk.setting)
    return carry_out(tx, talk, _of_nobody(turn) if talk.is_unproven else turn)


def _with_context(tx: Transaction, talk: Talk, dialogue: Dialogue) -> Dialogue:
    message = talk.message
    dialogue = dialogue.with_(facts=facts.of(tx, talk.channel, message, talk.desk.same))
    if message.session is None:
        return dialogue
    session = talk.desk.sessions.get((talk.channel, message.session.session_id))
    other = dialogues.unfinished(tx, talk.channel, talk.contact, message.session.session_id)
    out = _opted_out(tx, talk.setting.sms_channel, talk.contact)
    return dialogue.with_(ussd=session, unfinished=other, opted_out=out)


def _of_a_stranger(dialogue: Dialogue) -> Dialogue:
    """The talk without anything that the sender could answer, take back or ask for."""
    return dialogue.with_(cases=(), awaiting=None, burst_number="", album="", album_number="", subjects=())


def _of_nobody(turn: Turn) -> Turn:
    """Nobody speaks for an address that may not be theirs: it is neither silenced nor are its data asked for."""
    if turn.opt_out is None and not any(isinstance(one, Wish) for one in turn.lookups):
        return turn
    return turn.with_(opt_out=None, lookups=(), replies=(Reply("help.main"),))


def _opted_out(tx: Transaction, channel: str, contact: Contact) -> bool:
    return bool(channel) and dialogues.load(tx, [(channel, contact)])[channel, contact.id].opted_out


def carry_out(tx: Transaction, talk: Talk, turn: Turn) -> Answer:
    """Everything that a turn asks for, in order; also for a broken USSD session that the clock takes up."""
    _consent(tx, talk, turn)
    turn, opened = _open(tx, talk, turn)
    turn, touched = _add_and_act(tx, talk, turn)
    reporting_back.revise(tx, talk.channel, talk.contact, talk.message, turn.revisions)
    for lookup in turn.lookups:
        outcome = reporting_back.look_up(tx, lookup, talk.contact, talk.channel, turn.dialogue.language)
        turn = lookups.answered(turn, lookup, outcome, tx.now, talk.setting) if outcome else turn
    for once, number in turn.withdrawn:
        outbound.withdraw(tx, talk.channel, talk.contact.id, f"{once}:{number}")
    asked = [reply.about for reply in turn.replies if reply.key == STANDING and reply.about]
    if asked:
        outgoing.look_soon(tx, asked)
    answer, turn = _show(tx, talk, turn, opened)
    _reply(tx, talk, turn, opened)
    complaint_id = opened.id if opened else touched
    talk.desk.keep(talk.channel, talk.contact, _kept(talk, turn.dialogue))
    talk.desk.messages[talk.message_id] = (complaint_id, turn.skip)
    if opened or touched:
        talk.desk.stale.add(talk.contact.id)
    return answer


def _kept(talk: Talk, dialogue: Dialogue) -> Dialogue:
    known = talk.desk.dialogues.get((talk.channel, talk.contact.id)) if talk.is_unproven else None
    return dialogue if known is None else known.with_(recent_texts=dialogue.recent_texts)


def _consent(tx: Transaction, talk: Talk, turn: Turn) -> None:
    if turn.opt_out is None:
        return
    channel = talk.setting.sms_channel if talk.setting.sessions else talk.channel
    dialogues.opt(tx, channel, talk.contact, turn.opt_out)
    if turn.opt_out:
        outbound.suppress(tx, channel, talk.contact.id)


def _open(tx: Transaction, talk: Talk, turn: Turn) -> tuple[Turn, Opened | None]:
    if turn.draft is None:
        return turn, None
    form, message = talk.message.form, talk.message
    name = form.name if form and form.name else message.display_name
    draft = turn.draft.with_(reporter_name=name)
    if form and form.name:
        contacts.set_name(tx, talk.contact, form.name)
    kind = tx.office.channels[talk.channel].kind
    origin = Origin(talk.channel, kind, talk.contact, message.destination, talk.message_id, talk.received_at)
    opened = open_complaint(tx, draft, origin)
    if draft.urgency is Urgency.DARURAT:
        emergencies.tell(tx, opened.id)
    attachments.add(tx, opened.id, talk.message_id, talk.channel, turn.attachments)
    if turn.moved_from:
        reporting_back.move_last(tx, turn.moved_from, turn.moved_message, talk.channel, opened)
    if form:
        _keep_receipt(tx, form.nonce, opened)
    named = turns.named(turn, opened.number, code=opened.code, due_on=opened.due_on)
    return known_incidents.told(tx, named, draft, opened.number), opened


def _keep_receipt(tx: Transaction, nonce: str, opened: Opened) -> None:
    """The page with number and code, safe to reload for a while (docs/channels/web_form.md)."""
    tx.insert(
        tables.form_receipt,
        nonce=nonce,
        complaint_id=opened.id,
        code_sealed=seal(tx.office.keys.form, opened.code, f"form:{nonce}"),
        shown_until=tx.now + FORM_SHOWN,
    )


def _add_and_act(tx: Transaction, talk: Talk, turn: Turn) -> tuple[Turn, int | None]:
    """Additions and actions on complaints that are there; the last complaint that was touched."""
    touched = None
    said_at = said.moment(tx, talk.channel, talk.message.sent_at, talk.received_at or tx.now)
    for addition in turn.additions:
        found = reporting_back.add(tx, addition, talk.contact, talk.channel, talk.message_id, said_at)
        touched = found or touched
    for wish in turn.actions:
        try:
            actor = SYSTEM if wish.action is Action.RESTORE else talk.actor
            touched = reporting_back.act(tx, wish, actor) or touched
        except ActionRefused as refusal:
            turn = lookups.refused(turn, refusal, wish)
    return turn, touched


def _show(tx: Transaction, talk: Talk, turn: Turn, opened: Opened | None) -> tuple[Answer, Turn]:
    """The USSD page or what the form's caller needs; the session is kept with what the phone shows now."""
    if turn.ends_session:
        dialogues.end_session(tx, talk.channel, turn.ends_session)
    if turn.page is None:
        return Answer(number=opened.number, secret_code=opened.code) if opened else Answer(), turn
    septets = talk.message.session.page_septets if talk.message.session else 180
    text = render_page(turn.page, turn.dialogue.language, septets, tx.office.texts)
    dialogue = ussd.shown(turn.dialogue, text)
    if dialogue.ussd is not None:
        dialogues.save_session(tx, talk.channel, talk.contact, dialogue.ussd, talk.setting.draft_after_s)
        talk.desk.sessions[talk.channel, dialogue.ussd.session_id] = dialogue.ussd
    return Answer(text=text, ends=turn.page.ends), turn.with_(dialogue=dialogue)


@dataclass(frozen=True, slots=True)
class Destination:
    channel: str
    contact: Contact
    sent_from: str = ""


def _reply(tx: Transaction, talk: Talk, turn: Turn, opened: Opened | None) -> None:
    message = talk.message
    if message.callback_id:
        said = Said("button.pressed", callback_id=message.callback_id)
        outbound.say(tx, talk.contact, talk.channel, [("", ())], said)
    numbers = {opened.number: opened.id} if opened else {}
    where = _destination(tx, talk, turn)
    for reply in turn.replies:
        if reply.public and not _says_in_public(tx, talk):
            continue
        target = _group(tx, talk, message.reply_address) if _is_for_group(reply, message) else where
        if target is not None:
            _say(tx, talk, turn, reply, target, numbers)


def _says_in_public(tx: Transaction, talk: Talk) -> bool:
    """Whether the office wants a sentence below comments, and there is a place for it."""
    wanted = getattr(tx.office.channels[talk.channel].settings, "public_reply", False)
    return bool(wanted) and talk.message.reply_address is not None


def _is_for_group(reply: Reply, message: InboundMessage) -> bool:
    return message.reply_address is not None and (reply.public or message.in_group)


def _group(tx: Transaction, talk: Talk, address: Address | None) -> Destination | None:
    if address is None:
        return None
    return Destination(talk.channel, contacts.ensure(tx, [address])[address], talk.message.destination)


def _destination(tx: Transaction, talk: Talk, turn: Turn) -> Destination | None:
    """The sender on this channel, or the other way that the turn names; None where nobody can be reached."""
    if turn.receipt_to is not None:
        contact = contacts.ensure(tx, [turn.receipt_to])[turn.receipt_to]
        name = turn.receipt_channel or channel_for(tx, turn.receipt_to.scheme, talk.channel)
        return Destination(name, contact) if name in tx.office.channels else None
    channel = tx.office.channels[talk.channel]
    if talk.message.session is not None:  # its pages are the answer
        return None
    if channel.sender is None or not channel.capabilities.sends or not talk.message.reply_possible:
        return None
    if turn.replies and not channel.capabilities.proves and not _may_answer(tx, talk.contact):
        return None
    return Destination(talk.channel, talk.contact, talk.message.destination)


def _may_answer(tx: Transaction, contact: Contact) -> bool:
    limits = [Limit(f"mail:{contact.id}:{span.days}", span, most) for span, most in MAIL_ANSWERS]
    if attempts.left(tx, limits) <= 0:
        return False
    attempts.failed(tx, limits)
    return True


def _say(tx: Transaction, talk: Talk, turn: Turn, reply: Reply, where: Destination, numbers: Mapping[str, int]) -> None:
    capabilities = tx.office.channels[where.channel].capabilities
    rendered = render(reply, turn.dialogue.language, capabilities, tx.office.texts)
    said = Said(
        reply.key,
        complaint_id=numbers.get(reply.about) or reporting_back.id_of(tx, reply.about),
        once=f"{reply.once}:{reply.about}" if reply.once else "",
        direct=reply.direct,
        sent_from=where.sent_from,
        reply_to=_comment(talk) if reply.public or talk.message.is_public else _thread(talk, where),
    )
    delay = timedelta(seconds=reply.delay_s) or _patience(tx, talk, where)
    due_at = tx.now + delay if delay else None
    texts = [(message.text, message.buttons) for message in rendered.messages]
    outbound.say(tx, where.contact, where.channel, texts, said, due_at)


def _comment(talk: Talk) -> str:
    """A provider takes a private answer to a comment only where the comment is named."""
    return talk.message.provider_id or talk.message.target


def _thread(talk: Talk, where: Destination) -> str:
    """The mail that the answer names as the one it answers."""
    return facts.thread_of(talk.message) if where.channel == talk.channel else ""


def _costs(tx: Transaction, channel: str) -> bool:
    return tx.office.channels[channel].capabilities.gsm


def _patience(tx: Transaction, talk: Talk, where: Destination) -> timedelta:
    """New numbers that write in crowds are answered later on channels that cost (SECURITY C16)."""
    if not _costs(tx, where.channel) or not talk.contact.is_new or where.contact.id != talk.contact.id:
        return timedelta(0)
    known: dict[int, timedelta] = tx.notes.setdefault("patience", {})
    if talk.contact.id not in known:
        known[talk.contact.id] = spending.patience(tx, talk.message.sender)
    return known[talk.contact.id]
