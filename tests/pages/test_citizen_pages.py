"""Pages of citizens and officers in a real browser: no script needed, narrow and wide, and nothing that axe finds."""
# Fixtures of the served site are asked for by name.
# ruff: noqa: F401, F811

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from channels.messages import Address, InboundMessage, RawRequest
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.officer_links import links
from gateway.people import directory
from gateway.record import cases
from tests.gateway.conftest import _office, _sqlite_prepared, sqlite_url
from tests.web.conftest import Served, moment, open_site, site

pytestmark = pytest.mark.browser
WIDTHS, HEIGHT = (1280, 768, 320), 800
"""The last one stays: who gets through on a small phone gets through."""
CHECKED = (1280, 320)
"""Where axe looks: a page has these two forms."""
REPORT = "Lampu jalan di Gang Melati padam tiga malam"
NUMBER, CODE = "KBR-260000013", "4821-9037"
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
DONE = "Lampu sudah diganti petugas pada 24 November pukul 09.00."
SMALL = (
    "[...document.querySelectorAll('button, .button, summary, input:not([type=hidden]), select')]"
    ".filter(e => e.offsetParent && !e.closest('.trap') && !['checkbox', 'radio'].includes(e.type))"
    ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
)
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@dataclass
class Viewer:
    """A person's page, and a twin in which axe may run: it needs scripts, the person has none."""

    page: Page
    twin: Page

    async def check(self) -> None:
        """What holds for every page: axe finds nothing, nothing sticks out, what is pressed is large enough."""
        content = await self.page.content()
        await self.twin.unroute_all()
        await self.twin.route(
            "**/twin", lambda route: route.fulfill(body=content, content_type="text/html; charset=utf-8")
        )
        await self.twin.goto("/twin")
        for width in WIDTHS:
            await self.look_at(width)

    async def look_at(self, width: int) -> None:
        for page in (self.page, self.twin):
            await page.set_viewport_size(ViewportSize(width=width, height=HEIGHT))
        where = f"{self.page.url} at {width}"
        assert await self.page.evaluate("innerWidth") == width
        assert await self.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), where
        assert await self.page.evaluate(SMALL) == [], where
        if width in CHECKED:
            found = await Axe().run(self.twin, options=AXE)
            assert not found.response["violations"], f"{where}\n{found.generate_report()}"


@asynccontextmanager
async def opened(browser: Browser, served: Served, *, script: bool = False) -> AsyncIterator[Viewer]:
    address, size = str(served.client.make_url("/")), ViewportSize(width=WIDTHS[-1], height=HEIGHT)
    person = await browser.new_context(viewport=size, java_script_enabled=script, base_url=address)
    twin = await browser.new_context(viewport=size, base_url=address)
    try:
        yield Viewer(await person.new_page(), await twin.new_page())
    finally:
        await person.close()
        await twin.close()


def report(served: Served) -> None:
    message = InboundMessage("u:1", Address("tg", "77"), REPORT, provider_id="m:77:1", display_name="Budi Santoso")
    with served.tx() as tx:
        intake.receive(tx, [Arrival("tg", [message], RawRequest("POST", body=b"{}"), served.moment.now)])


