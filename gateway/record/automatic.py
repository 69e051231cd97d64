"""How far the machine may go by itself: the threshold for a wanted precision, and the switch that it throws itself (CASEWORK 6.3).

Only people's rulings count. One in twenty of what could go by itself is given to a person all the same, so that there are some.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints import certainty
from gateway.complaints.certainty import Told
from gateway.complaints.classification import BUILTIN
from gateway.complaints.complaint import SYSTEM, Action, Actor
from gateway.operations import classifiers
from gateway.record import tasks
from gateway.record.rulings import AGENCY, TOPIC
from gateway.storage import tables
from gateway.storage.store import Transaction

log = get_logger(__name__)
NAME = "assignment"
TASK_KIND = "automatic_off"
NEVER = 2.0
"""A confidence that nothing has."""
ENOUGH, LEAST_PRECISION = 50, 0.9
WATCHED = timedelta(days=28)
MOST = 5_000
"""Rulings that a threshold is chosen on, the newest."""
MOVES = (
    Action.REASSIGN.value, Action.DISPUTE_AUTHORITY.value, Action.REFER_OUT.value, Action.MOVE_TO_INSPECTORATE.value,
)  # fmt: skip
TABLE, PROPOSAL, RULING = tables.automatic, tables.proposal, tables.ruling


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: from when on automatic assignments are counted. `threshold` None: the data prove none."""

    since: datetime | None = None
    off_since: datetime | None = None
    threshold: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Count:
    """Assignments that nobody was asked about, and how many of them a person put right."""

    automatic: int
    corrected: int

    @property
    def precision(self) -> float:
        return 1 - self.corrected / self.automatic if self.automatic else 1.0


def standing(tx: Transaction) -> Standing:
    row = tx.one(select(TABLE).where(TABLE.c.name == NAME))
    return Standing(row.since, row.off_since, row.threshold, row.evidence or {}) if row else Standing()


def bar(tx: Transaction, model: str) -> float:
    """From which confidence of `model` on a complaint goes on by itself, at this moment; read once per transaction."""
    settings = tx.office.settings.triage
    if _is_settled(tx):
        return settings.auto_assign_min_confidence
    if "automatic" not in tx.notes:
        tx.notes["automatic"] = standing(tx)
    now: Standing = tx.notes["automatic"]
    if now.off_since is not None:
        return NEVER
    if settings.auto_assign_precision > 0:
        # What was proven of one model says nothing of the one that serves now.
        is_proven = now.threshold is not None and now.evidence.get("model") == model
        return now.threshold if is_proven and now.threshold is not None else NEVER
    return settings.auto_assign_min_confidence


def _is_settled(tx: Transaction) -> bool:
    """All of them go on, or none: somebody wanted it so."""
    return not 0 < tx.office.settings.triage.auto_assign_min_confidence <= 1


def watch(tx: Transaction) -> None:
    """Choose the threshold anew, and switch off what is wrong too often."""
    tx.take_turns(NAME)
    before = standing(tx)
    threshold, evidence = _chosen(tx, tx.office.settings.triage.auto_assign_precision)
    found = count(tx, _counted_from(tx, before))
    off_since = before.off_since
    if off_since is None and not _is_settled(tx) and found.automatic >= ENOUGH and found.precision < LEAST_PRECISION:
        off_since = tx.now
        _tell(tx, found)
    _write(tx, Standing(before.since, off_since, threshold, evidence))


def switch_on(tx: Transaction, actor: Actor) -> None:
    """A person lets it go on; what was wrong before counts no more."""
    tx.take_turns(NAME)
    before = standing(tx)
    if before.off_since is not None:
        _write(tx, Standing(tx.now, None, before.threshold, before.evidence))
        tasks.settle(tx, TASK_KIND, NAME, actor.id)
        audit.record(tx, actor, "automatic_on", "automatic", NAME)


