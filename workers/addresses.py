"""The address guard: where a request of ours may go (SSRF). Checked on the name given and on every address it stands for.

Three roads: what the settings file names over https, the same over plain http (this machine and private networks only),
and whatever came from outside or from a screen (https, public addresses, usual ports, one look-up).
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from channels.errors import AddressRefused

IPAddress = IPv4Address | IPv6Address

NEAR = tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPAddress) -> bool:
    """Whether the whole internet knows it: no private, local, metadata, multicast or reserved range, also not wrapped
    into an IPv6 address (mapped, 6to4, NAT64; Teredo always counts as hidden)."""
    inner = _unwrapped(address)
    if isinstance(inner, IPv6Address) and inner.teredo:
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified)


def is_near(address: IPAddress) -> bool:
    """Whether it is this machine or a private network."""
    inner = _unwrapped(address)
    return any(inner in network for network in NEAR)


def anywhere(_address: IPAddress) -> bool:
    return True


def _unwrapped(address: IPAddress) -> IPAddress:
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


@dataclass(frozen=True, slots=True)
class Road:
    """Rules of one kind of destination. `ports` empty = any."""

    name: str
    scheme: str
    allows: Callable[[IPAddress], bool]
    ports: frozenset[int] = frozenset()
    looks_up_each_time: bool = False

    def check(self, url: URL) -> None:
        """AddressRefused when the address as written is not allowed here; names are checked by `GuardedResolver`."""
        if url.scheme != self.scheme or not url.host:
            raise AddressRefused(f"only {self.scheme} addresses are called here")
        if self.ports and url.port not in self.ports:
            raise AddressRefused(f"port {url.port} is not called")
        if self.ports and url.user is not None:
            raise AddressRefused("an address with a user name is not called")
        try:
            literal = ip_address(url.host)
        except ValueError:
            return
        if not self.allows(literal):
            raise AddressRefused(f"{self.name}: this address is not called")


OPERATOR = Road("operator", "https", anywhere)
NEARBY = Road("nearby", "http", is_near)
OUTSIDE = Road("outside", "https", is_public, frozenset({443, 8443}), looks_up_each_time=True)


def road(url: URL, trusted: bool) -> Road:
    if not trusted:
        return OUTSIDE
    return NEARBY if url.scheme == "http" else OPERATOR


class GuardedResolver(AbstractResolver):
    """Looks a name up and gives its addresses to the connection only if every one of them is allowed.

    The connection then goes to exactly these addresses: a name that answers differently the second time (rebinding)
    gains nothing.
    """

    def __init__(self, inner: AbstractResolver, road: Road) -> None:
        self._inner = inner
        self._road = road

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(self._road.allows(ip_address(result["host"].partition("%")[0])) for result in found):
            raise AddressRefused(f"{self._road.name}: the name leads to an address that is not called")
        return found

    async def close(self) -> None:
        await self._inner.close()
