"""Run Listeners: channels whose provider is asked, not waited for. Under a lease, so that exactly one process asks.

What a listener received takes the same way as a webhook: the Writer commits it, then the listener's position moves on.
Where the listener holds the only connection to its provider (SMPP), messages leave here as well, by the same drain as in
any worker: claimed, committed, sent, settled.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from channels.errors import ChannelMisconfigured, PayloadInvalid
from channels.messages import Answer, Inbound, RawRequest
from channels.registry import Channel
from config.logging import get_logger
from gateway.app import open_writer
from gateway.intake.arrival import Arrival
from gateway.intake.batching import Spooled, Writer
from gateway.operations import bookmarks, leases
from gateway.outbound import pulse
from workers.counting import CountingWork
from workers.drain import Drain
from workers.lanes import open_bound_work
from workers.tools import Tools

log = get_logger(__name__)

LEASE_S = 30.0
RENEW_S = 10.0
AGAIN_S = 5.0
"""After a crash, and while somebody else listens."""
LOOK_EVERY_S = 1.0
"""How often a drain of ours looks whether something is to be sent: nobody rings here."""
FINISH_S = 5.0
"""What is on its way to the provider has so long when we end."""


def listening(channels: Sequence[Channel]) -> list[Channel]:
    """The channels whose settings ask for a listener."""
    return [channel for channel in channels if channel.listener and channel.listener.listens()]


async def listen(channels: Sequence[Channel], tools: Tools) -> None:
    """Listen to all of `channels` until cancelled; what was received is committed before this returns."""
    writer = open_writer(tools.gateway)
    writing = asyncio.create_task(writer.run())
    try:
        await asyncio.gather(*(_listen_under_lease(channel, tools, writer) for channel in channels))
    finally:
        writer.close()
        await writing


async def _listen_under_lease(channel: Channel, tools: Tools, writer: Writer) -> None:
    known = tools.gateway.channels.get(channel.name)
    while True:
        current = tools.gateway.channels.get(channel.name)
        if current is not None and current is not known:  # it has other credentials
            channel = known = current
        if await _leads(channel, tools):
            log.info("listening_began", channel=channel.name)
            await _listen_while_leading(channel, tools, writer, known)
        await asyncio.sleep(AGAIN_S)


async def _listen_while_leading(channel: Channel, tools: Tools, writer: Writer, known: Channel | None) -> None:
    """Until the lease is lost, the listener crashes or the channel has other credentials than `known`."""
    rests = asyncio.Event()
    asking, is_asking = asyncio.create_task(_ask(channel, tools, writer, rests)), False
    try:
        async with _sending(channel, tools):
            while not asking.done() and await _leads(
                channel, tools, is_asking=is_asking and not rests.is_set() and channel.is_connected
            ):
                if tools.gateway.channels.get(channel.name) is not known:
                    break
                await asyncio.wait([asking], timeout=RENEW_S)
                is_asking = True  # one that crashes at once never says that it lives
    finally:
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.to_thread(_release, channel, tools)
        log.info("listening_ended", channel=channel.name)


@asynccontextmanager
async def _sending(channel: Channel, tools: Tools) -> AsyncIterator[None]:
    """What leaves over the connection of this listener leaves meanwhile; at the end what is on its way is waited for."""
    if not channel.capabilities.bound:
        yield
        return
    work = CountingWork("deliver", open_bound_work(tools, channel), tools.counted)
    drain = Drain("deliver", work, tools.gateway.store.transaction, tools.now)
    running, looking = asyncio.create_task(drain.run()), asyncio.create_task(_look_again(drain))
    try:
        yield
    finally:
        looking.cancel()
        drain.stop(FINISH_S)
        await asyncio.wait([running, looking])


async def _look_again(drain: "Drain[Any, Any]") -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        drain.wake.ring()


async def _ask(channel: Channel, tools: Tools, writer: Writer, rests: asyncio.Event) -> None:
    """`rests` is set while the listener only waits before it may try again: then it does not count as alive."""
    assert channel.listener is not None  # noqa: S101 - `listening` chose it

    async def submit(received: Sequence[tuple[Inbound | PayloadInvalid, RawRequest]]) -> list[Answer]:
        now = tools.now()
        # Begun in order, and the Writer keeps that order; all of them share its commits.
        return await asyncio.gather(
            *(_kept(writer, channel, tools, event, raw, raw.received_at or now) for event, raw in received)
        )

    try:
        await channel.listener.listen(submit, tools.http, _Bookmark(channel.name, tools))
    except ChannelMisconfigured as problem:
        log.warning("listener_refused", channel=channel.name, problem=str(problem))
        rests.set()
        await _tell(channel, tools, str(problem))
        # The lease stays ours meanwhile: nobody else tries sooner.
        await asyncio.sleep(problem.rest_s)
    except Exception:
        log.exception("listener_crashed", channel=channel.name)


async def _tell(channel: Channel, tools: Tools, problem: str) -> None:
    """On the channel's screen, until it listens again."""
    refused = partial(pulse.refused, channel=channel.name, problem=problem)
    try:
        await asyncio.to_thread(tools.gateway.store.run, refused)
    except Exception:  # noqa: BLE001 - without a database there is no screen either
        log.warning("refusal_not_told", channel=channel.name)


