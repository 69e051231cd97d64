"""The simulated X and the gateway's adapter understand each other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from channels.errors import (
    ChannelError,
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
)
from channels.messages import Address, Answer, InboundMessage, MessageKind, OutboundMessage, RawRequest, SendReceipt
from channels.registry import Channel, build
from config.settings import ChannelTable
from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import x
from workers.simulators.settings import SimulatorSettings, XNames

NAMES = XNames("akun-x", consumer_secret="uji-consumer-secret-x-0001", token="uji-token-x", refresh_token="uji-refresh")
SITI = "2000000000000000002"


def channel(stage: Stage, folder: Path | None = None) -> Channel:
    keys = {"user_id": NAMES.user_id, "consumer_secret": NAMES.consumer_secret, "token": NAMES.token}
    keys |= {"username": NAMES.username, "api_url": stage.url, "app_token": "uji-app-token"}
    if folder:
        keys |= {"refresh_token": NAMES.refresh_token, "client_id": "klien", "tokens_file": str(folder / "tokens")}
    return build([ChannelTable("akun-x", "x", keys)], absent_secret=str)["akun-x"]


def answering(stage: Stage) -> None:
    """In the gateway's place: whatever comes is proven and answered as the gateway would."""
    of = channel(stage)

    def answer(call: Call) -> web.Response:
        said = of.receiver.ack(raw(call), Answer()) if of.receiver else None
        assert said is not None
        return web.Response(status=said.status, body=said.body)

    stage.gateway.always = answer


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, x=NAMES, clock=standing_clock())

    async with staged(x.build, settings) as stage:
        answering(stage)
        yield stage


def raw(call: Call) -> RawRequest:
    headers = {name.lower(): value for name, value in call.headers.items()}
    return RawRequest(call.method, "", call.raw_query.encode(), headers, call.body)


def understood(stage: Stage, call: Call) -> list[Any]:
    hearing = channel(stage)
    hearing.verify(raw(call))
    assert hearing.receiver is not None
    return list(hearing.receiver.parse(raw(call)))


async def send(stage: Stage, text: str = "Laporan diterima.", folder: Path | None = None, to: str = "x") -> Any:
    sender = channel(stage, folder).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        try:
            address = Address(to, SITI) if to == "x" else Address.read(to)
            return await sender.send(OutboundMessage("ob_0000000000001", address, text), http)
        except ChannelError as problem:
            return problem


async def test_what_people_do_is_understood(stage: Stage) -> None:
    told = []
    for count, kind in enumerate(("dm", "post", "delete", "block"), 1):
        await stage.inject(type=kind, person=SITI, text="Lampu jalan mati")
        [event] = understood(stage, (await stage.gateway.until(count))[-1])
        told.append(event)
    message, post, gone, block = told
    assert (message.kind, post.kind, gone.kind) == (MessageKind.MESSAGE, MessageKind.COMMENT, MessageKind.DELETE)
    assert (post.text, gone.target, block.event) == ("Lampu jalan mati", post.provider_id, "opted_out")
    below = await send(stage, "Terima kasih.", to=post.reply_address.reveal())
    assert isinstance(below, SendRefused), "its post is gone"


async def test_answers_leave_privately_and_below_a_post_and_never_twice(stage: Stage) -> None:
    await stage.inject(type="post", person=SITI, text="Lampu jalan mati")
    [post] = understood(stage, (await stage.gateway.until(1))[0])
    assert isinstance(post, InboundMessage)
    assert post.reply_address is not None
    assert isinstance(await send(stage), SendReceipt)
    assert isinstance(await send(stage, "Terima kasih.", to=post.reply_address.reveal()), SendReceipt)
    assert isinstance(await send(stage), SendRefused)
    assert [one["text"] for one in await stage.outbox()] == ["Laporan diterima.", "Terima kasih."]


async def test_the_hourly_challenge_is_passed_and_a_failed_one_is_mended_by_the_check(stage: Stage) -> None:
    await stage.settled()
    await stage.pass_time(hours=1, seconds=1)
    [call] = await stage.gateway.until(1)
    assert (call.method, call.path) == ("GET", "/c/akun-x")
    await stage.journal_until(lambda entries: any(entry["status"] == 200 for entry in entries))
    stage.gateway.answers = [500]
    assert (await stage.inject(type="challenge")) == {"valid": False}
    checker = channel(stage).checker
    assert checker is not None
    async with AiohttpHttp() as http:
        url = f"{stage.app[x.PLAYER].settings.gateway_url}/c/akun-x"
        assert "tried it again" in (await checker.check(http, url))[0]
        assert await checker.check(http, url) == []


async def test_a_token_that_ran_out_is_renewed(stage: Stage, tmp_path: Path) -> None:
    await stage.sim("POST", "options", {"token_hours": 2})
    await stage.pass_time(hours=3)
    assert isinstance(await send(stage), ChannelStopped)
    assert isinstance(await send(stage, folder=tmp_path), SendReceipt)
    assert isinstance(await send(stage, "Kabar kedua.", folder=tmp_path), SendReceipt)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ({"named": "no_dm"}, SendRefused),
        ({"named": "plan"}, ChannelStopped),
        ({"named": "credits"}, ChannelStopped),
        ({"named": "token", "record": False}, ChannelStopped),
        ({"named": "away"}, SendUnknown),
        ({"named": "html_502"}, SendUnknown),
        ({"accept_then_close": True}, SendUnknown),
        ({"throttle": 60}, ProviderBusy),
    ],
    ids=str,
)
async def test_every_fault_is_what_the_contract_says(
    stage: Stage, action: dict[str, Any], error: type[ChannelError]
) -> None:
    await stage.fault(action, times=-1)
    assert isinstance(await send(stage), error)


async def test_a_forged_and_a_cut_call_are_told_apart(stage: Stage) -> None:
    await stage.inject(person=SITI, text="x", **{"with": {"wrong_signature": True}})
    await stage.inject(person=SITI, text="x", **{"with": {"malformed": "truncated"}})
    problems = []
    for call in await stage.gateway.until(2):
        with pytest.raises((SignatureInvalid, PayloadInvalid)) as problem:
            understood(stage, call)
        problems.append(type(problem.value))
    assert set(problems) == {SignatureInvalid, PayloadInvalid}
