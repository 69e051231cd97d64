"""A person's tap on a proposal, and what follows from it for where the complaint would go."""

from gateway.complaints.complaint import Actor
from gateway.desk import corrections
from gateway.desk.corrections import Tap
from gateway.intake import triage
from gateway.queries.scope import Scope
from gateway.record import cases
from gateway.record.rulings import PLACE
from gateway.storage.store import Transaction


def correct(tx: Transaction, scope: Scope, number: str, tap: Tap, actor: Actor) -> None:
    """See `corrections.correct`; the way that is proposed goes by the place that the person set."""
    moves = cases.by_number(tx, number) if tap.what == PLACE else None
    if moves is not None:
        triage.hold(tx, [moves.id])  # the reporter before the complaint, like whoever takes their messages
    corrections.correct(tx, scope, number, tap, actor)
    if moves is not None:
        triage.weigh_anew(tx, moves.id)
