"""What one officer is told at a time: beyond a few messages the rest waits and becomes one (CASEWORK 5.6).

More than `notices.merge_after` within `merge_within_s` wait until that pace is free again (`DIGEST` in the dispatch log);
more than `digest_after` on one day wait for the hour of the next summary (`RATE_LIMIT`). Danger and complaints about
staff never wait. Two processes that tell the same officer at the same moment may let one message more through.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from channels.messages import Button
from channels.registry import Channel
from gateway.complaints.complaint import Kind, Urgency
from gateway.complaints.notices import NOTICES, Audience, NoticeRule, Skip, Timing
from gateway.notices import dispatch_log, staff_texts
from gateway.outbound import outbound
from gateway.outbound.outbound import Buttons, Said
from gateway.people import attempts, directory, readers
from gateway.people.attempts import Limit
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing.quiet import next_summary, staff_rests_until

KEY = "pic.several"
BY_SMS = "pic.several_sms"
MOST_LINES = 20
NAMED_BY_SMS = 3
"""So many tickets an SMS names."""
ONLY_TODAY = "pic.due"
"""Words that are wrong tomorrow: such a notice never waits for the next day."""
WAITING = frozenset({Skip.DIGEST, Skip.RATE_LIMIT})
"""Reasons in the log of what is told with other things."""
THEIRS = frozenset({Audience.TEAM.value, Audience.DEPUTY.value, Audience.HEAD.value})
"""Who is told as those who have the complaint."""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that waited for one officer, as things stand now."""

    notice: Any
    case: Any
    member: Member
    entry_id: int


def tell(tx: Transaction, row: Any, case: Any, member: Member, channel: str, contact: Contact) -> None:
    """Tell one officer of one notice, now or together with others."""
    rule = NOTICES[row.key]
    waits = tx.office.matrix.cell(row.key, row.audience).together and not _never_waits(rule, case)
    until, skip = (None, None) if not waits else _until(tx, rule, contact.id)
    if until is None:
        say(tx, row, case, member, channel, contact)
        return
    entry = dispatch_log.note(tx, row, "staff", recipient=member.id, channel=channel, skip=skip)
    tx.insert(
        tables.gathered, notice_id=row.id, member_id=member.id, contact_id=contact.id, entry_id=entry, due_at=until
    )


def say(tx: Transaction, row: Any, case: Any, member: Member, channel: str, contact: Contact) -> None:
    """Tell one officer of one notice now."""
    outbox, version = _say_one(tx, row, case, member, channel, contact)
    dispatch_log.note(tx, row, "staff", recipient=member.id, channel=channel, outbox=outbox, version=version)


def is_given_away(row: Any, case: Any) -> bool:
    """The office that should hear of it has nothing to do with the complaint any more."""
    return row.audience in THEIRS and bool(row.agency) and row.agency != case.agency


def _never_waits(rule: NoticeRule, case: Any) -> bool:
    urgent = case.urgency == Urgency.DARURAT.value or case.kind == Kind.PENGADUAN_PENGAWASAN.value
    return urgent or rule.timing is Timing.IMMEDIATE


def _until(tx: Transaction, rule: NoticeRule, contact_id: int) -> tuple[datetime | None, Skip | None]:
    """Until when a message to this officer waits, and by which limit; None for at once."""
    settings, local = tx.office.settings.notices, tx.office.calendar.local(tx.now)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    subject = _subject(contact_id)
    of_the_day = Limit(subject, local - midnight, settings.digest_after)
    if rule.text_key != ONLY_TODAY and attempts.left(tx, [of_the_day]) <= 0:
        return next_summary(tx, tx.now), Skip.RATE_LIMIT
    pace = Limit(subject, timedelta(seconds=settings.merge_within_s), settings.merge_after)
    table = tables.gathered.c
    waiting = tx.one(select(func.min(table.due_at).label("at")).where(table.contact_id == contact_id))
    if waiting is not None and waiting.at is not None and waiting.at <= tx.now + pace.span:
        return waiting.at, Skip.DIGEST
    return (attempts.free_at(tx, [pace]), Skip.DIGEST) if attempts.left(tx, [pace]) <= 0 else (None, None)


def _subject(contact_id: int) -> str:
    return f"officer:{contact_id}"


def _count(tx: Transaction, contact_id: int) -> None:
    """A message to an officer is counted like a try: so many within a span."""
    attempts.failed(tx, [Limit(_subject(contact_id), timedelta(), 1)])


def _say_one(
    tx: Transaction, row: Any, case: Any, member: Member, channel: str, contact: Contact
) -> tuple[int, int | None]:
    """The message, and which version of the office's own words it is."""
    way, inputs = tx.office.channels[channel], row.inputs or {}
    message = staff_texts.compose(tx, row.key, case, member, way, inputs)
    _count(tx, contact.id)
    (outbox,) = outbound.say(tx, contact, channel, [message], Said(row.key, case.id, row.id, direct=False))
    return outbox, tx.office.texts.version(staff_texts.template(tx, row.key, way, inputs))


