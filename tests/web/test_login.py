"""Signing in and out: what the cookie is like, what a stranger learns, and who must show a second factor."""

import base64

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.people.accounts import TOTP_STEP_S, totp
from gateway.storage import tables
from gateway.web.login import onward
from tests.web.conftest import PASSWORD, OpenSite, Served

PUBLIC = '[server]\npublic_url = "https://aduan.contoh.example"\n[accounts]\nsecond_factor = "required"'


async def test_the_right_password_opens_the_first_screen(site: Served) -> None:
    answer = await site.sign_in()
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    cookie = answer.cookies["satupintu"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    assert (await site.client.get("/admin")).status == 200


async def test_c22_outside_a_local_set_up_the_cookie_is_bound_to_host_and_tls(open_site: OpenSite) -> None:
    site = await open_site(PUBLIC)
    site.add_user("evaluator", Role.EVALUATOR)
    page = await site.client.get("/masuk")
    nonce = page.cookies["__Host-satupintu-form"]
    assert (nonce["secure"], nonce["samesite"]) == (True, "Strict")
    token = (await page.text()).partition('name="_csrf" value="')[2].partition('"')[0]
    answer = await site.client.post(
        "/masuk",
        data={"username": "evaluator", "password": PASSWORD, "_csrf": token},
        headers={"Cookie": f"__Host-satupintu-form={nonce.value}"},
        allow_redirects=False,
    )
    cookie = answer.cookies["__Host-satupintu"]
    assert (answer.status, cookie["secure"], cookie["httponly"], cookie["path"]) == (303, True, True, "/")


# fmt: off
STRANGERS = [
    # user name   password
    ("admin",     "wrong-password-here"),
    ("nobody",    "test-admin-password"),
    ("",          ""),
    ("admin",     ""),
]
# fmt: on


@pytest.mark.parametrize(("username", "password"), STRANGERS)
async def test_c22_a_wrong_answer_says_the_same_whatever_was_wrong(site: Served, username: str, password: str) -> None:
    answer = await site.sign_in(username, password)
    page = await answer.text()
    assert answer.status == 422
    assert "Nama pengguna, kata sandi atau kode tidak cocok." in page
    assert "satupintu" not in answer.cookies
    assert password not in page or not password


async def test_c22_a_locked_account_answers_as_a_wrong_password_does(site: Served) -> None:
    for _ in range(5):
        await site.sign_in(password="wrong-password-here")
    locked = await site.sign_in()
    assert locked.status == 422
    assert "tidak cocok" in await locked.text()
    site.moment.pass_(minutes=16)
    assert (await site.sign_in()).status == 303


async def test_c22_a_machine_that_guesses_is_slowed_down(open_site: OpenSite) -> None:
    site = await open_site()
    statuses = {(await site.sign_in(f"user{n}", "x")).status for n in range(22)}
    assert statuses == {422, 429}


async def test_the_name_that_was_typed_is_shown_again_and_harmless(site: Served) -> None:
    page = await (await site.sign_in('"><script>alert(1)</script>', "x")).text()
    assert "<script>alert" not in page


async def test_c22_signing_out_ends_the_session_on_our_side(site: Served) -> None:
    answer = await site.sign_in()
    stolen = answer.cookies["satupintu"].value
    token = await site.token_of("/admin")
    out = await site.client.post("/keluar", data={"_csrf": token}, allow_redirects=False)
    assert (out.status, out.headers["Location"]) == (303, "/masuk")
    again = await site.client.get("/admin", headers={"Cookie": f"satupintu={stolen}"}, allow_redirects=False)
    assert again.status == 303


async def test_c22_a_session_that_somebody_planted_is_not_continued(site: Served) -> None:
    site.client.session.cookie_jar.update_cookies({"satupintu": "planted-by-somebody"}, site.client.make_url("/"))
    answer = await site.sign_in()
    assert answer.cookies["satupintu"].value != "planted-by-somebody"


async def test_c22_a_session_ends_when_nobody_does_anything(site: Served) -> None:
    await site.sign_in()
    site.moment.pass_(minutes=20)
    assert (await site.client.get("/admin")).status == 200
    site.moment.pass_(minutes=20)
    assert (await site.client.get("/admin", headers={"X-Fresh": "1"})).status == 200
    site.moment.pass_(minutes=20)
    ended = await site.client.get("/admin", allow_redirects=False)
    assert ended.status == 303, "a page that refreshed itself was nobody at work"


async def test_c22_a_session_ends_in_any_case_after_a_working_day(site: Served) -> None:
    await site.sign_in()
    for _ in range(31):
        site.moment.pass_(minutes=20)
        answer = await site.client.get("/admin", allow_redirects=False)
    assert answer.status == 303


# fmt: off
ONWARD = [
    # asked for                          goes to
    ("/admin/aduan?tab=lewat",           "/admin/aduan?tab=lewat"),
    ("/admin",                           "/admin"),
    ("",                                 "/admin"),
    ("/",                                "/admin"),
    ("https://evil.example/admin/",      "/admin"),
    ("//evil.example/admin/",            "/admin"),
    ("/administrator",                   "/admin"),
    ("/admin/\\evil.example",            "/admin"),
    ("/admin/\r\nSet-Cookie: x=1",       "/admin"),
    ("javascript:alert(1)",              "/admin"),
]
# fmt: on


@pytest.mark.parametrize(("asked", "goes"), ONWARD)
def test_c22_signing_in_leads_only_to_screens_of_ours(asked: str, goes: str) -> None:
    assert onward(asked) == goes


async def test_who_came_from_a_screen_gets_there(site: Served) -> None:
    answer = await site.sign_in(lanjut="/admin/aduan?tab=lewat")
    assert answer.headers["Location"] == "/admin/aduan?tab=lewat"
    assert (await site.client.get("/masuk?lanjut=/admin/x", allow_redirects=False)).headers["Location"] == "/admin/x"


async def browser(site: Served, path: str, cookies: dict[str, str], data: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    """A browser that speaks TLS: cookies marked Secure do not travel over the test's plain http by themselves."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    method = "POST" if data is not None else "GET"
    return await site.client.request(method, path, data=data, headers=headers, allow_redirects=False)


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


async def test_c22_who_may_do_much_must_set_up_a_second_factor_before_anything_else(open_site: OpenSite) -> None:
    site = await open_site(PUBLIC)
    page = await site.client.get("/masuk")
    cookies = {"__Host-satupintu-form": page.cookies["__Host-satupintu-form"].value}
    fields = {"username": "admin", "password": "test-admin-password", "_csrf": hidden(await page.text(), "_csrf")}
    cookies["__Host-satupintu"] = (await browser(site, "/masuk", cookies, fields)).cookies["__Host-satupintu"].value

    elsewhere = await browser(site, "/admin", cookies)
    assert (elsewhere.status, elsewhere.headers["Location"]) == (303, "/masuk/faktor-kedua")
    offer = await (await browser(site, "/masuk/faktor-kedua", cookies)).text()
    assert 'src="data:image/svg+xml' in offer
    secret, token = hidden(offer, "secret"), hidden(offer, "_csrf")
    wrong = await browser(site, "/masuk/faktor-kedua", cookies, {"_csrf": token, "secret": secret, "code": "000000"})
    assert wrong.status == 422
    step = int(site.moment.now.timestamp()) // TOTP_STEP_S
    code = totp(base64.b32decode(secret), step)
    done = await browser(site, "/masuk/faktor-kedua", cookies, {"_csrf": token, "secret": secret, "code": code})
    assert (done.status, done.headers["Location"]) == (303, "/admin")
    assert (await browser(site, "/admin", cookies)).status == 200

    stolen = {"_csrf": token, "secret": base64.b32encode(b"x" * 20).decode(), "code": totp(b"x" * 20, step)}
    assert (await browser(site, "/masuk/faktor-kedua", cookies, stolen)).status == 422, "no session replaces it"
    site.moment.pass_(minutes=2)
    fresh = await site.client.get("/masuk")
    visitor = {"__Host-satupintu-form": fresh.cookies["__Host-satupintu-form"].value}
    again = fields | {"_csrf": hidden(await fresh.text(), "_csrf")}
    without = await browser(site, "/masuk", visitor, again)
    assert "Akun ini memakai kode 6 angka" in await without.text()
    code = totp(base64.b32decode(secret), step + 4)
    assert (await browser(site, "/masuk", visitor, again | {"code": f"{code[:3]} {code[3:]}"})).status == 303


async def test_a_local_set_up_asks_for_no_second_factor(open_site: OpenSite) -> None:
    site = await open_site('[accounts]\nsecond_factor = "required"')
    await site.sign_in()
    assert (await site.client.get("/admin")).status == 200


async def test_c8_signing_in_failing_and_leaving_stand_in_the_audit_record(site: Served) -> None:
    await site.sign_in(password="wrong-password-here")
    await site.sign_in()
    await site.client.post("/keluar", data={"_csrf": await site.token_of("/admin")})
    with site.tx() as tx:
        actions = [row.action for row in tx.all(select(tables.audit).order_by(tables.audit.c.seq))]
    assert actions[-3:] == ["sign_in_failed", "signed_in", "signed_out"]
