"""Texts of the simulated SMSC: citizens' SMS cut into parts in every way there is, and ours read from theirs."""

import struct
from dataclasses import replace
from typing import Any

from workers.simulators import smsc_pdu as pdu
from workers.simulators.handset import EXTENDED, coding_of, header, parts_of
from workers.simulators.smsc_pdu import Sm

CODES = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = dict(zip("\f^{}\\[~]|€", (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), strict=True))
UNESCAPED = {code: character for character, code in EXTENSION.items()}
ESCAPE, UCS2, HAS_UDH = 0x1B, 8, 0x40


def cut(item: dict[str, Any], number: str, to: str, text: str, usual: str, reference: int) -> list[Sm]:
    """A citizen's SMS in its parts; `item` may name `split`, `ref`, `order` and `lose`."""
    split, coding = str(item.get("split", usual)), coding_of(text)
    wire = UCS2 if coding else 0
    if split == "payload":
        return [Sm(number, to, b"", wire, tlvs={pdu.PAYLOAD: octets_of(text, wire)})]
    texts = parts_of(text, coding, wide_reference=split != "udh8")
    if len(texts) == 1:
        return [Sm(number, to, octets_of(text, wire), wire)]
    reference, total = int(item.get("ref", reference)), len(texts)
    lost, found = set(item.get("lose", ())), []
    for sequence in item.get("order", range(1, total + 1)):
        if sequence in lost:
            continue
        part = Sm(number, to, octets_of(texts[sequence - 1], wire), wire)
        if split == "sar":
            numbered = {
                pdu.SAR_REF: struct.pack(">H", reference),
                pdu.SAR_TOTAL: bytes((total,)),
                pdu.SAR_SEQ: bytes((sequence,)),
            }
            found.append(replace(part, tlvs=numbered))
        else:
            udh = header(reference, total, sequence, 16 if split == "udh16" else 8)
            found.append(replace(part, esm=HAS_UDH, octets=udh + part.octets))
    return found


def octets_of(text: str, coding: int) -> bytes:
    if coding == UCS2:
        return text.encode("utf-16-be")
    return b"".join(bytes((ESCAPE, EXTENSION[one])) if one in EXTENDED else bytes((CODES.index(one),)) for one in text)


def header_of(sm: Sm) -> bytes:
    """The header of a part, wherever it was numbered."""
    if pdu.SAR_REF in sm.tlvs:
        reference = int.from_bytes(sm.tlvs[pdu.SAR_REF], "big")
        return header(reference, sm.tlvs[pdu.SAR_TOTAL][0], sm.tlvs[pdu.SAR_SEQ][0], 16)
    return sm.octets[: sm.octets[0] + 1] if sm.esm & HAS_UDH else b""


def text_of(sm: Sm) -> str:
    octets = sm.tlvs.get(pdu.PAYLOAD, sm.octets)
    if sm.esm & HAS_UDH:
        octets = octets[octets[0] + 1 :]
    if sm.coding == UCS2:
        return octets.decode("utf-16-be", "replace")
    codes, shown = iter(octets), ""
    for code in codes:
        shown += (
            UNESCAPED.get(next(codes, ESCAPE), "?") if code == ESCAPE else CODES[code] if code < len(CODES) else "?"
        )
    return shown
