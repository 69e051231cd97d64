"""The strict builder that our sections and every adapter's settings share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from config.build import EnvText, build_section
from config.settings import NO_SECRET, Secret, SettingsError, Window


class Mode(StrEnum):
    WEBHOOK = "webhook"
    POLLING = "polling"


@dataclass(frozen=True, slots=True)
class Inner:
    url: str
    tries: int = field(default=3, metadata={"min": 1, "max": 5})


@dataclass(frozen=True, slots=True)
class Adapter:
    number: str
    password: Secret = NO_SECRET
    mode: Mode = Mode.WEBHOOK
    style: Literal["A", "B"] = "A"
    rate: float | None = None
    codes: frozenset[int] = frozenset()
    allowed: tuple[str, ...] = ()
    outbound: Inner | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sender: str = field(default="", metadata={"key": "from"})
    since: date = date(2026, 1, 1)
    at: time = time(7)
    hours: Window | None = None
    folder: Path = Path()
    anything: object = None

    def __post_init__(self) -> None:
        if self.number == "0":
            raise ValueError("number must not be 0")


# fmt: off
READ = [
    # key         written                        becomes
    ("password",  "rahasia",                     Secret("rahasia")),
    ("mode",      "polling",                     Mode.POLLING),
    ("style",     "B",                           "B"),
    ("rate",      2,                             2.0),
    ("rate",      "",                            None),
    ("codes",     [1, 2],                        frozenset({1, 2})),
    ("allowed",   ["a"],                         ("a",)),
    ("allowed",   EnvText("a, b"),               ("a", "b")),
    ("codes",     EnvText("4,8"),                frozenset({4, 8})),
    ("outbound",  {"url": "u", "tries": 5},      Inner("u", 5)),
    ("headers",   {"X-A": "1"},                  {"X-A": "1"}),
    ("since",     date(2026, 2, 3),              date(2026, 2, 3)),
    ("since",     "2026-02-03",                  date(2026, 2, 3)),
    ("at",        "07.45",                       time(7, 45)),
    ("at",        time(9, 1),                    time(9, 1)),
    ("hours",     "08:00–16:00",                 Window(time(8), time(16))),
    ("folder",    "var/spool",                   Path("var/spool")),
    ("anything",  [{"a": 1}],                    [{"a": 1}]),
]
WRONG = [
    # written                                    the one line
    ({},                                         "channels.x.number: is missing"),
    ({"number": 1708},                           "channels.x.number: must be text in quotes, not 1708"),
    ({"number": "1", "nomor": "1"},              "channels.x.nomor: unknown key; did you mean 'number'?"),
    ({"number": "0"},                            "channels.x: number must not be 0"),
    ({"number": "1", "mode": "push"},            "channels.x.mode: unknown 'push'; known: webhook, polling"),
    ({"number": "1", "password": 99},            "channels.x.password: must be text in quotes"),
    ({"number": "1", "rate": True},              "channels.x.rate: must be a number, not True"),
    ({"number": "1", "codes": [1.5]},            "channels.x.codes[0]: must be a whole number, not 1.5"),
    ({"number": "1", "allowed": "a"},            "channels.x.allowed: must be a list, not 'a'"),
    ({"number": "1", "outbound": {}},            "channels.x.outbound.url: is missing"),
    ({"number": "1", "outbound": "u"},           "channels.x.outbound: must be a table, not 'u'"),
    ({"number": "1", "outbound": {"url": "u", "tries": 9}}, "channels.x.outbound.tries: must be at most 5, not 9"),
    ({"number": "1", "headers": {"a": 1}},       "channels.x.headers.a: must be text in quotes, not 1"),
    ({"number": "1", "since": "3 Feb"},          "channels.x.since: must be a date like 2026-12-31, not '3 Feb'"),
    ({"number": "1", "sender": "x"},             "channels.x.sender: unknown key; did you mean 'headers'?"),
]
# fmt: on


@pytest.mark.parametrize(("key", "written", "becomes"), READ)
def test_a_value_becomes_what_its_field_says(key: str, written: object, becomes: object) -> None:
    value = getattr(build_section(Adapter, {"number": "1708", key: written}, "channels.x"), key)
    assert value == becomes
    assert type(value) is type(becomes) or isinstance(becomes, dict)


@pytest.mark.parametrize(("written", "line"), WRONG)
def test_what_is_wrong_names_its_key(written: dict[str, object], line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build_section(Adapter, written, "channels.x")
    assert str(refused.value) == line


def test_a_key_may_be_a_word_that_python_keeps_for_itself() -> None:
    assert build_section(Adapter, {"number": "1", "from": "KOBAR"}, "channels.x").sender == "KOBAR"


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        build_section(Adapter, {"number": "1", "password": 424242}, "channels.x")
    assert "424242" not in str(refused.value)
