"""Doors of the site against strangers: markup in every field, spoofed headers, whom to tell about a weakness."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from sqlalchemy import Column, String, Table, Text, select

from config.load import settings_from
from config.settings import SettingsError
from gateway.complaints.complaint import Actor, Role
from gateway.dashboard.menu import SCREENS
from gateway.queries.scope import scope_of
from gateway.retention import identities, legal_holds
from gateway.retention.identities import Demand
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import assigned
from tests.web.conftest import OpenSite, Served

# Every one of them runs something, closes something, or leads somewhere, where it is not escaped.
CORPUS = (
    "<script>kanari()</script>",
    "<img src=x onerror=kanari()>",
    '"><svg/onload=kanari()>',
    "' autofocus onfocus='kanari()",
    "javascript:kanari()",
    "</title></textarea></style><iframe srcdoc='<script>kanari()</script>'>",
    "{{ 7919 * 6997 }}{% raw %}${7919*6997}",
    "<!--<kanari --!><b>",
    "\u2028\u2029\u202e<a href=//kanari.example>x</a>",
    "]]><kanari xmlns='x'/>",
)
EXECUTED = str(7919 * 6997)
LINKS = ("href", "src", "action", "formaction", "srcdoc", "data", "poster")
ELEMENTS_OF_STRANGERS = {"iframe", "object", "embed", "kanari", "base", "meta:refresh"}


class Reader(HTMLParser):
    """What a browser makes of a page: elements and attributes that somebody brought in."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if tag in ELEMENTS_OF_STRANGERS or (tag == "script" and not names.get("src", "").startswith("/static/")):  # type: ignore[union-attr]
            self.strange.append(f"<{tag}>")
        for name, value in attributes:
            told = (value or "").strip().lower()
            leads_away = name in LINKS and (
                "kanari" in told.partition("?")[0] or told.startswith(("javascript:", "//"))
            )
            if name.startswith("on") or leads_away or name == "style":
                self.strange.append(f"{tag} {name}={told[:60]}")


