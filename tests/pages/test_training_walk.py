"""A newcomer's first hour: one command, then a complaint from the citizen's phone to the answer and back, on every channel.

Everything goes through the pages that people see; the test only waits for words to appear.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.pages.training import Training, Visitor
from workers.simulators.pictures import photo

pytestmark = pytest.mark.browser

ROAD = "Jalan di depan Pasar Indra Sari berlubang dalam, sudah dua bulan tidak diperbaiki"
WASTE = "Sampah menumpuk di TPS Jalan Ahmad Yani Kelurahan Mendawai, sudah seminggu tidak diangkut"
BRIDGE = "Jembatan kayu di Desa Kumpai Batu Atas lapuk, anak sekolah lewat situ"
DRAIN = "Saluran air di depan Puskesmas Kumai tersumbat, setiap hujan air masuk ke halaman"
DONE = "Lubang di depan Pasar Indra Sari sudah ditambal aspal hari ini oleh regu jalan kami."
BETTER = f"{DONE} Garis jalan menyusul."
CAMERA = b"HP-LATIHAN-1"
"""Stands in the camera data of every simulated photo."""
STAFF_PAGES = (
    "/admin/beranda",
    "/admin/kanal",
    "/admin/kanal/tg",
    "/admin/sp4n/jembatan",
    "/admin/tugas",
    "/admin/audit",
)


@pytest.fixture
async def training(tmp_path: Path) -> AsyncIterator[Training]:
    made = Training(tmp_path)
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        made.kill()
    assert made.said_in_trouble() == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photo as a phone takes it: with the place in it."""
    path = tmp_path / "bukti.jpg"
    path.write_bytes(photo("jalan", datetime(2026, 11, 23, 1, 0, tzinfo=UTC)))
    return path


async def test_from_the_first_word_to_the_last_news(training: Training, browser: Browser, picture: Path) -> None:
    visitor = Visitor(await browser.new_context())
    # Opened first: a form that is filled in within three seconds is held for a person to look at.
    form = await visitor.open(f"{training.url}/lapor")
    practice = await visitor.open(training.practice_url)

    number, code = await write_by_telegram(practice)
    await twice_and_away(practice)
    await work_as_officer(visitor, practice, picture)
    await dial(practice)
    await finish_at_lapor(practice)
    await visitor.look_at(practice)

    await read_the_answer(visitor, training, number, code)
    reported = await report_by_form(visitor, form, picture)
    await sign_in_and_look(visitor, training, [number, reported])
    await read_receipts(practice)

    assert visitor.problems == []
    assert await asyncio.to_thread(training.end) == 0


async def write_by_telegram(practice: Page) -> tuple[str, str]:
    """Siti writes; number and secret code of her receipt."""
    await practice.fill("#isi-telegram", ROAD)
    await practice.click("#hp .send")
    await expect(practice.locator("#obrolan .theirs").first).to_contain_text("Laporan diterima")
    receipt = await practice.locator("#obrolan .theirs").first.inner_text()
    found = re.search(r"No (LAT-\d{9}) kode (\d{4}-\d{4})\.", receipt)
    assert found, receipt
    return found[1], found[2]


async def work_as_officer(visitor: Visitor, practice: Page, picture: Path) -> None:
    """The liaison officer accepts in Telegram, opens the page, answers, has second thoughts and answers better."""
    await show(practice, "Siti", "telegram")
    talk = practice.locator("#kotak-petugas .talk:has-text('Pekerjaan Umum')")
    await talk.get_by_role("button", name="Terima & kerjakan").click()
    await expect(talk).to_contain_text("Tombol ditekan: LAT-")
    chat = practice.locator("#obrolan")
    await expect(chat).to_contain_text("sedang dikerjakan")
    link = await talk.get_by_role("link", name="Buka rincian").first.get_attribute("href")
    assert link
    page = await visitor.open(link)
    await answer(visitor, page, DONE, picture)
    await page.click("form[action$='/urungkan'] button")
    await expect(page.locator("[role=status]")).to_contain_text("sudah diurungkan")
    await expect(page.locator("#f-selesai-explanation")).to_have_value(DONE)
    await expect(page.locator("details[open]")).to_contain_text("1 berkas sudah tersimpan")
    await answer(visitor, page, BETTER)
    assert "ditambal" not in await chat.inner_text()
    await practice.bring_to_front()
    await practice.get_by_role("button", name="+1 jam").click()
    await expect(chat).to_contain_text(BETTER)
    assert (await chat.inner_text()).count("Jawaban LAT-") == 1


async def show(practice: Page, person: str, screen: str) -> None:
    await practice.bring_to_front()  # a browser draws a tab behind others once a second
    await practice.click(f"a.person:has-text('{person}')")
    await practice.click(f"a.app-{screen}")


async def answer(visitor: Visitor, page: Page, words: str, picture: Path | None = None) -> None:
    """With a picture for the first time; taken back, the form stands open and has it still."""
    if picture:
        await page.locator("details:has(form[action$='/selesai']) > summary").click()
        await page.set_input_files("#f-selesai-more", picture)
    await page.fill("#f-selesai-explanation", words)
    await page.check("[name=no_personal_data]")
    await page.click("form[action$='/selesai'] button[type=submit]")
    await expect(page.locator("blockquote")).to_have_text(words)
    await visitor.look_at(page)
    await page.click("form[action$='/kirim'] button")
    await expect(page.locator("[role=status]")).to_contain_text("Pelapor belum diberi tahu")


