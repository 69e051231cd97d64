"""What the reporter would read of a deed: it is carried out for trial, taken down, and nothing of it is kept.

The preview cannot differ from what is sent later, because it is made by the very same steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import select

from config.texts import Texts
from gateway.complaints.complaint import Action, ActionRefused, Actor, Kind
from gateway.complaints.lifecycle import LIFECYCLE
from gateway.complaints.masking import mask
from gateway.complaints.notices import NOTICES, Audience, NoticeRule
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.desk import work
from gateway.desk.work import Deed, Overtaken
from gateway.files import desk_files
from gateway.notices import notices, staff_texts
from gateway.people import readers
from gateway.privacy.privacy import masked_text
from gateway.queries import complaint_page
from gateway.queries.scope import Scope
from gateway.record import cases, events
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing import clocks
from gateway.timing.quiet import quiet_until

QUOTES = frozenset({"kutipan", "tanya", "alasan", "instansi"})
"""Fill-ins of a text that hold what the officer wrote or chose."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the reporter will read. `segments`: number of SMS, 0 elsewhere. `leaves_at`: after the undo window, or later."""

    texts: Sequence[str]
    channel: str
    kind: str
    to: str
    skip: str
    segments: int
    leaves_at: datetime
    may_be_undone: bool
    masked: bool
    """Personal data was covered in what the officer wrote; they must confirm that it reads well."""
    files: int = 0


class TakenDown(Exception):
    """Carries the preview out of the transaction, which is rolled back."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("taken down")
        self.preview = preview


def rehearse(tx: Transaction, scope: Scope, number: str, deed: Deed, actor: Actor) -> NoReturn:
    """Raises `TakenDown`, or whatever `work.act` would raise. Never to be committed."""
    case = work.case_for(tx, scope, number)
    before, files = events.last(tx, case.id), desk_files.count(tx, case.id, actor, deed.key)
    try:
        done = work.act(tx, scope, number, deed, actor)
    except ActionRefused as refusal:
        # This refusal asks for the masked preview, which is being made.
        if refusal.code != "personal_data":
            raise
        deed = replace(deed, inputs={**deed.inputs, "no_personal_data": "1"})
        done = work.act(tx, scope, number, deed, actor)
    if done is not None:
        raise Overtaken(None)
    keys = _told(tx, case.id, before.seq if before else 0)
    raise TakenDown(replace(_preview(tx, cases.row_of(tx, case.number), keys, deed), files=files))


def _preview(tx: Transaction, row: Any, keys: Sequence[str], deed: Deed) -> Preview:
    for key in keys:
        # First the clocks, because a text may name the day on which they run out.
        for name in notices.WHEN_TOLD.get(key, ()):
            clocks.start(tx, row.id, name, Kind(row.kind), tx.now)
    row = cases.row_of(tx, row.number)
    way = complaint_page.recipient(tx, row)
    texts = [text for key in keys for text in _texts(tx, row, key, deed.inputs)]
    rule = NOTICES[keys[-1]] if keys else None
    return Preview(
        texts=texts,
        channel=way.channel,
        kind=way.kind,
        to=way.to,
        skip=way.skip,
        segments=len(texts) if way.by_sms else 0,
        leaves_at=_leaves_at(tx, rule),
        may_be_undone=bool(rule and rule.delay == "undo_s" and tx.office.settings.casework.undo_s),
        masked=bool(mask(" ".join(deed.inputs.get(name, "") for name in events.TOLD)).found),
    )


def _told(tx: Transaction, complaint_id: int, after: int) -> list[str]:
    """The notices to the reporter that events later than this one wrote."""
    notice, event = tables.notice, tables.complaint_event
    new = select(event.c.id).where(event.c.complaint_id == complaint_id, event.c.seq > after)
    mine = notice.c.event_id.in_(new) & (notice.c.state == "queued")
    told = select(notice.c.key).where(mine, notice.c.audience == Audience.REPORTER.value).order_by(notice.c.id)
    return [row.key for row in tx.all(told) if tx.office.matrix.sends(row.key, Audience.REPORTER.value)]


def _texts(tx: Transaction, row: Any, key: str, inputs: Mapping[str, str]) -> list[str]:
    route = readers.reporter(tx, row)
    channel = tx.office.channels.get(route.channel) or tx.office.channels.get(row.channel)
    if channel is None:
        return []
    values = staff_texts.reporter_values(tx, row, {name: masked_text(value) for name, value in inputs.items()})
    rendered = render(Reply(key, values, about=row.number), route.language, channel.capabilities, tx.office.texts)
    return [message.text for message in rendered.messages]


def _leaves_at(tx: Transaction, rule: NoticeRule | None) -> datetime:
    if rule is None:
        return tx.now
    due = tx.now + timedelta(seconds=notices.delay_s(tx, rule))
    return quiet_until(tx, rule, Audience.REPORTER, due) or due


def is_read(texts: Texts, action: Action) -> bool:
    """Whether its reporter will read words that the form of this action asks for: those are looked over first."""
    keys = {key for step in LIFECYCLE if step.action is action for key in step.notices}
    read = [NOTICES[key] for key in keys if Audience.REPORTER in NOTICES[key].audiences]
    return any(texts.fill_ins(rule.text_key) & QUOTES for rule in read)
