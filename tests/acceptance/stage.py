"""The product as a black box: `gateway run` with real channels, and the simulators as its peers, over real HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
READY_WITHIN_S = 40.0
TOLD_WITHIN_S = 30.0
ENDS_WITHIN_S = 10.0
API_TOKEN = "acceptance-api-token"
TELEGRAM_SECRET = "acceptance-webhook-secret"
SMS_TOKEN = "acceptance-sms-token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], Any], what: str, within_s: float = TOLD_WITHIN_S) -> Any:
    """What `condition` gives once it is truthy; the test fails with `what` when it never is."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)  # noqa: TID251 - a black box is looked at now and then
    raise AssertionError(f"not within {within_s:g} s: {what}")


def children(pid: int) -> list[int]:
    """Every process below `pid`."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for child in found for below in children(child)]


@dataclass
class Reply:
    status: int
    body: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


def call(
    method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None, within_s: float = 10
) -> Reply:
    request = urllib.request.Request(url, body, headers or {}, method=method)  # noqa: S310 - loopback
    try:
        with OPENER.open(request, timeout=within_s) as answer:
            return Reply(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as answer:
        with answer:
            return Reply(answer.code, answer.read().decode(), dict(answer.headers))


@dataclass
class Stage:
    """One installation in `folder`, with its peers."""

    folder: Path
    database: str
    port: int = field(default_factory=free_port)
    fake: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        path = self.folder / "gateway.toml"
        if not path.exists():
            text = (HERE / "gateway.toml").read_text()
            for name, value in {
                "@PORT@": str(self.port),
                "@FAKE@": str(self.fake),
                "@DIR@": str(self.folder),
                "@ACCEPTANCE@": str(HERE),
                "@DATABASE@": self.database,
            }.items():
                text = text.replace(name, value)
            path.write_text(text)
            path.chmod(0o600)
        return path

    def start(self, name: str, *arguments: str, **settings: str) -> None:
        """A command of the product as a process of its own; `settings` go into its environment."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}  # noqa: TID251
        log = (self.folder / f"{name}.log").open("ab")
        gateway = Path(sys.executable).with_name("gateway")
        self.processes[name] = subprocess.Popen(  # noqa: S603
            [str(gateway), *arguments],
            cwd=self.folder,
            env=environment | {"GATEWAY_CONFIG": str(self.config)} | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()

    def start_peers(self) -> None:
        self.start("peers", "simulate", "--port", str(self.fake), "--gateway", self.url)
        until(lambda: self.answers(f"http://127.0.0.1:{self.fake}/"), "the simulators answer")

    def start_gateway(self) -> None:
        self.start("run", "run")
        until(lambda: self.answers(f"{self.url}/readyz"), f"ready; see {self.folder}/run.log", READY_WITHIN_S)

    def answers(self, url: str) -> bool:
        try:
            return call("GET", url, within_s=2).status == 200
        except OSError:
            return False

    def end_gateway(self) -> int:
        """SIGTERM, as a service manager does it; the exit status."""
        process = self.processes.pop("run")
        process.send_signal(signal.SIGTERM)
        return process.wait(ENDS_WITHIN_S)

    def kill_gateway(self) -> None:
        """kill -9 of the whole family at once, as a power cut does it."""
        process = self.processes.pop("run")
        family = [process.pid, *children(process.pid)]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        process.wait()
        until(lambda: not self.answers(f"{self.url}/healthz"), "the old one is gone")

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # what people and peers do
    def peer(self, path: str, body: object = None) -> Any:
        url = f"http://127.0.0.1:{self.fake}/{path}"
        if body is None:
            return call("GET", url).json()
        answer = call("POST", url, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        assert answer.status < 300, answer.body
        return answer.json()

    def texts_to(self, peer: str, recipient: str) -> list[str]:
        items = self.peer(f"{peer}/_sim/outbox?recipient={urllib.parse.quote(recipient)}")["items"]
        return [item["text"] for item in items]

    def api(self, path: str) -> Any:
        answer = call("GET", f"{self.url}/api/v1/{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
        assert answer.status == 200, answer.body
        return answer.json()

    def complaints(self) -> list[Any]:
        items: list[Any] = self.api("complaints?limit=50")["items"]
        return items
