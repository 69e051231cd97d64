"""X: its challenge, its tokens that run out, what leaves, asking now and then, and the check."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.errors import (
    AddressRefused,
    ChannelMisconfigured,
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    SendRefused,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.messages import Address, Answer, AttachmentRef, Inbound, InboundMessage, OutboundMessage, RawRequest
from channels.protocols import HttpResponse
from channels.x.adapter import X
from channels.x.calls import Calls
from channels.x.polling import poll
from channels.x.settings import XSettings
from config.settings import Secret
from tests.channels.recorded import PAYLOADS, channels_of, read_request, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
HIM = Address("x", "2000000000000000002")
TAKEN = HttpResponse(201, b'{"data":{"dm_conversation_id":"1-2","dm_event_id":"1990000000000000009"}}')
REFUSED = HttpResponse(401, b'{"title":"Unauthorized"}')
URL = "https://aduan.contoh.example/c/x"


def settings(**more: Any) -> XSettings:
    known = {"user_id": "2000000000000000001", "consumer_secret": Secret("uji-consumer-secret-x-0001")}
    return XSettings(**{**known, "token": Secret("uji-token-x"), "username": "pemkabcontoh", **more})


def renewing(folder: Path) -> XSettings:
    return settings(refresh_token=Secret("uji-refresh"), client_id="klien", tokens_file=folder / "tokens.json")


def answered(tree: object, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(
        status, json.dumps(tree).encode(), {key.replace("_", "-"): value for key, value in headers.items()}
    )


def test_the_challenge_is_answered_as_it_was_recorded() -> None:
    channel, request = channels_of("x")["x"], read_request(PAYLOADS / "x/crc.http")
    channel.verify(request)
    assert channel.receiver is not None
    assert channel.receiver.parse(request) == ()
    answer = channel.receiver.ack(request, Answer())
    assert json.loads(answer.body) == json.loads(read_response(PAYLOADS / "x/resp-crc.http").body)


@pytest.mark.parametrize("token", ["", "%7B%22for_user_id%22%3A%221%22%7D", "a" * 201, "%5B1%5D", "a%20b"])
def test_c14_nothing_is_signed_for_a_stranger_that_could_be_a_call(token: str) -> None:
    with pytest.raises(SignatureInvalid):
        channels_of("x")["x"].verify(RawRequest("GET", raw_query=f"crc_token={token}".encode()))


async def test_a_message_leaves_as_it_was_recorded() -> None:
    _, target, body = read_target(PAYLOADS / "x/out-dm.http")
    http = ScriptedHttp([TAKEN])
    said = OutboundMessage("ob_1", HIM, "Laporan Anda kami terima. Nomor: KB-2026-000126.")
    assert (await X(settings()).send(said, http)).provider_id == "1990000000000000009"
    [call] = http.calls
    assert (call.url, call.json) == (f"https://api.x.com{target}", json.loads(body))
    assert call.headers["authorization"] == "Bearer uji-token-x"


async def test_a_sentence_below_a_post_is_short_and_below_it() -> None:
    http, below = ScriptedHttp([answered({"data": {"id": "7"}}, 201)]), Address("x-comment", "1990000000000000002")
    assert (await X(settings()).send(OutboundMessage("ob_1", below, "Terima kasih."), http)).provider_id == "7"
    assert http.calls[0].json["reply"] == {"in_reply_to_tweet_id": "1990000000000000002"}
    for address, text in (
        (below, "x" * 281),
        (HIM, " "),
        (Address("x", "../me"), "Halo"),
        (Address("tel", "1"), "Halo"),
    ):
        with pytest.raises(SendRefused):
            await X(settings()).send(OutboundMessage("ob_1", address, text), http)


async def test_a_busy_x_is_left_alone_until_it_says() -> None:
    busy = HttpResponse(429, b"", {"x-rate-limit-reset": str(int(NOW.timestamp()) + 300)})
    with pytest.raises(ProviderBusy) as told:
        await X(settings(), lambda: NOW).send(OutboundMessage("ob_1", HIM, "Halo"), ScriptedHttp([busy]))
    assert (told.value.retry_after, told.value.whole_channel) == (300, True)


async def test_a_token_that_ran_out_is_renewed_once_and_kept_for_all_processes(tmp_path: Path) -> None:
    http = ScriptedHttp([REFUSED, answered({"access_token": "baru", "refresh_token": "segar"}), TAKEN])
    await X(renewing(tmp_path)).send(OutboundMessage("ob_1", HIM, "Halo"), http)
    assert [call.headers.get("authorization", "") for call in http.calls] == ["Bearer uji-token-x", "", "Bearer baru"]
    file = tmp_path / "tokens.json"
    assert json.loads(file.read_text()) == {"access_token": "baru", "refresh_token": "segar"}
    assert file.stat().st_mode & 0o777 == 0o600
    later = ScriptedHttp([TAKEN])
    await X(renewing(tmp_path)).send(OutboundMessage("ob_1", HIM, "Halo"), later)
    assert later.calls[0].headers["authorization"] == "Bearer baru"


async def test_a_pair_that_another_process_asked_for_is_used_before_a_new_one(tmp_path: Path) -> None:
    slow = X(renewing(tmp_path))
    (tmp_path / "tokens.json").write_text('{"access_token":"baru","refresh_token":"segar"}')
    http = ScriptedHttp([REFUSED, TAKEN])
    await slow.send(OutboundMessage("ob_1", HIM, "Halo"), http)
    assert http.calls[-1].headers["authorization"] == "Bearer baru"


class Faster(ScriptedHttp):
    """Another process renews the pair while we ask for it."""

    file: Path

    async def request(self, method: str, url: str, **more: Any) -> HttpResponse:
        if url.endswith("/token"):
            self.file.write_text('{"access_token":"baru","refresh_token":"segar"}')
        return await super().request(method, url, **more)


async def test_a_pair_that_another_process_got_meanwhile_is_no_reason_to_stop(tmp_path: Path) -> None:
    http = Faster([REFUSED, answered({"error": "invalid_grant"}, 400), TAKEN])
    http.file = tmp_path / "tokens.json"
    await X(renewing(tmp_path)).send(OutboundMessage("ob_1", HIM, "Halo"), http)
    assert http.calls[-1].headers["authorization"] == "Bearer baru"


class OldTokenEnds(ScriptedHttp):
    """Refuses the first token, whoever comes with it, after all of them have come."""

    barrier: asyncio.Barrier

    async def request(self, method: str, url: str, **more: Any) -> HttpResponse:
        await super().request(method, url, **more)
        if url.endswith("/token"):
            return answered({"access_token": "baru", "refresh_token": "segar"})
        if more["headers"]["authorization"] == "Bearer baru":
            return TAKEN
        await self.barrier.wait()
        return REFUSED


async def test_of_messages_refused_at_once_one_asks_for_a_new_token(tmp_path: Path) -> None:
    http, channel = OldTokenEnds([TAKEN]), X(renewing(tmp_path))
    http.barrier = asyncio.Barrier(2)
    await asyncio.gather(*(channel.send(OutboundMessage(f"ob_{one}", HIM, "Halo"), http) for one in range(2)))
    assert [call.endpoint for call in http.calls].count("token") == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answered({"error": "invalid_grant"}, 400), ChannelStopped),
        (HttpResponse(503, b"<html>"), TemporaryFailure),
        (HttpResponse(200, b"[]"), TemporaryFailure),
    ],
)
async def test_without_a_new_token_the_message_waits(
    answer: HttpResponse, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        await X(renewing(tmp_path)).send(OutboundMessage("ob_1", HIM, "Halo"), ScriptedHttp([REFUSED, answer]))


@pytest.mark.parametrize(
    "keys",
    [{"user_id": "@a"}, {"client_id": "x"}, {"refresh_token": Secret("x")}, {"poll_s": 10.0}],
    ids=lambda keys: next(iter(keys)),
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(keys)) if "client_id" not in keys else "refresh_token"):
        settings(**keys)


async def test_c23_the_token_is_shown_to_hosts_of_x_alone() -> None:
    http = ScriptedHttp([HttpResponse(200, b"JPEG", {"content-type": "image/jpeg"})])
    for url in ("https://jahat.example/x", "http://ton.twitter.com/x", "https://ton.twitter.com.jahat.example/x"):
        with pytest.raises(AddressRefused):
            await X(settings()).fetch(AttachmentRef(url), http, 100)
    assert http.calls == []
    found = await X(settings()).fetch(AttachmentRef("https://ton.twitter.com/1.jpg"), http, 100)
    assert (found.content, http.calls[0].options["trusted"]) == (b"JPEG", False)


ME = answered({"data": {"id": "2000000000000000001"}})


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([ME, answered({"data": [{"id": "1", "url": URL, "valid": True}]})], []),
        ([ME, answered({"data": []})], ["no webhook"]),
        ([ME, answered({"data": [{"id": "1", "url": URL, "valid": False}]}), answered({})], ["tried it again"]),
        ([ME, answered({"data": [{"id": "1", "url": URL, "valid": False}]}), answered({}, 400)], ["given our webhook"]),
        ([answered({"data": {"id": "9"}})], ["belongs to the account 9"]),
        ([answered({}, 402)], ["plan"]),
        ([REFUSED], ["refuses the token"]),
        ([HttpResponse(503, b"")], ["does not answer as it should"]),
    ],
)
async def test_the_check_says_what_to_do(answers: list[HttpResponse], says: list[str]) -> None:
    problems = await X(settings(app_token=Secret("uji-app-token"))).check(ScriptedHttp([*answers]), URL)
    assert len(problems) == len(says)
    assert all(word in problem for word, problem in zip(says, problems, strict=True))


# -- asking now and then --------------------------------------------------------------------


class Kept:
    """A bookmark in memory, and what was committed."""

    def __init__(self, position: str = "") -> None:
        self.position, self.events = position, list[Inbound | PayloadInvalid]()

    def now(self) -> datetime:
        return NOW

    async def read(self) -> str:
        return self.position

    async def keep(self, position: str) -> None:
        self.position = position

    async def submit(self, pairs: Any) -> None:
        self.events += [event for event, _ in pairs]


async def polled(kept: Kept, *answers: HttpResponse) -> tuple[ScriptedHttp, list[float]]:
    """Turns of asking until the answers are used up."""
    http, pauses, given = ScriptedHttp([*answers]), list[float](), settings(mode="poll")

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(http.answers) == 1:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await poll(given, Calls(given, lambda: NOW), X(given).parse, kept.submit, http, kept, pause)
    return http, pauses


def post(number: int, text: str) -> dict[str, str]:
    return {"id": str(number), "text": text, "author_id": HIM.path, "created_at": "2026-11-20T01:15:00.000Z"}


def message(number: int, text: str, sender: str = HIM.path) -> dict[str, str]:
    return {"id": str(number), "text": text, "sender_id": sender, "created_at": "2026-11-20T01:15:00.000Z"}


async def test_at_the_very_first_time_nothing_old_is_taken() -> None:
    kept = Kept()
    await polled(kept, answered({"data": [post(30, "lama")]}), answered({"data": [message(40, "lama")]}))
    assert (kept.position, kept.events) == ("30:40", [])


async def test_what_is_new_is_taken_once_oldest_first_and_over_pages() -> None:
    kept = Kept("30:40")
    page = answered({"data": [post(33, "@pemkabcontoh tiga"), post(32, "dua")], "meta": {"next_token": "n"}})
    rest = answered({"data": [post(31, "satu")], "meta": {}})
    told = answered({"data": [message(41, "halo"), message(40, "lama")]})
    http, _ = await polled(kept, page, rest, told)
    events = [event for event in kept.events if isinstance(event, InboundMessage)]
    assert [event.text for event in events] == ["satu", "dua", "tiga", "halo"]
    assert events[0].sent_at == NOW
    assert kept.position == "33:41"
    assert b"since_id=30" in http.calls[0].query
    assert b"pagination_token=n" in http.calls[1].query


async def test_a_long_post_is_asked_for_whole_and_a_message_comes_with_its_picture() -> None:
    kept, long, url = Kept("30:40"), "sangat " * 60, "https://ton.twitter.com/1.1/ton/data/dm/1.jpg"
    whole = post(31, f"@pemkabcontoh {long[:100]}") | {"note_tweet": {"text": f"@pemkabcontoh {long}"}}  # type: ignore[operator]
    shown = message(41, "ini fotonya") | {"attachments": {"media_keys": ["3_0", "3_1"]}}  # type: ignore[operator]
    bare = message(42, "tanpa alamat") | {"attachments": {"media_keys": ["3_9"]}}  # type: ignore[operator]
    beside = {"media": [{"media_key": "3_1", "type": "photo", "url": url}, {"media_key": "3_2"}, "?"]}
    http, _ = await polled(kept, answered({"data": [whole]}), answered({"data": [shown, bare], "includes": beside}))
    events = [event for event in kept.events if isinstance(event, InboundMessage)]
    assert [event.text for event in events] == [long.strip(), "ini fotonya", "tanpa alamat"]
    assert [[file.ref for file in event.attachments] for event in events] == [[], [url], []]
    assert b"note_tweet" in http.calls[0].query
    assert b"attachments.media_keys" in http.calls[1].query


async def test_the_budget_decides_when_it_is_asked_again_and_trouble_moves_nothing() -> None:
    kept, reset = Kept("30:40"), str(int(NOW.timestamp()) + 840)
    empty = answered({"data": []})
    spent = answered({"data": []}, x_rate_limit_remaining="0", x_rate_limit_reset=reset)
    _, pauses = await polled(kept, HttpResponse(503, b""), spent, empty)
    assert pauses == [600, 840]
    assert kept.position == "30:40"


async def test_where_the_budget_ends_between_two_pages_the_older_posts_are_still_taken() -> None:
    kept, reset, none = Kept("30:40"), str(int(NOW.timestamp()) + 840), answered({"data": []})
    more = {"data": [post(33, "tiga"), post(32, "dua")], "meta": {"next_token": "n"}}
    cut = answered(more, x_rate_limit_remaining="0", x_rate_limit_reset=reset)
    rest = answered({"data": [post(31, "satu")]})
    await polled(kept, cut, none, answered(more), rest, none)
    assert {event.text for event in kept.events if isinstance(event, InboundMessage)} == {"satu", "dua", "tiga"}
    assert kept.position == "33:40"


def test_a_long_post_is_read_whole_and_as_it_was_typed() -> None:
    us = {"user_mentions": [{"id_str": "2000000000000000001", "screen_name": "pemkabcontoh"}]}
    long = "Jalan A &amp; B rusak " + "sekali " * 20
    cut = {"id_str": "1", "user": {"id_str": "2"}, "text": long[:130] + "\u2026", "truncated": True, "entities": {}}
    whole = {"full_text": f"{long}@pemkabcontoh", "entities": us}
    body = {"for_user_id": "2000000000000000001", "tweet_create_events": [{**cut, "extended_tweet": whole}]}
    [event] = X(settings()).parse(RawRequest("POST", body=json.dumps(body).encode()))
    assert isinstance(event, InboundMessage)
    assert event.text == "Jalan A & B rusak " + ("sekali " * 20).strip()


async def test_a_refused_token_is_told_to_people() -> None:
    with pytest.raises(ChannelMisconfigured):
        await polled(Kept("30:40"), REFUSED)