@dataclass(frozen=True, slots=True)
class _Bookmark:
    channel: str
    tools: Tools

    def now(self) -> datetime:
        return self.tools.now()

    async def read(self) -> str:
        return await asyncio.to_thread(self.tools.gateway.store.run, partial(bookmarks.read, channel=self.channel))

    async def keep(self, position: str) -> None:
        kept = partial(bookmarks.keep, channel=self.channel, position=position)
        await asyncio.to_thread(self.tools.gateway.store.run, kept)

    async def earlier(self, beginning: str, since: datetime, until: datetime) -> str:
        look = partial(bookmarks.earlier, channel=self.channel, beginning=beginning, since=since, until=until)
        return await asyncio.to_thread(self.tools.gateway.store.run, look)


async def _kept(
    writer: Writer,
    channel: Channel,
    tools: Tools,
    event: Inbound | PayloadInvalid,
    raw: RawRequest,
    received_at: datetime,
) -> Answer:
    if isinstance(event, PayloadInvalid):
        await writer.put_aside(Arrival(channel.name, (), raw, received_at), event.code, str(event)[:300])
        return Answer()
    arrival = Arrival(channel.name, [event], raw, received_at)
    try:
        return await writer.submit(arrival)
    except Spooled:  # safely on the disk
        return _polite(channel, tools) if arrival.is_session else Answer()


def _polite(channel: Channel, tools: Tools) -> Answer:
    """For a phone that shows our answer at once, although there is none: an SMS to the same number is another way."""
    texts, language = tools.gateway.texts, tools.gateway.settings.government.language
    by_sms = texts("error.session_call.by_sms", language, nomor=channel.own)
    return Answer(f"{texts('error.session_call.spooled', language)} {by_sms}")


async def _leads(channel: Channel, tools: Tools, *, is_asking: bool = False) -> bool:
    try:
        return await asyncio.to_thread(_acquire, channel, tools, is_asking)
    except Exception:
        log.exception("lease_failed", lease=_lease(channel))
        return False


def _acquire(channel: Channel, tools: Tools, is_asking: bool) -> bool:
    """Take or renew the lease; with it goes the sign of life that the channel's screen looks for."""
    with tools.gateway.store.transaction() as tx:
        leads = leases.acquire(tx, _lease(channel), tools.process, LEASE_S) is not None
        if leads and is_asking:
            pulse.alive(tx, channel.name, looked_after=channel.starter is not None)
        return leads


def _release(channel: Channel, tools: Tools) -> None:
    try:
        with tools.gateway.store.transaction() as tx:
            leases.release(tx, _lease(channel), tools.process)
    except Exception:  # noqa: BLE001 - without a database the lease runs out by itself
        log.warning("lease_not_released", lease=_lease(channel))


def _lease(channel: Channel) -> str:
    return f"listen:{channel.name}"
