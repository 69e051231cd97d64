"""Gammu smsd over its own database, SQLite, PostgreSQL and MariaDB: rows in, rows out, and a real smsd that reads and writes them."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine import make_url

from channels.errors import ChannelMisconfigured, ChannelStopped, PayloadInvalid, TemporaryFailure
from channels.messages import (
    Address,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    MessageKind,
    OutboundMessage,
    RawRequest,
)
from channels.registry import build
from channels.sms.gammu.adapter import Gammu
from channels.sms.gammu.dialects import dialect_of
from channels.sms.gammu.settings import GammuSettings
from config.settings import ChannelTable, Secret, SettingsError
from tests.channels.in_memory import KeptBookmark
from tests.channels.scripted_http import ScriptedHttp
from tests.channels.smsd_tables import PHONE, Tables
from tests.channels.test_gammu_smsd import LIMIT_S, on_the_card
from tests.conftest import lacking

if TYPE_CHECKING:
    from tests.servers import MariaDb, Postgres

HTTP = ScriptedHttp([])
SITI, BUDI = "+6281200000001", "+6281200000002"
OURS = "ob_0000000000001"
LONG = "Lampu jalan di depan pasar mati sejak kemarin. " * 8


@dataclass
class Desk:
    """The adapter and smsd's tables; `seconds` is the adapter's monotonic time."""

    tables: Tables
    seconds: float = 0.0
    events: list[Any] = field(default_factory=list)
    adapter: Gammu = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self, **changes: Any) -> None:
        """As after a restart."""
        settings = GammuSettings("+6281100000000", database=Secret(self.tables.url), phone_id=PHONE)
        self.adapter = Gammu(replace(settings, **changes), monotonic=lambda: self.seconds, pause=asyncio.sleep)

    async def submit(self, received: Sequence[tuple[Any, RawRequest]]) -> None:
        self.events += [event for event, _ in received]

    async def look(self) -> list[Any]:
        self.events.clear()
        await self.adapter.look(self.submit)
        return list(self.events)

    async def send(self, text: str = "Laporan Anda diterima.", to: str = SITI) -> str:
        message = OutboundMessage(OURS, Address("tel", to), text)
        return (await self.adapter.send(message, HTTP)).detail


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "mariadb"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if request.param == "mariadb":
        mariadb: MariaDb = request.getfixturevalue("mariadb")
        tables = Tables(mariadb.database())
        tables.make()
        yield Desk(tables)
        return
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = server.database() if server else ""
    tables = Tables(made.replace("postgresql+psycopg", "postgresql") or f"sqlite:///{tmp_path}/smsd.db")
    tables.make()
    yield Desk(tables)
    if server:
        server.drop(made)


async def test_what_arrived_is_taken_once_and_marked(desk: Desk) -> None:
    desk.tables.receive(SITI, "Lampu jalan padam 🙏")
    desk.tables.receive("INFO-CONTOH", "Promo pulsa")
    desk.tables.receive(BUDI, "Sisa pulsa Rp 5.000", Class=127)
    desk.tables.receive(SITI, "Untuk modem lain", RecipientID="lain")
    message, advert, balance = await desk.look()
    assert (message.sender, message.text) == (Address("tel", SITI), "Lampu jalan padam 🙏")
    assert message.sent_at.isoformat() == "2026-11-20T01:14:58+00:00"
    assert (advert.reply_possible, balance.kind) == (False, MessageKind.SERVICE)
    assert await desk.look() == []


async def test_f98_an_old_sms_that_comes_again_under_a_new_id_has_its_old_name(desk: Desk) -> None:
    for _ in range(2):
        desk.tables.receive(SITI, "Lampu jalan padam")
    desk.tables.receive(SITI, "Lampu jalan padam", "2026-11-20 08:15:00")
    first, again, later = await desk.look()
    assert first.external_id == again.external_id != later.external_id


async def test_parts_of_a_long_sms_come_as_parts(desk: Desk) -> None:
    for sequence, text in ((2, "bagian dua"), (1, "Bagian satu ")):
        desk.tables.receive(SITI, text, UDH=f"0500032A020{sequence}")
    parts = {event.part.sequence: event for event in await desk.look()}
    assert {number: event.text for number, event in parts.items()} == {1: "Bagian satu ", 2: "bagian dua"}
    assert {(one.part.reference, one.part.total) for one in parts.values()} == {(42, 2)}


async def test_a_row_that_nobody_can_read_goes_to_quarantine_and_holds_nobody_up(desk: Desk) -> None:
    desk.tables.receive(SITI, "x", Coding="8bit")
    desk.tables.receive(SITI, "Lampu", UDH="0500")
    desk.tables.receive(SITI, "Lampu", UDH="zz")
    unread, single, broken = await desk.look()
    assert (type(unread), type(broken)) == (PayloadInvalid, PayloadInvalid)
    assert (single.text, single.part) == ("Lampu", None)
    assert await desk.look() == []


STATUSES: list[tuple[tuple[str, ...], int, DeliveryStatus, str]] = [
    (("SendingOK",), -1, DeliveryStatus.SENT, ""),
    (("SendingOKNoReport",), -1, DeliveryStatus.SENT, ""),
    (("DeliveryOK",), 0, DeliveryStatus.DELIVERED, ""),
    (("DeliveryPending",), 48, DeliveryStatus.SENT, ""),
    (("DeliveryFailed",), 0x46, DeliveryStatus.FAILED, "expired"),
    (("DeliveryFailed",), 0x41, DeliveryStatus.FAILED, "network"),
    (("SendingError",), -1, DeliveryStatus.FAILED, "modem"),
    (("Error",), -1, DeliveryStatus.FAILED, "modem"),
]


async def test_what_became_of_a_message_is_told_once_for_each_news(desk: Desk) -> None:
    assert await desk.send() == "queued"
    assert await desk.send() == "queued_before"
    assert await desk.look() == []
    assert desk.tables.send_next("SendingOK") == ["Laporan Anda diterima."]
    assert await desk.look() == [DeliveryReport(OURS, DeliveryStatus.SENT)]
    assert await desk.look() == []
    desk.tables.run("UPDATE sentitems SET \"Status\" = 'DeliveryOK'")
    assert await desk.look() == []  # what left earlier is looked at every minute
    desk.seconds += 60
    assert await desk.look() == [DeliveryReport(OURS, DeliveryStatus.DELIVERED)]
    assert await desk.send() == "queued_before"
    desk.renew()  # whoever forgot it tells the last word once more
    assert await desk.look() == [DeliveryReport(OURS, DeliveryStatus.DELIVERED)]


async def test_what_the_modem_refused_is_handed_over_again_and_told_for_each_attempt(desk: Desk) -> None:
    refused = DeliveryReport(OURS, DeliveryStatus.FAILED, "modem", again_s=600.0)
    for _ in range(2):
        assert await desk.send() == "queued"
        assert await desk.look() == []
        desk.tables.send_next("SendingError")
        assert await desk.look() == [refused]
        assert await desk.look() == []
    assert await desk.send() == "queued"
    assert await desk.send() == "queued_before"
    desk.tables.send_next("SendingOK")
    assert await desk.look() == [DeliveryReport(OURS, DeliveryStatus.SENT)]
    assert await desk.send() == "queued_before"
    desk.renew()
    assert await desk.look() == [DeliveryReport(OURS, DeliveryStatus.SENT)]


async def test_a_look_reads_what_is_new_and_finds_what_is_written_after_the_table_was_emptied(desk: Desk) -> None:
    def sent(identity: int, name: str) -> None:
        told = {"SequencePosition": 1, "CreatorID": f"satupintu:{name}", "SenderID": PHONE, "Status": "DeliveryOK"}
        desk.tables.put("sentitems", ID=identity, TextDecoded="", **told)

    for identity in range(1, 40):
        sent(identity, f"ob_{identity:013}")
    assert len(await desk.look()) == 39
    sent(20, "ob_9999999999999")  # below what is looked at
    sent(40, OURS)
    assert [event.message_id for event in await desk.look()] == [OURS]
    desk.tables.run("DELETE FROM sentitems")
    sent(3, "ob_0000000000777")
    assert await desk.look() == []
    desk.seconds += 60
    assert [event.message_id for event in await desk.look()] == ["ob_0000000000777"]


@pytest.mark.parametrize(("statuses", "error", "status", "reason"), STATUSES, ids=str)
def test_every_status_of_smsd_has_its_meaning(
    statuses: tuple[str, ...], error: int, status: DeliveryStatus, reason: str
) -> None:
    body = json.dumps({"message_id": OURS, "statuses": list(statuses), "error": error}).encode()
    adapter = Gammu(GammuSettings("+6281100000000"))
    [report] = adapter.parse(RawRequest("SQL", "/sentitems", body=body))
    # 0x40 to 0x5F are permanent, 0x60 to 0x7F ended their tries.
    expected = "network" if 0x40 <= error < 0x60 else reason
    assert report == DeliveryReport(OURS, status, expected, again_s=600.0 if reason == "modem" else None)


async def test_a_long_message_is_delivered_when_all_of_its_parts_are(desk: Desk) -> None:
    await desk.send(LONG)
    texts = desk.tables.send_next("DeliveryOK", "SendingOK", "DeliveryOK")
    assert "".join(texts) == LONG
    assert [event.status for event in await desk.look()] == [DeliveryStatus.SENT]
    desk.tables.run("UPDATE sentitems SET \"Status\" = 'DeliveryOK'")
    desk.seconds += 60
    assert [event.status for event in await desk.look()] == [DeliveryStatus.DELIVERED]


async def test_f59_half_of_a_long_message_is_never_due_and_is_finished_by_the_next_try(desk: Desk) -> None:
    desk.tables.put(
        "outbox",
        DestinationNumber=SITI,
        TextDecoded=LONG[:150],
        CreatorID=f"satupintu:{OURS}",
        SenderID=PHONE,
        SendingDateTime=dialect_of(desk.tables.url).parked,
    )
    assert desk.tables.send_next("SendingOK") == []
    assert await desk.send(LONG) == "queued"
    assert "".join(desk.tables.send_next("SendingOK")) == LONG
    assert desk.tables.run("SELECT count(*) FROM outbox") == [(0,)]


async def test_f97_a_modem_that_hangs_is_said_and_nothing_more_is_given_to_it(desk: Desk) -> None:
    desk.tables.put("phones", ID=PHONE, IMEI="1", Client="smsd")
    await desk.send()
    desk.tables.receive(SITI, "Masih ada orang?")
    desk.seconds = 15 * 60 + 1
    with pytest.raises(ChannelMisconfigured, match="modem hangs"):
        async with asyncio.timeout(LIMIT_S):
            await desk.adapter.listen(desk.submit, HTTP, KeptBookmark())
    # What came in was taken before that.
    assert [event.text for event in desk.events if isinstance(event, InboundMessage)] == ["Masih ada orang?"]
    with pytest.raises(ChannelStopped, match="modem_hangs"):
        await desk.send("Halo")
    # It moves on: a sign of life, and the message leaves.
    desk.tables.run('UPDATE phones SET "Sent" = "Sent" + 1')
    desk.tables.send_next("SendingOK")
    assert (await desk.look())[0].status is DeliveryStatus.SENT
    desk.tables.run("DELETE FROM sentitems")
    assert await desk.send("Halo") == "queued"


async def test_the_check_says_what_is_wrong_with_the_tables(desk: Desk) -> None:
    assert "no phone uji" in (await desk.adapter.check(HTTP, ""))[0]
    desk.tables.put("phones", ID=PHONE, IMEI="1", Client="smsd")
    assert await desk.adapter.check(HTTP, "") == []
    desk.tables.run('UPDATE gammu SET "Version" = 12')
    assert "version 12" in (await desk.adapter.check(HTTP, ""))[0]
    desk.tables.run("DROP TABLE outbox")
    desk.renew()
    with pytest.raises(TemporaryFailure):
        await desk.send()


async def test_a_database_that_is_not_there_is_no_new_one(tmp_path: Path) -> None:
    missing = Desk(Tables(f"sqlite:///{tmp_path}/hilang.db"))
    assert "cannot be used" in (await missing.adapter.check(HTTP, ""))[0]
    with pytest.raises(ChannelMisconfigured, match="cannot be used"):
        await missing.adapter.listen(missing.submit, HTTP, KeptBookmark())
    assert not (tmp_path / "hilang.db").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": "oracle://a/b", "phone_id": "uji"}, "must begin with"),
        ({"database": "mysql://a:geheim@h:zz/d", "phone_id": "uji"}, "no URL that can be read"),
        ({"database": "mysql://a:geheim@h/", "phone_id": "uji"}, "no URL that can be read"),
        ({"database": "sqlite:////a.db"}, "belong together"),
        ({"phone_id": "uji"}, "belong together"),
        ({"database": "postgresql://a:geheim%zz@h/d", "phone_id": "uji"}, "write % as %25"),
    ],
)
def test_settings_of_a_database_that_cannot_be_right_end_the_start(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        build([ChannelTable("sms", "gammu", {"number": "+6281100000000"} | changes)], absent_secret=str)
    assert "geheim" not in str(refused.value), "what a driver says of such a URL quotes its password"


# ---- the real one


SMSDRC = """
[gammu]
device = {root}/modem
connection = none
model = dummy
[smsd]
Service = sql
Driver = {driver}
SQL = {dialect}
Host = {host}
User = {user}
Password = {password}
Database = {database}
PhoneID = {phone}
CheckSecurity = 0
ReceiveFrequency = 1
CommTimeout = 1
LoopSleep = 1
StatusFrequency = 2
LogFile = {root}/log
DebugLevel = 255
"""


@contextmanager
def smsd(root: Path, url: str) -> Iterator[None]:
    binary = shutil.which("gammu-smsd")
    if binary is None:
        lacking("gammu-smsd tidak ada: apt-get install gammu-smsd")
    place = make_url(url)
    is_mysql = place.drivername == "mysql"
    socket = place.query.get("unix_socket", "")
    values = {
        "driver": "native_mysql" if is_mysql else "native_pgsql",
        "dialect": "mysql" if is_mysql else "pgsql",
        "host": f"localhost:{socket}" if is_mysql else place.host or place.query.get("host", ""),
        "user": place.username or "",
        "password": place.password or "",
        "database": place.database,
    }
    (root / "smsdrc").write_text(SMSDRC.format(root=root, phone=PHONE, **values))
    process = subprocess.Popen([binary, "-c", str(root / "smsdrc")], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        process.terminate()
        process.wait(LIMIT_S)


@pytest.mark.parametrize("desk", [pytest.param("postgres", marks=pytest.mark.postgres), "mariadb"], indirect=True)
async def test_smsd_sends_our_rows_and_writes_rows_that_we_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "modem/sms/1").mkdir(parents=True)
    on_the_card(tmp_path, 1, SITI, "Lampu jalan padam 🙏", "Unicode_No_Compression")
    on_the_card(tmp_path, 2, BUDI, "Bagian satu ", udh="0500032A0201")
    on_the_card(tmp_path, 3, BUDI, "bagian dua", udh="0500032A0202")
    await desk.send(LONG)
    found: list[Any] = []
    with smsd(tmp_path, desk.tables.url):
        async with asyncio.timeout(2 * LIMIT_S):
            while len(found) < 4:
                found += await desk.look()
                await asyncio.sleep(0.2)
        assert await desk.adapter.check(HTTP, "") == []
    reports = [event for event in found if isinstance(event, DeliveryReport)]
    assert (reports[0].message_id, reports[0].status) == (OURS, DeliveryStatus.SENT)
    texts = {(one.sender.path, one.part and one.part.sequence): one for one in found if isinstance(one, InboundMessage)}
    assert texts[SITI, None].text == "Lampu jalan padam 🙏"
    assert (texts[BUDI, 1].text, texts[BUDI, 2].text) == ("Bagian satu ", "bagian dua")
    sent = desk.tables.run('SELECT "TextDecoded" FROM sentitems ORDER BY "SequencePosition"')
    assert "".join(row[0] for row in sent) == LONG
