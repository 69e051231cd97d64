"""Ladders that were mended: the mark of a complaint goes when whoever should have heard of it can be told again.

A rung broke where the dispatch log says that nobody held it or nobody there could be reached. It holds again with a new
member of the team or an address that answers; and what went to another office is that one's matter.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import select

from gateway.complaints.notices import Audience, Skip
from gateway.notices import gathering, notices
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing.ladder import Rung

BROKE = (Skip.NO_HOLDER.value, Skip.NO_ROUTE.value)


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
        select(notice, log.c.recipient_kind)
        .select_from(log.join(notice, notice.c.id == log.c.notice_id))
        .where(log.c.complaint_id == case.id, log.c.skip.in_(BROKE), log.c.recipient_kind != Audience.REPORTER.value)
    )
    met: dict[Any, set[Audience]] = defaultdict(set)
    for row in lines:
        if not gathering.is_given_away(row, case):
            met[row.id].add(_rung(row))
    told = {row.id: row for row in lines}
    return all(
        _holds(tx, told[one], Audience(told[one].audience), case)
        or all(_holds(tx, told[one], rung, case) for rung in rungs)
        for one, rungs in met.items()
    )


def _rung(line: Any) -> Audience:
    """Whose line it is; one about a single officer who could not be told is about the rung of its notice."""
    return Audience(line.recipient_kind if line.recipient_kind in set(Audience) else line.audience)


def _holds(tx: Transaction, row: Any, audience: Audience, case: Any) -> bool:
    """Asked once in a transaction for all complaints of an office."""
    place = (row.key, row.audience, audience.value, row.agency, case.kind)
    known: dict[Any, bool] = tx.notes.setdefault("rungs that hold", {})
    if place not in known:
        known[place] = notices.can_be_told(tx, row, Rung(audience, row.agency), case)
    return known[place]
