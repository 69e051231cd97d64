"""Messages to officers that did not arrive: told again by the next way to that person, else to those above (CASEWORK 10).

Failed, or not delivered within `notices.fallback_s`: still waiting for its channel, or sent through one that reports
deliveries and has not. An outcome that is unknown is left to a person, for the message may have arrived. Each message is
told once more and marked; what replaces it is watched in the same way, so that ways are tried in order and come to an end.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

from gateway.complaints.complaint import Urgency
from gateway.complaints.notices import NOTICES, Audience, Skip, Timing
from gateway.notices import dispatch_log, gathering, notices
from gateway.outbound import outbound
from gateway.outbound.outbound import NOT_WANTED, Said
from gateway.people import directory, readers
from gateway.people.directory import Member
from gateway.queries.dispatch import IS_UNSENT
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import first_id_at
from gateway.timing.ladder import Rung
from gateway.timing.quiet import quiet_until, staff_rests_until

ELSEWHERE = "elsewhere"
"""Mark of a message that was told by another way."""
MOST = 100
LOOKED_BACK = timedelta(days=5)
"""What failed on the evening before a long weekend is told after it."""
LONGEST_WAIT = timedelta(days=15)
"""Before a message that tells several: a notice waits no longer than the longest row of holidays."""
REPORTS_WITHIN = timedelta(hours=12)
"""How much longer than `fallback_s` a message without a report of delivery is looked for."""
# What is written together has no notice of its own.
KEYS = frozenset(key for key, rule in NOTICES.items() if Audience.REPORTER not in rule.audiences) | {gathering.KEY}
AT_ANY_HOUR = frozenset(key for key, rule in NOTICES.items() if rule.timing is Timing.IMMEDIATE) & KEYS
"""In quiet hours only these and danger are looked for: what has to wait would stand before them until the morning."""


def tell_elsewhere(store: Store) -> int:
    """One turn; how many messages were told by another way, or to others."""
    with store.reading() as tx:
        found = _undelivered(tx)
    return sum(store.run(partial(_once_more, row=row)) for row in found)


def _undelivered(tx: Transaction) -> Sequence[Any]:
    outbox = tables.outbox.c
    patience = timedelta(seconds=tx.office.settings.notices.fallback_s)
    columns = (
        outbox.id,
        outbox.state,
        outbox.channel,
        outbox.contact_id,
        outbox.complaint_id,
        outbox.notice_id,
        outbox.key,
    )
    wanted = outbox.key.in_(KEYS) & outbox.direct.is_(False) & (outbox.provider_state != ELSEWHERE)
    if staff_rests_until(tx, tx.now) is not None:
        wanted &= outbox.key.in_(AT_ANY_HOUR) | _is_about_danger()
    late = (outbox.state == "queued") & (outbox.planned_at <= tx.now - patience)
    failed = (outbox.state == "failed") & outbox.reason.not_in(NOT_WANTED)
    unsent = IS_UNSENT & (outbox.created_at > tx.now - LOOKED_BACK) & (late | failed)
    found = list(tx.all(select(*columns).where(unsent, wanted).order_by(outbox.created_at).limit(MOST)))
    for name, channel in tx.office.channels.items():
        if channel.capabilities.reports and channel.capabilities.staff:
            since = tx.now - patience - REPORTS_WITHIN
            mine = (outbox.channel == name) & outbox.created_at.between(since, tx.now - patience)
            silent = (outbox.state == "sent") & (outbox.sent_at <= tx.now - patience)
            found += tx.all(select(*columns).where(mine, silent, wanted).order_by(outbox.created_at).limit(MOST))
    return found


def _is_about_danger() -> ColumnElement[bool]:
    complaint = tables.complaint.c
    mine = (complaint.id == tables.outbox.c.complaint_id) & (complaint.urgency == Urgency.DARURAT.value)
    return exists(select(complaint.id).where(mine).correlate(tables.outbox))


def _once_more(tx: Transaction, *, row: Any) -> int:
    if row.notice_id is None:
        return _several(tx, row)
    entry = _entry(tx, row)
    notice, complaint = tables.notice, tables.complaint
    told = tx.one(select(notice).where(notice.c.id == row.notice_id))
    case = tx.one(select(complaint).where(complaint.c.id == row.complaint_id)) if told else None
    member = directory.member(tx, entry.recipient_id) if entry and entry.recipient_id else None
    if told is None or case is None or case.closed_at is not None or gathering.is_given_away(told, case):
        _take(tx, row)
        return 0
    rule, audience = NOTICES[row.key], Audience(told.audience)
    if case.urgency != Urgency.DARURAT.value and quiet_until(tx, rule, audience, tx.now) is not None:
        return 0
    if not _take(tx, row):
        return 0
    is_away = member is not None and bool(directory.on_leave(tx, [member.id], tx.today))
    ways = tx.office.matrix.cell(told.key, told.audience).ways
    there = member if not is_away else None
    means = readers.next_way(tx, there, row.channel, by_sms=rule.by_sms, ways=ways) if there else None
    if member is not None and means is not None:
        gathering.say(tx, told, case, member, *means)
        return 1
    skip = Skip.ON_LEAVE if is_away else Skip.NO_ROUTE
    _go_up(tx, told, case, skip, member.id if member else None)
    return 1


def _several(tx: Transaction, row: Any) -> int:
    """A message about several things is told in the same words; by SMS, where they do not fit, only that there was one.

    Where there is no other way, those above are told; one that still waits for its channel goes on waiting.
    """
    if row.key not in AT_ANY_HOUR and staff_rests_until(tx, tx.now) is not None:
        return 0
    outbox = tables.outbox.c
    member: Member | None = next(iter(directory.members_of(tx, row.contact_id)), None)
    means = readers.next_way(tx, member, row.channel) if member else None
    sealed = tx.one(select(outbox.text_sealed).where(outbox.id == row.id))
    if not _take(tx, row, ends=means is not None) or sealed is None:
        return 0
    if means is None:
        return _tell_above_of_each(tx, row)
    channel, contact = means
    text = readers.contact(tx, row.contact_id).open(bytes(sealed.text_sealed), f"outbox:{row.id}")
    if tx.office.channels[channel].capabilities.gsm:
        address = f"{tx.office.settings.server.public_url}/admin/aduan"
        text = tx.office.texts("pic.missed_sms", kanal=row.channel, tautan=address)
    (again,) = outbound.say(tx, contact, channel, [(text, ())], Said(row.key, direct=False))
    # What it is about stays known: when this way fails too, those above are told of each.
    log = tables.dispatch_log
    tx.execute(log.update().where(_about(tx, row)).values(outbox_id=again, channel=channel))
    return 1


def _about(tx: Transaction, row: Any) -> ColumnElement[bool]:
    """The lines of what was told together in this message: by id, which is by time, for the log knows no messages."""
    log = tables.dispatch_log.c
    return and_(log.id >= first_id_at(tx.now - LONGEST_WAIT), log.id < row.id, log.outbox_id == row.id)


def _tell_above_of_each(tx: Transaction, row: Any) -> int:
    """1 where any of what was told together had to go up; a summary tells nobody's task."""
    log, notice, complaint = tables.dispatch_log, tables.notice, tables.complaint
    mine = select(log.c.notice_id, log.c.recipient_id).where(_about(tx, row)).order_by(log.c.id)
    entries = tx.all(mine) if row.key == gathering.KEY else ()
    found = 0
    for entry in entries:
        told = tx.one(select(notice).where(notice.c.id == entry.notice_id))
        case = tx.one(select(complaint).where(complaint.c.id == told.complaint_id)) if told else None
        if told is None or case is None or case.closed_at is not None or gathering.is_given_away(told, case):
            continue
        _go_up(tx, told, case, Skip.NO_ROUTE, entry.recipient_id)
        found = 1
    return found


