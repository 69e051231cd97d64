"""One connection to an SMSC from its bind to its end: framing, sequence numbers, window, enquire_link, unbind.

Nothing here knows messages: who hears gets PDUs, who submits gets the answering PDU. Source: docs/channels/smpp.md § Session.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from channels.errors import AnswerLost, NotSent, ProviderBusy
from channels.sms.smpp import pdu
from channels.sms.smpp.pdu import ANSWER, LAST_SEQUENCE, Bind, Command, Pdu, PduInvalid, Status
from config.logging import get_logger

log = get_logger(__name__)

HEARD_AT_ONCE = 100
"""Messages of the SMSC that we store at the same time; what comes beyond waits in the connection."""
FULL_FOR_S = 1.0
"""So long whoever finds the window full is told to wait."""
LENGTH_OCTETS = 4
NAMELESS = pdu.write_text("")
"""The body of an answer to deliver_sm: a message_id that is never set."""

Late = Callable[[Pdu], None]
"""Takes an answer that comes when nobody waits for it any more."""
LATE_KEPT = 1_000
Hear = Callable[[Pdu], Awaitable[int]]
"""Takes a deliver_sm; the status to answer with, once it is stored."""


class BindRefused(Exception):
    """The SMSC does not let us in; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"bind refused with status 0x{status:02X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `silence_s` without a PDU in one direction make us ask whether the link lives."""

    connect_s: float = 5.0
    bind_s: float = 10.0
    silence_s: float = 30.0
    link_s: float = 10.0
    answer_s: float = 30.0
    unbind_s: float = 5.0