def tell_gathered(store: Store) -> int:
    """Tell what waited long enough, each officer in one message; how many officers were told."""
    table = tables.gathered.c
    with store.reading() as tx:
        due = tx.all(select(table.contact_id).where(table.due_at <= tx.now).distinct())
    return sum(store.run(partial(_tell_one, contact_id=row.contact_id)) for row in due)


def _tell_one(tx: Transaction, contact_id: int) -> int:
    table = tables.gathered
    mine = table.c.contact_id == contact_id
    rows = tx.all(
        select(table).where(mine).order_by(table.c.notice_id, table.c.member_id).with_for_update(skip_locked=True)
    )
    if not any(row.due_at <= tx.now for row in rows):
        return 0
    until = staff_rests_until(tx, tx.now)
    if until is not None:
        tx.execute(table.update().where(mine).values(due_at=until))
        return 0
    away = directory.on_leave(tx, {row.member_id for row in rows}, tx.today)
    waited = [told for row in rows if (told := _still_wanted(tx, row, away))]
    tx.execute(table.delete().where(mine, table.c.notice_id.in_([row.notice_id for row in rows])))
    if not waited:
        return 0
    by_sms = all(NOTICES[told.notice.key].by_sms for told in waited)
    newest = waited[-1].notice
    ways = tx.office.matrix.cell(newest.key, newest.audience).ways
    means = readers.next_way(tx, waited[-1].member, by_sms=by_sms, ways=ways)
    if means is None:
        for told in waited:
            _hand_back(tx, told.notice.id, told.entry_id, Skip.NO_ROUTE)
        return 0
    outbox, version = _say(tx, waited, *means)
    entries = [told.entry_id for told in waited]
    _settle(tx, entries, channel=means[0], outbox_id=outbox, template_version=version)
    return 1


def _still_wanted(tx: Transaction, row: Any, away: Collection[int]) -> Told | None:
    """None for what is over by now, and for who is not there any more or (`away`) today; the log says so."""
    notice, complaint = tables.notice, tables.complaint
    told = tx.one(select(notice).where(notice.c.id == row.notice_id))
    case = tx.one(select(complaint).where(complaint.c.id == told.complaint_id)) if told else None
    if told is None or case is None or case.closed_at is not None or is_given_away(told, case):
        _settle(tx, [row.entry_id], skip=Skip.SUPERSEDED.value)
        return None
    member = directory.member(tx, row.member_id)
    if member is None or member.id in away:
        _hand_back(tx, told.id, row.entry_id, Skip.ON_LEAVE if member else Skip.NO_HOLDER)
        return None
    return Told(told, case, member, row.entry_id)


def _hand_back(tx: Transaction, notice_id: int, entry_id: int, skip: Skip) -> None:
    """Who should hear of it instead is found as for any notice: colleagues who know are enough, else those above."""
    notice = tables.notice
    _settle(tx, [entry_id], skip=skip.value)
    again = (notice.c.id == notice_id) & (notice.c.state == "done")
    tx.execute(notice.update().where(again).values(state="queued", due_at=tx.now))
    tx.ring("notify")


def _settle(tx: Transaction, entries: Sequence[int], **values: Any) -> None:
    log = tables.dispatch_log
    tx.execute(log.update().where(log.c.id.in_(entries)).values(**values))


def _say(tx: Transaction, waited: Sequence[Told], channel: str, contact: Contact) -> tuple[int, int | None]:
    if len(waited) == 1:
        (told,) = waited
        return _say_one(tx, told.notice, told.case, told.member, channel, contact)
    _count(tx, contact.id)
    way = tx.office.channels[channel]
    (outbox,) = outbound.say(tx, contact, channel, [_together(tx, waited, way)], Said(KEY, direct=False))
    return outbox, tx.office.texts.version(BY_SMS if way.capabilities.gsm else KEY)


def _together(tx: Transaction, waited: Sequence[Told], channel: Channel) -> tuple[str, Buttons]:
    """The message that tells several notices: a line each, and a button or an address that opens each task."""
    texts = tx.office.texts
    everything = f"{tx.office.settings.server.public_url}/admin/aduan"
    if channel.capabilities.gsm:
        named = ", ".join(list(dict.fromkeys(told.case.number for told in waited))[:NAMED_BY_SMS])
        return texts(BY_SMS, n=len(waited), tiket=named, tautan=everything), ()
    lines, opens = [texts(KEY, n=len(waited))], {}
    for told in waited[:MOST_LINES]:
        said, link = staff_texts.line(
            tx, told.notice.key, told.case, told.member, told.notice.inputs or {}, opens=told.case.id not in opens
        )
        lines.append(f"- {said}")
        if link:
            opens[told.case.id] = Button(told.case.number, url=link)
        if link and not channel.capabilities.buttons:
            lines.append(f"  {link}")
    if len(waited) > MOST_LINES:
        lines.append(texts("sup.digest_more", n=len(waited) - MOST_LINES, tautan=everything))
    buttons = list(opens.values()) if channel.capabilities.buttons else []
    return "\n".join(lines), staff_texts.beside(buttons)
