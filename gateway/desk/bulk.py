"""The same deed for many complaints of a list: first what would become of each, then each by itself (SCREENS 3).

Nothing is decided for all at once: every complaint gets the kind and topic that it has or that was suggested for it, and
what cannot be done now is named with its reason before anything is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.complaints.complaint import Action, ActionRefused, Actor, Kind
from gateway.complaints.inputs import whole_number
from gateway.complaints.lifecycle import step_of
from gateway.desk.work import Deed
from gateway.queries import complaint_detail
from gateway.queries.complaint_detail import Item
from gateway.queries.scope import Scope, Sight
from gateway.record import cases
from gateway.storage.store import Transaction

MOST = 100
BULK = (Action.VERIFY, Action.ASSIGN)
OTHER_TOPIC = "lainnya"


@dataclass(frozen=True, slots=True)
class Planned:
    """One complaint of the choice. `refused` is a code where the deed does not go; `to` the agency that would get it."""

    number: str
    title: str
    version: int
    inputs: Mapping[str, str]
    to: str = ""
    refused: str = ""

    def deed(self, action: Action, key: str) -> Deed:
        """The deed as one form of it; `key` of the page that asked."""
        return Deed(action, self.inputs, self.version, f"{key}-{self.number}")


def plan(
    tx: Transaction, scope: Scope, chosen: Sequence[str], action: Action, actor: Actor, agency: str
) -> list[Planned]:
    """What would become of each; nothing is written. What this reader may not know of is left out.

    `chosen`: ticket numbers, as `number@version` where a page has shown that version. `agency`: who gets them; empty:
    each the one that was suggested for it.
    """
    found = []
    for one in dict.fromkeys(chosen[:MOST]):
        number, _, version = one.partition("@")
        item = complaint_detail.item_of(tx, scope, number)
        if item is not None:
            inputs = likely_inputs(item.row, action, agency)
            seen = whole_number(version) if version.isdecimal() else item.row.version
            refused = "moved" if seen != item.row.version else _refusal(item, action, actor, inputs)
            title = item.shown.title if item.words else ""
            found.append(Planned(item.row.number, title, item.row.version, inputs, inputs.get("agency", ""), refused))
    return found


def _refusal(item: Item, action: Action, actor: Actor, inputs: Mapping[str, str]) -> str:
    """Why the deed does not go; empty where it goes."""
    case = cases.case_of(item.row)
    if item.sight is not Sight.FULL:
        return "wrong_role"
    try:
        step = step_of(case, action, actor.role)
    except ActionRefused as refusal:
        return refusal.code
    return "" if all(inputs.get(name) for name in step.requires) else "no_suggestion"


def likely_inputs(row: Any, action: Action, agency: str) -> dict[str, str]:
    """Kind and topic that it has or that was suggested for it; whom it would be given to, where nobody is named."""
    suggested = row.suggestion or {}
    kind = row.kind if row.verified_at or suggested.get("kind") not in set(Kind) else suggested["kind"]
    basis = {"kind": kind, "topic": row.topic or _first(suggested, "topics") or OTHER_TOPIC}
    if action is Action.ASSIGN:
        return basis | {"agency": agency or suggested.get("routed_to", "")}
    return basis


def _first(suggested: Mapping[str, Any], name: str) -> str:
    ranked = suggested.get(name) or ()
    return str(ranked[0]["code"]) if ranked else ""
