"""Ask providers what their calls only named (a mention without its words), now and then, while they know us."""

import asyncio

from channels.errors import ChannelError
from channels.registry import Channel
from config.logging import get_logger
from gateway.intake import asking
from workers.tools import Tools

log = get_logger(__name__)


async def ask(channel: Channel, tools: Tools) -> None:
    """Each call once; what cannot be told now is asked again at the next turn."""
    if channel.asker is None:
        return
    for kept in await asyncio.to_thread(asking.waiting, tools.gateway.store, channel.name):
        try:
            events = await channel.asker.ask(kept[1], tools.http)
        except ChannelError as problem:
            log.warning("call_not_asked_about", channel=channel.name, problem=type(problem).__name__)
            return
        await asyncio.to_thread(asking.answered, tools.gateway.store, channel.name, kept, events)
