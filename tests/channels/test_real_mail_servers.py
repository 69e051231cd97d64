"""A real mail server (Exim, Dovecot): a mail becomes a complaint, our answer lies in the citizen's box, in the same thread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import text

from channels.email.adapter import Email
from channels.messages import DeliveryReport, DeliveryStatus, InboundMessage
from config.clock import Clock
from config.load import settings_from
from gateway import app
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.outbound.outbound import Parcel
from gateway.storage.store import Store
from tests.channels.exim_and_dovecot import LIMIT_S, PASSWORD, MailServers, mail_servers
from tests.channels.in_memory import Committed, KeptBookmark
from tests.channels.mail_server import words_of
from tests.channels.scripted_http import ScriptedHttp
from tests.channels.test_email_to_officers import AGENCIES, opened
from tests.gateway.short_ways import receive
from workers.delivery import Delivery

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SITI = "siti@warga.example"
COMPLAINT = b"""From: Siti Rekaan <siti@warga.example>
To: aduan+pupr@pemkab.example
Subject: =?utf-8?q?Jalan_rusak_=E2=80=93_pasar?=
Message-ID: <satu@warga.example>
Content-Type: text/plain; charset=utf-8

Jalan di depan pasar Melati berlubang besar.
"""
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
[channels.surat]
kind = "email"
smtp_host = "localhost"
smtp_port = {smtp}
security = "starttls"
username = "aduan"
password = "{password}"
from_address = "aduan@pemkab.example"
mode = "imap"
imap_host = "localhost"
imap_port = {imap}
imap_done = "Aduan/Sélesai"
reply_box = "aduan"
bounce_box = "aduan"
"""


@dataclass
class Office:
    """The gateway, with the mailbox at one end and the mail server at the other."""

    servers: MailServers
    store: Store
    committed: Committed = field(default_factory=Committed)
    bookmark: KeptBookmark = field(default_factory=KeptBookmark)

    @property
    def adapter(self) -> Email:
        adapter = self.store.office.channels["surat"].adapter
        assert isinstance(adapter, Email)
        return adapter

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.adapter.listen(self.committed.submit, ScriptedHttp([]), self.bookmark))
        await self.until(lambda: bool(self.bookmark.kept))
        yield
        task.cancel()
        await asyncio.wait([task])

    async def until(self, condition: object) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - plain values on purpose
                await asyncio.sleep(0.02)

    async def taken(self, count: int) -> object:
        """The event that came as the so-manieth; messages are received by the gateway."""
        await self.until(lambda: len(self.committed.taken) >= count)
        event, raw = self.committed.taken[count - 1]
        if isinstance(event, InboundMessage):
            await asyncio.to_thread(receive, self.store, Arrival("surat", [event], raw, MONDAY))
        return event

    async def answered(self) -> list[Parcel]:
        """What waited for the mail server has left."""
        with self.store.transaction() as tx:
            parcels = outbound.claim(tx, 10, 60, ["surat"])
        delivery = Delivery(self.store.office.channels, ScriptedHttp([]), self.store.office.settings.outbound, _monday)
        outcomes = [await delivery.deliver(parcel) for parcel in parcels]
        with self.store.transaction() as tx:
            outbound.settle(tx, outcomes)
        assert {outcome.state for outcome in outcomes} == {DeliveryStatus.SENT}
        return list(parcels)

    def complaints(self) -> int:
        with self.store.reading() as tx:
            return int(tx.all(text("SELECT count(*) FROM complaint"))[0][0])


def _monday() -> datetime:
    return MONDAY


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    async with mail_servers() as servers:
        monkeypatch.setenv("SSL_CERT_FILE", str(servers.pem))
        settings = settings_from(
            SETTINGS.format(
                url=sqlite_url,
                folder=tmp_path,
                agencies=AGENCIES,
                smtp=servers.smtp,
                imap=servers.imap,
                password=PASSWORD,
            ),
            environ={},
        )
        with opened(sqlite_url, app.open_office(settings, Clock())) as store:
            yield Office(servers, store)


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


async def test_a_mail_becomes_a_complaint_and_the_answer_lies_in_the_box_of_who_wrote(office: Office) -> None:
    assert await office.adapter.check(ScriptedHttp([]), "") == []
    async with office.listening():
        await asyncio.to_thread(office.servers.write, SITI, "aduan+pupr@pemkab.example", COMPLAINT)
        message = await office.taken(1)
        assert isinstance(message, InboundMessage)
        assert (message.sender.path, message.unit, message.title) == (SITI, "PUPR", "Jalan rusak – pasar")
        assert message.text == "Jalan di depan pasar Melati berlubang besar."
        assert office.complaints() == 1

        [parcel] = await office.answered()
        receipt = parsed(await office.servers.arrived("siti", parcel.message.id.encode()))
        assert receipt["In-Reply-To"] == receipt["References"] == "<satu@warga.example>"
        assert receipt["Message-ID"] == f"<{parcel.message.id}@pemkab.example>"
        assert str(receipt["Return-Path"]).lower() == f"<aduan+{parcel.message.id.lower()}@pemkab.example>"
        assert receipt["Auto-Submitted"] == "auto-replied"
        assert "KBR-26" in words_of(receipt)
        assert "KBR-26" in words_of(receipt, "html")

        # A reply goes to the address that only its receiver knows, and belongs to what was said.
        answer = EmailMessage(policy=default)
        answer["From"], answer["To"], answer["Message-ID"] = SITI, str(receipt["Reply-To"]), "<dua@warga.example>"
        answer["Subject"], answer["In-Reply-To"] = f"Re: {receipt['Subject']}", str(receipt["Message-ID"])
        answer.set_content("Tepatnya di muka kios nomor 17.")
        to = str(receipt["Reply-To"]).strip("<>")
        await asyncio.to_thread(office.servers.write, SITI, to, answer.as_bytes())
        reply = await office.taken(2)
        assert isinstance(reply, InboundMessage)
        assert (reply.reply_to, reply.text) == (parcel.message.id, "Tepatnya di muka kios nomor 17.")
        assert "by_address" in reply.flags
        assert office.complaints() == 1

        # Nobody lives there: the server takes the mail, and what comes back is its own report.
        lost = COMPLAINT.replace(b"siti@", b"hilang@").replace(b"<satu@", b"<tiga@")
        await asyncio.to_thread(office.servers.write, "hilang@warga.example", "aduan@pemkab.example", lost)
        await office.taken(3)
        sent = {one.message.address.path: one.message.id for one in await office.answered()}
        report = await office.taken(4)
        assert isinstance(report, DeliveryReport)
        assert (report.message_id, report.status) == (sent["hilang@warga.example"], DeliveryStatus.FAILED)
        # What was taken is moved, into a folder whose name no ASCII can write.
        done = office.servers.root / "mail" / "aduan" / ".Aduan.S&AOk-lesai"
        await office.until(lambda: len([*done.glob("new/*"), *done.glob("cur/*")]) == 4)
