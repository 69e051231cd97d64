"""Raw tables of TOML and environment -> frozen dataclasses, strictly: an unknown key or a wrong type is refused by name.

Used for our own sections, and by the registries of channels and forwarders for what an adapter declares.
"""

import json
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, time
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from rapidfuzz import fuzz, process

from config.settings import Secret, SettingsError, Window

T = TypeVar("T")


class EnvText(str):
    """Text of the environment or of a secret file: it has no type of its own and is read as what the key needs."""

    __slots__ = ()


def build_section(cls: type[T], raw: Mapping[str, object], where: str) -> T:
    """An instance of the dataclass `cls` from the table `raw`, which stands at `where` (`channels.sms`).

    Types understood: str, bool, int, float, Secret, date, time, Window, Path, Literal, StrEnum, tuples and frozensets,
    mappings with text keys, nested dataclasses, unions with None, and `object` for what is taken as it is. A field may
    carry metadata `key` (its name in the file, where that is no Python name), `min` and `max`. A ValueError of
    `__post_init__` becomes a SettingsError. Raises SettingsError with one line: key, problem, nearest right key.
    """
    declared, hints = _shape(cls)  # type: ignore[arg-type]  # classes are hashable
    for key in raw:
        if key not in declared:
            raise unknown_key(f"{where}.{key}", key, declared)
    values: dict[str, Any] = {}
    for key, field in declared.items():
        if key in raw:
            at = f"{where}.{key}"
            values[field.name] = _in_range(_read(raw[key], hints[field.name], at), field, at)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise SettingsError(f"{where}.{key}", "is missing")
    try:
        return cls(**values)
    except ValueError as problem:
        raise SettingsError(where, str(problem)) from problem


@cache
def _shape(cls: type[Any]) -> tuple[Mapping[str, "Field[Any]"], Mapping[str, Any]]:
    """Fields by key and their types: looked up once per class, for reference data makes hundreds of each."""
    return {key_of(field): field for field in fields(cls)}, get_type_hints(cls)


def key_of(field: "Field[Any]") -> str:
    return str(field.metadata.get("key", field.name))


def unknown_key(where: str, given: str, known: Iterable[str]) -> SettingsError:
    """The error for `given`, naming the nearest of `known`, or all of them when none is near."""
    names = sorted(known)
    nearest = process.extractOne(given, names, scorer=fuzz.ratio, score_cutoff=50)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(names) or 'none'}"
    return SettingsError(where, f"unknown key; {advice}")


def _in_range(value: Any, field: "Field[Any]", where: str) -> Any:
    for bound, wrong, words in (("min", float.__lt__, "at least"), ("max", float.__gt__, "at most")):
        limit = field.metadata.get(bound)
        if limit is not None and isinstance(value, int | float) and wrong(float(value), float(limit)):
            raise SettingsError(where, f"must be {words} {limit}, not {value}")
    return value


def _read(value: object, kind: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin is not None:
        return _reader_of_shape(origin)(value, kind, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(str(_read_choice(value, tuple(member.value for member in kind), where)))
    if is_dataclass(kind) and kind is not Window:
        return build_section(kind, _table(value, where), where)  # type: ignore[arg-type]  # a class, not an instance
    reader = READERS.get(kind)
    return value if reader is None else reader(value, where)


def _reader_of_shape(origin: Any) -> Callable[[object, Any, str], Any]:
    if origin in {Union, types.UnionType}:
        return _read_union
    if origin is Literal:
        return lambda value, kind, where: _read_choice(value, get_args(kind), where)
    if origin in {tuple, frozenset}:
        return lambda value, kind, where: origin(_read_items(value, get_args(kind)[0], where))
    return lambda value, kind, where: _read_mapping(value, get_args(kind)[1], where)


def _read_union(value: object, kind: Any, where: str) -> Any:
    options = [option for option in get_args(kind) if option is not types.NoneType]
    if len(options) < len(get_args(kind)) and isinstance(value, str) and not value:
        return None
    for option in options[:-1]:
        try:
            return _read(value, option, where)
        except SettingsError:
            continue
    return _read(value, options[-1], where)


def _read_choice(value: object, choices: tuple[object, ...], where: str) -> object:
    for choice in choices:
        same = str(choice) == value if isinstance(value, EnvText) else choice == value and type(choice) is type(value)
        if same:
            return choice
    raise SettingsError(where, f"unknown {str(value)!r}; known: {', '.join(str(choice) for choice in choices)}")


def _read_items(value: object, kind: Any, where: str) -> list[Any]:
    if isinstance(value, EnvText):
        value = _list_in(value, where)
    if not isinstance(value, list | tuple):
        raise SettingsError(where, f"must be a list, not {value!r}")
    return [_read(item, kind, f"{where}[{position}]") for position, item in enumerate(value)]


def _list_in(text: EnvText, where: str) -> list[Any]:
    """A list in one variable: JSON when it begins with a bracket, else separated by commas."""
    if not text.lstrip().startswith("["):
        return [EnvText(part.strip()) for part in text.split(",") if part.strip()]
    try:
        return [EnvText(item) if isinstance(item, str) else item for item in json.loads(text)]
    except ValueError as problem:
        raise SettingsError(where, f"is no JSON list: {problem}") from problem


def _read_mapping(value: object, kind: Any, where: str) -> Mapping[str, Any]:
    return MappingProxyType({key: _read(item, kind, f"{where}.{key}") for key, item in _table(value, where).items()})


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise SettingsError(where, f"must be a table, not {value!r}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise SettingsError(where, f"must be text in quotes, not {value!r}")
    return str(value)


def _flag(value: object, where: str) -> bool:
    if isinstance(value, EnvText):
        value = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            value.lower(), value
        )
    if not isinstance(value, bool):
        raise SettingsError(where, f"must be true or false, not {value!r}")
    return value


def _integer(value: object, where: str) -> int:
    if isinstance(value, EnvText) and re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingsError(where, f"must be a whole number, not {value!r}")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, EnvText) and re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise SettingsError(where, f"must be a number, not {value!r}")
    return float(value)


def _secret(value: object, where: str) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        # The value itself stays out of the message: whatever stands here was meant to be secret.
        raise SettingsError(where, "must be text in quotes")
    return Secret(str(value))


def _time(value: object, where: str) -> time:
    if isinstance(value, time):
        return value
    hours = re.fullmatch(r"([01]\d|2[0-3])[:.]([0-5]\d)", value.strip()) if isinstance(value, str) else None
    if not hours:
        raise SettingsError(where, f"must be a time of day like 07:30, not {value!r}")
    return time(int(hours[1]), int(hours[2]))


def _date(value: object, where: str) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(_text(value, where))
    except ValueError:
        raise SettingsError(where, f"must be a date like 2026-12-31, not {value!r}") from None


def _window(value: object, where: str) -> Window:
    start, dash, end = _text(value, where).replace("–", "-").partition("-")
    if not dash:
        raise SettingsError(where, f"must be hours like 20:00-06:30, or empty, not {value!r}")
    return Window(_time(start, where), _time(end, where))


def _path(value: object, where: str) -> Path:
    return Path(_text(value, where))


READERS: Mapping[Any, Callable[[object, str], Any]] = {
    str: _text,
    bool: _flag,
    int: _integer,
    float: _number,
    Secret: _secret,
    time: _time,
    date: _date,
    Window: _window,
    Path: _path,
}
