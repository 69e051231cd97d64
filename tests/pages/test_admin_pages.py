"""Screens of staff in a real browser: three widths, with and without a script, by keyboard, and nothing that axe finds."""
# Fixtures of the served site are asked for by name.
# ruff: noqa: F401, F811

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select

from channels.messages import Address, RawRequest
from gateway.complaints.breach import Data
from gateway.complaints.complaint import Action, Actor, Role
from gateway.dashboard.menu import SCREENS
from gateway.hooks import events, hooks
from gateway.hooks import queue as hook_queue
from gateway.hooks.hooks import NewHook
from gateway.hooks.queue import Outcome, Verdict
from gateway.intake import quarantine
from gateway.people import accounts, bindings, contacts, tokens
from gateway.people.tokens import NewToken
from gateway.queries.scope import scope_of
from gateway.record import cases, tasks
from gateway.retention import breaches, identities, legal_holds, privacy_requests
from gateway.retention.breach_scope import Scope
from gateway.retention.breaches import Found
from gateway.retention.identities import Demand
from gateway.retention.privacy_requests import Kind
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.dashboard import test_classifier as learned
from tests.dashboard.conftest import Desk, _office, _sqlite_prepared, desk, moment, open_site, sqlite_url
from tests.dashboard.test_channels import queue
from tests.dashboard.test_complaint import GOOD_ANSWER, apply, assigned, officer, suggested
from tests.web.conftest import PASSWORD

pytestmark = pytest.mark.browser
WIDTHS, HEIGHT = (320, 768, 1280), 900
"""The last one stays."""
CHECKED = (320, 1280)
"""Where axe looks: a page has these two forms."""
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
SMALL = (
    "[...document.querySelectorAll('main button, main .button, main summary, main input:not([type=hidden]), main select')]"
    ".filter(e => e.offsetParent && !['checkbox', 'radio'].includes(e.type))"
    ".filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"
)
STICKS_OUT = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
SHUT_AND_PRESS_G = """() => {
    document.querySelector("dialog[data-keys]").close();
    const focused = document.activeElement;
    focused.dispatchEvent(new KeyboardEvent("keydown", { key: "g", bubbles: true }));
    return focused.id;
}"""
"""Until the browser draws again, the focus stays in what was closed: a quick finger, or a slow machine, comes first."""
MOST_BYTES = 100 * 1024
FILES = (
    "/admin/kanal/ekspor",
    "/admin/kanal/biaya/ekspor",
    "/admin/mutu/cakupan/ekspor",
    "/admin/sp4n/jembatan/{id}/lampiran.zip",
)
"""Nothing to look at."""
BREACHES = "/admin/privasi/pelanggaran"


