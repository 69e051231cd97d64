"""What is looked at for every kind of channel alike: our address from outside, and our clock against the provider's."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import ChannelError
from channels.protocols import HttpResponse
from channels.registry import webhook_kinds
from gateway.cli.providers import problems_of
from tests.channels.recorded import channels_of
from tests.channels.scripted_http import FAILURES, ScriptedHttp

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
WELL = HttpResponse(400, b"Missing receiver number, rejected", {"date": "Mon, 23 Nov 2026 01:00:00 GMT"})
REFUSED = HttpResponse(403, b"")


async def found(*answers: HttpResponse | ChannelError, public_url: str = "https://aduan.contoh.example") -> list[str]:
    """Of Kannel, which is asked once, and then our own address."""
    kannel = channels_of("kannel")["sms-kannel"]
    return await problems_of(kannel, ScriptedHttp([*answers]), public_url, lambda: NOW)


async def test_all_is_well_when_our_address_refuses_strangers_and_the_clocks_agree() -> None:
    assert await found(WELL, REFUSED) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HttpResponse(200, b"<html>"), "something else than the gateway answers"),
        (HttpResponse(301, b""), "something else than the gateway answers"),
        (HttpResponse(404, b""), "does not know https://aduan.contoh.example/c/sms-kannel"),
        (HttpResponse(502, b""), "does not reach the gateway"),
        (HttpResponse(503, b""), "takes nothing at the moment"),
        (HttpResponse(504, b""), "waits for the gateway in vain"),
        (FAILURES["connect_refused"], "nobody answers at https://aduan.contoh.example/c/sms-kannel"),
        (FAILURES["tls_failed"], "certificate"),
    ],
)
async def test_an_address_that_does_not_lead_to_us_is_told(answer: HttpResponse | ChannelError, words: str) -> None:
    [problem] = await found(WELL, answer)
    assert words in problem


async def test_an_address_that_only_this_machine_has_is_not_called() -> None:
    assert await found(WELL, FAILURES["connect_refused"], public_url="http://127.0.0.1:8080") == []


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (timedelta(), []),
        (timedelta(seconds=29), []),
        (timedelta(minutes=-5), ["300 s ahead of"]),
        (timedelta(minutes=5), ["300 s behind"]),
    ],
)
async def test_a_clock_that_differs_from_the_providers_is_told(theirs: timedelta, words: Sequence[str]) -> None:
    date = f"{NOW + theirs:%a, %d %b %Y %H:%M:%S} GMT"
    said = await found(HttpResponse(WELL.status, WELL.body, {"date": date}), REFUSED)
    assert len(said) == len(words)
    assert all(word in line and "timedatectl" in line for word, line in zip(words, said, strict=True))


@pytest.mark.parametrize("date", ["", "kemarin", "Mon, 99 Nov 2026 01:00:00 GMT"])
async def test_a_provider_that_tells_no_time_is_no_problem(date: str) -> None:
    assert await found(HttpResponse(WELL.status, WELL.body, {"date": date}), REFUSED) == []


@pytest.mark.parametrize("kind", sorted(webhook_kinds()))
async def test_the_way_is_looked_at_for_every_kind_that_is_called(kind: str) -> None:
    for channel in channels_of(kind).values():
        if channel.receiver and not channel.checker:
            http = ScriptedHttp([HttpResponse(502, b"")])
            assert len(await problems_of(channel, http, "https://aduan.contoh.example", lambda: NOW)) == 1
