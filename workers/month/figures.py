"""A month as one JSON object, and as the table that people read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from gateway.trials.month import Life
from workers.bench import report
from workers.bench.report import Report
from workers.bench.table import Row, aligned
from workers.month.course import Month
from workers.month.verdict import BROKEN, Kept, Silence, Verdict, Wait

SHOWN = 5
"""So many of the longest waits."""


def told(month: Month, verdict: Verdict) -> Report:
    """The whole report; `sound` is false when somebody was left in silence or anything was lost."""
    order, books = month.order, month.books
    given = {"reports": order.reports, "days": order.days, "seed": order.seed, "outage_days": order.outage_days}
    made = report.head("month", given) | {
        "database": month.database,
        "complaints": len(books.lives),
        "by_channel": {
            name: {"reports": way.reports, "longest_wait": way.longest} | _fates(way.kept)
            for name, way in verdict.channels.items()
        },
        "protected": _many(name for life in books.lives for name in sorted(life.protection)),
        "days_off": {f"{day:%Y-%m-%d}": name for day, name in month.days_off.items()},
        "by_status": _many(life.status for life in books.lives),
        "longest_waits": [_wait(wait) for wait in verdict.waits[:SHOWN]],
        "beyond_standard": verdict.beyond,
        "left_in_silence": len({_who(one) for one in verdict.silences}),
        "silences": [asdict(one) for one in verdict.silences],
        "escalations": dict(verdict.escalations),
        "told_late": _told_late(books.lives),
        "disturbed": list(verdict.disturbed),
        "clocks": {name: _fates(kept) for name, kept in verdict.clocks.items()},
        "incidents": [asdict(one) for one in verdict.incidents],
        "files": dict(books.files),
        "reused_evidence": {"shown": len(month.reused), "marked": len(month.reused & books.alike)},
        "skipped": dict(books.skips),
        "messages": dict(books.messages),
        "tasks": dict(books.tasks),
        "lapor": _lapor(month),
        "deeds": dict(month.deeds),
        "lost": list(verdict.lost),
    }
    silent = [f"{one.number or 'somebody'}: {one.why}, {one.detail}" for one in verdict.silences]
    return report.judged(made, [*silent, *verdict.lost, *verdict.disturbed])


def _fates(kept: Kept) -> dict[str, Any]:
    return asdict(kept) | {"share": _rounded(kept.share)}


def _told_late(lives: Iterable[Life]) -> int:
    """Reporters who were told that a day which was promised to them has passed."""
    return sum(any(word.key == BROKEN for word in life.words) for life in lives)


def _who(silence: Silence) -> str:
    return silence.number or silence.detail


def _many(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _wait(wait: Wait) -> dict[str, Any]:
    return asdict(wait) | {"clock": wait.clock.value, "beyond": wait.beyond}


def _lapor(month: Month) -> dict[str, Any]:
    """What became of what was to be filed. `caught_up_s`: from its return until the last that waited was there."""
    begins, ends = month.order.away
    waited = [one for one in month.books.forwards if begins <= one.created_at < ends]
    late = [one.sent_at for one in waited if one.sent_at is not None and one.sent_at >= ends]
    tried = [fault for at, method, fault in month.calls if begins <= at < ends and method == "POST"]
    return {
        "filed": sum(one.kind == "create" and one.state == "sent" for one in month.books.forwards),
        "forwards": len(month.books.forwards),
        "open": sum(one.state != "sent" for one in month.books.forwards),
        "waited_during_outage": len(waited),
        "written_during_outage": len(tried),
        "reads_during_outage": sum(begins <= at < ends and method == "GET" for at, method, _ in month.calls),
        "caught_up_s": round((max(late) - ends).total_seconds()) if late else 0,
        "there_twice": len(month.board) - len(set(month.board)),
    }


def lines(made: Report) -> list[str]:
    """For the terminal."""
    parts: Sequence[list[Row]] = (
        _longest(made),
        _kept(made, "clocks", "clock"),
        _kept(made, "by_channel", "channel"),
        _counted(made),
        _crowds(made),
        _there(made),
    )
    found = [line for rows in parts for line in (*aligned(rows), "")]
    silent, beyond = made["left_in_silence"], made["beyond_standard"]
    end = "sound" if made["sound"] else f"NOT SOUND: {len(made['problems'])} problems"
    return [*found, f"{made['complaints']} complaints; beyond the standard {beyond}, left in silence {silent}; {end}"]


def _longest(made: Report) -> list[Row]:
    head = ("longest without a word", "working days", "standard", "clock", "from", "to", "told before", "told after")
    rows: list[Row] = [
        (
            one["number"],
            f"{one['days']}",
            f"{one['standard']}",
            one["clock"],
            _moment(one["since"]),
            _moment(one["until"]),
            one["after"] or "-",
            one["before"] or "(not yet)",
        )
        for one in made["longest_waits"]
    ]
    return [head, *rows]


def _moment(at: datetime) -> str:
    return f"{at:%d %b %H:%M}"


def _kept(made: Report, by: str, head: str) -> list[Row]:
    """A channel has more to tell than a clock: how many reported by it, and how long one of them heard nothing."""
    more = {"reports": "reports", "longest_wait": "longest without a word"} if by == "by_channel" else {}
    rows: list[Row] = [
        (
            name,
            *(f"{one[key]}" for key in ("in_time", "late", "overdue", "running")),
            _percent(one["share"]),
            *(f"{one[key]}" for key in more),
        )
        for name, one in made[by].items()
    ]
    return [(head, "in time", "late", "overdue", "running", "share in time", *more.values()), *rows]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _counted(made: Report) -> list[Row]:
    names: Mapping[str, str] = {
        "escalations": "told of a deadline",
        "skipped": "not sent, why",
        "messages": "sent",
        "protected": "protected",
        "files": "pictures",
        "days_off": "days off",
    }
    rows: list[Row] = []
    for key, name in names.items():
        some = [f"{word} {many}" for word, many in made[key].items()]
        rows += [(name if not at else "", ", ".join(some[at : at + 8])) for at in range(0, max(len(some), 1), 8)]
    return rows


def _crowds(made: Report) -> list[Row]:
    reused = made["reused_evidence"]
    rows: list[Row] = [
        (f"incident {one['number']}", f"{one['children']} follow, {one['answered']} answered")
        for one in made["incidents"]
    ]
    rows.append(("evidence shown before", f"{reused['shown']}, marked {reused['marked']}"))
    rows.append(("told of a broken promise", f"{made['told_late']} reporters"))
    return rows


def _there(made: Report) -> list[Row]:
    return [(f"LAPOR! {name.replace('_', ' ')}", f"{value}") for name, value in made["lapor"].items()]