def furnish(desk: Desk) -> dict[str, str]:
    """Something of everything; the addresses of what stands on pages of its own."""
    received = desk.report("Lampu jalan di Jl. Melati RT 4 padam sejak tiga malam. Hubungi 081234567890.")
    suggested(desk, received)
    working = assigned(
        desk, "Jalan berlubang di depan SDN 2 Baru, tolong ditambal", sender="+6281200000001", channel="sms"
    )
    apply(desk, working, Action.START, officer(desk))
    apply(desk, working, Action.NOTE, officer(desk), note="Aspal dingin tersedia di gudang")
    held = desk.report("Promo pulsa murah klik di sini sekarang juga ya", "78")
    queue(desk, 2, state="unknown", reason="answer_lost")
    queue(desk, 1, attempts=2)
    forward = tables.forward
    need = Demand(working, "danger", "office", reason="Isi laporan menyebut ancaman terhadap nyawa.")
    with desk.served.tx() as tx:
        legal_holds.place(tx, held, "Perkara di pengadilan berjalan", Actor(Role.PRIVACY_OFFICER, "1"))
        (person,) = contacts.ensure(tx, [Address("tg", "77")]).values()
        for kind in Kind:
            privacy_requests.note(tx, person, "tg", "id", kind, "Nama ditulis Budi, seharusnya Budhi")
        bocor = Found(
            "Berkas cadangan terbaca dari luar.", (Data.ADDRESS, Data.TEXT), tx.now, scope=Scope(channel="tg")
        )
        breach = breaches.note(tx, bocor, Actor(Role.PRIVACY_OFFICER, "1"))
        asked = identities.ask(tx, scope_of(tx.office, Role.COORDINATOR), need, Actor(Role.COORDINATOR, "1"))
        cases.amend(tx, cases.by_number(tx, held).id, hold="spam")
        request = RawRequest(
            "POST", headers={"content-type": "application/json"}, body=b'{"from": {"id": 7}, "text": "x"'
        )
        quarantine.put(tx, "tg", request, tx.now, "payload_invalid", "telegram: broken")
        tasks.add(tx, "third_reopen", working, "lubangnya terbuka lagi", cases.by_number(tx, working).id)
        tx.execute(forward.update().where(forward.c.marker == working).values(state="manual"))
        row = tx.one(select(forward.c.id).where(forward.c.marker == working))
        tx.execute(forward.update().where(forward.c.id == row.id).values(remote_id="8123456", remote_status="Ditolak"))
        tasks.add(tx, "sp4n_mismatch", str(row.id), "wrong_state", cases.by_number(tx, working).id)
        beda = tx.one(select(tables.task.c.id).where(tables.task.c.kind == "sp4n_mismatch"))
        call = tx.one(select(tables.quarantine.c.id))
        account = accounts.add(tx, "petugas", PASSWORD, Role.PENGHUBUNG, agency="PUPR")
        bindings.bind(tx, Actor(Role.SYSTEM_ADMIN, "1"), account, bindings.bindable(tx)[0].member_id)
        told = NewHook("https://dasbor.example.go.id/masuk/dari/satu/pintu", events.EVENTS, description="Dasbor")
        hook, _ = hooks.register(tx, told, Actor(Role.SYSTEM_ADMIN, "1", name="Admin"))
        for tried in ((503, 41, "http_503", tx.now), (0, 10_002, "timeout", tx.now)):
            (ping,) = hook_queue.claim(tx, 1, {})
            hook_queue.settle(tx, [Outcome(ping, Verdict.FAILED, *tried)])
        tokens.make(tx, NewToken("dasbor", "Dinas Kominfo", tokens.SCOPES, "PUPR"), Actor(Role.SYSTEM_ADMIN, "1"))
    learned.furnished(desk)
    model = learned.trained(desk)
    return {
        "tiket": working, "received": received, "bridge": id_text(row.id), "call": id_text(call.id), "identity": asked, "beda": id_text(beda.id), "hook": hook, "breach": breach, "model": model, "account": id_text(account), "nama": "sms", "aksi": "kirim-ulang", "kunci": "rx.receipt", "siapa": "reporter", "kode": "PUPR",
    }  # fmt: skip


def technical(places: dict[str, str]) -> list[str]:
    """What only who looks after the machine may see."""
    found = [
        route.path
        for route in SCREENS
        if route.method == "GET" and Role.SYSTEM_ADMIN in route.roles and Role.COORDINATOR not in route.roles
    ]
    return [path.format_map(places | {"id": places["hook"]}) for path in found]


def addresses(places: dict[str, str]) -> list[str]:
    """Every screen of a coordinator, and the states of the busiest one."""
    found = []
    for route in SCREENS:
        if route.method == "GET" and route.path not in FILES and Role.COORDINATOR in route.roles:
            whose = {
                "jembatan": "bridge",
                "identitas": "identity",
                "beda": "beda",
                "akun": "account",
                "model": "model",
            }.get(route.path.split("/")[-2], "call")
            here = places | {"id": places[whose]}
            found.append(route.path.format_map(here))
    received, working = f"/admin/aduan/{places['received']}", f"/admin/aduan/{places['tiket']}"
    return [
        *found,
        received,
        f"{received}?aksi=refer_out",
        f"{working}?riwayat=internal",
        "/admin/aduan?tab=semua&q=berlubang",
        f"/admin/identitas?tiket={places['tiket']}",
        "/admin/pemberitahuan/pic.half/team",
        "/admin/teks?q=laporan",
    ]


