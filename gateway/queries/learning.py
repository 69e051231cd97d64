"""How good the classifier is by what people decided, and whether messages change: what the screen of it shows.

Only complaints that are nobody's secret are counted; which of them somebody may open, their scope says. Whether secrets were
seen can only be counted among secrets: there without links, and nothing that happened fewer than `FEWEST` times.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, exists, func, literal_column, select

from gateway.complaints import certainty
from gateway.complaints.certainty import Bin, Told
from gateway.queries.confirmed import about_nobody_here, newest, open_to_all
from gateway.queries.scope import Scope, readable
from gateway.record import automatic
from gateway.record.automatic import Count
from gateway.record.rulings import AGENCY, SENSITIVE, TAPPED, TOPIC, code_of
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, to_millis

complaint, proposal, ruling = tables.complaint, tables.proposal, tables.ruling
SINCE = timedelta(days=90)
WEEKS = 12
WEEK_MS = 7 * 86_400_000
MOST = 20_000
MOST_CLASSES, MOST_PAIRS, MOST_LINKS = 10, 10, 3
FEWEST = 5
OTHERS = ""
"""The row and the column of all classes that are not shown by themselves."""


@dataclass(frozen=True, slots=True)
class Correction:
    """People said `decided` where `proposed` was said, `many` times. `numbers`: of some that the reader may open."""

    proposed: str
    decided: str
    many: int
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """What people made of proposals for one task. `confusion`: (decided, proposed) -> how many, of `classes` and `OTHERS`."""

    many: int
    right: int
    lower: float
    """The share that is surely right (Wilson)."""
    calibration_error: float
    bins: Sequence[Bin]
    classes: Sequence[str]
    confusion: Mapping[tuple[str, str], int]
    corrections: Sequence[Correction]

    @property
    def per_class(self) -> Sequence[tuple[str, int, float | None, float | None]]:
        """(class, how often decided, precision, recall), of those that are shown by themselves; None: never proposed."""
        said, meant = Counter[str](), Counter[str]()
        for (label, proposed), many in self.confusion.items():
            said[proposed] += many
            meant[label] += many
        right = {name: self.confusion.get((name, name), 0) for name in self.classes}
        return [
            (name, meant[name], _share(right[name], said[name]), _share(right[name], meant[name]))
            for name in self.classes
        ]

    @property
    def shown(self) -> Sequence[str]:
        """Rows and columns of the table."""
        is_more = any(OTHERS in pair for pair in self.confusion)
        return (*self.classes, *((OTHERS,) if is_more else ()))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Week:
    """Proposals of the week that begins at `begins`. `languages`, `topics`: shares; of topics without secrets."""

    begins: datetime
    many: int
    sure: float
    unknown: float
    languages: Mapping[str, float]
    topics: Mapping[str, float]
    automatic: Count


def quality(tx: Transaction, scope: Scope, task: str) -> Quality:
    """Of the last ninety days; where nothing had been proposed nobody can be right.

    What went on by itself stands among the corrections alone: people rule on it only where it was wrong.
    """
    rows: Sequence[Any] = [*_ruled(tx, scope, task), *(_let_stand(tx, scope, task) if task in TAPPED else ())]
    if task == SENSITIVE:
        rows = _often(rows)
    told = [Told(row.decided, row.proposed, row.sure) for row in rows if not row.acted]
    right = sum(one.right for one in told)
    classes = [name for name, _ in Counter(one.label for one in told).most_common(MOST_CLASSES)]
    return Quality(
        many=len(told),
        right=right,
        lower=certainty.lower_bound(right, len(told)),
        calibration_error=certainty.calibration_error(told),
        bins=certainty.bins(told) if task in {TOPIC, AGENCY} else [],
        classes=sorted(classes),
        confusion=_confusion(told, frozenset(classes)),
        corrections=_corrections(rows),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A proposal, and what people made of it."""

    proposed: str
    decided: str
    sure: float
    number: str
    seen: bool
    acted: bool = False


def _ruled(tx: Transaction, scope: Scope, task: str) -> list[_Judged]:
    rows: Sequence[Any] = tx.all(
        select(
            ruling.c.proposed,
            ruling.c.decided,
            ruling.c.sure,
            complaint.c.number,
            readable(scope).label("seen"),
            ruling.c.acted,
        )
        .join(complaint, complaint.c.id == ruling.c.complaint_id)
        .where(ruling.c.what == task, ruling.c.at >= tx.now - SINCE, ruling.c.proposed != "", newest(), _counted(task))
        .order_by(ruling.c.at.desc(), ruling.c.event_id.desc())
        .limit(MOST)
    )
    return [_Judged(row.proposed, row.decided, row.sure, row.number, row.seen, row.acted) for row in rows]


