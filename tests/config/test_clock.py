"""Virtual time: one offset in a file, shared by all processes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import clock
from config.clock import Clock, clock_for
from config.load import load, settings_from

LOCAL = '[storage]\nidentity_key = "kunci-uji-3f9c2d7ab1e84560cd1f7e2a90b4c8d5"\n'
ABOUT_NOW = timedelta(seconds=5)


def test_real_time_is_aware_and_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(Clock().now() - clock.now()) < ABOUT_NOW


def test_a_real_clock_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="only a virtual clock"):
        Clock().advance(60)


def test_advancing_adds_up_and_every_process_sees_it(tmp_path: Path) -> None:
    mine, theirs = Clock(tmp_path / "var" / "clock"), Clock(tmp_path / "var" / "clock")
    mine.advance(3600)
    assert mine.advance(60) - clock.now() > timedelta(minutes=60)
    assert theirs.now() - clock.now() > timedelta(minutes=60)
    theirs.advance(3600)
    assert theirs.now() - clock.now() > timedelta(minutes=120)


def test_a_change_by_another_process_is_seen_after_a_fifth_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [100.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: seconds[0])
    mine, theirs = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")
    mine.now()
    theirs.advance(3600)
    assert mine.now() - clock.now() < ABOUT_NOW, "the file is not read at every call"
    seconds[0] += clock.CHECK_EVERY_S
    assert mine.now() - clock.now() > timedelta(minutes=59)


def test_time_does_not_go_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time only goes on"):
        Clock(tmp_path / "clock").advance(-1)


def test_time_can_be_moved_to_a_moment(tmp_path: Path) -> None:
    moment = datetime(2126, 12, 23, 2, 15, tzinfo=UTC)
    assert abs(Clock(tmp_path / "clock").advance_to(moment) - moment) < ABOUT_NOW


def test_a_reset_brings_real_time_back(tmp_path: Path) -> None:
    virtual = Clock(tmp_path / "clock")
    virtual.advance(3600)
    virtual.reset()
    assert abs(virtual.now() - clock.now()) < ABOUT_NOW


def test_a_damaged_file_counts_as_no_offset(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("besok")
    assert abs(Clock(tmp_path / "clock").now() - clock.now()) < ABOUT_NOW


def test_time_is_virtual_in_training_only(tmp_path: Path) -> None:
    assert clock_for(load(environ={"GATEWAY__TRAINING__CLOCK": str(tmp_path / "clock")})).is_virtual
    assert not clock_for(settings_from(LOCAL)).is_virtual


def test_waits_are_measured_by_a_clock_that_nobody_moves(tmp_path: Path) -> None:
    virtual = Clock(tmp_path / "clock")
    before = virtual.monotonic()
    virtual.advance(86_400)
    assert 0 <= virtual.monotonic() - before < ABOUT_NOW.total_seconds()
