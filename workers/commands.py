"""The long-running commands of workers: `work`, `clock`, `listen`. `gateway run` starts them, and so does an operator."""

import asyncio
import os
import signal
from collections.abc import Sequence

import click

from channels.registry import Channel
from config.garbage import settled
from config.logging import get_logger
from gateway.app import Gateway
from gateway.cli.context import current_gateway_or_exit
from gateway.doorbell import QUEUES
from gateway.operations.hangup import Hangup
from gateway.operations.heart import Heart
from gateway.operations.vitals import Counted
from workers.clock import Clock
from workers.flag import Flag
from workers.hearing import hear
from workers.http import AiohttpHttp
from workers.limits import Limits
from workers.listen import listen as run_listeners
from workers.listen import listening
from workers.runtime import Runtime
from workers.targets import Targets
from workers.tools import Tools, process_name, redis_url

log = get_logger(__name__)

NOBODY_WAITS_FOR = frozenset({"classify"})
MANNERS = 5
"""How far such a process stands back while others want the same core: receipts go before reading (rule 11)."""
LAST_SECOND_S = 1.0
"""Of `server.shutdown_s`, kept for settling and closing after sends were waited for."""


@click.command()
@click.argument("queues", nargs=-1, metavar="QUEUE…", type=click.Choice(QUEUES))
def work(queues: Sequence[str]) -> None:
    """Carry out what waits in these queues (none named: all) until told to end."""
    gateway = current_gateway_or_exit()
    chosen = tuple(dict.fromkeys(queues or QUEUES))
    if NOBODY_WAITS_FOR.issuperset(chosen):
        os.nice(MANNERS)
    grace_s = max(gateway.settings.server.shutdown_s - LAST_SECOND_S, LAST_SECOND_S)
    runtime = Runtime(gateway, chosen, process_name())
    runtime.start()
    settled()
    with Heart(gateway.store, " ".join(chosen), runtime.counted), Hangup(gateway.store):
        try:
            hear(runtime, chosen, redis_url(gateway.settings), grace_s)
        finally:
            runtime.end(grace_s)
    gateway.close()
    log.info("worker_ended", queues=chosen)
    if runtime.crashed:
        raise click.ClickException("the drains died; their traceback is in the log")


@click.command()
def clock() -> None:
    """Ring queues and do what is due, until told to end. Any number may run; one of them leads."""
    gateway = current_gateway_or_exit()
    ended = Flag()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    keeper = Clock(gateway, process_name())
    settled()
    log.info("clock_ready")
    with Heart(gateway.store, "clock", Counted()), Hangup(gateway.store):
        while not ended.is_set():
            ended.wait(keeper.turn())
        keeper.close()
    gateway.close()


@click.command()
@click.argument("names", nargs=-1, metavar="NAME…")
def listen(names: Sequence[str]) -> None:
    """Ask the providers of these channels (none named: all that are to be asked) until told to end."""
    gateway = current_gateway_or_exit()
    channels = _channels(gateway, names)
    counted = Counted()
    with Heart(gateway.store, "listen", counted), Hangup(gateway.store):
        asyncio.run(_listen(gateway, channels, counted))
    gateway.close()


def _channels(gateway: Gateway, names: Sequence[str]) -> list[Channel]:
    unknown = [name for name in names if name not in gateway.channels]
    if unknown:
        raise click.UsageError(f"no channel {unknown[0]!r}; known: {', '.join(gateway.channels)}")
    chosen = listening([gateway.channels[name] for name in names or gateway.channels])
    silent = [name for name in names if name not in {channel.name for channel in chosen}]
    if silent or not chosen:
        raise click.UsageError(f"{', '.join(silent) or 'no channel'}: nothing to ask, its provider calls us")
    return chosen


async def _listen(gateway: Gateway, channels: Sequence[Channel], counted: Counted) -> None:
    loop = asyncio.get_running_loop()
    async with AiohttpHttp() as http:
        name = process_name()
        targets = Targets(gateway.settings, http, name)
        tools = Tools(gateway, http, Limits(None, "", {}), gateway.clock.now, name, targets, counted)
        settled()
        listeners = asyncio.create_task(run_listeners(channels, tools))
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, listeners.cancel)
        log.info("listeners_ready", channels=[channel.name for channel in channels])
        await asyncio.wait([listeners])
    if not listeners.cancelled():
        listeners.result()
