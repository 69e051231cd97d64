"""What many tests stand on: a Redis, databases with the schema, a browser. Each is a real one (tests/servers.py)."""

import gc
import logging
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest
import structlog
from hypothesis import settings
from structlog.dev import ConsoleRenderer, plain_traceback

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from playwright.async_api import Browser

    from tests.servers import MariaDb, ObjectStore, Postgres
    from workers.redis_server import RedisServer

T = TypeVar("T")

# How long an example takes says more about the machine's other work than about ours.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# As the product does: with every local variable of every frame an expected traceback takes seconds to write.
structlog.configure(
    processors=[*structlog.get_config()["processors"][:-1], ConsoleRenderer(exception_formatter=plain_traceback)]
)

# Imports stand inside the fixtures: a run of pure tests should not pay two seconds for servers that it does not ask for.
# ruff: noqa: PLC0415


def pytest_addoption(parser: pytest.Parser) -> None:
    accept = "write what is really said into the golden transcripts; review the diff like prose"
    parser.addoption("--accept-transcripts", action="store_true", help=accept)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end, thousands of tests in every tester: looking for garbage among it is in vain."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def lacking(sentence: str) -> NoReturn:
    """Skip for what a person's machine may lack; in CI, where everything is installed, a skip would hide something."""
    from tests.servers import in_ci

    if in_ci():
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Commands that are carried out in this process configure its log: the next test finds it as it was."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    if structlog.get_config() != configured:
        structlog.configure(**configured)
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def _redis_server() -> "Iterator[RedisServer]":
    from workers import redis_server

    server = redis_server.start(redis_server.find_binary())
    yield server
    server.stop()


@pytest.fixture
def redis_url(_redis_server: "RedisServer") -> str:
    """A private Redis with nothing in it."""
    import redis

    with redis.Redis.from_url(_redis_server.url) as client:
        client.flushall()
    return _redis_server.url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema of today, copied for each test: migrating takes longer than most tests."""
    from gateway.storage.engine import upgrade

    path = tmp_path_factory.mktemp("template") / "gateway.db"
    upgrade(f"sqlite:///{path}")
    return path


def _lent(server: "AbstractContextManager[T]") -> Iterator[T]:
    """A server for the whole session; skips with one sentence where none can be had."""
    from tests import servers

    try:
        running = server.__enter__()
    except servers.ServerMissing as sentence:
        lacking(str(sentence))
    yield running
    server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Postgres]":
    """A PostgreSQL server of our own; skips with one sentence where none can be had."""
    from tests import servers

    yield from _lent(servers.postgres())


@pytest.fixture(scope="session")
def mariadb() -> "Iterator[MariaDb]":
    """A MariaDB server of our own, as offices that use Gammu run; skips with one sentence where none can be had."""
    from tests import servers

    yield from _lent(servers.mariadb())


@pytest.fixture(scope="session")
def _postgres_template(postgres: "Postgres") -> Iterator[str]:
    from gateway.storage.engine import upgrade

    name = f"{postgres.prefix}_template"
    postgres.execute(f"CREATE DATABASE {name}")
    upgrade(postgres.url.set(database=name).render_as_string(hide_password=False))
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database with the schema."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'gateway.db')}"


@pytest.fixture
def postgres_url(postgres: "Postgres", _postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database with the schema."""
    url = postgres.database(_postgres_template)
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the schema; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def object_store() -> "Iterator[ObjectStore]":
    """An S3 server of our own."""
    from tests import servers

    yield from _lent(servers.object_store())


@pytest.fixture
async def browser() -> "AsyncIterator[Browser]":
    """A real browser, started for this test; mark the test `browser`."""
    from playwright.async_api import async_playwright, expect

    from tests import servers

    expect.set_options(timeout=30_000)  # as patient as everything else that a page is asked for

    try:
        path = servers.chromium()
    except servers.ServerMissing as sentence:
        lacking(str(sentence))
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=servers.browser_flags())
        yield running
        await running.close()
