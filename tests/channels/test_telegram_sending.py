"""What leaves for Telegram: calls as recorded, long texts, keyboards, pressed buttons, files."""

import json

import pytest

from channels.errors import (
    AnswerLost,
    AnswerTooLarge,
    ChannelError,
    FileGone,
    NotSent,
    ProviderBusy,
    SendRefused,
    SendUnknown,
)
from channels.messages import Address, AttachmentRef, Button, OutboundMessage
from channels.protocols import HttpResponse
from channels.telegram.adapter import Telegram
from channels.telegram.bot import open_bot
from channels.telegram.settings import TelegramSettings
from channels.telegram.writing import pieces, units
from config.settings import Secret
from tests.channels.recorded import PAYLOADS, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

TOKEN = "0000000001:UJI-TOKEN-BOT-TIDAK-RAHASIA"
ME = Address("tg", "7000000001")
GROUP = Address("tg", "-1004000000001")
SENT = read_response(PAYLOADS / "telegram" / "resp-ok.http")
BUSY = read_response(PAYLOADS / "telegram" / "resp-429.http")


def telegram(**settings: str) -> Telegram:
    return Telegram(TelegramSettings(Secret(TOKEN), Secret("rahasia"), **settings))


def answer(result: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, json.dumps({"ok": True, "result": result}).encode())


def refusal(description: str, status: int = 400) -> HttpResponse:
    return HttpResponse(status, json.dumps({"ok": False, "error_code": status, "description": description}).encode())


def message(text: str = "Halo", address: Address = ME, **changes: object) -> OutboundMessage:
    return OutboundMessage("ob_0000000000001", address, text, **changes)  # type: ignore[arg-type]


async def test_a_text_leaves_as_recorded() -> None:
    http = ScriptedHttp([SENT])
    text = "Laporan Anda kami terima. Nomor: KB-2026-000123, kode: 7K2Q."
    receipt = await telegram().send(message(text, reply_to="m:7000000001:41"), http)
    method, target, body = read_target(PAYLOADS / "telegram" / "out-send-message.http")
    [call] = http.calls
    assert (call.method, call.url) == (method, f"https://api.telegram.org{target}")
    assert call.json == json.loads(body)
    assert receipt.provider_id == "m:7000000001:46"


async def test_calls_go_to_the_configured_address() -> None:
    http = ScriptedHttp([SENT])
    await telegram(api_url="http://127.0.0.1:8090/telegram/").send(message(), http)
    assert http.calls[0].url == f"http://127.0.0.1:8090/telegram/bot{TOKEN}/sendMessage"
    assert http.calls[0].options["trusted"]


async def test_one_bot_is_kept_per_http() -> None:
    adapter, http = telegram(), ScriptedHttp([SENT])
    assert adapter._calls(http).bot is adapter._calls(http).bot
    assert adapter._calls(http).bot is not adapter._calls(ScriptedHttp([SENT])).bot


async def test_a_reply_in_another_chat_is_not_quoted() -> None:
    for reply_to in ("m:55:41", "46", "", "m:7000000001:x"):
        http = ScriptedHttp([SENT])
        await telegram().send(message(reply_to=reply_to), http)
        assert "reply_parameters" not in http.calls[0].json


async def test_a_deleted_quote_does_not_stop_the_answer() -> None:
    http = ScriptedHttp([refusal("Bad Request: message to be replied not found"), SENT])
    await telegram().send(message(reply_to="m:7000000001:41"), http)
    assert "reply_parameters" not in http.calls[1].json


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("a" * 4096, [4096]),
        ("a" * 4097, [4096, 1]),
        ("😀" * 2048, [4096]),
        ("😀" * 2049, [4096, 2]),
        ("a" * 3000 + "\n\n" + "b" * 2000, [3000, 2000]),
        ("a" * 3000 + "\n" + "b" * 2000, [3000, 2000]),
        ("a" * 3000 + " " + "b" * 2000, [3000, 2000]),
        ("a" * 100 + "\n\n" + "b" * 5000, [4096, 1006]),
        ("a" * 4000 + "\n\n" + "b" * 4000 + "\n\n" + "c" * 4000, [4000, 4000, 4000]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_long_text_is_cut_at_the_widest_border(text: str, lengths: list[int]) -> None:
    assert [units(piece) for piece in pieces(text)] == lengths


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("  \n", "empty"), ("a" * 12_300, "too_long")])
async def test_a_text_that_cannot_be_sent_whole_is_not_sent_at_all(text: str, reason: str) -> None:
    http = ScriptedHttp([SENT])
    with pytest.raises(SendRefused) as refused:
        await telegram().send(message(text), http)
    assert (refused.value.reason, refused.value.alert, http.calls) == (reason, True, [])


async def test_buttons_stand_under_the_last_piece_and_the_quote_above_the_first() -> None:
    http = ScriptedHttp([SENT])
    buttons = ((Button("Ya", "a:1"), Button("Halaman", url="https://x.example")),)
    await telegram().send(message("a" * 5000, buttons=buttons, reply_to="m:7000000001:41"), http)
    first, last = (call.json for call in http.calls)
    assert "reply_parameters" in first
    assert "reply_markup" not in first
    assert "reply_parameters" not in last
    assert last["reply_markup"] == {
        "inline_keyboard": [[{"text": "Ya", "callback_data": "a:1"}, {"text": "Halaman", "url": "https://x.example"}]]
    }


