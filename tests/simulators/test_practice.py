"""The practice site by plain forms, as a browser without a script uses it, on simulators that talk to a small gateway."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from config.texts import Texts
from tests.simulators.room import OFFICER, OFFICER_PHONE, SITI, Room, opened
from tests.simulators.stage import MONDAY, standing_clock
from workers.simulators.practice_clock import day_in_words, hour_in_words, one_workday_on
from workers.simulators.practice_faults import SWITCHES
from workers.simulators.practice_view import STEPS, ByHand, Progress, pieces, progress_of, steps
from workers.simulators.serve import application
from workers.simulators.settings import SimulatorSettings

TEXTS = Texts.load()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as room:
        yield room


async def get(room: Room, **choice: str) -> str:
    async with room.client.get(room.url, params=choice) as response:
        assert response.status == 200
        return unescape(await response.text())


async def do(room: Room, deed: str, **fields: str) -> str:
    async with room.client.post(f"{room.url}lakukan/{deed}", data=fields) as response:
        assert response.status == 200, await response.text()
        return unescape(await response.text())


async def until(room: Room, count: int) -> Mapping[str, Any]:
    """The last of so many messages that the gateway was told; every look is a whole round trip."""
    for _ in range(200):
        if len(room.told) >= count:
            return room.told[count - 1]
        await get(room)
    raise AssertionError("the gateway was not told")


def text(key: str, **values: object) -> str:
    return TEXTS(f"practice.{key}", "id", **values)


async def test_the_empty_page_says_that_it_is_training_and_what_to_do_first(room: Room) -> None:
    page = await get(room)
    for words in ("banner", "steps.write_hint", "phone.empty_telegram", "officers.empty", "board.empty"):
        assert text(words) in page
    assert "Sen 23 Nov 2026" in page
    assert "08.00 WIB" in page
    for path in ("/admin/aduan", "/lacak", "/lapor"):
        assert f'href="https://aduan.contoh.example{path}"' in page


async def test_the_page_speaks_english_on_demand_and_remembers_it(room: Room) -> None:
    page = await do(room, "sms", bahasa="en", warga="budi", layar="sms", isi="Lampu mati")
    assert TEXTS("practice.banner", "en") in page
    assert 'name="bahasa" value="en"' in page
    assert (await until(room, 1))["from"] == "+6281200000002"


def test_every_text_exists_in_both_languages() -> None:
    ours = [{key for key in TEXTS.keys(language) if key.startswith("practice.")} for language in ("id", "en")]
    assert len(ours[0]) > 100
    assert ours[0] == ours[1]


async def test_a_complaint_written_on_the_phone_reaches_the_gateway_and_its_answer_the_phone(room: Room) -> None:
    page = await do(room, "telegram", warga="siti", layar="telegram", isi="Jalan <berlubang>")
    assert (await until(room, 1))["message"]["text"] == "Jalan <berlubang>"
    assert "Jalan <berlubang>" in page
    await room.bot("sendMessage", chat_id=SITI, text="No LAT-1, lacak di https://aduan.contoh.example/lacak.")
    page = await get(room)
    assert 'href="https://aduan.contoh.example/lacak"' in page
    assert text("steps.officer_hint") in page


async def test_what_people_write_is_never_markup(room: Room) -> None:
    await do(room, "telegram", isi="<script>alert(1)</script>")
    async with room.client.get(room.url) as response:
        raw = await response.text()
        assert "<script>alert" not in raw
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]


# fmt: off
ATTACHED = [
    ("photo:sampah", "photo"), ("location", "location"), ("contact", "contact"), ("voice", "voice"), ("document", "document"),
]
# fmt: on


@pytest.mark.parametrize(("kind", "field"), ATTACHED)
async def test_everything_in_the_attach_menu_can_be_sent(room: Room, kind: str, field: str) -> None:
    await do(room, "telegram", jenis=kind, isi="Keterangan")
    assert field in (await until(room, 1))["message"]


async def test_a_photo_is_shown_on_the_phone(room: Room) -> None:
    page = await do(room, "telegram", jenis="photo:lampu")
    source = re.search(r'src="(/foto/[^"]+)"', page)
    assert source
    async with room.client.get(room.url + source[1].lstrip("/")) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
    async with room.client.get(room.url + "foto/tidak-ada") as response:
        assert response.status == 404


async def test_the_last_message_can_be_changed_and_the_bot_blocked(room: Room) -> None:
    await do(room, "telegram", isi="Lampu padma")
    await do(room, "telegram", jenis="edit", isi="Lampu padam")
    assert (await until(room, 2))["edited_message"]["text"] == "Lampu padam"
    page = await do(room, "telegram", jenis="block")
    assert text("phone.blocked") in page
    assert "my_chat_member" in await until(room, 3)


async def test_an_officer_gets_a_card_presses_a_button_and_answers(room: Room) -> None:
    rows = [[{"text": "Terima", "callback_data": "t:1"}], [{"text": "Buka", "url": "https://aduan.contoh.example/p/x"}]]
    await room.bot("sendMessage", chat_id=OFFICER, text="Tugas LAT-1", reply_markup={"inline_keyboard": rows})
    await room.sms(OFFICER_PHONE, "Tugas LAT-2")
    page = await get(room)
    for words in ("Contoh Penghubung", "Dinas PU", "Tugas LAT-1", "Tugas LAT-2", text("officers.messages", n=2)):
        assert words in page
    assert page.count('class="talk"') == 1
    message = re.search(r'name="pesan" value="(\d+)"', page)
    assert message
    await do(room, "tekan", chat=str(OFFICER), pesan=message[1], data="t:1")
    query = (await until(room, 1))["callback_query"]
    await room.bot("answerCallbackQuery", callback_query_id=query["id"], text="Tercatat")
    assert text("phone.pressed", answer="Tercatat") in await get(room)
    await do(room, "petugas", lewat="telegram", chat=str(OFFICER), nomor=OFFICER_PHONE, isi="Siap")
    assert (await until(room, 2))["message"]["text"] == "Siap"
    await do(room, "petugas", lewat="sms", chat="0", nomor=OFFICER_PHONE, isi="TL 1 TERIMA")
    assert (await until(room, 3))["text"] == "TL 1 TERIMA"


async def test_x_is_a_screen_of_the_phone_with_messages_and_public_posts(room: Room) -> None:
    assert "Lampu jalan mati" in await do(room, "halaman", isi="Lampu jalan mati", layar="x")
    page = await do(room, "halaman", jenis="comment", isi="Di depan pasar", layar="x")
    assert text("phone.a_comment") in page
    assert "Di depan pasar" in page
    await until(room, 2)
    (post,) = [told["tweet_create_events"][0] for told in room.told if "tweet_create_events" in told]
    await room.below_a_post(post["id_str"], "Silakan kirim pesan pribadi")
    assert "Silakan kirim pesan pribadi" in await get(room, layar="x")


async def test_an_officer_s_whatsapp_stands_among_the_officers_and_is_answered_by_it(room: Room) -> None:
    said = [{"type": "text", "text": words} for words in ("LAT-260000013", "Tugas baru")]
    body = {"type": "body", "parameters": said}
    template = {"name": "status_aduan", "language": {"code": "id"}, "components": [body]}
    await room.whatsapp(OFFICER_PHONE.removeprefix("+"), type="template", template=template)
    page = await get(room)
    assert "Contoh Penghubung" in page
    assert text("officers.via_whatsapp") in page
    await do(room, "petugas", lewat="whatsapp", nomor=OFFICER_PHONE, isi="Siap dikerjakan")
    assert "Siap dikerjakan" in await get(room)


async def test_a_talk_on_whatsapp_with_its_buttons_and_files_is_shown(room: Room) -> None:
    await do(room, "whatsapp", isi="Lampu jalan mati")
    told = (await until(room, 1))["entry"][0]["changes"][0]["value"]["messages"][0]
    assert (told["from"], told["text"]["body"]) == ("6281200000001", "Lampu jalan mati")
    buttons = [{"type": "reply", "reply": {"id": "ya:1", "title": "Ya, selesai"}}]
    interactive = {"type": "button", "body": {"text": "Sudah selesai?"}, "action": {"buttons": buttons}}
    await room.whatsapp("6281200000001", type="interactive", interactive=interactive)
    page = await get(room, layar="whatsapp")
    assert all(words in page for words in ("Lampu jalan mati", "Sudah selesai?", "Ya, selesai", "+628110000001"))
    named = re.findall(r'name="pesan" value="(wamid[^"]+)"', page)
    await do(room, "whatsapp", jenis="button", data="ya:1", isi="Ya, selesai", pesan=named[0])
    pressed = (await until(room, 2))["entry"][0]["changes"][0]["value"]["messages"][0]
    assert pressed["interactive"]["button_reply"]["id"] == "ya:1"
    assert pressed["context"]["id"] == named[0]
    assert text("phone.a_file") in await do(room, "whatsapp", jenis="image", layar="whatsapp")


async def test_talks_with_a_page_and_comments_on_it_are_shown(room: Room) -> None:
    await do(room, "halaman", layar="messenger", isi="Lampu jalan mati")
    told = (await until(room, 1))["entry"][0]["messaging"][0]
    assert (told["sender"]["id"], told["message"]["text"]) == (f"5{SITI}", "Lampu jalan mati")
    page = await do(room, "halaman", layar="instagram", jenis="comment", isi="Parit mampet min")
    assert all(words in page for words in ("Parit mampet min", text("phone.a_comment")))
    assert "Lampu jalan mati" not in page
    assert (await until(room, 2))["entry"][0]["changes"][0]["field"] == "comments"
    assert text("phone.a_file") in await do(room, "halaman", layar="messenger", jenis="photo")


async def test_ussd_is_dialled_answered_and_closed(room: Room) -> None:
    page = await do(room, "ussd", layar="ussd", aksi="panggil", nomor="*708#")
    assert "Menu\n1. Lapor" in page
    page = await do(room, "ussd", layar="ussd", aksi="kirim", isi="9")
    assert "Selesai" in page
    assert text("ussd.ended") in page
    page = await do(room, "ussd", layar="ussd", aksi="tutup")
    assert text("ussd.idle") in page
    assert [told["text"] for told in room.told] == ["", "9"]


async def test_reports_stand_on_the_board_and_can_be_moved(room: Room) -> None:
    number = str(await room.forward())
    page = await get(room)
    assert text("board.number", id=number) in page
    assert text("move.verified") in page
    page = await do(room, "lapor", laporan=number, ke="in_progress")
    assert "Ditindaklanjuti oleh Instansi" in page
    page = await do(room, "lapor", laporan=number, tindak_lanjut="Sudah ditambal")
    assert "Sudah ditambal" in page
    page = await do(room, "lapor", laporan=number, ke="resolved")
    assert text("board.next") not in page


async def test_moves_that_make_no_sense_are_refused_with_a_reason(room: Room) -> None:
    number = str(await room.forward())
    for fields in (
        {"laporan": number, "ke": "kemana"},
        {"laporan": "x", "ke": "verified"},
        {"laporan": "1", "ke": "verified"},
    ):
        async with room.client.post(f"{room.url}lakukan/lapor", data=fields) as response:
            assert response.status == 400
    async with room.client.post(f"{room.url}lakukan/terbang") as response:
        assert response.status == 404


async def test_the_clock_goes_on_by_an_hour_or_to_the_next_working_day(room: Room) -> None:
    assert "09.00 WIB" in await do(room, "jam", maju="jam")
    page = await do(room, "jam", maju="hari-kerja")
    assert "Rab 25 Nov 2026" in page, "24 November is a day off"
    assert "09.00 WIB" in page


@pytest.mark.parametrize("switch", SWITCHES, ids=[switch.name for switch in SWITCHES])
async def test_every_fault_is_switched_on_and_off(room: Room, switch: Any) -> None:
    for on, pressed in (("1", 1), ("1", 1), ("0", 0)):
        page = (await do(room, "gangguan", gangguan=switch.name, nyala=on)).partition('id="daftar-gangguan"')[2]
        assert page.count('aria-pressed="true"') == pressed
    assert await get(room) == await get(room)


async def test_lapor_answers_by_itself_or_waits(room: Room) -> None:
    await room.forward()
    for on, words in (("0", "board.habit_off"), ("1", "board.habit_on")):
        assert text(words) in await do(room, "kebiasaan", nyala=on)


async def test_a_fault_that_is_on_bites(room: Room) -> None:
    await do(room, "gangguan", gangguan="sms_down", nyala="1")
    async with room.client.get(f"{room.url}kannel/cgi-bin/sendsms", params={"to": "+62811", "text": "x"}) as response:
        assert response.status == 503
    await do(room, "gangguan", gangguan="sms_down", nyala="0")
    await room.sms("+62811", "x")


async def test_clearing_empties_phones_and_board(room: Room) -> None:
    await do(room, "telegram", isi="Halo")
    await room.forward()
    page = await do(room, "bersihkan")
    for words in ("phone.empty_telegram", "board.empty", "steps.write_hint"):
        assert text(words) in page


async def test_nothing_new_is_answered_not_modified(room: Room) -> None:
    async with room.client.get(room.url) as response:
        tag = response.headers["ETag"]
    async with room.client.get(room.url, headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    await do(room, "telegram", isi="Halo")
    async with room.client.get(room.url, headers={"If-None-Match": tag}) as response:
        assert response.status == 200


# fmt: off
STRANGERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://jahat.contoh.invalid"},
    {"Origin": "null"},
]
# fmt: on


@pytest.mark.parametrize("headers", STRANGERS)
async def test_forms_of_other_sites_are_refused(room: Room, headers: dict[str, str]) -> None:
    async with room.client.post(f"{room.url}lakukan/telegram", data={"isi": "x"}, headers=headers) as response:
        assert response.status == 403
    assert room.told == []


async def test_a_part_that_is_not_played_is_not_offered() -> None:
    settings = SimulatorSettings(clock=standing_clock())
    async with TestServer(application(settings, ["kannel"])) as site, aiohttp.ClientSession() as client:
        async with client.get(site.make_url("/")) as response:
            page = await response.text()
        assert 'class="app app-sms"' in page
        assert 'class="app app-telegram"' not in page
        assert text("board.away") in page
        async with client.post(
            site.make_url("/lakukan/tekan"), data={"chat": "1", "pesan": "1", "data": "x"}
        ) as response:
            assert response.status == 400


def test_links_are_found_and_keep_their_hands_off_punctuation() -> None:
    found = pieces("Lihat https://a.example/p/x_1?b=2. Atau http://b.example/, lalu (https://c.example/d)")
    assert [piece.href for piece in found if piece.href] == [
        "https://a.example/p/x_1?b=2",
        "http://b.example/",
        "https://c.example/d",
    ]
    assert "".join(piece.text for piece in found).startswith("Lihat https://a.example/p/x_1?b=2. Atau ")


# fmt: off
BOARD = [
    # status        follow-ups  done by hand                     officer acted, moved by the trainee
    ("received",    0,          ByHand(),                        (False, False)),
    ("in_progress", 1,          ByHand(),                        (True,  False)),  # the gateway brought an answer
    ("in_progress", 1,          ByHand(moves=1, followups=1),    (False, True)),
]
# fmt: on
@pytest.mark.parametrize(("status", "followups", "by_hand", "done"), BOARD)
def test_an_answer_on_the_officers_page_is_a_step_and_no_move_of_the_trainee(
    status: str, followups: int, by_hand: ByHand, done: tuple[bool, bool]
) -> None:
    report = {"status": status, "followups": [{"content": "Sudah ditambal"}] * followups}
    progress = progress_of([], [], [report], by_hand)
    assert (progress.officer_acted, progress.moved) == done


def test_the_first_step_that_is_not_done_is_the_present_one() -> None:
    progress = Progress(wrote=True, answered=True, officer_acted=True)
    assert [step.state for step in steps(progress)] == ["done", "done", "now", "done", "", ""]
    everything = Progress(**{sign: True for _, _, sign in STEPS})
    assert {step.state for step in steps(everything)} == {"done"}


# fmt: off
WORKDAYS = [
    # from (UTC)                     days off                        local day reached
    ((2026, 11, 23,  1), frozenset(),                                "2026-11-24"),
    ((2026, 11, 27,  1), frozenset(),                                "2026-11-30"),
    ((2026, 11, 27, 18), frozenset(),                                "2026-11-30"),
    ((2026, 12, 23,  1), frozenset({"2026-12-24", "2026-12-25"}),    "2026-12-28"),
]
# fmt: on


@pytest.mark.parametrize(("start", "off", "day"), WORKDAYS)
def test_a_working_day_on_skips_weekends_and_days_off(
    start: tuple[int, int, int, int], off: frozenset[str], day: str
) -> None:
    moment = datetime(*start, tzinfo=UTC)
    reached = one_workday_on(moment, "Asia/Jakarta", off)
    assert reached.date().isoformat() == day
    assert reached.timetz().replace(tzinfo=None) == (moment + timedelta(hours=7)).time()


def test_dates_are_told_in_the_language_of_the_page() -> None:
    assert day_in_words(MONDAY, "Asia/Jakarta", TEXTS, "id") == "Sen 23 Nov 2026"
    assert day_in_words(MONDAY, "Asia/Jakarta", TEXTS, "en") == "Mon 23 Nov 2026"
    assert hour_in_words(MONDAY, "Asia/Makassar") == "09.00"
