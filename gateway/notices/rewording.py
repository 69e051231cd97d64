"""An office words a text anew: each change is a version with its reason, none is ever lost, any can be taken up again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.notices import text_rules
from gateway.notices.text_rules import Problem, Rules
from gateway.office import Office
from gateway.storage import tables
from gateway.storage.store import Transaction

MOST_CHARACTERS = 1000
LEAST_REASON, MOST_REASON = 5, 200
SHIPPED = 0
"""The version that ships with the product."""
table = tables.text_version


class TextRefused(ValueError):
    """The text cannot be used like this; nothing was written. `problems` by field of the form."""

    def __init__(self, problems: Mapping[str, Sequence[Problem]]) -> None:
        super().__init__(", ".join(problem.code for found in problems.values() for problem in found))
        self.problems = MappingProxyType(dict(problems))


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the history shows it; without `text` it went back to the words of the product."""

    version: int
    text: str | None
    reason: str
    role: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a text to be. `seen`: the version that they had before them (0 = the product's)."""

    key: str
    language: str
    text: str
    reason: str
    seen: int


def rules_of(office: Office) -> Rules:
    return Rules(office.wording.shipped, office.reference.glossary, office.settings.server.public_url)


def history(tx: Transaction, key: str, language: str) -> list[Version]:
    """The newest first."""
    mine = (table.c.key == key) & (table.c.language == language)
    return [_version(row) for row in tx.all(select(table).where(mine).order_by(table.c.version.desc()))]


def _version(row: Any) -> Version:
    return Version(row.version, row.text, row.reason, row.actor_role, row.actor_name, row.created_at)


def reword(tx: Transaction, wish: Wish, actor: Actor) -> int:
    """Write the next version; its number. TextRefused names everything that is wrong with it."""
    text = text_rules.tidied(wish.text)
    wrong = text_rules.problems(wish.key, wish.language, text, rules_of(tx.office))
    if len(text) > MOST_CHARACTERS:
        wrong = [Problem("too_long", str(MOST_CHARACTERS))]
    _refuse(tx, wish, wrong)
    return _add(tx, wish, text, actor)


def restore(tx: Transaction, wish: Wish, version: int, actor: Actor) -> int:
    """Take up an earlier version as the newest one; 0 is that of the product. Judged as if it were written now."""
    if version == SHIPPED:
        _refuse(tx, wish, [])
        return _add(tx, wish, None, actor)
    mine = (table.c.key == wish.key) & (table.c.language == wish.language) & (table.c.version == version)
    row = tx.one(select(table.c.text).where(mine))
    if row is None or row.text is None:
        raise TextRefused({"text": [Problem("no_version")]})
    return reword(tx, Wish(wish.key, wish.language, row.text, wish.reason, wish.seen), actor)


def _refuse(tx: Transaction, wish: Wish, wrong: Sequence[Problem]) -> None:
    found: dict[str, Sequence[Problem]] = {"text": wrong} if wrong else {}
    if not LEAST_REASON <= len(wish.reason.strip()) <= MOST_REASON:
        found["reason"] = [Problem("no_reason")]
    if wish.seen != _newest(tx, wish):
        found["_seen"] = [Problem("stale")]
    if found:
        raise TextRefused(found)


def _newest(tx: Transaction, wish: Wish) -> int:
    mine = (table.c.key == wish.key) & (table.c.language == wish.language)
    row = tx.one(select(func.max(table.c.version)).where(mine))
    return int(row[0] or 0) if row else 0


def _add(tx: Transaction, wish: Wish, text: str | None, actor: Actor) -> int:
    version = wish.seen + 1
    row = {
        "key": wish.key,
        "language": wish.language,
        "version": version,
        "text": text,
        "reason": wish.reason.strip(),
        "actor_role": actor.role.value,
        "actor_name": actor.name,
        "created_at": tx.now,
    }
    # Two who write at the same moment: the second one looks at what the first one wrote.
    if not tx.insert_new(table, [row], "version"):
        raise TextRefused({"_seen": [Problem("stale")]})
    details = {"language": wish.language, "version": version}
    audit.record(tx, actor, "text_changed", "text", wish.key, wish.reason.strip(), details)
    tx.afterwards.append(tx.office.wording.look_soon)
    return version
