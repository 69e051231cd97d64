"""SMPP 3.4 on the wire: bytes <-> values. Pure; whatever bytes come, reading them ends in values or in PduInvalid.

Source: SMPP 3.4 § 2-5, docs/channels/smpp.md § Wire. Vectors: tests/channels/payloads/smpp/pdus.json.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

HEADER = struct.Struct(">IIII")
PARAMETER = struct.Struct(">HH")
HEADER_OCTETS = HEADER.size
LARGEST = 65_536
"""Octets of a PDU; what claims to be longer is no PDU."""
LONGEST_SHORT_MESSAGE = 254
LAST_SEQUENCE = 0x7FFF_FFFF
ANSWER = 0x8000_0000
"""Set in the command of every answer."""
VERSION = 0x34


class PduInvalid(ValueError):
    """Bytes that are no PDU, or not the one they claim to be."""


class Command(IntEnum):
    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x1
    BIND_TRANSMITTER = 0x2
    SUBMIT_SM = 0x4
    DELIVER_SM = 0x5
    UNBIND = 0x6
    BIND_TRANSCEIVER = 0x9
    ENQUIRE_LINK = 0x15


class Status(IntEnum):
    """Those that somebody here asks for by name; what the others mean is a table of outcomes.py."""

    OK = 0x00
    INVALID_LENGTH = 0x02
    UNKNOWN_COMMAND = 0x03
    WRONG_STATE = 0x04
    ALREADY_BOUND = 0x05
    BIND_FAILED = 0x0D
    WRONG_PASSWORD = 0x0E
    WRONG_SYSTEM_ID = 0x0F
    QUEUE_FULL = 0x14
    THROTTLED = 0x58
    TEMPORARY = 0x64


class Tag(IntEnum):
    """Optional parameters (TLV)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_SEQUENCE = 0x020F
    VERSION = 0x0210
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    ITS_SESSION_INFO = 0x1383


@dataclass(frozen=True, slots=True)
class Pdu:
    """`command` as on the wire: also one that nobody knows. The body does not print: it holds what people wrote."""

    command: int
    sequence: int
    status: int = Status.OK
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Party:
    """A number with its type and plan."""

    number: str = field(default="", repr=False)
    ton: int = 0
    npi: int = 0


Parameters = tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """The body of submit_sm and deliver_sm. Texts are Latin-1, so that every octet comes through."""

    source: Party = Party()
    destination: Party = Party()
    octets: bytes = field(default=b"", repr=False)
    coding: int = 0
    esm_class: int = 0
    service_type: str = ""
    protocol: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered: int = 0
    replace: int = 0
    default_message: int = 0
    parameters: Parameters = field(default=(), repr=False)

    def parameter(self, tag: int) -> bytes | None:
        """The value of the first optional parameter with this tag."""
        return next((value for found, value in self.parameters if found == tag), None)

    def number(self, tag: int) -> int | None:
        """The same as a whole number."""
        value = self.parameter(tag)
        return int.from_bytes(value, "big") if value else None


@dataclass(frozen=True, slots=True)
class Bind:
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    version: int = VERSION


def write(pdu: Pdu) -> bytes:
    return HEADER.pack(HEADER_OCTETS + len(pdu.body), pdu.command, pdu.status, pdu.sequence) + pdu.body


def length_of(octets: bytes) -> int:
    """Length of the PDU that begins with these four octets. PduInvalid when no PDU has it."""
    length = int.from_bytes(octets[:4], "big")
    if not HEADER_OCTETS <= length <= LARGEST:
        raise PduInvalid(f"{length} octets")
    return length


def read(octets: bytes) -> Pdu:
    """One whole PDU."""
    if len(octets) < HEADER_OCTETS or length_of(octets) != len(octets):
        raise PduInvalid(f"{len(octets)} octets")
    _, command, status, sequence = HEADER.unpack_from(octets)
    return Pdu(command, sequence, status, octets[HEADER_OCTETS:])


def write_message(message: ShortMessage) -> bytes:
    """ValueError for more octets than a short message holds."""
    if len(message.octets) > LONGEST_SHORT_MESSAGE:
        raise ValueError(f"{len(message.octets)} octets in a short message")
    return b"".join(
        (
            _text(message.service_type),
            _party(message.source),
            _party(message.destination),
            bytes((message.esm_class, message.protocol, message.priority)),
            _text(message.schedule),
            _text(message.validity),
            bytes((message.registered, message.replace, message.coding, message.default_message, len(message.octets))),
            message.octets,
            write_parameters(message.parameters),
        )
    )


def read_message(body: bytes) -> ShortMessage:
    """The body of submit_sm or deliver_sm."""
    rest = _Rest(body)
    service_type = rest.text()
    source, destination = rest.party(), rest.party()
    esm_class, protocol, priority = rest.octets(3)
    schedule, validity = rest.text(), rest.text()
    registered, replace, coding, default_message, length = rest.octets(5)
    octets = rest.octets(length)
    return ShortMessage(
        source, destination, octets, coding, esm_class, service_type, protocol, priority, schedule, validity, registered, replace,
        default_message, tuple(rest.parameters()),
    )  # fmt: skip


def write_bind(bind: Bind) -> bytes:
    """The body of every bind; no address range: the operator's side knows our numbers."""
    named = _text(bind.system_id) + _text(bind.password) + _text(bind.system_type)
    return named + bytes((bind.version, 0, 0)) + _text("")


def read_bind(body: bytes) -> Bind:
    rest = _Rest(body)
    system_id, password, system_type = rest.text(), rest.text(), rest.text()
    return Bind(system_id, password, system_type, rest.octets(1)[0])


def write_text(text: str) -> bytes:
    """A body of one text: system_id in answers to binds, message_id in answers to messages."""
    return _text(text)


def read_text(body: bytes) -> str:
    """Empty where a refusal has no body, as some operators send it."""
    return _Rest(body).text() if body else ""


def write_parameters(parameters: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(PARAMETER.pack(tag, len(value)) + value for tag, value in parameters)


def _text(text: str) -> bytes:
    return text.encode("latin-1") + b"\0"


def _party(party: Party) -> bytes:
    return bytes((party.ton, party.npi)) + _text(party.number)


class _Rest:
    """What has not been read yet."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def octets(self, number: int) -> bytes:
        found = self._octets[self._at : self._at + number]
        if len(found) != number:
            raise PduInvalid("the body ends within a field")
        self._at += number
        return found

    def text(self) -> str:
        end = self._octets.find(b"\0", self._at)
        if end < 0:
            raise PduInvalid("the body ends within a text")
        text = self._octets[self._at : end].decode("latin-1")
        self._at = end + 1
        return text

    def party(self) -> Party:
        ton, npi = self.octets(2)
        return Party(self.text(), ton, npi)

    def parameters(self) -> Iterator[tuple[int, bytes]]:
        while self._at < len(self._octets):
            tag, length = PARAMETER.unpack(self.octets(PARAMETER.size))
            yield tag, self.octets(length)
