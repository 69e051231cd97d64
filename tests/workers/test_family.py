"""Processes of one machine: they start in order, come back, and end together."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from workers import family
from workers.family import Family, Member, MemberFailing, forked

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _signals_and_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The family takes over signals of its process: here that is the test run."""
    monkeypatch.setattr(family, "BACK_AFTER_S", 0.01)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    (tmp_path / "diary").touch()
    return tmp_path / "diary"


def writes(diary: Path, word: str, then: Callable[[], object] = signal.pause) -> Callable[[], None]:
    def run() -> None:
        with diary.open("a") as page:
            page.write(f"{word}\n")
        then()

    return run


def words(diary: Path) -> list[str]:
    return diary.read_text().split()


def test_all_members_start_and_end_when_told(diary: Path) -> None:
    house = Family([Member(name, forked(writes(diary, name))) for name in ("web", "worker", "clock")])
    house.start()
    house.watch(until=lambda: len(words(diary)) == 3, look_every_s=0.01)
    assert sorted(words(diary)) == ["clock", "web", "worker"]
    house.end(5)
    assert not any(member.is_alive for member in house._members)


def test_who_is_called_by_the_others_answers_before_they_start(diary: Path, tmp_path: Path) -> None:
    door = tmp_path / "door"
    first = Member("simulators", forked(writes(diary, "simulators", lambda: (door.touch(), signal.pause()))))
    first.answers = door.exists
    house = Family([first, Member("worker", forked(writes(diary, "worker")))])
    house.start()
    assert door.exists()
    house.watch(until=lambda: len(words(diary)) == 2, look_every_s=0.01)
    assert words(diary)[0] == "simulators"
    house.end(5)


def test_who_never_answers_is_not_waited_for_for_ever(diary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "ANSWERS_WITHIN_S", 0.05)
    silent = Member("simulators", forked(writes(diary, "simulators")), answers=lambda: False)
    house = Family([silent, Member("worker", forked(writes(diary, "worker")))])
    with capture_logs() as lines:
        house.start()
        house.watch(until=lambda: len(words(diary)) == 2, look_every_s=0.01)
    assert {"event": "member_slow", "member": "simulators", "log_level": "warning"} in lines
    house.end(5)


def test_a_signal_ends_the_watch(diary: Path) -> None:
    house = Family([Member("web", forked(writes(diary, "web")))])
    house.start()
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
    house.watch()
    assert house.told_to_end
    house.end(5)


def test_a_member_that_dies_comes_back(diary: Path) -> None:
    house = Family([Member("web", forked(writes(diary, "web"))), Member("worker", forked(writes(diary, "worker")))])
    house.start()
    with capture_logs() as lines:
        house.watch(until=lambda: len(words(diary)) == 2, look_every_s=0.01)
        house._members[1].signal(signal.SIGKILL)
        house.watch(until=lambda: words(diary).count("worker") == 2, look_every_s=0.01)
    assert [(line["event"], line["member"]) for line in lines] == [("member_died", "worker"), ("member_back", "worker")]
    assert words(diary).count("web") == 1
    house.end(5)


def test_a_member_that_dies_three_times_in_a_minute_ends_everything(diary: Path) -> None:
    house = Family([Member("web", forked(writes(diary, "web", lambda: os._exit(3))))])
    house.start()
    with pytest.raises(MemberFailing, match="web died 3 times"):
        house.watch(look_every_s=0.01)
    house.end(1)
    assert len(words(diary)) == 3


def test_whoever_does_not_end_in_time_is_killed(diary: Path) -> None:
    def deaf() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        writes(diary, "deaf", lambda: [signal.pause() for _ in range(9)])()

    house = Family([Member("deaf", forked(deaf))])
    house.start()
    house.watch(until=lambda: words(diary) == ["deaf"], look_every_s=0.01)
    with capture_logs() as lines:
        house.end(0.05)
    assert [line["event"] for line in lines] == ["member_killed"]
    assert not house._members[0].is_alive


def test_who_outlives_the_others_ends_after_them(diary: Path) -> None:
    def slow() -> None:
        def leave(*_: object) -> None:
            writes(diary, "worker", lambda: os._exit(0))()

        signal.signal(signal.SIGTERM, leave)
        writes(diary, "here")()

    def redis() -> None:
        signal.signal(signal.SIGTERM, lambda *_: writes(diary, "redis", lambda: os._exit(0))())
        writes(diary, "here")()

    house = Family([Member("redis", forked(redis), outlives_others=True), Member("worker", forked(slow))])
    house.start()
    house.watch(until=lambda: len(words(diary)) == 2, look_every_s=0.01)
    house.end(5)
    assert words(diary)[2:] == ["worker", "redis"]


def test_who_reads_the_settings_is_told_to_read_them_again_and_the_others_live_on(diary: Path) -> None:
    def reads() -> None:
        signal.signal(signal.SIGHUP, lambda *_: writes(diary, "again", lambda: None)())
        writes(diary, "web", lambda: None)()
        while True:
            signal.pause()

    house = Family([Member("web", forked(reads), reads_again=True), Member("redis", forked(writes(diary, "redis")))])
    house.start()
    house.watch(until=lambda: len(words(diary)) == 2, look_every_s=0.01)
    house._read_again(signal.SIGHUP, None)
    house.watch(until=lambda: "again" in words(diary), look_every_s=0.01)
    assert all(member.is_alive for member in house._members)
    house.end(5)
