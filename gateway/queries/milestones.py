"""The five steps of a complaint out of its history, and what of the history its reporter was told. Pure.

What may still be taken back is not told yet; what was taken back never happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.complaints.complaint import Action, Status
from gateway.complaints.lifecycle import LIFECYCLE, public_step

STEPS = ("received", "checked", "worked", "answered", "done")
ENDS_EARLY = {Status.OUT_OF_AUTHORITY: "out_of_authority", Status.ARCHIVED: "archived"}
"""These end the way after the second step, under a name of their own."""
ANSWERED = STEPS.index("answered") + 1
UNDOABLE = frozenset(step.action for step in LIFECYCLE if step.undoable)
DEEDS = frozenset(Action) - {Action.NOTE, Action.ESCALATE}
"""Everything else in a history is a remark: it changed nothing, and ends nothing."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of the way. `state`: done, now or ahead; `name` is the end of a text key."""

    name: str
    state: str
    at: datetime | None = None


def standing(events: Sequence[Any]) -> list[Any]:
    """Rows of `complaint_event` in order, without those that were taken back."""
    kept: list[Any] = []
    for event in events:
        if event.action != Action.UNDO.value:
            kept.append(event)
            continue
        place = next((at for at in range(len(kept) - 1, -1, -1) if kept[at].action in UNDOABLE), None)
        if place is not None:
            del kept[place]
    return kept


def told(kept: Sequence[Any], now: datetime, undo_s: float) -> Sequence[Any]:
    """Of standing events those that the reporter may know of at this moment."""
    place = next((at for at in range(len(kept) - 1, -1, -1) if kept[at].action in DEEDS), None)
    if place is not None and kept[place].action in UNDOABLE and now - kept[place].at < timedelta(seconds=undo_s):
        return kept[:place]  # remarks that came after it name the status that it made
    return kept


def milestones(events: Sequence[Any], status: Status) -> tuple[Milestone, ...]:
    """The steps with the moment each was reached; one that was lost again (reopening) lies ahead once more."""
    reached: dict[int, datetime] = {}
    level = 0
    for event in events:
        level = _level(Status(event.to_status), event.action, level)
        reached = {step: at for step, at in reached.items() if step <= level}
        for step in range(1, level + 1):
            reached.setdefault(step, event.at)
    if status in ENDS_EARLY:
        names = (*STEPS[:2], ENDS_EARLY[status])
        return tuple(Milestone(name, "done", reached.get(at, events[-1].at)) for at, name in enumerate(names, start=1))
    return tuple(_milestone(name, at, level, reached.get(at)) for at, name in enumerate(STEPS, start=1))


def _level(status: Status, action: str, before: int) -> int:
    if status is Status.INCOMPLETE:
        return max(before, public_step(status))  # a question takes nobody back
    return public_step(status, answered=action != Action.CONTEST.value and before >= ANSWERED)


def _milestone(name: str, step: int, level: int, at: datetime | None) -> Milestone:
    if step < level or level == len(STEPS):
        return Milestone(name, "done", at)
    return Milestone(name, "now", at) if step == level else Milestone(name, "ahead")
