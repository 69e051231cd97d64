"""Who may enter what: one table here against the one in the code; what is named in neither is refused."""

import re
from collections.abc import Mapping

import pytest

from gateway.complaints.complaint import Role
from gateway.dashboard.menu import SCREENS
from gateway.web.routes import resolve
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import assigned

STAFF = tuple(role for role in Role if role not in {Role.REPORTER, Role.SYSTEM, Role.SP4N})
AK, KO, IN, KD = Role.CHANNEL_ADMIN, Role.COORDINATOR, Role.INSPECTORATE, Role.REGIONAL_HEAD
EV, AS, DP = Role.EVALUATOR, Role.SYSTEM_ADMIN, Role.PRIVACY_OFFICER
OP = (Role.ANGGOTA, Role.PENGHUBUNG, Role.DEPUTI, Role.KEPALA)
EVERYBODY = (*STAFF,)
CASES = (AK, KO, IN, KD, DP, *OP)
CHANNELS, CHANNEL_WORK = (AK, KO, AS, KD), (AK, KO, AS)

# fmt: off
SCREENS_OF: Mapping[str, tuple[Role, ...]] = {
    # GET                                     who (design: roles and permissions)
    "/admin/beranda":                         EVERYBODY,
    "/admin/aduan":                           CASES,
    "/admin/aduan/ditahan":                   (AK, KO),
    "/admin/insiden":                         (KO,),
    "/admin/sp4n/jembatan":                   (AK, KO),
    "/admin/sp4n/jembatan/{id}":              (AK, KO),
    "/admin/sp4n/jembatan/{id}/lampiran.zip": (AK, KO),
    "/admin/sp4n/impor":                      (AK, KO),
    "/admin/sp4n/induk":                      (AK, KO),
    "/admin/sp4n/beda/{id}":                  (KO,),
    "/admin/tugas":                           (AK, KO),
    "/admin/kanal":                           CHANNELS,
    "/admin/kanal/ekspor":                    CHANNELS,
    "/admin/kanal/biaya":                     CHANNELS,
    "/admin/kanal/biaya/ekspor":              CHANNELS,
    "/admin/kanal/{nama}":                    CHANNELS,
    "/admin/kanal/{nama}/alihkan":            CHANNEL_WORK,
    "/admin/kanal/{nama}/{aksi}":             CHANNEL_WORK,
    "/admin/berhenti":                        CHANNEL_WORK,
    "/admin/karantina":                       CHANNEL_WORK,
    "/admin/karantina/{id}":                  CHANNEL_WORK,
    "/admin/pengiriman":                      CHANNEL_WORK,
    "/admin/identitas":                       (KO, IN, DP),
    "/admin/identitas/{id}":                  (KO, IN, DP),
    "/admin/webhook":                         (AS, DP),
    "/admin/webhook/{id}":                    (AS, DP),
    "/admin/opd":                             (KO, AS, Role.DEPUTI, Role.KEPALA),
    "/admin/opd/{kode}":                      (KO, AS, Role.DEPUTI, Role.KEPALA),
    "/admin/akun":                            (KO, AS),
    "/admin/akun/{id}":                       (KO, AS),
    "/admin/mutu/cakupan":                    (KO, AS, KD, EV, Role.DEPUTI, Role.KEPALA),
    "/admin/mutu/cakupan/ekspor":             (KO, AS, KD, EV, Role.DEPUTI, Role.KEPALA),
    "/admin/mutu/pengklasifikasi":            (KO, AS, EV, DP),
    "/admin/mutu/pengklasifikasi/model/{id}": (KO, AS, EV, DP),
    "/admin/token":                           (AS, DP),
    "/admin/privasi":                         (AS, DP),
    "/admin/privasi/pelanggaran":             (DP,),
    "/admin/privasi/pelanggaran/{id}":        (DP,),
    "/admin/privasi/pelanggaran/{id}/surat":  (DP,),
    "/admin/audit":                           (KO, AS, DP),
    "/admin/teks":                            (KO, AS),
    "/admin/teks/{kunci}":                    (KO, AS),
    "/admin/pemberitahuan":                   (KO, AS),
    "/admin/pemberitahuan/{kunci}/{siapa}":   (KO, AS),
}
# fmt: on
HIDDEN = (
    "/admin/aduan/{tiket}",
    "/admin/aduan/ekspor",
    "/admin/aduan/{tiket}/aksi/{aksi}",
    "/admin/aduan/{tiket}/urungkan",
    "/admin/aduan/{tiket}/asli",
)
"""Doors that everybody of staff may knock at; inside, what one may not see does not exist."""
PLACES = {
    "nama": "sms",
    "aksi": "jeda",
    "id": "0000000000000",
    "apa": "lokasi",
    "pilihan": "biarkan",
    "kode": "PUPR",
    "kunci": "rx.receipt",
    "siapa": "reporter",
}


