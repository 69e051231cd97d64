"""Tell providers where to bring what they have (setWebhook), and look now and then whether they still do.

Providers that need no registration are checked only when a person asks (`gateway channels check`): their check is a
call that a small SMS gateway might take for a message.
A failure is shown on the channel's screen and repeated; it never stops the start. One process at a time does it.
"""

import asyncio
from functools import partial
from typing import Any

from channels.errors import ChannelError
from channels.registry import Channel
from config.logging import get_logger
from gateway.operations import leases
from gateway.outbound import pulse
from workers.asking import ask
from workers.tools import Tools

log = get_logger(__name__)
LOOK_EVERY_S = 300.0
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""After failures, one more each. Soon at first: a provider that starts beside us answers a second later."""
CHANGED_EVERY_S = 5.0
TAKEN_UP_S = 20.0
"""By then every process has looked (`Heart`)."""
TAKE_OVER_S = 30.0
"""While another process does it."""
LEASE_S = 60.0


async def keep_registered(tools: Tools) -> None:
    """Until cancelled: register every channel that wants it once, then check that it still is."""
    names = [name for name, channel in tools.gateway.channels.items() if channel.starter]
    await asyncio.gather(*(_keep(name, tools) for name in names))


async def _keep(name: str, tools: Tools) -> None:
    started, failures, channel = False, 0, tools.gateway.channels[name]
    while True:
        started = started and tools.gateway.channels[name] is channel
        channel = tools.gateway.channels[name]
        if not await asyncio.to_thread(_write, tools, partial(_lead, channel=channel, tools=tools)):
            await asyncio.sleep(TAKE_OVER_S)
            continue
        started, problems = await _look(channel, tools, started)
        failures = failures + 1 if problems else 0
        if not problems:
            await ask(channel, tools.gateway, tools.http)
        await _rest(tools, channel, pause_s(failures))


async def _rest(tools: Tools, channel: Channel, seconds: float) -> None:
    """So long, or until the channel has other credentials; then until every web process takes calls that prove them."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left_s := until - loop.time()) > 0:
        await asyncio.sleep(min(left_s, CHANGED_EVERY_S))
        if tools.gateway.channels[channel.name] is not channel:
            await asyncio.sleep(TAKEN_UP_S)
            return


def pause_s(failures: int) -> float:
    """Seconds until the next look, after so many failures in a row."""
    return AGAIN_S[min(failures, len(AGAIN_S)) - 1] if failures else LOOK_EVERY_S


async def _look(channel: Channel, tools: Tools, started: bool) -> tuple[bool, list[str]]:
    """Register if that is still to be done, then check; whether it is registered, and what is wrong."""
    url = f"{tools.gateway.settings.server.public_url}/c/{channel.name}"
    problems: list[str] = []
    try:
        if channel.starter and not started:
            await channel.starter.start(tools.http, url)
            started = True
        if channel.checker:
            problems = await channel.checker.check(tools.http, url)
    except (ChannelError, OSError) as problem:
        problems = [f"{type(problem).__name__}: {problem}"[:200]]
        log.warning("channel_not_registered", channel=channel.name, problem=type(problem).__name__)
    await asyncio.to_thread(_write, tools, partial(pulse.checked, channel=channel.name, problems=problems))
    return started, problems


def _lead(tx: Any, channel: Channel, tools: Tools) -> bool:
    return leases.acquire(tx, f"register:{channel.name}", tools.process, LEASE_S) is not None


def _write(tools: Tools, work: "partial[bool] | partial[None]") -> bool:
    with tools.gateway.store.transaction() as tx:
        return bool(work(tx))
