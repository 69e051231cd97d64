"""Telling Telegram where to bring updates, checking it, and fetching updates where nobody can bring them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from channels.errors import AnswerLost, ChannelError, ChannelMisconfigured, ChannelStopped, NotSent
from channels.messages import Inbound, InboundMessage, MessageKind, RawRequest
from channels.protocols import HttpResponse
from channels.telegram.adapter import Telegram
from channels.telegram.polling import poll
from channels.telegram.settings import TelegramSettings
from channels.telegram.updates import ALLOWED
from config.build import build_section
from config.settings import Secret, SettingsError
from tests.channels.in_memory import KeptBookmark
from tests.channels.recorded import PAYLOADS, read_request
from tests.channels.scripted_http import ScriptedHttp

URL = "https://aduan.contoh.example/c/telegram"
ME = {"id": 1, "is_bot": True, "first_name": "Satu Pintu", "username": "satupintu_contoh_bot"}


def telegram(**settings: object) -> Telegram:
    return Telegram(TelegramSettings(Secret("1:UJI-TOKEN"), Secret("rahasia_1"), **settings))  # type: ignore[arg-type]


def answer(result: object) -> HttpResponse:
    return HttpResponse(200, json.dumps({"ok": True, "result": result}).encode())


def webhook(**changes: object) -> dict[str, object]:
    state = {
        "url": URL,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "allowed_updates": list(ALLOWED),
    }
    return state | changes


UNAUTHORISED = HttpResponse(401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')


async def test_the_webhook_is_set_with_secret_and_kinds() -> None:
    http = ScriptedHttp([answer(True)])
    await telegram().start(http, URL)
    assert [call.endpoint for call in http.calls] == ["setWebhook", "setMyCommands", "setMyCommands"]
    assert http.calls[0].json == {
        "url": URL,
        "max_connections": 40,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        "drop_pending_updates": False,
        "secret_token": "rahasia_1",
    }


async def test_the_menu_is_written_in_both_languages() -> None:
    http = ScriptedHttp([answer(True)])
    await telegram().start(http, URL)
    indonesian, english = http.calls[1].json, http.calls[2].json
    names = [command["command"] for command in indonesian["commands"]]
    assert names == ["lapor", "status", "istilah", "bantuan", "berhenti"]
    assert "language_code" not in indonesian
    assert english["language_code"] == "en"
    assert indonesian["commands"] != english["commands"]


async def test_a_self_signed_certificate_is_uploaded(tmp_path: Path) -> None:
    certificate = tmp_path / "gateway.pem"
    certificate.write_bytes(b"-----BEGIN CERTIFICATE-----")
    http = ScriptedHttp([answer(True)])
    await telegram(certificate=certificate).start(http, URL)
    [upload] = http.calls[0].uploads
    assert (upload.field, upload.content) == ("certificate", b"-----BEGIN CERTIFICATE-----")


async def test_polling_takes_the_webhook_away() -> None:
    http = ScriptedHttp([answer(True)])
    await telegram(mode="polling").start(http, URL)
    assert (http.calls[0].endpoint, http.calls[0].json) == ("deleteWebhook", {"drop_pending_updates": False})


async def test_a_refused_token_stops_the_channel_at_the_start() -> None:
    with pytest.raises(ChannelStopped):
        await telegram().start(ScriptedHttp([UNAUTHORISED]), URL)


CHECKS = [
    # settings, state of the webhook, words of the problem
    ({}, webhook(), ""),
    ({}, webhook(url=""), "the webhook is none"),
    ({}, webhook(url="https://lain.example/x"), "restart `gateway serve`"),
    ({}, webhook(allowed_updates=["message"]), "other kinds of updates"),
    ({}, webhook(pending_update_count=3, last_error_date=1, last_error_message="Wrong response: 502"), "502"),
    ({}, webhook(last_error_date=1, last_error_message="Wrong response: 502"), ""),
    ({}, webhook(pending_update_count=101), "101 updates wait"),
    ({"mode": "polling"}, webhook(url=""), ""),
    ({"mode": "polling"}, webhook(), "a webhook is still set"),
    ({"username": "lain_bot"}, webhook(), "belongs to @satupintu_contoh_bot"),
    ({"username": "@SatuPintu_contoh_bot"}, webhook(), ""),
]


@pytest.mark.parametrize(("settings", "state", "words"), CHECKS)
async def test_a_check_says_what_is_wrong(settings: dict[str, object], state: dict[str, object], words: str) -> None:
    problems = await telegram(**settings).check(ScriptedHttp([answer(ME), answer(state)]), URL)
    assert bool(problems) is bool(words)
    assert words in " ".join(problems)


@pytest.mark.parametrize(
    ("reply", "words"),
    [(UNAUTHORISED, "@BotFather"), (NotSent("refused"), "cannot be reached"), (HttpResponse(502, b"<html>"), "502")],
)
async def test_a_check_without_an_answer_says_what_to_do(reply: HttpResponse | ChannelError, words: str) -> None:
    [problem] = await telegram().check(ScriptedHttp([reply]), URL)
    assert words in problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "not a token"}, "@BotFather"),
        ({"webhook_secret": "with space"}, "webhook_secret may hold"),
        ({"mode": "push"}, "unknown 'push'"),
        ({"max_connections": 101}, "at most 100"),
        ({"tokn": "x"}, "did you mean 'token'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build_section(TelegramSettings, {"token": "1:UJI-TOKEN", **changes}, "channels.telegram")
    assert words in str(refused.value)
    assert "not a token" not in str(refused.value)


# Polling


class Enough(Exception):
    """Ends a poll that would run until it is cancelled."""


class Inbox:
    """Takes what a listener submits; fails as often as it is told, as a database does."""

    def __init__(self) -> None:
        self.taken: list[tuple[Inbound, RawRequest]] = []

    async def submit(self, events: Sequence[tuple[Inbound, RawRequest]]) -> None:
        self.taken.extend(events)


def batch(*updates: str) -> HttpResponse:
    return HttpResponse(200, f'{{"ok":true,"result":[{",".join(updates)}]}}'.encode())


TEXT = read_request(PAYLOADS / "telegram" / "in-text.http").body.decode()
POISON = '{"update_id":880000070,"channel_post":{"message_id":1}}'


async def run(answers: list[HttpResponse | ChannelError]) -> tuple[Inbox, ScriptedHttp, list[float]]:
    """Polls until the script is at its end: what was taken, what was asked, how long was waited."""
    inbox, http, waited = Inbox(), ScriptedHttp([*answers, ChannelMisconfigured("end of script")]), []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    with pytest.raises(ChannelMisconfigured):
        await poll("https://api/bot1:UJI/getUpdates", telegram().parse, inbox.submit, http, pause)
    return inbox, http, waited


async def test_the_offset_moves_on_after_the_commit() -> None:
    inbox, http, _ = await run([batch(TEXT), batch()])
    [(event, request)] = inbox.taken
    assert isinstance(event, InboundMessage)
    assert event.external_id == "u:880000001"
    assert request.body.decode() == TEXT
    assert [call.json.get("offset") for call in http.calls] == [None, 880000002, 880000002]
    assert http.calls[0].json["allowed_updates"] == list(ALLOWED)
    assert http.calls[0].options["read_s"] > http.calls[0].json["timeout"]


async def test_nothing_is_confirmed_when_the_commit_fails() -> None:
    http = ScriptedHttp([batch(TEXT)])

    async def submit(events: Sequence[tuple[Inbound, RawRequest]]) -> None:
        raise Enough

    with pytest.raises(Enough):
        await poll("https://api/getUpdates", telegram().parse, submit, http)
    assert len(http.calls) == 1


async def test_poison_is_kept_and_does_not_stop_the_rest() -> None:
    inbox, _, _ = await run([batch(POISON, TEXT)])
    unread, read = (event for event, _ in inbox.taken)
    assert isinstance(unread, InboundMessage)
    assert (unread.external_id, unread.kind) == ("u:880000070", MessageKind.SERVICE)
    assert unread.flags == {"not_understood"}
    assert isinstance(read, InboundMessage)
    assert read.kind is MessageKind.MESSAGE


async def test_waits_grow_while_telegram_is_away_and_begin_anew_afterwards() -> None:
    away: list[HttpResponse | ChannelError] = [NotSent("refused")] * 8
    _, _, waited = await run([*away, batch(), AnswerLost("cut"), HttpResponse(502, b"<html>")])
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60, 1, 2]


@pytest.mark.parametrize(
    ("reply", "words"),
    [(HttpResponse(409, b'{"ok":false,"error_code":409}'), "409"), (UNAUTHORISED, "@BotFather")],
)
async def test_what_waiting_does_not_mend_is_said(reply: HttpResponse, words: str) -> None:
    with pytest.raises(ChannelMisconfigured, match=words):
        await telegram(mode="polling").listen(Inbox().submit, ScriptedHttp([reply]), KeptBookmark())


def test_only_polling_listens() -> None:
    assert telegram(mode="polling").listens()
    assert not telegram().listens()
