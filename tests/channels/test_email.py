"""Mail to officers: what leaves, what every reply means, and what never gets into a header."""

import asyncio
import json
import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib import SMTP
from msgspec import structs

from channels.email.adapter import Email
from channels.email.dialogue import _near_enough, connected
from channels.email.html_text import plain_of
from channels.email.outcomes import Reply, refusal
from channels.email.settings import EmailSettings
from channels.email.writing import subject, written
from channels.errors import (
    ChannelError,
    ChannelStopped,
    NotSent,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
)
from channels.messages import Address, Button, OutboundMessage, SendReceipt
from channels.oauth import Grant, Tokens
from channels.protocols import HttpResponse
from channels.registry import build
from config.settings import ChannelTable, Secret, SettingsError
from tests.channels.mail_server import (
    LOST,
    PASSWORD,
    TOKEN,
    USER,
    MailServer,
    certificate,
    server_tls,
    serving,
    words_of,
)
from tests.channels.scripted_http import ScriptedHttp

LINK = "https://aduan.example.go.id/p/bm90LWEtcmVhbC10b2tlbi1idXQtYXMtbG9uZy1hcy1vbmUtaXM"
TEXT = f'Tugas baru KBR-260000013 (Pekerjaan Umum): "Jalan rusak" Jawab paling lambat Senin.\n{LINK}'
RINA = Address("mailto", "rina@pupr.example.go.id")
MESSAGE = OutboundMessage("ob_0000000000001", RINA, TEXT, written_at=datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
HERE = EmailSettings("127.0.0.1", "aduan@example.go.id", security="none", from_name="Satu Pintu Contoh")
NO_HTTP = ScriptedHttp([])
RECORDED = json.loads((Path(__file__).parent / "payloads" / "smtp-dialogues.json").read_text())
OUTCOMES: dict[str, type[SendReceipt] | type[SendError]] = {
    "accepted": SendReceipt,
    "permanent": SendRefused,
    "temporary": TemporaryFailure,
    "unknown": SendUnknown,
    "throttled": ProviderBusy,
    "channel_stopped": ChannelStopped,
}
LOSSES = {"lost_after_final_dot": ".", "lost_before_final_dot": "DATA"}


async def outcome_of(
    replies: dict[str, str], message: OutboundMessage = MESSAGE, **changes: Any
) -> SendReceipt | SendError:
    async with serving(replies) as server:
        return await sent(replace(HERE, smtp_port=server.port, **changes), message)


async def sent(settings: EmailSettings, message: OutboundMessage = MESSAGE) -> SendReceipt | SendError:
    try:
        return await Email(settings).send(message, NO_HTTP)
    except SendError as problem:
        return problem


# ---- what leaves


async def one_mail(message: OutboundMessage = MESSAGE, **changes: Any) -> MailServer:
    async with serving() as server:
        assert await sent(replace(HERE, smtp_port=server.port, **changes), message) == SendReceipt("4XYZ")
    [_] = server.taken
    return server


async def test_a_mail_says_what_it_is_about_and_ends_with_the_link() -> None:
    server = await one_mail(reply_to="petugas@example.go.id")
    [mail] = server.taken
    assert {name: str(value) for name, value in mail.items() if not name.startswith(("Content", "MIME", "X-"))} == {
        "From": "Satu Pintu Contoh <aduan@example.go.id>",
        "To": "rina@pupr.example.go.id",
        "Reply-To": "petugas@example.go.id",
        "Subject": "Tugas baru KBR-260000013 (Pekerjaan Umum)",
        "Date": "Mon, 23 Nov 2026 01:00:00 +0000",
        "Message-ID": "<ob_0000000000001@example.go.id>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail.get_content_type() == "multipart/alternative"
    assert words_of(mail) == f"{TEXT}\n"
    assert server.envelopes == [("aduan@example.go.id", ["rina@pupr.example.go.id"])]
    assert server.greeted == ["example.go.id"]


async def test_a_time_that_nobody_told_is_no_date() -> None:
    server = await one_mail(structs.replace(MESSAGE, written_at=None))
    assert "Date" not in server.taken[0]


@pytest.mark.parametrize(
    "text",
    [
        ".\r\n.\n..titik di awal baris\n.",
        "Laporan – “Jalan rusak” 🚧 ke-2",
        "x" * 5000,
        "é" * 3000,
        "a\nQUIT\nRCPT TO:<lain@example.test>",
    ],
)
async def test_any_text_arrives_as_it_was(text: str) -> None:
    server = await one_mail(structs.replace(MESSAGE, text=text))
    assert words_of(server.taken[0]) == text.replace("\r\n", "\n") + "\n"
    assert all(octet < 128 for octet in server.raw[0])
    assert server.envelopes[0][1] == [RINA.path]


async def test_a_button_that_opens_a_page_is_a_line() -> None:
    rows = ((Button("Lihat", url=LINK), Button("Terima", data="a:1")),)
    server = await one_mail(structs.replace(MESSAGE, text="Tugas baru.", buttons=rows))
    assert words_of(server.taken[0]).splitlines() == ["Tugas baru.", f"Lihat: {LINK}"]
    assert f'<p><a href="{LINK}">Lihat</a></p>' in words_of(server.taken[0], "html")


async def test_beside_the_text_stands_the_same_as_a_page_in_which_nothing_of_a_citizen_is_markup() -> None:
    text = 'Warga: "<img src=x onerror=alert(1)> & lain"\n\nBuka https://a.example/p?x=1&y="2". Baris\ndua'
    server = await one_mail(structs.replace(MESSAGE, text=text))
    page = words_of(server.taken[0], "html")
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; lain" in page
    assert '<a href="https://a.example/p?x=1&amp;y=">https://a.example/p?x=1&amp;y=</a>' in page
    assert "<p>Buka" in page
    assert "Baris<br>\ndua</p>" in page
    assert not re.search(r"<(?!/?(?:html|head|meta|body|p|br|a)\b|!DOCTYPE)", page)
    # The whole way round: our own reader of pages sees the words that we wrote.
    assert plain_of(page).split() == text.split()


async def test_the_same_message_is_the_same_mail_however_often_it_is_sent() -> None:
    first, second = [(await one_mail()).raw[0] for _ in range(2)]
    assert first == second


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "KBR-260000013 jatuh tempo hari ini pukul 23.59. Buka tautan.",
            "KBR-260000013 jatuh tempo hari ini pukul 23.59.",
        ),
        ('Pelapor KBR-260000013 menjawab: "rumah saya di …"', "Pelapor KBR-260000013 menjawab"),
        (f"Tugas KBR-260000013: buka {LINK}", "Tugas KBR-260000013: buka"),
        ("Baris satu\r\nBcc: semua@example.test", "Baris satu"),
        ("kata " * 40, ("kata " * 24).strip() + "…"),
        ("x" * 200, "x" * 119 + "…"),
        ('"Jalan rusak" kata pelapor', ""),
    ],
)
def test_a_subject_is_the_first_sentence_without_quoted_words(text: str, expected: str) -> None:
    assert subject(text.replace("\r\n", "\n")) == expected
    assert len(subject(text)) <= 120


