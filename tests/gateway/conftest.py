"""A gateway on a real database, with time and chance in the test's hand."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs
from sqlalchemy import Engine, create_engine

from channels.messages import Address, InboundMessage, RawRequest
from config.clock import Clock
from config.load import settings_from
from config.settings import Settings
from config.texts import shipped
from gateway import app
from gateway.audit import audit
from gateway.file_store import open_files
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.people import accounts, directory
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from gateway.storage.tables import metadata
from gateway.wording import Wording

if TYPE_CHECKING:
    from tests.servers import Postgres

TABLES = [table.name for table in metadata.sorted_tables]
AGENCIES = Path(__file__).parent / "agencies.toml"
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 08.00 WIB
SETTINGS = """
[storage]
url = "{url}"
spool_dir = "{folder}/spool"
reserve_mib = 0
attachments_dir = "{folder}/attachments"
identity_key = "test-identity-key-0123456789abcdef-xyz"
[server]
public_url = "http://127.0.0.1:8080"
[government]
name = "Kabupaten Contoh"
ticket_prefix = "KBR"
time_zone = "Asia/Jakarta"
[data]
agencies = "{agencies}"
[channels.tg]
kind = "telegram"
token = "777000:test-token-abcdefghijklmnop"
webhook_secret = "test-webhook-secret"
api_url = "http://127.0.0.1:1"
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "test-sms-token-0123456789"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password"
[channels.ussd]
kind = "ussd_http"
service_code = "*708#"
inbound_token = "test-ussd-token-0123456789"
sms_channel = "sms"
[channels.web]
kind = "web_form"
[forwarding.sp4n]
kind = "sp4n"
mode = "api"
default_institution_id = 1200
default_category_id = 9001
user_id = 9000001
api_url = "http://127.0.0.1:1/lapor/3.0.0"
authorization = "test-authorization-key"
token = "00000000-0000-4000-8000-000000000001"
[accounts]
second_factor = "optional"
[accounts.bootstrap]
username = "admin"
password = "test-admin-password"
role = "coordinator"
"""


@dataclass
class Moment:
    """The time of a test: stands still until it is moved."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Rings:
    queues: list[str] = field(default_factory=list)
    told: list[object] = field(default_factory=list)


@pytest.fixture
def moment() -> Moment:
    return Moment()


@lru_cache
def _read(text: str) -> Settings:
    """Read once for all tests that have the same settings; only where they keep what they keep differs."""
    return settings_from(text.format(url="sqlite:///nowhere.db", folder="/nonexistent", agencies=AGENCIES), environ={})


def settings_at(url: str, folder: Path, text: str = SETTINGS) -> Settings:
    """What `text` means for an installation with this database, that keeps its files in `folder`."""
    read = _read(text)
    storage = replace(read.storage, url=url, spool_dir=f"{folder}/spool", attachments_dir=f"{folder}/attachments")
    return replace(read, storage=storage)


def _prepare(url: str, office: Office) -> None:
    """Like the first start, days ago: agencies, account, first stone of the audit chain."""
    store = Store(open_engine(url), replace(office, now=lambda: MONDAY - timedelta(days=3)))
    with store.transaction() as tx:
        audit.begin(tx)
        directory.load(tx)
        accounts.bootstrap(tx)
    store.close()


@pytest.fixture(scope="session")
def _office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Opened once: reading the reference data takes longer than most tests."""
    return app.open_office(settings_at("sqlite:///nowhere.db", tmp_path_factory.mktemp("office")), Clock())


@pytest.fixture(scope="session")
def _sqlite_prepared(_sqlite_template: Path, _office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(_sqlite_template, tmp_path_factory.mktemp("prepared") / "gateway.db"))
    _prepare(f"sqlite:///{path}", _office)
    return path


@pytest.fixture(scope="session")
def _postgres_prepared(postgres: "Postgres", _postgres_template: str, _office: Office) -> Iterator[str]:
    """One database for all tests, with a copy of what it holds at first: copying rows is much faster than databases."""
    url = postgres.database(_postgres_template)
    _prepare(url, _office)
    copies = "".join(f"CREATE TABLE kept.{name} AS TABLE {name};" for name in TABLES)
    again = "".join(f"DELETE FROM {name}; INSERT INTO {name} SELECT * FROM kept.{name};" for name in TABLES)  # noqa: S608
    restore = f"CREATE FUNCTION kept.restore() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {again} END $$"
    _execute(url, f"CREATE SCHEMA kept; {copies} {restore}")
    yield url
    for engine in (engine_at(url), _beside(url)):
        engine.dispose()
    postgres.drop(url)


@cache
def _beside(url: str) -> Engine:
    """One connection of our own for what stands around the tests: a new one would have to learn all tables again."""
    return create_engine(url, pool_size=1, pool_pre_ping=True)


def _execute(url: str, statements: str) -> None:
    with _beside(url).begin() as connection:
        connection.exec_driver_sql(statements)


@pytest.fixture
def sqlite_url(_sqlite_prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same place for every test: what an engine has learnt of our statements is kept (see `engine_at`)."""
    place = tmp_path_factory.getbasetemp() / "database"
    place.mkdir(exist_ok=True)
    for left in place.iterdir():
        left.unlink()
    return f"sqlite:///{shutil.copy(_sqlite_prepared, place / 'gateway.db')}"


@cache
def engine_at(url: str) -> Engine:
    """One engine per database: compiling our statements takes longer than running them."""
    return open_engine(url)


@pytest.fixture
def postgres_url(_postgres_prepared: str) -> Iterator[str]:
    yield _postgres_prepared
    # As a replica nothing is forbidden: history is deleted too.
    _execute(_postgres_prepared, "SET LOCAL session_replication_role = replica; SELECT kept.restore()")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_at(database_url, tmp_path)


@pytest.fixture
def office(settings: Settings, moment: Moment, _office: Office) -> Office:
    codes = iter(range(48219037, 10**8, 1_111))
    return replace(
        _office,
        settings=settings,
        wording=Wording(shipped()),
        files=open_files(settings.storage),
        now=moment,
        draw=lambda _: next(codes),
    )


@pytest.fixture
def rings() -> Rings:
    return Rings()


@pytest.fixture
def store(office: Office, rings: Rings) -> Iterator[Store]:
    """On a database that is prepared like at the first start."""
    made = Store(engine_at(office.settings.storage.url), office, rings.queues.extend, rings.told.extend)
    yield made
    if made.engine.dialect.name == "sqlite":  # the next test has another file; a server's connections may be kept
        made.close()


@pytest.fixture
def telegram(moment: Moment) -> Callable[..., Arrival]:
    """A message of a Telegram user, numbered by itself."""
    count = iter(range(901, 10_000))

    def arrival(text: str = "", sender: str = "77", **more: Any) -> Arrival:
        number = next(count)
        message = InboundMessage(f"u:{number}", Address("tg", sender), text, provider_id=f"m:{sender}:{number}")
        return Arrival("tg", [structs.replace(message, **more)], RawRequest("POST", body=b"{}"), moment.now)

    return arrival


@pytest.fixture
def sms(moment: Moment) -> Callable[..., Arrival]:
    count = iter(range(1, 10_000))

    def arrival(text: str = "", sender: str = "+6281200000001", **more: Any) -> Arrival:
        message = InboundMessage(f"mo:{next(count)}", Address("tel", sender), text, destination="1708")
        return Arrival("sms", [structs.replace(message, **more)], RawRequest("GET", raw_query=b"x"), moment.now)

    return arrival
