"""Documents say what the code does: links, commands, settings, statuses, codes, metrics, events, examples."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

import channels.errors
from channels import registry
from channels.errors import ChannelError
from channels.registry import ADAPTERS
from config.document import document
from config.load import settings_from
from config.logging import WITHHELD
from gateway.cli.main import gateway
from gateway.complaints.complaint import ActionRefused, Role, Status
from gateway.complaints.notices import Skip
from gateway.people import accounts
from gateway.people.tokens import SCOPES, SHORT_FORMS
from gateway.web import counters, gauges, health
from gateway.web.api_types import ListQuery
from gateway.web.openapi import ENTRIES, PREFIX
from gateway.web.problems import CODES
from tests.channels import matrix
from workers.forwarders.registry import FORWARDERS, read_settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PACKAGES = ("config", "channels", "gateway", "workers")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "config/data/README.md"])
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def pages(*, fenced: bool = True) -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = page.read_text()
        yield page, text if fenced else re.sub(r"```.*?```", "", text, flags=re.DOTALL)


# ---- links and files


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    words = re.sub(r"[`*\[\]()]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in page.read_text().splitlines() if line.startswith("#")}


LINKS = [
    (page, link)
    for page, text in pages(fenced=False)
    for link in re.findall(r"\]\(([^)\s]+)\)", text)
    if not link.startswith(("http://", "https://", "mailto:"))
]


@pytest.mark.parametrize(("page", "link"), LINKS, ids=[f"{name_of(page)} {link}" for page, link in LINKS])
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    target, _, anchor = link.partition("#")
    found = (page.parent / target).resolve() if target else page
    assert found.exists(), link
    assert found.is_relative_to(ROOT)
    if anchor:
        assert anchor in anchors(found), link


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for known, link in LINKS if known == page]
    assert set(DOCS.rglob("*.md")) <= reached


FILES = re.compile(r"`((?:config|channels|gateway|workers|tests|docs|deploy|contrib|\.ci)/[\w./-]*[\w/])[^`]*`")
NAMED = sorted(
    {(page, path) for page, text in pages(fenced=False) for path in FILES.findall(text) if "NNNN" not in path}
)


@pytest.mark.parametrize(("page", "path"), NAMED, ids=[f"{name_of(page)} {path}" for page, path in NAMED])
def test_a_file_that_a_page_names_is_there(page: Path, path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / path).with_suffix(".py").exists()


def test_a_page_that_the_code_names_is_there() -> None:
    named = {(name_of(path), page) for path in MODULES for page in re.findall(r"docs/[\w/-]+\.md", path.read_text())}
    assert len(named) > 20
    assert not {(module, page) for module, page in named if not (ROOT / page).exists()}


# ---- commands

SPANS = re.compile(r"`(gateway [^`]+)`")
LINES = re.compile(r"^ {4,}(?:.*?[/ ])?(gateway [a-z].*)$", re.MULTILINE)


def command_lines() -> Iterator[tuple[Path, str]]:
    for page, text in pages():
        for line in [*SPANS.findall(text), *LINES.findall(text)]:
            yield page, line


COMMAND_LINES = sorted({(page, line) for page, line in command_lines() if re.match(r"gateway [a-z]", line)})


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES, ids=[f"{name_of(p)} {line}" for p, line in COMMAND_LINES])
def test_a_command_in_a_page_exists_with_its_options(page: Path, line: str) -> None:
    told = line.partition("  ")[0].partition(" #")[0].rstrip(".,;:")
    *before, last = shlex.split(told)[1:]
    for word in last.split("|"):  # `gateway db upgrade|check`: each of them
        leads_to_command([*before, word])


def leads_to_command(words: list[str]) -> None:
    command: click.Command = gateway
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert given <= options | {"--help"}, given - options


# ---- settings and examples


def test_the_tables_of_channels_are_fresh() -> None:
    standing = matrix.stands(matrix.PAGE.read_text(encoding="utf-8"))
    assert standing == matrix.made(), "run: python -m tests.channels.matrix write"


def test_the_page_of_settings_is_fresh() -> None:
    assert (DOCS / "settings.md").read_text() == document()


def sections() -> set[str]:
    return set(tomllib.loads((ROOT / "config/defaults.toml").read_text())) | {"channels", "forwarding"}


def is_settings(block: str) -> bool:
    first = re.search(r"^\[([a-z0-9]+)", block, re.MULTILINE)
    return bool(first and first[1] in sections())


def toml_blocks(text: str) -> Iterator[str]:
    """Fenced blocks marked toml, and indented ones that begin with a table of settings."""
    yield from re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    unfenced = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for block in re.findall(r"(?:^ {4,}\S.*\n(?:^ {4,}.*\n|^\n(?= {4}))*)", unfenced, re.MULTILINE):
        lines = [line for line in block.splitlines() if line.strip()]
        indent = min(len(line) - len(line.lstrip()) for line in lines)
        plain = "\n".join(line[indent:] for line in lines)
        if re.match(r"\[[a-z0-9.-]+\]\n", plain):
            yield plain


EXAMPLES = [(page, block) for page, text in pages() for block in toml_blocks(text) if is_settings(block)]
# What examples leave to a file of its own.
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "telegram": {"token": "123456789:AAE-a-token-that-nobody-ever-had-0001"},
    "kannel": {"password": "left to a file, as the text says", "inbound_token": "left to a file as well, 24 bytes"},
    "jasmin": {"password": "left to a file", "inbound_token": "left to a file as well, 24 bytes"},
    "http_sms": {"inbound_token": "left to a file as well, 24 bytes"},
    "smpp": {"password": "to-file"},
    "ussd_http": {"inbound_token": "this one is left to a file, too"},
    "x": {"token": "t", "consumer_secret": "s"},
    "messenger": {"token": "t", "app_secret": "s", "verify_token": "v"},
    "whatsapp": {"token": "t", "app_secret": "s", "verify_token": "v"},
    "instagram": {"token": "t", "app_secret": "s", "verify_token": "v"},
}


@pytest.mark.parametrize(
    ("page", "block"), EXAMPLES, ids=[f"{name_of(page)} {block.split(chr(10))[0]}" for page, block in EXAMPLES]
)
def test_an_example_of_settings_loads(page: Path, block: str) -> None:
    tree: dict[str, Any] = tomllib.loads(block)
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    for name, channel in tree.get("channels", {}).items():
        for key, value in LEFT_OUT.get(channel["kind"], {}).items():
            if not channel.get(key, "").strip("…"):
                environ[f"GATEWAY__CHANNELS__{name.replace('-', '_').upper()}__{key.upper()}"] = value
    settings = settings_from(block, environ)
    built = registry.build(settings.channels, absent_secret=lambda _: "0" * 48)
    assert built.keys() == tree.get("channels", {}).keys()
    for table in settings.forwarding:
        read_settings(table)


def test_there_are_examples() -> None:
    assert {name_of(page) for page, _ in EXAMPLES} >= {
        "README.md",
        "docs/operate/install.md",
        "docs/channels/kannel.md",
    }


SETTING = re.compile(r"`([a-z_]+\d*)\.([a-z_]+)(?: = [^`]*)?`")


def test_a_setting_that_a_page_names_exists() -> None:
    defaults = tomllib.loads((ROOT / "config/defaults.toml").read_text())
    unknown = {
        (name_of(page), f"{section}.{key}")
        for page, text in pages(fenced=False)
        for section, key in SETTING.findall(text)
        if section in defaults and key not in defaults[section] and key not in {"py", "toml", "md"}
    }
    assert not unknown


# ---- tables of the pages


def table(page: str, heading: str) -> dict[str, list[str]]:
    """Rows of the first table below a heading: the words in backticks of the first cell -> the other cells."""
    text = (DOCS / page).read_text()
    below = f"\n{text}".partition(f"\n{heading}\n")[2] if heading else text
    rows: dict[str, list[str]] = {}
    for line in re.search(r"^\|.*(?:\n\|.*)*", below, re.MULTILINE)[0].splitlines()[2:]:  # type: ignore[index]
        first, *others = [cell.strip() for cell in line.strip("|").split(" | ")]
        rows |= dict.fromkeys(re.findall(r"`([^`]+)`", first) or [first.strip("| ")], others)
    return rows


def family(error: type[ChannelError]) -> Iterator[type[ChannelError]]:
    yield error
    for child in error.__subclasses__():
        yield from family(child)


def test_errors_of_channels_are_described() -> None:
    own = {each for each in family(ChannelError) if each.__module__ == channels.errors.__name__}
    described = table("errors.md", "## Between us and a provider")
    assert {each.code: each.__name__ for each in own} == {code: cells[0] for code, cells in described.items()}


def calls(name: str, paths: Iterable[Path]) -> Iterator[ast.Call]:
    for path in paths:
        yield from (call for call in calls_in(path) if getattr(call.func, "id", getattr(call.func, "attr", "")) == name)


@cache
def calls_in(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def first_words(name: str, paths: Iterable[Path] = MODULES) -> set[str]:
    """The constant first argument of every call of `name`."""
    found = {call.args[0].value for call in calls(name, paths) if call.args and isinstance(call.args[0], ast.Constant)}
    return {str(word) for word in found}


def test_refused_actions_are_described() -> None:
    described = set(table("errors.md", "## An action that does not go"))
    raised = first_words("ActionRefused")
    assert raised == described
    assert all(f"`{code}`" in (ActionRefused.__doc__ or "") for code in described)


def test_reasons_why_nobody_was_told_are_described() -> None:
    assert set(table("errors.md", "## Why nobody was told")) == set(Skip)


def test_refused_sign_ins_are_described() -> None:
    described = set(table("errors.md", "## Signing in"))
    assert described == first_words("SignInRefused", [Path(accounts.__file__)])


def test_problems_of_the_api_are_described_with_their_status() -> None:
    described = table("errors.md", "## Answers of the API")
    assert {code: int(cells[0]) for code, cells in described.items()} == dict(CODES)


def test_calls_of_the_api_are_described_with_their_scope() -> None:
    tables = [
        table("api.md", heading) for heading in ("## 4. Complaints", "## 5. Channels and reports", "## 6. Webhooks")
    ]
    described = {call: cells[0].strip("`") for found in tables for call, cells in found.items()}
    assert described == {f"{entry.method} {PREFIX}{entry.path}": entry.scope for entry in ENTRIES}
    scopes = table("api.md", "## 1. Access, limits, repetitions")
    short = dict.fromkeys(SCOPES, "–") | {scope: name for name, allowed in SHORT_FORMS.items() for scope in allowed}
    assert {scope: cells[0].strip("`") for scope, cells in scopes.items()} == short


def test_filters_of_the_api_are_described() -> None:
    text = (DOCS / "api.md").read_text()
    assert not {name for name in ListQuery.__struct_fields__ if f"`{name}`" not in text}


REASONS = ("SendRefused", "RecipientRefused", "ChannelStopped", "TemporaryFailure", "SendUnknown", "_recipient")


def test_reasons_of_failed_sends_are_described() -> None:
    text = (DOCS / "errors.md").read_text()
    raised = set().union(*(first_words(name, (ROOT / "channels").rglob("*.py")) for name in REASONS))
    assert len(raised) > 10
    assert not {reason for reason in raised if f"`{reason}`" not in text}


def test_reasons_of_refused_files_are_described() -> None:
    text = (DOCS / "errors.md").read_text()
    raised = first_words("Refused", (ROOT / "workers/cleaning").rglob("*.py"))
    assert len(raised) > 3
    assert not {reason for reason in raised if f"`{reason}`" not in text}


def test_statuses_and_roles_are_explained() -> None:
    assert set(table("glossary.md", "## Status of a complaint")) == {status.value for status in Status}
    assert set(table("glossary.md", "## Roles")) == {role.value for role in Role}


def metric_names() -> set[str]:
    """First words of every sample that is yielded, `{name}` of an f-string as a wildcard."""
    names = set()
    for module in (health, counters, gauges):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[1], ast.Tuple | ast.Name):
                names |= words_of(node.elts[0])
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "samples" and node.args:
                names |= words_of(node.args[0])
    return names | gauges.FIGURES


def words_of(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr):
        return {"".join(str(part.value) if isinstance(part, ast.Constant) else ".+" for part in node.values)}
    return set()


def test_metrics_are_described() -> None:
    described = table("metrics.md", "## Names")
    names = {name for name in metric_names() if name.replace(".+", "").strip("_") not in {"", "bucket", "count", "sum"}}
    assert len(names) > 15
    assert not {name for name in described if not any(re.fullmatch(known, name) for known in names)}
    assert not {name for name in names if not any(re.fullmatch(name, known) for known in described)}
    for name, cells in described.items():
        assert cells[0] == counters.KINDS.get(name, "gauge"), name


LEVELS = ("debug", "info", "warning", "error", "exception")


def written_lines() -> Iterator[tuple[str, str, set[str]]]:
    """(event, level, fields) of every line that the code writes, also of those that are written after a commit."""
    for level in LEVELS:
        for call in calls(level, MODULES):
            if getattr(getattr(call.func, "value", None), "id", "") == "log":
                yield from lines_of(call.args[:1], level, call.keywords)
    for call in calls("partial", MODULES):
        level = getattr(call.args[0], "attr", "") if call.args else ""
        if level in LEVELS and len(call.args) > 1:
            yield from lines_of(call.args[1:2], level, call.keywords)


def lines_of(first: list[ast.expr], level: str, keywords: list[ast.keyword]) -> Iterator[tuple[str, str, set[str]]]:
    fields = {keyword.arg or "…" for keyword in keywords} - {"exc_info"}
    for each in first:
        names = [node.value for node in ast.walk(each) if isinstance(node, ast.Constant)]
        yield from (
            (name, "error" if level == "exception" else level, fields) for name in names if isinstance(name, str)
        )


def events() -> set[str]:
    return {event for event, _, _ in written_lines()}


def test_every_event_of_the_log_is_in_the_catalogue_with_its_level_and_fields() -> None:
    levels: dict[str, set[str]] = {}
    fields: dict[str, set[str]] = {}
    for event, level, named in written_lines():
        levels.setdefault(event, set()).add(level)
        fields.setdefault(event, set()).update(named)
    described = table("logs.md", "## Events")
    assert len(described) > 50
    assert set(described) == set(levels)
    for event, (level, named, meaning) in described.items():
        assert set(re.findall(r"\w+", level)) == levels[event], event
        assert set(re.findall(r"\w+|…", named)) == fields[event], event
        assert meaning, event


def test_fields_of_the_log_name_nobody() -> None:
    """Fields that are starred whatever they hold tell nothing: a line that has one is a mistake (SECURITY C24)."""
    assert not {(event, field) for event, _, fields in written_lines() for field in fields & WITHHELD}


def test_events_of_the_log_exist() -> None:
    described = set(table("operate/monitor.md", "## Log"))
    assert len(described) > 15
    assert described <= events()


# ---- rules that comments cite

CITED = re.compile(
    r"\b(CASEWORK|SECURITY|PERFORMANCE|SCREENS|ARCHITECTURE|LAYOUT|STYLE)\b[ §]*((?:rules? )?C?\d+(?:\.\d+)?)"
)
FAULT = re.compile(r"\bF(\d{2})\b")


def cited() -> Iterator[tuple[str, str]]:
    for path in MODULES:
        yield from CITED.findall(path.read_text())


def explained() -> set[tuple[str, str]]:
    """What docs/develop/rules.md explains, as (document, number)."""
    found, section = set(), ""
    for line in (DOCS / "develop/rules.md").read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| "):
            first = line.split("|")[1]
            document_name = first.split()[0] if "," in section else section
            found |= {(document_name, number) for number in re.findall(r"C?\d+(?:\.\d+)?", first)}
    return found


def test_every_rule_that_a_comment_cites_is_explained() -> None:
    known = explained()
    asked = {(word, number.removeprefix("rules ").removeprefix("rule ")) for word, number in cited()}
    assert len(asked) > 20
    whole = {(word, number.partition(".")[0]) for word, number in known}
    assert not {(word, number) for word, number in asked if (word, number) not in known | whole}


def test_every_fault_that_a_comment_or_test_cites_is_explained() -> None:
    text = (DOCS / "develop/rules.md").read_text()
    ranges = [(int(first), int(last or first)) for first, last in re.findall(r"\| F(\d{2})(?: to F(\d{2}))? \|", text)]
    paths = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    asked = {int(number) for path in paths for number in FAULT.findall(path.read_text())}
    assert asked
    assert not {number for number in asked if not any(first <= number <= last for first, last in ranges)}


# ---- channels, forwarders, dependencies, decisions


def test_every_kind_of_channel_has_its_page() -> None:
    listed = table("channels/README.md", "# Channels")
    assert set(listed) == set(ADAPTERS)
    assert {path.stem for path in (DOCS / "channels").glob("*.md")} >= set(ADAPTERS) - {"sandbox"}


def test_every_system_of_record_has_its_page() -> None:
    by_mode = {"manual", "null"}  # what a mode puts in the place of any of them
    assert {path.stem for path in (DOCS / "forwarders").glob("*.md")} >= set(FORWARDERS) - by_mode


def asked_for(lines: list[str]) -> set[str]:
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}  # type: ignore[index]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run = {name.lower(): cells for name, cells in table("dependencies.md", "## To run").items()}
    develop = {name.lower(): cells for name, cells in table("dependencies.md", "## To develop").items()}
    assert set(run) == asked_for(project["dependencies"])
    assert set(develop) == asked_for(project["optional-dependencies"]["dev"])
    assert all(len(cells) == 4 and all(cells) for cells in run.values())
    assert all(len(cells) == 2 and all(cells) for cells in develop.values())


DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_and_what_it_costs(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem[:4]} ")
    assert len(text.splitlines()) <= 60
    for part in ("**Context.**", "**Decision.**", "**What it costs.**", "**We would notice that it was wrong**"):
        assert part in text


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    listed = (DOCS / "adr/README.md").read_text()
    assert all(page.name in listed for page in DECISIONS)


def test_pages_speak_of_the_product_alone() -> None:
    """No path of somebody's machine, no home folder."""
    found = {name_of(page) for page, text in pages() if re.search(r"/(?:home|root|tmp|work)/\w", text)}
    assert not found
