"""What settings must not say, beyond types: ranges, addresses, zones, and secrets that keep nothing secret (SECURITY § 11)."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.settings import Settings, secrets_in

PLACEHOLDERS = {"changeme", "change-me", "secret", "rahasia", "password", "example", "contoh", "token", "todo", "test"}
KEY_CHARACTERS = 32
KEY_BITS = 128
TOKEN_CHARACTERS = 20


BOUNDS, ENDS = "government.bounds", 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. Fatal ones end the start, except that a local set-up tolerates some."""

    key: str
    problem: str
    is_fatal: bool = True
    is_tolerated_locally: bool = True


def findings(settings: Settings, shipped: frozenset[str]) -> list[Finding]:
    """Everything wrong with `settings`; `shipped` are the secrets of the built-in example, known to everybody."""
    return [*_values(settings), *_addresses(settings), *_secrets(settings, shipped)]


def _values(settings: Settings) -> Iterator[Finding]:
    for where, value in _numbers(settings):
        if where != BOUNDS and (value < 0 or not math.isfinite(value)):
            yield Finding(where, f"must not be negative, not {value:g}", is_tolerated_locally=False)
    government = settings.government
    if government.bounds and not _are_ends(government.bounds):
        problem = "must be the south, west, north and east end in degrees, for example [-3.6, 111.2, -1.3, 112.2]"
        yield Finding(BOUNDS, problem, is_tolerated_locally=False)
    try:
        ZoneInfo(government.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        problem = f"unknown zone {government.time_zone!r}; for example Asia/Jakarta, Asia/Makassar, Asia/Jayapura"
        yield Finding("government.time_zone", problem, is_tolerated_locally=False)
    if not re.fullmatch(r"[A-Z]{2,5}", government.ticket_prefix):
        problem = f"must be 2 to 5 letters A-Z, not {government.ticket_prefix!r}"
        yield Finding("government.ticket_prefix", problem, is_tolerated_locally=False)
    if settings.accounts.second_factor == "optional":
        yield Finding("accounts.second_factor", "may be optional in local set-ups only")
    names = {channel.name for channel in settings.channels}
    for name in settings.notices.staff_channels:
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            yield Finding("notices.staff_channels", f"no channel {name!r}; known: {known}", is_tolerated_locally=False)


def _are_ends(given: Sequence[float]) -> bool:
    if len(given) != ENDS:
        return False
    south, west, north, east = given
    return -90 <= south < north <= 90 and -180 <= west < east <= 180  # noqa: PLR2004 - a degree is a degree


def _numbers(settings: Settings) -> Iterator[tuple[str, float]]:
    for section in fields(settings):
        values = getattr(settings, section.name)
        if not is_dataclass(values):
            continue
        for field in fields(values):
            value = getattr(values, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, int | float) and not isinstance(number, bool):
                    yield f"{section.name}.{field.name}", number


def _addresses(settings: Settings) -> Iterator[Finding]:
    url = urlsplit(settings.server.public_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        problem = f"must be like https://aduan.example.go.id, not {settings.server.public_url!r}"
        yield Finding("server.public_url", problem, is_tolerated_locally=False)
    elif url.scheme == "http" and not settings.is_local:
        yield Finding("server.public_url", "must begin with https:// (http only on this machine or in training)")
    for network in settings.api.webhook_networks:
        if not _is_network(network):
            problem = f"must be networks like 10.20.0.0/16, not {network!r}"
            yield Finding("api.webhook_networks", problem, is_tolerated_locally=False)
    for name, value in (("storage.url", settings.storage.url), ("redis.url", settings.redis.url)):
        if not value.startswith(URL_SCHEMES[name]):
            known = ", ".join(URL_SCHEMES[name])
            yield Finding(name, f"must begin with one of: {known}", is_tolerated_locally=False)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


URL_SCHEMES = {
    "storage.url": ("sqlite:///", "postgresql+psycopg://", "postgresql://"),
    "redis.url": ("embedded", "redis://", "rediss://", "unix://"),
}


def _secrets(settings: Settings, shipped: frozenset[str]) -> Iterator[Finding]:
    used: dict[str, list[str]] = defaultdict(list)
    for key, value in secret_values(settings):
        used[value].append(key)
        if not value or value.lower() in PLACEHOLDERS or len(set(value)) == 1 or set(value.lower()) <= set("x-*."):
            yield Finding(key, "is empty" if not value else "is a placeholder, not a secret")
        elif value in shipped:
            yield Finding(key, "is the value of the built-in example, which everybody knows")
        if key.startswith("api.tokens") and 0 < len(value) < TOKEN_CHARACTERS:
            yield Finding(key, f"must have at least {TOKEN_CHARACTERS} characters")
    for keys in used.values():
        if len(keys) > 1:
            yield Finding(keys[1], f"has the same value as {keys[0]}; every purpose needs its own")
    yield from _identity_key(settings.storage.identity_key.reveal())


def _identity_key(key: str) -> Iterator[Finding]:
    if not key:
        problem = "is missing; addresses of citizens are encrypted with it (at least 32 random characters)"
        yield Finding("storage.identity_key", problem, is_tolerated_locally=False)
    elif len(key) < KEY_CHARACTERS or len(key) * math.log2(len(set(key))) < KEY_BITS:
        yield Finding("storage.identity_key", f"is too weak: at least {KEY_CHARACTERS} random characters are needed")


def secret_values(settings: Settings) -> Iterator[tuple[str, str]]:
    """(dotted key, value) of every secret that is set, in sections and in the tables of channels and forwarders."""
    if settings.storage.identity_key:
        yield "storage.identity_key", settings.storage.identity_key.reveal()
    if settings.storage.attachments_dir.startswith("s3://"):
        yield "storage.s3_secret_key", settings.storage.s3_secret_key.reveal()
    if settings.accounts.bootstrap.username:
        yield "accounts.bootstrap.password", settings.accounts.bootstrap.password.reveal()
    for position, token in enumerate(settings.api.tokens):
        yield f"api.tokens[{position}].token", token.token.reveal()
    for channel in settings.channels:
        yield from secrets_in(channel.values, channel.where)
    for forwarder in settings.forwarding:
        yield from secrets_in(forwarder.values, forwarder.where)
