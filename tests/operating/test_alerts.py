"""Alarms and the Grafana board name what exists, and every alarm has a page that says what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.messages import DeliveryStatus
from gateway.complaints.forward import ForwardState
from gateway.queries.channel_watch import ChannelState, Direction
from gateway.web import counters, gauges
from tests.operating.promql import Expression, Selector, parse, values
from tests.test_docs import table

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "deploy/prometheus/alerts.yml"
BOARD = ROOT / "deploy/grafana/satupintu.json"
RUNBOOKS = ROOT / "docs/operate/runbooks"
PREFIX = "satupintu_"
OF_PROMETHEUS = {"up": {"job"}}
OF_EVERY_SCRAPE = {"instance", "job"}
PARTS = ["## What it means", "## What citizens notice", "## What to look at", "## What to do"]
# fmt: off
VALUES = {
    # label      what it may be; `state` and `outcome` are of two kinds
    "state":     {*ChannelState, *ForwardState},
    "outcome":   {*DeliveryStatus, "failed_permanently"},
    "direction": {*Direction},
    "role":      {*gauges.ROLES},
    "reason":    {*gauges.REASONS},
    "place":     {"spool", "attachments", "database"},
    "job":       {"satupintu"},
}
# fmt: on


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(BOARD.read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))


EXPRESSIONS = list(expressions())
LABELS = {
    name: {label.strip() for label in cells[1].split(",") if label.strip()}
    for name, cells in table("metrics.md", "## Names").items()
}


def labels_of(selector: Selector) -> set[str]:
    """The labels of a metric as docs/metrics.md describes them; KeyError for one that nobody tells."""
    if selector.metric in OF_PROMETHEUS:
        return OF_PROMETHEUS[selector.metric] | OF_EVERY_SCRAPE
    name = selector.metric.removeprefix(PREFIX)
    histogram = re.sub(r"_(bucket|count|sum)$", "", name)
    if counters.KINDS.get(histogram) == "histogram":
        return LABELS[histogram] | OF_EVERY_SCRAPE | {"le"}
    return LABELS[name] | OF_EVERY_SCRAPE


@pytest.mark.parametrize(("where", "text"), EXPRESSIONS, ids=[f"{where} {text[:40]}" for where, text in EXPRESSIONS])
def test_an_expression_names_metrics_labels_and_values_that_exist(where: str, text: str) -> None:
    expression = parse(text)
    there: set[str] = set()
    for selector in expression.selectors:
        assert selector.metric in OF_PROMETHEUS or selector.metric.startswith(PREFIX)
        known = labels_of(selector)
        there |= known
        for matcher in selector.matchers:
            assert matcher[0] in known, f"{where}: {selector.metric} has no label {matcher[0]}"
            if matcher[0] in VALUES:
                assert set(values(matcher)) <= {str(value) for value in VALUES[matcher[0]]}
    assert expression.grouped_by <= there
    counts_right(expression)


def counts_right(expression: Expression) -> None:
    """A rate is of a counter, a difference of a gauge."""
    for function, metric in expression.ranged:
        name = re.sub(r"_bucket$", "", metric.removeprefix(PREFIX))
        assert (counters.KINDS.get(name, "gauge") == "gauge") == (function == "delta"), f"{function}({metric})"


# fmt: off
BROKEN = ["max(", "rate(satupintu_x)", "a b", 'a{b="c"', "sum by () (a)", "a >", "nonsense(a)", "a[5x]", "max a"]
# fmt: on


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_expression_is_noticed(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_every_alarm_says_how_urgent_it_is_and_what_happened() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 15
    for rule in rules():
        assert rule["labels"] == {"severity": rule["labels"]["severity"]}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        summary = rule["annotations"]["summary"]
        used = set(re.findall(r"\$labels\.(\w+)", summary))
        assert used <= parse(rule["expr"]).grouped_by | OF_EVERY_SCRAPE, rule["alert"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_every_alarm_has_a_page_and_every_page_an_alarm() -> None:
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in rules()}
    pages = {path.stem: path.read_text() for path in RUNBOOKS.glob("*.md") if path.stem != "README"}
    assert set(pages) == set(severities)
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    assert dict(listed) == severities
    for name, text in pages.items():
        assert text.startswith(f"# {name}\n\nSeverity {severities[name]}.")
        assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS
        assert all(part.strip() for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]), name


def test_metrics_that_a_page_names_exist() -> None:
    for path in RUNBOOKS.glob("*.md"):
        for metric in re.findall(rf"{PREFIX}(\w+)", path.read_text()):
            assert metric in LABELS, f"{path.name}: {metric}"


def test_the_board_has_a_place_for_every_panel() -> None:
    taken: set[tuple[int, int]] = set()
    assert len({panel["id"] for panel in panels()}) == len(panels()) > 20
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["type"] == "row" or panel["targets"]
