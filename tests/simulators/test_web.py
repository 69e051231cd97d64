"""People and robots at the public form: what reaches the gateway is what browsers, or worse, would send."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.simulators import web as visitors
from workers.simulators.settings import SimulatorSettings

TOKEN = "1795137260.01JD0000000000000000000FRM.c4S55NZyraW31LztDhCbC"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, clock=standing_clock())

    pages = iter(range(1, 1_000))

    def answer(call: Call) -> web.Response:
        if call.method == "GET":
            token = TOKEN.replace("FRM", f"{next(pages):03d}")
            return web.Response(text=f'<form><input type="hidden" name="_token" value="{token}"></form>')
        return web.Response(status=303, headers={"Location": "/terima/1"})

    async with staged(visitors.build, settings) as stage:
        stage.gateway.always = answer
        yield stage


def posts(stage: Stage) -> list[Call]:
    return [call for call in stage.gateway.calls if call.method == "POST"]


async def test_a_visit_reads_the_form_and_posts_it_like_a_browser(stage: Stage) -> None:
    answer = await stage.inject(fields={"isi": "Lampu mati", "anonim": True})
    assert answer["answers"] == [{"status": 303, "location": "/terima/1", "body": ""}]
    (post,) = posts(stage)
    fields = parse_qs(post.body.decode())
    assert (fields["isi"], fields["anonim"], fields["_token"]) == (["Lampu mati"], ["1"], [TOKEN.replace("FRM", "001")])
    assert (post.path, post.headers["Sec-Fetch-Site"]) == ("/lapor", "same-origin")


async def test_json_carries_the_nonce_as_idempotency_key(stage: Stage) -> None:
    await stage.inject(style="json", path="/c/web", fields={"rahasia": True})
    (post,) = posts(stage)
    assert post.headers["Idempotency-Key"] == TOKEN.replace("FRM", "001").split(".")[1]
    assert json.loads(post.body)["rahasia"] is True


async def test_files_make_it_multipart_with_real_pictures(stage: Stage) -> None:
    await stage.inject(files=3, file_bytes=20_000, slow_ms=20)
    (post,) = posts(stage)
    assert post.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert post.body.count(b"\xff\xd8\xff") == post.body.count(b'filename="foto-') == 3
    assert len(post.body) > 60_000


# fmt: off
TOKENS = [
    ("forged", TOKEN.replace("FRM", "001")[:-4] + "AAAA"),
    ("none",   None),
]
# fmt: on


@pytest.mark.parametrize(("token", "sent"), TOKENS)
async def test_tokens_can_be_forged_or_missing(stage: Stage, token: str, sent: str | None) -> None:
    await stage.inject(token=token)
    fields = parse_qs(posts(stage)[0].body.decode())
    assert fields.get("_token", [None]) == [sent]


async def test_an_old_token_is_the_first_that_was_ever_read(stage: Stage) -> None:
    await stage.inject()
    await stage.inject()
    await stage.inject(token="old")
    assert parse_qs(posts(stage)[0].body.decode())["_token"] == parse_qs(posts(stage)[2].body.decode())["_token"]


async def test_a_double_click_posts_the_same_bytes_twice(stage: Stage) -> None:
    await stage.inject(times=2)
    first, second = posts(stage)
    assert first.body == second.body


async def test_a_lost_network_still_delivers_the_whole_request(stage: Stage) -> None:
    answer = await stage.inject(close_after_send=True, fields={"isi": "Putus"})
    assert answer["answers"][0]["status"] == 0
    await stage.gateway.until(2)
    assert parse_qs(posts(stage)[0].body.decode())["isi"] == ["Putus"]


# fmt: off
ODD = [
    ({"honeypot": True},                      b"website=http"),
    ({"bad_utf8": True},                      b"%FF%FE"),
    ({"bad_utf8": True, "style": "json"},     b"\xff\xfe"),
    ({"bad_utf8": True, "style": "multipart"}, b"\xff\xfe"),
]
# fmt: on


@pytest.mark.parametrize(("visit", "sent"), ODD)
async def test_robots_and_broken_browsers_can_be_played(stage: Stage, visit: dict[str, Any], sent: bytes) -> None:
    await stage.inject(**visit)
    assert sent in posts(stage)[0].body


async def test_another_site_posts_with_its_own_origin(stage: Stage) -> None:
    await stage.inject(origin="https://lain.contoh.invalid")
    headers = posts(stage)[0].headers
    assert (headers["Origin"], headers["Sec-Fetch-Site"]) == ("https://lain.contoh.invalid", "cross-site")


async def test_a_burst_comes_from_as_many_addresses_as_asked(stage: Stage) -> None:
    answer = await stage.inject(burst=30, senders=5)
    assert answer["statuses"] == {"303": 30}
    assert len({call.headers["X-Forwarded-For"] for call in posts(stage)}) == 5
    assert len({parse_qs(call.body.decode())["_token"][0] for call in posts(stage)}) == 30
