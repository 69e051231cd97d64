"""An operator's SMSC over TCP, played: binds, SMS of citizens, answers to ours, receipts, and everything that goes wrong.

Contract: docs/channels/smpp.md § Simulator. What the gateway does not take with status 0 is delivered again.
"""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control, smsc_ussd
from workers.simulators import smsc_pdu as pdu
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import Handsets, Sms
from workers.simulators.settings import SimulatorSettings
from workers.simulators.sms_line import DELIVERED, EXPIRED, FAILED, RECEIPT_FAULTS, SUBMITTED
from workers.simulators.smsc_pdu import Sm
from workers.simulators.smsc_texts import cut, header_of, text_of
from workers.simulators.smsc_ussd import Screens

IS_RECEIPT = 0x04
THROTTLED, ALREADY_BOUND, WRONG_PASSWORD, WRONG_STATE = 0x58, 0x05, 0x0E, 0x04
STATES = {SUBMITTED: (1, "ENROUTE"), DELIVERED: (2, "DELIVRD"), FAILED: (5, "UNDELIV"), EXPIRED: (3, "EXPIRED")}
PRESETS: Mapping[str, Action] = {
    **RECEIPT_FAULTS,
    "throttled": Action(status=0x58),
    "queue_full": Action(status=0x14),
    "system_error": Action(status=0x08),
    "bad_destination": Action(status=0x0B),
    "wrong_state": Action(status=0x04),
    "silent": Action(body="silent"),
    "late_answer": Action(delay_ms=40_000),
    "answer_then_drop": Action(body="answer_then_drop"),
    "drop_before_answer": Action(accept_then_close=True),
    "drop_before_taking": Action(close_before_read=True),
    "wrong_sequence": Action(body="wrong_sequence"),
    "bad_length": Action(body="bad_length"),
    "unknown_command": Action(body="unknown_command"),
    "two_in_one": Action(body="two_in_one"),
    "receipt_first": Action(early_receipt=True),
    "receipt_in_decimal": Action(receipt_text="decimal"),
    "receipt_in_text": Action(receipt_text="text"),
    "receipt_in_parameters": Action(receipt_text="parameters"),
    "twice": Action(duplicate=2),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`per_second`: parts that are taken, 0 = any number. `split`: how citizens' long SMS come. `byte_by_byte`: each octet
    is written alone. `refuse_binds`: so many, with `bind_status`."""

    dlr_delay_s: list[float] = msgspec.field(default_factory=lambda: [1.0, 2.0])
    retry_delay_s: float = 30.0
    answer_s: float = 10.0
    per_second: int = 0
    split: str = "udh8"
    byte_by_byte: bool = False
    refuse_binds: int = 0
    bind_status: int = WRONG_PASSWORD
    one_bind: bool = True


@dataclass(slots=True, eq=False)
class Bound:
    """One connection of the gateway. `kind` 0: not bound yet."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    kind: int = 0
    sequence: int = 0
    waiting: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    """Sequence of what we delivered -> the status that it is answered with; -1 when the connection is lost."""

    @property
    def hears(self) -> bool:
        return self.kind in {pdu.BIND_RECEIVER, pdu.BIND_TRANSCEIVER} and not self.writer.is_closing()


class Smsc:
    """Player of the SMSC."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._names = settings.smpp
        self._connections: list[Bound] = []
        self._server: asyncio.Server | None = None
        self.reset()

    def reset(self) -> None:
        self.handsets = Handsets()
        self.screens = Screens()
        self._undelivered: deque[tuple[Sm, Sms | None, str]] = deque()
        self._taken_at: deque[float] = deque()
        self._serial = 0xA1B2C3D

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101 - asked for after the start
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def bound(self) -> list[Bound]:
        return [one for one in self._connections if one.kind]

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", ""

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=404)

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen sends an SMS (`split`, `ref`, `order`, `lose`) or types into a menu (`ussd`, null hangs up), or the SMSC
        does something: `octets` in hexadecimal are written as they are, `unbind` and `drop` end every session."""
        if not self._names.channel:
            raise ControlRefused("the gateway has no channel of the kind smpp")
        if not {"octets", "unbind", "drop"}.isdisjoint(item):
            return self._act(item)
        if "ussd" in item:
            return self._types(item)
        try:
            number, text = str(item["from"]), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        to = str(item.get("to", self._names.number))
        sms = self.handsets.write(number, to, text, self.plane.clock.now())
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "SMPP", "/deliver_sm", number, text))
        parts = cut(item, number.removeprefix("+"), to, text, self.options.split, self.handsets.next_reference())
        for part in parts:
            for _ in range(max(1, action.duplicate)):
                self._undelivered.append((part, sms, "event"))
        self.deliver()
        return {"ids": [], "parts": len(parts)}

    def _types(self, item: dict[str, Any]) -> dict[str, Any]:
        try:
            number, typed = str(item["from"]), item["ussd"]
            step = self.screens.hung_up(number) if typed is None else self.screens.typed(number, str(typed))
        except KeyError as missing:
            raise ControlRefused(f"nothing is shown on {missing.args[0]}") from missing
        self._undelivered.append((step, None, "event"))
        self.deliver()
        return {"ids": [], "parts": 1}

    def _act(self, item: dict[str, Any]) -> dict[str, Any]:
        for one in self.bound:
            if "octets" in item:
                one.writer.write(bytes.fromhex(str(item["octets"])))
            elif "unbind" in item:
                one.sequence += 1
                one.writer.write(pdu.frame(pdu.UNBIND, one.sequence))
            else:
                one.writer.close()
        return {"sessions": len(self.bound)}

    # -- to the gateway ---------------------------------------------------------------

    def deliver(self) -> None:
        """Whatever waits goes out, if somebody is there to hear it."""
        listening = next((one for one in self._connections if one.hears), None)
        while listening and self._undelivered:
            self.plane.spawn(self._delivered(listening, *self._undelivered.popleft()))

    async def _delivered(self, to: Bound, sm: Sm, shown: Sms | None, direction: str) -> None:
        to.sequence += 1
        sequence = to.sequence
        answer = to.waiting[sequence] = asyncio.get_running_loop().create_future()
        await self._write(to, pdu.frame(pdu.DELIVER, sequence, 0, sm.body()))
        try:
            async with asyncio.timeout(self.options.answer_s):
                status = await answer
        except TimeoutError:
            status = -1
        finally:
            to.waiting.pop(sequence, None)
        self.plane.journal.note(
            self.plane.clock.now(), direction, "SMPP", "deliver_sm", status, sm.octets, f"0x{max(status, 0):02X}", ""
        )
        if status == 0 and shown:
            shown.state = "sent"
        self.plane.wake()
        if status > 0:
            await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=self.options.retry_delay_s))
        if status != 0:
            self._undelivered.append((sm, shown, direction))
            self.deliver()

    async def _write(self, to: Bound, octets: bytes) -> None:
        with suppress(OSError):
            for piece in [octets[at : at + 1] for at in range(len(octets))] if self.options.byte_by_byte else [octets]:
                to.writer.write(piece)
                await to.writer.drain()

    # -- from the gateway -------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = Bound(reader, writer)
        self._connections.append(one)
        try:
            while True:
                start = await reader.readexactly(pdu.HEADER)
                length, command, status, sequence = struct.unpack(">4I", start)
                body = await reader.readexactly(length - pdu.HEADER)
                await self._take(one, command, status, sequence, body)
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass
        finally:
            self._connections.remove(one)
            for answer in one.waiting.values():
                if not answer.done():
                    answer.set_result(-1)
            writer.close()
            self.plane.wake()

    async def _take(self, one: Bound, command: int, status: int, sequence: int, body: bytes) -> None:
        if command in pdu.BINDS:
            await self._bind(one, command, sequence, body)
        elif command == pdu.SUBMIT:
            self.plane.spawn(self._submit(one, sequence, body))
        elif command in {pdu.ENQUIRE, pdu.UNBIND}:
            action = self.plane.faults.take(Moment("call", "SMPP", f"/{command}"))
            if action.body != "silent":
                await self._write(one, pdu.frame(command | pdu.RESP, sequence))
            if command == pdu.UNBIND:
                one.kind = 0
                one.writer.close()
        elif command == pdu.DELIVER | pdu.RESP and sequence in one.waiting and not one.waiting[sequence].done():
            one.waiting[sequence].set_result(status)

    async def _bind(self, one: Bound, command: int, sequence: int, body: bytes) -> None:
        (system_id, password), _ = pdu.strings(body, 2)
        names, status = self._names, 0
        if self.options.refuse_binds:
            self.options.refuse_binds -= 1
            status = self.options.bind_status
        elif names.system_id and (system_id, password) != (names.system_id, names.password):
            status = WRONG_PASSWORD
        elif self.options.one_bind and any(other.kind == command for other in self._connections):
            status = ALREADY_BOUND
        answer = b"" if status else pdu.cstring("SIMSMSC") + struct.pack(">2HB", 0x210, 1, 0x34)
        await self._write(one, pdu.frame(command | pdu.RESP, sequence, status, answer))
        self.plane.journal.note(self.plane.clock.now(), "call", "SMPP", "bind", status, b"", f"0x{status:02X}", "")
        if status == 0:
            one.kind = command
            self.deliver()
        self.plane.wake()

    async def _submit(self, one: Bound, sequence: int, body: bytes) -> None:
        sm = pdu.submitted(body)
        text, number = text_of(sm), f"+{sm.to}"
        action = self.plane.faults.take(Moment("call", "SMPP", "/submit_sm", number, text))
        if action.delay_ms:
            self.plane.in_flight += 1
            await asyncio.sleep(action.delay_ms / 1000)
            self.plane.in_flight -= 1
        status, name = self._refusal(one, action), ""
        if action.close_before_read:
            one.writer.close()
        elif status == 0:
            name = await self._accept(sm, number, text)
        self.plane.journal.note(
            self.plane.clock.now(), "call", "SMPP", "submit_sm", status, text.encode(), name, _name(action)
        )
        self.plane.wake()
        if not action.close_before_read:
            await self._answer(one, sequence, status, name, action)

    def _refusal(self, one: Bound, action: Action) -> int:
        if not one.kind:
            return WRONG_STATE
        if action.status is not None:
            return action.status
        if action.throttle is not None:
            return THROTTLED
        now = asyncio.get_running_loop().time()
        while self._taken_at and now - self._taken_at[0] >= 1:
            self._taken_at.popleft()
        if self.options.per_second and len(self._taken_at) >= self.options.per_second:
            return THROTTLED
        self._taken_at.append(now)
        return 0

    async def _accept(self, sm: Sm, number: str, text: str) -> str:
        now = self.plane.clock.now()
        self._serial += 1
        name = f"{self._serial:08X}"
        if sm.service == smsc_ussd.SERVICE:
            if screen := self.screens.take(sm):
                self.plane.journal.accept(
                    now, number, text, name, {"id": name, "ussd": screen.session, "open": screen.open}
                )
            return name
        action = self.plane.faults.take(Moment("receipt", "SMPP", "/deliver_sm", number, text))
        shown = self.handsets.show(number, sm.source, [text], now, header_of(sm))
        if shown:
            self.plane.journal.accept(
                now, number, shown.text, f"{number} {shown.text}", {"id": name, "parts": shown.parts}
            )
        if sm.registered & 1:
            reports = self._report(sm, name, shown, action)
            if action.early_receipt:
                await reports
            else:
                self.plane.spawn(reports)
        return name

    async def _answer(self, one: Bound, sequence: int, status: int, name: str, action: Action) -> None:
        if action.accept_then_close:
            one.writer.close()
        if action.accept_then_close or action.body == "silent":
            return
        if action.body == "wrong_sequence":
            sequence += 1000
        octets = pdu.frame(pdu.SUBMIT | pdu.RESP, sequence, status, pdu.cstring(name) if status == 0 else b"")
        if action.body == "bad_length":
            octets = struct.pack(">I", 7) + octets[4:]
        if action.body in {"unknown_command", "two_in_one"}:
            one.sequence += 1
            octets += pdu.frame(0x0112 if action.body == "unknown_command" else pdu.ENQUIRE, one.sequence)
        await self._write(one, octets)
        if action.body == "answer_then_drop":
            one.writer.close()

    async def _report(self, sm: Sm, name: str, shown: Sms | None, action: Action) -> None:
        accepted_at = self.plane.clock.now()
        codes = action.receipts if action.receipts is not None else [SUBMITTED, DELIVERED]
        for place, code in enumerate(codes if not action.drop_receipt else ()):
            delay_s = (
                0.0 if action.early_receipt else self.options.dlr_delay_s[min(place, len(self.options.dlr_delay_s) - 1)]
            )
            await self.plane.clock.wait_until(accepted_at + timedelta(seconds=delay_s + (action.late_receipt or 0.0)))
            self._undelivered.append((self._receipt(sm, name, code, action.receipt_text or ""), None, "receipt"))
            self.deliver()
        if shown and DELIVERED in codes:
            shown.state = "delivered"

    def _receipt(self, sm: Sm, name: str, code: int, form: str) -> Sm:
        """`form`: parameters and text, or `text`, `parameters`, `decimal` (text alone, the number in the other base)."""
        number, word = STATES.get(code, (7, "UNKNOWN"))
        stamp = f"{self.plane.clock.now():%y%m%d%H%M}"
        told = str(int(name, 16)) if form == "decimal" else name
        text = f"id:{told} sub:001 dlvrd:001 submit date:{stamp} done date:{stamp} stat:{word} err:000 text:"
        tlvs = {} if form in {"text", "decimal"} else {pdu.RECEIPTED_ID: pdu.cstring(name), pdu.STATE: bytes((number,))}
        # Of the message that it is about, as the standard has it.
        tlvs |= {tag: value for tag, value in sm.tlvs.items() if tag == pdu.OUR_REFERENCE}
        return Sm(sm.to, sm.source, b"" if form == "parameters" else text.encode(), esm=IS_RECEIPT, tlvs=tlvs)

    # -- the port ---------------------------------------------------------------------

    async def start(self) -> None:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self._names.port)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            for one in tuple(self._connections):
                one.writer.close()
            await self._server.wait_closed()


def _name(action: Action) -> str:
    return "" if action is NOTHING else msgspec.json.encode(action).decode()


PLAYER = web.AppKey("smsc", Smsc)


def build(settings: SimulatorSettings) -> web.Application:
    """The SMSC with its control plane, to be mounted at the root or under a prefix; SMPP has a port of its own."""
    plane = Plane(settings, PRESETS)
    player = Smsc(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    app.cleanup_ctx.append(_running)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    if app[PLAYER].settings.smpp.channel:
        await app[PLAYER].start()
    yield
    await app[PLAYER].stop()
