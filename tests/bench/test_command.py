"""`gateway bench` from outside: one JSON object, progress elsewhere, exit status by soundness."""

import json
from pathlib import Path

import pytest
from click import ClickException
from click.exceptions import Exit

from gateway.cli.main import main
from gateway.storage import tables
from tests.bench.conftest import opened
from tests.gateway.short_ways import rows
from workers.bench.command import _carry_out
from workers.bench.filling import fill
from workers.bench.messages import CHANNELS
from workers.bench.site import Place, SiteFailed

# fmt: off
INTAKE = {
    "bench", "version", "python", "machine", "database", "load_average_before", "parameters", "sound", "problems",
    "accepted", "rate", "statuses", "p50_ms", "p99_ms", "p999_ms", "max_ms", "cpu_us_per_message", "stages", "rows",
    "rows_expected", "lost", "doubled", "peak_memory_mib",
}
# fmt: on


def test_a_web_process_that_is_killed_under_load_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "intake", "--seconds", "0.6", "--kill-after", "0.3", "--connections", "4", "--repeat", "0.2"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json-file", str(tmp_path / "told.json")])
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert ended.value.code == 0
    assert told == json.loads((tmp_path / "told.json").read_text())
    assert told.keys() >= INTAKE
    assert (told["bench"], told["sound"], told["problems"]) == ("intake", True, [])
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["rows"] >= told["rows_expected"] == told["accepted"] > 0
    assert told["broken_connections"] > 0, "the kill was felt"
    assert "killed" in err


# fmt: off
WRONG = [
    ["bench"],
    ["bench", "intake", "--channels", "fax"],
    ["bench", "intake", "--processes", "2"],
    ["bench", "growth", "--sizes", "many"],
    ["bench", "growth", "--queries", "none_such"],
    ["bench", "drain", "--rows", "0"],
    ["bench", "drain", "--compare", "nothing"],
    ["bench", "goals", "--only", "everything"],
]
# fmt: on
@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_one_line_and_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("messages", [0, 1])
def test_a_database_in_use_is_not_ours_to_fill(
    messages: int, sqlite_url: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(sqlite_url, tmp_path) as gateway:
        assert sum(fill(gateway, range(messages), CHANNELS, gateway.clock.now)) == messages
        with gateway.store.transaction() as tx:
            tx.execute(tables.agency.update().values(name="Kantor Contoh"))
        with pytest.raises(SystemExit) as ended:
            main(["bench", "drain", "--rows", "1", "--database", sqlite_url, "--redis", redis_url])
        assert {row.name for row in rows(gateway.store, tables.agency)} == {"Kantor Contoh"}, "nothing was prepared"
    assert ended.value.code == 1
    assert "fills an empty one" in capsys.readouterr().err


def test_an_unsound_run_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended:
        _carry_out(lambda _: {"bench": "intake", "sound": False, "problems": ["one is lost"]}, None, Place())
    assert ended.value.exit_code == 1
    assert json.loads(capsys.readouterr().out)["problems"] == ["one is lost"]


def test_a_site_that_does_not_start_is_one_line() -> None:
    def fails(_: Place) -> dict[str, object]:
        raise SiteFailed("the web process answers: not within 60 s")

    with pytest.raises(ClickException, match="not within 60 s"):
        _carry_out(fails, None, Place())
