"""The simulated mail server and the gateway's adapter meet on real ports and understand each other, in good days and bad."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from channels.email.adapter import Email
from channels.email.settings import EmailSettings
from channels.errors import PayloadInvalid, SendError, SignatureInvalid
from channels.messages import (
    Address,
    ContactEvent,
    DeliveryReport,
    DeliveryStatus,
    OutboundMessage,
    RawRequest,
)
from config.load import settings_from
from config.settings import Secret
from tests.channels.in_memory import Committed, KeptBookmark
from tests.channels.scripted_http import ScriptedHttp
from tests.simulators.stage import MONDAY, Stage, staged, standing_clock
from workers.simulators import mail
from workers.simulators.serve import application
from workers.simulators.settings import MailNames, SimulatorSettings
from workers.simulators.wiring import simulator_settings

LIMIT_S = 30
SITI = "siti@warga.example"
HTTP = ScriptedHttp([])
SECRET = "uji-hmac-surel-0001"
OURS = "ob_0000000000001"


@dataclass
class Meeting:
    """The simulator and the adapter that talks to it."""

    stage: Stage
    mode: str
    committed: Committed = field(default_factory=Committed)
    bookmark: KeptBookmark = field(default_factory=lambda: KeptBookmark("7:0:0:0"))

    @property
    def player(self) -> mail.Mail:
        return self.stage.app[mail.PLAYER]

    @property
    def settings(self) -> EmailSettings:
        smtp, imap = self.player.ports
        return EmailSettings(
            "127.0.0.1",
            "aduan@latihan.example",
            smtp_port=smtp,
            security="none",
            username="aduan",
            password=Secret("rahasia"),
            mode=self.mode,  # type: ignore[arg-type]
            imap_host="127.0.0.1",
            imap_port=imap,
            imap_security="none",
            webhook_secret=Secret(SECRET),
            authserv_id="latihan",
            reply_key=Secret("uji-kunci-balasan-0001"),
        )

    async def send(self, text: str = "Laporan Anda diterima.") -> object:
        """The receipt, or the error."""
        try:
            return await Email(self.settings).send(
                OutboundMessage(OURS, Address("mailto", SITI), text, written_at=MONDAY), HTTP
            )
        except SendError as problem:
            return problem

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        task = asyncio.create_task(Email(self.settings).listen(self.committed.submit, HTTP, self.bookmark))
        async with asyncio.timeout(LIMIT_S):
            yield
            task.cancel()
            await asyncio.wait([task])

    async def heard(self, count: int = 1) -> list[Any]:
        """So many events, from the mailbox or from calls."""
        if self.mode == "imap":
            async with self.listening():
                # Moved away, too: what is only committed would come again to the next listener.
                await until(lambda: len(self.committed.taken) >= count and not self.player.imap.folders["INBOX"])
            return [event for event, _ in self.committed.taken]
        calls = await self.stage.gateway.until(count)
        return [event for call in calls for event in self.read(self.request(call))]

    def request(self, call: Any) -> RawRequest:
        headers = {name.lower(): value for name, value in call.headers.items()}
        return RawRequest(call.method, headers=headers, body=call.body, received_at=MONDAY)

    def read(self, request: RawRequest) -> list[Any]:
        adapter = Email(self.settings)
        adapter.verify(request)
        return list(adapter.parse(request))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - plain values on purpose
        await asyncio.sleep(0.005)


@asynccontextmanager
async def met(mode: str) -> AsyncIterator[Meeting]:
    names = MailNames("surat", mode=mode, webhook_secret=SECRET)

    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, mail=names, clock=standing_clock())

    async with staged(mail.build, settings) as stage:
        yield Meeting(stage, mode)


@pytest.fixture
async def fetched() -> AsyncIterator[Meeting]:
    async with met("imap") as meeting:
        yield meeting


@pytest.fixture
async def handed() -> AsyncIterator[Meeting]:
    async with met("webhook") as meeting:
        yield meeting


@pytest.mark.parametrize("mode", ["imap", "webhook"])
async def test_a_complaint_comes_in_is_answered_and_answered_again(mode: str) -> None:
    async with met(mode) as meeting:
        await meeting.stage.inject(**{"from": SITI}, subject="Lampu padam", text="Lampu jalan padam.", photos=1)
        [message] = await meeting.heard()
        assert (message.sender.path, message.text, message.title) == (SITI, "Lampu jalan padam.", "Lampu padam")
        assert message.display_name == "Siti Rekaan"
        assert [one.media_type for one in message.attachments] == ["image/jpeg"]
        assert "verified" in message.flags
        assert getattr(await meeting.send(), "provider_id", "").startswith("LAT")
        await meeting.stage.inject(**{"from": SITI}, text="Tiang nomor 17.", reply=True)
        *_, answer = await meeting.heard(2)
        assert (answer.text, answer.reply_to) == ("Tiang nomor 17.", OURS)
        assert "by_address" in answer.flags
        [shown, ours, reply] = meeting.player.box(SITI).letters
        async with asyncio.timeout(LIMIT_S):
            await until(lambda: reply.state != "sending")
        assert (shown.state, ours.incoming, ours.text, reply.state) == ("sent", True, "Laporan Anda diterima.", "sent")
        [kept] = await meeting.stage.outbox()
        assert (kept["recipient"], kept["key"]) == (SITI, f"<{OURS}@latihan.example>")
        assert await Email(meeting.settings).check(HTTP, "") == []


FAULTS = [
    ("unavailable", "busy"),
    ("greylisting", "busy"),
    ("no_such_mailbox", "mailbox"),
    ("mailbox_full", "mailbox_full"),
    ("policy", "policy"),
    ("forged", "policy"),
    ("rate", "provider_busy"),
    ("lost_before_dot", "not_sent"),
    ("lost_after_dot", "answer_lost"),
]


async def test_every_fault_of_the_mail_server_has_its_meaning_and_is_over_after_once(handed: Meeting) -> None:
    for name, reason in FAULTS:
        await handed.stage.fault({"named": name})
        assert getattr(await handed.send(), "reason", "sent") == reason, name
        assert getattr(await handed.send(), "reason", "sent") == "sent", name
    # Only the mail whose answer was lost is in the box, twice, under one name.
    assert handed.player.plane.journal.accepted_unique == 1


async def test_the_server_says_at_every_stage_what_it_is_told_to(handed: Meeting) -> None:
    stages = [
        ({"connect": "450 Busy"}, "busy"),
        ({"EHLO": "lost"}, "not_sent"),
        ({"AUTH": "535 5.7.8 Wrong"}, "credentials"),
        ({"MAIL": "550 5.1.8 Bad sender"}, "configuration"),
        ({"DATA": "503 5.5.1 Not now"}, "bad_request"),
        ({}, "sent"),
    ]
    for replies, reason in stages:
        await handed.stage.sim("POST", "options", {"replies": replies})
        assert getattr(await handed.send(), "reason", "sent") == reason, replies


MACHINES: list[tuple[str, Callable[[Any], bool]]] = [
    ("bounce", lambda event: event == DeliveryReport(OURS, DeliveryStatus.FAILED, "mailbox")),
    ("bounce_without_address", lambda event: event == DeliveryReport(OURS, DeliveryStatus.FAILED, "mailbox")),
    ("auto_reply", lambda event: event.flags == {"ignored_auto"}),
    ("abuse", lambda event: isinstance(event, ContactEvent) and event.event == "opted_out"),
]


async def test_what_machines_write_back_is_read_as_what_it_is(handed: Meeting) -> None:
    for number, (name, is_right) in enumerate(MACHINES, 1):
        await handed.stage.fault({"named": name}, on="receipt")
        await handed.send()
        await handed.stage.settled()
        await handed.stage.pass_time(seconds=3)
        *_, event = await handed.heard(number)
        assert is_right(event), (name, event)
    await handed.stage.fault({"named": "bounce_in_words"}, on="receipt")
    await handed.send()
    await handed.stage.settled()
    await handed.stage.pass_time(seconds=3)
    *_, call = await handed.stage.gateway.until(len(MACHINES) + 1)
    with pytest.raises(PayloadInvalid, match="came back"):
        handed.read(handed.request(call))


async def test_broken_mails_are_read_or_put_aside_and_stop_nothing(fetched: Meeting) -> None:
    for broken in ("unclosed_boundary", "unknown_charset", "no_message_id", "nested", "no_sender"):
        await fetched.stage.inject(**{"from": SITI}, text="Jalan rusak.", broken=broken)
    await fetched.stage.settled()
    async with fetched.listening():
        await until(lambda: len(fetched.player.imap.folders.get("Aduan.Karantina", ())) == 2)
    events = [event for event, _ in fetched.committed.taken]
    assert [getattr(event, "text", None) for event in events] == ["Jalan rusak."] * 3 + ["", ""]


async def test_a_mail_twice_and_a_mailbox_counted_anew_are_one_message_by_their_name(fetched: Meeting) -> None:
    await fetched.stage.inject(**{"from": SITI}, text="Jalan rusak.", **{"with": {"duplicate": 2}})
    await fetched.stage.settled()
    first, second = await fetched.heard(2)
    assert first.external_id == second.external_id
    await fetched.stage.inject(type="count_anew")
    await fetched.stage.inject(**{"from": SITI}, text="Lampu padam.")
    async with fetched.listening():
        await until(lambda: fetched.bookmark.position.startswith("8:") and not fetched.player.imap.folders["INBOX"])
    last, _ = fetched.committed.taken[-1]
    assert getattr(last, "text", "") == "Lampu padam."


async def test_f67_a_call_that_is_signed_wrongly_or_long_ago_proves_nothing(handed: Meeting) -> None:
    await handed.stage.inject(**{"from": SITI}, text="Jalan rusak.", **{"with": {"wrong_signature": True}})
    await handed.stage.gateway.until(1)
    await handed.stage.sim("POST", "options", {"clock_off_s": -600})
    await handed.stage.inject(**{"from": SITI}, text="Jalan rusak.")
    for call in await handed.stage.gateway.until(2):
        with pytest.raises(SignatureInvalid):
            handed.read(handed.request(call))


async def test_a_mail_is_kept_by_its_server_until_the_gateway_has_it(handed: Meeting) -> None:
    handed.stage.gateway.answers = [503]
    await handed.stage.inject(**{"from": SITI}, text="Jalan rusak.")
    await handed.stage.gateway.until(1)
    await handed.stage.journal_until(lambda entries: any(entry["status"] == 503 for entry in entries))
    await handed.stage.pass_time(seconds=301)
    first, again = await handed.stage.gateway.until(2)
    assert first.body == again.body


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"text": "a"}, "from is missing"),
        ({"from": SITI, "text": "a", "broken": "entah"}, "broken is one of"),
        ({"from": SITI, "text": "a", "reply": True}, "no mail of the gateway"),
    ],
)
async def test_what_makes_no_sense_is_refused(handed: Meeting, item: dict[str, Any], problem: str) -> None:
    async with handed.stage.client.post(f"{handed.stage.url}/_sim/inject", json=item) as response:
        assert response.status == 400
        assert problem in await response.text()


# ---- settings and the practice page


HERE = """
[storage]
identity_key = "test-identity-key-0123456789abcdef-xyz"
[channels.surat]
kind = "email"
smtp_host = "127.0.0.1"
smtp_port = 2525
security = "none"
from_address = "aduan@latihan.example"
mode = "imap"
imap_host = "127.0.0.1"
imap_port = 2143
imap_security = "none"
imap_username = "aduan"
"""


def test_it_is_played_where_the_channel_looks_for_its_mail_server_on_this_machine(tmp_path: Path) -> None:
    kept = f'spool_dir = "{tmp_path}"\n'
    settings = settings_from(HERE.replace("[channels.", f"{kept}[channels.", 1), environ={})
    played = simulator_settings(settings).mail
    assert (played.channel, played.mode, played.smtp_port, played.imap_port) == ("surat", "imap", 2525, 2143)
    for elsewhere in ('"mail.example.go.id"', '"10.0.0.7"'):
        away = settings_from(HERE.replace('imap_host = "127.0.0.1"', f"imap_host = {elsewhere}"), environ={})
        assert simulator_settings(away).mail == MailNames()
    safe = settings_from(HERE.replace('imap_security = "none"', 'imap_security = "tls"'), environ={})
    assert simulator_settings(safe).mail.channel == ""


async def test_the_practice_phone_writes_and_answers_mail() -> None:
    names = MailNames("surat", mode="imap")
    settings = SimulatorSettings(mail=names, telegram=replace(SimulatorSettings().telegram, channel=""))
    app = application(replace(settings, clock=standing_clock()), ["mail"])
    async with TestServer(app) as server, asyncio.timeout(LIMIT_S), ClientSession() as client:
        page = f"{server.make_url('/')}?layar=mail"
        form = {"warga": "siti", "layar": "mail", "bahasa": "id"}
        async with client.post(server.make_url("/lakukan/surel"), data=form | {"isi": "Halo", "perihal": "Lampu"}):
            pass
        async with client.get(page) as response:
            html = await response.text()
    assert "aduan@latihan.example" in html
    assert "Lampu" in html