# ---- what never gets into a header or command


@pytest.mark.parametrize(
    "path",
    [
        "rina@example.test\r\nBcc: semua@example.test",
        "rina@example.test>\r\nRCPT TO:<lain@example.test",
        "rina@example.test\n",
        "rina@example.test,lain@example.test",
        "rina",
        "@example.test",
        "rina @example.test",
        "rinà@example.test",
        '"a b"@example.test',
        f"rina@{'x' * 255}.test",
    ],
)
async def test_c20_an_address_that_is_more_than_an_address_is_refused(path: str) -> None:
    outcome = await outcome_of({}, structs.replace(MESSAGE, address=Address("mailto", path)))
    assert isinstance(outcome, RecipientRefused)
    assert outcome.reason == "no_such_address"
    assert path not in str(outcome)


@pytest.mark.parametrize(
    ("message", "kind", "reason"),
    [
        (structs.replace(MESSAGE, address=Address("tel", "+6281200000001")), RecipientRefused, "no_such_address"),
        (structs.replace(MESSAGE, text=" \n"), SendRefused, "empty"),
        (structs.replace(MESSAGE, id="ob_1>\r\nBcc: x@example.test"), SendRefused, "bad_request"),
    ],
)
def test_what_cannot_become_a_mail_is_refused(message: OutboundMessage, kind: type[SendError], reason: str) -> None:
    with pytest.raises(kind) as refused:
        written(message, HERE)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("link", "stands"),
    [
        (f"https://aduan.example/berhenti/{'x' * 90}", True),
        ("https://a/\r\nBcc: b@c", False),
        ("http://aduan.example/x", False),
        ("", False),
    ],
)
def test_a_reminder_carries_the_link_that_stops_it(link: str, stands: bool) -> None:
    mail = written(structs.replace(MESSAGE, unsubscribe_url=link), HERE)
    assert (f"List-Unsubscribe: <{link}>\r\n".encode() in mail) is stands
    assert (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail) is stands


