"""The list of complaints: tabs with their figures, filters in the address, keyset pages; the most urgent first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web

from gateway.complaints.calendar import Calendar
from gateway.complaints.complaint import OFFICERS, Kind, Role, Status
from gateway.complaints.duplicates import MASS_WITHIN
from gateway.complaints.inputs import read_date
from gateway.dashboard import visit
from gateway.desk.bulk import BULK
from gateway.queries import complaint_detail, complaint_list, surges
from gateway.queries.complaint_list import TABS, Count, CursorInvalid, Filters, Page, Sorting
from gateway.reporting.complaints import EXPORTERS
from gateway.web import pages
from gateway.web.routes import COORDINATION
from gateway.web.site import Site, site_of, user_of

SCREEN = "/admin/aduan"
EVERYTHING = "semua"
SHORTEST_SEARCH = 3
COMMON = ("hari_ini", "lewat", "menunggu", "dibalas")
TABS_OF: Mapping[frozenset[Role], tuple[str, ...]] = {
    COORDINATION: (
        "verifikasi", "baru", "belum_terarah", *COMMON, "sengketa", "ditahan", "tak_bisa_ditutup", EVERYTHING,
    ),
    OFFICERS: ("kantor", "tugas", *COMMON, EVERYTHING),
}  # fmt: skip
"""The tabs of a role, the one it begins with first."""
TABS_OF_OTHERS = (EVERYTHING, *COMMON)
SORTINGS: Mapping[str, Sorting] = {
    "batas": Sorting.DUE,
    "terbaru": Sorting.NEWEST,
    "terlama": Sorting.OLDEST,
    "berubah": Sorting.LATEST_CHANGE,
}
FLAGS = (
    "sengketa_wewenang", "mismatch", "remote_missing", "closed_upstream_unanswered", "tak_terjangkau",
    "konflik_kepentingan", "tangga_terputus", "luar_wilayah",
)  # fmt: skip
NARROWING = (
    "q",
    "keadaan",
    "jenis",
    "topik",
    "kantor",
    "wilayah",
    "kanal",
    "bendera",
    "induk",
    "dari",
    "sampai",
    "lewat",
)
"""Words of the address that narrow the list."""
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for. `problem` is a text key."""

    filters: Filters
    sorting: Sorting
    cursor: str
    problem: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """`/admin/aduan`."""
    site, scope = site_of(request), visit.scope(request)
    tabs, wanted = tabs_of(user_of(request).role), wanted_of(request)
    try:
        page = await _page(request, wanted)
    except CursorInvalid:
        raise web.HTTPSeeOther(_address(request, kursor="")) from None
    items = await site.read(complaint_detail.items, scope, page.rows)
    counts = await site.read(complaint_list.tab_counts, scope, [tab for tab in tabs if tab != EVERYTHING])
    query, coordinates = request.query, user_of(request).role is Role.COORDINATOR
    return pages.render(
        request,
        "complaints.html",
        items=items,
        tabs=[_tab(site, tab, counts.get(tab)) for tab in tabs],
        tab=wanted.filters.tab,
        query={name: query.get(name, "") for name in (*NARROWING, "urut")},
        options=_options(site, query),
        narrowed=any(query.get(name) for name in NARROWING),
        searched=bool(query.get("q")),
        agencies={code: agency.name for code, agency in site.gateway.office.reference.agencies.items()},
        topics={code: topic.name for code, topic in site.gateway.office.reference.topics.items()},
        previous=_address(request, kursor=page.previous) if page.previous else "",
        following=_address(request, kursor=page.following) if page.following else "",
        problem=wanted.problem,
        told=visit.told(request),
        export=f"{SCREEN}/ekspor?{request.query_string}" if user_of(request).role in EXPORTERS else "",
        deeds=BULK if coordinates else (),
        address=request.query_string,
        surges=await site.read(surges.surges, visit.scope(request)) if coordinates else (),
        minutes=round(MASS_WITHIN.total_seconds() / 60),
    )


def tabs_of(role: Role) -> tuple[str, ...]:
    return next((tabs for roles, tabs in TABS_OF.items() if role in roles), TABS_OF_OTHERS)


