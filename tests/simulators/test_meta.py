"""The simulated app of Meta and the gateway's adapters understand each other, in good days and bad."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from channels.errors import (
    ChannelError,
    ChannelStopped,
    FileGone,
    PayloadInvalid,
    ProviderBusy,
    RecipientRefused,
    SendHeld,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.messages import (
    Address,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    RawRequest,
    SendReceipt,
)
from channels.registry import Channel, build
from config.load import settings_from
from config.settings import ChannelTable
from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import meta
from workers.simulators.settings import MetaNames, SimulatorSettings
from workers.simulators.wiring import simulator_settings

NAMES = MetaNames(
    "fb", "ig", token="uji-token-halaman", app_id="600000000000001", app_secret="uji-app-secret-meta-0001"
)
SITI = {"messenger": "5000000000000001", "instagram": "900000000000001"}
K, S = MessageKind, DeliveryStatus


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, meta=NAMES, clock=standing_clock())

    async with staged(meta.build, settings) as stage:
        yield stage


def channel(stage: Stage, kind: str = "messenger", **more: Any) -> Channel:
    keys = {
        "page_id": NAMES.page_id,
        "app_id": NAMES.app_id,
        "token": NAMES.token,
        "app_secret": NAMES.app_secret,
        "verify_token": "uji-verify-token-meta",
        "api_url": stage.url,
    }
    keys |= {"account_id": NAMES.account_id} if kind == "instagram" else {}
    return build([ChannelTable("ch", kind, {**keys, **more})], absent_secret=str)["ch"]


async def send(stage: Stage, text: str = "Laporan diterima.", kind: str = "messenger", **more: Any) -> Any:
    """The receipt, or the error."""
    address = Address("fb" if kind == "messenger" else "ig", SITI[kind])
    granted = {"human_agent": more.pop("human_agent", False)}
    sender = channel(stage, kind, **granted).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        try:
            return await sender.send(OutboundMessage("ob_0000000000001", address, text, **more), http)
        except ChannelError as problem:
            return problem


def understood(stage: Stage, call: Call) -> list[Any]:
    hearing = channel(stage, "messenger" if call.path == "/c/fb" else "instagram")
    headers = {name.lower(): value for name, value in call.headers.items()}
    request = RawRequest(call.method, "", b"", headers, call.body)
    hearing.verify(request)
    assert hearing.receiver is not None
    return list(hearing.receiver.parse(request))


async def said(stage: Stage, count: int = 1, **item: Any) -> Any:
    await stage.inject(**({"person": SITI[item.get("on", "messenger")]} | item))
    [event] = understood(stage, (await stage.gateway.until(count))[-1])
    return event


@pytest.mark.parametrize("on", ["messenger", "instagram"])
@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"type": "text", "text": "Lampu jalan mati"}, K.MESSAGE),
        ({"type": "photo", "text": "ini"}, K.MESSAGE),
        ({"type": "voice"}, K.MESSAGE),
        ({"type": "location"}, K.MESSAGE),
        ({"type": "story_mention"}, K.MESSAGE),
        ({"type": "story_reply", "text": "sama"}, K.MESSAGE),
        ({"type": "postback", "text": "Mulai"}, K.MESSAGE),
        ({"type": "sticker"}, K.UNSUPPORTED),
        ({"type": "unsupported"}, K.UNSUPPORTED),
        ({"type": "reaction"}, K.SERVICE),
        ({"type": "inbox_answer", "text": "Baik"}, K.ECHO),
        ({"type": "comment", "text": "Parit mampet"}, K.COMMENT),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
async def test_what_people_do_is_understood(stage: Stage, on: str, item: dict[str, Any], kind: MessageKind) -> None:
    event = await said(stage, on=on, **item)
    assert (event.kind, event.sender.path) == (kind, SITI[on])


async def test_what_was_written_can_be_changed_and_taken_back(stage: Stage) -> None:
    first = await said(stage, text="Lampu mati")
    edit = await said(stage, 2, type="edit", text="Lampu jalan mati")
    gone = await said(stage, 3, type="unsend")
    assert (edit.kind, gone.kind) == (K.EDIT, K.DELETE)
    assert edit.target == gone.target == first.provider_id
    comment = await said(stage, 4, type="comment", text="Parit")
    changed = await said(stage, 5, type="comment_edit", text="Parit mampet")
    removed = await said(stage, 6, type="comment_remove")
    assert (changed.kind, removed.kind) == (K.EDIT, K.DELETE)
    assert changed.target == removed.target == comment.provider_id


async def test_an_answer_is_echoed_delivered_and_seen(stage: Stage) -> None:
    await said(stage, text="Lampu jalan mati")
    await stage.sim("POST", "options", {"reads": True})
    receipt = await send(stage)
    assert isinstance(receipt, SendReceipt)
    await stage.pass_time(seconds=1)
    events = [event for call in (await stage.gateway.until(4))[1:] for event in understood(stage, call)]
    told = {(event.status, event.message_id) for event in events if isinstance(event, DeliveryReport)}
    assert (S.SENT, "ob_0000000000001") in told
    assert (S.DELIVERED, receipt.provider_id) in told
    assert {event.provider_id for event in events if event.status is S.SENT} == {receipt.provider_id}
    assert [event.up_to for event in events if event.status is S.READ] == [Address("fb", SITI["messenger"])]


async def test_the_window_and_the_tag_for_people_hold_in_virtual_time(stage: Stage) -> None:
    await said(stage, text="Lampu jalan mati")
    await stage.pass_time(hours=25)
    assert isinstance(await send(stage), SendHeld)
    assert isinstance(await send(stage, typed=True), SendHeld)
    assert isinstance(await send(stage, typed=True, human_agent=True), SendReceipt)
    await stage.pass_time(days=7)
    assert isinstance(await send(stage, typed=True, human_agent=True), SendHeld)
    assert [one["details"]["tag"] for one in await stage.outbox()] == ["HUMAN_AGENT"]


@pytest.mark.parametrize("on", ["messenger", "instagram"])
async def test_a_comment_has_one_private_reply_which_opens_no_window(stage: Stage, on: str) -> None:
    comment = await said(stage, on=on, type="comment", text="Parit mampet")
    assert isinstance(await send(stage, kind=on, reply_to=comment.provider_id), SendReceipt)
    again = await send(stage, kind=on, reply_to=comment.provider_id)
    assert isinstance(again, SendRefused)
    assert again.reason == "already_replied"
    assert isinstance(await send(stage, kind=on), SendHeld)
    late = await said(stage, len(stage.gateway.calls) + 1, on=on, type="comment", text="Got buntu")
    await stage.pass_time(days=8)
    assert isinstance(await send(stage, kind=on, reply_to=late.provider_id), SendRefused)


async def test_f66_a_signature_over_other_bytes_and_a_wrong_one_are_refused(stage: Stage) -> None:
    await stage.inject(person=SITI["messenger"], text="palsu", **{"with": {"wrong_signature": True}})
    [call] = await stage.gateway.until(1)
    with pytest.raises(SignatureInvalid):
        understood(stage, call)


async def test_a_call_with_several_people_and_both_platforms_is_read_whole(stage: Stage) -> None:
    items = [{"text": "satu", "person": "501"}, {"text": "dua", "person": "502"}]
    items += [{"text": "tiga", "person": "901", "on": "instagram"}]
    await stage.inject(type="batch", items=items)
    calls = {call.path: understood(stage, call) for call in await stage.gateway.until(2)}
    assert [event.text for event in calls["/c/fb"]] == ["satu", "dua"]
    assert [event.text for event in calls["/c/ig"]] == ["tiga"]


async def test_f81_times_in_seconds_are_the_same_times(stage: Stage) -> None:
    first = await said(stage, text="satu")
    await stage.sim("POST", "options", {"seconds": True})
    assert (await said(stage, 2, text="dua")).sent_at == first.sent_at


async def test_what_is_refused_comes_again_and_who_fails_long_is_unsubscribed_and_mended(stage: Stage) -> None:
    stage.gateway.answers = [503]
    await stage.inject(person=SITI["messenger"], text="Lampu jalan mati")
    await stage.gateway.until(1)
    await stage.settled()
    await stage.pass_time(seconds=10)
    first, second = await stage.gateway.until(2)
    assert first.body == second.body
    stage.gateway.always = lambda _: web.Response(status=500)
    await stage.inject(person=SITI["messenger"], text="Lagi")
    for calls in (3, 4, 5):
        await stage.gateway.until(calls)
        await stage.settled()
        await stage.pass_time(hours=20)
    assert not stage.app[meta.PLAYER].webhook.subscribed
    checker = channel(stage).checker
    assert checker is not None
    async with AiohttpHttp() as http:
        url = f"{stage.app[meta.PLAYER].settings.gateway_url}/c/fb"
        assert "is again now" in (await checker.check(http, url))[0]
        assert await checker.check(http, url) == []
        assert await channel(stage, "instagram").checker.check(http, url) == []  # type: ignore[union-attr]


ERRORS: list[tuple[str, type[ChannelError]]] = [
    ("window", SendHeld),
    ("window_instagram", SendHeld),
    ("unavailable", RecipientRefused),
    ("no_such_user", RecipientRefused),
    ("blocked", RecipientRefused),
    ("already_replied", SendRefused),
    ("rate", ProviderBusy),
    ("app_rate", ProviderBusy),
    ("rate_5_min", ProviderBusy),
    ("token", ChannelStopped),
    ("permission", ChannelStopped),
    ("restricted", ChannelStopped),
    ("service", TemporaryFailure),
    ("unknown_error", TemporaryFailure),
    ("temporary_send", TemporaryFailure),
    ("html_502", SendUnknown),
]


@pytest.mark.parametrize(("name", "error"), ERRORS, ids=[name for name, _ in ERRORS])
async def test_every_named_error_is_what_the_contract_says(stage: Stage, name: str, error: type[ChannelError]) -> None:
    await said(stage, text="Lampu jalan mati")
    await stage.fault({"named": name})
    assert isinstance(await send(stage), error)
    assert await stage.outbox() == []


async def test_a_lost_answer_is_settled_by_the_echo(stage: Stage) -> None:
    await said(stage, text="Lampu jalan mati")
    await stage.fault({"accept_then_close": True})
    assert isinstance(await send(stage), SendUnknown)
    await stage.pass_time(seconds=1)
    events = [event for call in (await stage.gateway.until(2))[1:] for event in understood(stage, call)]
    assert ("ob_0000000000001", S.SENT) in {(event.message_id, event.status) for event in events}


async def test_a_sentence_below_a_comment_is_public(stage: Stage) -> None:
    comment = await said(stage, type="comment", text="Parit mampet")
    sender = channel(stage).sender
    assert sender is not None
    async with AiohttpHttp() as http:
        below = Address("fb-comment", comment.provider_id.removeprefix("c:"))
        await sender.send(OutboundMessage("ob_1", below, "Terima kasih, kami kirim pesan pribadi."), http)
    assert [one["details"] for one in await stage.outbox()] == [{"below": below.path}]


async def test_a_photo_is_fetched_and_a_lost_one_is_gone(stage: Stage) -> None:
    async with AiohttpHttp() as http:
        of = channel(stage)
        assert of.checker is not None
        assert of.fetcher is not None
        await of.checker.check(http, "http://127.0.0.1/c/fb")  # from now on it knows where it is reached
        event: InboundMessage = await said(stage, type="photo")
        [picture] = event.attachments
        assert (await of.fetcher.fetch(picture, http, 10**7)).content.startswith(b"\xff\xd8")
        stage.app[meta.PLAYER].world.files.clear()
        with pytest.raises(FileGone):
            await of.fetcher.fetch(picture, http, 10**7)


@pytest.mark.parametrize("malformed", ["truncated", "wrong_type", "not_json"])
async def test_a_broken_call_is_proven_and_not_understood(stage: Stage, malformed: str) -> None:
    await stage.inject(person=SITI["messenger"], text="x", **{"with": {"malformed": malformed}})
    [call] = await stage.gateway.until(1)
    with pytest.raises(PayloadInvalid):
        understood(stage, call)


def test_the_simulator_plays_the_channels_of_the_settings() -> None:
    keys = 'page_id = "40"\ntoken = "t"\napp_secret = "s"\nverify_token = "v"\napi_url = "http://127.0.0.1:1/meta"\n'
    text = f'[storage]\nidentity_key = "a-key-of-this-test-0123456789abcdef-xyz"\n[channels.fb]\nkind = "messenger"\n{keys}'
    text += f'[channels.ig]\nkind = "instagram"\naccount_id = "178"\n{keys}'
    played = simulator_settings(settings_from(text, environ={})).meta
    assert (played.page_channel, played.instagram_channel) == ("fb", "ig")
    assert (played.page_id, played.account_id, played.app_secret) == ("40", "178", "s")
