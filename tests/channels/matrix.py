"""What each kind of channel can do, and which common tests run on it: the tables of docs/channels/README.md.

`python -m tests.channels.matrix` prints both; with `write` they take their place in the page. Nothing here names a kind: the
first table is read from capabilities, protocols and recorded calls, the second from what the tests are parametrized with.
"""

import ast
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from channels.protocols import Capabilities
from channels.registry import ADAPTERS, adapter_class
from tests.channels.recorded import PAYLOADS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "channels" / "README.md"
BEGIN, END = "<!-- made by `python -m tests.channels.matrix write` -->\n", "<!-- end of what is made -->\n"
COMMON = ("test_contract", "test_security", "test_fuzz")
YES, NO = "yes", ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its class, what it says that it can do, and the events of its recorded calls."""

    name: str
    adapter: Any
    can: Capabilities
    events: tuple[Mapping[str, Any], ...]

    def offers(self, method: str) -> bool:
        """Whether it implements the protocol with this method."""
        return hasattr(self.adapter, method)

    def may_set(self, key: str) -> bool:
        """Whether its settings have this key."""
        return key in getattr(getattr(self.adapter, "Settings", None), "__dataclass_fields__", ())

    def heard(self, *what: tuple[str, object]) -> bool:
        return any(event.get(name) == value for event in self.events for name, value in what)

    def file_of(self, *types: str) -> bool:
        files = [file for event in self.events for file in event.get("attachments", ())]
        return any(file.get("media_type", "").startswith(types) for file in files)


@cache
def kinds() -> tuple[Kind, ...]:
    return tuple(_kind(name) for name in sorted(ADAPTERS))


def _kind(name: str) -> Kind:
    adapter = adapter_class(name)
    written = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((PAYLOADS / name).glob("in-*.json"))]
    return Kind(name, adapter, adapter.capabilities, tuple(event for events in written for event in events))


def _yes(holds: Callable[[Kind], bool]) -> Callable[[Kind], str]:
    return lambda kind: YES if holds(kind) else NO


def _heard(*what: tuple[str, object]) -> Callable[[Kind], str]:
    return _yes(lambda kind: kind.heard(*what))


def _length(kind: Kind) -> str:
    if not kind.can.sends:
        return f"{kind.can.max_length} septets a page" if kind.can.gsm else NO
    return f"{kind.can.max_length} {'septets' if kind.can.gsm else 'characters'}"


def _window(kind: Kind) -> str:
    return f"{kind.can.window_s / 3600:g} h" if kind.can.window_s else "always"


FEATURES: Mapping[str, Callable[[Kind], str]] = {
    "called by the provider": _yes(lambda kind: kind.offers("verify")),
    "asks the provider": _yes(lambda kind: kind.offers("listen")),
    "sends": _yes(lambda kind: kind.can.sends and kind.offers("send")),
    "a text of ours, at most": _length,
    "messages that a text may become": lambda kind: str(kind.can.max_messages) if kind.can.sends else NO,
    "counted and paid as SMS parts": _yes(lambda kind: kind.can.gsm and kind.can.sends),
    "free texts of ours": lambda kind: _window(kind) if kind.can.sends else NO,
    "buttons": _yes(lambda kind: kind.can.buttons),
    "dialogue in one session": _yes(lambda kind: kind.can.sessions or kind.may_set("ussd_code")),
    "photos and files": _yes(lambda kind: kind.can.media or kind.offers("fetch") or kind.file_of("image/")),
    "voice": _yes(lambda kind: kind.file_of("audio/")),
    "location": _yes(lambda kind: any("location" in event for event in kind.events)),
    "edited messages": _heard(("kind", "edit")),
    "deleted messages": _heard(("kind", "delete")),
    "public comments": _heard(("kind", "comment")),
    "parts of long SMS": _yes(lambda kind: any("part" in event for event in kind.events)),
    "reports of delivery": _yes(lambda kind: kind.can.reports),
    "tells when it was read": _heard(("status", "read")),
    "tells who blocked us or moved": _heard(("is", "ContactEvent")),
    "may be sent again safely": _yes(lambda kind: kind.can.idempotent),
    "shown in the order of the sender's time": _yes(lambda kind: kind.can.unordered),
    "proves who writes": _yes(lambda kind: kind.can.proves),
    "notices to officers": _yes(lambda kind: kind.can.staff and kind.can.sends),
    "registers by itself": _yes(lambda kind: kind.offers("start")),
    "`gateway channels check`": _yes(lambda kind: kind.offers("check")),
}


def features() -> str:
    """What each kind can do."""
    return _table("", [kind.name for kind in kinds()], {name: map(tell, kinds()) for name, tell in FEATURES.items()})


def runs(tell: Callable[[int], str]) -> str:
    """How many recorded calls of each kind each common test runs on; `tell` says the number."""
    found = counted()
    known = sorted({kind for counts in found.values() for kind in counts})
    return _table("test", known, {name: [tell(counts[kind]) for kind in known] for name, counts in found.items()})


@cache
def counted() -> Mapping[str, Counter[str]]:
    """`test_contract: a repeated call …` -> kind -> with how many of its recordings, or once with the kind itself."""
    found: dict[str, Counter[str]] = {}
    for name in COMMON:
        module = import_module(f"tests.channels.{name}")
        for test in _names(module.__file__ or ""):
            counts = Counter(kind for mark in _marks(getattr(module, test)) for kind in _kinds_of(mark))
            if counts:
                found[test.removeprefix("test_").replace("_", " ")] = counts
    return found


def _names(file: str) -> list[str]:
    """Tests of a module, in its order."""
    parts = ast.parse(Path(file).read_text(encoding="utf-8")).body
    return [part.name for part in parts if isinstance(part, ast.FunctionDef) and part.name.startswith("test_")]


def _marks(test: Any) -> list[Any]:
    return [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]


def _kinds_of(mark: Any) -> Iterable[str]:
    if mark.args[0] == "recording":
        return [path.parent.name for path in mark.args[1]]
    return mark.args[1] if mark.args[0] == "kind" else ()


def _table(corner: str, heads: Iterable[str], rows: Mapping[str, Iterable[str]]) -> str:
    lines = [[corner, *(f"`{head}`" for head in heads)]]
    lines += [["---"] * len(lines[0]), *([name, *cells] for name, cells in rows.items())]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |") for cells in lines)


def made() -> str:
    """Both tables, as they stand in the page."""
    return (
        f"{BEGIN}\n### What each kind can do\n\nFrom what the adapters say of themselves and from their recorded calls. Whatever the channel, a person may stay "
        f"anonymous.\n\n{features()}\n### Which common tests run on which kind\n\nBy recorded calls. Kinds that nobody calls (they ask, or only send) have tests of their "
        f"own; `python -m tests.channels.matrix` prints how many calls.\n\n{runs(lambda count: YES if count else NO)}\n{END}"
    )


def stands(page: str) -> str:
    """What stands in the page now."""
    return BEGIN + page.partition(BEGIN)[2].partition(END)[0] + END


def main(arguments: list[str]) -> None:
    if arguments == ["write"]:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(page.replace(stands(page), made()), encoding="utf-8")
    else:
        sys.stdout.write(f"{features()}\n{runs(str)}")


if __name__ == "__main__":
    main(sys.argv[1:])