def _let_stand(tx: Transaction, scope: Scope, task: str) -> list[_Judged]:
    """Of complaints on which people decided anything: what they did not correct was right."""
    mine = ruling.c.complaint_id == proposal.c.complaint_id
    rows: Sequence[Any] = tx.all(
        select(proposal.c[task].label("proposed"), complaint.c.number, readable(scope).label("seen"))
        .join(complaint, complaint.c.id == proposal.c.complaint_id)
        .where(
            proposal.c.shadow.is_(False),
            proposal.c.acted.is_(False),
            exists().where(mine, ruling.c.at >= tx.now - SINCE),
            ~exists().where(mine, ruling.c.what == task),
            _counted(task),
        )
        .order_by(proposal.c.at.desc())
        .limit(MOST)
    )
    codes = [(code_of(task, row.proposed), row) for row in rows]
    return [_Judged(code, code, 0.0, row.number, row.seen) for code, row in codes]


def _counted(task: str) -> ColumnElement[bool]:
    return about_nobody_here() if task == SENSITIVE else open_to_all()


def _often(rows: Sequence[_Judged]) -> list[_Judged]:
    """What happened so often that nobody can be told by it."""
    many = Counter((row.proposed, row.decided) for row in rows)
    return [replace(row, seen=False) for row in rows if many[row.proposed, row.decided] >= FEWEST]


def _confusion(told: Sequence[Told], shown: frozenset[str]) -> Mapping[tuple[str, str], int]:
    def name(code: str) -> str:
        return code if code in shown else OTHERS

    return Counter((name(one.label), name(one.said)) for one in told)


def _corrections(rows: Sequence[Any]) -> list[Correction]:
    wrong: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        if row.proposed != row.decided:
            wrong[row.proposed, row.decided].append(row)
    ranked = sorted(wrong.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        Correction(proposed, decided, len(found), [row.number for row in found if row.seen][:MOST_LINKS])
        for (proposed, decided), found in ranked[:MOST_PAIRS]
    ]


def weeks(tx: Transaction) -> list[Week]:
    """The last twelve weeks with anything in them, oldest first; they begin on Monday at the government's place."""
    monday = tx.today - timedelta(days=tx.today.weekday())
    midnight = tx.office.calendar.local(tx.now).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = to_millis(midnight - timedelta(days=(tx.today - monday).days) - timedelta(weeks=WEEKS - 1))
    # Whole numbers of ours, no values from outside: as bound values they could not be grouped by on PostgreSQL.
    number = literal_column(f"(proposal.at - {begins}) / {WEEK_MS}", Integer).label("week")
    mine = (proposal.c.at >= from_millis(begins), proposal.c.shadow.is_(False))
    sums = tx.all(
        select(number, func.count(), func.avg(proposal.c.sure), func.avg(proposal.c.unknown))
        .where(*mine)
        .group_by(number)
    )
    secret = exists().where(complaint.c.id == proposal.c.complaint_id, ~open_to_all())
    parts: dict[str, Sequence[Any]] = {
        column: tx.all(
            select(number, proposal.c[column], func.count()).where(*mine, *hidden).group_by(number, proposal.c[column])
        )
        for column, hidden in (("language", ()), ("topic", (~secret,)))
    }
    found = []
    for week, many, sure, unknown in sorted(tuple(row) for row in sums):
        start = from_millis(begins + week * WEEK_MS)
        shares = {
            column: _shares([(name, count) for at, name, count in rows if at == week]) for column, rows in parts.items()
        }
        went = automatic.count(tx, start, start + timedelta(weeks=1))
        found.append(Week(start, many, float(sure), float(unknown), shares["language"], shares["topic"], went))
    return found


def _shares(counts: Sequence[tuple[str, int]]) -> Mapping[str, float]:
    total = sum(count for _, count in counts)
    return {name or "-": count / total for name, count in counts}


def shifted(now: Week, before: Sequence[Week]) -> list[tuple[str, float, float]]:
    """Topics whose share this week is furthest from that of the weeks before: (code, before, now), the furthest first."""
    many = sum(week.many for week in before)
    if not many:
        return []
    names = {*now.topics, *(name for week in before for name in week.topics)}
    usual = {name: sum(week.topics.get(name, 0.0) * week.many for week in before) / many for name in names}
    moved = [(name, usual[name], now.topics.get(name, 0.0)) for name in names]
    return sorted(moved, key=lambda one: (-abs(one[2] - one[1]), one[0]))[:MOST_LINKS]
