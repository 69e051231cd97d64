"""The site as it is served, on a real database and a port of its own, with time in the test's hand.

`site = await open_site("[limits]\\napi_per_minute = 3")`: `site.client` is a browser with cookies, `site.tx()` looks inside.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from config.clock import Clock
from config.load import settings_from
from config.texts import shipped
from gateway import app
from gateway.app import Gateway
from gateway.audit import audit
from gateway.complaints.complaint import Role
from gateway.doorbell import Doorbell
from gateway.file_store import open_files
from gateway.office import Office
from gateway.people import accounts, directory
from gateway.storage.store import Store, Transaction
from gateway.web.app import build
from gateway.web.routes import Route
from gateway.web.site import SITE, Site
from gateway.wording import Wording
from tests.gateway.conftest import (
    AGENCIES,
    MONDAY,
    SETTINGS,
    Moment,
    _office,
    _sqlite_prepared,
    engine_at,
    settings_at,
    sqlite_url,
)
from tests.quick_passwords import hurry, quick_passwords

__all__ = ["_office", "_sqlite_prepared", "sqlite_url"]

TOKEN = {"Authorization": "Bearer acceptance-api-token"}
PASSWORD = "a-password-of-the-test"
ADMIN_PASSWORD = "test-admin-password"
MORE = """
[intake]
spool_after_s = 60
[api]
tokens = [
    {{ name = "acceptance", token = "acceptance-api-token", scopes = ["read", "write"] }},
    {{ name = "reader", token = "reader-api-token-0123", scopes = ["read"] }},
]
"""


class HeldClock(Clock):
    """The product's clock, which stands still until the test moves it."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    def now(self):  # type: ignore[no-untyped-def]
        return self._moment.now

    def monotonic(self) -> float:
        return self._moment.now.timestamp()


@dataclass(repr=False)  # asyncio prints what a fixture gives, thrown away at once: with all reference data in it
class Served:
    """A running site."""

    client: TestClient
    gateway: Gateway
    moment: Moment
    site: Site
    users: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def tx(self) -> Iterator[Transaction]:
        with self.gateway.store.transaction() as tx:
            yield tx

    def add_user(self, username: str, role: Role, agency: str = "") -> None:
        with self.tx() as tx:
            accounts.add(tx, username, PASSWORD, role, agency=agency)

    async def token_of(self, path: str = "/masuk") -> str:
        """The form token of a page."""
        page = await (await self.client.get(path)).text()
        return page.partition('name="_csrf" value="')[2].partition('"')[0]

    async def sign_in(self, username: str = "admin", password: str = ADMIN_PASSWORD, **more: str) -> ClientResponse:
        fields = {"username": username, "password": password, "_csrf": await self.token_of(), **more}
        return await self.client.post("/masuk", data=fields, allow_redirects=False)

    async def as_user(self, role: Role, agency: str = "") -> None:
        """Become somebody of this role."""
        name = f"{role.value}-{agency}".lower()
        if name not in self.users:
            self.add_user(name, role, agency)
            self.users[name] = PASSWORD
        self.client.session.cookie_jar.clear()
        answer = await self.sign_in(name, PASSWORD)
        assert answer.status == 303, await answer.text()


OpenSite = Callable[..., Awaitable[Served]]


@pytest.fixture
def moment() -> Moment:
    return Moment(MONDAY)


@pytest.fixture
async def open_site(sqlite_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[OpenSite]:
    """Starts a site with these settings on top of the usual ones; several in one test share their database."""
    async with AsyncExitStack() as running:
        running.enter_context(quick_passwords())

        async def start(
            extra: str = "", screens: Sequence[Route] = (), settings_text: str = SETTINGS, url: str = ""
        ) -> Served:
            gateway = _gateway(url or sqlite_url, tmp_path, settings_text, extra, moment)
            running.callback(gateway.close)
            application = build(gateway, screens)
            server = TestServer(application)
            await server.start_server(access_log=None, auto_decompress=False, shutdown_timeout=5.0)
            client = await running.enter_async_context(TestClient(server))
            return Served(client, gateway, moment, application[SITE])

        yield start


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    """The site with the usual settings."""
    return await open_site()


def _gateway(url: str, folder: Path, text: str, extra: str, moment: Moment) -> Gateway:
    wanted = merged(text + MORE, extra)
    settings = settings_at(url, folder, wanted)
    codes = iter(range(48219037, 10**8, 1_111))
    office = replace(
        _opened(wanted),
        settings=settings,
        wording=Wording(shipped()),
        files=open_files(settings.storage),
        now=moment,
        draw=lambda _: next(codes),
    )
    doorbell = Doorbell(None)
    store = Store(engine_at(url), office, doorbell.ring, doorbell.tell)
    with store.transaction() as tx:
        if text is not SETTINGS:  # the usual ones were prepared once for all tests
            audit.begin(tx)
            directory.load(tx)
            accounts.bootstrap(tx)
        hurry(tx, "admin", ADMIN_PASSWORD)
    return Gateway(settings, office, store, doorbell, HeldClock(moment))


@lru_cache
def _opened(text: str) -> Office:
    """Reading the reference data takes longer than most tests: once for all that have the same settings."""
    text = text.format(url="sqlite:///nowhere.db", folder="/nonexistent", agencies=AGENCIES)
    return app.open_office(settings_from(text, environ={}), Clock())


def merged(text: str, extra: str) -> str:
    """`extra` tables replace keys of those in `text`: `[a]\\nb = 1` changes only a.b."""
    kept: dict[str, dict[str, str]] = {}
    header = ""
    for part in (text, extra):
        lines = iter(part.strip().splitlines())
        for line in lines:
            if line.startswith("["):
                header = line.strip()
                kept.setdefault(header, {})
            elif "=" in line:
                name, _, value = line.partition("=")
                while value.count("[") > value.count("]"):
                    value += "\n" + next(lines)
                kept[header][name.strip()] = value
    return "\n".join(
        f"{table}\n" + "\n".join(f"{name} ={value}" for name, value in rows.items()) for table, rows in kept.items()
    )


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    """A port for what plays a provider, one for all tests of a file: sites with the same settings are opened faster."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound
