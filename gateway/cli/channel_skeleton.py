"""What `gateway channels new` writes: a kind of channel that works with a made-up provider, to be filled in.

Everything that a kind consists of stands in `skeleton/`; names in it are `@KIND@`, `@CLASS@`, `@NAME@`, `@DASHED@`, `@SCHEME@`, `@PAGE@`, `@PAYLOADS@`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

KIND = re.compile(r"[a-z][a-z0-9_]{1,28}[a-z0-9]")
ROUND = ':. |"'
IN_TREE: Mapping[str, str] = {
    "adapter.py.txt": "channels/@KIND@.py",
    "page.md.txt": "docs/channels/@KIND@.md",
    "payloads": "tests/channels/payloads/@KIND@",
    "test_tree.py.txt": "tests/channels/test_@KIND@.py",
}
"""What stands in `skeleton/` -> where it goes in the source tree of the gateway."""
AS_PACKAGE: Mapping[str, str] = {
    "pyproject.toml.txt": "pyproject.toml",
    "adapter.py.txt": "satupintu_@KIND@.py",
    "page.md.txt": "README.md",
    "payloads": "tests/payloads",
    "test_package.py.txt": "tests/test_@KIND@.py",
}
"""The same for a package of its own, found by its entry point."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that names the new kind in a file that is there: before the first line that begins with `before`."""

    file: str
    before: str
    line: str


ROWS = (
    Line("channels/registry.py", '    "sandbox": ', '    "@KIND@": "channels.@KIND@:@CLASS@",'),
    Line(
        "docs/channels/README.md", "| `sandbox` |", "| `@KIND@` | [@KIND@.md](@KIND@.md) | FILL IN: what it carries |"
    ),
)
LAYERS, LAYER = "pyproject.toml", " | sandbox"
"""Where media are named that must not import each other."""


class NotWritten(Exception):
    """Nothing was written; the text says why."""


def write(kind: str, into: Path, *, package: bool) -> list[Path]:
    """Write the skeleton of a kind below `into`; the files that are new or changed. NotWritten before anything is."""
    if not KIND.fullmatch(kind):
        raise NotWritten(f"{kind!r} is no kind: 3 to 30 small letters, digits and _, a letter first")
    names = _names(kind, package=package)
    root = into / _filled("satupintu-@DASHED@", names) if package else into
    made = dict(_files(AS_PACKAGE if package else IN_TREE, root, names))
    there = [path for path in made if path.exists()]
    if there:
        raise NotWritten(f"{there[0]} is there already")
    changed = {} if package else _changes(root, names)
    for path, text in {**made, **changed}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*made, *changed]


def to_fill_in(written: list[Path]) -> Iterator[str]:
    """Every place that waits for words or code of whoever adds the kind: `file:line: what`."""
    for path in written:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            _, marked, what = line.partition("FILL IN")
            if marked:
                yield f"{path}:{number}: {what.strip(ROUND) or 'this part'}"


def _names(kind: str, *, package: bool) -> Mapping[str, str]:
    return {
        "@KIND@": kind,
        "@CLASS@": "".join(word.capitalize() for word in kind.split("_")),
        "@DASHED@": kind.replace("_", "-"),
        "@NAME@": kind.replace("_", "-"),
        "@SCHEME@": kind.replace("_", "-"),
        "@PAGE@": "README.md" if package else f"docs/channels/{kind}.md",
        "@PAYLOADS@": "tests/payloads" if package else f"tests/channels/payloads/{kind}",
    }


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _files(places: Mapping[str, str], root: Path, names: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for source, place in places.items():
        found = files("gateway.cli").joinpath("skeleton", source)
        for part in sorted(found.iterdir(), key=_name_of) if found.is_dir() else [found]:
            path = root / _filled(place, names)
            yield path / part.name if found.is_dir() else path, _filled(part.read_text(encoding="utf-8"), names)


def _name_of(part: Traversable) -> str:
    return part.name


def _changes(root: Path, names: Mapping[str, str]) -> dict[Path, str]:
    """The files of the tree that name every kind, with one more; NotWritten where this is not the tree."""
    texts: dict[Path, str] = {}
    for row in ROWS:
        texts[root / row.file] = _with_line(root / row.file, row.before, _filled(row.line, names))
    path = root / LAYERS
    texts[path] = _read(path).replace(LAYER, f"{LAYER} | {names['@KIND@']}", 1)
    return texts


def _with_line(path: Path, before: str, line: str) -> str:
    lines = _read(path).splitlines()
    found = [number for number, there in enumerate(lines) if there.startswith(before)]
    if not found:
        raise NotWritten(f"{path} has no line {before.strip()}: is this another version?")
    lines.insert(found[0], line)
    return "\n".join(lines) + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise NotWritten(
            f"there is no {path}: run it in the gateway's source tree, or ask for a package of its own (--package)"
        ) from problem
