"""Mail fetched from a mailbox: committed, moved away, only then passed; once, whatever breaks in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.email import mailbox, polling
from channels.email.adapter import Email
from channels.email.folder_names import on_the_wire
from channels.email.mailbox import BEGINNING, MOST_BYTES, REST_S
from channels.email.polling import Parse, Position, poll
from channels.email.settings import EmailSettings
from channels.errors import ChannelError, ChannelMisconfigured
from channels.messages import Inbound, InboundMessage, MessageKind, RawRequest
from channels.protocols import HttpResponse
from channels.registry import build
from config.settings import ChannelTable, Secret, SettingsError
from tests.channels.imap_server import PASSWORD, USER, imap_serving
from tests.channels.in_memory import Committed, KeptBookmark
from tests.channels.mail_server import serving
from tests.channels.scripted_http import ScriptedHttp
from workers.simulators.mail_imap import ImapServer

LIMIT_S = 30
OLD = datetime(2026, 11, 20, tzinfo=UTC)
DONE, ASIDE = "Aduan.Diproses", "Aduan.Karantina"
HERE = EmailSettings(
    "127.0.0.1",
    "aduan@pemkab.example",
    security="none",
    mode="imap",
    imap_host="127.0.0.1",
    imap_security="none",
    imap_username=USER,
    imap_password=Secret(PASSWORD),
    reply_key=Secret("uji-kunci-balasan-0001"),
)


def letter(name: str, text: str = "Jalan rusak.") -> bytes:
    return f"From: warga@contoh.example\r\nMessage-ID: <{name}@contoh.example>\r\n\r\n{text}\r\n".encode()


@dataclass
class Reader:
    """One process that reads the mailbox, and what it was given."""

    server: ImapServer
    committed: Committed = field(default_factory=Committed)
    bookmark: KeptBookmark = field(default_factory=KeptBookmark)
    waited: list[float] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    reads: Parse | None = None
    """In place of the adapter's own reading."""

    @property
    def settings(self) -> EmailSettings:
        return replace(HERE, imap_port=self.server.port, **self.changes)

    @property
    def names(self) -> list[str]:
        return [event.external_id for event, _ in self.committed.taken if isinstance(event, InboundMessage)]

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        task = asyncio.create_task(
            poll(
                self.settings,
                self.reads or Email(self.settings).parse,
                self.committed.submit,
                self.bookmark,
                no_token,
                self.pause,
            )
        )
        async with asyncio.timeout(LIMIT_S):
            yield
            task.cancel()
            await asyncio.wait([task])


async def no_token() -> str:
    return ""


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the server is a plain value on purpose
        await asyncio.sleep(0.005)


async def test_a_mail_is_committed_moved_away_and_passed_and_the_next_one_is_heard_of_at_once() -> None:
    async with imap_serving() as server:
        reader = Reader(server)
        server.deliver(letter("lama"), OLD)
        async with reader.reading():
            await until(lambda: "IDLE" in server.said)
            server.deliver(letter("satu"))
            await until(lambda: bool(server.folders.get(DONE)))
            server.deliver(letter("dua"))
            await until(lambda: len(server.folders[DONE]) == 2)
        assert reader.names == ["em:<satu@contoh.example>", "em:<dua@contoh.example>"]
        assert [len(mails) for mails in (server.folders["INBOX"], server.folders[DONE])] == [1, 2]
        assert reader.bookmark.position.startswith("7:3:") or reader.bookmark.position.startswith("7:2:")
        again = Reader(server, bookmark=reader.bookmark)
        async with again.reading():
            await until(lambda: server.said.count("IDLE") > 2)
        assert again.names == []


async def test_whoever_wants_everything_gets_what_lay_there_before() -> None:
    async with imap_serving() as server:
        reader = Reader(server, changes={"imap_first": "everything"})
        server.deliver(letter("lama"), OLD)
        async with reader.reading():
            await until(lambda: bool(server.folders.get(DONE)))
        assert reader.names == ["em:<lama@contoh.example>"]


async def test_f03_nothing_is_moved_or_passed_before_it_is_committed() -> None:
    async with imap_serving() as server:
        reader = Reader(server, Committed(failures=2), KeptBookmark("7:0:0:0"))
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: len(reader.waited) == 2)
            await until(lambda: bool(server.folders.get(DONE)))
        assert reader.names == ["em:<satu@contoh.example>"]
        assert server.logins == 3


@pytest.mark.parametrize("command", ["SELECT", "SEARCH", "FETCH", "MOVE", "IDLE"])
async def test_f03_a_connection_that_breaks_anywhere_loses_nothing(command: str) -> None:
    async with imap_serving(lose_at=command) as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: bool(server.folders.get(DONE)))
            server.deliver(letter("dua"))
            await until(lambda: len(server.folders[DONE]) == 2)
        # What was committed before the connection broke may come again: its name is the same.
        assert list(dict.fromkeys(reader.names)) == ["em:<satu@contoh.example>", "em:<dua@contoh.example>"]