async def _page(request: web.Request, wanted: Wanted) -> Page:
    if wanted.problem:
        return Page(())
    find = site_of(request).read
    return await find(complaint_list.find, visit.scope(request), wanted.filters, wanted.sorting, wanted.cursor)


def wanted_of(request: web.Request) -> Wanted:
    """The list that an address asks for, for whoever is signed in."""
    query, tabs = request.query, tabs_of(user_of(request).role)
    search = query.get("q", "").strip()
    tab = query.get("tab", "")
    if search:
        tab = EVERYTHING  # whoever looks for something does not know in which tab it stands
    elif tab not in tabs:
        tab = EVERYTHING if any(query.get(name) for name in NARROWING) else tabs[0]
    calendar = site_of(request).gateway.office.calendar
    status = query.get("keadaan", "")
    filters = Filters(
        tab=tab,
        status=(status,) if status in set(Status) else (),
        kind=query.get("jenis", ""),
        topic=query.get("topik", ""),
        agency=query.get("kantor", ""),
        place=query.get("wilayah", ""),
        channel=query.get("kanal", ""),
        has_flag=query.get("bendera", ""),
        parent=query.get("induk", ""),
        q=search,
        overdue=query.get("lewat") == "1",
        created_from=_begin(calendar, read_date(query.get("dari", ""))),
        created_to=_begin(calendar, read_date(query.get("sampai", "")), timedelta(days=1)),
    )
    sorting = SORTINGS.get(query.get("urut", ""), TABS[tab][1])
    if search and len(search) < SHORTEST_SEARCH:
        return Wanted(replace(filters, q=""), sorting, "", "admin.complaints.search_short")
    return Wanted(filters, sorting, query.get("kursor", ""))


def _begin(calendar: Calendar, day: date | None, later: timedelta = timedelta(0)) -> datetime | None:
    """When this day, or one somewhat later, begins here."""
    if day is None:
        return None
    return calendar.closing(day + later - timedelta(days=1)) + timedelta(seconds=1)


def _address(request: web.Request, **changed: str) -> str:
    query = {name: value for name, value in request.query.items() if value and name != visit.DONE} | changed
    return f"{SCREEN}?{urlencode({name: value for name, value in query.items() if value})}"


def _tab(site: Site, tab: str, count: Count | None) -> tuple[str, str, str, int | None, bool]:
    """Name, address, words, how many, and whether there are more than were counted."""
    words = site.texts(f"admin.complaints.tab.{tab}", site.language)
    if count is None:
        return tab, _tab_address(tab), words, None, False
    return tab, _tab_address(tab), words, count.count, not count.complete


def _tab_address(tab: str) -> str:
    return f"{SCREEN}/ditahan" if tab == "ditahan" else f"{SCREEN}?tab={tab}"


def _options(site: Site, query: Mapping[str, str]) -> Mapping[str, Options]:
    """What can be chosen in each filter; a value of an old address that is not there any more is called unknown."""
    office, language = site.gateway.office, site.language

    def labels(family: str, codes: Sequence[str]) -> list[tuple[str, str]]:
        return [(code, site.texts(f"label.{family}.{code}", language)) for code in codes]

    found: dict[str, list[tuple[str, str]]] = {
        "keadaan": labels("status", [status.value for status in Status]),
        "jenis": labels("kind", [kind.value for kind in Kind]),
        "kantor": [(agency.code, agency.name) for agency in office.reference.agencies.values()],
        "topik": [(topic.code, topic.name) for topic in office.reference.topics.values()],
        "wilayah": [(area.code, area.name) for area in office.reference.areas.values()],
        "kanal": [(name, name) for name in site.gateway.channels],
        "bendera": labels("flag", FLAGS),
        "urut": [(word, site.texts(f"admin.complaints.sorted.{word}", language)) for word in SORTINGS],
    }
    unknown = site.texts("admin.complaints.unknown", language)
    for name, options in found.items():
        value = query.get(name, "")
        if value and value not in {code for code, _ in options}:
            options.append((value, f"{value} ({unknown})"))
    return found
