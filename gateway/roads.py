"""Where a request of ours may go: rules of destinations, checked on the name as written and on what it leads to (C23).

The look-up itself belongs to whoever asks or opens the connection (workers/addresses.py); here are only the rules.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from channels.errors import AddressRefused

IPAddress = IPv4Address | IPv6Address

NEAR = tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
NAT64 = IPv6Network("64:ff9b::/96")
USUAL_PORTS = frozenset({443, 8443})
"""Of https, where nobody of ours named the address."""


def is_public(address: IPAddress) -> bool:
    """Whether the whole internet knows it: no private, local, metadata, multicast or reserved range, also not wrapped
    into an IPv6 address (mapped, 6to4, NAT64; Teredo always counts as hidden)."""
    inner = unwrapped(address)
    if isinstance(inner, IPv6Address) and inner.teredo:
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified)


def is_near(address: IPAddress) -> bool:
    """Whether it is this machine or a private network."""
    inner = unwrapped(address)
    return any(inner in network for network in NEAR)


def unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one stands for, else itself."""
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
        """AddressRefused when the address as written is not allowed here; what a name leads to is checked later."""
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

    def check_found(self, hosts: Iterable[str]) -> None:
        """AddressRefused unless every address that a name leads to is allowed here; `hosts` as a look-up tells them."""
        if not all(self.allows(ip_address(host.partition("%")[0])) for host in hosts):
            raise AddressRefused(f"{self.name}: the name leads to an address that is not called")
