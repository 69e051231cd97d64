"""How pages read: dates, numbers, terms; and that they work for everybody, narrow, without script, by keyboard."""

from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from markupsafe import Markup
from playwright.async_api import Browser

from gateway.complaints.calendar import Calendar
from gateway.complaints.complaint import Role
from gateway.web import formats
from gateway.web.routes import STAFF, Route
from tests.web.conftest import OpenSite, Served

CALENDAR = Calendar.of([], "Asia/Pontianak")
MOMENT = datetime(2026, 11, 23, 3, 42, 5, tzinfo=UTC)
WIDTHS = (320, 768, 1280)


async def missing(_: object):  # type: ignore[no-untyped-def]
    raise web.HTTPNotFound


SCREENS = (
    Route("GET", "/admin/uji", missing, roles=STAFF, title="nav.track"),
    Route("GET", "/admin/lain", missing, roles=frozenset({Role.SYSTEM_ADMIN}), title="nav.report"),
)


def test_a_moment_reads_as_people_say_it_and_machines_know_it() -> None:
    assert formats.moment_markup(MOMENT, CALENDAR) == Markup(
        '<time datetime="2026-11-23T03:42:05+00:00">Sen 23 Nov 2026 10.42 WIB</time>'
    )
    assert formats.day_markup(date(2026, 11, 27), CALENDAR) == '<time datetime="2026-11-27">Jum 27 Nov 2026</time>'
    assert formats.day_markup(datetime(2026, 11, 23, 17, 30, tzinfo=UTC), CALENDAR) == (
        '<time datetime="2026-11-24">Sel 24 Nov 2026</time>'
    )
    assert formats.clock_text(MOMENT, CALENDAR) == "10.42.05 WIB"
    assert (formats.moment_markup(None, CALENDAR), formats.day_markup(None, CALENDAR)) == ("–", "–")


# fmt: off
NUMBERS = [
    (1234.5,      1, "1.234,5"),
    (0,           0, "0"),
    (1_000_000,   0, "1.000.000"),
    (-12.25,      2, "-12,25"),
    (None,        0, "–"),
]
AGES = [
    (0, "0 dtk"), (59, "59 dtk"), (60, "1 m"), (3_599, "59 m"), (3_600, "1 j"), (90_000, "1 hr"), (-5, "0 dtk"), (None, "–"),
]
# fmt: on


@pytest.mark.parametrize(("value", "decimals", "text"), NUMBERS)
def test_a_number_has_dots_and_a_comma(value: float | None, decimals: int, text: str) -> None:
    assert formats.number_text(value, decimals) == text


@pytest.mark.parametrize(("seconds", "text"), AGES)
def test_an_age_is_short(seconds: float | None, text: str) -> None:
    assert formats.age_text(seconds) == text


async def test_the_menu_holds_the_screens_of_a_role(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    await site.sign_in()
    page = await (await site.client.get("/admin/uji")).text()
    assert 'href="/admin/uji" aria-current="page"' in page
    assert "/admin/lain" not in page


async def test_training_is_written_on_every_page(open_site: OpenSite, tmp_path: object) -> None:
    real = await open_site()
    assert "MODE PELATIHAN" not in await (await real.client.get("/masuk")).text()
    training = await open_site(f'[training]\nenabled = true\nclock = "{tmp_path}/clock"')
    for path in ("/masuk", "/nothing"):
        assert (await (await training.client.get(path)).text()).count("MODE PELATIHAN - data rekaan") == 2, path


async def test_what_people_write_is_never_markup(site: Served) -> None:
    page = await (await site.client.get("/masuk?lanjut=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.browser
async def test_pages_are_accessible_at_every_width(site: Served, browser: Browser) -> None:
    page = await browser.new_page(bypass_csp=True)
    for path in ("/masuk", "/nothing/here"):
        await page.goto(str(site.client.make_url(path)))
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("window.innerWidth") == width
            found = await Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, f"{path} at {width}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                f"{path} at {width}"
            )
    await page.close()


@pytest.mark.browser
async def test_signing_in_works_without_script_and_by_keyboard(open_site: OpenSite, browser: Browser) -> None:
    site = await open_site(screens=SCREENS)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(str(site.client.make_url("/masuk")))
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").text_content() == "Langsung ke isi"
    await page.locator("[name=username]").focus()
    await page.keyboard.type("admin")
    await page.keyboard.press("Tab")
    await page.keyboard.type("test-admin-password")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/admin/uji")
    await page.get_by_role("button", name="Keluar").click()
    await page.wait_for_url("**/masuk")
    await context.close()


@pytest.mark.browser
async def test_the_script_and_style_load_under_our_own_policy(site: Served, browser: Browser) -> None:
    page = await browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(str(site.client.make_url("/masuk")))
    assert (
        await page.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert said == []
    await page.close()
