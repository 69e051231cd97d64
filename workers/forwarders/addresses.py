"""Whether the address of a system of record may stand in the settings: https, or http where nobody listens in."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_safe(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_near(host)))


def _is_near(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        # A name without a dot is one of this machine or of a container network, never a public one.
        return "." not in host or host.endswith((".localhost", ".internal"))
    return address.is_loopback or address.is_private
