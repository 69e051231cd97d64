"""`gateway serve` as its own process: one per SQLite file, one line for what is wrong, an orderly end."""
# ruff: noqa: S603 - the program is ours, and so are its arguments

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import clock

SETTINGS = """
[server]
port = {port}
shutdown_s = 5
[storage]
url = "sqlite:///{folder}/gateway.db"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "test-identity-key-0123456789abcdef-xyz"
reserve_mib = 0
[accounts]
second_factor = "optional"
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "test-sms-token-0123456789"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password"
"""
GATEWAY = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
SMS = "/c/sms?token=test-sms-token-0123456789&from=%2B6281200000001&to=1708&coding=0&id={n}&text=Lampu+jalan+mati+nomor+{n}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(port=free_port(), folder=tmp_path))
    return {"PATH": os.defpath, "GATEWAY_CONFIG": str(file), "HOME": str(tmp_path)}


def run(environment: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GATEWAY, *arguments], env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def port_of(environment: dict[str, str]) -> int:
    return int(Path(environment["GATEWAY_CONFIG"]).read_text().partition("port = ")[2].split()[0])


def get(environment: dict[str, str], path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(environment), timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def is_ready(environment: dict[str, str]) -> bool:
    try:
        return get(environment, "/readyz") == 200
    except OSError:
        return False


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*GATEWAY, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = clock.monotonic() + 30
        while not is_ready(environment):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert clock.monotonic() < deadline
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_it_takes_messages_and_ends_in_order_with_all_of_them(environment: dict[str, str]) -> None:
    assert run(environment, "db", "upgrade").returncode == 0
    with serving(environment) as process:
        assert {get(environment, SMS.format(n=n)) for n in range(5)} == {200}
        began = clock.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
        assert clock.monotonic() - began < 5
    assert (process.returncode, output) == (0, "")
    exported = run(environment, "export", "--reason", "pemeriksaan setelah berhenti")
    assert all(f"Lampu jalan mati nomor {n}" in exported.stdout for n in range(5))


@pytest.mark.usefixtures("sqlite_url")  # the schema, where the settings look for it
def test_a_second_process_on_the_same_file_is_refused_in_one_line(environment: dict[str, str]) -> None:
    with serving(environment):
        second = run(environment, "serve")
    assert second.returncode == 1
    assert last_line(second.stderr).startswith("another gateway serve works on ")
    assert "Traceback" not in second.stderr


@pytest.mark.usefixtures("sqlite_url")  # the schema, where the settings look for it
def test_a_port_that_is_in_use_is_named(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port_of(environment)))
        taken.listen()
        refused = run(environment, "serve")
    assert refused.returncode == 1
    assert last_line(refused.stderr).startswith(f"server.port: 127.0.0.1:{port_of(environment)} is in use")


def test_f17_a_schema_that_is_not_current_is_not_served(environment: dict[str, str]) -> None:
    refused = run(environment, "serve")
    assert refused.returncode == 1
    assert "gateway db upgrade" in last_line(refused.stderr)


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]
