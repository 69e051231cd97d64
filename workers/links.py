"""Files behind an address that a stranger gave: fetched like nothing of ours is, or not at all (SECURITY C23).

https only, usual ports, every resolved address public also at the moment of connecting, no redirects, 5 MiB.
"""

from http import HTTPStatus

from channels.errors import ChannelError, NotSent
from channels.protocols import Http

MOST_BYTES = 5 * 1024 * 1024
MEDIA = ("image/", "application/pdf", "application/octet-stream")
"""What may come; what it really is, cleaning finds out."""
CONNECT_S, READ_S = 5.0, 30.0


class LinkRefused(ChannelError):
    """Nothing that we take lies behind this address, and waiting cures nothing."""

    code = "link"


async def fetch_link(url: str, http: Http) -> bytes:
    """What lies there. AddressRefused, AnswerTooLarge or LinkRefused for ever; other ChannelErrors may pass."""
    answer = await http.request("GET", url, connect_s=CONNECT_S, read_s=READ_S, max_bytes=MOST_BYTES, trusted=False)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSent(f"http {answer.status}")
    kind = answer.headers.get("content-type", "").lower()
    if answer.status != HTTPStatus.OK or (kind and not kind.startswith(MEDIA)):
        raise LinkRefused(f"http {answer.status}")
    return answer.body