def count(tx: Transaction, since: datetime, until: datetime | None = None) -> Count:
    """What went by itself in this time, and what of it was put right since."""
    mine = [PROPOSAL.c.at >= since, PROPOSAL.c.acted.is_(True), PROPOSAL.c.shadow.is_(False)]
    if until is not None:
        mine.append(PROPOSAL.c.at < until)
    wrong = or_(RULING.c.action.in_(MOVES), (RULING.c.what == TOPIC) & (RULING.c.decided != RULING.c.proposed))
    theirs = select(RULING.c.complaint_id).where(
        RULING.c.complaint_id == PROPOSAL.c.complaint_id, RULING.c.at >= PROPOSAL.c.at, RULING.c.acted.is_(True), wrong
    )
    all_of_them = tx.one(select(func.count()).select_from(PROPOSAL).where(*mine))
    corrected = tx.one(select(func.count()).select_from(PROPOSAL).where(*mine, theirs.exists()))
    return Count(int(all_of_them[0]) if all_of_them else 0, int(corrected[0]) if corrected else 0)


def observed(tx: Transaction, model: str) -> list[Told]:
    """What `model` would have assigned and what people did, of complaints that people decided themselves."""
    rows: Sequence[Any] = tx.all(
        select(
            PROPOSAL.c.complaint_id,
            PROPOSAL.c.sure,
            PROPOSAL.c.routed,
            PROPOSAL.c.topic,
            RULING.c.what,
            RULING.c.decided,
        )
        .join(RULING, RULING.c.complaint_id == PROPOSAL.c.complaint_id)
        .where(
            PROPOSAL.c.shadow.is_(False),
            PROPOSAL.c.acted.is_(False),
            PROPOSAL.c.model == model,
            RULING.c.what.in_((AGENCY, TOPIC)),
        )
        .order_by(RULING.c.at.desc(), RULING.c.event_id.desc())
        .limit(MOST)
    )
    cases: dict[int, dict[str, Any]] = {}
    for row in rows:  # the newest ruling first: it is the one that holds
        cases.setdefault(row.complaint_id, {"row": row}).setdefault(row.what, row.decided)
    return [_told(case) for case in cases.values() if AGENCY in case]


def _told(case: dict[str, Any]) -> Told:
    row = case["row"]
    right = case[AGENCY] == row.routed and case.get(TOPIC, row.topic) == row.topic
    return Told("right", "right" if right else "wrong", row.sure)


def _chosen(tx: Transaction, wanted: float) -> tuple[float | None, dict[str, Any]]:
    if not wanted:
        return None, {}
    names = [name for _, name, _ in classifiers.choice(tx).use]
    model = "+".join(sorted(names)) or BUILTIN
    evidence: dict[str, Any] = {"from": "", "wanted": wanted, "model": model}
    found = certainty.threshold(observed(tx, model), wanted)
    if found is not None:
        return found.least, evidence | {"from": "observed", "many": found.many, "lower": round(found.lower, 4)}
    # Topic and agency must both be right: each gets half of what may be wrong.
    each = (1 + wanted) / 2
    least = {version.task: _of_card(version, each) for version in (classifiers.version(tx, name) for name in names)}
    both = [least.get(task) for task in (TOPIC, AGENCY)]
    if None in both:
        return None, evidence
    return max(one for one in both if one is not None), evidence | {"from": "cards"}


def _of_card(version: classifiers.Version, wanted: float) -> float | None:
    fitting = [one for one in version.card["thresholds"] if one["wanted"] >= wanted]
    return min((float(one["least"]) for one in fitting), default=None)


def _counted_from(tx: Transaction, now: Standing) -> datetime:
    return max(tx.now - WATCHED, now.since or tx.now - WATCHED)


def _tell(tx: Transaction, found: Count) -> None:
    tasks.add(tx, TASK_KIND, NAME, f"{found.precision:.0%} / {found.automatic}")
    audit.record(
        tx, SYSTEM, TASK_KIND, "automatic", NAME, details={"automatic": found.automatic, "corrected": found.corrected}
    )
    log.warning("automatic_assignment_off", automatic=found.automatic, corrected=found.corrected)


def _write(tx: Transaction, now: Standing) -> None:
    row = {
        "name": NAME,
        "since": now.since,
        "off_since": now.off_since,
        "threshold": now.threshold,
        "evidence": now.evidence,
        "looked_at": tx.now,
    }
    tx.upsert(TABLE, [row], ("since", "off_since", "threshold", "evidence", "looked_at"))
