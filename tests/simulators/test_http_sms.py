"""The simulated provider and the gateway's adapter read the same tables and understand each other, in good days and bad."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from channels.errors import (
    ChannelError,
    ChannelStopped,
    PartlyInvalid,
    ProviderBusy,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.messages import Address, DeliveryReport, Inbound, InboundMessage, OutboundMessage, RawRequest, SendReceipt
from channels.registry import Channel, build
from config.load import settings_from
from config.settings import ChannelTable
from tests.channels.recorded import PAYLOADS
from tests.simulators.stage import MONDAY, Call, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import http_sms
from workers.simulators.command import simulate
from workers.simulators.serve import application
from workers.simulators.settings import HttpSmsNames, KannelNames, SimulatorSettings
from workers.simulators.wiring import references_in, simulator_settings

TABLES = tomllib.loads((PAYLOADS / "http_sms" / "channel.toml").read_text(encoding="utf-8"))
SITI = Address("tel", "+6281200000001")
TOKEN = "uji-kunci-url-0123456789abcdef0123"


def names(channel: str) -> HttpSmsNames:
    table = TABLES[channel]
    keys = {f"secret:{name}": value for name, value in table["secrets"].items()} | {"token": TOKEN}
    return HttpSmsNames(channel, table["number"], table, keys)


@pytest.fixture(params=["sms-contoh", "sms-lama"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, http_sms=names(request.param), clock=standing_clock())

    async with staged(http_sms.build, settings) as stage:
        yield stage


def is_json(stage: Stage) -> bool:
    return stage.app[http_sms.PLAYER].settings.http_sms.channel == "sms-contoh"


def channel(stage: Stage) -> Channel:
    """The gateway's own adapter, its tables aimed at the simulator."""
    name = stage.app[http_sms.PLAYER].settings.http_sms.channel
    table: dict[str, Any] = {key: value for key, value in TABLES[name].items() if key != "kind"}
    table["outbound"] = table["outbound"] | {"url": f"{stage.url}/kirim?v=1", "allow_private": True}
    return build([ChannelTable(name, "http_sms", table)], absent_secret=str)[name]


async def send(stage: Stage, text: str = "Laporan diterima.", number: int = 1) -> SendReceipt | ChannelError:
    report_url = stage.app[http_sms.PLAYER].settings.channel_url("x", "/status")
    message = OutboundMessage(f"ob_000000000000{number}", SITI, text, report_url=report_url)
    sender = channel(stage).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        try:
            return await sender.send(message, http)
        except ChannelError as problem:
            return problem


def understood(stage: Stage, call: Call, at: datetime | None = None) -> list[Inbound]:
    """What the gateway would make of a call, its proof checked first."""
    hearing = channel(stage)
    headers = {name.lower(): value for name, value in call.headers.items()}
    request = RawRequest(
        call.method,
        "/status" if call.path.endswith("/status") else "",
        call.raw_query.encode(),
        headers,
        call.body,
        received_at=at or stage.clock.now(),
    )
    hearing.verify(request)
    assert hearing.receiver is not None
    return list(hearing.receiver.parse(request))


async def calls(stage: Stage, count: int) -> list[Call]:
    """The first so many calls, letting time pass until they have come."""
    async with asyncio.timeout(20):
        while len(stage.gateway.calls) < count:
            await stage.pass_time(seconds=1)
            await stage.settled()
    return stage.gateway.calls


async def test_a_text_is_taken_shown_and_reported(stage: Stage) -> None:
    text = "Laporan Anda {diterima} & dicatat = 100%\nJum’at 🙏"
    receipt = await send(stage, text)
    assert isinstance(receipt, SendReceipt)
    (sms,) = stage.app[http_sms.PLAYER].handsets.phone(SITI.path).messages
    assert (sms.text, sms.incoming) == (text, True)
    reports = [event for call in await calls(stage, 2) for event in understood(stage, call)]
    assert all(isinstance(report, DeliveryReport) for report in reports)
    assert [getattr(report, "status", "") for report in reports] == ["sent", "delivered"]
    assert {getattr(report, "message_id", "") for report in reports} == {"ob_0000000000001"}


async def test_a_citizens_sms_is_understood(stage: Stage) -> None:
    text = "Lampu mati di Gg. Melati & RT 4"
    await stage.inject(**{"from": SITI.path, "text": text})
    [event] = understood(stage, (await calls(stage, 1))[0])
    assert isinstance(event, InboundMessage)
    assert (event.sender, event.text) == (SITI, text)
    assert event.sent_at == MONDAY


FAULTS: list[tuple[dict[str, Any], type[ChannelError]]] = [
    ({"named": "unavailable"}, TemporaryFailure),
    ({"named": "unauthorised"}, ChannelStopped),
    ({"named": "no_id"}, SendUnknown),
    ({"named": "html"}, SendUnknown),
    ({"named": "busy"}, ProviderBusy),
    ({"named": "busy_without_time"}, ProviderBusy),
    ({"throttle": 7}, ProviderBusy),
    ({"accept_then_close": True}, SendUnknown),
]


