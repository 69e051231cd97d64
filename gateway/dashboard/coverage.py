"""`/admin/mutu/cakupan`: which unit can be told of its complaints, as a picture first and as a file."""

from collections.abc import Mapping, Sequence

from aiohttp import hdrs, web

from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import OFFICERS
from gateway.dashboard import visit
from gateway.dashboard.menu import TEAM_WATCHERS
from gateway.people.directory import subtree
from gateway.queries import coverage_grid
from gateway.queries.coverage_grid import Check, Mark, Row, Tone
from gateway.reporting.export import csv_lines
from gateway.web import pages
from gateway.web.routes import CHANNEL_READERS
from gateway.web.site import Site, site_of, user_of

RING = 100
"""Length of the ring of the picture: a share is a percentage."""
COLUMNS = ("kode", "unit", *(check.value for check in Check), "nilai", "dari")


async def show(request: web.Request) -> web.StreamResponse:
    found = await _rows(request)
    wanted = request.query.get("celah", "")
    only = Check(wanted) if wanted in set(Check) else None
    whole, role = sum(row.is_whole for row in found), user_of(request).role
    return pages.render(
        request,
        "coverage.html",
        rows=[row for row in found if only is None or row.mark(only).tone is not Tone.GOOD],
        many=len(found),
        whole=whole,
        share=round(whole / len(found) * RING) if found else 0,
        tallies=coverage_grid.tallies(found),
        checks=tuple(Check),
        only=only,
        words=lambda mark: _words(site_of(request), mark),
        tones=coverage_grid.TONES,
        services=_services(site_of(request)),
        names={code: one.name for code, one in site_of(request).gateway.office.reference.agencies.items()},
        may_mend=role in TEAM_WATCHERS,
        sees_channels=role in CHANNEL_READERS,
        told=visit.told(request),
    )


async def take(request: web.Request) -> web.StreamResponse:
    """The same as a file, in words; nobody's name stands in it."""
    site = site_of(request)
    lines = csv_lines(COLUMNS, [_cells(site, row) for row in await _rows(request)])
    local = site.gateway.office.calendar.local(site.now())
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="cakupan_{local:%Y%m%d-%H%M}.csv"'}
    return web.Response(text="".join(lines), content_type="text/csv", charset="utf-8", headers=headers)


async def _rows(request: web.Request) -> Sequence[Row]:
    """Officers see their own unit and those below it."""
    site, user = site_of(request), user_of(request)
    mine = subtree(site.gateway.office, user.agency) if user.role in OFFICERS else None
    found: Sequence[Row] = await site.read(coverage_grid.rows, mine)
    return found


def _cells(site: Site, row: Row) -> tuple[object, ...]:
    said = (_words(site, row.mark(check)) for check in Check)
    return (row.unit.code, row.unit.name, *said, row.score, len(row.marks))


def _words(site: Site, mark: Mark) -> str:
    """What stands in a field of the picture."""
    if mark.check is Check.CHANNEL and mark.channels:
        return ", ".join(mark.channels)
    said = {"tgl": day_text(mark.day)} if mark.day else {}
    word = f"{mark.word}_day" if mark.day and mark.word == "fine" else mark.word
    return site.texts(f"coverage.word.{word}", site.language, n=mark.many, **said)


def _services(site: Site) -> Mapping[str, int]:
    """How many services hang on each unit."""
    many: dict[str, int] = {}
    for service in site.gateway.office.reference.services.services.values():
        many[service.agency] = many.get(service.agency, 0) + 1
    return many
