"""A short month from outside, and one whose ladder was cut: the verdict must see that."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from gateway.cli.main import main
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.upkeep import UPKEEP
from tests.gateway.short_ways import REPORT, opened, rows
from workers.month import course
from workers.month.course import NotEmpty, Order
from workers.month.verdict import judge

OFFICE = (tables.agency, tables.agency_member, tables.account, tables.audit)


def test_a_short_month_leaves_nobody_in_silence_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["month", "--reports", "20", "--days", "8", "--seed", "2", "--outage-days", "1", "--json-file"]
    with pytest.raises(SystemExit) as ended:
        main([*words, str(tmp_path / "told.json")])
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (ended.value.code, told["sound"], told["problems"]) == (0, True, [])
    assert told == json.loads((tmp_path / "told.json").read_text())
    assert told["complaints"] >= 20
    assert set(told["by_channel"]) >= {"tg", "sms"}
    assert told["escalations"], "an office that never answers is told of above"
    assert told["clocks"]["acceptance"]["overdue"] > 0
    assert told["lapor"]["filed"] > 5
    assert told["lapor"]["reads_during_outage"] > 0
    assert told["deeds"]["link"] > 0
    (incident,) = told["incidents"]
    # Of six; who asked for secrecy after a machine had assigned theirs is answered alone.
    assert incident["children"] == told["deeds"]["desk gathered"] + told["deeds"].get("desk link", 0) >= 4
    assert {one for one in told["files"] if told["files"][one]} == {"reporter stored", "agency stored"}
    assert told["protected"].keys() == {"anonymous", "confidential"}
    assert "day 7 of 8" in err
    assert "left in silence 0; sound" in err


def test_a_month_without_the_ladder_is_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    duties = [duty for duty in UPKEEP if duty.name != "deadlines_reached"]
    assert len(duties) == len(UPKEEP) - 1
    said: list[str] = []
    lived = course.live(Order(8, 7, seed=4, outage_days=0.5, duties=duties), None, said.append)
    verdict = judge(lived.books, lived.end, lived.expected)
    assert {one.why for one in verdict.silences} == {"ladder"}
    assert verdict.escalations == {}
    assert verdict.lost == ()
    assert said


@pytest.mark.parametrize("words", [(), (REPORT,)], ids=["agencies", "agencies and a complaint"])
def test_a_database_in_use_is_refused_before_anything_is_written_to_it(
    store: Store, telegram: Callable[..., Arrival], words: tuple[str, ...]
) -> None:
    for one in words:
        opened(store, telegram(one))
    office = [rows(store, table) for table in OFFICE]
    assert all(office)
    with pytest.raises(NotEmpty):
        course.live(Order(1, 1), store.office.settings.storage.url, print)
    assert [rows(store, table) for table in OFFICE] == office


def test_a_database_in_use_is_told_in_one_line_with_exit_2(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["month", "--database", store.office.settings.storage.url])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert "it holds complaints or agencies already" in err


def test_wrong_usage_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["month", "--reports", "0"])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
