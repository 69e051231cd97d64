"""The summary of each working morning: one message to heads, coordinators and the regional head (CASEWORK 5.6, 10).

What came in, what is open and late, which ladder is broken, and every notice that waited for a summary instead of being
sent alone. Whoever has nothing to read gets no message; where nobody can be told, those above them are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, literal_column, select

from channels.registry import Channel
from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience, Skip
from gateway.notices import notices, staff_texts
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import directory, mandates, readers
from gateway.people.directory import Member
from gateway.queries import complaint_list
from gateway.queries.complaint_list import CASE, IS_OPEN, Filters, Sorting
from gateway.queries.scope import Scope, not_about_them, scope_of, visible
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing import ladder
from gateway.timing.ladder import Rung
from gateway.timing.quiet import summary_day

# Lower ones first: what none of them can be told is in the summary of those above, the same morning.
READERS: Mapping[Audience, Role] = {
    Audience.HEAD: Role.KEPALA,
    Audience.COORDINATOR: Role.COORDINATOR,
    Audience.REGIONAL_HEAD: Role.REGIONAL_HEAD,
}
KEY = "sup.digest"
WHOLE = "*"
"""Audience of the row that says: everybody has had theirs today."""
MOST_LINES = 20
OLDEST = 5
# Word for word as in the index of what waits for a summary.
WAITS = tables.notice.c.state == literal_column("'digest'")


@dataclass(frozen=True, slots=True)
class News:
    """What one reader finds in a summary. `lines`: (notice, complaint) of what waited, the newest of each complaint."""

    came: int = 0
    open: int = 0
    due_today: int = 0
    late: int = 0
    open_cases: int = 0
    """What is open, with all reports of one incident as one."""
    oldest: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    expiring: tuple[str, ...] = ()
    """A sentence for each mandate that ends soon."""
    lines: Sequence[tuple[Any, Any]] = field(default_factory=tuple)

    @property
    def is_none(self) -> bool:
        """How many are open is no news by itself."""
        return not (self.came or self.due_today or self.late or self.broken or self.expiring or self.lines)


def tell(store: Store) -> int:
    """Write the summaries of today that are due and were not written; how many people were told."""
    with store.reading() as tx:
        day = summary_day(tx)
        if day is None or _is_done(tx, day):
            return 0
    told = 0
    for audience in READERS:
        with store.reading() as tx:
            agencies = _agencies(tx, audience)
        for agency in agencies:
            told += store.run(partial(_tell, day=day, audience=audience, agency=agency))
    store.run(partial(_begin, day=day, audience=WHOLE, agency=""))
    return told


def _is_done(tx: Transaction, day: date) -> bool:
    """Whether everybody had theirs."""
    summary = tables.summary.c
    mine = (summary.day == day) & (summary.audience == WHOLE) & (summary.agency == "")
    return tx.one(select(summary.day).where(mine)) is not None


def _begin(tx: Transaction, *, day: date, audience: str, agency: str) -> bool:
    """Whether it is ours to write: two clocks may be at it."""
    row = {"day": day, "audience": audience, "agency": agency, "created_at": tx.now}
    return bool(tx.insert_new(tables.summary, [row], "day"))


def _agencies(tx: Transaction, audience: Audience) -> list[str]:
    """Whose heads may have something to read; the others are one circle of readers each."""
    if audience is not Audience.HEAD:
        return [""]
    complaint, notice = tables.complaint.c, tables.notice.c
    busy = select(complaint.agency).where(complaint.closed_at.is_(None)).distinct()
    waiting = select(notice.agency).where(notice.audience == audience.value, WAITS).distinct()
    told = {row.agency or directory.coordinator_agency(tx) for row in tx.all(waiting)}
    found = told | {row.agency for row in tx.all(busy)}
    return sorted((found | {one.agency for one in mandates.untold(tx, audience)}) - {""})


def _tell(tx: Transaction, *, day: date, audience: Audience, agency: str) -> int:
    since = _last(tx, audience, agency)
    if not _begin(tx, day=day, audience=audience.value, agency=agency):
        return 0
    waiting = _waiting(tx, audience, agency)
    people = readers.staff(tx, audience, agency)
    if waiting and not any(means for _, means in people):
        _pass_up(tx, waiting, audience, people)
        waiting = []
    is_sent = tx.office.matrix.sends(mandates.KEY, audience.value) and audience is not Audience.REGIONAL_HEAD
    ending = mandates.untold(tx, audience, agency) if is_sent else ()
    news = _news(tx, audience, agency, since, waiting, mandates.sentences(tx, ending))
    first = None
    if not news.is_none:
        for member, means in people:
            if means is not None:
                first = first or _send(tx, member, *means, day, news)
    for row, _ in waiting:
        notices.merge(tx, row, first)
    if first is not None:
        mandates.mark_told(tx, audience, ending)
    return 0 if first is None else sum(means is not None for _, means in people)


def _last(tx: Transaction, audience: Audience, agency: str) -> datetime:
    """When their last summary was written; the first one tells of a day."""
    summary = tables.summary.c
    mine = (summary.audience == audience.value) & (summary.agency == agency)
    row = tx.one(select(func.max(summary.created_at).label("at")).where(mine))
    return row.at if row and row.at else tx.now - timedelta(days=1)


def _waiting(tx: Transaction, audience: Audience, agency: str) -> list[tuple[Any, Any]]:
    """Notices for this summary with their complaints, oldest first; what is over by now is not told any more.

    What lies with no agency yet is the matter of the coordinators' office, and of its head.
    """
    notice, complaint = tables.notice, tables.complaint
    mine = (notice.c.audience == audience.value) & WAITS
    if agency:
        mine &= notice.c.agency.in_([agency, ""] if agency == directory.coordinator_agency(tx) else [agency])
    rows = tx.all(select(notice).where(mine).order_by(notice.c.id).with_for_update())
    known = {
        row.id: row for row in tx.all(select(complaint).where(complaint.c.id.in_({row.complaint_id for row in rows})))
    }
    found = []
    for row in rows:
        case = known[row.complaint_id]
        if case.closed_at is not None:
            notices.drop(tx, row, Skip.SUPERSEDED)
        elif notices.is_kept_from(tx, Rung(audience, row.agency), case):
            notices.drop(tx, row, Skip.SECRET_GUARD)
            if above := ladder.ABOVE.get(audience):
                notices.hand_on(tx, row, above)
        else:
            found.append((row, case))
    return found


def _pass_up(tx: Transaction, waiting: Iterable[tuple[Any, Any]], audience: Audience, people: Sequence[Any]) -> None:
    """Nobody of them can be told: it waits for those above, and the complaint shows the gap."""
    skip = Skip.NO_ROUTE if people else Skip.NO_HOLDER
    skip = Skip.ON_LEAVE if any(member.on_leave for member, _ in people) else skip
    for row, case in waiting:
        notices.drop(tx, row, skip)
        if skip != Skip.ON_LEAVE:
            notices.show_gap(tx, case)
        above = ladder.ABOVE.get(audience)
        if above is not None:
            notices.hand_on(tx, row, above)


def _news(
    tx: Transaction,
    audience: Audience,
    agency: str,
    since: datetime,
    waiting: Sequence[tuple[Any, Any]],
    expiring: tuple[str, ...],
) -> News:
    scope = scope_of(tx.office, READERS[audience], agency)
    oldest = complaint_list.find(tx, scope, Filters(tab="lewat"), Sorting.DUE, limit=OLDEST)
    newest = {row.complaint_id: (row, case) for row, case in waiting}
    reports, cases = _open(tx, scope)
    return News(
        came=_came(tx, scope, audience, since),
        open=reports,
        open_cases=cases,
        due_today=_many(tx, scope, tab="hari_ini"),
        late=_many(tx, scope, tab="lewat"),
        oldest=tuple(row.number for row in oldest.rows),
        broken=() if audience is Audience.HEAD else _broken(tx),
        expiring=expiring,
        lines=tuple(newest.values()),
    )


def _many(tx: Transaction, scope: Scope, **filters: Any) -> int:
    return complaint_list.count(tx, scope, Filters(**filters)).count


def _open(tx: Transaction, scope: Scope) -> tuple[int, int]:
    """Reports, and cases."""
    # Every agency is >= "": said so that SQLite counts in the index of open ones by agency, not in that of all.
    mine = visible(scope) & IS_OPEN & (tables.complaint.c.agency >= "")
    counted = select(func.count().label("reports"), func.count(CASE.distinct()).label("cases"))
    row = tx.one(counted.select_from(tables.complaint).where(mine))
    return (int(row.reports), int(row.cases)) if row else (0, 0)


def _came(tx: Transaction, scope: Scope, audience: Audience, since: datetime) -> int:
    """What reached them: an office by what it was given, the others by what citizens sent."""
    if audience is not Audience.HEAD:
        return _many(tx, scope, created_from=since)
    given = tables.assignment.c
    mine = given.agency.in_(sorted(scope.agencies or ())) & (given.assigned_at > since)
    # What was taken from them because it is about them, they have never had.
    complaint = tables.complaint
    counted = select(func.count(given.complaint_id.distinct()).label("many"))
    row = tx.one(counted.join(complaint, complaint.c.id == given.complaint_id).where(mine, not_about_them(scope)))
    return int(row.many) if row else 0


def _broken(tx: Transaction) -> tuple[str, ...]:
    """Names of offices with open complaints of which somebody should have heard who is not there."""
    complaint = tables.complaint.c
    flagged = complaint.closed_at.is_(None) & complaint.flags.contains(notices.BROKEN) & (complaint.agency != "")
    names = directory.agency_names(tx)
    return tuple(
        names.get(row.agency, row.agency)
        for row in tx.all(select(complaint.agency).where(flagged).distinct().order_by(complaint.agency))
    )


def _send(tx: Transaction, member: Member, channel: str, contact: Any, day: date, news: News) -> int:
    text = _text(tx, member, tx.office.channels[channel], day, news)
    return outbound.say(tx, contact, channel, [(text, ())], Said(KEY, direct=False))[0]


def _text(tx: Transaction, member: Member, channel: Channel, day: date, news: News) -> str:
    texts, sms = tx.office.texts, channel.capabilities.gsm
    figures = texts(KEY, tgl=day_text(day), a=news.came, b=news.open, c=news.due_today, d=news.late)
    if sms:  # what it is about; the rest is read on the screens
        return " ".join([figures, *news.expiring[:1]])
    parts = [figures]
    if news.open_cases < news.open:
        parts.append(texts("sup.digest_cases", n=news.open, k=news.open_cases))
    if news.oldest:
        parts.append(texts("sup.digest_oldest", tiket=", ".join(news.oldest)))
    if news.broken:
        parts.append(texts("sup.digest_broken", kantor=", ".join(news.broken)))
    lines = [" ".join(parts), *(f"- {sentence}" for sentence in news.expiring[:MOST_LINES])]
    lines += [_line(tx, member, row, case) for row, case in news.lines[:MOST_LINES]]
    if len(news.lines) > MOST_LINES:
        address = f"{tx.office.settings.server.public_url}/admin/aduan?tab=lewat"
        lines.append(texts("sup.digest_more", n=len(news.lines) - MOST_LINES, tautan=address))
    return "\n".join(lines)


def _line(tx: Transaction, member: Member, row: Any, case: Any) -> str:
    return f"- {staff_texts.line(tx, row.key, case, member, row.inputs or {}, opens=False)[0]}"
