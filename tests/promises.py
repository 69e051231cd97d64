"""`docs/reliability.md` from docs/reliability/: what is promised, which tests prove it, how they last ended.

`python -m tests.promises page > docs/reliability.md` makes the page; `python -m tests.promises run` carries out the tests
that carry ids and writes down how they ended.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reliability"
PROMISES, RESULTS = FOLDER / "promises.toml", FOLDER / "results.toml"
ID = re.compile(r"f\d+")
TEST = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
HEAD = """\
# Reliability

<!-- Made from docs/reliability/ by `python -m tests.promises page > docs/reliability.md`; change it there. -->

What the gateway promises when something breaks: one row per fault, the tests that cause it for real, and how they ended when
`python -m tests.promises run` last carried them out ({when}). A test names its rows: `pytest -k test_f27`.

Beside these, everything at once: `gateway soak` lets a simulated town live while all of this happens at random, and
`gateway soak kills` kills processes round after round; both must end with zeros ([soak](develop/soak.md)).
"""
TABLE = "| | promise | proved by | last result |\n|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Promise:
    """One row. `later` names the part it waits for, `untested` why there is no test yet."""

    id: str
    says: str
    later: str = ""
    untested: str = ""


def promises() -> dict[str, list[Promise]]:
    """By section."""
    sections = tomllib.loads(PROMISES.read_text(encoding="utf-8"))["section"]
    return {section["name"]: [Promise(**row) for row in section["rows"]] for section in sections}


@cache
def proofs() -> dict[str, dict[Path, list[str]]]:
    """Id -> file -> names of the tests that carry it."""
    found: dict[str, dict[Path, list[str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _tests(path):
            for one in ids_of(name):
                found.setdefault(one, {}).setdefault(path, []).append(name)
    return found


def ids_of(name: str) -> list[str]:
    """The ids that a test's name begins with: `test_f25_f26_what_follows` -> F25, F26."""
    found = []
    for word in name.removeprefix("test_").split("_"):
        if re.fullmatch(r"[fc]\d+", word) is None:
            break
        if ID.fullmatch(word):
            found.append(word.upper())
    return found


def _tests(path: Path) -> list[str]:
    return TEST.findall(path.read_text(encoding="utf-8"))


def page() -> str:
    """The whole page."""
    results = tomllib.loads(RESULTS.read_text(encoding="utf-8"))
    ended: Mapping[str, str] = results["ended"]
    proved = proofs()
    lines = [HEAD.format(when=results["on"].isoformat())]
    for name, rows in promises().items():
        lines += [f"## {name}\n", TABLE]
        lines += [_row(row, sorted(proved.get(row.id, {})), ended.get(row.id, "")) for row in rows]
        lines.append("")
    return "\n".join(lines)


def _row(promise: Promise, files: Sequence[Path], ended: str) -> str:
    if promise.later:
        return f"| {promise.id} | {promise.says} | later, with {promise.later} | |"
    if promise.untested:
        return f"| {promise.id} | {promise.says} | **belum diuji** (not tested yet): {promise.untested} | |"
    proved = "<br>".join(f"[{file.relative_to(ROOT / 'tests')}](../{file.relative_to(ROOT)})" for file in files)
    return f"| {promise.id} | {promise.says} | {proved} | {ended} |"


def run(arguments: Sequence[str] = ()) -> int:
    """Carry out every test that carries an id; the exit status is pytest's."""
    tests = sorted(
        {f"{file}::{name}" for by_file in proofs().values() for file, names in by_file.items() for name in names}
    )
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        words = [sys.executable, "-m", "pytest", "-q", f"--junitxml={told}", *arguments, *tests]
        status = subprocess.run(words, cwd=ROOT, check=False).returncode  # noqa: S603 - our own tests
        RESULTS.write_text(written(results(told.read_text(encoding="utf-8")), datetime.now(UTC).date()))  # noqa: TID251
    return status


def results(junit: str) -> dict[str, str]:
    """Id -> how many of its tests passed, and how many did not, from pytest's report."""
    passed: dict[str, int] = {}
    failed: dict[str, int] = {}
    for case in ET.fromstring(junit).iter("testcase"):  # noqa: S314 - pytest wrote it
        bad = any(child.tag in {"failure", "error", "skipped"} for child in case)
        for one in ids_of(case.get("name", "").partition("[")[0]):
            counts = failed if bad else passed
            counts[one] = counts.get(one, 0) + 1
    return {
        one: f"{passed.get(one, 0)} passed" + (f", {failed[one]} did not" if one in failed else "")
        for one in sorted(passed.keys() | failed.keys())
    }


def written(ended: Mapping[str, str], on: date) -> str:
    head = "# How the tests of each row last ended; written by: python -m tests.promises run\n"
    rows = "".join(f'{one} = "{words}"\n' for one, words in ended.items())
    return f"{head}on = {on.isoformat()}\n\n[ended]\n{rows}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        sys.exit(run(sys.argv[2:]))
    sys.stdout.write(page())