def test_a_long_name_of_the_mail_that_is_answered_stays_one_word() -> None:
    """Names of Outlook have eighty characters; written in another alphabet they would begin a new thread."""
    name = f"<{'A1B2' * 12}@SEYPR06MB5342.apcprd06.prod.outlook.example>"
    mail = written(structs.replace(MESSAGE, reply_to=name), HERE)
    assert f"In-Reply-To: {name}\r\nReferences: {name}\r\n".encode() in mail


OAUTH = {
    "username": "aduan",
    "oauth_token_url": "https://token.example/v2",
    "oauth_client_id": "satupintu",
    "oauth_client_secret": "rahasia",
    "oauth_refresh_token": "segar",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"from_name": "Aduan\r\nBcc: x@example.test"}, "one line"),
        ({"from_address": "Aduan <aduan@example.go.id>"}, "from_address must be"),
        ({"reply_to": "a@b\nc"}, "reply_to must be"),
        ({"username": "aduan"}, "belong together"),
        ({"smtp_host": "203.0.113.7", "security": "none"}, None),
        ({"smtp_host": "8.8.8.8", "security": "none"}, "private networks only"),
        ({"smtp_host": ""}, "must not be empty"),
        ({"security": "ssl"}, "security"),
        ({"timeout_s": 60}, "at most 25"),
        ({"username": "a", "password": "satu\ndua"}, "one line"),
        (OAUTH, None),
        (OAUTH | {"oauth_refresh_token": ""}, None),
        (OAUTH | {"oauth_client_secret": ""}, None),
        (OAUTH | {"oauth_client_secret": "", "oauth_refresh_token": ""}, "oauth_client_secret or oauth_refresh_token"),
        (OAUTH | {"username": ""}, "needs username"),
        (OAUTH | {"password": "sandi"}, "not both"),
        (OAUTH | {"oauth_token_url": "http://token.example"}, "https://"),
        (OAUTH | {"oauth_token_url": ""}, "need oauth_token_url"),
    ],
)
def test_settings_that_cannot_be_right_end_the_start(changes: dict[str, Any], words: str | None) -> None:
    values = {"smtp_host": "mail.example.go.id", "from_address": "aduan@example.go.id"} | changes
    table = ChannelTable("surat", "email", values)
    if words is None:  # a documentation range counts as private
        build([table], absent_secret=str)
        return
    with pytest.raises(SettingsError, match=words):
        build([table], absent_secret=str)


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("starttls", 587), ("none", 25)])
def test_a_port_that_is_left_out_follows_the_security(security: Any, port: int) -> None:
    assert replace(HERE, security=security).port == port


# ---- what a reply means


@pytest.mark.parametrize("dialogue", RECORDED["dialogues"], ids=lambda dialogue: dialogue["name"])
async def test_a_dialogue_ends_as_written(dialogue: dict[str, Any]) -> None:
    outcome = await outcome_of({".": dialogue["final"] or LOST})
    assert isinstance(outcome, OUTCOMES[dialogue["outcome"]])