async def twice_and_away(practice: Page) -> None:
    """Budi's SMS arrives twice while his provider cannot send: one report, and its receipt waits."""
    for fault in ("Pesan warga datang dua kali", "Penyedia SMS mati"):
        await switch(practice, fault)
    await show(practice, "Budi", "sms")
    await practice.fill("#isi-sms", WASTE)
    await practice.click("#hp .send")
    await expect(practice.locator("#kotak-petugas")).to_contain_text("Lingkungan Hidup")
    assert await practice.locator("#obrolan .theirs").count() == 0
    for fault in ("Pesan warga datang dua kali", "Penyedia SMS mati"):
        await switch(practice, fault)


async def switch(practice: Page, name: str) -> None:
    button = practice.locator(f"#daftar-gangguan li:has-text('{name}') button")
    pressed = await button.get_attribute("aria-pressed")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "false" if pressed == "true" else "true")


async def dial(practice: Page) -> None:
    """Dewi reports from a phone without internet."""
    await show(practice, "Dewi", "ussd")
    await practice.get_by_role("button", name="Panggil").click()
    page = practice.locator(".ussd-page")
    await expect(page).to_contain_text("1. Lapor")
    await practice.click("[data-key='1']")
    await practice.click(".popup .main")
    for shown, typed in (
        ("Tulis masalahnya", BRIDGE),
        ("kecamatan", "2"),
        ("Sembunyikan", "2"),
        ("Kirim laporan", "1"),
    ):
        await expect(page).to_contain_text(shown)
        await practice.fill("#isi-ussd", typed)
        await practice.click(".popup .main")
    await expect(page).to_contain_text("Laporan diterima")


async def finish_at_lapor(practice: Page) -> None:
    """LAPOR! closes the report; its reporter is told by the channel they wrote on."""
    await show(practice, "Siti", "telegram")
    report = practice.locator(f"#papan article:has-text('{ROAD}')")
    await expect(report).to_contain_text(BETTER)
    await report.get_by_role("button", name="Selesai", exact=True).click()
    await expect(practice.locator("#obrolan")).to_contain_text("selesai. Terima kasih")
    await expect(practice.locator("#langkah .step.done")).to_have_count(6)


async def read_receipts(practice: Page) -> None:
    """The SMS provider is back: who wrote by SMS and who dialled have one receipt each."""
    for person in ("Budi", "Dewi"):
        await show(practice, person, "sms")
        await expect(practice.locator("#obrolan")).to_contain_text("Laporan diterima")
        assert (await practice.locator("#obrolan").inner_text()).count("Laporan diterima") == 1


async def read_the_answer(visitor: Visitor, training: Training, number: str, code: str) -> None:
    page = await visitor.open(f"{training.url}/lacak")
    await track(page, number, code)
    await expect(page.locator("main")).to_contain_text(BETTER)
    pictures = page.locator("main img")
    await expect(pictures).to_have_count(1)
    source = await pictures.get_attribute("src")
    content = await (await page.request.get(f"{training.url}{source}")).body()
    assert content.startswith(b"\xff\xd8"), source
    assert CAMERA not in content
    await visitor.look_at(page)


async def track(page: Page, number: str, code: str) -> None:
    await page.fill("[name=nomor]", number)
    await page.fill("[name=kode]", code)
    await page.locator("main").get_by_role("button", name="Lacak").click()
    await expect(page.locator("main")).to_contain_text(number)


async def report_by_form(visitor: Visitor, form: Page, picture: Path) -> str:
    await form.fill("[name=isi]", DRAIN)
    await form.locator("form details summary").first.click()
    await form.set_input_files("form input[type=file]", picture)
    await form.get_by_role("button", name="Kirim laporan").click()
    await expect(form.locator("main")).to_contain_text("Laporan diterima")
    await visitor.look_at(form)
    receipt = await form.locator("main").inner_text()
    number, code = re.search(r"LAT-\d{9}", receipt), re.search(r"\d{4}-\d{4}", receipt)
    assert number, receipt
    assert code, receipt
    await form.locator("main").get_by_role("link", name="Lacak aduan").click()
    await track(form, number[0], code[0])
    await expect(form.locator("main")).to_contain_text("1 lampiran")
    return number[0]


async def sign_in_and_look(visitor: Visitor, training: Training, numbers: list[str]) -> None:
    """The coordinator finds all four reports, one of each channel, and every screen in order."""
    page = await visitor.open(f"{training.url}/masuk")
    await page.fill("[name=username]", "admin")
    await page.fill("[name=password]", "latihan-satu-pintu")
    await page.locator("main").get_by_role("button", name="Masuk").click()
    await expect(page.locator("main h1")).to_have_text("Yang perlu perhatian")
    for path in (*STAFF_PAGES, *(f"/admin/aduan/{number}" for number in numbers)):
        await visitor.go(page, training.url + path)
    await visitor.go(page, f"{training.url}/admin/aduan?tab=semua")
    rows = page.locator("main table tbody tr")
    await expect(rows).to_have_count(4)
    for words in (ROAD, WASTE, BRIDGE, DRAIN):
        await expect(rows.filter(has_text=words[:40])).to_have_count(1)
