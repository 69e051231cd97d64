"""What was proposed for a complaint, and what people decided instead: the signal that a classifier learns from.

Codes and numbers alone: the text stays in the complaint, and goes with it (ADR 0020).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Action, Actor, ArchiveReason, Case, Hold, Role, Urgency
from gateway.storage import tables
from gateway.storage.store import Transaction

TOPIC, AGENCY, KIND = "topic", "agency", "kind"
TASKS = (TOPIC, AGENCY, KIND)
"""What is ruled on, and what a model can be learned for."""
PLACE, EMERGENCY, SENSITIVE, LANGUAGE = "place", "emergency", "sensitive", "language"
HOLD = "hold"
"""Whether it was spam, abuse, or a report that was held wrongly (`none`)."""
TAPPED = (PLACE, EMERGENCY, SENSITIVE, LANGUAGE)
"""What is ruled on only where the proposal was wrong: whoever goes on with a complaint lets it stand."""
NOTHING = "none"
"""No place, and nothing sensitive."""
NO_REPORT = "bukan_laporan"
HELD_BY_WORDS = frozenset({Hold.SPAM, Hold.ABUSE, Hold.FLOOD})
SPAM_OR_ABUSE = frozenset({Hold.SPAM, Hold.ABUSE})
CONFIRMS = frozenset({ArchiveReason.SPAM_TERBUKTI, ArchiveReason.BUKAN_LAPORAN})
NOT_PEOPLE = frozenset({Role.SYSTEM, Role.REPORTER, Role.SP4N})
# Action -> what it rules on -> the inputs that say how, the first one given counts.
RULED: Mapping[Action, Mapping[str, tuple[str, ...]]] = {
    Action.VERIFY: {KIND: ("kind",), TOPIC: ("topic",)},
    Action.ASSIGN: {AGENCY: ("agency",), KIND: ("kind",), TOPIC: ("topic",)},
    Action.REASSIGN: {AGENCY: ("agency",)},
    # "Not ours": whoever got it names whose it is.
    Action.DISPUTE_AUTHORITY: {AGENCY: ("agency", "institution")},
    Action.REFER_OUT: {AGENCY: ("institution",)},
}
PROPOSED = (
    "at", "model", "acted", "language", "kind", "topic", "topic_sure", "agency", "agency_sure", "sure", "place",
    "sensitive", "emergency", "unknown", "routed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was proposed for a complaint. `acted`: it went on by itself. `routed`: to which agency it goes or would go."""

    complaint_id: int
    suggestion: Suggestion
    acted: bool = False
    routed: str = ""


def proposed(tx: Transaction, proposals: Sequence[Proposed], *, shadow: bool = False) -> None:
    """Keep what was proposed; a later proposal for a complaint replaces it."""
    tx.upsert(tables.proposal, [_row(tx, one, shadow=shadow) for one in proposals], PROPOSED)


def _row(tx: Transaction, one: Proposed, *, shadow: bool) -> dict[str, Any]:
    suggestion = one.suggestion
    return {
        "complaint_id": one.complaint_id,
        "shadow": shadow,
        "at": tx.now,
        "model": suggestion.model,
        "acted": one.acted,
        "language": suggestion.language,
        "kind": suggestion.kind,
        "topic": suggestion.topic,
        "topic_sure": suggestion.topics[0].confidence if suggestion.topics else 0.0,
        "agency": suggestion.agency,
        "agency_sure": suggestion.agencies[0].confidence if suggestion.agencies else 0.0,
        "sure": suggestion.confidence,
        "place": suggestion.place_code,
        "sensitive": suggestion.sensitive.value,
        "emergency": suggestion.emergency,
        "unknown": suggestion.unknown,
        "routed": one.routed,
    }


def ruled(
    tx: Transaction,
    action: Action,
    case: Case,
    event_id: int,
    actor: Actor,
    inputs: Mapping[str, str],
    was: Hold = Hold.NONE,
) -> None:
    """Keep what a person decided by this action, beside what had been proposed by then. What a machine does is no ruling.

    `case`: as it is after it; `was`: how it was held before; `inputs`: what they said, without what was taken from the complaint for them.
    """
    if actor.role in NOT_PEOPLE:
        return
    asked = RULED.get(action, {})
    decided = {what: next(filter(None, map(inputs.get, names)), "") for what, names in asked.items()}
    if action is Action.ARCHIVE and inputs.get("archive_reason") == ArchiveReason.BUKAN_LAPORAN:
        decided = {KIND: NO_REPORT}
    if action is Action.MOVE_TO_INSPECTORATE:
        decided = {AGENCY: case.agency, KIND: case.kind.value}
    if hold := _held_as(action, was, inputs):
        decided = {**decided, HOLD: hold}
    keep(tx, case.id, event_id, action.value, actor, {what: code for what, code in decided.items() if code})