@asynccontextmanager
async def visitor(
    browser: Browser,
    desk: Desk,
    width: int = 1280,
    role: Role = Role.COORDINATOR,
    agency: str = "",
    *,
    script: bool = True,
) -> AsyncIterator[Page]:
    """Somebody of this role who has signed in."""
    name = f"{role.value}-{agency}".lower()
    if name not in desk.served.users:
        desk.served.add_user(name, role, agency)
        desk.served.users[name] = PASSWORD
    context = await browser.new_context(
        viewport=ViewportSize(width=width, height=HEIGHT),
        java_script_enabled=script,
        base_url=str(desk.served.client.make_url("/")),
    )
    try:
        page = await context.new_page()
        await page.goto("/masuk")
        await page.fill("[name=username]", name)
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_url(lambda url: "/masuk" not in url)
        yield page
    finally:
        await context.close()


async def test_every_screen_can_be_used_by_everybody(desk: Desk, browser: Browser) -> None:
    places = furnish(desk)
    problems: list[str] = []
    async with visitor(browser, desk) as page:
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        for address in addresses(places):
            answer = await page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            assert len(await answer.body()) < MOST_BYTES, address
            await look_at(page)
        await page.goto("/admin/aduan?tab=semua")
        await page.emulate_media(media="print")
        assert await page.evaluate("getComputedStyle(document.querySelector('.cases')).display") == "table"
        assert not await page.is_visible("#bersama")
        await page.emulate_media(media="screen")
        await page.check(f"#p-{places['received']}")
        await page.click("#bersama button[value=assign]")
        await look_at(page)
    async with visitor(browser, desk, role=Role.SYSTEM_ADMIN) as page:
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        for address in technical(places):
            answer = await page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            await page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
            await look_at(page)
    async with visitor(browser, desk, role=Role.PRIVACY_OFFICER) as page:
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        for address in ("/admin/privasi", BREACHES, f"{BREACHES}/{places['breach']}"):
            await page.goto(address)
            await look_at(page)
    assert problems == []


async def look_at(page: Page) -> None:
    """What holds for every screen: axe finds nothing, nothing sticks out, what is pressed is large enough."""
    await page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    for width in WIDTHS:
        await page.set_viewport_size(ViewportSize(width=width, height=HEIGHT))
        assert await page.evaluate("innerWidth") == width
        assert not await page.evaluate(STICKS_OUT), f"{page.url} at {width}"
        assert await page.evaluate(SMALL) == [], f"{page.url} at {width}"
        if width in CHECKED:
            found = await Axe().run(page, options=AXE)
            assert not found.response["violations"], f"{page.url} at {width}\n{found.generate_report()}"


async def test_the_whole_way_of_a_complaint_goes_without_a_script(desk: Desk, browser: Browser) -> None:
    places = furnish(desk)
    number = places["received"]
    async with visitor(browser, desk, 320, script=False) as page:
        await page.goto("/admin/aduan?tab=verifikasi")
        await page.click(f"text={number}")
        await page.click("text=Terima saran: disposisi ke")
        await expect(page.locator(".notice.good")).to_contain_text("Disposisi tercatat")
    async with visitor(browser, desk, 320, Role.PENGHUBUNG, "PUPR", script=False) as page:
        await page.goto("/admin/aduan")
        await page.click(f"text={number}")
        await page.click("form.deed button[type=submit]")
        await expect(page.locator(".badges").first).to_contain_text("Sedang dikerjakan")
        await page.fill("#f-explanation", GOOD_ANSWER)
        await page.fill("#f-no_evidence_reason", "Foto menyusul besok pagi")
        await page.click("text=Lihat dulu sebelum dikirim")
        await expect(page.locator("blockquote")).to_contain_text(GOOD_ANSWER)
        await page.click("text=Ubah dulu")
        await expect(page.locator("#f-explanation")).to_have_value(GOOD_ANSWER)
        await page.click("text=Lihat dulu sebelum dikirim")
        await page.click("button[value=kirim]")
        await expect(page.locator(".undo")).to_contain_text("Dapat diurungkan sampai")
        await page.click(".undo button")
        await expect(page.locator(".notice.good")).to_contain_text("Sudah diurungkan")


