"""Asking providers from a command: whether they accept us, in sentences that say what to do.

What concerns every kind alike is looked at here, beside the adapter's own check: does our address lead to the gateway, does our
clock go like the provider's.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import import_module
from typing import Any

from channels.errors import ChannelError
from channels.protocols import Http, HttpResponse
from channels.registry import Channel
from config import clock

HTTP = "workers.http:AiohttpHttp"
"""Named as text: the HTTP client belongs to the package above, as long-running commands do."""
CLOCKS_DIFFER = timedelta(seconds=30)
"""More than the seconds that a header leaves out and that an answer is on its way; signatures with a time bear a few minutes."""
NOT_US = "something else than the gateway answers at {url} (HTTP {status}): lead /c/ of that host to the gateway's port"
NOBODY = "nobody answers at {url} ({code}): does the name lead to this machine, are port 443 and the certificate right?"
ANSWERS = {
    HTTPStatus.NOT_FOUND: "the gateway does not know {url}: start it again after a change of the settings",
    HTTPStatus.BAD_GATEWAY: "the proxy at {url} does not reach the gateway: does `gateway serve` run, is its port right?",
    HTTPStatus.SERVICE_UNAVAILABLE: "the gateway at {url} takes nothing at the moment: ask `gateway doctor`",
    HTTPStatus.GATEWAY_TIMEOUT: "the proxy at {url} waits for the gateway in vain: does `gateway serve` run, is its port right?",
}


def ask_providers(chosen: Iterable[Channel], public_url: str) -> list[tuple[Channel, list[str]]]:
    """What each provider says about us, as sentences that say what to do; none where all is well."""
    return asyncio.run(_check(chosen, public_url))


async def _check(chosen: Iterable[Channel], public_url: str) -> list[tuple[Channel, list[str]]]:
    module, _, name = HTTP.partition(":")
    async with getattr(import_module(module), name)() as http:
        return [(channel, await problems_of(channel, http, public_url, clock.now)) for channel in chosen]


async def problems_of(channel: Channel, http: Http, public_url: str, now: Callable[[], datetime]) -> list[str]:
    """What is wrong with one channel: first what its adapter finds, then what is the same for all."""
    watched = Watched(http, now)
    url = f"{public_url}/c/{channel.name}"
    found = await channel.checker.check(watched, url) if channel.checker else []
    found += clock_problems(watched.ahead)
    if channel.receiver and public_url.startswith("https://"):  # else nobody but this machine is meant to call
        found += await way_problems(http, url)
    return found


class Watched:
    """An Http that looks at the clock of whoever answers."""

    def __init__(self, http: Http, now: Callable[[], datetime]) -> None:
        self._http, self._now = http, now
        self.ahead: timedelta | None = None
        """How far our clock is before theirs; None where nobody told the time."""

    async def request(self, *target: Any, **more: Any) -> HttpResponse:
        answer = await self._http.request(*target, **more)
        self.ahead = ahead_of(answer.headers.get("date", ""), self._now()) or self.ahead
        return answer


def ahead_of(date: str, now: datetime) -> timedelta | None:
    """Our time minus that of a `Date` header; None without one that can be read."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    return now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))


def clock_problems(ahead: timedelta | None) -> list[str]:
    if ahead is None or abs(ahead) <= CLOCKS_DIFFER:
        return []
    seconds, word = abs(ahead).total_seconds(), "ahead of" if ahead > timedelta() else "behind"
    return [
        f"this machine's clock is {seconds:.0f} s {word} the provider's: proofs with a time in them fail; set it (timedatectl set-ntp true)"
    ]


async def way_problems(http: Http, url: str) -> list[str]:
    """Calls our own address as a stranger: whoever refuses that politely is the gateway. Counts as one forged call."""
    try:
        answer = await http.request("POST", url, body=b"")
    except ChannelError as problem:
        return [NOBODY.format(url=url, code=problem.code)]
    known = ANSWERS.get(HTTPStatus(answer.status)) if answer.status in ANSWERS else None
    if known:
        return [known.format(url=url)]
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return []
    return [NOT_US.format(url=url, status=answer.status)]
