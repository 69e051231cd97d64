"""What protects every page: headers, forms, roles, limits, and errors that give nothing away."""

import hashlib
import hmac
import re
from datetime import date

import pytest
from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.web.app import routes
from gateway.web.forms import FORM_BYTES
from gateway.web.limits import MOST_KEYS, Limiter, source_hash
from gateway.web.posted import read_posted
from gateway.web.routes import STAFF, Route
from gateway.web.security import lies_in, networks
from tests.web.conftest import OpenSite, Served


async def breaks(_: web.Request) -> web.StreamResponse:
    raise RuntimeError("secret-canary-of-the-inside")


async def writes(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/done")


SCREENS = (
    Route("GET", "/admin/uji/rusak", breaks, roles=STAFF),
    Route("POST", "/admin/uji/tulis", writes, roles=frozenset({Role.COORDINATOR})),
    Route("POST", "/uji/tamu", writes),
    Route("GET", "/uji/p/{token}", writes, seed="token"),
    Route("POST", "/uji/p/{token}", writes, seed="token"),
    Route("POST", "/uji/berkas", writes, files=True),
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "satupintu",
}


@pytest.mark.parametrize("path", ["/masuk", "/nothing/here", "/api/v1/complaints", "/healthz", "/admin"])
async def test_c20_every_answer_carries_the_protecting_headers(site: Served, path: str) -> None:
    answer = await site.client.get(path, allow_redirects=False)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["X-Request-Id"]


async def test_c20_no_page_of_ours_needs_what_the_policy_forbids(site: Served) -> None:
    page = await (await site.client.get("/masuk")).text()
    assert "<script>" not in page
    assert "<style" not in page
    assert "style=" not in page
    assert " onclick=" not in page


async def test_static_files_are_kept_for_ever_under_the_name_of_their_content(site: Served) -> None:
    page = await (await site.client.get("/masuk")).text()
    address = page.partition('href="/static/site.css')[2].partition('"')[0]
    found = await site.client.get(f"/static/site.css{address}")
    assert (found.status, found.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert (await site.client.get("/static/site.css")).headers["Cache-Control"] == "no-cache"
    assert (await site.client.get("/static/../security.py")).status == 404


async def test_c31_outside_a_local_set_up_browsers_are_told_to_use_tls_only(open_site: OpenSite) -> None:
    local = await open_site()
    assert "Strict-Transport-Security" not in (await local.client.get("/masuk")).headers
    public = await open_site(
        '[server]\npublic_url = "https://aduan.contoh.example"\n[accounts]\nsecond_factor = "required"'
    )
    assert (await public.client.get("/masuk")).headers["Strict-Transport-Security"].startswith("max-age=")


def posts() -> list[Route]:
    return [route for route in (*routes(), *SCREENS) if route.method == "POST" and route.form and route.token]


def test_there_are_forms_to_protect() -> None:
    assert len(posts()) >= 6


@pytest.mark.parametrize("route", posts(), ids=lambda route: route.path)
async def test_c22_no_form_is_taken_without_our_token(open_site: OpenSite, route: Route) -> None:
    site = await open_site(screens=SCREENS)
    if route.roles:
        await site.sign_in()
    path = re.sub(r"\{\w+\}", "t" * 43, route.path)
    for fields in ({}, {"_csrf": ""}, {"_csrf": "x" * 43}):
        answer = await site.client.post(path, data=fields, allow_redirects=False)
        assert answer.status == 403
        assert "Formulir sudah tidak berlaku" in await answer.text()


# fmt: off
ELSEWHERE = [
    # headers of the browser                                                    refused
    ({},                                                                        False),
    ({"Origin": "null"},                                                        False),  # pages without referrer
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"},                       False),
    ({"Sec-Fetch-Site": "none"},                                                False),
    ({"Origin": "https://evil.example"},                                        True),
    ({"Sec-Fetch-Site": "cross-site"},                                          True),
    ({"Sec-Fetch-Site": "same-site", "Origin": "https://other.contoh.example"}, True),
]
# fmt: on


@pytest.mark.parametrize(("headers", "refused"), ELSEWHERE)
async def test_c22_a_form_that_another_site_sends_is_refused_even_with_a_good_token(
    open_site: OpenSite, headers: dict[str, str], refused: bool
) -> None:
    site = await open_site(screens=SCREENS)
    token = await site.token_of()
    answer = await site.client.post("/uji/tamu", data={"_csrf": token}, headers=headers, allow_redirects=False)
    assert answer.status == (403 if refused else 303)


async def test_a_form_of_our_own_address_is_no_other_site(site: Served) -> None:
    token = await site.token_of()
    own = {"Origin": str(site.client.make_url("/")).rstrip("/")}
    answer = await site.client.post("/masuk", data={"_csrf": token, "username": "x"}, headers=own)
    assert answer.status == 422


async def test_c22_a_page_behind_a_secret_needs_no_cookie_and_its_token_opens_no_other(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)

    def token(secret: str) -> str:
        key = site.gateway.office.keys.form
        return hmac.new(key, f"csrf|page|{secret}".encode(), hashlib.sha256).hexdigest()

    mine, other = "m" * 43, "o" * 43
    good = await site.client.post(f"/uji/p/{mine}", data={"_csrf": token(mine)}, allow_redirects=False)
    bad = await site.client.post(f"/uji/p/{mine}", data={"_csrf": token(other)}, allow_redirects=False)
    assert (good.status, bad.status) == (303, 403)
    assert not good.cookies


async def test_a_form_may_weigh_what_a_form_weighs(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    token = await site.token_of()
    long = {"_csrf": token, "text": "x" * FORM_BYTES}
    assert (await site.client.post("/uji/tamu", data=long, allow_redirects=False)).status == 413
    assert (await site.client.post("/uji/berkas", data=long, allow_redirects=False)).status == 303


async def test_c7_screens_are_for_their_roles_only(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    closed = await site.client.get("/admin/uji/rusak", allow_redirects=False)
    assert (closed.status, closed.headers["Location"]) == (303, "/masuk?lanjut=/admin/uji/rusak")
    assert (await site.client.post("/admin/uji/tulis", data={})).status == 401
    await site.as_user(Role.EVALUATOR)
    token = await site.token_of("/admin")
    answer = await site.client.post("/admin/uji/tulis", data={"_csrf": token}, allow_redirects=False)
    assert answer.status == 403
    assert "Bukan untuk peran Anda" in await answer.text()


async def test_c24_a_fault_of_ours_shows_a_number_and_nothing_of_the_inside(
    open_site: OpenSite, caplog: pytest.LogCaptureFixture
) -> None:
    site = await open_site(screens=SCREENS)
    await site.sign_in()
    answer = await site.client.get("/admin/uji/rusak")
    page = await answer.text()
    assert answer.status == 500
    assert answer.headers["X-Request-Id"] in page
    assert "canary" not in page
    assert "Traceback" not in page


async def test_programs_get_their_errors_as_problem_json(site: Served) -> None:
    answer = await site.client.get("/api/v1/nothing")
    assert answer.content_type == "application/problem+json"
    told = await answer.json(content_type=None)
    assert (told["status"], told["code"], told["type"]) == (404, "not_found", "urn:satupintu:problem:not_found")
    assert told["request_id"] == answer.headers["X-Request-Id"]


# fmt: off
NETWORKS = [
    ("127.0.0.1",        ("127.0.0.0/8",),   True),
    ("::ffff:127.0.0.1", ("127.0.0.0/8",),   True),
    ("10.1.2.3",         ("127.0.0.0/8",),   False),
    ("2001:db8::1",      ("2001:db8::/32",), True),
    ("no address",       ("0.0.0.0/0",),     False),
    ("",                 ("0.0.0.0/0",),     False),
]
# fmt: on


@pytest.mark.parametrize(("address", "known", "inside"), NETWORKS)
def test_c31_which_addresses_lie_in_a_network(address: str, known: tuple[str, ...], inside: bool) -> None:
    assert lies_in(address, networks(known)) is inside


def test_c16_a_source_is_a_network_of_today_and_cannot_be_read_back() -> None:
    key, day = b"k" * 32, date(2026, 11, 23)
    one = source_hash(key, "2001:db8:1:2::a", day)
    assert one == source_hash(key, "2001:db8:1:2:ffff::b", day), "one customer has a whole /64"
    assert one != source_hash(key, "2001:db8:1:3::a", day)
    assert one != source_hash(key, "2001:db8:1:2::a", date(2026, 11, 24))
    assert source_hash(key, "::ffff:198.51.100.7", day) == source_hash(key, "198.51.100.7", day)
    assert "198" not in source_hash(key, "198.51.100.7", day)


def test_c16_a_limit_is_a_window_that_ends() -> None:
    now = [0.0]
    limiter = Limiter(lambda: now[0])
    assert [limiter.take("x", "me", 2, 60).allowed for _ in range(3)] == [True, True, False]
    assert limiter.take("x", "you", 2, 60) == (True, 2, 1, 60)
    now[0] = 61.0
    assert limiter.take("x", "me", 2, 60).allowed
    assert limiter.take("x", "me", 0, 60).allowed, "0 is no limit"


def test_c16_a_flood_of_sources_does_not_fill_the_memory() -> None:
    limiter = Limiter(lambda: 0.0)
    for number in range(MOST_KEYS + 100):
        limiter.take("x", str(number), 1, 60)
    assert len(limiter._windows) <= MOST_KEYS


def test_a_form_with_check_boxes_keeps_every_value() -> None:
    form = read_posted("application/x-www-form-urlencoded", b"id=1&id=2&name=+Budi+&_csrf=t&empty=")
    assert form.all("id") == ("1", "2")
    assert (form.get("name"), form.get("nothing", "else")) == ("Budi", "else")
    assert (form.has("name"), form.has("empty")) == (True, False)
    assert form.values() == {"id": "2", "name": "Budi", "empty": ""}


def test_a_body_that_is_no_form_has_no_fields() -> None:
    assert read_posted("application/octet-stream", b"\x00\xff").get("id") == ""
    assert read_posted("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(400))).fields == {}


def test_files_come_with_their_name_and_content() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n\xff\xd8\xff\r\n--b--\r\n'
    )
    form = read_posted("multipart/form-data; boundary=b", body)
    assert form.get("note") == "hello"
    assert [(file.name, file.content) for file in form.files] == [("a.jpg", b"\xff\xd8\xff")]
