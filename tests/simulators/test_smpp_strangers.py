"""SMPP with somebody else's implementation at the other end: smpp34, a server and a client over its own codec in Rust."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import smpp34

from channels.errors import SendError, SendRefused
from channels.messages import Address, DeliveryStatus, OutboundMessage, RawRequest, SendReceipt
from channels.sms.smpp import pdu, writing
from channels.sms.smpp.adapter import Smpp
from channels.sms.smpp.pdu import Command, Pdu
from channels.sms.smpp.settings import SmppSettings
from config.settings import Secret
from tests.channels.in_memory import KeptBookmark
from tests.channels.scripted_http import ScriptedHttp
from tests.servers import free_port
from tests.simulators.stage import staged, standing_clock
from workers.simulators import smsc
from workers.simulators.settings import SimulatorSettings, SmppNames

SITI, LIMIT_S = "+6281200000001", 30
LONG = "Lampu jalan di depan pasar mati sejak kemarin. 5€ " * 8
TLVS = {"sar": smpp34.TLV_SAR_TOTAL_SEGMENTS, "payload": smpp34.TLV_MESSAGE_PAYLOAD}


@dataclass
class Operator:
    """smpp34's server, which takes everything but numbers that end in 9 and reports it as delivered."""

    server: smpp34.Server
    port: int
    taken: list[smpp34.SubmitSmEvent] = field(default_factory=list)
    bound: list[smpp34.Esme] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            match await self.server.next():
                case smpp34.Esme() as esme:
                    self.bound.append(esme)
                case smpp34.SubmitSmEvent() as submitted if submitted.destination_addr.endswith("9"):
                    submitted.reject(smpp34.ESME_RINVDSTADR)
                case smpp34.SubmitSmEvent() as submitted:
                    self.taken.append(submitted)
                    submitted.accept(f"{0xA1B2C3D + len(self.taken):08X}")
                    await self.report(submitted)
                case _:
                    self.bound.clear()

    async def report(self, submitted: smpp34.SubmitSmEvent) -> None:
        number = 0xA1B2C3D + len(self.taken)
        text = f"id:{number} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode()
        await self.deliver(text, source_addr=submitted.destination_addr, esm_class=4)

    async def deliver(self, octets: bytes, **fields: Any) -> None:
        answer = await self.bound[-1].deliver_sm(
            "1708", octets, **{"source_addr_ton": 1, "source_addr_npi": 1, **fields}
        )
        self.answers.append(answer.command_status)


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    port = free_port()
    one = Operator(smpp34.Server("127.0.0.1", port, system_id="ORANG-LAIN"), port)
    await one.server.start()
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    await asyncio.wait([task])
    await one.server.stop()


@dataclass
class Ours:
    adapter: Smpp
    events: list[Any] = field(default_factory=list)

    async def submit(self, received: Sequence[tuple[Any, RawRequest]]) -> None:
        self.events += [event for event, _ in received]

    async def send(self, text: str, to: str = SITI) -> SendReceipt | SendError:
        try:
            return await self.adapter.send(OutboundMessage("ob_1", Address("tel", to), text), ScriptedHttp([]))
        except SendError as problem:
            return problem

    async def heard(self, number: int) -> list[Any]:
        while len(self.events) < number:  # noqa: ASYNC110 - both ends are plain values on purpose
            await asyncio.sleep(0.002)
        return self.events


