"""Ladders that were mended: the mark of a complaint goes when whoever should have heard of it can be told again.

A rung broke where the dispatch log says that nobody held it or nobody there could be reached. It holds again with a new
member of the team or an address that answers; and what went to another office is that one's matter. Of somebody whose
message failed, was late or went unheard their way was known all the time: it is whole again when a later message arrived.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from gateway.complaints.notices import Audience, Skip
from gateway.notices import fallback, gathering, notices
from gateway.people.directory import Member
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing.ladder import Rung

BROKE = (Skip.NO_HOLDER.value, Skip.NO_ROUTE.value)
ONE_OFFICER = "staff"
"""Kind of a line about a single officer whose message did not arrive (gateway/notices/fallback.py)."""
PROVEN_WITHIN = timedelta(days=1)
"""How far back a message that arrived is looked for; it is looked for every few minutes."""
Missed = Mapping[int, datetime]
"""Officers whose messages did not arrive, and when that was known last."""


def clear(store: Store) -> int:
    """One turn; from how many complaints the mark was taken."""
    with store.reading() as tx:
        found = [case.id for case in _marked(tx) if _is_whole(tx, case)]
    return sum(store.run(partial(_clear, complaint_id=identity)) for identity in found)


def _marked(tx: Transaction, complaint_id: int = 0) -> Sequence[Any]:
    """Open complaints with the mark: all, or this one."""
    complaint = tables.complaint
    marked = complaint.c.closed_at.is_(None) & complaint.c.flags.contains(notices.BROKEN)
    if complaint_id:
        return tx.all(select(complaint).where(complaint.c.id == complaint_id, marked).with_for_update())
    # Every agency is >= "": said so, and in the order of that index, so that SQLite reads only what is open.
    return tx.all(select(complaint).where(marked, complaint.c.agency >= "").order_by(complaint.c.agency))


def _clear(tx: Transaction, *, complaint_id: int) -> int:
    whole = [case for case in _marked(tx, complaint_id) if _is_whole(tx, case)]
    for case in whole:
        notices.hide_gap(tx, case)
    return len(whole)


def _is_whole(tx: Transaction, case: Any) -> bool:
    """Whether each notice that met a broken rung would be told now: on its own rung, or on each that was broken."""
    log, notice = tables.dispatch_log, tables.notice
    lines = tx.all(
        select(notice, log.c.recipient_kind, log.c.recipient_id, log.c.created_at.label("missed_at"))
        .select_from(log.join(notice, notice.c.id == log.c.notice_id))
        .where(log.c.complaint_id == case.id, log.c.skip.in_(BROKE), log.c.recipient_kind != Audience.REPORTER.value)
    )
    met: dict[Any, set[Audience]] = defaultdict(set)
    missed: dict[Any, dict[int, datetime]] = defaultdict(dict)
    for row in lines:
        if not gathering.is_given_away(row, case):
            met[row.id].add(_rung(row))
            if row.recipient_kind == ONE_OFFICER and row.recipient_id is not None:
                before = missed[row.id].get(row.recipient_id, row.missed_at)
                missed[row.id][row.recipient_id] = max(before, row.missed_at)
    told = {row.id: row for row in lines}
    return all(
        _holds(tx, told[one], Audience(told[one].audience), case, missed[one])
        or all(_holds(tx, told[one], rung, case, missed[one]) for rung in rungs)
        for one, rungs in met.items()
    )


def _rung(line: Any) -> Audience:
    """Whose line it is; one about a single officer who could not be told is about the rung of its notice."""
    return Audience(line.recipient_kind if line.recipient_kind in set(Audience) else line.audience)


def _holds(tx: Transaction, row: Any, audience: Audience, case: Any, missed: Missed) -> bool:
    """Whether somebody there has a way that did not fail, or that was proven since."""
    there = _with_a_way(tx, row, audience, case)
    return any(one.id not in missed or _heard_since(tx, one, missed[one.id]) for one in there)


def _with_a_way(tx: Transaction, row: Any, audience: Audience, case: Any) -> Sequence[Member]:
    """Asked once in a transaction for all complaints of an office."""
    place = (row.key, row.audience, audience.value, row.agency, case.kind)
    known: dict[Any, Sequence[Member]] = tx.notes.setdefault("who has a way", {})
    if place not in known:
        known[place] = notices.with_a_way(tx, row, Rung(audience, row.agency), case)
    return known[place]


def _heard_since(tx: Transaction, member: Member, missed_at: datetime) -> bool:
    """Whether a message that was written later arrived by any of their ways."""
    heard: dict[int, datetime] | None = tx.notes.get("who was heard of")
    if heard is None:
        heard = tx.notes["who was heard of"] = _arrived(tx)
    ways = {contact_id for _, contact_id in (*member.means, *member.costly)}
    return any(heard.get(contact_id, missed_at) > missed_at for contact_id in ways)


def _arrived(tx: Transaction) -> dict[int, datetime]:
    """By contact when the newest message to officers was written that arrived; sent is enough where nobody reports more."""
    outbox, found = tables.outbox.c, dict[int, datetime]()
    for name, channel in tx.office.channels.items():
        if channel.capabilities.staff:
            arrived = outbox.delivered_at.is_not(None) if channel.capabilities.reports else outbox.state == "sent"
            lately = (outbox.channel == name) & (outbox.created_at > tx.now - PROVEN_WITHIN)
            wanted = lately & arrived & (outbox.provider_state != fallback.ELSEWHERE)
            for row in tx.all(select(outbox.contact_id, outbox.created_at).where(wanted).order_by(outbox.created_at)):
                found[row.contact_id] = max(row.created_at, found.get(row.contact_id, row.created_at))
    return found
