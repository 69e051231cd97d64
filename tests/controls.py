"""`docs/security.md` from docs/security/controls.toml: what is kept safe, where that is done, which tests prove it.

`python -m tests.controls > docs/security.md` makes the page. A test carries the ids it proves at the front of its name:
`test_c13_a_thousand_looks_change_nothing`, `test_f96_c24_c1_…`.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONTROLS = ROOT / "docs" / "security" / "controls.toml"
IDS = re.compile(r"test_((?:[cf]\d+_)+)")
HEAD = """\
# Security controls

<!-- Made from docs/security/controls.toml by `python -m tests.controls > docs/security.md`; change it there. -->

What keeps reporters, texts and the record safe: one row per control, the modules that keep it, and the tests that prove it.
`pytest -k test_c13` runs those of one row. What attackers want, and what is out of scope, stands in [SECURITY.md](../SECURITY.md); what
happens when something breaks in [reliability.md](reliability.md).

| | control | kept by | proved by |
|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Control:
    """`kept` are files of the tree; `later` says what is not there yet."""

    id: str
    says: str
    kept: tuple[str, ...]
    later: str = ""


def controls() -> list[Control]:
    rows = tomllib.loads(CONTROLS.read_text(encoding="utf-8"))["control"]
    return [Control(row["id"], row["says"], tuple(row["kept"]), row.get("later", "")) for row in rows]


@cache
def proofs() -> dict[str, list[tuple[Path, str]]]:
    """Id -> (file, name) of the tests that carry it."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _tests(path):
            for one in ids_of(name):
                found.setdefault(one, []).append((path, name))
    return found


def ids_of(name: str) -> list[str]:
    """The controls that a test's name begins with: `test_f96_c24_c1_nobody_is_found` -> C24, C1."""
    front = IDS.match(name)
    return [word.upper() for word in front[1].split("_") if word.startswith("c")] if front else []


def _tests(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def page() -> str:
    """The whole page."""
    proved = proofs()
    return "\n".join([HEAD, *(_row(control, proved.get(control.id, [])) for control in controls())]) + "\n"


def _row(control: Control, proved: list[tuple[Path, str]]) -> str:
    kept = "<br>".join(f"[{name}](../{name})" for name in control.kept)
    files = sorted({path for path, _ in proved})
    tests = "<br>".join(f"[{path.relative_to(ROOT / 'tests')}](../{path.relative_to(ROOT)})" for path in files)
    says = control.says + (f" *Not yet:* {control.later}." if control.later else "")
    return f"| {control.id} | {says} | {kept} | {tests} |"


if __name__ == "__main__":
    sys.stdout.write(page())
