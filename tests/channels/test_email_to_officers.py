"""From a citizen's message to the mail in an officer's box: the link in it opens the task."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.messages import Address, InboundMessage, RawRequest
from config.clock import Clock
from config.load import settings_from
from gateway import app
from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.officer_links import door
from gateway.officer_links.door import Door
from gateway.outbound import outbound
from gateway.outbound.outbound import Parcel
from gateway.people import accounts, directory
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from tests.channels.mail_server import MailServer, serving, words_of
from tests.channels.scripted_http import ScriptedHttp
from workers.delivery import Delivery

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 08.00 WIB
NUMBER = "KBR-260000013"
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
AGENCIES = Path(__file__).parents[1] / "gateway" / "agencies.toml"
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
agencies = "{folder}/agencies.toml"
[channels.tg]
kind = "sandbox"
[channels.surat]
kind = "email"
smtp_host = "127.0.0.1"
smtp_port = {port}
security = "none"
from_address = "aduan@example.go.id"
from_name = "Pengaduan Kabupaten Contoh"
[accounts.bootstrap]
username = "admin"
password = "test-admin-password"
role = "coordinator"
"""


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with serving() as listening:
        yield listening


@pytest.fixture
def store(server: MailServer, sqlite_url: str, tmp_path: Path) -> Iterator[Store]:
    told = AGENCIES.read_text().replace(
        'telegram = "900001"\nnotify = ["telegram"]', 'email = "Penghubung@pupr.example.go.id"\nnotify = ["email"]'
    )
    assert "example.go.id" in told
    (tmp_path / "agencies.toml").write_text(told)
    settings = settings_from(SETTINGS.format(url=sqlite_url, folder=tmp_path, port=server.port), environ={})
    with opened(sqlite_url, app.open_office(settings, Clock())) as made:
        yield made


@contextmanager
def opened(url: str, office: app.Office) -> Iterator[Store]:
    store = Store(open_engine(url), replace(office, now=lambda: MONDAY))
    with store.transaction() as tx:
        audit.begin(tx)
        directory.load(tx)
        accounts.bootstrap(tx)
    yield store
    store.close()


def assigned(store: Store) -> None:
    message = InboundMessage("u:1", Address("tg", "77"), "Jalan di depan pasar berlubang besar", provider_id="m:77:1")
    with store.transaction() as tx:
        intake.receive(tx, [Arrival("tg", [message], RawRequest("POST", body=b"{}"), MONDAY)])
    with store.transaction() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        inputs = {"agency": "PUPR", "kind": "pengaduan", "topic": "pekerjaan-umum"}
        casework.apply(tx, Action.ASSIGN, case, COORDINATOR, inputs)


def expanded(store: Store) -> list[Parcel]:
    """What waits for the mail server once all notices of the next hour became messages."""
    later = MONDAY + timedelta(hours=1)
    with store.transaction(later) as tx:
        for row in notices.claim_due(tx):
            notices.expand(tx, row)
    with store.transaction(later) as tx:
        return outbound.claim(tx, 10, 60, ["surat"])


async def test_an_officer_is_told_by_mail_and_the_link_opens_the_task(store: Store, server: MailServer) -> None:
    assigned(store)
    parcels = expanded(store)
    delivery = Delivery(store.office.channels, ScriptedHttp([]), store.office.settings.outbound, lambda: MONDAY)
    outcomes = await asyncio.gather(*(delivery.deliver(parcel) for parcel in parcels))
    with store.transaction() as tx:
        outbound.settle(tx, outcomes)
    [mail] = server.taken
    assert (mail["To"], mail["Auto-Submitted"]) == ("penghubung@pupr.example.go.id", "auto-generated")
    assert mail["Subject"].startswith(f"Tugas baru {NUMBER} (Pekerjaan Umum")
    assert "berlubang" not in mail["Subject"]
    [token] = re.findall(r"^http://127\.0\.0\.1:8080/p/([\w-]{43})$", words_of(mail), re.MULTILINE)
    with store.reading() as tx:
        assert door.enter(tx, token, "").door is Door.OPEN
        row = tx.one(select(tables.outbox).where(tables.outbox.c.channel == "surat"))
        assert row is not None
        assert (row.state, row.provider_id) == ("sent", "4XYZ")
        assert mail["Message-ID"] == f"<{parcels[0].message.id}@example.go.id>"


async def test_a_mailbox_that_is_not_there_is_shown_as_failed(store: Store, server: MailServer) -> None:
    server.replies = {"RCPT": "550 5.1.1 User unknown"}
    assigned(store)
    delivery = Delivery(store.office.channels, ScriptedHttp([]), store.office.settings.outbound, lambda: MONDAY)
    [parcel] = expanded(store)
    outcome = await delivery.deliver(parcel)
    assert (outcome.state.value, outcome.reason) == ("failed", "mailbox")