def _held_as(action: Action, was: Hold, inputs: Mapping[str, str]) -> str:
    """What a person says by holding, letting go, or archiving what was held; empty: nothing of that."""
    if action is Action.HOLD and inputs.get("hold") in SPAM_OR_ABUSE:
        return inputs["hold"]
    if action is Action.RELEASE and was in HELD_BY_WORDS:
        return Hold.NONE.value
    reason = inputs.get("archive_reason") if action is Action.ARCHIVE else None
    if reason in CONFIRMS and was in SPAM_OR_ABUSE:
        return was.value
    return Hold.SPAM.value if reason == ArchiveReason.SPAM_TERBUKTI else ""


def keep(
    tx: Transaction, complaint_id: int, event_id: int, action: str, actor: Actor, decided: Mapping[str, str]
) -> None:
    """Rulings by what they are about."""
    if not decided:
        return
    before = in_use(tx, complaint_id)
    for what, code in decided.items():
        tx.insert(
            tables.ruling,
            complaint_id=complaint_id,
            event_id=event_id,
            what=what,
            at=tx.now,
            action=action,
            actor_role=actor.role.value,
            model=before.model if before else "",
            proposed=_proposed(tx, before, what) if before else "",
            sure=_sure(before, what),
            acted=bool(before and before.acted),
            decided=code,
        )


def _proposed(tx: Transaction, before: Any, what: str) -> str:
    if what != HOLD:
        return code_of(what, getattr(before, what))
    # Only in the suggestion itself: it is asked for so seldom.
    suggestion = tables.complaint.c.suggestion
    row = tx.one(select(suggestion).where(tables.complaint.c.id == before.complaint_id))
    return str(((row.suggestion if row else None) or {}).get(HOLD, Hold.NONE.value))


def let_go(tx: Transaction, complaint_id: int) -> bool:
    """Whether it was let go before, by a person or because nobody looked; or a person let go another with this very text."""
    complaint, event, ruling = tables.complaint, tables.complaint_event, tables.ruling
    own = (
        select(event.c.id).where(event.c.complaint_id == complaint_id, event.c.action == Action.RELEASE.value).limit(1)
    )
    if tx.one(own) is not None:
        return True
    text = select(complaint.c.text_hash).where(complaint.c.id == complaint_id).scalar_subquery()
    same = (
        select(complaint.c.id)
        .join(ruling, ruling.c.complaint_id == complaint.c.id)
        .where(complaint.c.text_hash == text, complaint.c.text_hash != "")
        .where(ruling.c.what == HOLD, ruling.c.decided == Hold.NONE.value)
        .limit(1)
    )
    return tx.one(same) is not None


def is_proven_spam(tx: Transaction, complaint_id: int) -> bool:
    """Whether a complaint with this very text was archived as spam: a chain letter about a fire rings nobody."""
    complaint = tables.complaint
    text = select(complaint.c.text_hash).where(complaint.c.id == complaint_id).scalar_subquery()
    same = select(complaint.c.id).where(
        complaint.c.text_hash == text,
        complaint.c.text_hash != "",
        complaint.c.archive_reason == ArchiveReason.SPAM_TERBUKTI.value,
    )
    return tx.one(same.limit(1)) is not None


def _sure(before: Any, what: str) -> float:
    return 0.0 if before is None or what not in {TOPIC, AGENCY} else float(getattr(before, f"{what}_sure"))


def code_of(what: str, proposed: Any) -> str:
    """A column of a proposal as the code that people would rule."""
    if what == EMERGENCY:
        return (Urgency.DARURAT if proposed else Urgency.NORMAL).value
    return str(proposed) or (NOTHING if what == PLACE else "")


def of(tx: Transaction, complaint_id: int) -> dict[str, str]:
    """What people decided about a complaint last, by what it is about."""
    table = tables.ruling
    rows = tx.all(
        select(table.c.what, table.c.decided).where(table.c.complaint_id == complaint_id).order_by(table.c.event_id)
    )
    return {row.what: row.decided for row in rows}


def in_use(tx: Transaction, complaint_id: int) -> Any:
    """The proposal that people saw; None where there was none."""
    table = tables.proposal
    return tx.one(select(table).where(table.c.complaint_id == complaint_id, table.c.shadow.is_(False)))


def taken_back(tx: Transaction, complaint_id: int, event_id: int) -> None:
    """What was undone was never decided."""
    table = tables.ruling
    tx.execute(table.delete().where(table.c.complaint_id == complaint_id, table.c.event_id == event_id))


def forget(tx: Transaction, ids: Collection[int]) -> None:
    """The words of these complaints go, and with them what could only be told by them."""
    for table in (tables.proposal, tables.ruling):
        tx.execute(table.delete().where(table.c.complaint_id.in_(list(ids))))
