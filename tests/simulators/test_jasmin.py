"""The simulated Jasmin and the gateway's adapter understand each other, in good days and bad."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.errors import (
    ChannelError,
    ChannelStopped,
    ProviderBusy,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.gsm import join_parts
from channels.messages import Address, Answer, Inbound, InboundMessage, OutboundMessage, RawRequest, SendReceipt
from channels.registry import Channel, build
from config.load import settings_from
from config.settings import ChannelTable
from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import jasmin
from workers.simulators.serve import application
from workers.simulators.settings import JasminNames, KannelNames, SimulatorSettings
from workers.simulators.wiring import simulator_settings

SITI = Address("tel", "+6281200000001")
NAMES = JasminNames("sms", "1708", "kunci-0123456789abcdef", "satupintu", "uji-jas")
LONG = "Jalan di depan pasar berlubang dalam sekali, sudah dua pekan belum ditambal [RT 4] €. " * 4


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, jasmin=NAMES, clock=standing_clock())

    async with staged(jasmin.build, settings) as stage:
        stage.gateway.always = lambda _: web.Response(text="ACK/Jasmin")
        yield stage


def channel(stage: Stage, password: str = NAMES.password) -> Channel:
    table = {
        "number": NAMES.number,
        "send_url": f"{stage.url}/send",
        "username": NAMES.username,
        "password": password,
        "inbound_token": NAMES.inbound_token,
    }
    return build([ChannelTable("sms", "jasmin", table)], absent_secret=str)["sms"]


async def send(stage: Stage, text: str = "Laporan diterima.", password: str = NAMES.password) -> Any:
    report_url = stage.app[jasmin.PLAYER].settings.channel_url("sms", "/status")
    sender = channel(stage, password).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        try:
            return await sender.send(OutboundMessage("ob_0000000000001", SITI, text, report_url=report_url), http)
        except ChannelError as problem:
            return problem


def understood(stage: Stage, call: Call) -> Inbound:
    hearing = channel(stage)
    path = "/status" if call.path.endswith("/status") else ""
    request = RawRequest(call.method, path, call.raw_query.encode(), body=call.body)
    hearing.verify(request)
    assert hearing.receiver is not None
    [event] = hearing.receiver.parse(request)
    return event


async def calls(stage: Stage, count: int) -> list[Call]:
    """The first so many calls, letting time pass until they have come."""
    async with asyncio.timeout(20):
        while len(stage.gateway.calls) < count:
            await stage.pass_time(seconds=1)
            await stage.settled()
    return stage.gateway.calls


@pytest.mark.parametrize("text", ["Laporan [1] diterima: Rp 5 €", "Jum’at 🙏", LONG])
async def test_a_text_is_taken_shown_and_reported(stage: Stage, text: str) -> None:
    receipt = await send(stage, text)
    assert isinstance(receipt, SendReceipt)
    (sms,) = stage.app[jasmin.PLAYER].handsets.phone(SITI.path).messages
    assert sms.text == text
    reports = [understood(stage, call) for call in await calls(stage, 2)]
    assert [getattr(report, "status", "") for report in reports] == ["sent", "delivered"]
    assert {getattr(report, "message_id", "") for report in reports} == {receipt.provider_id}
    assert getattr(reports[1], "reason", "") == ("last_part" if text is LONG else "")


@pytest.mark.parametrize("text", ["Lampu [RT 4] mati @ Rp€5", "Air keruh 🙏", LONG])
@pytest.mark.parametrize("wrong_content", [True, False])
async def test_a_citizens_sms_is_understood(stage: Stage, text: str, wrong_content: bool) -> None:
    await stage.sim("POST", "options", {"wrong_content": wrong_content})
    await stage.inject(**{"from": SITI.path, "text": text})
    event = understood(stage, (await stage.gateway.until(1))[0])
    assert isinstance(event, InboundMessage)
    assert (event.sender, event.text) == (SITI, text)


@pytest.mark.parametrize("text", [LONG, "á" * 135])
async def test_unjoined_parts_come_with_their_headers(stage: Stage, text: str) -> None:
    await stage.inject(**{"from": SITI.path, "text": text, "split": True, "ref_bits": 16, "order": [3, 1, 2]})
    events = [understood(stage, call) for call in await stage.gateway.until(3)]
    parts = {event.part.sequence: event.text for event in events if isinstance(event, InboundMessage) and event.part}
    assert join_parts(parts, 3) == text


FAULTS: list[tuple[str, type[ChannelError]]] = [
    ("unavailable", TemporaryFailure),
    ("unauthorised", ChannelStopped),
    ("throughput", ProviderBusy),
    ("no_credit", ChannelStopped),
    ("no_route", TemporaryFailure),
    ("sent_and_500", SendUnknown),
]


async def test_every_fault_of_an_answer_has_its_outcome(stage: Stage) -> None:
    for fault, outcome in FAULTS:
        await stage.fault({"named": fault})
        assert type(await send(stage)) is outcome, fault
    assert type(await send(stage, password="salah")) is ChannelStopped
    assert len(await stage.outbox()) == 1  # the one that was sent although the answer was 500


async def test_a_report_may_come_before_the_answer_and_reversed(stage: Stage) -> None:
    await stage.fault({"named": "reversed", "early_receipt": True})
    await stage.sim("POST", "options", {"dlr_delay_s": [0]})
    receipt = await send(stage)
    reports = [understood(stage, call) for call in stage.gateway.calls]
    assert [getattr(report, "status", "") for report in reports] == ["delivered", "sent"]
    assert getattr(reports[0], "message_id", "") == receipt.provider_id


async def test_only_the_very_words_count_and_the_rest_comes_again_three_times_then_never(stage: Stage) -> None:
    stage.gateway.always = lambda _: web.Response(text="OK")
    await stage.inject(**{"from": SITI.path, "text": "Halo"})
    events = [understood(stage, call) for call in await calls(stage, 4)]
    assert len({getattr(event, "external_id", "") for event in events}) == 1
    await stage.pass_time(hours=1)
    await stage.settled()
    assert len(stage.gateway.calls) == 4
    assert (await stage.state())["options"]["purged"] == 1


async def test_our_acknowledgement_is_the_one_that_is_waited_for(stage: Stage) -> None:
    """The gateway's own answer ends the repetition."""

    def answer(call: Call) -> web.Response:
        hearing = channel(stage).receiver
        assert hearing is not None
        given = hearing.ack(RawRequest(call.method), Answer())
        return web.Response(status=given.status, body=given.body, content_type="text/plain")

    stage.gateway.always = answer
    await stage.inject(**{"from": SITI.path, "text": "Halo"})
    await stage.gateway.until(1)
    await stage.pass_time(hours=1)
    await stage.settled()
    assert (len(stage.gateway.calls), (await stage.state())["options"]["purged"]) == (1, 0)


