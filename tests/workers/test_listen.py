"""Listeners: one process asks, and a position moves on only after what it brought is committed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from channels.errors import ChannelMisconfigured, PayloadInvalid
from channels.messages import Address, InboundMessage, RawRequest
from channels.protocols import Bookmark, Http, Listener, Submit
from channels.registry import Channel
from channels.sms.gammu.adapter import Gammu
from channels.sms.gammu.settings import GammuSettings
from gateway.app import Gateway
from gateway.operations import leases
from gateway.queries.channel_watch import ChannelState, watch
from workers import listen as module
from workers.limits import Limits
from workers.listen import listen, listening
from workers.targets import Targets
from workers.tools import Tools

LIMIT_S = 20


@dataclass
class Mailbox:
    """A Listener with some messages to bring; `position` is what the provider may forget."""

    texts: list[str] = field(default_factory=list)
    is_asked_for: bool = True
    crashes: bool = False
    position: int = 0
    asked: int = 0

    def listens(self) -> bool:
        return self.is_asked_for

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        self.asked += 1
        if self.crashes:
            self.crashes = False
            raise ZeroDivisionError
        raw = RawRequest("PULL")
        received = [(InboundMessage(f"m:{n}", Address("tg", "7"), said), raw) for n, said in enumerate(self.texts)]
        await submit(received[self.position :])
        self.position = len(received)
        await asyncio.Event().wait()


class Crashing(Mailbox):
    """Never comes to asking."""

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        self.asked += 1
        raise ZeroDivisionError


def channel(gateway: Gateway, mailbox: Listener) -> Channel:
    return replace(gateway.channels["tg"], listener=mailbox)


def tools(gateway: Gateway, process: str = "here") -> Tools:
    targets = Targets(gateway.settings, None, process)  # type: ignore[arg-type]
    return Tools(gateway, None, Limits(None, process, {}), gateway.clock.now, process, targets)  # type: ignore[arg-type]


@asynccontextmanager
async def asking(gateway: Gateway, mailbox: Listener) -> AsyncIterator[None]:
    task = asyncio.create_task(listen([channel(gateway, mailbox)], tools(gateway)))
    async with asyncio.timeout(LIMIT_S):
        yield
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the fake is a plain value on purpose
        await asyncio.sleep(0.005)


def texts_kept(gateway: Gateway) -> int:
    with gateway.store.reading() as tx:
        return int(tx.all(text("SELECT count(*) FROM message"))[0][0])


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.02)
    monkeypatch.setattr(module, "RENEW_S", 0.05)


def test_only_channels_that_ask_are_listened_to(gateway: Gateway) -> None:
    asks, called = channel(gateway, Mailbox()), channel(gateway, Mailbox(is_asked_for=False))
    assert listening([asks, called, gateway.channels["tg"]]) == [asks]


async def test_what_was_brought_is_committed_before_the_position_moves_on(gateway: Gateway) -> None:
    mailbox = Mailbox(["Lampu jalan mati", "di Jalan Melati"])
    async with asking(gateway, mailbox):
        await until(lambda: mailbox.position == 2)
        assert texts_kept(gateway) == 2


class Reading(Mailbox):
    """Reads on where the one before it stopped."""

    found: str = ""

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        self.found = await bookmark.read()
        await bookmark.keep(f"{self.found}7")
        self.position += 1
        await asyncio.Event().wait()


async def test_where_a_listener_stopped_the_next_one_goes_on(gateway: Gateway) -> None:
    for expected in ("", "7", "77"):
        mailbox = Reading()
        async with asking(gateway, mailbox):
            await until(lambda mailbox=mailbox: mailbox.position == 1)  # type: ignore[misc]
        assert mailbox.found == expected


class Scrambled(Mailbox):
    """Brings something that nobody can read before what can be read."""

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        broken = RawRequest("PULL", body=b"\xff")
        await submit(
            [(PayloadInvalid("no letters"), broken), (InboundMessage("m:1", Address("tg", "7"), "Lampu"), broken)]
        )
        self.position = 1
        await asyncio.Event().wait()


async def test_what_a_listener_cannot_read_goes_to_quarantine_and_holds_nobody_up(gateway: Gateway) -> None:
    mailbox = Scrambled()
    async with asking(gateway, mailbox):
        await until(lambda: mailbox.position == 1)
    assert texts_kept(gateway) == 1
    with gateway.store.reading() as tx:
        rows = tx.all(text("SELECT channel, reason, detail FROM quarantine"))
    assert [tuple(row) for row in rows] == [("tg", "payload_invalid", "no letters")]


async def test_f98_an_old_sms_that_a_modem_brings_again_is_one_row(gateway: Gateway, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("inbox", "outbox", "sent", "error")]
    for folder in folders:
        folder.mkdir()
    for serial in ("00", "01"):
        (folders[0] / f"IN20261120_081458_{serial}_+6281200000001_00.txt").write_text("Lampu jalan mati")
    seconds = count(step=10)
    adapter = Gammu(
        GammuSettings("+6281100000000", *map(str, folders)),
        monotonic=lambda: float(next(seconds)),
        pause=lambda _: asyncio.sleep(0.01),
    )
    async with asking(gateway, adapter):
        await until(lambda: not list(folders[0].glob("*.txt")))
    assert texts_kept(gateway) == 1


async def test_a_listener_that_crashes_is_started_again(gateway: Gateway) -> None:
    mailbox = Mailbox(["Lampu jalan mati"], crashes=True)
    with capture_logs() as lines:
        async with asking(gateway, mailbox):
            await until(lambda: mailbox.position == 1)
    assert mailbox.asked == 2
    assert "listener_crashed" in [line["event"] for line in lines]


def heartbeat(gateway: Gateway) -> object:
    with gateway.store.reading() as tx:
        found = tx.all(text("SELECT heartbeat_at FROM channel_state WHERE channel = 'tg'"))
    return found[0][0] if found else None


async def test_who_asks_says_that_it_lives_and_who_crashes_does_not(gateway: Gateway) -> None:
    async with asking(gateway, Mailbox()):
        await until(lambda: heartbeat(gateway) is not None)
    with gateway.store.transaction() as tx:
        tx.execute(text("DELETE FROM channel_state"))
    crashing = Crashing()
    async with asking(gateway, crashing):
        await until(lambda: crashing.asked > 2)
    assert heartbeat(gateway) is None


class Refused(Mailbox):
    """Is refused as long as `refusal` says so, and wants to be left alone for some time then."""

    refusal: str = "the mailbox refuses the login"
    rest_s: float = 3600

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        self.asked += 1
        if self.refusal:
            raise ChannelMisconfigured(self.refusal, self.rest_s)
        await asyncio.Event().wait()


def on_the_screen(gateway: Gateway, mailbox: Listener) -> tuple[ChannelState, tuple[str, ...]]:
    channels = {"tg": replace(channel(gateway, mailbox), starter=None)}
    with gateway.store.reading() as tx:
        tx.office = replace(tx.office, channels=channels)
        [shown] = watch(tx)
    return shown.inbound.state, shown.problems


async def test_a_listener_that_is_refused_is_red_at_once_says_why_and_is_left_alone(gateway: Gateway) -> None:
    mailbox = Refused()
    async with asking(gateway, mailbox):
        await until(lambda: on_the_screen(gateway, mailbox)[0] is ChannelState.DOWN)
        assert on_the_screen(gateway, mailbox)[1] == (mailbox.refusal,)
        await asyncio.sleep(0.2)  # several renewals of the lease
        assert (mailbox.asked, heartbeat(gateway)) == (1, None)
        with gateway.store.transaction() as tx:  # nobody else tries meanwhile
            assert leases.acquire(tx, "listen:tg", "elsewhere", 60) is None


async def test_a_listener_that_is_not_refused_any_more_is_not_red_any_more(gateway: Gateway) -> None:
    mailbox = Refused(texts=[], crashes=False)
    mailbox.rest_s = 0
    async with asking(gateway, mailbox):
        await until(lambda: on_the_screen(gateway, mailbox)[0] is ChannelState.DOWN)
        mailbox.refusal = ""
        await until(lambda: on_the_screen(gateway, mailbox)[1] == ())
    assert on_the_screen(gateway, mailbox)[0] is not ChannelState.DOWN


async def test_while_somebody_else_listens_we_wait(gateway: Gateway) -> None:
    mailbox = Mailbox(["Lampu jalan mati"])
    with gateway.store.transaction() as tx:
        leases.acquire(tx, "listen:tg", "elsewhere", 60)
    async with asking(gateway, mailbox):
        await asyncio.sleep(0.1)
        assert mailbox.asked == 0
        with gateway.store.transaction() as tx:
            leases.release(tx, "listen:tg", "elsewhere")
        await until(lambda: mailbox.position == 1)


async def test_a_lost_lease_ends_the_listening(gateway: Gateway) -> None:
    mailbox = Mailbox()
    async with asking(gateway, mailbox):
        await until(lambda: mailbox.asked == 1)
        with capture_logs() as lines:
            with gateway.store.transaction() as tx:  # one: between two it would be ours again
                leases.release(tx, "listen:tg", "here")
                assert leases.acquire(tx, "listen:tg", "elsewhere", 60)
            await until(lambda: any(line["event"] == "listening_ended" for line in lines))


async def test_at_the_end_the_next_one_may_listen_at_once(gateway: Gateway) -> None:
    mailbox = Mailbox()
    async with asking(gateway, mailbox):
        await until(lambda: mailbox.asked == 1)
    with gateway.store.transaction() as tx:
        assert leases.acquire(tx, "listen:tg", "elsewhere", 60)
