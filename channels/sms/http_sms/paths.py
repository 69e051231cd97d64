"""Where a value stands in a call or an answer: `$.data[0]['id']` in JSON, `/sms/from` or `@id` in XML, a plain name in a form
or query."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from channels.errors import PayloadInvalid
from channels.sms.http_sms.settings import Condition, FieldTable, FieldWords
from config.settings import SettingsError

Form = Literal["json", "xml", "names"]
"""How a call or an answer is written, as far as paths go; a form and a query are names."""
XML_PATH = re.compile(r"/?[A-Za-z_][\w.:-]*(?:/[A-Za-z_][\w.:-]*)*(?:/@[A-Za-z_][\w.:-]*)?|/?@[A-Za-z_][\w.:-]*")
STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d{1,6})\]")
TEXT_FORMATS = frozenset({"hex_utf16", "hex", "b64"})
TIME_FORMATS = frozenset({"unix", "unix_ms", "rfc3339"})
LONGEST = 10_000
Step = str | int


def form_of(body_kind: str) -> Form:
    return "json" if body_kind == "json" else "xml" if body_kind == "xml" else "names"


def read_path(path: str, where: str, form: Form) -> tuple[Step, ...]:
    """The steps of a path. SettingsError at `where` for one that is none."""
    if form == "xml":
        return _xml_path(path, where)
    if form == "names":
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


def _xml_path(path: str, where: str) -> tuple[Step, ...]:
    if not XML_PATH.fullmatch(path):
        raise SettingsError(where, f"must look like /answer/id, sender/number or @id, not {path!r}")
    names = path.lstrip("/").split("/")
    # What begins with / names the root first, which is all that there is.
    return tuple(names[1:] if path.startswith("/") else names)


@dataclass(frozen=True, slots=True)
class Place:
    """A path, read once at the start."""

    steps: tuple[Step, ...]
    form: Form

    @classmethod
    def of(cls, path: str, where: str, form: Form) -> "Place":
        """SettingsError at `where` for what is no path."""
        return cls(read_path(path, where, form), form)

    def value(self, tree: Any) -> Any:
        """What stands there; None for nothing. In XML a name that repeats itself means its first, an element its text."""
        if self.form != "xml":
            return _value_at(tree, self.steps)
        for step in self.steps:
            one = _first(tree)
            tree = one.get(step) if isinstance(one, Mapping) else None
        one = _first(tree)
        return one.get("", "") if isinstance(one, Mapping) else one

    def items(self, tree: Any) -> list[Any] | None:
        """The list that stands there; None for what is none. XML has no lists: one element there is a list of one."""
        if self.form != "xml":
            found = _value_at(tree, self.steps)
            return found if isinstance(found, list) else None
        *parents, name = self.steps
        for step in parents:
            one = _first(tree)
            tree = one.get(step) if isinstance(one, Mapping) else None
        one = _first(tree)
        if not isinstance(one, Mapping):
            return [] if one == "" else None  # an element without content holds no items
        found = one.get(name, [])
        return found if isinstance(found, list) else [found]


def _first(tree: Any) -> Any:
    return tree[0] if isinstance(tree, list) and tree else tree


def _value_at(tree: Any, steps: Sequence[Step]) -> Any:
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

    place: Place
    table: FieldTable
    pattern: re.Pattern[str] | None
    zone: ZoneInfo

    def text(self, tree: Any) -> str:
        """The value as text, after regex and map; the default where there is none."""
        text = as_text(self.place.value(tree))
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


def reader(words: FieldWords | None, where: str, form: Form, formats: frozenset[str] = frozenset()) -> Reader | None:
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
    return Reader(Place.of(table.path, where, form), table, pattern(table.regex, f"{where}.regex"), zone)


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

    place: Place
    values: frozenset[str]

    def holds(self, tree: Any) -> bool:
        return as_text(self.place.value(tree)) in self.values


def condition(words: Condition | None, where: str, form: Form) -> Test | None:
    if words is None:
        return None
    return Test(Place.of(words.path, f"{where}.path", form), frozenset(words.equals))


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
