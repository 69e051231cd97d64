"""Ask providers what their calls only named (a mention without its words), now and then, while they know us."""

import asyncio

from channels.errors import ChannelError, PayloadInvalid, SendRefused
from channels.protocols import Http
from channels.registry import Channel
from config.logging import get_logger
from gateway.app import Gateway
from gateway.intake import asking

log = get_logger(__name__)


async def ask(channel: Channel, gateway: Gateway, http: Http) -> None:
    """Each call once; what cannot be told now is asked again at the next turn, what never can be keeps no other back."""
    if channel.asker is None:
        return
    for kept in await asyncio.to_thread(asking.waiting, gateway.store, channel.name):
        try:
            events = await channel.asker.ask(kept[1], http)
        except (PayloadInvalid, SendRefused) as problem:
            log.warning("call_not_asked_about", channel=channel.name, problem=type(problem).__name__)
            events = ()
        except ChannelError as problem:
            log.warning("call_not_asked_about", channel=channel.name, problem=type(problem).__name__)
            return
        await asyncio.to_thread(asking.answered, gateway.store, channel.name, kept, events)
