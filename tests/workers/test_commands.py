"""The long-running commands as processes: they say when they are ready, end when told, and refuse what makes no sense."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from gateway.app import Gateway
from gateway.cli.main import main
from gateway.doorbell import QUEUES, bell

LIMIT_S = 20.0

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(settings_file: Path, gateway: Gateway) -> Iterator[Start]:
    """`start("clock")`: the command with the settings of the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(  # noqa: S603 - our own command
            [Path(sys.executable).with_name("gateway"), *arguments],
            env={"PATH": os.defpath, "GATEWAY_CONFIG": str(settings_file)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def says(process: "subprocess.Popen[str]", event: str) -> None:
    assert process.stderr is not None
    assert any(event in line for line in process.stderr), f"it ended without {event}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_clock_leads_rings_and_ends_when_told(start: Start, redis_url: str, number: int) -> None:
    process = start("clock")
    says(process, "clock_leads")
    with redis.Redis.from_url(redis_url) as client:
        while not all(client.exists(bell(queue)) for queue in QUEUES):
            assert process.poll() is None
    process.send_signal(number)
    assert process.wait(LIMIT_S) == 0


def test_two_clocks_may_run_and_one_leads(start: Start) -> None:
    first = start("clock")
    says(first, "clock_leads")
    second = start("clock")
    says(second, "clock_ready")
    first.send_signal(signal.SIGTERM)
    assert first.wait(LIMIT_S) == 0
    says(second, "clock_leads")


WRONG = [
    (["listen"], "nothing to ask"),
    (["listen", "tg"], "tg: nothing to ask, its provider calls us"),
    (["listen", "fax"], "no channel 'fax'; known: tg"),
    (["work", "fax"], "'fax' is not one of"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_what_makes_no_sense_is_one_line(
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("GATEWAY_CONFIG", str(settings_file))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    complaint = capsys.readouterr().err
    assert (ended.value.code, complaint.count("\n")) == (2, 1)
    assert said in complaint