def test_c7_every_door_names_who_may_enter() -> None:
    assert SCREENS
    assert [route.path for route in SCREENS if not route.roles] == []


def test_every_door_leads_somewhere() -> None:
    for route in SCREENS:
        assert callable(resolve(route.handler)), route


def test_c7_no_door_is_missing_from_the_matrix() -> None:
    assert {route.path for route in SCREENS if route.method == "GET"} == {*SCREENS_OF, *HIDDEN[:2]}


def test_a_form_is_for_those_who_see_its_screen() -> None:
    seen = {route.path: route.roles for route in SCREENS if route.method == "GET"}
    for route in SCREENS:
        if route.method == "POST" and route.path not in HIDDEN:
            screen = next(path for path in sorted(seen, key=len, reverse=True) if route.path.startswith(path))
            assert route.roles <= seen[screen], route.path


@pytest.mark.parametrize("role", STAFF)
async def test_c7_every_screen_opens_for_its_roles_and_refuses_the_others(desk: Desk, role: Role) -> None:
    await desk.become(role, "PUPR" if role in OP else "")
    for path, roles in SCREENS_OF.items():
        address = re.sub(r"\{(\w+)\}", lambda name: PLACES[name[1]], path)
        answer = await desk.served.client.get(address)
        wanted = {404 if "{id}" in path else 200} if role in roles else {403}
        assert answer.status in wanted, (path, role, answer.status)


@pytest.mark.parametrize("role", STAFF)
async def test_the_menu_shows_nothing_that_one_may_not_open(desk: Desk, role: Role) -> None:
    await desk.become(role, "PUPR" if role in OP else "")
    page = await desk.page("/admin/beranda")
    theirs = [route.path for route in SCREENS if route.title and role in (route.roles or ())]
    for form in ("menu on-wide", "folded on-narrow"):
        menu = page.partition(f'<nav class="{form}"')[2].partition("</nav>")[0]
        shown = re.findall(r'href="([^"]+)"', menu)
        assert sorted(shown) == sorted(theirs), form
        assert menu.count("aria-current") == 1
    for address in shown:
        there = await desk.page(address)
        assert there.count(f'<a href="{address}" aria-current="page">') == len(("wide", "narrow")), address


@pytest.mark.parametrize("role", STAFF)
async def test_no_link_on_the_first_screens_leads_to_a_refusal(desk: Desk, role: Role) -> None:
    assigned(desk)
    await desk.become(role, "PUPR" if role in OP else "")
    for screen in ("/admin/beranda", "/admin/kanal", "/admin/aduan"):
        answer = await desk.served.client.get(screen)
        if answer.status != 200:
            continue
        for address in sorted(set(re.findall(r'href="(/admin[^"#]*)"', await answer.text()))):
            found = await desk.served.client.get(address.replace("&amp;", "&"))
            assert found.status == 200, (role, screen, address, found.status)


async def test_c7_nobody_enters_without_signing_in(desk: Desk) -> None:
    number = assigned(desk)
    desk.served.client.session.cookie_jar.clear()
    for path in (*SCREENS_OF, f"/admin/aduan/{number}"):
        address = re.sub(r"\{(\w+)\}", lambda name: PLACES[name[1]], path)
        answer = await desk.served.client.get(address, allow_redirects=False)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/masuk"), path


@pytest.mark.parametrize("path", [route.path for route in SCREENS if route.method == "POST"])
async def test_c22_a_form_without_our_token_does_nothing(desk: Desk, path: str) -> None:
    number = assigned(desk)
    address = re.sub(r"\{(\w+)\}", lambda name: (PLACES | {"tiket": number})[name[1]], path)
    answer = await desk.served.client.post(address, data={"reason": "Saldo penyedia habis"})
    assert answer.status == 403