@asynccontextmanager
async def listening(operator: Operator, **changes: Any) -> AsyncIterator[Ours]:
    settings = SmppSettings(
        "1708", "127.0.0.1", "satupintu", Secret("uji-smpp"), operator.port, parts_per_second=1000, **changes
    )
    ours = Ours(Smpp(settings))
    task = asyncio.create_task(ours.adapter.listen(ours.submit, ScriptedHttp([]), KeptBookmark()))
    try:
        async with asyncio.timeout(LIMIT_S):
            while not (ours.adapter.is_connected and operator.bound):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            yield ours
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize("mode", ["udh8", "udh16", "sar", "payload"])
async def test_f50_what_we_send_is_understood_taken_and_reported(operator: Operator, mode: str) -> None:
    async with listening(operator, long_mode=mode) as ours:
        receipt = await ours.send(LONG)
        events = await ours.heard(len(operator.taken))
        assert isinstance(await ours.send("Halo", "+6281200000009"), SendRefused)
    assert isinstance(receipt, SendReceipt)
    parts = 1 if mode == "payload" else 3
    assert len(operator.taken) == parts
    assert {
        (one.source_addr, one.source_addr_ton, one.destination_addr, one.registered_delivery) for one in operator.taken
    } == {("1708", 3, "6281200000001", 1)}
    assert {one.esm_class for one in operator.taken} == {0x40 if mode.startswith("udh") else 0}
    assert [TLVS[mode] in {tlv.tag for tlv in one.tlvs} for one in operator.taken if mode in TLVS] == [True] * parts * (
        mode in TLVS
    )
    names = receipt.parts or (receipt.provider_id,)
    assert {event.message_id for event in events} == set(names)
    assert {event.status for event in events} == {DeliveryStatus.DELIVERED}
    assert operator.answers == [0] * parts


async def test_what_it_delivers_is_understood_and_answered(operator: Operator) -> None:
    async with listening(operator) as ours:
        await operator.deliver(b"Jalan rusak \x00 RT 04 \x1b<parah\x1b>", source_addr="6281200000001")
        await operator.deliver("Air keruh 🙏".encode("utf-16-be"), source_addr="6281200000001", data_coding=8)
        await operator.deliver(b"\x05\x00\x03\x2a\x02\x02kedua", source_addr="6281200000001", esm_class=0x40)
        tlvs = [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, b"panjang " * 40)]
        await operator.deliver(b"", source_addr="6281200000001", tlvs=tlvs)
        events = await ours.heard(4)
        await operator.bound[-1].unbind()
        while ours.adapter.is_connected:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    assert [event.text for event in events] == ["Jalan rusak @ RT 04 [parah]", "Air keruh 🙏", "kedua", "panjang " * 40]
    assert events[2].part.sequence == 2
    assert {event.sender.path for event in events} == {SITI}
    assert operator.answers == [0] * 4


async def test_its_client_understands_the_simulated_smsc() -> None:
    names = SmppNames("sms", "1708", 0, "satupintu", "uji-smpp")
    async with staged(
        smsc.build, lambda url: SimulatorSettings(gateway_url=url, smpp=names, clock=standing_clock())
    ) as stage:
        port = stage.app[smsc.PLAYER].port
        client = smpp34.Client("127.0.0.1", port, "satupintu", "uji-smpp")
        session = await client.connect()
        answer = await session.submit_sm("6281200000001", b"Halo", source_addr="1708", registered_delivery=1)
        assert (answer.is_success, answer.message_id) == (True, "0A1B2C3E")
        await stage.pass_time(seconds=3)
        await stage.inject(**{"from": SITI}, text="Lampu jalan mati", split="payload")
        heard = [await session.next() for _ in range(3)]
        await session.unbind()
        await client.stop()
    messages = [one for one in heard if isinstance(one, smpp34.DeliverSmEvent)]
    assert sorted(one.esm_class for one in messages) == [0, 4, 4]
    told = [(tlv.tag, tlv.value) for one in messages if one.esm_class == 0 for tlv in one.tlvs]
    assert told == [(smpp34.TLV_MESSAGE_PAYLOAD, b"Lampu jalan mati")]


def test_its_codec_reads_what_ours_writes() -> None:
    settings = SmppSettings("1708", "h", "s", Secret("p"), long_mode="sar")
    bodies = writing.bodies(OutboundMessage("ob_1", Address("tel", SITI), LONG), settings, 7)
    for sequence, body in enumerate(bodies, start=1):
        octets = pdu.write(Pdu(Command.SUBMIT_SM, sequence, 0, body))
        theirs = smpp34.decode(octets)
        assert isinstance(theirs, smpp34.SubmitSm)
        assert theirs.encode() == octets
        assert theirs.short_message == pdu.read_message(body).octets
