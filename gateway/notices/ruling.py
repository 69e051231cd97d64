"""An office decides which notices it sends and how: each change is a version with its reason, none is ever lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, select

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.complaints.notices import FLOOR, NOTICES, Audience, NoticeRule, Timing
from gateway.matrix import Cell
from gateway.notices.rewording import LEAST_REASON, MOST_REASON
from gateway.people.directory import DEFAULT_ORDER
from gateway.storage import tables
from gateway.storage.store import Transaction

WAYS = DEFAULT_ORDER
WITHOUT_A_CASE = frozenset({"sup.digest", "mandate.expiring", "task.sp4n", "task.bridge", "chan.alert"})
"""About no complaint: their way is that of their reader."""
table = tables.notice_rule


class RuleRefused(ValueError):
    """The rule cannot be like this; nothing was written. `problems`: by field of the form, the end of a text key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(problems.values()))
        self.problems = MappingProxyType(dict(problems))


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of one notice for one audience. `seen`: the version that they had before them."""

    key: str
    audience: Audience
    cell: Cell
    reason: str
    seen: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the history shows it."""

    cell: Cell
    reason: str
    role: str
    name: str
    at: datetime


def rule_of(key: str, audience: str) -> NoticeRule | None:
    """None for a notice that this audience never gets."""
    rule = NOTICES.get(key)
    return rule if rule is not None and audience in rule.audiences else None


def has_ways(rule: NoticeRule, audience: Audience) -> bool:
    """Whether the office may choose how they are reached; reporters are answered where they wrote."""
    return audience is not Audience.REPORTER and rule.key not in WITHOUT_A_CASE


def may_wait(rule: NoticeRule, audience: Audience) -> bool:
    """Whether it is ever told with other things, so that the office may forbid it."""
    return has_ways(rule, audience) and rule.timing is Timing.QUIET


def history(tx: Transaction, key: str, audience: Audience) -> list[Version]:
    """The newest first."""
    mine = (table.c.key == key) & (table.c.audience == audience.value)
    return [
        Version(
            Cell(row.enabled, row.together, tuple(row.ways.split()), row.version),
            row.reason,
            row.actor_role,
            row.actor_name,
            row.created_at,
        )
        for row in tx.all(select(table).where(mine).order_by(table.c.version.desc()))
    ]


def change(tx: Transaction, wish: Wish, actor: Actor) -> int:
    """Write the next version; its number. RuleRefused names everything that is wrong with it."""
    rule = rule_of(wish.key, wish.audience)
    if rule is None:
        raise LookupError(f"{wish.audience} gets no {wish.key}")
    found = dict(_problems(wish, rule))
    newest = _newest(tx, wish)
    if wish.seen != newest:
        found["_seen"] = "stale"
    if found:
        raise RuleRefused(found)
    row = {
        "key": wish.key,
        "audience": wish.audience.value,
        "version": newest + 1,
        "enabled": wish.cell.enabled,
        "together": wish.cell.together,
        "ways": " ".join(wish.cell.ways),
        "reason": wish.reason.strip(),
        "actor_role": actor.role.value,
        "actor_name": actor.name,
        "created_at": tx.now,
    }
    # Two who decide at the same moment: the second one looks at what the first one wrote.
    if not tx.insert_new(table, [row], "version"):
        raise RuleRefused({"_seen": "stale"})
    details = {name: row[name] for name in ("version", "enabled", "together", "ways")}
    place = f"{wish.key}/{wish.audience.value}"
    audit.record(tx, actor, "notice_rule_changed", "notice_rule", place, wish.reason.strip(), details)
    tx.afterwards.append(tx.office.matrix.look_soon)
    return newest + 1


def _problems(wish: Wish, rule: NoticeRule) -> Sequence[tuple[str, str]]:
    cell, is_long = wish.cell, LEAST_REASON <= len(wish.reason.strip()) <= MOST_REASON
    unknown = set(cell.ways) - set(WAYS) or (cell.ways and not has_ways(rule, wish.audience))
    checks = (
        ("enabled", "floor", not cell.enabled and wish.key in FLOOR),
        ("ways", "unknown_way", bool(unknown)),
        ("ways", "twice", len(set(cell.ways)) < len(cell.ways)),
        ("together", "never_waits", not cell.together and not may_wait(rule, wish.audience)),
        ("reason", "no_reason", not is_long),
    )
    return [(field, code) for field, code, holds in checks if holds]


def _newest(tx: Transaction, wish: Wish) -> int:
    mine = (table.c.key == wish.key) & (table.c.audience == wish.audience.value)
    row = tx.one(select(func.max(table.c.version)).where(mine))
    return int(row[0] or 0) if row else 0
