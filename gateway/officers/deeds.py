"""What an officer does through a link: one posted form each, once however often it is sent, taken back within the window."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from channels.messages import AttachmentRef
from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import OF_AGENCY, Action, ActionRefused, Case
from gateway.complaints.inputs import check_inputs
from gateway.complaints.lifecycle import step_of
from gateway.complaints.masking import mask
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.files import attachments
from gateway.notices import staff_texts
from gateway.office import Office
from gateway.officer_links import drafts
from gateway.officer_links.drafts import Desk, Draft
from gateway.people import readers
from gateway.people.directory import Member
from gateway.queries import deeds, evidence, officer_page
from gateway.queries.evidence import Doubts
from gateway.queries.officer_page import FORMS, OfficerPage
from gateway.record import cases, events
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing import clocks

UNDO = "urungkan"
ANSWER = "selesai"
DRAFT = "draft:"
"""Origin of files that were uploaded for an answer that is not sent yet."""
ACTION_ID_CHARACTERS = 24


def look(tx: Transaction, row: Any, member: Member) -> OfficerPage:
    """The page behind a link; changes nothing."""
    return officer_page.page(tx, row, member, [kept.running for kept in clocks.read(tx, row.id)])


@dataclass(frozen=True, slots=True)
class Form:
    """One posted form: `word` of FORMS or UNDO, the random id that came with the page, what was filled in."""

    word: str
    action_id: str
    inputs: Mapping[str, str]
    typed: Mapping[str, str] = field(default_factory=dict)
    """The same as its fields stood on the page, to be shown again when the deed is taken back."""
    means: str = "page"
    """By which way it came: `page` or `chat`."""


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """Somebody else did the same a moment earlier: no refusal, they get the same page (CASEWORK 3.1)."""

    role: str
    at: datetime
    agency: str = ""


def act(tx: Transaction, token_hash: str, member: Member, case: Case, form: Form) -> DoneBefore | None:
    """Carry out a form. `ActionRefused` and `CaseMoved` as gateway.casework.casework; the same form again changes nothing."""
    key = _key(token_hash, form)
    if events.seen(tx, key):
        return None
    action = Action.UNDO if form.word == UNDO else FORMS[form.word]
    inputs = _inputs(tx, member, case, form)
    if action is Action.UNDO:
        _bring_back(tx, member, case, form)
    try:
        casework.apply(tx, action, case, member.actor, inputs, key=key)
    except ActionRefused as refusal:
        other = done_before(tx, case, action, member) if refusal.code == "wrong_state" else None
        if other is None:
            raise
        return other
    files = _adopt(tx, case.id, _draft(tx, member, form.action_id)) if form.word == ANSWER else ()
    if form.typed:
        sent = Draft(form.word, form.action_id, form.typed, tx.now, files)
        drafts.keep_sent(tx, Desk(case.id, member.id), sent)
    audit.record(tx, member.actor, f"{form.means}_used", "complaint", case.number, details={"form": form.word})
    return None


def _bring_back(tx: Transaction, member: Member, case: Case, form: Form) -> None:
    """What they sent stands in its form again, with its files; before the files go with the answer.

    When the deed cannot be taken back any more, its refusal takes this back too.
    """
    last = deeds.newest(tx, case.id)
    word = next((word for word, action in FORMS.items() if last is not None and last.action == action), "")
    if last is None or not last.is_by(member.actor) or not word:
        return
    fresh = hashlib.sha256(form.action_id.encode()).hexdigest()[:ACTION_ID_CHARACTERS]
    sent = drafts.bring_back(tx, Desk(case.id, member.id), word, fresh)
    if sent is not None and sent.files:
        attachment = tables.attachment
        mine = (attachment.c.complaint_id == case.id) & attachment.c.id.in_(sent.files)
        tx.execute(attachment.update().where(mine).values(origin=_draft(tx, member, fresh)))


def was_done(tx: Transaction, token_hash: str, form: Form) -> bool:
    """Whether this very form was carried out meanwhile: its twin, pressed at the same moment, was faster."""
    return events.seen(tx, _key(token_hash, form))


def _key(token_hash: str, form: Form) -> str:
    return f"{form.means}:{token_hash[:24]}:{form.action_id[:40]}"


def _inputs(tx: Transaction, member: Member, case: Case, form: Form) -> dict[str, str]:
    inputs = {name: value.strip() for name, value in form.inputs.items() if value.strip()}
    if form.word == ANSWER:
        files = files_of(tx, member, case.id, form.action_id)
        if files:
            inputs["evidence"] = str(files)
    return inputs


def done_before(tx: Transaction, case: Case, action: Action, member: Member) -> DoneBefore | None:
    """Who else of the officers did the same as the last thing; None where that is not so."""
    last = deeds.newest(tx, case.id)
    if last is None or last.action != action or last.is_by(member.actor):
        return None
    return DoneBefore(last.event.actor_role, last.event.at, last.event.agency)


def inputs_of(office: Office, typed: Mapping[str, str]) -> dict[str, str]:
    """What stands in a form's fields as inputs of the life cycle: `target` is an agency of ours or a body elsewhere."""
    inputs = dict(typed)
    where, _, code = inputs.pop("target", "").partition(":")
    if where == "opd":
        inputs["agency"] = code
    elif where == "luar":
        other = office.reference.out_of_authority.get(code)
        inputs["institution"] = other.name if other else ""
    return inputs


