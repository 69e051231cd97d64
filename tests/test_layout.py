"""What import contracts cannot see: sizes, names, table targets, and who writes a status."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from channels.registry import ADAPTERS
from gateway.cli.main import COMMANDS
from gateway.doorbell import QUEUES
from gateway.record.cases import amend
from workers.forwarders.registry import FORWARDERS
from workers.runtime import WORKS

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "channels", "gateway", "workers")
MIGRATIONS = ROOT / "gateway/storage/migrations/versions"  # written once by a program, as long as the schema
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if not path.is_relative_to(MIGRATIONS)
)
UNTELLING = {"utils", "helpers", "common", "base", "manager", "handler", "handlers", "service", "services", "misc"}
TARGETS = [*ADAPTERS.values(), *COMMANDS.values(), *FORWARDERS.values(), *WORKS.values()]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_three_screens_and_has_a_telling_name(path: Path) -> None:
    assert path.stem not in UNTELLING
    assert len(path.read_text().splitlines()) <= 400
    too_long = [f.name for f in functions(path) if f.end_lineno and f.end_lineno - f.lineno >= 60]
    assert not too_long


@pytest.mark.parametrize("target", TARGETS)
def test_every_name_in_a_table_leads_somewhere(target: str) -> None:
    module, _, name = target.partition(":")
    assert hasattr(import_module(module), name)


def test_every_queue_that_is_rung_has_a_work_and_a_job() -> None:
    jobs = import_module("workers.jobs")
    assert set(WORKS) == set(QUEUES)
    assert all(callable(getattr(jobs, queue)) for queue in QUEUES)


def updates_complaint(path: Path) -> bool:
    """By a statement of the table's own, or by one of the store's for many rows (`tx.update(tables.complaint, …)`)."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    updates = [node.value for node in nodes if isinstance(node, ast.Attribute) and node.attr == "update"]
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    updates += [call.args[0] for call in calls if getattr(call.func, "attr", "") in {"update", "upsert"}]
    return any(getattr(table, "attr", getattr(table, "id", "")) == "complaint" for table in updates)


def test_only_casework_changes_a_status_and_only_cases_the_rest() -> None:
    assert [path.stem for path in MODULES if updates_complaint(path)] == ["casework", "cases"]


def test_a_status_cannot_be_amended() -> None:
    with pytest.raises(ValueError, match="by an action"):
        amend(None, 1, status="resolved")  # type: ignore[arg-type] - refused before anything is touched


# fmt: off
LOCKS = [
    # file                   which groups of pyproject.toml it holds
    ("requirements.lock",     ()),
    ("requirements-dev.lock", ("dev",)),
]
# fmt: on


@pytest.mark.parametrize(("file", "groups"), LOCKS)
def test_c29_a_lock_holds_what_the_project_asks_for(file: str, groups: tuple[str, ...]) -> None:
    """`make lock` makes both anew; a forgotten one would install something else than what is declared."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(line for group in groups for line in project["optional-dependencies"][group])]
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / file).read_text(), re.MULTILINE))
    for requirement in map(Requirement, asked):
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in locked, f"{requirement} is not in {file}"
        assert requirement.specifier.contains(Version(locked[name])), f"{requirement}: {file} has {locked[name]}"
