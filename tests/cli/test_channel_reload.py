"""`gateway channels reload`: running processes take up new credentials; a wrong one never takes the place of one that works."""
# ruff: noqa: S603 - the program is ours, and so are its arguments

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from config import clock
from tests.cli.test_serve import GATEWAY, SMS, environment, get, run, serving

__all__ = ["environment"]
OLD_TOKEN, NEW_TOKEN = "test-sms-token-0123456789", "test-sms-token-9876543210"
OLD, NEW = "test-sms-password", "test-new-password"


class Smsbox(ThreadingHTTPServer):
    """Kannel's sendsms: `passwords` may send; what was sent with which."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.passwords = {OLD}
        self.sent: list[str] = []


class _Call(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Smsbox)
        given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        is_ours = given.get("password") in self.server.passwords
        if is_ours and "to" in given:
            self.server.sent.append(given["password"])
        body = b"0: Accepted for delivery" if is_ours else b"Authorization failed for sendsms"
        self.send_response(202 if is_ours else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Silent."""


@pytest.fixture
def smsbox() -> Iterator[Smsbox]:
    with Smsbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def call(number: int, token: str = OLD_TOKEN) -> str:
    """A complaint of somebody else each time: each is answered."""
    return SMS.format(n=number).replace(OLD_TOKEN, token).replace("81200000001", f"8120000000{number}")


@contextmanager
def working(environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [*GATEWAY, *arguments], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def until(holds: Callable[[], bool]) -> None:
    deadline, waits = clock.monotonic() + 40, threading.Event()
    while not holds():
        assert clock.monotonic() < deadline
        waits.wait(0.2)


def test_c26_new_credentials_are_taken_up_by_every_process_and_a_wrong_one_by_none(
    environment: dict[str, str], smsbox: Smsbox
) -> None:
    file = Path(environment["GATEWAY_CONFIG"])

    def write(old: str, new: str) -> None:
        file.write_text(file.read_text().replace(old, new))

    write("http://127.0.0.1:1/", f"http://127.0.0.1:{smsbox.server_port}/")
    assert run(environment, "db", "upgrade").returncode == 0
    reload = ("channels", "reload", "sms", "--reason", "Ganti kata sandi tahunan")
    with ExitStack() as alive:
        alive.enter_context(serving(environment))
        worker = alive.enter_context(working(environment, "work", "deliver", "notify"))
        assert get(environment, call(1)) == 200
        until(lambda: OLD in smsbox.sent)

        write(OLD, "a-wrong-password-typed-in")
        refused = run(environment, *reload)
        assert (refused.returncode, "refuses the login" in refused.stderr) == (1, True)
        assert "nothing was changed" in refused.stderr

        smsbox.passwords = {OLD, NEW}
        write("a-wrong-password-typed-in", NEW)
        write(OLD_TOKEN, NEW_TOKEN)
        assert run(environment, *reload).returncode == 0
        until(lambda: get(environment, call(2, NEW_TOKEN)) == 200)
        assert get(environment, call(3)) == 200, "the old token proves calls for a day"
        until(lambda: NEW in smsbox.sent)
        smsbox.passwords = {NEW}
        smsbox.sent.clear()
        assert get(environment, call(4, NEW_TOKEN)) == 200
        until(lambda: bool(smsbox.sent))

        smsbox.passwords = {OLD, NEW}
        smsbox.sent.clear()
        write(NEW, OLD)
        worker.send_signal(signal.SIGHUP)
        until(lambda: get(environment, call(5, NEW_TOKEN)) == 200 and OLD in smsbox.sent)
