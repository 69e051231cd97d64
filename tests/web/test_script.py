"""The comforts of site.js on a page that uses all of them: live changes, keys, counters, terms, copying."""

from itertools import count

import aiohttp_jinja2
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from gateway.web import pages
from gateway.web.routes import STAFF, Route
from tests.web.conftest import OpenSite, Served
from tests.web.test_webhooks import until

PAGE = """
{% extends "base.html" %}
{% import "macros.html" as m with context %}
{% block title %}Uji{% endblock %}
{% block content %}
<h1>Uji</h1>
{{ m.freshness(live="/admin/aduan/arus") }}
<section id="daftar" data-fresh><p id="kali">Dibuka {{ times }} kali</p></section>
<form method="get" action="/admin/uji"><label for="cari">Cari</label><input id="cari" name="q" type="search"></form>
<table class="table"><caption>Baris</caption><thead><tr><th scope="col">No</th></tr></thead><tbody>
{% for number in (1, 2, 3) %}<tr data-row><td data-label="No"><a href="/admin/uji?n={{ number }}">{{ number }}</a></td></tr>{% endfor %}
</tbody></table>
<details data-key="n"><summary>Catatan</summary>
<form method="post" action="/admin/uji" data-guard>{{ csrf_field() }}
{{ m.area("isi", "Catatan", rows=2, attributes={"maxlength": "20", "data-count": "1"}) }}
{{ m.tick("yakin", "Sudah diperiksa") }}
<button type="submit">Simpan</button></form></details>
<p>Laporan menunggu {{ term("Disposisi") }} dan {{ term("Disposisi") }}.</p>
<button type="button" data-copy="KBR-260000013" data-copied="Tersalin">Salin nomor</button>
{{ m.notice("Perlu diperiksa", "wait") }} {{ m.state("Aktif", "good") }} {{ m.badge("ANONIM") }}
{{ m.summary({}) }} {{ m.pager("/admin/uji?a", "/admin/uji?b") }} {{ m.empty("Belum ada.", "/admin/uji", "Muat") }}
{{ m.choice("topik", "Topik", (("a", "Jalan"), ("b", "Sampah")), "b", empty="Semua") }}
{% endblock %}
"""


def screens() -> tuple[Route, ...]:
    times = count(1)

    async def show(request: web.Request) -> web.StreamResponse:
        template = aiohttp_jinja2.get_env(request.app).from_string(PAGE)
        return web.Response(text=template.render(pages._given(request), times=next(times)), content_type="text/html")

    async def save(_: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther("/admin/uji?saved")

    return (
        Route("GET", "/admin/uji", show, roles=STAFF, title="nav.track"),
        Route("POST", "/admin/uji", save, roles=STAFF),
    )


@pytest.fixture
async def opened(open_site: OpenSite, browser: Browser):  # type: ignore[no-untyped-def]
    """(site, page) of somebody who is signed in."""
    site = await open_site(screens=screens())
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"], bypass_csp=False)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    await page.goto(str(site.client.make_url("/masuk?lanjut=/admin/uji")))
    await page.fill("[name=username]", "admin")
    await page.fill("[name=password]", "test-admin-password")
    await page.click("button[type=submit]")
    await page.wait_for_url("**/admin/uji")
    yield site, page
    await context.close()


@pytest.mark.browser
async def test_a_change_shows_without_loading_the_page_again(opened: tuple[Served, Page]) -> None:
    site, page = opened
    await page.evaluate("window.kept = true")
    await until(lambda: bool(site.site.hub._listeners))
    site.site.hub.publish({"kind": "complaint", "number": "KBR-1"})
    await expect(page.locator("#kali")).to_have_text("Dibuka 2 kali")
    assert await page.evaluate("window.kept") is True


@pytest.mark.browser
async def test_who_types_is_only_told(opened: tuple[Served, Page]) -> None:
    site, page = opened
    await page.fill("#cari", "lampu")
    await until(lambda: bool(site.site.hub._listeners))
    site.site.hub.publish({"kind": "complaint", "number": "KBR-1"})
    await expect(page.locator("[data-changed]")).to_be_visible()
    assert await page.locator("#kali").text_content() == "Dibuka 1 kali"


@pytest.mark.browser
async def test_keys_pick_rows_open_forms_and_stay_out_of_fields(opened: tuple[Served, Page]) -> None:
    _, page = opened
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    assert await page.locator("tr.picked").text_content() == "2"
    await page.keyboard.press("k")
    assert await page.evaluate("document.activeElement.textContent") == "1"
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "cari"
    await page.keyboard.type("jnk")
    assert await page.input_value("#cari") == "jnk"
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("n")
    assert await page.evaluate("document.activeElement.id") == "f-isi"


@pytest.mark.browser
async def test_a_counter_counts_and_a_form_is_sent_once(opened: tuple[Served, Page]) -> None:
    _, page = opened
    await page.keyboard.press("n")
    await page.keyboard.type("halo")
    assert await page.locator(".count").text_content() == "4 / 20"
    await page.click("text=Simpan")
    await page.wait_for_url("**/admin/uji?saved")


@pytest.mark.browser
async def test_a_term_explains_itself_and_a_number_is_copied(opened: tuple[Served, Page]) -> None:
    _, page = opened
    terms = page.locator("a.istilah")
    if await terms.count():
        assert await terms.count() == 1, "only the first time on a page"
        await terms.focus()
        await expect(page.locator("[role=tooltip]")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("[role=tooltip]")).to_have_count(0)
    await page.click("text=Salin nomor")
    await expect(page.locator("text=Tersalin")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "KBR-260000013"


@pytest.mark.browser
async def test_every_piece_is_accessible(opened: tuple[Served, Page]) -> None:
    _, page = opened
    cookies = await page.context.cookies()
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context(bypass_csp=True)
    await context.add_cookies(cookies)  # type: ignore[arg-type]
    free = await context.new_page()
    await free.goto(page.url)
    await free.evaluate("document.querySelector('details').open = true")
    for width in (320, 1280):
        await free.set_viewport_size({"width": width, "height": 900})
        assert await free.evaluate("window.innerWidth") == width
        found = await Axe().run(free, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        assert await free.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await context.close()