@pytest.mark.parametrize("row", RECORDED["outcomes"], ids=lambda row: row["id"])
async def test_a_reply_has_the_outcome_of_its_row(row: dict[str, Any]) -> None:
    said = row["when"].get("smtp", LOST)
    stage = LOSSES.get(row["when"].get("transport", "")) or ("AUTH" if said.startswith("535") else ".")
    outcome = await outcome_of({stage: said}, username=USER, password=Secret(PASSWORD))
    assert isinstance(outcome, OUTCOMES[row["outcome"]])
    if isinstance(outcome, SendError):
        assert outcome.reason == row.get("reason", outcome.reason)
        assert outcome.counts_as_attempt is row["counts_as_attempt"]
        assert outcome.retryable is (row["row"] == "retry")
        assert getattr(outcome, "alert", False) is row.get("alert", False)
        assert getattr(outcome, "retry_after", None) == row.get("after_s")
        assert getattr(outcome, "whole_channel", False) is (row.get("scope") == "channel")


STAGES: list[tuple[str, str, type[SendError], str]] = [
    ("connect", "554 5.7.1 No service here", ChannelStopped, "configuration"),
    ("connect", "421 4.7.0 Too many connections", ProviderBusy, "provider_busy"),
    ("connect", "450 Busy", TemporaryFailure, "busy"),
    ("connect", LOST, TemporaryFailure, "not_sent"),
    ("EHLO", LOST, TemporaryFailure, "not_sent"),
    ("EHLO", "500 What?", ChannelStopped, "configuration"),
    ("MAIL", "530 5.7.0 Authentication required", ChannelStopped, "credentials"),
    ("MAIL", "550 5.1.8 Bad sender", ChannelStopped, "configuration"),
    ("MAIL", "550 5.7.26 SPF fails", SendRefused, "policy"),
    ("MAIL", "451 4.3.0 Try again", TemporaryFailure, "busy"),
    ("MAIL", LOST, TemporaryFailure, "not_sent"),
    ("RCPT", "550 5.1.1 <rina@pupr.example.go.id>: User unknown", RecipientRefused, "mailbox"),
    ("RCPT", "550 no such user", RecipientRefused, "mailbox"),
    ("RCPT", "553 bad name", RecipientRefused, "mailbox"),
    ("RCPT", "501 5.1.3 Bad syntax", RecipientRefused, "mailbox"),
    ("RCPT", "550 5.2.1 Disabled", RecipientRefused, "mailbox"),
    ("RCPT", "554 5.7.1 Relay access denied", SendRefused, "policy"),
    ("RCPT", "552 5.2.2 Mailbox full", TemporaryFailure, "mailbox_full"),
    ("RCPT", "452 4.2.2 Mailbox full", TemporaryFailure, "busy"),
    ("RCPT", "450 4.7.1 Greylisted", TemporaryFailure, "busy"),
    ("RCPT", LOST, TemporaryFailure, "not_sent"),
    ("DATA", "503 5.5.1 Not now", SendRefused, "bad_request"),
    ("DATA", "250 Strange", TemporaryFailure, "server_error"),
    ("DATA", LOST, TemporaryFailure, "not_sent"),
    (".", "554 5.7.1 Spam", SendRefused, "policy"),
    (".", "554 Transaction failed", SendRefused, "policy"),
    (".", "550 5.7.26 DMARC", SendRefused, "policy"),
    (".", "552 5.3.4 Too big", SendRefused, "too_long"),
    (".", "450 4.7.28 Rate", ProviderBusy, "provider_busy"),
    (".", "452 4.3.1 Disk full", TemporaryFailure, "busy"),
    (".", "354 Go on", SendUnknown, "unclear_answer"),
    (".", "what is this", SendUnknown, "answer_lost"),
]


@pytest.mark.parametrize(("stage", "said", "kind", "reason"), STAGES, ids=[f"{row[0]} {row[1]}" for row in STAGES])
async def test_every_reply_at_every_stage_has_its_meaning(
    stage: str, said: str, kind: type[SendError], reason: str
) -> None:
    outcome = await outcome_of({stage: said})
    assert type(outcome) is kind
    assert isinstance(outcome, SendError)
    assert outcome.reason == reason
    assert RINA.path not in str(outcome)
    assert getattr(outcome, "alert", False) is (reason in {"policy", "bad_request", "too_long"})


def test_a_busy_server_makes_the_whole_channel_wait_ten_minutes() -> None:
    busy = refusal(Reply(".", 421, "4.7.0 Try again later"))
    assert isinstance(busy, ProviderBusy)
    assert (busy.retry_after, busy.whole_channel) == (600.0, True)


