"""Where a value stands in a call or an answer: `$.data[0]['id']` in JSON, a plain name in a form or query."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from channels.errors import PayloadInvalid
from channels.sms.http_sms.settings import Condition, FieldTable, FieldWords
from config.settings import SettingsError

STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d{1,6})\]")
TEXT_FORMATS = frozenset({"hex_utf16", "hex", "b64"})
TIME_FORMATS = frozenset({"unix", "unix_ms", "rfc3339"})
LONGEST = 10_000
Step = str | int


def read_path(path: str, where: str, *, is_json: bool) -> tuple[Step, ...]:
    """The steps of a path. SettingsError at `where` for one that is none."""
    if not is_json:
        if not path or path.startswith("$"):
            raise SettingsError(where, f"must be the plain name of a parameter, not {path!r}")
        return (path,)
    if not path.startswith("$"):
        raise SettingsError(where, f"must begin with $, like $.data.id, not {path!r}")
    steps: list[Step] = []
    position = 1
    while position < len(path):
        found = STEP.match(path, position)
        if found is None:
            raise SettingsError(where, f"not understood from {path[position:]!r}; there are .name, ['name'] and [0]")
        steps.append(int(found[3]) if found[3] else found[1] or found[2])
        position = found.end()
    return tuple(steps)


def value_at(tree: Any, steps: Sequence[Step]) -> Any:
    """What stands there; None for nothing."""
    for step in steps:
        if isinstance(step, int):
            tree = tree[step] if isinstance(tree, list) and step < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def as_text(value: Any) -> str:
    """A JSON scalar as the text that a person would write; empty for null and for what is no scalar."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


@dataclass(frozen=True, slots=True)
class Reader:
    """One field, read once at the start."""

    steps: tuple[Step, ...]
    table: FieldTable
    pattern: re.Pattern[str] | None
    zone: ZoneInfo

    def text(self, tree: Any) -> str:
        """The value as text, after regex and map; the default where there is none."""
        text = as_text(value_at(tree, self.steps))
        if self.pattern:
            found = self.pattern.search(text[:LONGEST])
            text = (found["v"] or "") if found else ""
        return self.table.map.get(text, text) or self.table.default

    def moment(self, tree: Any) -> datetime | None:
        """A time of the provider's; None for one that cannot be read: it is only shown."""
        text = self.text(tree).strip()
        try:
            return _moment(text, self.table.format, self.zone) if text else None
        except (ValueError, OverflowError, OSError):
            return None


def reader(
    words: FieldWords | None, where: str, *, is_json: bool, formats: frozenset[str] = frozenset()
) -> Reader | None:
    """The reader of a field; None where the provider has none. SettingsError names what is wrong with it."""
    if words is None:
        return None
    table = FieldTable(words) if isinstance(words, str) else words
    if table.format and table.format not in formats and not table.format.startswith("strftime:"):
        raise SettingsError(
            f"{where}.format", f"unknown {table.format!r}; known: {', '.join(sorted(formats)) or 'none'}"
        )
    try:
        zone = ZoneInfo(table.tz)
    except (ValueError, OSError, KeyError) as problem:  # what is not found is a KeyError of its own
        raise SettingsError(f"{where}.tz", f"unknown time zone {table.tz!r}") from problem
    return Reader(read_path(table.path, where, is_json=is_json), table, pattern(table.regex, f"{where}.regex"), zone)


def pattern(regex: str, where: str) -> re.Pattern[str] | None:
    """A regular expression with a group `v`; None for none."""
    if not regex:
        return None
    try:
        compiled = re.compile(regex)
    except re.error as problem:
        raise SettingsError(where, f"is no regular expression: {problem}") from problem
    if "v" not in compiled.groupindex:
        raise SettingsError(where, "needs a group named v: (?P<v>…)")
    return compiled


@dataclass(frozen=True, slots=True)
class Test:
    """Whether a condition is fulfilled."""

    __test__ = False  # no test of pytest's

    steps: tuple[Step, ...]
    values: frozenset[str]

    def holds(self, tree: Any) -> bool:
        return as_text(value_at(tree, self.steps)) in self.values


def condition(words: Condition | None, where: str, *, is_json: bool) -> Test | None:
    if words is None:
        return None
    return Test(read_path(words.path, f"{where}.path", is_json=is_json), frozenset(words.equals))


def decoded(text: str, form: str) -> str:
    """A text that was written as `hex_utf16`, `hex` (UTF-8) or `b64` (UTF-8). PayloadInvalid when it was not."""
    try:
        match form:
            case "hex_utf16":
                return bytes.fromhex(text).decode("utf-16-be", "surrogatepass")
            case "hex":
                return bytes.fromhex(text).decode()
            case "b64":
                return base64.b64decode(text, validate=True).decode()
            case _:
                return text
    except ValueError as problem:
        raise PayloadInvalid(f"http_sms: text is no {form}") from problem


def _moment(text: str, form: str, zone: ZoneInfo) -> datetime:
    if form == "unix":
        return datetime.fromtimestamp(int(text), UTC)
    if form == "unix_ms":
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    if form.startswith("strftime:"):
        return _aware(datetime.strptime(text, form.removeprefix("strftime:")), zone)  # noqa: DTZ007 - given its zone here
    return _aware(datetime.fromisoformat(text), zone)


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