def _go_up(tx: Transaction, told: Any, case: Any, skip: Skip, recipient: int | None) -> None:
    """This one officer cannot be told: a colleague who knows is enough, else those above are told."""
    dispatch_log.note(tx, told, "staff", skip=skip, recipient=recipient)
    if not _is_told(tx, told):
        rung = Rung(Audience(told.audience), told.agency)
        notices.tell_above(tx, told, rung, case, is_gap=skip != Skip.ON_LEAVE)


def _take(tx: Transaction, row: Any, *, ends: bool = True) -> bool:
    """Whether it is ours to tell again: as it was when it was found, and not told by another clock meanwhile.

    `ends`: one that is not sent yet is sent no more.
    """
    outbox = tables.outbox
    mine = (outbox.c.id == row.id) & (outbox.c.state == row.state) & (outbox.c.provider_state != ELSEWHERE)
    values = {"provider_state": ELSEWHERE}
    if ends and row.state == "queued":
        values |= {"state": "failed", "reason": "superseded"}
    return tx.execute(outbox.update().where(mine).values(**values)).rowcount == 1


def _entry(tx: Transaction, row: Any) -> Any:
    log = tables.dispatch_log
    mine = (log.c.complaint_id == row.complaint_id) & (log.c.outbox_id == row.id)
    return tx.one(select(log.c.recipient_id).where(mine).limit(1))


def _is_told(tx: Transaction, notice: Any) -> bool:
    """Whether anybody else of the same circle was told, or will be with other things."""
    log, outbox = tables.dispatch_log, tables.outbox
    mine = (log.c.complaint_id == notice.complaint_id) & (log.c.notice_id == notice.id)
    lines = tx.all(
        select(log.c.skip, outbox.c.state, outbox.c.provider_state)
        .select_from(log.outerjoin(outbox, outbox.c.id == log.c.outbox_id))
        .where(mine)
    )
    return any(_is_on_its_way(line) for line in lines)


def _is_on_its_way(line: Any) -> bool:
    """Waits to be told with others, or was sent and has not been taken for lost; the reason to wait stays in the log."""
    if line.state is None:
        return line.skip in gathering.WAITING
    return bool(line.state != "failed" and line.provider_state != ELSEWHERE)
