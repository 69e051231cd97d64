"""Recorded calls, byte for byte: `payloads/<kind>/<prefix>-….http`, what they mean in `.json`, settings in `channel.toml`.

A recording is a request or status line, headers, one empty line and the body, lines of the head ending in LF.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from channels.messages import Address, RawRequest
from channels.protocols import HttpResponse
from channels.registry import Channel, build
from config.settings import ChannelTable

PAYLOADS = Path(__file__).parent / "payloads"
ARRIVED_AT = datetime(2026, 11, 20, 1, 16, tzinfo=UTC)
"""When every recorded call reaches us: 100 s after the token of the recorded forms."""


def recordings(prefix: str, kind: str = "*") -> list[Path]:
    found = sorted(PAYLOADS.glob(f"{kind}/{prefix}-*.http"))
    assert found, f"no recordings {kind}/{prefix}-*.http"
    return found


def recording_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read_request(path: Path, **changes: Any) -> RawRequest:
    """The call as the web server hands it over; `changes` replace parts of it."""
    first, headers, body = _head_and_body(path)
    method, target, _ = first.split(" ", 2)
    url = urlsplit(target)
    request: dict[str, Any] = {
        "method": method,
        "path": url.path.removeprefix(f"/c/{channel_name(path)}"),
        "raw_query": url.query.encode(),
        "headers": headers,
        "body": body,
        "remote": "203.0.113.7",
        "received_at": ARRIVED_AT,
    }
    return RawRequest(**(request | changes))


def read_response(path: Path) -> HttpResponse:
    first, headers, body = _head_and_body(path)
    return HttpResponse(int(first.split(" ")[1]), body, headers)


def read_target(path: Path) -> tuple[str, str, bytes]:
    """Method, target and body of a call of ours (`out-*`)."""
    first, _, body = _head_and_body(path)
    method, target, _ = f"{first} ".split(" ", 2)
    return method, target, body


def channel_name(path: Path) -> str:
    return urlsplit(_head_and_body(path)[0].split(" ")[1]).path.split("/")[2]


def channel_for(path: Path) -> Channel:
    return channels_of(path.parent.name)[channel_name(path)]


@cache
def channels_of(kind: str) -> Mapping[str, Channel]:
    tables = tomllib.loads((PAYLOADS / kind / "channel.toml").read_text(encoding="utf-8"))
    return build(
        [ChannelTable(name, table.pop("kind"), table) for name, table in tables.items()],
        absent_secret=lambda label: f"absent-{label.replace('.', '-')}",
    )


def meaning_of(path: Path) -> list[dict[str, Any]]:
    """What the recording is said to mean, from the file beside it."""
    meaning: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return meaning


def as_meaning(event: object) -> dict[str, Any]:
    """An event as its meaning is written down: its type and every field that is not empty."""
    return {"is": type(event).__name__, **_told(event)}


def _told(value: Any) -> dict[str, Any]:
    given = {name: getattr(value, name) for name in _defaults(type(value))}
    return {name: _plain(given[name]) for name, default in _defaults(type(value)).items() if given[name] != default}


@cache
def _defaults(kind: type) -> Mapping[str, Any]:
    """Field -> its default; MISSING where it has none."""
    if issubclass(kind, msgspec.Struct):
        return {field.name: MISSING if field.required else field.default for field in structs.fields(kind)}
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
    }


def _plain(value: Any) -> Any:
    match value:
        case Address():
            told: Any = value.reveal()
        case datetime():
            told = value.isoformat()
        case bytes():
            told = f"{len(value)} bytes"
        case frozenset():
            told = sorted(value)
        case tuple():
            told = [_plain(item) for item in value]
        case str() | int() | float() | None:
            told = value
        case _:
            told = _told(value)
    return told


def _head_and_body(path: Path) -> tuple[str, dict[str, str], bytes]:
    head, _, body = path.read_bytes().partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    pairs = (line.partition(":") for line in lines if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}, body