async def test_nobody_listening_is_temporary() -> None:
    async with serving() as server:
        port = server.port
    outcome = await sent(replace(HERE, smtp_port=port))
    assert isinstance(outcome, TemporaryFailure)
    assert outcome.reason == "not_sent"


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
    async with silent(b"") as port:
        outcome = await sent(replace(HERE, smtp_port=port, timeout_s=0.2))
    assert isinstance(outcome, TemporaryFailure)


async def test_a_server_that_is_silent_after_the_mail_leaves_it_unknown() -> None:
    async with silent(b"220 a\r\n", b"250 a\r\n", b"250 a\r\n", b"250 a\r\n", b"354 a\r\n") as port:
        outcome = await sent(replace(HERE, smtp_port=port, timeout_s=0.2))
    assert isinstance(outcome, SendUnknown)
    assert outcome.reason == "answer_lost"


class silent:  # noqa: N801 - reads as the context that it is
    """A server that gives these answers, one for each line it hears, and then none."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers

    async def __aenter__(self) -> int:
        self.leave = asyncio.Event()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self.leave.set()
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for place, answer in enumerate(self.answers):
            if place:
                await reader.readline()
            writer.write(answer)
        await self.leave.wait()
        writer.transport.abort()


# ---- encryption and login


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return server_tls(path)


LOGGED_IN = replace(HERE, username=USER, password=Secret(PASSWORD))


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_login_and_mail_travel_encrypted(trusted: ssl.SSLContext, security: Any) -> None:
    async with serving(tls=trusted, implicit=security == "tls") as server:
        settings = replace(LOGGED_IN, smtp_port=server.port, security=security)
        assert await sent(settings) == SendReceipt("4XYZ")
        assert await Email(settings).check(NO_HTTP, "") == []
    assert server.logins == ["PLAIN", "PLAIN"]
    assert len(server.taken) == 1


async def test_a_certificate_that_nobody_vouches_for_stops_before_the_password(tmp_path: Path) -> None:
    async with serving(tls=server_tls(certificate(tmp_path))) as server:
        settings = replace(LOGGED_IN, smtp_port=server.port, security="starttls")
        outcome = await sent(settings)
        [advice] = await Email(settings).check(NO_HTTP, "")
    assert isinstance(outcome, TemporaryFailure)
    assert "certificate" in advice
    assert server.logins == []


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with serving() as server:
        outcome = await sent(replace(LOGGED_IN, smtp_port=server.port, security="starttls"))
    assert isinstance(outcome, ChannelStopped)
    assert outcome.reason == "configuration"
    assert (server.logins, server.taken) == ([], [])


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("535 5.7.8 Authentication failed", ChannelStopped),
        ("534 5.7.9 App password required", ChannelStopped),
        ("454 4.7.0 Temporary authentication failure", TemporaryFailure),
    ],
)
async def test_a_refused_login_is_tried_once_and_stops_the_channel(reply: str, kind: type[SendError]) -> None:
    async with serving({"AUTH": reply}) as server:
        settings = replace(LOGGED_IN, smtp_port=server.port)
        outcome = await sent(settings)
        [advice] = await Email(settings).check(NO_HTTP, "")
    assert type(outcome) is kind
    assert len(server.logins) == 2
    assert PASSWORD not in f"{outcome!r} {advice} {settings!r} {outcome.__cause__!r}"
    assert not server.taken


TOKEN_URL = "https://token.example/v2"
BY_TOKEN = replace(
    HERE,
    username=USER,
    oauth_token_url=TOKEN_URL,
    oauth_client_id="satupintu",
    oauth_refresh_token=Secret("segar"),
)


def given_out(token: str = TOKEN, **more: Any) -> HttpResponse:
    return HttpResponse(200, json.dumps({"access_token": token, "token_type": "Bearer", **more}).encode())


async def test_a_token_of_oauth_opens_the_mail_server_and_is_asked_for_once() -> None:
    http = ScriptedHttp([given_out(expires_in=3600)])
    async with serving() as server:
        channel = Email(replace(BY_TOKEN, smtp_port=server.port))
        for _ in range(2):
            await channel.send(MESSAGE, http)
    assert (server.logins, len(server.taken)) == (["XOAUTH2", "XOAUTH2"], 2)
    [asked] = http.calls
    assert (asked.method, asked.url) == ("POST", TOKEN_URL)
    assert asked.form == {"grant_type": "refresh_token", "client_id": "satupintu", "refresh_token": "segar"}


async def test_a_token_that_the_mail_server_refuses_stops_the_channel_and_is_not_used_again() -> None:
    http = ScriptedHttp([given_out("salah"), given_out()])
    async with serving() as server:
        channel = Email(replace(BY_TOKEN, smtp_port=server.port))
        with pytest.raises(ChannelStopped, match="credentials"):
            await channel.send(MESSAGE, http)
        assert await channel.send(MESSAGE, http) == SendReceipt("4XYZ")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HttpResponse(400, b'{"error":"invalid_grant"}'), ChannelStopped),
        (HttpResponse(401, b"<html>"), ChannelStopped),
        (HttpResponse(503, b""), TemporaryFailure),
        (HttpResponse(200, b"{}"), TemporaryFailure),
        (given_out("dua kata"), TemporaryFailure),
        (given_out("a\r\nb"), TemporaryFailure),
        (NotSent("no such host"), TemporaryFailure),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_what_a_token_server_says_has_its_meaning(
    answer: HttpResponse | ChannelError, kind: type[SendError]
) -> None:
    with pytest.raises(kind) as problem:
        await Email(BY_TOKEN).send(MESSAGE, ScriptedHttp([answer]))
    assert "segar" not in f"{problem.value!r}"
    async with serving() as server:
        [advice] = await Email(replace(BY_TOKEN, smtp_port=server.port)).check(ScriptedHttp([answer]), "")
    assert "oauth" in advice


async def test_a_token_is_asked_for_anew_before_it_runs_out() -> None:
    now = [0.0]
    tokens = Tokens(Grant(TOKEN_URL, {}), lambda: now[0])
    http = ScriptedHttp([given_out("a", expires_in=120), given_out("b"), given_out("c", expires_in="soon")])
    got = []
    for moment in (0, 59, 61, 3600, 3601, 7201):
        now[0] = moment
        got.append(await tokens.current(http))
    assert got == ["a", "a", "b", "b", "c", "c"]


class FarAway(SMTP):
    """A connection whose other end is on the internet."""

    def get_transport_info(self, key: str) -> tuple[str, int]:
        return ("8.8.8.8", 25)


def test_plain_speech_is_refused_to_what_is_not_near() -> None:
    with pytest.raises(ChannelStopped, match="configuration"):
        _near_enough(FarAway(), HERE)
    _near_enough(FarAway(), replace(HERE, security="tls"))


# ---- the check, and what the channel is


async def test_a_check_sends_nothing() -> None:
    async with serving() as server:
        assert await Email(replace(HERE, smtp_port=server.port)).check(NO_HTTP, "") == []
    assert (server.connections, server.taken) == (1, [])


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ({"connect": "554 no"}, "smtp_host, smtp_port"),
        ({"connect": "450 later"}, "try again"),
        ({"EHLO": LOST}, "port open"),
    ],
)
async def test_a_check_says_what_to_do(replies: dict[str, str], words: str) -> None:
    async with serving(replies) as server:
        [advice] = await Email(replace(HERE, smtp_port=server.port)).check(NO_HTTP, "")
    assert words in advice


async def test_a_connection_that_fails_later_is_closed() -> None:
    async with serving() as server:
        with pytest.raises(ValueError, match="ours"):
            async with connected(replace(HERE, smtp_port=server.port)) as smtp:
                raise ValueError("ours")
        assert not smtp.is_connected


def test_the_channel_sends_and_checks_and_receives_nothing() -> None:
    values = {"smtp_host": "mail.example.go.id", "from_address": "aduan@example.go.id"}
    channel = build([ChannelTable("surat", "email", values)], absent_secret=str)["surat"]
    assert channel.sender is channel.checker is channel.adapter
    assert (channel.receiver, channel.fetcher, channel.listener, channel.starter) == (None, None, None, None)
    assert channel.capabilities.staff
    assert (channel.own, channel.messages_per_second) == ("aduan@example.go.id", 0.5)
