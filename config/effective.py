"""The effective settings as lines for people: dotted key, value with secrets masked, and where it came from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import time
from typing import Any

from config.settings import STARS, ChannelTable, ForwarderTable, Secret, Settings, Window, is_secret_name

PASSWORD_IN_URL = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)")
QUERY = re.compile(r"(?<=\?)\S+")
ABOUT = {"source", "warnings", "provenance"}


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    value: object
    """As TOML and JSON know it; secrets are stars, an empty secret is empty."""
    origin: str
    """`default`, the file's name, or the environment variable."""


def effective(settings: Settings) -> list[Line]:
    """Every setting in the order of its section; channels and forwarders with the keys that were written."""
    lines: list[Line] = []
    for section in fields(settings):
        if section.name in ABOUT:
            continue
        value = getattr(settings, section.name)
        tables = isinstance(value, tuple)
        for where, values in ((table.where, _table(table)) for table in value) if tables else ((section.name, value),):
            lines += [Line(key, shown, _origin(settings, key)) for key, shown in _flat(where, values)]
    return lines


def _table(table: ChannelTable | ForwarderTable) -> Mapping[str, object]:
    values = {"kind": table.kind, **table.values}
    if isinstance(table, ChannelTable):
        common = {"messages_per_second": table.messages_per_second, "unknown_policy": table.unknown_policy}
        values |= {key: value for key, value in common.items() if value is not None}
    return values


def _flat(where: str, values: Any) -> Iterator[tuple[str, object]]:
    if is_dataclass(values):
        values = {field.name: getattr(values, field.name) for field in fields(values)}
    for name, value in values.items():
        key = f"{where}.{name}"
        if isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, Window)):
            yield from _flat(key, value)
        else:
            yield key, shown(name, value)


def shown(name: str, value: object) -> object:
    """One value as it may be seen: stars for secrets, also for the password within a URL."""
    if isinstance(value, Secret) or is_secret_name(name):
        return STARS if value else ""
    if isinstance(value, list | tuple):
        return [_item(item) for item in value]
    if isinstance(value, str):
        return QUERY.sub(STARS, PASSWORD_IN_URL.sub(STARS, value)) if "://" in value else str(value)
    if value is None or isinstance(value, Window):
        return str(value or "")
    return f"{value:%H:%M}" if isinstance(value, time) else value


def _item(item: Any) -> object:
    if is_dataclass(item):
        item = {field.name: getattr(item, field.name) for field in fields(item)}
    if isinstance(item, Mapping):
        return {str(name): shown(str(name), value) for name, value in item.items()}
    return shown("", item)


def _origin(settings: Settings, key: str) -> str:
    return settings.provenance.get(key, "default")
