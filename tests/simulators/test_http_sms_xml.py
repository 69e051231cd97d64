"""The simulated provider that speaks XML, gives out tokens and is asked for its messages, by the third example of the page."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.messages import Address, InboundMessage, OutboundMessage, SendReceipt
from channels.registry import Channel, build
from config.settings import ChannelTable
from tests.channels.test_http_sms import EXAMPLES
from tests.channels.test_http_sms_xml import Kept
from tests.simulators.stage import Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import http_sms
from workers.simulators.settings import HttpSmsNames, SimulatorSettings

SITI = Address("tel", "+6281200000001")
NAME = "sms-xml"


def table() -> dict[str, Any]:
    tree: dict[str, Any] = tomllib.loads(EXAMPLES[2][0])["channels"][NAME]
    del tree["kind"]
    return tree | {"secrets": {"client_secret": "rahasia-uji"}}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        names = HttpSmsNames(NAME, "1708", table(), {"secret:client_secret": "rahasia-uji"})
        return SimulatorSettings(gateway_url=gateway_url, http_sms=names, clock=standing_clock())

    async with staged(http_sms.build, settings) as stage:
        yield stage


def channel(stage: Stage) -> Channel:
    tree = table()
    tree["outbound"] |= {"url": f"{stage.url}/kirim", "allow_private": True}
    tree["outbound"]["auth"] |= {"token_url": f"{stage.url}/token"}
    tree["poll"] |= {"url": f"{stage.url}/masuk"}
    return build([ChannelTable(NAME, "http_sms", tree)], absent_secret=str)[NAME]


async def test_a_text_in_xml_is_taken_with_a_token(stage: Stage) -> None:
    text = 'Laporan <Anda> & "dicatat" = 100%\nJum’at 🙏'
    sender = channel(stage).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        receipt = await sender.send(OutboundMessage("ob_0000000000001", SITI, text), http)
    assert isinstance(receipt, SendReceipt)
    (sms,) = stage.app[http_sms.PLAYER].handsets.phone(SITI.path).messages
    assert (sms.text, sms.incoming) == (text, True)


async def test_what_citizens_wrote_is_fetched_once(stage: Stage) -> None:
    kept = Kept()
    for text in ("Lampu mati di Gg. Melati & RT 4", "Jalan <rusak>"):
        await stage.inject(**{"from": SITI.path, "text": text})

    async def enough(_: float) -> None:
        raise asyncio.CancelledError

    one = channel(stage)
    async with AiohttpHttp() as http:
        for _ in range(2):
            with pytest.raises(asyncio.CancelledError):
                await one.adapter._polling.run(kept.submit, http, kept, enough)  # type: ignore[attr-defined]
    texts = [event.text for event, _ in kept.taken if isinstance(event, InboundMessage)]
    assert texts == ["Lampu mati di Gg. Melati & RT 4", "Jalan <rusak>"]
