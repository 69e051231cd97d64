"""`/admin/beranda`: what needs somebody now, each figure with the way to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from gateway.complaints.complaint import DATA_KEEPERS, OFFICERS, Role
from gateway.complaints.identity import OPENERS
from gateway.dashboard import visit
from gateway.queries import attention, identities
from gateway.retention import breaches, privacy_requests
from gateway.web import pages
from gateway.web.routes import CASE_READERS, CHANNEL_READERS, CHANNEL_WORKERS, COORDINATION
from gateway.web.site import site_of, user_of

LIST = "/admin/aduan?tab="
BRIDGE = "/admin/sp4n/jembatan?tab="
SENT = "/admin/pengiriman?tab="
DECIDERS = frozenset({Role.COORDINATOR})
OF_THEIR_OWN = frozenset({"identitas", "privasi", "pelanggaran"})
"""Figures that are counted apart from complaints and work."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that may wait. `tone` as states are shown; `roles`: whose business it is."""

    name: str
    path: str
    tone: str
    roles: frozenset[Role]


# In the order of the page: what hurts citizens first.
FIGURES: tuple[Figure, ...] = (
    Figure("lewat", f"{LIST}lewat", "bad", CASE_READERS),
    Figure("hari_ini", f"{LIST}hari_ini", "wait", CASE_READERS),
    Figure("verifikasi", f"{LIST}verifikasi", "wait", COORDINATION),
    Figure("belum_terarah", f"{LIST}belum_terarah", "wait", DECIDERS),
    Figure("dibalas", f"{LIST}dibalas", "wait", CASE_READERS - COORDINATION | DECIDERS),
    Figure("sengketa", f"{LIST}sengketa", "wait", DECIDERS),
    Figure("ditahan", "/admin/aduan/ditahan", "wait", COORDINATION),
    Figure("tak_bisa_ditutup", f"{LIST}tak_bisa_ditutup", "wait", DECIDERS),
    Figure("kantor", f"{LIST}kantor", "plain", OFFICERS),
    Figure("tugas_saya", f"{LIST}tugas", "plain", OFFICERS),
    Figure("perlu_diinput", f"{BRIDGE}perlu_diinput", "wait", COORDINATION),
    Figure("menunggu_nomor", f"{BRIDGE}menunggu_nomor", "wait", COORDINATION),
    Figure("perlu_dicek", f"{BRIDGE}perlu_dicek", "wait", COORDINATION),
    Figure("identitas", "/admin/identitas", "bad", OPENERS),
    Figure("pelanggaran", "/admin/privasi/pelanggaran", "bad", DATA_KEEPERS),
    Figure("privasi", "/admin/privasi", "bad", DATA_KEEPERS),
    Figure("tugas", "/admin/tugas", "wait", COORDINATION),
    Figure("karantina", "/admin/karantina", "bad", CHANNEL_WORKERS),
    Figure("tak_pasti", f"{SENT}tak_pasti", "wait", CHANNEL_WORKERS),
    Figure("gagal", f"{SENT}gagal", "plain", CHANNEL_WORKERS),
)
TABS: Mapping[str, str] = {"tugas_saya": "tugas"}
"""Figures whose tab of the list has another name."""
WORK = frozenset({"tugas", "perlu_diinput", "menunggu_nomor", "perlu_dicek", "karantina", "tak_pasti", "gagal"})


async def show(request: web.Request) -> web.StreamResponse:
    site, role = site_of(request), user_of(request).role
    mine = [figure for figure in FIGURES if role in figure.roles]
    values: dict[str, int] = {}
    more: set[str] = set()
    counted = [figure for figure in mine if figure.name not in WORK | OF_THEIR_OWN]
    if counted:
        tabs = [TABS.get(figure.name, figure.name) for figure in counted]
        found = await site.read(attention.cases, visit.scope(request), tabs)
        values |= {figure.name: found.figures[tab] for figure, tab in zip(counted, tabs, strict=True)}
        more |= {figure.name for figure, tab in zip(counted, tabs, strict=True) if tab in found.at_least}
    if any(figure.name in WORK for figure in mine):
        values |= (await site.read(attention.work)).figures
    if role in OPENERS:
        scope, actor = visit.scope(request), user_of(request).actor
        values["identitas"] = await site.read(identities.waiting, scope, actor)
    if role in DATA_KEEPERS:
        values["privasi"] = await site.read(privacy_requests.waiting)
        values["pelanggaran"] = await site.read(breaches.waiting)
    return pages.render(
        request,
        "start.html",
        waiting=[(figure, values[figure.name], figure.name in more) for figure in mine if values[figure.name]],
        clear=[figure for figure in mine if not values[figure.name]],
        channels=await site.read(attention.channels) if role in CHANNEL_READERS else None,
        agency=_agency(request),
        live="/admin/aduan/arus" if role in CASE_READERS else "",
    )


def _agency(request: web.Request) -> str:
    agency = site_of(request).gateway.office.reference.agencies.get(user_of(request).agency)
    return agency.name if agency else ""