def step(served: Served, action: Action, actor: Actor = COORDINATOR, **inputs: str) -> None:
    with served.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def link(served: Served) -> str:
    report(served)
    step(served, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    with served.tx() as tx:
        [member, *_] = directory.team(tx, "PUPR", (Role.PENGHUBUNG,), served.moment.now.date())
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        return f"/p/{links.issue_page(tx, case.id, member.id).rpartition('/')[2]}"


async def test_public_pages_are_accessible(browser: Browser, site: Served) -> None:
    async with opened(browser, site) as seen:
        page = seen.page
        for path in ("/", "/lapor", "/lapor/DLH", "/lacak", "/privasi", "/terima/aaaaaaaaaaaaaaaaaaaaaaaa", "/p/none"):
            await page.goto(path)
            await seen.check()


async def test_a_report_without_a_script_from_the_first_page_to_tracking(browser: Browser, site: Served) -> None:
    async with opened(browser, site) as seen:
        page = seen.page
        await page.goto("/")
        await page.click("main >> text=Tulis laporan >> nth=0")
        site.moment.pass_(seconds=30)
        await page.fill("[name=isi]", REPORT)
        await page.fill("[name=kontak]", "0812")
        await page.click("text=Kirim laporan")
        await seen.check()
        await page.click("main >> role=alert >> role=link")
        assert await page.input_value("[name=isi]") == REPORT
        await page.fill("[name=kontak]", "")
        await page.click("text=ANONIM: sembunyikan identitas saya")
        await page.click("text=Kirim laporan")
        await seen.check()
        [number, code] = await page.locator("dd.ticket").all_inner_texts()
        await page.click("main >> text=Lacak aduan >> nth=0")
        assert await page.input_value("[name=nomor]") == number
        await page.fill("[name=kode]", code)
        await page.click("main form button")
        await seen.check()
        assert await page.locator(".steps li").count() == 5
        await page.click("text=Tambah keterangan atau bukti")
        await page.fill("[name=text] >> nth=0", "Dekat pos ronda")
        await page.click("text=Kirim keterangan")
        assert await page.locator("text=Dekat pos ronda").count() == 1
        await seen.check()


async def test_an_officer_finishes_a_task_without_a_script(browser: Browser, site: Served) -> None:
    address = link(site)
    async with opened(browser, site) as seen:
        page = seen.page
        await page.goto(address)
        await seen.check()
        for summary in await page.locator("main summary").all():
            await summary.click()
        await seen.check()
        await page.click("text=Terima & kerjakan >> nth=0")
        await page.click("text=Selesai + bukti")
        await page.fill("[name=explanation]", "Sudah ditindaklanjuti, terima kasih")
        await page.fill("[name=no_evidence_reason]", "Tidak ada kamera")
        await page.click("text=Lihat dulu")
        await seen.check()
        await page.fill("[name=explanation]", DONE)
        await page.click("text=Lihat dulu")
        await seen.check()
        await page.click("text=Kirim jawaban")
        await seen.check()
        await page.click("button >> text=Urungkan")
        assert await page.locator("text=sudah diurungkan").count() == 1
    async with opened(browser, site) as seen:
        page = seen.page
        await page.goto(address)
        await seen.check()
        await page.click("text=Kirim kode ke kanal saya")
        await seen.check()


async def test_an_answered_complaint_is_accessible_in_every_state(browser: Browser, site: Served) -> None:
    officer = Actor(Role.PENGHUBUNG, "2", "PUPR", "Penghubung Contoh")
    link(site)
    step(site, Action.START, officer)
    step(site, Action.ANSWER, officer, explanation=DONE, evidence="1")
    step(site, Action.RAISE_CONFIDENTIAL)
    site.moment.pass_(minutes=11)
    async with opened(browser, site) as seen:
        page = seen.page
        await page.goto("/lacak")
        await page.fill("[name=nomor]", NUMBER)
        await page.fill("[name=kode]", CODE)
        await page.click("main form button")
        await seen.check()
        await page.fill("[name=kode]", CODE)
        await page.click("text=Tampilkan isi")
        for summary in await page.locator("main summary").all():
            await summary.click()
        await seen.check()
        await page.click("main button >> text=Sudah beres")
        await seen.check()
        await page.goto(f"/lacak/{NUMBER}/tampilkan-isi")
        await seen.check()


async def test_the_keyboard_alone_writes_a_report(browser: Browser, site: Served) -> None:
    async with opened(browser, site) as seen:
        page = seen.page
        await page.goto("/lapor")
        site.moment.pass_(seconds=30)
        for _ in range(30):
            await page.keyboard.press("Tab")
            focused = await page.evaluate("document.activeElement.name || document.activeElement.textContent")
            assert focused != "website", "the trap is not for people"
            if focused == "isi":
                await page.keyboard.type(REPORT)
            if focused.strip() == "Kirim laporan":
                await page.keyboard.press("Enter")
                break
        await page.wait_for_url("**/terima/*")
        assert await page.locator("dd.ticket").count() == 2


async def test_with_a_script_an_identity_number_is_pointed_out_and_removed(browser: Browser, site: Served) -> None:
    async with opened(browser, site, script=True) as seen:
        page = seen.page
        await page.goto("/lapor")
        await page.fill("[name=isi]", f"{REPORT}, NIK 6201 0101 0190 0001")
        assert await page.is_visible("#nik")
        await page.click("#nik button >> text=Hapus")
        assert await page.input_value("[name=isi]") == f"{REPORT}, NIK "
        assert not await page.is_visible("#nik")
        await seen.check()
