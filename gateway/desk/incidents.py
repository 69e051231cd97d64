"""What a coordinator does to many reports of one incident at once: one parent, its agency, and those that follow it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, Actor, Case
from gateway.complaints.incident import BEFORE_AGENCY, MOST_CHILDREN
from gateway.desk import work
from gateway.desk.bulk import likely_inputs
from gateway.desk.work import NotThere
from gateway.queries.scope import Scope
from gateway.storage.store import Transaction

FULL = "limit"
"""The refusal of those for whom the parent has no place."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """One posted form. `agency` empty: nobody is given the incident yet, or it stays where it is."""

    parent: str
    children: Sequence[str]
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """How many were linked, and why not the others: number -> code of the refusal."""

    linked: int
    refused: dict[str, str]


def gather(tx: Transaction, scope: Scope, wish: Gathering, actor: Actor) -> Gathered:
    """Give the incident to its agency and link all to its parent, in one piece: the team hears of one task of many.

    `NotThere` and `ActionRefused` where already the parent does not go.
    """
    parent = work.case_for(tx, scope, wish.parent)
    if wish.agency and parent.status in BEFORE_AGENCY:
        inputs = likely_inputs(work.row_for(tx, scope, wish.parent), Action.ASSIGN, wish.agency)
        parent = casework.apply(tx, Action.ASSIGN, parent, actor, inputs)
    numbers = [number for number in dict.fromkeys(wish.children) if number != parent.number]
    refused = dict.fromkeys(numbers[MOST_CHILDREN:], FULL)
    for number in numbers[:MOST_CHILDREN]:
        if code := _link(tx, scope, number, parent, actor):
            refused[number] = code
    return Gathered(len(numbers) - len(refused), refused)


def _link(tx: Transaction, scope: Scope, number: str, parent: Case, actor: Actor) -> str:
    """Why it does not go; empty where it went. One that follows this very parent already is none to speak of."""
    try:
        case = work.case_for(tx, scope, number)
        if case.parent_id != parent.id:
            casework.apply(tx, Action.LINK, case, actor, {"parent": parent.number})
    except NotThere:
        return "unknown_value"
    except ActionRefused as refusal:
        return refusal.code
    return ""