async def test_a_server_that_counts_anew_is_read_again_but_for_what_was_there_before_us() -> None:
    async with imap_serving() as server:
        reader = Reader(server)
        async with reader.reading():
            await until(lambda: bool(reader.bookmark.kept))
        server.deliver(letter("lama"), OLD)
        server.deliver(letter("baru"))
        server.count_anew()
        again = Reader(server, bookmark=reader.bookmark)
        async with again.reading():
            await until(lambda: bool(server.folders.get(DONE)))
            server.deliver(letter("pindahan"), OLD)
            await until(lambda: again.bookmark.position.startswith("8:3:"))
        assert again.names == ["em:<baru@contoh.example>", "em:<pindahan@contoh.example>"]


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"capabilities": "IMAP4rev1 UIDPLUS"}, 0),
        ({"capabilities": "IMAP4rev1"}, 1),
        ({"refuse": "MOVE"}, 1),
        ({"refuse": "CREATE"}, 0),
    ],
)
async def test_a_server_that_can_less_is_read_too(more: dict[str, str], left: int) -> None:
    async with imap_serving(**more) as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: reader.bookmark.position.startswith("7:1:"))
        assert reader.names == ["em:<satu@contoh.example>"]
        assert len(server.folders["INBOX"]) == left


async def test_what_nobody_can_read_is_put_aside_for_a_person_and_blocks_nothing() -> None:
    async with imap_serving() as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        server.deliver(b"Subject: tanpa pengirim\r\n\r\nIsi\r\n")
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: bool(server.folders.get(DONE)))
        assert len(server.folders[ASIDE]) == 1
        (unread, _), (message, _) = reader.committed.taken
        assert isinstance(unread, InboundMessage)
        assert (unread.kind, unread.flags) == (MessageKind.SERVICE, {"not_understood"})
        assert isinstance(message, InboundMessage)


async def test_a_mail_over_which_our_reader_breaks_is_put_aside_and_those_behind_it_are_read() -> None:
    def breaks(request: RawRequest) -> list[Inbound]:
        if b"rusak di sini" in request.body:
            raise RuntimeError("a fault of ours")
        return list(Email(HERE).parse(request))

    async with imap_serving() as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"), reads=breaks)
        server.deliver(letter("satu", "rusak di sini"))
        server.deliver(letter("dua"))
        async with reader.reading():
            await until(lambda: bool(server.folders.get(DONE)))
        assert len(server.folders[ASIDE]) == 1
        assert reader.names[1:] == ["em:<dua@contoh.example>"]


async def test_f06_of_a_mail_that_is_too_large_the_text_is_taken() -> None:
    async with imap_serving() as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        raw = letter("besar").replace(b"\r\n\r\n", b"\r\n\r\nLampu padam.\r\n", 1) + b"x" * (2 * BEGINNING)
        server.sizes[server.deliver(raw)] = MOST_BYTES + 1
        async with reader.reading():
            await until(lambda: bool(server.folders.get(DONE)))
        ((message, request),) = reader.committed.taken
        assert isinstance(message, InboundMessage)
        assert message.text.startswith("Lampu padam.")
        assert "file_too_large" in message.flags
        assert len(request.body) == BEGINNING


async def test_a_refused_login_is_said_and_not_tried_on_and_on() -> None:
    async with imap_serving() as server:
        reader = Reader(server, changes={"imap_password": Secret("salah")})
        with pytest.raises(ChannelMisconfigured, match="refuses the login") as refused:
            await poll(reader.settings, lambda _: [], reader.committed.submit, reader.bookmark, no_token, reader.pause)
        assert (server.logins, reader.waited, refused.value.rest_s) == (1, [], REST_S)


async def listened(settings: EmailSettings, answers: list[HttpResponse | ChannelError]) -> None:
    await Email(settings).listen(Committed().submit, ScriptedHttp(answers), KeptBookmark())


async def test_what_a_server_offers_is_asked_again_behind_the_login() -> None:
    async with imap_serving(at_first="IMAP4rev1 AUTH=PLAIN") as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: "IDLE" in server.said)
        assert [len(mails) for mails in (server.folders["INBOX"], server.folders[DONE])] == [0, 1]


async def test_a_server_that_offers_idle_and_refuses_it_is_looked_at_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailbox, "SLICE_S", 0.01)
    monkeypatch.setattr(polling, "POLL_S", 0.02)
    async with imap_serving(refuse="IDLE") as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"))
        async with reader.reading():
            await until(lambda: server.said.count("UID SEARCH UID 1:*") > 2)
            server.deliver(letter("satu"))
            await until(lambda: bool(server.folders.get(DONE)))
        assert (server.said.count("IDLE"), server.logins) == (1, 1)


