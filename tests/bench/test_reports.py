"""What people see of a bench: a table, a picture, a verdict per promise."""

import os
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from channels.messages import InboundMessage, RawRequest
from gateway.app import Gateway
from gateway.queries import bench as counted
from workers.bench import goals, messages, meters, picture, table
from workers.bench.filling import judging
from workers.bench.promises import GOALS, Goal

SVG = "{http://www.w3.org/2000/svg}"
FRESH = {"database": "sqlite", "load_average_before": [0.5], "problems": []}


def growth(*sizes: int) -> dict[str, object]:
    queries = {"list_newest": 0.2, "count <all>": 4.0, "detail": 0.0}
    told = {
        str(size): {
            "queries": {name: {"p50_ms": p50 * (1 + at)} for name, p50 in queries.items()},
            "accept_cpu_us": 300.0,
            "bytes_per_complaint": 2_000,
        }
        for at, size in enumerate(sizes)
    }
    return {**FRESH, "bench": "growth", "sizes": told, "ratios": dict.fromkeys(queries, 2.0)}


# fmt: off
REPORTS = [
    # a report                                                                            what its table says
    (growth(1_000, 10_000),                                                               ["list_newest", "0.4", "bytes per complaint"]),
    ({**FRESH, "bench": "idle", "processes": {"web": {"pss_mib": 64.0, "cpu_percent": 0.1}},
      "pss_mib": 64.0, "cpu_percent": 0.1},                                               ["PSS in MiB", "web", "64", "all"]),
    ({**FRESH, "bench": "intake", "rate": 900.5, "sound": True, "stages": {"sql": 1.0}},  ["intake", "rate", "900.5", "load average before: 0.5"]),
    ({**FRESH, "bench": "intake", "problems": ["1 is lost"], "rate": 1},                  ["1 is lost"]),
    ({**FRESH, "bench": "drain", "compare": {"gateway": {"rate": 9.0}, "naive": {"rate": 3.0},
      "times_better": {"rate": 3.0}}},                                                    ["plain design", "rate", "9", "3"]),
    ({**FRESH, "bench": "goals", "goals": [goals.judged(GOALS[0], 7.0)]},                 [">= 12", "7 times", "must"]),
]
# fmt: on
@pytest.mark.parametrize(("told", "words"), REPORTS, ids=[str(told["bench"]) for told, _ in REPORTS])
def test_a_report_is_a_table_too(told: dict[str, object], words: list[str]) -> None:
    text = "\n".join(table.lines(told))
    assert [word for word in words if word not in text] == []
    assert "sound " not in text.replace("sound;", "")


@pytest.mark.parametrize("sizes", [(1_000,), (1_000, 10_000, 100_000)])
def test_the_picture_of_growth_has_a_line_and_a_label_for_every_query(sizes: tuple[int, ...]) -> None:
    drawn = ET.fromstring(picture.svg(growth(*sizes)))  # noqa: S314 - our own text
    lines = drawn.findall(f"{SVG}polyline")
    assert [len(str(line.get("points")).split()) for line in lines] == [len(sizes)] * 3
    labels = [str(text.text) for text in drawn.findall(f"{SVG}text")]
    assert any(label.startswith("count <all>") for label in labels)
    assert f"{sizes[-1]:,}" in labels


MORE, LESS = Goal("P1", "", 6, 12, more=True), Goal("P4", "", 100, 40)
# fmt: off
VERDICTS = [
    (MORE, 12.0, "aim"), (MORE, 6.0, "must"), (MORE, 5.9, "missed"), (MORE, None, "not measured"),
    (LESS, 40.0, "aim"), (LESS, 41.0, "must"), (LESS, 101.0, "missed"), (LESS, 0.0, "aim"),
]
# fmt: on
@pytest.mark.parametrize(("goal", "measured", "verdict"), VERDICTS)
def test_a_verdict_says_which_line_was_reached(goal: Goal, measured: float | None, verdict: str) -> None:
    assert goals.judged(goal, measured)["verdict"] == verdict


def test_every_promise_from_1_to_20_has_a_row_and_no_aim_is_easier_than_its_must() -> None:
    assert {goal.name.split()[0] for goal in GOALS} == {f"P{number}" for number in range(1, 21)}
    assert [goal.name for goal in GOALS if not goal.meets(goal.aim, goal.must)] == []


def test_a_process_is_found_with_its_share_of_memory_among_the_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in meters.children(os.getpid())
        assert child.stdin is not None
        child.stdin.close()
    assert meters.pss_mib(os.getpid()) > 1
    assert meters.pss_mib(2**22 + 1) == 0.0


def test_a_call_of_a_phone_is_what_the_adapter_understands(gateway: Gateway) -> None:
    wire = messages.http_request(messages.USSD, 7, 0)
    target = wire.split()[1].decode()
    channel = gateway.office.channels["ussd"]
    request = RawRequest("GET", raw_query=target.partition("?")[2].encode())
    channel.verify(request)
    assert channel.receiver is not None
    (event,) = channel.receiver.parse(request)
    assert isinstance(event, InboundMessage)
    assert event.session is not None
    assert event.sender.path.lstrip("+") == messages.recipient_of(messages.SMS, 7)


def test_reading_a_report_and_taking_its_suggestion_is_measured_together(gateway: Gateway) -> None:
    assert judging(gateway, 3) > 0
    with gateway.store.reading() as tx:
        assert counted.waiting(tx, tx.now).unread == 0
