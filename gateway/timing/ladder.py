"""The ladder of an agency: team, deputy, head, the next head above the unit, coordinator, regional head (CASEWORK 5.6).

Positions, not names: a rung is whoever holds it today. One that nobody holds is passed over upwards, and shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience
from gateway.people import directory
from gateway.storage.store import Transaction

ABOVE: Mapping[Audience, Audience] = {
    Audience.TEAM: Audience.DEPUTY,
    Audience.DEPUTY: Audience.HEAD,
    Audience.HEAD: Audience.COORDINATOR,
    Audience.DUTY: Audience.DUTY_DEPUTY,
    Audience.DUTY_DEPUTY: Audience.COORDINATOR,
    Audience.COORDINATOR: Audience.REGIONAL_HEAD,
}


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is to be told, and of which office; the office of a coordinator and above is known by itself."""

    audience: Audience
    office: str


def above(tx: Transaction, rung: Rung) -> Rung | None:
    """The next rung; None above the regional head. A unit inherits the heads of the units that it belongs to."""
    if rung.audience is Audience.HEAD and (office := _with_a_head(tx, rung.office)):
        return Rung(Audience.HEAD, office)
    higher = ABOVE.get(rung.audience)
    return Rung(higher, rung.office) if higher else None


def rungs(tx: Transaction, agency: str) -> tuple[Rung, ...]:
    """All of them from the team upwards, held or not."""
    found = [Rung(Audience.TEAM, agency)]
    while higher := above(tx, found[-1]):
        found.append(higher)
    return tuple(found)


def _with_a_head(tx: Transaction, office: str) -> str:
    """The nearest unit above this one that has a head today; empty where none has."""
    over = tx.office.reference.tree.ladder(office)[1:]
    heads = (agency.code for agency in over if directory.team(tx, agency.code, (Role.KEPALA,), tx.today))
    return next(heads, "")
