"""`gateway run` as a person starts it: it says what it does, lives on when a part dies, and leaves nothing behind."""

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.load import load, settings_from
from workers.run import WORKERS, _loopback, _without_password, members

LIMIT_S = 30.0
TOML = """
[server]
port = {port}
public_url = "http://127.0.0.1:{port}"
[storage]
url = "sqlite:///{folder}/gateway.db"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "an-identity-key-that-opens-nothing-but-tests"
reserve_mib = 0
[channels.tg]
kind = "sandbox"
{more}
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    """`start(more settings)`: `gateway run`, ended at the end whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def run(more: str = "") -> "subprocess.Popen[str]":
        file = tmp_path / "gateway.toml"
        file.write_text(TOML.format(port=port, folder=tmp_path, more=more))
        process = subprocess.Popen(  # noqa: S603 - our own command
            [Path(sys.executable).with_name("gateway"), "run"],
            env={"PATH": os.defpath, "GATEWAY_CONFIG": str(file)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
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


def ready(process: "subprocess.Popen[str]") -> list[str]:
    """What it says until it is ready."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.rstrip())
        if "Ctrl+C to stop" in line:
            return said
    raise AssertionError(f"it never became ready: {said} {process.communicate()[1][-2000:]}")


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def children(process: "subprocess.Popen[str]") -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def test_it_becomes_ready_serves_and_ends_well(start: Start, port: int) -> None:
    process = start()
    said = ready(process)
    assert said[0].startswith("Satu Pintu ")
    assert any("Siap." in line for line in said)
    assert not any("latihan" in line.lower() for line in said), "with a settings file training is off"
    assert status_of(port, "/readyz") == 200
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert time.monotonic() - began < 10
    assert status_of(port, "/healthz") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="children are read from /proc")
@pytest.mark.fault
def test_a_part_that_is_killed_comes_back(start: Start, port: int) -> None:
    process = start()
    ready(process)
    before = children(process)
    assert len(before) == 1 + 1 + len(WORKERS) + 1, "redis, web, workers, clock"
    for victim in before:
        os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + LIMIT_S
    while len(set(children(process)) - set(before)) < len(before) or status_of(port, "/readyz") != 200:
        assert time.monotonic() < deadline
        select.select([], [], [], 0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT_S) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's own")
@pytest.mark.fault
def test_a_killed_parent_leaves_nobody_behind(start: Start) -> None:
    process = start()
    ready(process)
    watched = [os.pidfd_open(pid) for pid in children(process)]
    process.kill()
    process.wait()
    try:
        for member in watched:
            assert select.select([member], [], [], LIMIT_S)[0]
    finally:
        for member in watched:
            os.close(member)


def test_a_port_in_use_is_said_in_one_line(start: Start, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        process = start()
        _, complaint = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert f"server.port: 127.0.0.1:{port} cannot be used" in complaint
    assert "GATEWAY__SERVER__PORT" in complaint


WRONG = [
    ('[redis]\nbinary = "/nowhere/redis-server"', 1, "redis.binary: /nowhere/redis-server cannot be run"),
    ("[serverr]\nport = 1", 2, "server"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "status", "says"), WRONG)
def test_what_is_missing_is_said_in_one_line(start: Start, more: str, status: int, says: str) -> None:
    process = start(more)
    _, complaint = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, complaint.count("\n")) == (status, 1)
    assert says in complaint


def test_a_database_that_cannot_be_used_is_said_in_one_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_text("this is no database, and long enough to look like one" * 100)
    process = start()
    _, complaint = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, complaint.count("\n")) == (1, 1)
    assert "storage.url: the database cannot be used" in complaint


def test_who_belongs_to_a_machine() -> None:
    training = [member.name for member in members(load(environ={}))]
    assert training == ["web", "simulators", "worker deliver notify", "worker classify", "worker forward poll attach hooks", "clock"]  # fmt: skip
    polling = settings_from(
        '[channels.tg]\nkind = "telegram"\ntoken = "777000:acceptance-token-0123456789abcdefghij"\nmode = "polling"\n[storage]\nidentity_key = "0123456789abcdef0123456789abcdef"'
    )
    assert [member.name for member in members(polling)][-1] == "listeners"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@redis.example:6379/0", "redis://***@redis.example:6379/0"),
        ("redis://redis.example:6379/0", "redis://redis.example:6379/0"),
        ("unix:///tmp/r.sock?db=0", "unix:///tmp/r.sock?db=0"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert _without_password(url) == shown


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.5", "10.0.0.5")])  # noqa: S104
def test_where_this_machine_reaches_its_own_server(host: str, reached: str) -> None:
    assert _loopback(host) == reached
