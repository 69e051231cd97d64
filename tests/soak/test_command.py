"""`gateway soak` from outside, in short: a town under faults ends with zeros, and so do rounds of kill -9."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import main

pytestmark = pytest.mark.fault

ZEROS = {"lost": 0, "doubled": 0, "disordered": 0, "misled": 0}
# None that leaves a claim to its lease: a soak that is let to drain for minutes is no test.
FAULTS = (
    "web_killed,web_frozen,clock_killed,redis_emptied,redis_stopped,sqlite_locked,telegram_429,telegram_redelivers,"
    "telegram_reorders,sms_503,sms_redelivers,sms_reports_reversed,ussd_redelivers,lapor_503"
)


def test_a_town_under_faults_loses_doubles_mixes_up_and_misleads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["soak", "--minutes", "0.25", "--rate", "2", "--faults", FAULTS, "--json-file", str(tmp_path / "told.json")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert {name: told[name] for name in ZEROS} == ZEROS, told["traces"]
    assert (ended.value.code, told["sound"], told["traces"]) == (0, True, [])
    assert told == json.loads((tmp_path / "told.json").read_text())
    assert told["complaints"] == told["forwards"] > 10
    assert sum(told["faults"].values()) > 2
    assert " waiting " in err


def test_rounds_of_kill_9_lose_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["soak", "kills", "--rounds", "3", "--members", "web,clock"])
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["lost"], told["doubled"], told["waiting"]) == (0, 0, 0)
    assert (ended.value.code, told["sound"], told["problems"]) == (0, True, [])
    assert sum(told["deaths"].values()) >= 3
    assert told["messages"] > 3
    assert "round 3" in err


# fmt: off
WRONG = [
    ["soak", "--faults", "earthquake"],
    ["soak", "--minutes", "0"],
    ["soak", "kills", "--rounds", "0"],
    ["soak", "kills", "--members", "everybody"],
]
# fmt: on
@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_one_line_and_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
