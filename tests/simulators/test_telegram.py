"""The simulated Telegram behaves as the real one: methods, updates, redelivery, faults."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from tests.simulators.stage import Stage, staged, standing_clock
from workers.simulators import telegram
from workers.simulators.settings import BOT_TOKEN, SimulatorSettings, TelegramNames

SITI, BUDI, GROUP = 700000001, 700000002, -4000000001
SECRET = "rahasia-webhook"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        names = TelegramNames(webhook_secret=SECRET)
        return SimulatorSettings(gateway_url=gateway_url, telegram=names, clock=standing_clock())

    async with staged(telegram.build, settings) as stage:
        yield stage


async def call(stage: Stage, method: str, token: str = BOT_TOKEN, **arguments: Any) -> tuple[int, dict[str, Any]]:
    async with stage.client.post(f"{stage.url}/bot{token}/{method}", json=arguments) as response:
        return response.status, await response.json()


def update(stage: Stage, number: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(stage.gateway.calls[number].body)
    return body


async def test_a_text_reaches_the_webhook_as_telegram_sends_it(stage: Stage) -> None:
    answer = await stage.inject(type="text", chat=SITI, text="Jalan berlubang")
    (received,) = await stage.gateway.until(1)
    assert (received.method, received.path) == ("POST", "/c/tg")
    assert received.headers["X-Telegram-Bot-Api-Secret-Token"] == SECRET
    assert received.headers["Content-Type"] == "application/json"
    body = update(stage, 0)
    assert body["update_id"] == answer["update_id"]
    assert body["message"]["text"] == "Jalan berlubang"
    assert body["message"]["from"] == {
        "id": SITI,
        "is_bot": False,
        "first_name": "Siti",
        "last_name": "Rekaan",
        "language_code": "id",
    }
    assert body["message"]["chat"]["type"] == "private"
    assert body["message"]["date"] == int(stage.clock.now().timestamp())


# fmt: off
DEEDS = [
    # what the person does                                                 kind of update      fields that only this deed has
    ({"type": "start", "text": "DISHUB"},                                  "message",          {"text", "entities"}),
    ({"type": "photo", "caption": "Lihat ini"},                            "message",          {"photo", "caption"}),
    ({"type": "document", "name": "surat.pdf"},                            "message",          {"document"}),
    ({"type": "voice"},                                                    "message",          {"voice"}),
    ({"type": "location"},                                                 "message",          {"location"}),
    ({"type": "contact"},                                                  "message",          {"contact"}),
    ({"type": "text", "text": "Balasan", "reply_to": 7},                   "message",          {"text", "reply_to_message"}),
    ({"type": "block"},                                                    "my_chat_member",   {"old_chat_member", "new_chat_member"}),
    ({"type": "unblock"},                                                  "my_chat_member",   {"old_chat_member", "new_chat_member"}),
    ({"type": "group", "chat": GROUP, "user": SITI, "text": "/lapor"},     "message",          {"text", "entities"}),
    ({"type": "migrate", "chat": GROUP, "user": SITI, "to": -1004},        "message",          {"migrate_to_chat_id"}),
    ({"type": "raw", "update": {"poll": {"id": "1"}}},                     "poll",             {"id"}),
]
# fmt: on


@pytest.mark.parametrize(("deed", "kind", "fields"), DEEDS, ids=[str(deed["type"]) for deed, _, _ in DEEDS])
async def test_every_deed_of_a_person_is_an_update(
    stage: Stage, deed: dict[str, Any], kind: str, fields: set[str]
) -> None:
    await stage.inject(**({"chat": SITI} | deed))
    await stage.gateway.until(1)
    content = update(stage, 0)[kind]
    assert content.keys() - {"message_id", "from", "chat", "date"} == fields


async def test_an_edit_carries_the_new_text_of_the_last_message(stage: Stage) -> None:
    first = await stage.inject(type="text", chat=SITI, text="Lampu padma")
    await stage.inject(type="edit", chat=SITI, text="Lampu padam")
    await stage.gateway.until(2)
    edited = update(stage, 1)["edited_message"]
    assert (edited["message_id"], edited["text"]) == (first["message_id"], "Lampu padam")
    assert edited["edit_date"] >= edited["date"]


async def test_an_album_is_one_update_per_photo_with_one_group(stage: Stage) -> None:
    await stage.inject(type="album", chat=SITI, count=4, caption="Sampah")
    await stage.gateway.until(4)
    messages = [update(stage, number)["message"] for number in range(4)]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["Sampah", None, None, None]


async def test_a_photo_is_a_real_jpeg_with_the_place_it_was_taken(stage: Stage) -> None:
    await stage.inject(type="photo", chat=SITI, scene="sampah")
    await stage.gateway.until(1)
    largest = update(stage, 0)["message"]["photo"][-1]
    _, answer = await call(stage, "getFile", file_id=largest["file_id"])
    path = answer["result"]["file_path"]
    async with stage.client.get(f"{stage.url}/file/bot{BOT_TOKEN}/{path}") as response:
        content = await response.read()
    image = Image.open(io.BytesIO(content))
    assert (image.format, len(content)) == ("JPEG", largest["file_size"])
    assert image.getexif().get_ifd(0x8825), "the photo has no GPS position to strip"


async def test_a_press_is_answered_once_and_shown_to_who_pressed(stage: Stage) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Terima", "callback_data": "a:1:terima"}]]}
    _, sent = await call(stage, "sendMessage", chat_id=SITI, text="Tugas baru", reply_markup=keyboard)
    pressed = await stage.inject(type="press", chat=SITI, label="Terima")
    await stage.gateway.until(1)
    query = update(stage, 0)["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("a:1:terima", sent["result"]["message_id"])
    given = {"callback_query_id": pressed["callback_id"], "text": "Tercatat"}
    assert (await call(stage, "answerCallbackQuery", **given))[0] == 200
    assert stage.app[telegram.PLAYER].chats.chat(SITI).toast == "Tercatat"
    status, late = await call(stage, "answerCallbackQuery", **given)
    assert (status, late["description"][:31]) == (400, "Bad Request: query is too old a")


# fmt: off
REDELIVERY = [
    # answers until it is taken    seconds between one try and the next
    ([503, 500],                   [0, 2]),
    ([302, 404, 403, 500],         [0, 2, 4, 8]),
    ([503] * 8,                    [0, 2, 4, 8, 16, 32, (60, 64), (60, 120)]),
]
# fmt: on


@pytest.mark.parametrize(("answers", "pauses"), REDELIVERY, ids=["twice", "other than 2xx", "up to the cap"])
async def test_a_refused_update_comes_again_at_once_then_after_doubling_pauses(
    stage: Stage, answers: list[int], pauses: list[int | tuple[int, int]]
) -> None:
    stage.gateway.answers.extend(answers)
    await stage.inject(type="text", chat=SITI, text="Halo")
    for tries, pause in enumerate(pauses, start=1):
        await stage.journal_until(lambda entries, tries=tries: _events(entries) >= tries)
        shortest, longest = pause if isinstance(pause, tuple) else (pause, pause)
        if shortest > 0:
            await stage.pass_time(seconds=shortest - 0.5)
            await stage.settled()
            assert len(stage.gateway.calls) == tries, "came again too early"
            await stage.pass_time(seconds=longest - shortest + 0.5)
        await stage.gateway.until(tries + 1)
    assert {call.body for call in stage.gateway.calls} == {stage.gateway.calls[0].body}


def _events(entries: list[dict[str, Any]]) -> int:
    return sum(entry["direction"] == "event" for entry in entries)


async def test_retry_after_is_honoured(stage: Stage) -> None:
    stage.gateway.answers.append(web.Response(status=503, headers={"Retry-After": "15"}))
    await stage.inject(type="text", chat=SITI, text="Halo")
    await stage.journal_until(lambda entries: _events(entries) >= 1)
    await stage.pass_time(seconds=14)
    await stage.settled()
    assert len(stage.gateway.calls) == 1
    await stage.pass_time(seconds=1)
    await stage.gateway.until(2)


async def test_while_one_chat_waits_the_others_go_on_and_its_own_order_is_kept(stage: Stage) -> None:
    stage.gateway.answers.append(web.Response(status=503, headers={"Retry-After": "60"}))
    await stage.inject(type="text", chat=SITI, text="satu")
    await stage.gateway.until(1)
    await stage.inject(type="text", chat=SITI, text="dua")
    await stage.inject(type="text", chat=BUDI, text="lain")
    await stage.gateway.until(2)
    await stage.journal_until(lambda entries: _events(entries) >= 2)
    await stage.pass_time(seconds=60)
    await stage.gateway.until(4)
    texts = [update(stage, number)["message"]["text"] for number in range(4)]
    assert texts == ["satu", "lain", "satu", "dua"]


async def test_an_update_is_dropped_after_a_day(stage: Stage) -> None:
    stage.gateway.always = lambda _: web.Response(status=503, headers={"Retry-After": "3600"})
    await stage.inject(type="text", chat=SITI, text="Halo")
    await stage.journal_until(lambda entries: _events(entries) >= 1)
    assert (await call(stage, "getWebhookInfo"))[1]["result"]["pending_update_count"] == 1
    await stage.pass_time(hours=24)
    async with asyncio.timeout(5):
        while (await call(stage, "getWebhookInfo"))[1]["result"]["pending_update_count"]:
            pass
    assert len(stage.gateway.calls) == 1


async def test_gone_for_23_hours_removes_the_webhook(stage: Stage) -> None:
    stage.gateway.always = lambda _: web.Response(status=410)
    await stage.inject(type="text", chat=SITI, text="Halo")
    await stage.journal_until(lambda entries: _events(entries) >= 2)
    await stage.pass_time(hours=23, minutes=5)
    await stage.gateway.until(3)
    await stage.journal_until(lambda entries: _events(entries) >= 3)
    info = (await call(stage, "getWebhookInfo"))[1]["result"]
    assert (info["url"], info["last_error_message"]) == ("", "Wrong response from the webhook: 410")


async def test_get_updates_waits_confirms_and_excludes_the_webhook(stage: Stage) -> None:
    assert (await call(stage, "getUpdates"))[0] == 409
    await call(stage, "deleteWebhook")
    waiting = asyncio.create_task(call(stage, "getUpdates", timeout=30))
    await stage.journal_until(lambda entries: len(entries) >= 2)
    await stage.inject(type="text", chat=SITI, text="Halo")
    _, first = await waiting
    (got,) = first["result"]
    _, again = await call(stage, "getUpdates", offset=got["update_id"])
    _, after = await call(stage, "getUpdates", offset=got["update_id"] + 1)
    assert (again["result"], after["result"], stage.gateway.calls) == ([got], [], [])


async def test_kinds_that_were_not_asked_for_do_not_come(stage: Stage) -> None:
    hook = {"url": f"{stage.url}/nowhere", "allowed_updates": ["message"]}
    assert (await call(stage, "setWebhook", **hook))[1]["result"] is True
    assert (await stage.inject(type="block", chat=SITI))["update_id"] == 0
    info = (await call(stage, "getWebhookInfo"))[1]["result"]
    assert (info["allowed_updates"], info["pending_update_count"]) == (["message"], 0)


async def test_a_call_in_the_webhooks_answer_is_carried_out(stage: Stage) -> None:
    answer = {"method": "sendMessage", "chat_id": SITI, "text": "Langsung"}
    stage.gateway.answers.append(web.json_response(answer))
    await stage.inject(type="text", chat=SITI, text="Halo")
    async with asyncio.timeout(5):
        while not (sent := await stage.outbox()):
            pass
    assert [message["text"] for message in sent] == ["Langsung"]


async def test_a_message_is_taken_as_json_as_form_and_as_multipart(stage: Stage) -> None:
    markup = json.dumps({"inline_keyboard": [[{"text": "Ya", "callback_data": "ya"}]]})
    url = f"{stage.url}/bot{BOT_TOKEN}/sendMessage"
    await call(stage, "sendMessage", chat_id=SITI, text="json")
    form = {"chat_id": str(SITI), "text": "form", "reply_markup": markup}
    async with stage.client.post(url, data=form) as response:
        assert (await response.json())["result"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Ya"
    parts = aiohttp.FormData({"chat_id": str(SITI), "caption": "multipart"})
    parts.add_field("document", b"\r\n--isi\r\n", filename="bukti.bin")
    async with stage.client.post(f"{stage.url}/bot{BOT_TOKEN}/sendDocument", data=parts) as response:
        document = (await response.json())["result"]["document"]
    kept = stage.app[telegram.PLAYER].chats.files[document["file_id"]]
    assert (kept.content, document["file_name"]) == (b"\r\n--isi\r\n", "bukti.bin")
    assert [message["text"] for message in await stage.outbox()] == ["json", "form", "multipart"]


# fmt: off
REFUSED = [
    # arguments of sendMessage                                     status  description
    ({"chat_id": SITI, "text": " "},                               400,    "Bad Request: message text is empty"),
    ({"chat_id": SITI, "text": "a" * 4097},                        400,    "Bad Request: message is too long"),
    ({"chat_id": SITI, "text": "😀" * 2049},                       400,    "Bad Request: message is too long"),
    ({"text": "kepada siapa"},                                     400,    "Bad Request: chat_id is empty"),
    ({"chat_id": SITI, "text": "a", "reply_parameters": {"message_id": 999}}, 400, "Bad Request: message to be replied not found"),
    ({"chat_id": SITI, "text": "a", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "d" * 65}]]}}, 400, "Bad Request: BUTTON_DATA_INVALID"),
]
# fmt: on


@pytest.mark.parametrize(("arguments", "status", "description"), REFUSED)
async def test_what_telegram_refuses_is_refused(
    stage: Stage, arguments: dict[str, Any], status: int, description: str
) -> None:
    got, answer = await call(stage, "sendMessage", **arguments)
    assert (got, answer["ok"], answer["description"]) == (status, False, description)
    assert await stage.outbox() == []


async def test_unknown_tokens_and_methods_are_refused(stage: Stage) -> None:
    assert (await call(stage, "getMe", token="1:salah"))[0] == 401
    assert (await call(stage, "flyToMoon"))[0] == 404
    assert (await call(stage, "getMe"))[1]["result"]["is_bot"] is True


async def test_who_blocked_the_bot_is_not_reached_until_unblocked(stage: Stage) -> None:
    await stage.inject(type="block", chat=SITI)
    status, answer = await call(stage, "sendMessage", chat_id=SITI, text="Halo")
    assert (status, answer["description"]) == (403, "Forbidden: bot was blocked by the user")
    await stage.inject(type="unblock", chat=SITI)
    assert (await call(stage, "sendMessage", chat_id=SITI, text="Halo"))[0] == 200


async def test_a_group_that_moved_names_its_new_id(stage: Stage) -> None:
    await stage.inject(type="migrate", chat=GROUP, user=SITI, to=-1004)
    status, answer = await call(stage, "sendMessage", chat_id=GROUP, text="Halo")
    assert (status, answer["parameters"]) == (400, {"migrate_to_chat_id": -1004})
    assert (await call(stage, "sendMessage", chat_id=-1004, text="Halo"))[0] == 200


async def test_strict_chats_can_be_reached_only_after_they_wrote(stage: Stage) -> None:
    await stage.sim("POST", "options", {"strict_chats": True})
    assert (await call(stage, "sendMessage", chat_id=SITI, text="Halo"))[1][
        "description"
    ] == "Bad Request: chat not found"
    await stage.inject(type="start", chat=SITI)
    assert (await call(stage, "sendMessage", chat_id=SITI, text="Halo"))[0] == 200


async def test_the_rate_meter_answers_429_above_the_real_limits(stage: Stage) -> None:
    await stage.sim("POST", "options", {"rate_meter": True})
    statuses = [(await call(stage, "sendMessage", chat_id=SITI, text=f"{number}"))[0] for number in range(4)]
    status, answer = await call(stage, "sendMessage", chat_id=SITI, text="lagi")
    assert (statuses, status, answer["parameters"]) == ([200, 200, 200, 429], 429, {"retry_after": 3})
    await stage.pass_time(seconds=3)
    assert (await call(stage, "sendMessage", chat_id=SITI, text="lagi"))[0] == 200


async def test_editing_a_message_shows_the_new_text_and_refuses_no_change(stage: Stage) -> None:
    _, sent = await call(stage, "sendMessage", chat_id=SITI, text="Satu")
    change = {"chat_id": SITI, "message_id": sent["result"]["message_id"], "text": "Dua"}
    assert (await call(stage, "editMessageText", **change))[1]["result"]["text"] == "Dua"
    assert (await call(stage, "editMessageText", **change))[1]["description"] == "Bad Request: message is not modified"
    assert (await call(stage, "editMessageText", **(change | {"message_id": 1})))[0] == 400


# fmt: off
ANSWERS = [
    # fault                       status  recorded  what the caller sees
    ({"named": "blocked"},            403,  0, "Forbidden: bot was blocked by the user"),
    ({"throttle": 17},                429,  0, "Too Many Requests: retry after 17"),
    ({"named": "migrate"},            400,  0, "migrate_to_chat_id"),
    ({"named": "server_error"},       500,  0, "Internal Server Error"),
    ({"named": "server_error_recorded"}, 500, 1, "Internal Server Error"),
    ({"named": "aborted"},            500,  0, "Request aborted"),
    ({"named": "html_502"},           502,  0, "<html>"),
    ({"malformed": "not_json"},       200,  0, '{"ok": tru'),
    ({"malformed": "wrong_type", "record": True}, 200, 1, "wrong"),
]
# fmt: on


@pytest.mark.parametrize(("action", "status", "recorded", "words"), ANSWERS, ids=[str(row[0]) for row in ANSWERS])
async def test_faults_answer_wrongly_and_record_only_where_they_say(
    stage: Stage, action: dict[str, Any], status: int, recorded: int, words: str
) -> None:
    await stage.fault(action, path="sendMessage", recipient=str(SITI))
    url = f"{stage.url}/bot{BOT_TOKEN}/sendMessage"
    async with stage.client.post(url, json={"chat_id": BUDI, "text": "tidak kena"}) as response:
        assert response.status == 200
    async with stage.client.post(url, json={"chat_id": SITI, "text": "kena"}) as response:
        assert (response.status, words in await response.text()) == (status, True)
        if "throttle" in action:
            assert response.headers["Retry-After"] == "17"
    assert len(await stage.outbox()) == 1 + recorded
    async with stage.client.post(url, json={"chat_id": SITI, "text": "lagi"}) as response:
        assert response.status == 200, "a fault of one time hit twice"


@pytest.mark.parametrize(
    ("action", "recorded"),
    [({"close_before_read": True}, 0), ({"accept_then_close": True}, 1), ({"half_body": True}, 1)],
)
async def test_faults_that_cut_the_connection(stage: Stage, action: dict[str, Any], recorded: int) -> None:
    await stage.fault(action, path="sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await call(stage, "sendMessage", chat_id=SITI, text="Halo")
    assert len(await stage.outbox()) == recorded


async def test_the_same_message_sent_again_is_counted_as_a_duplicate(stage: Stage) -> None:
    for _ in range(3):
        await call(stage, "sendMessage", chat_id=SITI, text="Halo")
    await call(stage, "sendMessage", chat_id=BUDI, text="Halo")
    state = await stage.state()
    assert (state["accepted_unique"], state["accepted_duplicates"], state["in_flight"]) == (2, 2, 0)


async def test_events_can_come_twice_forged_or_broken(stage: Stage) -> None:
    await stage.inject(type="text", chat=SITI, text="dua kali", **{"with": {"duplicate": 2}})
    await stage.gateway.until(2)
    assert stage.gateway.calls[0].body == stage.gateway.calls[1].body
    await stage.inject(type="text", chat=SITI, text="palsu", **{"with": {"wrong_signature": True}})
    await stage.gateway.until(3)
    assert stage.gateway.calls[2].headers["X-Telegram-Bot-Api-Secret-Token"] == "salah"
    await stage.inject(type="text", chat=SITI, text="rusak", **{"with": {"malformed": "truncated"}})
    await stage.gateway.until(4)
    with pytest.raises(json.JSONDecodeError):
        update(stage, 3)


async def test_reordered_events_all_come_in_an_order_that_the_seed_decides(stage: Stage) -> None:
    orders = []
    for _ in range(2):
        await stage.sim("POST", "reset")
        await stage.sim("POST", "seed", {"seed": 7})
        await stage.fault({"reorder": 4}, on="event", times=4)
        stage.gateway.calls.clear()
        for number in range(4):
            await stage.inject(type="text", chat=SITI, text=str(number))
        await stage.gateway.until(4)
        orders.append([update(stage, number)["message"]["text"] for number in range(4)])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == ["0", "1", "2", "3"]
    assert orders[0] != ["0", "1", "2", "3"]
