"""The simulated Cloud API and the gateway's adapter meet on real ports and understand each other, in good days and bad."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.errors import AnswerLost, ChannelError, FileGone, PayloadInvalid, SignatureInvalid
from channels.messages import (
    Address,
    Button,
    ContactEvent,
    DeliveryReport,
    Inbound,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    RawRequest,
)
from channels.meta.whatsapp.names import name_of
from channels.registry import Channel, build
from config.load import settings_from
from config.settings import ChannelTable, Secret
from tests.simulators.stage import MONDAY, Call, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import whatsapp
from workers.simulators.serve import application
from workers.simulators.settings import SimulatorSettings, WhatsAppNames
from workers.simulators.whatsapp_errors import CODES
from workers.simulators.whatsapp_talks import CONTENTS
from workers.simulators.wiring import simulator_settings

NAMES = WhatsAppNames("wa", token="uji-token-meta", app_secret="uji-app-secret-meta-0001")
SITI = "6281200000001"
TEXT = "Jalan di depan pasar berlubang"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, whatsapp=NAMES, clock=standing_clock())

    async with staged(whatsapp.build, settings) as stage:
        yield stage


def channel(stage: Stage, **changes: Any) -> Channel:
    table = {
        "phone_number_id": NAMES.number_id,
        "waba_id": NAMES.waba_id,
        "token": Secret(NAMES.token),
        "app_secret": Secret(NAMES.app_secret),
        "verify_token": Secret("v"),
        "api_url": stage.url,
    }
    return build([ChannelTable("wa", "whatsapp", {**table, **changes})], absent_secret=str)["wa"]


def events(stage: Stage, call: Call) -> list[Inbound]:
    hearing, request = channel(stage), RawRequest(call.method, headers=lowered(call), body=call.body)
    hearing.verify(request)
    assert hearing.receiver is not None
    return list(hearing.receiver.parse(request))


def lowered(call: Call) -> dict[str, str]:
    return {name.lower(): value for name, value in call.headers.items()}


async def send(stage: Stage, text: str = "Laporan diterima.", ours: str = "ob_1", **more: Any) -> Any:
    """What becomes of one message: the receipt, or the error."""
    sender, changes = channel(stage).sender, {"heard_ago_s": 60.0, **more}
    assert sender is not None
    message = OutboundMessage(ours, changes.pop("address", Address("tel", f"+{SITI}")), text, **changes)
    async with AiohttpHttp() as http:
        try:
            return await sender.send(message, http)
        except ChannelError as problem:
            return problem


async def told(stage: Stage, count: int) -> list[DeliveryReport]:
    """The reports of the first so many calls that reach the gateway, letting time pass until they have come."""
    for _ in range(count):
        await stage.pass_time(seconds=2)
        await stage.settled()
    found = [event for call in await stage.gateway.until(count) for event in events(stage, call)]
    return [event for event in found if isinstance(event, DeliveryReport)]


async def test_a_text_with_buttons_reaches_the_phone_and_its_statuses_the_gateway(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": TEXT})
    [call] = await stage.gateway.until(1)
    [message] = events(stage, call)
    assert isinstance(message, InboundMessage)
    assert (message.sender.path, message.text, message.sent_at) == (f"+{SITI}", TEXT, MONDAY)
    assert message.also == Address("wa", f"ID.{SITI}77")
    receipt = await send(stage, buttons=((Button("Ya", "ya:1"), Button("Belum", "belum:1")),))
    note = stage.app[whatsapp.PLAYER].talks.talk(SITI).notes[-1]
    assert (note.text, note.rows) == ("Laporan diterima.", (("Ya", "ya:1"), ("Belum", "belum:1")))
    assert receipt.provider_id == name_of(note.wamid)
    reports = (await told(stage, 3))[-2:]
    assert {(one.message_id, one.status, one.provider_id) for one in reports} == {
        ("ob_1", "sent", receipt.provider_id),
        ("ob_1", "delivered", receipt.provider_id),
    }
    await stage.inject(**{"from": SITI, "type": "button", "data": "ya:1", "text": "Ya", "of": note.wamid})
    [press] = events(stage, (await stage.gateway.until(4))[-1])
    assert isinstance(press, InboundMessage)
    assert (press.kind, press.button, press.target) == (MessageKind.BUTTON, "ya:1", receipt.provider_id)


@pytest.mark.parametrize("item", [{"type": kind, "of": "wamid.1", "to": "6281200000011"} for kind in sorted(CONTENTS)])
async def test_everything_that_people_do_is_understood(stage: Stage, item: dict[str, Any]) -> None:
    await stage.inject(**{"from": SITI, "text": TEXT, "data": "x", **item})
    [event] = events(stage, (await stage.gateway.until(1))[0])
    assert isinstance(event, InboundMessage | ContactEvent)


async def test_f04_one_call_may_be_about_two_numbers(stage: Stage) -> None:
    other = {"from": "6281200000002", "text": "dua", "number_id": "100000000000002"}
    await stage.inject(
        batch=[{"from": SITI, "text": "satu"}, other, {"field": "account_update", "value": {"event": "X"}}]
    )
    found = events(stage, (await stage.gateway.until(1))[0])
    assert [event.account for event in found] == [NAMES.number_id, "100000000000002", ""]


async def test_f95_people_may_have_no_number_and_clocks_count_milliseconds(stage: Stage) -> None:
    await stage.sim("POST", "options", {"without_numbers": True, "milliseconds": True})
    await stage.inject(**{"from": SITI, "text": TEXT})
    [event] = events(stage, (await stage.gateway.until(1))[0])
    assert isinstance(event, InboundMessage)
    assert (event.sender, event.sent_at) == (Address("wa", f"ID.{SITI}77"), MONDAY)
    assert (await send(stage, address=event.sender)).provider_id
    assert stage.app[whatsapp.PLAYER].talks.talk(SITI).notes[-1].incoming


async def test_f41_outside_the_window_a_text_fails_in_a_status_and_a_template_arrives(stage: Stage) -> None:
    assert (await send(stage)).provider_id
    [report] = await told(stage, 1)
    assert (report.status, report.reason) == ("failed", "window_closed")
    assert (await send(stage, ours="ob_2", heard_ago_s=None, meaning="st.answer", number="KBR-1")).provider_id
    assert stage.app[whatsapp.PLAYER].talks.talk(SITI).notes[-1].text == "[aduan_selesai] KBR-1 · Laporan diterima."
    await stage.sim("POST", "options", {"window_at_once": True})
    assert (await send(stage)).code == "use_template"


REASONS = {
    "throughput": "provider_busy",
    "app_rate": "provider_busy",
    "account_rate": "provider_busy",
    "pair_rate": "provider_busy",
    "spam": "quality",
    "ecosystem": "ecosystem",
    "window": "window_closed",
    "unreachable": "unreachable",
    "not_allowed": "configuration",
    "locked": "locked",
    "payment": "payment",
    "unregistered": "configuration",
    "policy": "policy",
    "token": "credentials",
    "permission": "permission",
    "template_parameters": "template",
    "template_missing": "template",
    "template_paused": "template",
    "no_scoped_id": "no_such_address",
    "media": "media",
    "maintenance": "maintenance",
    "unknown_error": "server_error",
    "service": "server_error",
    "api_service": "server_error",
}


async def test_every_code_means_the_same_at_once_and_later(stage: Stage) -> None:
    assert REASONS.keys() == CODES.keys()
    await stage.inject(**{"from": SITI, "text": TEXT})
    for name, reason in REASONS.items():
        await stage.fault({"named": name})
        assert (await send(stage)).reason == reason, name
    await stage.sim("POST", "options", {"status_delay_s": []})
    for name in REASONS:
        await stage.fault({"named": f"{name}_later"})
        assert (await send(stage, ours=f"ob_{name}")).provider_id, name
    calls = await stage.gateway.until(1 + 2 * len(REASONS))
    found = [one for call in calls for one in events(stage, call) if isinstance(one, DeliveryReport)]
    assert {one.message_id: one.reason for one in found if one.reason} == {f"ob_{n}": r for n, r in REASONS.items()}


BAD_DAYS: list[tuple[dict[str, Any], str, int]] = [
    ({"named": "html_502"}, "unclear_answer", 0),
    ({"named": "html_502_recorded"}, "unclear_answer", 1),
    ({"accept_then_close": True}, "answer_lost", 1),
    ({"half_body": True}, "answer_lost", 1),
    ({"malformed": "wrong_type"}, "unclear_answer", 0),
    ({"throttle": 5}, "provider_busy", 0),
]


@pytest.mark.parametrize(("action", "reason", "recorded"), BAD_DAYS)
async def test_f38_what_is_in_doubt_is_called_so(
    stage: Stage, action: dict[str, Any], reason: str, recorded: int
) -> None:
    await stage.inject(**{"from": SITI, "text": TEXT})
    await stage.fault(action)
    assert (await send(stage)).reason == reason
    assert (await stage.state())["accepted_unique"] == recorded


async def test_f46_a_status_may_come_before_the_answer_reversed_or_twice(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": TEXT})
    await stage.fault({"named": "twice", "early_receipt": True})
    assert (await send(stage)).provider_id
    found = [one for call in await stage.gateway.until(7) for one in events(stage, call)][1:]
    assert [getattr(one, "status", "") for one in found] == ["sent", "delivered", "sent", "delivered", "read", "read"]


async def test_a_call_that_is_refused_comes_again_for_seven_days(stage: Stage) -> None:
    stage.gateway.answers = [503, 500]
    await stage.inject(**{"from": SITI, "text": TEXT})
    for count in (1, 2, 3):
        await stage.gateway.until(count)
        await stage.settled()
        await stage.pass_time(days=1)
    assert len({call.body for call in stage.gateway.calls}) == 1


async def test_c14_a_wrong_signature_is_told_from_a_right_one(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": TEXT, "with": {"wrong_signature": True}})
    [call] = await stage.gateway.until(1)
    with pytest.raises(SignatureInvalid):
        events(stage, call)
    await stage.inject(**{"from": SITI, "text": TEXT, "with": {"malformed": "not_json"}})
    with pytest.raises(PayloadInvalid):
        events(stage, (await stage.gateway.until(2))[1])


async def test_a_photo_is_fetched_by_id_and_compared(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "type": "image", "text": "Ini fotonya"})
    [message] = events(stage, (await stage.gateway.until(1))[0])
    assert isinstance(message, InboundMessage)
    fetcher, [photo] = channel(stage).fetcher, message.attachments
    assert fetcher is not None
    async with AiohttpHttp() as http:
        assert (await fetcher.fetch(photo, http, 10**7)).content.startswith(b"\xff\xd8")
        for fault, problem in (("file_changed", AnswerLost), ("file_gone", FileGone)):
            await stage.fault({"named": fault}, path="/file/")
            with pytest.raises(problem):
                await fetcher.fetch(photo, http, 10**7)
        with pytest.raises(FileGone):
            await fetcher.fetch(replace(photo, ref="999999 x"), http, 10**7)


async def test_a_check_of_the_played_account_finds_nothing_but_what_is_wrong(stage: Stage) -> None:
    whole, hook = channel(stage), "https://aduan.contoh.example/c/wa"
    assert whole.checker is not None
    assert whole.starter is not None
    async with AiohttpHttp() as http:
        await whole.starter.start(http, hook)
        assert await whole.checker.check(http, hook) == []
        other = channel(stage, token=Secret("salah")).checker
        assert other is not None
        [problem] = await other.check(http, hook)
    assert "refuses the token" in problem


def test_the_gateways_own_settings_are_played() -> None:
    text = """
    [storage]
    identity_key = "acceptance-identity-key-0123456789abcdef"
    [channels.halo]
    kind = "whatsapp"
    number = "0811-000-0001"
    phone_number_id = "123456"
    waba_id = "654321"
    token = "t"
    app_secret = "s"
    verify_token = "v"
    [channels.halo.templates]
    status = "kabar"
    """
    played = replace(simulator_settings(settings_from(text, environ={})), clock=standing_clock())
    names = played.whatsapp
    assert (names.channel, names.number, names.number_id, names.token) == ("halo", "628110000001", "123456", "t")
    assert "kabar" in names.templates
    assert timedelta(days=7) == whatsapp.PATIENCE
    assert application(played, ["whatsapp"])
