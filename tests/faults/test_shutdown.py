"""The end of a web process under load, in order or by a power cut: what was acknowledged is there."""

import http.client
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.storage.engine import open_engine
from tests.cli.test_serve import SETTINGS, free_port, get, port_of, serving
from tests.faults.citizens import REPORT, sms
from tests.faults.looking import LIMIT_S, until

pytestmark = pytest.mark.fault
CALLERS = 6
ENOUGH = 60
"""Calls that were answered before the end comes."""
CHANNELS = """
[channels.akun-x]
kind = "x"
user_id = "2000000000000000001"
token = "uji-token-x"
consumer_secret = "uji-consumer-secret-x-0001"
[channels.fb]
kind = "messenger"
page_id = "400000000000001"
token = "uji-token-halaman"
app_secret = "uji-app-secret-meta-0001"
verify_token = "uji-verify-token-meta"
"""
HANDSHAKES = {
    "/c/akun-x?crc_token=uji-crc-token-0001": b"q8w4qOSVK6OOJ3q8u4XObaFjgmQuaKD2hwaMmYDgezg=",
    "/c/fb?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=uji-verify-token-meta": b"1158201444",
}
"""What a provider asks -> what must stand in the answer."""


@dataclass
class Load:
    """Providers that call one after the other until their connection breaks. `sent`: identity -> address called."""

    port: int
    sent: dict[str, str] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def call(self, caller: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)) as connection:
            number = 0
            while True:
                number += 1
                identity = f"{caller}-{number}"
                self.sent[identity] = sms(identity, f"{REPORT} {identity}", f"+62812000{caller:02}{number:04}")
                try:
                    connection.request("GET", self.sent[identity])
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    return  # whoever called now was not told anything, and comes again
                (self.acknowledged.append if answer.status == 200 else self.refused.append)(identity)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.call, args=(caller,)) for caller in range(CALLERS)]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(LIMIT_S)
        assert not any(thread.is_alive() for thread in threads)


@dataclass
class Handshakes:
    """X and Meta, which want their challenge back at any moment; whoever answers wrongly once is called no more."""

    port: int
    answered: list[bool] = field(default_factory=list)

    def call(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)) as connection:
            while True:
                for path, wanted in HANDSHAKES.items():
                    try:
                        connection.request("GET", path)
                        answer = connection.getresponse()
                        body = answer.read()
                    except (OSError, http.client.HTTPException):
                        return  # no connection is taken any more: they ask the next process
                    self.answered.append(answer.status == 200 and wanted in body)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.call)
        thread.start()
        yield
        thread.join(LIMIT_S)
        assert not thread.is_alive()


@pytest.fixture
def environment(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), tmp_path / "gateway.db")
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS.format(port=free_port(), folder=tmp_path) + CHANNELS)
    return {"PATH": os.defpath, "GATEWAY_CONFIG": str(file), "HOME": str(tmp_path)}


def kept(folder: Path) -> list[str]:
    """The identity of each message that is in the database."""
    with closing(sqlite3.connect(folder / "gateway.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0].rpartition(":")[2] for row in database.execute("SELECT external_id FROM message")]


async def test_f75_f78_sigterm_under_load_answers_what_it_took_and_handshakes_and_loses_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with serving(environment) as process:
        load, handshakes = Load(port_of(environment)), Handshakes(port_of(environment))
        with load.running(), handshakes.running():
            await until(lambda: len(load.acknowledged) >= ENOUGH and bool(handshakes.answered))
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0
        with pytest.raises(ConnectionRefusedError):
            get(environment, "/healthz")
    found = kept(tmp_path)
    assert load.refused == []
    assert all(handshakes.answered)
    assert set(load.acknowledged) <= set(found) <= set(load.sent)
    assert len(found) == len(set(found))
    assert list((tmp_path / "spool").glob("*.spool")) == []


async def test_f79_after_a_power_cut_every_acknowledged_message_is_there_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with serving(environment) as process:
        load = Load(port_of(environment))
        with load.running():
            await until(lambda: len(load.acknowledged) >= ENOUGH)
            process.kill()
    assert load.refused == []
    with serving(environment):
        assert set(load.acknowledged) <= set(kept(tmp_path))
        unanswered = load.sent.keys() - set(load.acknowledged)
        assert {get(environment, load.sent[identity]) for identity in {*unanswered, *load.acknowledged[-20:]}} == {200}
    found = kept(tmp_path)
    assert sorted(found) == sorted(load.sent)


def test_f79_sqlite_writes_to_the_disk_before_it_says_so(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        connection.rollback()
    engine.dispose()
    assert settings == ["wal", 2]  # 2 is FULL
