"""The practice site in a real browser: live without reloading, usable without a script, on a small phone, for everybody."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe

from config.texts import Texts
from tests.simulators.room import OFFICER, OFFICER_PHONE, SITI, Room, opened

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
TEXTS = Texts.load()
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
SIZES = {"phone": (320, 640), "tablet": (768, 1000), "desk": (1280, 900)}


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as room:
        yield room


async def furnished(room: Room) -> None:
    """Something of everything on the page."""
    rows = [[{"text": "Terima", "callback_data": "t:1"}], [{"text": "Buka", "url": "https://aduan.contoh.example/p/x"}]]
    await room.bot("sendMessage", chat_id=OFFICER, text="Tugas LAT-1", reply_markup={"inline_keyboard": rows})
    await room.bot("sendMessage", chat_id=SITI, text="No LAT-1 https://aduan.contoh.example/lacak")
    await room.sms("+6281200000001", "Laporan diterima. " * 12)
    await room.sms(OFFICER_PHONE, "Tugas LAT-2")
    await room.forward()


async def page_at(browser: "Browser", size: str, script: bool = True) -> "Page":
    width, height = SIZES[size]
    return await browser.new_page(viewport={"width": width, "height": height}, java_script_enabled=script)


async def test_an_answer_appears_without_reloading(room: Room, browser: "Browser") -> None:
    page = await page_at(browser, "desk")
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    await page.goto(room.url)
    await page.evaluate("window.stayed = true")
    await page.fill("#isi-telegram", "Jalan berlubang di depan pasar")
    await page.press("#isi-telegram", "Enter")
    await page.wait_for_selector("#obrolan .mine")
    await page.fill("#isi-telegram", "belum selesai ditulis")
    await room.bot("sendMessage", chat_id=SITI, text="Laporan diterima. No LAT-1")
    await page.wait_for_selector("#obrolan .theirs")
    assert await page.input_value("#isi-telegram") == "belum selesai ditulis"
    assert await page.evaluate("window.stayed")
    assert problems == []


async def test_the_keypad_types_into_the_dialogue(room: Room, browser: "Browser") -> None:
    page = await page_at(browser, "phone")
    await page.goto(f"{room.url}?layar=ussd")
    await page.click(".call")
    await page.wait_for_selector(".popup")
    for key in ("1", "9", "erase"):
        await page.click(f"[data-key='{key}']")
    assert await page.input_value("#isi-ussd") == "1"
    await page.click(".popup .main")
    await page.wait_for_function("document.querySelector('#isi-ussd').value === ''")
    assert [told["text"] for told in room.told] == ["", "1"]


async def test_an_open_answer_of_an_officer_survives_news(room: Room, browser: "Browser") -> None:
    await furnished(room)
    page = await page_at(browser, "desk")
    await page.goto(room.url)
    field = page.locator(".talk input:not([type=hidden])").first
    await field.fill("sedang saya tulis")
    await page.locator("#isi-telegram").focus()
    await room.bot("sendMessage", chat_id=OFFICER, text="Tugas LAT-3")
    await page.wait_for_selector(".talk >> text=Tugas LAT-3")
    assert await field.input_value() == "sedang saya tulis"


async def test_without_a_script_every_form_works(room: Room, browser: "Browser") -> None:
    await furnished(room)
    page = await page_at(browser, "phone", script=False)
    await page.goto(room.url)
    await page.fill("#isi-telegram", "Lampu mati")
    await page.click("#hp .composer .send")
    await page.wait_for_selector("#obrolan >> text=Lampu mati")
    await page.click("#kotak-petugas button.key >> text=Terima")
    await page.click("#papan .move.coming")
    await page.wait_for_selector("#papan >> text=Terverifikasi")
    await page.click("#daftar-gangguan .switch >> nth=0")
    await page.wait_for_selector("#daftar-gangguan [aria-pressed=true]")
    await page.goto(f"{room.url}?layar=ussd")
    await page.click(".call")
    await page.wait_for_selector(".popup >> text=1. Lapor")


async def test_every_screen_is_accessible_and_fits(room: Room, browser: "Browser") -> None:
    await furnished(room)
    for screen in ("telegram", "sms", "ussd"):
        page = await page_at(browser, "desk")
        await page.goto(f"{room.url}?layar={screen}")
        if screen == "ussd":
            await page.click(".call")
            await page.wait_for_selector(".popup")
        for size in SIZES:
            await accessible_and_fitting(page, size)


async def accessible_and_fitting(page: "Page", size: str) -> None:
    width, height = SIZES[size]
    await page.set_viewport_size({"width": width, "height": height})
    assert await page.evaluate("innerWidth") == width
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{page.url} on a {size}\n{found.generate_report()}"
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    small = await page.evaluate(
        """() => [...document.querySelectorAll("button, .links a, .app, .dock a, .person, .key, input:not([type=hidden]), textarea")]
        .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert small == []


async def test_the_page_weighs_little(room: Room, browser: "Browser") -> None:
    await furnished(room)
    page = await page_at(browser, "phone")
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", 0))))
    await page.goto(room.url, wait_until="load")
    assert len(sizes) >= 4
    assert sum(sizes) <= 100 * 1024
