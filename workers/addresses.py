"""The address guard: where a request of ours may go (SSRF). Checked on the name given and on every address it stands for.

Three roads: what the settings file names over https, the same over plain http (this machine and private networks only),
and whatever came from outside or from a screen (https, public addresses, usual ports, one look-up).
"""

from socket import AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.roads import USUAL_PORTS, IPAddress, Road, is_near, is_public

__all__ = ["OUTSIDE", "GuardedResolver", "Road", "is_near", "is_public", "road"]


def anywhere(_address: IPAddress) -> bool:
    return True


OPERATOR = Road("operator", "https", anywhere)
NEARBY = Road("nearby", "http", is_near)
OUTSIDE = Road("outside", "https", is_public, USUAL_PORTS, looks_up_each_time=True)


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
        self._road.check_found(result["host"] for result in found)
        return found

    async def close(self) -> None:
        await self._inner.close()