class Session:
    """Belongs to one event loop. `run` is its task; everything else needs it to run."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Hear, timing: Timing, window: int
    ) -> None:
        self._reader, self._writer = reader, writer
        self._hear = hear
        self._timing = timing
        self._room = asyncio.Semaphore(window)
        self._ears = asyncio.Semaphore(HEARD_AT_ONCE)
        self._sequence = 0
        self._open: dict[int, tuple[int, asyncio.Future[Pdu | None]]] = {}
        """Sequence -> the command that answers it, and who waits."""
        self._late: OrderedDict[int, Late] = OrderedDict()
        self._answering: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._said_at = self._loop.time()
        self._is_closing = False
        self.why = ""
        """Why it ended; empty while it lives."""

    async def run(self) -> None:
        """Until the session ends, whoever ends it; never raises for what the other side does."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_alive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.give_up("cancelled")
            for task in (*tasks, *self._answering):
                task.cancel()
            await asyncio.gather(*tasks, *self._answering, return_exceptions=True)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._timing.link_s):
                    await self._writer.wait_closed()

    async def bind(self, command: int, bind: Bind) -> None:
        """BindRefused, or AnswerLost when the SMSC says nothing or hangs up."""
        answer = await self._request(command, pdu.write_bind(bind), self._timing.bind_s)
        if answer.status != Status.OK:
            raise BindRefused(answer.status)

    async def submit(self, body: bytes, wait_s: float, late: Late | None = None) -> Pdu:
        """The answer to a submit_sm, whatever its status. ProviderBusy when the window stays full for `wait_s`, NotSent
        when nothing was written, AnswerLost when nobody knows whether it was carried out; `late` gets the answer that comes
        after all."""
        try:
            async with asyncio.timeout(wait_s):
                await self._room.acquire()
        except TimeoutError:
            raise ProviderBusy(FULL_FOR_S, whole_channel=True) from None
        try:
            if self._is_closing:
                raise NotSent("the session is being ended")
            return await self._request(Command.SUBMIT_SM, body, self._timing.answer_s, late)
        finally:
            self._room.release()

    async def enquire(self) -> None:
        """AnswerLost when the other side does not answer."""
        await self._request(Command.ENQUIRE_LINK, b"", self._timing.link_s)

    async def unbind(self) -> None:
        """Submit nothing more, wait a little for what is open, take our leave."""
        self._is_closing = True
        under_way: list[asyncio.Future[Any]] = [*(promise for _, promise in self._open.values()), *self._answering]
        if under_way:
            await asyncio.wait(under_way, timeout=self._timing.unbind_s)
        with suppress(AnswerLost, NotSent):
            await self._request(Command.UNBIND, b"", self._timing.unbind_s)
        self.give_up("unbound")

    async def _request(self, command: int, body: bytes, within_s: float, late: Late | None = None) -> Pdu:
        if self.why:
            raise NotSent(self.why)
        sequence = self._sequence = self._sequence % LAST_SEQUENCE + 1
        promise: asyncio.Future[Pdu | None] = self._loop.create_future()
        self._open[sequence] = (command | ANSWER, promise)
        self._write(Pdu(command, sequence, body=body))
        try:
            async with asyncio.timeout(within_s):
                await self._writer.drain()
                answer = await promise
        except TimeoutError:
            if late:
                self._late[sequence] = late
                if len(self._late) > LATE_KEPT:
                    self._late.popitem(last=False)
            raise AnswerLost("no answer in time") from None
        except OSError as problem:
            raise AnswerLost(type(problem).__name__) from None
        finally:
            self._open.pop(sequence, None)
        if answer is None:
            raise AnswerLost(self.why)
        return answer

    def _write(self, one: Pdu) -> None:
        self._said_at = self._loop.time()
        self._writer.write(pdu.write(one))

    def give_up(self, why: str) -> None:
        """End it at once; whoever waits for an answer gets none."""
        if self.why:
            return
        self.why = why
        for _, promise in self._open.values():
            if not promise.done():
                promise.set_result(None)
        self._writer.close()

    async def _keep_alive(self) -> None:
        while not self.why:
            left = self._timing.silence_s - (self._loop.time() - min(self._heard_at, self._said_at))
            if left > 0:
                await asyncio.sleep(left)
                continue
            try:
                await self.enquire()
            except (AnswerLost, NotSent):
                self.give_up("no answer to enquire_link")

    async def _read(self) -> None:
        try:
            while not self.why:
                start = await self._reader.readexactly(LENGTH_OCTETS)
                rest = await self._reader.readexactly(pdu.length_of(start) - LENGTH_OCTETS)
                self._heard_at = self._loop.time()
                await self._take(pdu.read(start + rest))
        except PduInvalid:
            self._write(Pdu(Command.GENERIC_NACK, 0, Status.INVALID_LENGTH))
            self.give_up("the other side sent no PDU")
        except (asyncio.IncompleteReadError, OSError):
            self.give_up("connection lost")

    async def _take(self, one: Pdu) -> None:
        if one.command & ANSWER:
            self._answered(one)
        elif one.command == Command.DELIVER_SM:
            await self._ears.acquire()
            task = asyncio.create_task(self._heard(one))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif one.command == Command.ENQUIRE_LINK:
            self._write(Pdu(one.command | ANSWER, one.sequence))
        elif one.command == Command.UNBIND:
            self._write(Pdu(one.command | ANSWER, one.sequence))
            self.give_up("unbound by the other side")
        else:
            self._write(Pdu(Command.GENERIC_NACK, one.sequence, Status.UNKNOWN_COMMAND))

    def _answered(self, one: Pdu) -> None:
        """Answers come in any order; one that nobody waits for any more tells nobody anything."""
        late = self._late.pop(one.sequence, None)
        if late and one.command == Command.SUBMIT_SM | ANSWER:
            late(one)
            return
        command, promise = self._open.get(one.sequence, (0, None))
        fits = one.command in {command, Command.GENERIC_NACK}
        if promise is None or not fits or promise.done():
            log.info("smpp_answer_unexpected", command=f"0x{one.command:08X}", status=f"0x{one.status:02X}")
            return
        promise.set_result(one)

    async def _heard(self, one: Pdu) -> None:
        try:
            status = await self._hear(one)
            if not self.why:
                self._write(Pdu(one.command | ANSWER, one.sequence, status, NAMELESS))
        finally:
            self._ears.release()


async def connect(host: str, port: int, tls: ssl.SSLContext | None, hear: Hear, timing: Timing, window: int) -> Session:
    """A session that is not bound yet. NotSent when there is no connection."""
    try:
        async with asyncio.timeout(timing.connect_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except (OSError, TimeoutError) as problem:
        raise NotSent(getattr(problem, "strerror", None) or type(problem).__name__) from problem
    return Session(reader, writer, hear, timing, window)
