"""A gateway of the bench's own: fresh folder, free ports, own settings; its processes started, killed and ended here.

Everything that is started here ends here, and nothing else is touched. The processes are the real commands.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from config import clock
from config.load import settings_from
from config.settings import Settings
from gateway.app import Gateway, is_in_use, open_gateway, prepare
from workers import redis_server
from workers.bench import meters
from workers.bench.load import BEGAN, Outcome, Plan
from workers.bench.setting import settings_text
from workers.children import end_child, start_child
from workers.run import WORKERS

LOOPBACK = "127.0.0.1"
READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 12.0
LOOK_EVERY_S = 0.05
ASKED_S = 30.0
LAST_WORDS = 400
COMMAND = (sys.executable, "-c", "from gateway.cli.main import main; main()")


class SiteFailed(Exception):
    """A process of the bench did not become ready, or the database is not ours to fill; the text says which."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bench keeps its rows and rings its bells; None: SQLite in its folder, a Redis of its own.

    `keep`: its folder, which stays when all is over; None: a fresh one that is removed.
    """

    database: str | None = None
    redis: str | None = None
    keep: Path | None = None


@dataclass(slots=True)
class Process:
    """A running command and its log. `used_s`: processor time of its earlier lives."""

    arguments: tuple[str, ...]
    log: Path
    child: "subprocess.Popen[bytes]"
    used_s: float = 0.0
    peak_mib: float = 0.0
    log_from: int = 0
    """Bytes of the log that belong to earlier lives."""

    def cpu_s(self) -> float:
        return self.used_s + meters.cpu_s(self.child.pid)

    def note_memory(self) -> None:
        self.peak_mib = max(self.peak_mib, meters.peak_mib(self.child.pid))

    def ready_at(self) -> float | None:
        """Unix seconds when this worker said that it was ready, in its present life."""
        for line in self.log.read_bytes()[self.log_from :].splitlines():
            if b'"worker_ready"' in line:
                told = msgspec.json.decode(line, type=dict[str, Any])["timestamp"]
                return msgspec.convert(told, type=datetime).timestamp()
        return None


@dataclass(slots=True)
class Running:
    """The load on its way."""

    child: "subprocess.Popen[bytes]"
    told: Path
    log: Path

    @property
    def began(self) -> bool:
        return BEGAN.encode() in self.log.read_bytes()

    def ended(self, within_s: float) -> bool:
        try:
            self.child.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def outcome(self) -> Outcome:
        """Once it has ended."""
        if self.child.returncode:
            raise SiteFailed(f"the load ended with {self.child.returncode}: {last_words(self.log)}")
        return msgspec.json.decode(self.told.read_bytes(), type=Outcome)


@dataclass(slots=True)
class Site:
    """`gateway` is the bench's own hand in the database; the measured processes have theirs."""

    folder: Path
    port: int
    sink_port: int
    settings: Settings
    gateway: Gateway
    processes: dict[str, Process] = field(default_factory=dict)
    loads: list[Running] = field(default_factory=list)
    program: Sequence[str] = COMMAND
    """What is started with our arguments: `gateway`, or a coat around it."""
    _pause: Event = field(default_factory=Event)

    @property
    def redis_url(self) -> str:
        return self.settings.redis.url

    # -- processes ---------------------------------------------------------------------

    def start(self, name: str, *arguments: str, program: Sequence[str] | None = None) -> None:
        """Start `gateway …` (or another program of ours); its log stands in the folder under its name."""
        log = self.folder / f"{name}.log"
        self.processes[name] = Process(arguments, log, self._child([*(program or self.program), *arguments], log))

    def kill(self, name: str) -> None:
        """kill -9: no goodbye, no settling."""
        process = self.processes[name]
        process.note_memory()
        process.used_s = process.cpu_s()
        process.child.send_signal(signal.SIGKILL)
        process.child.wait()

    def restart(self, name: str) -> None:
        process = self.processes[name]
        process.log_from = process.log.stat().st_size
        process.child = self._child([*self.program, *process.arguments], process.log)

    def named(self, prefix: str) -> dict[str, Process]:
        return {name: process for name, process in self.processes.items() if name.startswith(prefix)}

    def cpu_s(self, prefix: str) -> float:
        """Processor seconds of these processes so far, those of killed lives included."""
        return sum(process.cpu_s() for process in self.named(prefix).values())

    def peak_mib(self, prefix: str) -> float:
        """The most memory that one of these processes held."""
        for process in self.named(prefix).values():
            process.note_memory()
        return round(max((process.peak_mib for process in self.named(prefix).values()), default=0.0), 1)

    def _child(self, command: list[str], log: Path) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}  # noqa: TID251
        environment = inherited | {"GATEWAY_CONFIG": str(self.folder / "gateway.toml")}
        with log.open("ab") as output:
            return start_child(command, environment=environment, output=output)

    # -- what is measured --------------------------------------------------------------

    def start_web(self, processes: int = 1) -> None:
        for at in range(processes):
            self.start(f"web-{at}", "serve")
        self.until(self.web_answers, "the web process answers")

    def start_workers(self, times: int = 1) -> float:
        """The workers of `gateway run`, this often, and a clock; Unix seconds when the first of them was ready."""
        for at in range(times):
            for queues in WORKERS:
                self.start(f"worker-{at}-{queues[0]}", "work", *queues)
        self.start("clock", "clock")
        workers = self.named("worker-").values()
        self.until(lambda: all(worker.ready_at() for worker in workers), "the workers are ready")
        return min(worker.ready_at() or 0.0 for worker in workers)

    def start_sink(self) -> None:
        gateway = f"http://{LOOPBACK}:{self.port}"
        self.start("sink", "simulate", "telegram", "kannel", "--port", str(self.sink_port), "--gateway", gateway)
        self.until(lambda: self.answers(self.sink_port, "/telegram/_sim/state"), "the simulators answer")

    def start_load(self, plan: Plan) -> Running:
        """In a process of its own, so that its work is not counted as ours; returns when its first message leaves."""
        number = len(self.loads)  # several may be under way
        given, told = self.folder / f"plan-{number}.json", self.folder / f"outcome-{number}.json"
        given.write_bytes(msgspec.json.encode(plan))
        log = self.folder / f"load-{number}.log"
        command = [sys.executable, "-m", "workers.bench.load", str(given), str(told)]
        running = Running(self._child(command, log), told, log)
        self.loads.append(running)
        self.until(lambda: running.began or running.ended(0), "the load begins")
        return running

    # -- asking -------------------------------------------------------------------------

    def web_answers(self) -> bool:
        return self.answers(self.port, "/readyz")

    def metrics(self) -> Mapping[str, float]:
        """What the web process counted, without the `satupintu_` before each name."""
        lines = self.ask(self.port, "GET", "/metrics")[1].decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name.removeprefix("satupintu_"): float(value) for name, _, value in pairs}

    def sink(self, path: str, body: object = None) -> Any:
        """A control call of the simulators: `telegram/_sim/state`."""
        content = None if body is None else msgspec.json.encode(body)
        return msgspec.json.decode(self.ask(self.sink_port, "POST" if content else "GET", f"/{path}", content)[1])

    def answers(self, port: int, path: str) -> bool:
        try:
            return self.ask(port, "GET", path)[0] == HTTPStatus.OK
        except (OSError, HTTPException):
            return False

    def ask(self, port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection(LOOPBACK, port, timeout=ASKED_S)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    # -- waiting and ending -------------------------------------------------------------

    def until(self, condition: Callable[[], object], what: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait for a condition; SiteFailed when it does not come in time or a process of ours died."""
        deadline = clock.monotonic() + within_s
        while not condition():
            dead = [name for name, one in self.processes.items() if one.child.poll() is not None]
            if dead or clock.monotonic() > deadline:
                words = [f"; {name}: {last_words(self.processes[name].log)}" for name in dead]
                raise SiteFailed(f"{what}: not within {within_s:g} s{''.join(words)}")
            self.pause(LOOK_EVERY_S)

    def pause(self, seconds: float) -> None:
        self._pause.wait(seconds)

    def end(self) -> None:
        """Whatever still runs is told to end, last started first, and then made to."""
        for running in self.loads:
            end_child(running.child, 0.0)
        running_still = [process for process in self.processes.values() if process.child.poll() is None]
        for process in reversed(running_still):
            process.child.terminate()
        for process in running_still:
            end_child(process.child, ENDS_WITHIN_S)
        self.processes.clear()


@contextmanager
def open_site(place: Place, written: Callable[[Path, str, str, int, int], str] = settings_text) -> Iterator[Site]:
    """A folder, a prepared database, a Redis; all ended and, where it was ours, removed at the end.

    `written` makes the settings file from folder, database, Redis, port and port of the simulators.
    """
    with ExitStack() as stack:
        folder = _folder(place.keep)
        if not place.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis_url = place.redis
        if redis_url is None:
            server = redis_server.start(redis_server.find_binary())
            stack.callback(server.stop)
            redis_url = server.url
        port, sink = _free_port(), _free_port()
        text = written(folder, place.database or f"sqlite:///{folder}/gateway.db", redis_url, port, sink)
        file = folder / "gateway.toml"
        file.touch(mode=0o600)
        file.write_text(text)
        settings = settings_from(text, environ={})
        if is_in_use(settings):
            raise SiteFailed("--database: it holds messages or agencies already; a bench fills an empty one")
        prepare(settings)
        gateway = open_gateway(settings)
        stack.callback(gateway.close)
        site = Site(folder, port, sink, settings, gateway)
        stack.callback(site.end)
        yield site


def _folder(kept: Path | None) -> Path:
    if kept is None:
        return Path(tempfile.mkdtemp(prefix="satupintu-bench-"))
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(kept.iterdir()):
        raise SiteFailed(f"--keep: {kept} is not empty")
    return kept.absolute()


def last_words(log: Path) -> str:
    """The end of what a process said, on one line."""
    return " ".join(log.read_text(errors="replace")[-LAST_WORDS:].split())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
