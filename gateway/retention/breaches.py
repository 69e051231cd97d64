"""The register of breaches of personal data: what happened, whom it concerns, what was done, who was told by when.

Deadline and kinds: complaints/breach.py. Whom it concerns: breach_scope.py. What happened is read by its officer alone: the
record of deeds and the log hold ids, kinds and counts (SECURITY C33).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.breach import ORDER, REMIND_BEFORE, Data, Standing, Told, due_at, standing
from gateway.complaints.complaint import DATA_KEEPERS, ActionRefused, Actor
from gateway.privacy.privacy import masked_text
from gateway.record import tasks
from gateway.retention import breach_scope
from gateway.retention.breach_scope import Scope
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

log = get_logger(__name__)
LEAST_WORDS, MOST_WORDS = 20, 1000
MOST = 100
NOTED, MEASURES, SCOPE, TELLING, TAKEN = "noted", "measures", "scope", "telling", "taken"
"""Kinds of steps beside those of `Told`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known when it is noted."""

    what: str
    data: tuple[Data, ...]
    noticed_at: datetime
    measures: str = ""
    happened_on: date | None = None
    scope: Scope = Scope()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Breach:
    """One of the register and how it stands now."""

    id: str
    row: Any
    standing: Standing

    @property
    def data(self) -> Sequence[str]:
        return tuple(self.row.data.split())


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    kind: str
    by: str
    """User name; empty where it went by itself."""
    words: str
    persons: int | None
    id: int


def note(tx: Transaction, found: Found, actor: Actor, persons: int | None = None) -> str:
    """Write it into the register, with a task for its officer; its id as pages show it.

    `persons`, here and below: how many it concerns, counted before (`looked_at`, `concerned`): that may read the complaints
    of years, for which nobody should wait who wants to write. None: counted here.

    ActionRefused: `wrong_role`, `too_short` (what), `missing_input` (data), `too_late` (noticed or happened in the future),
    `conflict` (happened after it was noticed), and those of `breach_scope.checked`; then nothing was written.
    """
    check_role(actor)
    scope = _checked(tx, found)
    identity = tx.new_id()
    tx.insert(
        tables.breach,
        id=identity,
        what=words_of(found.what, "what"),
        data=" ".join(found.data),
        happened_on=found.happened_on,
        noticed_at=found.noticed_at,
        due_at=due_at(found.noticed_at),
        **scope.values(),
        noted_at=tx.now,
        noted_by=int(actor.id),
    )
    persons = breach_scope.counted(tx, scope).persons if persons is None else persons
    step(tx, identity, NOTED, actor, persons=persons)
    if found.measures.strip():
        step(tx, identity, MEASURES, actor, words_of(found.measures, "measures"))
    tasks.add(tx, tasks.BREACH_NOTED, id_text(identity))
    details = {"data": sorted(found.data), "persons": persons}
    audit.record(tx, actor, "breach_noted", "breach", id_text(identity), details=details)
    return id_text(identity)


def looked_at(tx: Transaction, found: Found, actor: Actor) -> breach_scope.Counted:
    """Whom it would concern, before anything is written. ActionRefused as for `note`, but words may still be missing."""
    check_role(actor)
    return breach_scope.counted(tx, breach_scope.checked(tx, found.scope))


def concerned(tx: Transaction, scope: Scope, actor: Actor) -> int:
    """How many persons it is about. ActionRefused: `wrong_role`, and those of `breach_scope.checked`."""
    check_role(actor)
    return breach_scope.counted(tx, breach_scope.checked(tx, scope)).persons


def concerned_by(tx: Transaction, identity: int, actor: Actor) -> int:
    """How many persons this one is about, as it stands. ActionRefused: `wrong_role`, `wrong_state` (there is none)."""
    found = one(tx, identity, actor)
    if found is None:
        raise ActionRefused("wrong_state")
    return breach_scope.counted(tx, breach_scope.of(found.row)).persons


def _checked(tx: Transaction, found: Found) -> Scope:
    words_of(found.what, "what")
    if found.measures.strip():
        words_of(found.measures, "measures")
    if not found.data:
        raise ActionRefused("missing_input", "no kind of data", "data")
    if found.noticed_at > tx.now:
        raise ActionRefused("too_late", "", "noticed_at")
    if found.happened_on and found.happened_on > tx.today:
        raise ActionRefused("too_late", "", "happened_on")
    if found.happened_on and found.happened_on > tx.office.calendar.local(found.noticed_at).date():
        raise ActionRefused("conflict", "", "happened_on")
    return breach_scope.checked(tx, found.scope)


def add_measures(tx: Transaction, identity: int, words: str, actor: Actor) -> None:
    """What was done about it. ActionRefused: `wrong_role`, `wrong_state` (there is none), `too_short`."""
    locked(tx, identity, actor)
    step(tx, identity, MEASURES, actor, words_of(words, "words"))
    audit.record(tx, actor, "breach_measured", "breach", id_text(identity))


def change_scope(tx: Transaction, identity: int, scope: Scope, actor: Actor, persons: int | None = None) -> None:
    """It concerns others than was thought. ActionRefused: `wrong_role`, `wrong_state`, and those of `breach_scope.checked`."""
    if locked(tx, identity, actor).closed_at is not None:
        raise ActionRefused("wrong_state", "it is over")
    scope = breach_scope.checked(tx, scope)
    change(tx, identity, **scope.values())
    persons = breach_scope.counted(tx, scope).persons if persons is None else persons
    step(tx, identity, SCOPE, actor, persons=persons)
    audit.record(tx, actor, "breach_scope_changed", "breach", id_text(identity), details={"persons": persons})


def mark_told(tx: Transaction, identity: int, whom: Told, how: str, actor: Actor, persons: int | None = None) -> None:
    """Somebody was told in writing; `how` says by what. When both were, the matter is over.

    ActionRefused: as above; `wrong_state` also where they were told already.
    """
    row = locked(tx, identity, actor)
    told = {one: getattr(row, f"{one}_told_at") for one in Told}
    if told[whom] is not None:
        raise ActionRefused("wrong_state", "told already", "how")
    how = words_of(how, "how")
    persons = breach_scope.counted(tx, breach_scope.of(row)).persons if persons is None else persons
    told[whom] = tx.now
    closed = tx.now if None not in told.values() else None
    change(tx, identity, **{f"{whom}_told_at": tx.now}, closed_at=closed)
    step(tx, identity, whom.value, actor, how, persons)
    if closed:
        for kind in tasks.OF_DATA_KEEPERS:
            tasks.settle(tx, kind, id_text(identity), actor.id)
    details = {"whom": whom.value, "persons": persons, "late": tx.now > row.due_at}
    audit.record(tx, actor, "breach_told", "breach", id_text(identity), details=details)


def words_of(typed: str, name: str) -> str:
    """As it is kept: masked, without line ends. ActionRefused: `too_short`, `too_long`."""
    words = masked_text(" ".join(typed.split()))
    if len(words) < LEAST_WORDS:
        raise ActionRefused("too_short", str(len(words)), name)
    if len(words) > MOST_WORDS:
        raise ActionRefused("too_long", str(len(words)), name)
    return words


def check_role(actor: Actor) -> None:
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")


def locked(tx: Transaction, identity: int, actor: Actor) -> Any:
    """The row, until the end of the transaction. ActionRefused: `wrong_role`, `wrong_state` (none, or its words are gone)."""
    check_role(actor)
    breach = tables.breach
    row = tx.one(select(breach).where(breach.c.id == identity).with_for_update())
    if row is None or not row.what:  # five years after its end nobody knows any more who was told
        raise ActionRefused("wrong_state")
    return row


def step(
    tx: Transaction, identity: int, kind: str, actor: Actor | None, words: str = "", persons: int | None = None
) -> int:
    """What was done, for the history of the matter; its id."""
    step_id = tx.new_id()
    by = int(actor.id) if actor else None
    tx.insert(tables.breach_step, id=step_id, breach_id=identity, at=tx.now, by=by, kind=kind, words=words, persons=persons)  # fmt: skip
    return step_id


def change(tx: Transaction, identity: int, **values: Any) -> None:
    breach = tables.breach
    tx.execute(breach.update().where(breach.c.id == identity).values(**values))


def listed(tx: Transaction, actor: Actor) -> Sequence[Breach]:
    """Those that wait, the latest on top, then the newest of those that are over. ActionRefused: `wrong_role`."""
    check_role(actor)
    breach = tables.breach
    waiting = tx.all(select(breach).where(breach.c.closed_at.is_(None)).order_by(breach.c.due_at).limit(MOST))
    over = tx.all(select(breach).where(breach.c.closed_at.is_not(None)).order_by(breach.c.id.desc()).limit(MOST))
    stands = [*sorted((_breach(tx, row) for row in waiting), key=lambda one: ORDER.index(one.standing))]
    return [*stands, *(_breach(tx, row) for row in over)]


def one(tx: Transaction, identity: int, actor: Actor) -> Breach | None:
    """None where there is none. ActionRefused: `wrong_role`."""
    check_role(actor)
    breach = tables.breach
    row = tx.one(select(breach).where(breach.c.id == identity))
    return _breach(tx, row) if row is not None else None


def _breach(tx: Transaction, row: Any) -> Breach:
    told = (row.authority_told_at, row.persons_told_at)
    return Breach(id_text(row.id), row, standing(row.noticed_at, told, tx.now))


def steps(tx: Transaction, identity: int) -> Sequence[Step]:
    """What was done about it, the first step first."""
    done, account = tables.breach_step, tables.account
    found = select(done, account.c.username).outerjoin(account, account.c.id == done.c.by)
    rows = tx.all(found.where(done.c.breach_id == identity).order_by(done.c.id))
    return [Step(row.at, row.kind, row.username or "", row.words, row.persons, row.id) for row in rows]


def waiting(tx: Transaction) -> int:
    """Of which authority or persons were not told yet."""
    breach = tables.breach
    return len(tx.all(select(breach.c.id).where(breach.c.closed_at.is_(None)).limit(MOST)))


def remind(tx: Transaction) -> int:
    """A task for each whose deadline is less than a day away and of which somebody was not told, once; how many."""
    breach = tables.breach
    due: ColumnElement[bool] = and_(
        breach.c.closed_at.is_(None), breach.c.reminded_at.is_(None), breach.c.due_at <= tx.now + REMIND_BEFORE
    )
    rows = tx.all(select(breach.c.id, breach.c.due_at).where(due).with_for_update(skip_locked=True))
    for row in rows:
        change(tx, row.id, reminded_at=tx.now)
        tasks.add(tx, tasks.BREACH_DUE, id_text(row.id))
        log.warning("breach_due", breach=id_text(row.id), hours=int((row.due_at - tx.now).total_seconds() // 3600))
    return len(rows)
