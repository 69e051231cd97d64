"""`/api/v1/reports/coverage`: units that cannot be told of their complaints, and the services that hang on them."""

from collections.abc import Mapping, Sequence

from aiohttp import web
from msgspec import Struct

from config.reference.governance import Service
from gateway.complaints.complaint import Role
from gateway.queries import coverage
from gateway.queries.coverage import NEEDED, Gap, Unit
from gateway.web.api_requests import answer
from gateway.web.callers import Caller
from gateway.web.site import site_of


class UnitRecord(Struct, frozen=True):
    """A unit that lacks something. `channels`: by which somebody of this role is reached today; empty where nobody is."""

    agency: str
    name: str
    gaps: list[Gap]
    channels: dict[Role, list[str]]


class WantingService(Struct, frozen=True):
    """A service whose unit lacks something."""

    code: str
    name: str
    agency: str
    gaps: list[Gap]


class CoveragePage(Struct, frozen=True):
    """`units` take complaints, `complete` of them lack nothing; the others are `items`."""

    units: int
    complete: int
    items: list[UnitRecord]
    services: list[WantingService]
    next: None = None


async def show(request: web.Request, caller: Caller) -> web.Response:
    site = site_of(request)
    office = site.gateway.office
    found = await site.read(coverage.units, caller.agencies(office))
    taking = [unit for unit in found if unit.accepts]
    wanting = {unit.code: unit for unit in taking if unit.gaps}
    services = _services(tuple(office.reference.services.services.values()), wanting)
    items = [_record(unit) for unit in wanting.values()]
    return answer(CoveragePage(len(taking), len(taking) - len(items), items, services))


def _record(unit: Unit) -> UnitRecord:
    ways = {role: sorted({way for person in unit.of(role) for way in person.ways}) for role in NEEDED}
    return UnitRecord(unit.code, unit.name, list(unit.gaps), ways)


def _services(services: Sequence[Service], wanting: Mapping[str, Unit]) -> list[WantingService]:
    theirs = [(one, wanting[one.agency]) for one in services if one.agency in wanting]
    return [WantingService(one.code, one.name, one.agency, list(unit.gaps)) for one, unit in theirs]