async def test_the_same_message_twice_has_the_same_id_and_a_wrong_key_is_refused(stage: Stage) -> None:
    await stage.inject(**{"from": SITI.path, "text": "Halo", "with": {"duplicate": 2}})
    events = [understood(stage, call) for call in await stage.gateway.until(2)]
    assert len({getattr(event, "external_id", "") for event in events}) == 1
    await stage.inject(**{"from": SITI.path, "text": "palsu", "with": {"wrong_signature": True}})
    with pytest.raises(SignatureInvalid):
        understood(stage, (await stage.gateway.until(3))[2])


@pytest.mark.parametrize(("password", "problems"), [(NAMES.password, 0), ("salah", 1)])
async def test_a_check_of_the_gateway_is_answered(stage: Stage, password: str, problems: int) -> None:
    checker = channel(stage, password).checker
    assert checker is not None
    async with AiohttpHttp() as http:
        assert len(await checker.check(http, "http://127.0.0.1/c/sms")) == problems


async def test_more_than_max_parts_is_cut_without_a_word(stage: Stage) -> None:
    await stage.sim("POST", "options", {"max_parts": 2})
    await send(stage, "a" * 400)
    assert stage.app[jasmin.PLAYER].handsets.phone(SITI.path).messages[0].text == "a" * 306


async def test_the_phone_shows_the_sms_of_jasmin_where_the_gateway_has_it(stage: Stage) -> None:
    settings = replace(
        stage.app[jasmin.PLAYER].settings,
        kannel=KannelNames(channel=""),
        jasmin=replace(NAMES, number="1709"),
        clock=standing_clock(),
    )
    async with TestServer(application(settings, ["jasmin"])) as site:
        form = {"isi": "Lampu mati", "layar": "sms"}
        async with stage.client.post(site.make_url("/lakukan/sms"), data=form) as page:
            shown = await page.text()
        assert "1709" in shown
        assert getattr(understood(stage, (await stage.gateway.until(1))[0]), "text", "") == "Lampu mati"


def test_the_gateways_own_settings_are_what_it_plays() -> None:
    text = """
[channels.sms]
kind = "jasmin"
number = "1709"
send_url = "http://127.0.0.1:8090/jasmin/send"
username = "u"
password = "fedcba98765432100123456789"
inbound_token = "0123456789abcdef0123456789"
"""
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    played = simulator_settings(settings_from(text, environ)).jasmin
    assert played == JasminNames("sms", "1709", "0123456789abcdef0123456789", "u", "fedcba98765432100123456789")