async def test_every_fault_of_an_answer_has_its_outcome(stage: Stage) -> None:
    for fault, outcome in FAULTS:
        await stage.fault(fault)
        assert type(await send(stage)) is outcome, fault
    await stage.fault({"named": "error_in_200"})
    assert type(await send(stage)) is (SendRefused if is_json(stage) else SendUnknown)
    accepted = await stage.outbox()
    assert len(accepted) == 3  # those of an unknown outcome, and nothing twice


async def test_a_refused_call_comes_again_and_a_repeated_one_has_the_same_key(stage: Stage) -> None:
    stage.gateway.answers.extend([503, 200])
    await stage.inject(**{"from": SITI.path, "text": "Halo", "with": {"duplicate": 2}})
    keys = [getattr(event, "external_id", "") for call in await calls(stage, 3) for event in understood(stage, call)]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_a_wrong_proof_is_refused(stage: Stage) -> None:
    await stage.inject(**{"from": SITI.path, "text": "palsu", "with": {"wrong_signature": True}})
    with pytest.raises(SignatureInvalid):
        understood(stage, (await calls(stage, 1))[0])


async def test_reports_come_reversed_and_with_unheard_of_words(stage: Stage) -> None:
    for number, (fault, statuses) in enumerate(
        [("reversed", ["delivered", "sent"]), ("unknown_status", ["sent", None]), ("failed", ["sent", "failed"])]
    ):
        await stage.fault({"named": fault}, on="receipt")
        before = len(stage.gateway.calls)
        await send(stage, number=number + 1)
        reports = [event for call in (await calls(stage, before + 2))[before:] for event in understood(stage, call)]
        assert [getattr(report, "status", "") for report in reports] == statuses


@pytest.mark.parametrize("stage", ["sms-contoh"], indirect=True)
async def test_one_broken_message_stands_beside_a_good_one(stage: Stage) -> None:
    await stage.inject(**{"from": SITI.path, "text": "Halo", "bad_item": True})
    with pytest.raises(PartlyInvalid) as partly:
        understood(stage, (await calls(stage, 1))[0])
    assert len(partly.value.understood) == 1


@pytest.mark.parametrize("stage", ["sms-contoh"], indirect=True)
async def test_c14_an_old_signature_is_a_replay(stage: Stage) -> None:
    await stage.sim("POST", "options", {"signed_ago_s": 301})
    await stage.inject(**{"from": SITI.path, "text": "Halo"})
    with pytest.raises(SignatureInvalid, match="too long ago"):
        understood(stage, (await calls(stage, 1))[0])


@pytest.mark.parametrize("stage", ["sms-contoh"], indirect=True)
@pytest.mark.parametrize(("body", "place"), [(b"{}", "body.to is missing"), (b"x", "no JSON")])
async def test_a_request_that_does_not_fit_is_told_where(stage: Stage, body: bytes, place: str) -> None:
    async with stage.client.post(f"{stage.url}/kirim", data=body) as response:
        assert response.status == 400
        assert place in await response.text()


def test_the_gateways_own_settings_are_what_it_plays() -> None:
    text = """
[channels.sms-contoh]
kind = "http_sms"
number = "1709"
coverage = "-"
tariff_note = "-"
inbound_token = "0123456789abcdef0123456789"
secrets = { api_token = "fedcba98765432100123456789" }
outbound = { url = "https://x.example", auth = { kind = "bearer", token = "secret:api_token" }, body = { a = "{text}" } }
"""
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    played = simulator_settings(settings_from(text, environ)).http_sms
    assert (played.channel, played.number) == ("sms-contoh", "1709")
    assert played.keys == {"secret:api_token": "fedcba98765432100123456789", "token": "0123456789abcdef0123456789"}
    assert list(references_in(played.tables)) == ["secret:api_token"]


async def test_the_phone_shows_and_sends_the_sms_of_the_provider_that_the_gateway_has(stage: Stage) -> None:
    player = stage.app[http_sms.PLAYER]
    settings = replace(player.settings, kannel=KannelNames(channel=""), clock=standing_clock())
    async with TestServer(application(settings, ["http-sms"])) as site:
        form = {"isi": "Lampu mati", "layar": "sms"}
        async with stage.client.post(site.make_url("/lakukan/sms"), data=form) as page:
            shown = await page.text()
        assert page.status == 200
        assert player.settings.http_sms.number in shown
        assert "Lampu mati" in shown
        [event] = understood(stage, (await stage.gateway.until(1))[0], at=MONDAY)
    assert getattr(event, "text", "") == "Lampu mati"


def test_a_file_of_tables_that_is_none_is_named() -> None:
    result = CliRunner().invoke(simulate, ["http-sms", "--provider", "/tidak/ada.toml"], env={"GATEWAY_CONFIG": ""})
    assert result.exit_code == 2
    assert "cannot read /tidak/ada.toml" in result.output