@pytest.mark.parametrize(
    ("offered", "password", "is_in"),
    [
        ("IMAP4rev1", "biasa", True),
        ("IMAP4rev1 LOGINDISABLED AUTH=PLAIN", "biasa", True),
        ("IMAP4rev1 AUTH=PLAIN", "sandi-é-🔑", True),
        ("IMAP4rev1 LOGINDISABLED", "biasa", False),
        ("IMAP4rev1", "sandi-é-🔑", False),
    ],
)
async def test_a_password_of_any_letters_opens_the_mailbox_or_it_is_said_that_it_cannot(
    offered: str, password: str, is_in: bool
) -> None:
    async with imap_serving(capabilities=offered, password=password) as server:
        problems = await _checked(Reader(server, changes={"imap_password": Secret(password)}).settings)
        assert problems == ([] if is_in else [mailbox.NO_LOGIN])
        assert server.logins == int(is_in)


async def test_a_token_of_oauth_opens_the_mailbox_and_a_refused_one_is_said() -> None:
    oauth = {
        "oauth_token_url": "https://token.example/v2",
        "oauth_client_id": "satupintu",
        "oauth_client_secret": Secret("rahasia"),
        "username": USER,
        "imap_password": None,
    }
    given = HttpResponse(200, b'{"access_token":"uji-token","expires_in":3600}')
    async with imap_serving(token="uji-token") as server:
        settings = Reader(server, changes=oauth).settings
        listening = asyncio.create_task(listened(settings, [given]))
        async with asyncio.timeout(LIMIT_S):
            await until(lambda: "IDLE" in server.said)
        listening.cancel()
        await asyncio.wait([listening])
        server.token = "lain"
        with pytest.raises(ChannelMisconfigured, match="refuses the token"):
            await listened(settings, [given])
        with pytest.raises(ChannelMisconfigured, match="invalid_grant") as refused:
            await listened(settings, [HttpResponse(400, b'{"error":"invalid_grant"}')])
    assert refused.value.rest_s == REST_S


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("INBOX", "INBOX"),
        ("Aduan & Saran", "Aduan &- Saran"),
        ("Aduan é", "Aduan &AOk-"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("🚧", "&2D3epw-"),
    ],
)
def test_a_folder_has_its_name_of_the_wire(name: str, expected: str) -> None:
    assert on_the_wire(name) == expected


async def test_folders_with_letters_of_any_language_are_read_and_filled() -> None:
    async with imap_serving() as server:
        reader = Reader(server, bookmark=KeptBookmark("7:0:0:0"), changes={"imap_done": "Aduan/Sélesai"})
        server.deliver(letter("satu"))
        async with reader.reading():
            await until(lambda: bool(server.folders.get("Aduan.S&AOk-lesai")))


async def test_the_check_says_what_is_wrong_with_the_mailbox() -> None:
    async with imap_serving() as server:
        good = Reader(server).settings
        assert await _checked(good) == []
        assert "refuses the login" in (await _checked(replace(good, imap_password=Secret("salah"))))[0]
        server.refuse = "SELECT"
        assert "no folder INBOX" in (await _checked(good))[0]
    assert "no connection to imap_host" in (await _checked(good))[0]


async def _checked(settings: EmailSettings) -> list[str]:
    async with serving() as smtp:
        return await Email(replace(settings, smtp_port=smtp.port)).check(ScriptedHttp([]), "")


@pytest.mark.parametrize("text", ["", "7", "7:1:2", "a:b:c:d", "7:1:2:3:4", "7:-1:2:3"])
def test_a_position_that_is_none_begins_anew(text: str) -> None:
    assert Position.read(text) is None


def test_a_position_is_read_as_it_was_kept() -> None:
    position = Position(7, 12, datetime(2026, 11, 23, tzinfo=UTC), 3)
    assert Position.read(str(position)) == position


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"imap_host": ""}, "needs imap_host"),
        ({"imap_username": ""}, "imap_username or username"),
        ({"imap_host": "8.8.8.8", "imap_security": "none"}, "private networks only"),
        ({"imap_folder": "a\r\nb"}, "one line"),
        ({"imap_password": "a\r\nb"}, "one line"),
    ],
)
def test_settings_of_a_mailbox_that_cannot_be_right_end_the_start(changes: dict[str, str], words: str) -> None:
    values = {"smtp_host": "m.example", "from_address": "a@b.example", "mode": "imap", "imap_host": "m.example"}
    with pytest.raises(SettingsError, match=words):
        build([ChannelTable("surat", "email", values | {"imap_username": "a"} | changes)], absent_secret=str)


def test_only_a_mailbox_is_listened_to() -> None:
    assert Email(HERE).listens()
    assert not Email(replace(HERE, mode="webhook", webhook_secret=Secret("x" * 16))).listens()