async def test_a_failure_in_the_middle_of_a_long_text_is_unknown_not_repeated() -> None:
    with pytest.raises(SendUnknown) as unknown:
        await telegram().send(message("a" * 5000), ScriptedHttp([SENT, BUSY]))
    assert unknown.value.reason == "partly_sent"


async def test_asking_for_a_location_takes_a_reply_keyboard() -> None:
    """Inline buttons cannot ask for a location; the other buttons come back as their words."""
    http = ScriptedHttp([SENT])
    buttons = ((Button("Kirim lokasi", asks="location"), Button("Lewati", "lewati:1")),)
    await telegram().send(message(buttons=buttons), http)
    markup = http.calls[0].json["reply_markup"]
    assert markup["keyboard"] == [[{"text": "Kirim lokasi", "request_location": True}, {"text": "Lewati"}]]
    assert markup["one_time_keyboard"]


async def test_a_group_is_not_asked_for_a_location() -> None:
    http = ScriptedHttp([SENT])
    buttons = ((Button("Kirim lokasi", asks="location"),), (Button("Lewati", "lewati:1"),))
    await telegram().send(message(address=GROUP, buttons=buttons), http)
    assert http.calls[0].json["reply_markup"] == {
        "inline_keyboard": [[{"text": "Lewati", "callback_data": "lewati:1"}]]
    }


async def test_a_pressed_button_is_answered_by_a_toast() -> None:
    http = ScriptedHttp([answer(True)])
    await telegram().send(message("Tercatat" * 50, callback_id="300"), http)
    assert http.calls[0].endpoint == "answerCallbackQuery"
    assert http.calls[0].json == {"callback_query_id": "300", "text": ("Tercatat" * 50)[:200]}


async def test_a_press_answered_too_late_is_no_failure() -> None:
    late = refusal("Bad Request: query is too old and response timeout expired or query ID is invalid")
    assert (await telegram().send(message(callback_id="300"), ScriptedHttp([late]))).detail == "too_late"
    with pytest.raises(ProviderBusy):
        await telegram().send(message(callback_id="300"), ScriptedHttp([BUSY]))


async def test_an_accepted_message_without_an_id_is_unknown() -> None:
    with pytest.raises(SendUnknown):
        await telegram().send(message(), ScriptedHttp([answer({"text": "x"})]))


async def test_an_address_that_is_no_chat_is_refused() -> None:
    with pytest.raises(SendRefused) as refused:
        await telegram().send(message(address=Address("tg", "@nama")), ScriptedHttp([SENT]))
    assert refused.value.reason == "no_such_address"


async def test_groups_have_a_slower_pace() -> None:
    assert telegram().pace(ME) == 1.0
    assert telegram().pace(GROUP) == pytest.approx(60 / 18)


async def test_files_are_uploaded_as_parts() -> None:
    http = ScriptedHttp([SENT])
    bot = open_bot(TOKEN, "https://api.telegram.org", http)
    await bot.send_document(7, b"%PDF-1", filename="surat.pdf")
    [call] = http.calls
    assert call.json is None
    assert call.form == {"chat_id": "7"}
    assert [(part.field, part.name, part.content) for part in call.uploads] == [("document", "surat.pdf", b"%PDF-1")]


FILE = AttachmentRef("UJI-FOTO-1-L", "image/jpeg", 182_344)
PATH = answer({"file_id": "UJI-FOTO-1-L", "file_unique_id": "U", "file_path": "photos/file_1.jpg"})


async def test_a_file_is_asked_for_when_it_is_fetched() -> None:
    http = ScriptedHttp([PATH, HttpResponse(200, b"\xff\xd8\xff")])
    fetched = await telegram().fetch(FILE, http, 1_000_000)
    assert (fetched.content, fetched.media_type) == (b"\xff\xd8\xff", "image/jpeg")
    assert http.calls[0].json == {"file_id": "UJI-FOTO-1-L"}
    assert http.calls[1].url == f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg"
    assert http.calls[1].options["max_bytes"] == 1_000_000


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([refusal("Bad Request: file is too big")], AnswerTooLarge),
        ([refusal("Bad Request: wrong file_id or the file is temporarily unavailable")], FileGone),
        ([answer({"file_id": "x", "file_unique_id": "U"})], FileGone),
        ([answer({"file_id": "x", "file_unique_id": "U", "file_path": "/etc/hostname"})], FileGone),
        ([PATH, HttpResponse(404, b"")], FileGone),
        ([PATH, HttpResponse(502, b"")], AnswerLost),
        ([PATH, AnswerTooLarge("large")], AnswerTooLarge),
        ([NotSent("refused")], NotSent),
        ([HttpResponse(502, b"<html>")], AnswerLost),
    ],
)
async def test_a_file_that_does_not_come_says_why(
    answers: list[HttpResponse | ChannelError], problem: type[ChannelError]
) -> None:
    with pytest.raises(problem):
        await telegram().fetch(FILE, ScriptedHttp(answers), 1_000_000)


async def test_a_file_known_to_be_too_large_is_not_fetched() -> None:
    http = ScriptedHttp([PATH])
    with pytest.raises(AnswerTooLarge):
        await telegram().fetch(FILE, http, 1000)
    assert http.calls == []
