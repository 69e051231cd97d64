"""Which addresses may be registered and called: public ones over https, and networks that the settings name (C23).

Checked when an address is registered and again by whoever opens each connection: a name may lead elsewhere by then.
"""

import asyncio
import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from yarl import URL

from channels.errors import AddressRefused
from config.settings import Settings
from gateway.roads import USUAL_PORTS, IPAddress, Road, is_near, is_public, unwrapped

LOOK_UP_S = 5.0
LONGEST = 500
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=256)
def _roads(networks: tuple[str, ...], is_training: bool) -> tuple[Road, Road]:
    """The ways over https and over http."""
    known: Sequence[Network] = [ip_network(one, strict=False) for one in networks]

    def is_named(address: IPAddress) -> bool:
        inner = unwrapped(address)
        return any(inner in network for network in known)

    def is_allowed(address: IPAddress) -> bool:
        # What is practised tells nobody outside.
        return is_named(address) or (is_public(address) and not is_training)

    def is_named_and_near(address: IPAddress) -> bool:
        return is_named(address) and is_near(address)

    secure = Road("webhook", "https", is_allowed, USUAL_PORTS, looks_up_each_time=True)
    return secure, Road("webhook", "http", is_named_and_near, looks_up_each_time=True)


def road_of(url: str, settings: Settings) -> tuple[URL, Road]:
    """The address and its way; AddressRefused when it may not be called as it is written."""
    try:
        target = URL(url)
        port = target.port
    except ValueError:
        raise AddressRefused("not an address") from None
    if len(url) > LONGEST or not port or target.user is not None or target.fragment:
        raise AddressRefused("not an address that can be called")
    secure, near = _roads(settings.api.webhook_networks, settings.training.enabled)
    way = near if target.scheme == "http" and settings.api.webhook_networks else secure
    way.check(target)
    return target, way


async def check_name(url: str, settings: Settings) -> None:
    """AddressRefused unless everything that the name leads to now may be called."""
    target, way = road_of(url, settings)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOK_UP_S):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise AddressRefused("the name is not known") from None
    way.check_found(str(place[0]) for *_, place in found)