async def test_the_menu_opens_without_a_script_and_the_way_out_stays_in_its_place(desk: Desk, browser: Browser) -> None:
    async with visitor(browser, desk, script=False) as page:
        assert await page.evaluate("document.querySelector('header').offsetHeight") < 110  # two rows
        out = page.locator("header button:visible")
        await expect(out).to_have_count(1)
        assert (await out.bounding_box() or {})["y"] < 55
        await page.focus("header summary:visible")
        await page.keyboard.press("Enter")
        await page.click("header a:visible:text-is('Akun')")
        await expect(page.locator("h1")).to_have_text("Akun petugas")
        await expect(page.locator("header summary.here:visible")).to_have_text("Tim")
        await page.set_viewport_size(ViewportSize(width=360, height=HEIGHT))
        assert await page.evaluate("document.querySelector('header').offsetHeight") < 65
        await expect(out).to_have_count(0)
        await page.click("header summary:visible")
        assert not await page.evaluate(STICKS_OUT)
        await out.click()
        await page.wait_for_url("**/masuk")


async def test_a_channel_is_paused_and_resumed_without_a_script(desk: Desk, browser: Browser) -> None:
    furnish(desk)
    async with visitor(browser, desk, 320, Role.CHANNEL_ADMIN, script=False) as page:
        await page.goto("/admin/kanal/sms")
        await page.click("main a:text-is('Jeda')")
        await page.fill("#f-reason", "Saldo penyedia habis")
        await page.click("main button[type=submit]")
        await expect(page.locator(".notice.good")).to_contain_text("Kanal dijeda")
        await page.click("main a:text-is('Lanjutkan')")
        await page.click("main button[type=submit]")
        await expect(page.locator(".notice.good")).to_contain_text("Kanal berjalan lagi")


async def test_keys_walk_the_list_open_a_row_and_begin_a_note(desk: Desk, browser: Browser) -> None:
    places = furnish(desk)
    async with visitor(browser, desk) as page:
        await page.goto("/admin/aduan?tab=verifikasi")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/{places['received']}")
        await page.keyboard.press("n")
        await expect(page.locator("#f-catatan")).to_be_focused()
        await page.keyboard.press("g")
        await expect(page.locator("#f-catatan")).to_have_value("g")
        await page.goto("/admin/kanal")
        await page.keyboard.press("?")
        await expect(page.locator("dialog[data-keys]")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog[data-keys]")).to_be_hidden()
        await page.keyboard.press("?")
        await expect(page.locator("dialog[data-keys]")).to_be_visible()
        assert await page.evaluate(SHUT_AND_PRESS_G) == "f-tombol"
        await page.keyboard.press("a")
        await page.wait_for_url("**/admin/aduan")


async def test_a_new_complaint_appears_on_the_open_list_by_itself(desk: Desk, browser: Browser) -> None:
    furnish(desk)
    async with visitor(browser, desk) as page:
        await page.goto("/admin/aduan?tab=semua")
        number = desk.report("Pohon tumbang menutup jalan Ahmad Wongso km 7", "90")
        desk.served.site.hub.publish({"kind": "complaint", "number": number})
        await expect(page.locator("#daftar")).to_contain_text(number)


async def test_words_that_were_not_sent_are_asked_about_before_they_are_lost(desk: Desk, browser: Browser) -> None:
    places = furnish(desk)
    async with visitor(browser, desk) as page:
        await page.goto(f"/admin/aduan/{places['received']}?aksi=ask_more")
        await page.fill("#f-question", "Lampu yang mana?")
        asked: list[str] = []

        async def accept(dialog: object) -> None:
            asked.append("asked")
            await dialog.accept()  # type: ignore[attr-defined]

        page.on("dialog", accept)
        await page.goto("/admin/aduan")
        assert asked == ["asked"]


async def test_the_time_that_is_left_to_undo_runs_down(desk: Desk, browser: Browser) -> None:
    places = furnish(desk)
    async with visitor(browser, desk) as page:
        await page.goto(f"/admin/aduan/{places['received']}?aksi=archive")
        await page.select_option("#f-archive_reason", "bukan_laporan")
        await page.fill("#f-reason", "Hanya salam pembuka tanpa isi laporan")
        await page.click("text=Lihat dulu sebelum dikirim")
        await page.click("button[value=kirim]")
        await expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^9\.[0-5]\d$"))