def keep_files(
    tx: Transaction, member: Member, case: Case, action_id: str, refs: Sequence[AttachmentRef], channel: str = ""
) -> int:
    """Keep uploads for an answer that is not sent yet; how many there are for it now.

    `channel`: where a file is to be fetched that came without its content.
    """
    _drop_old_drafts(tx, case.id)
    draft = _draft(tx, member, action_id)
    if refs:
        attachments.add(tx, case.id, None, channel or case.channel, refs, origin=draft)
        tx.flush()
    return _count(tx, case.id, draft)


def files_of(tx: Transaction, member: Member, complaint_id: int, action_id: str) -> int:
    """How many files wait for the answer with this id."""
    return _count(tx, complaint_id, _draft(tx, member, action_id))


def drop_files(tx: Transaction, member: Member, complaint_id: int, action_id: str) -> None:
    """The officer wants to leave them out after all."""
    attachment = tables.attachment
    mine = attachment.c.origin == _draft(tx, member, action_id)
    tx.execute(attachment.delete().where(attachment.c.complaint_id == complaint_id, mine))


def doubts(tx: Transaction, row: Any, member: Member, action_id: str) -> Doubts:
    """What to look at in the files that wait for the answer with this id."""
    return evidence.doubts(tx, officer_page.eyes(tx, member), row, _draft(tx, member, action_id))


def _draft(tx: Transaction, member: Member, action_id: str) -> str:
    digest = hmac.new(tx.office.keys.links, f"draft|{member.id}|{action_id}".encode(), hashlib.sha256).hexdigest()
    return DRAFT + digest[:10]


def _count(tx: Transaction, complaint_id: int, origin: str) -> int:
    attachment = tables.attachment
    mine = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == origin)
    row = tx.one(select(func.count()).select_from(attachment).where(mine))
    return int(row[0]) if row else 0


def _adopt(tx: Transaction, complaint_id: int, draft: str) -> tuple[int, ...]:
    """The files of the answer that was sent become its evidence; their ids."""
    attachment = tables.attachment
    mine = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == draft)
    files = tuple(row.id for row in tx.all(select(attachment.c.id).where(mine)))
    tx.execute(attachment.update().where(mine).values(origin=OF_AGENCY))
    return files


def _drop_old_drafts(tx: Transaction, complaint_id: int) -> None:
    attachment = tables.attachment
    old = (attachment.c.complaint_id == complaint_id) & attachment.c.origin.startswith(DRAFT)
    tx.execute(attachment.delete().where(old, attachment.c.created_at < tx.now - drafts.KEPT_FOR))


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer as its reporter will read it. `messages`: how many SMS it becomes, 0 where it is no SMS."""

    text: str
    files: int
    masked: bool
    messages: int
    has_route: bool


def preview(tx: Transaction, row: Any, member: Member, inputs: Mapping[str, str], files: int) -> Preview:
    """Look an answer over before it is sent; `ActionRefused` for what would be refused then. Nothing is written."""
    case = cases.case_of(row)
    step = step_of(case, Action.ANSWER, member.role)
    given = {name: value.strip() for name, value in inputs.items() if value.strip()}
    if files:
        given["evidence"] = str(files)
        # Whoever took a picture must have looked at it: nobody else will before the reporter does (CASEWORK 13).
        if not given.get("no_personal_data"):
            raise ActionRefused("unticked", "evidence was not checked for other people's data", "no_personal_data")
    check_inputs(step, given)
    masked = mask(given["explanation"])
    return Preview(masked.text, files, bool(masked.found), *_sending(tx, row, masked.text))


def _sending(tx: Transaction, row: Any, words: str) -> tuple[int, bool]:
    route = readers.reporter(tx, row)
    channel = tx.office.channels.get(route.channel)
    if route.skip or channel is None:
        return 0, False
    values = staff_texts.reporter_values(tx, row, {"explanation": words})
    rendered = render(
        Reply("st.answer", values, about=row.number), route.language, channel.capabilities, tx.office.texts
    )
    return (len(rendered.messages) if channel.capabilities.gsm else 0), True
