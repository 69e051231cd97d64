"""PDUs of SMPP 3.4 as the simulated SMSC reads and writes them.

Written from the standard, on purpose without the gateway's own code: what both got wrong would stay unseen.
"""

import struct
from dataclasses import dataclass, field

BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT, DELIVER, UNBIND, BIND_TRANSCEIVER, ENQUIRE = 1, 2, 4, 5, 6, 9, 0x15
BINDS = (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER)
RESP, NACK = 0x80000000, 0x80000000
RECEIPTED_ID, SAR_REF, SAR_TOTAL, SAR_SEQ, PAYLOAD, STATE = 0x1E, 0x20C, 0x20E, 0x20F, 0x424, 0x427
USSD_OP, SESSION_INFO, OUR_REFERENCE = 0x501, 0x1383, 0x204
HEADER = 16


def frame(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    return struct.pack(">4I", HEADER + len(body), command, status, sequence) + body


def cstring(text: str) -> bytes:
    return text.encode("latin-1") + b"\0"


@dataclass(frozen=True, slots=True)
class Sm:
    """What a submit_sm or deliver_sm carries, as far as anybody here looks."""

    source: str
    to: str
    octets: bytes
    coding: int = 0
    esm: int = 0
    registered: int = 0
    tlvs: dict[int, bytes] = field(default_factory=dict)
    service: str = ""

    def body(self) -> bytes:
        """As a deliver_sm carries it."""
        named = self.source[:1].isalpha()
        source = bytes((5, 0) if named else (1, 1)) + cstring(self.source)
        fixed = bytes((self.esm, 0, 0)) + b"\0\0" + bytes((0, 0, self.coding, 0, len(self.octets)))
        tail = b"".join(struct.pack(">2H", tag, len(value)) + value for tag, value in self.tlvs.items())
        return cstring(self.service) + source + b"\0\1" + cstring(self.to) + fixed + self.octets + tail


def strings(body: bytes, count: int) -> tuple[list[str], bytes]:
    """The first texts of a body, and what follows them."""
    *texts, rest = body.split(b"\0", count)
    return [text.decode("latin-1") for text in texts], rest


def submitted(body: bytes) -> Sm:
    """ValueError, IndexError or struct.error for what is none."""
    (service,), rest = strings(body, 1)
    (source,), rest = strings(rest[2:], 1)
    (to,), rest = strings(rest[2:], 1)
    esm = rest[0]
    _, rest = strings(rest[3:], 2)
    registered, coding, length = rest[0], rest[2], rest[4]
    octets, rest = rest[5 : 5 + length], rest[5 + length :]
    if len(octets) != length:
        raise ValueError("short_message is cut off")
    tlvs = {}
    while rest:
        tag, size = struct.unpack_from(">2H", rest)
        tlvs[tag], rest = rest[4 : 4 + size], rest[4 + size :]
    return Sm(source, to, octets, coding, esm, registered, tlvs, service)