def strange_in(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.strange + ([EXECUTED] if EXECUTED in page else [])


def words_of(table: Table) -> Iterator[Column[str]]:
    """Columns that may hold what somebody wrote."""
    for column in table.columns:
        if isinstance(column.type, Text) or (isinstance(column.type, String) and (column.type.length or 0) >= 60):
            yield column


WRITTEN = {
    # where strangers' and officers' words are kept, and which columns are codes of ours instead
    tables.complaint: {"secret_hash", "flags", "text_hash"},
    tables.complaint_event: {"actor_id"},
    tables.attachment: {"media_type", "sha256", "stored_as", "last_error"},
    tables.task: {"subject", "done_by"},
    tables.quarantine: {"settled_by"},
    tables.agency: {"decree"},
    tables.agency_member: set(),
    tables.channel_state: {"paused_by"},
    tables.forward: {"remote_id"},
    tables.identity_demand: set(),
    tables.legal_hold: set(),
    tables.privacy_request: set(),
}


def poison(desk: Desk, first: int) -> int:
    """Write markup into every column of words there is, each column another kind; how many columns."""
    columns = 0
    with desk.served.tx() as tx:
        for table, ours in WRITTEN.items():
            ruled = [*table.constraints, *(index for index in table.indexes if index.unique)]
            unique = {column.name for rule in ruled for column in getattr(rule, "columns", ())}
            for column in words_of(table):
                if column.name not in ours | unique and not column.primary_key:
                    markup = CORPUS[(first + columns) % len(CORPUS)][: getattr(column.type, "length", None)]
                    tx.execute(table.update().values({column.name: markup}))
                    columns += 1
    return columns


async def addresses(desk: Desk, number: str) -> list[str]:
    """Every screen, with real things in place of its names; every other page of the site that shows words."""
    with desk.served.tx() as tx:
        identities = [row.id for row in tx.all(select(tables.quarantine.c.id))]
        forwards = [row.id for row in tx.all(select(tables.forward.c.id))]
    places = {
        "tiket": number,
        "nama": "sms",
        "aksi": "jeda",
        "kode": "PUPR",
        "kunci": "st.assigned",
        "siapa": "reporter",
    }
    found = []
    for route in (one for one in SCREENS if one.method == "GET" and Role.COORDINATOR in (one.roles or ())):
        named = {
            **places,
            "id": id_text((forwards if "jembatan" in route.path else identities or [1])[0] if forwards else 1),
        }
        found.append(re.sub(r"\{(\w+)\}", lambda name, named=named: named[name[1]], route.path))  # type: ignore[misc]
    more = ["/admin/aduan?tab=semua", f"/admin/aduan/{number}?aksi=answer", f"/admin/aduan/{number}?aksi=reassign"]
    return [*found, *more, "/lapor", "/lacak", "/privasi", "/masuk"]


@pytest.mark.parametrize("first", [0, 5])
async def test_c20_markup_in_every_field_of_words_is_shown_and_never_run(desk: Desk, first: int) -> None:
    number = assigned(desk, f"Jalan rusak berat. {CORPUS[first]}")
    officer = Actor(Role.PRIVACY_OFFICER, "1")
    with desk.served.tx() as tx:
        legal_holds.place(tx, number, "Perkara di pengadilan berjalan", officer)
        need = Demand(number, "danger", "office", reason="Isi laporan menyebut ancaman terhadap nyawa.")
        asked = identities.ask(tx, scope_of(tx.office, officer.role), need, officer)
    assert poison(desk, first) > 15
    shown = 0
    coordinators = await addresses(desk, number)
    doors = {Role.PRIVACY_OFFICER: ["/admin/privasi", f"/admin/identitas/{asked}"], Role.COORDINATOR: coordinators}
    for role, pages in doors.items():
        await desk.become(role)
        for address in pages:
            answer = await desk.served.client.get(address)
            page = await answer.text()
            assert answer.status in {200, 404}, address
            if "attachment" in answer.headers.get("Content-Disposition", ""):
                # A file to keep: what is in it no browser takes for a page.
                assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("text/csv", "nosniff"), (
                    address
                )
                continue
            assert strange_in(page) == [], address
            shown += "kanari" in page or "7919 * 6997" in page or "b&gt;" in page
    assert shown >= 3


async def test_c20_markup_in_an_address_or_a_form_comes_back_as_words(desk: Desk) -> None:
    for markup in CORPUS:
        await in_addresses(desk, markup)
        await in_forms(desk, markup)


async def in_addresses(desk: Desk, markup: str) -> None:
    asked = quote(markup, safe="")
    starts = (
        "/admin/audit?aksi=",
        "/lacak?nomor=",
        "/masuk?lanjut=",
        "/lapor/",
        "/nothing/",
        "/admin/beranda?selesai=",
    )
    for path in (*starts, "/admin/aduan?q="):
        answer = await desk.served.client.get(f"{path}{asked}", allow_redirects=False)
        assert strange_in(await answer.text()) == [], path
        assert "kanari.example" not in answer.headers.get("Location", "")


async def in_forms(desk: Desk, markup: str) -> None:
    client = desk.served.client
    typed = {"_csrf": await desk.served.token_of("/lacak"), "nomor": markup, "kode": markup}
    assert strange_in(await (await client.post("/lacak", data=typed)).text()) == []
    form = await (await client.get("/lapor")).text()
    token = re.search(r'name="_token" value="([^"]+)"', form)
    assert token
    fields = {"_token": token[1], "isi": "x", "judul": markup, "lokasi": markup, "nama": markup, "kontak": markup}
    again = await client.post("/lapor", data=fields)
    assert again.status == 422
    assert strange_in(await again.text()) == []


async def test_c33_whoever_finds_a_weakness_is_told_whom_to_tell(open_site: OpenSite) -> None:
    silent = await open_site()
    assert (await silent.client.get("/.well-known/security.txt")).status == 404
    site = await open_site('[government]\ncontact = "keamanan@kabupaten.example"')
    answer = await site.client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in (await answer.text()).splitlines())
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert fields["Contact"] == "mailto:keamanan@kabupaten.example"
    assert fields["Canonical"].endswith("/.well-known/security.txt")
    expires = datetime.strptime(fields["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=30) < expires - site.moment.now < timedelta(days=365)
    web = await open_site('[government]\ncontact = "https://kabupaten.example/keamanan"')
    assert (
        "Contact: https://kabupaten.example/keamanan\n"
        in await (await web.client.get("/.well-known/security.txt")).text()
    )


# fmt: off
FORWARDED = [
    # X-Forwarded-For as it reaches us from a proxy of ours   whether 203.0.113.5 is who calls
    ("203.0.113.5",                                            True),
    ("127.0.0.1, 203.0.113.5",                                 True),
    ("203.0.113.5, 10.0.0.2",                                  True),   # through a second proxy of ours
    ("203.0.113.5, 198.51.100.9",                              False),  # somebody says who they were before
    ("203.0.113.5, 198.51.100.9, 10.0.0.2",                    False),
    ("198.51.100.9",                                           False),
    ("nonsense",                                               False),
    ("",                                                       False),
]
# fmt: on


async def test_c31_proxies_of_ours_are_believed_as_far_as_they_saw(open_site: OpenSite) -> None:
    site = await open_site(
        '[server]\ntrusted_proxies = ["127.0.0.0/8", "10.0.0.2/32"]\nmetrics_from = ["203.0.113.5/32"]'
    )
    for header, is_caller in FORWARDED:
        headers = {"X-Forwarded-For": header} if header else {}
        answer = await site.client.get("/metrics", headers=headers)
        assert answer.status == (200 if is_caller else 403), header


async def test_c31_a_header_of_a_stranger_opens_no_metrics(open_site: OpenSite) -> None:
    site = await open_site('[server]\nmetrics_from = ["192.0.2.1/32"]')
    for header in ("192.0.2.1", "192.0.2.1, 192.0.2.1", "::ffff:192.0.2.1"):
        answer = await site.client.get("/metrics", headers={"X-Forwarded-For": header, "X-Real-IP": "192.0.2.1"})
        assert answer.status == 403
        assert "satupintu_" not in await answer.text()


def test_c31_a_public_set_up_wants_tls() -> None:
    with pytest.raises(SettingsError, match=r"server\.public_url: must begin with https"):
        settings_from(
            '[server]\npublic_url = "http://aduan.contoh.example"\n[storage]\nidentity_key = "kunci-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"'
        )


async def test_c22_a_stolen_cookie_is_worth_nothing_after_signing_out(site: Served) -> None:
    await site.sign_in()
    stolen = {"Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in site.client.session.cookie_jar)}
    token = await site.token_of("/admin")
    assert (await site.client.get("/admin", headers=stolen, allow_redirects=False)).status in {200, 303}
    await site.client.post("/keluar", data={"_csrf": token}, allow_redirects=False)
    site.client.session.cookie_jar.clear()
    answer = await site.client.get("/admin", headers=stolen, allow_redirects=False)
    assert answer.headers["Location"].startswith("/masuk")


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.COORDINATOR, Role.PRIVACY_OFFICER])
async def test_c22_who_may_do_much_gets_nowhere_without_a_second_factor(open_site: OpenSite, role: Role) -> None:
    """Every screen leads to the page where a device is shown, not only the first one."""
    site = await open_site(
        '[server]\npublic_url = "https://aduan.contoh.example"\n[accounts]\nsecond_factor = "required"', screens=SCREENS
    )
    site.add_user("someone", role)
    page = await site.client.get("/masuk")
    nonce = page.cookies["__Host-satupintu-form"].value
    token = (await page.text()).partition('name="_csrf" value="')[2].partition('"')[0]
    cookies = {"Cookie": f"__Host-satupintu-form={nonce}"}
    fields = {"username": "someone", "password": "a-password-of-the-test", "_csrf": token}
    signed = await site.client.post("/masuk", data=fields, headers=cookies, allow_redirects=False)
    assert signed.status == 303
    session = {"Cookie": f"__Host-satupintu={signed.cookies['__Host-satupintu'].value}"}
    for route in (route for route in SCREENS if route.method == "GET" and "{" not in route.path):
        answer = await site.client.get(route.path, headers=session, allow_redirects=False)
        assert (answer.status, answer.headers.get("Location")) == (303, "/masuk/faktor-kedua"), route.path
