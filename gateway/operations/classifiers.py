"""Versions of learned models: which there are, which is in use and which runs in the shadow. Files lie elsewhere; here is the choice.

Every process that classifies looks here before each batch, so a choice counts within seconds and without a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.classification import BUILTIN
from gateway.complaints.complaint import Actor
from gateway.storage import tables
from gateway.storage.store import Transaction

USE, SHADOW, IDLE = "use", "shadow", ""
TURNS = "learned_model"
MODEL = tables.learned_model
CHOSEN = (
    select(MODEL.c.name, MODEL.c.task, MODEL.c.sha256, MODEL.c.state)
    .where(MODEL.c.state != IDLE)
    .order_by(MODEL.c.name)
)


class NoSuchModel(LookupError):
    """No version of that name was registered."""


class AlreadyInUse(ValueError):
    """What serves cannot be its own shadow."""


@dataclass(frozen=True, slots=True)
class Version:
    """A learned model. `card`: what it was learned from and how good it was on texts that it had not seen."""

    name: str
    task: str
    sha256: str
    made_at: datetime
    made_by: str
    state: str
    state_since: datetime | None
    card: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """Task -> (name, checksum) of what is in use and of what runs beside it. Equal choices are the same classifiers."""

    use: tuple[tuple[str, str, str], ...] = ()
    """(task, name, sha256), by name."""
    shadow: tuple[tuple[str, str, str], ...] = ()


def register(tx: Transaction, name: str, sha256: str, card: Mapping[str, Any], actor: Actor) -> None:
    """A file was written: note it with its card. The same name again is the same file."""
    row = {
        "name": name,
        "task": card["task"],
        "sha256": sha256,
        "made_at": tx.now,
        "made_by": actor.name or actor.role.value,
        "card": dict(card),
        "state": IDLE,
        "state_by": "",
    }
    if tx.insert_new(MODEL, [row], "name"):
        audit.record(tx, actor, "model_trained", "model", name, details={"sha256": sha256, "rows": card.get("rows", 0)})


def listed(tx: Transaction) -> list[Version]:
    """The newest first."""
    return [_version(row) for row in tx.all(select(MODEL).order_by(MODEL.c.made_at.desc(), MODEL.c.name.desc()))]


def version(tx: Transaction, name: str) -> Version:
    """Raises `NoSuchModel`."""
    row = tx.one(select(MODEL).where(MODEL.c.name == name))
    if row is None:
        raise NoSuchModel(name)
    return _version(row)


def choice(tx: Transaction) -> Choice:
    """What is chosen now."""
    rows = tx.all(CHOSEN)
    chosen = {
        state: tuple((row.task, row.name, row.sha256) for row in rows if row.state == state) for state in (USE, SHADOW)
    }
    return Choice(chosen[USE], chosen[SHADOW])


def use(tx: Transaction, name: str, actor: Actor) -> None:
    """Put a version to use, in the place of the one of its task; `builtin` puts every learned one aside. Audited.

    Raises `NoSuchModel`.
    """
    if name == BUILTIN:
        _put_aside(tx, USE, actor, None)
        audit.record(tx, actor, "model_used", "model", BUILTIN)
        return
    tx.take_turns(TURNS)
    _choose(tx, version(tx, name), USE, actor)
    audit.record(tx, actor, "model_used", "model", name)


def shadow(tx: Transaction, name: str, actor: Actor) -> None:
    """Let a version propose beside the one in use, without effect; `builtin` ends it. Audited.

    Raises `NoSuchModel`, `AlreadyInUse`.
    """
    if name == BUILTIN:
        _put_aside(tx, SHADOW, actor, None)
        audit.record(tx, actor, "model_shadow_ended", "model", BUILTIN)
        return
    tx.take_turns(TURNS)  # before looking: it may be put to use at this moment
    wanted = version(tx, name)
    if wanted.state == USE:
        raise AlreadyInUse(name)
    _choose(tx, wanted, SHADOW, actor)
    audit.record(tx, actor, "model_shadowed", "model", name)


def _choose(tx: Transaction, wanted: Version, state: str, actor: Actor) -> None:
    _put_aside(tx, state, actor, wanted.task)
    values = {"state": state, "state_since": tx.now, "state_by": actor.name or actor.role.value}
    tx.execute(MODEL.update().where(MODEL.c.name == wanted.name).values(**values))


def _put_aside(tx: Transaction, state: str, actor: Actor, task: str | None) -> None:
    theirs = MODEL.c.state == state
    if task is not None:
        theirs &= MODEL.c.task == task
    values = {"state": IDLE, "state_since": tx.now, "state_by": actor.name or actor.role.value}
    tx.execute(MODEL.update().where(theirs).values(**values))


def _version(row: Any) -> Version:
    return Version(row.name, row.task, row.sha256, row.made_at, row.made_by, row.state, row.state_since, row.card)
