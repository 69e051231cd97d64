"""From rows of smsd's tables to what they say, and back again: the same row always has the same meaning.

One row is one `RawRequest`: method SQL, path `/inbox` or `/sentitems`, its columns as JSON, so that what waits on the spool or
in quarantine can be read again.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from channels import gsm
from channels.errors import PayloadInvalid
from channels.messages import (
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    MessageKind,
    RawRequest,
    clean_text,
)
from channels.phone import phone_address
from channels.sms.gammu.database import REFUSED, Ended
from channels.sms.gammu.settings import GammuSettings

METHOD = "SQL"
RECEIVED, ENDED = "/inbox", "/sentitems"
USSD_CLASS = 127
"""An answer of the network to `*888#`, no message of anybody."""
EIGHT_BIT = "8bit"
DELIVERED = frozenset({"DeliveryOK"})
AGAIN_S = 600.0
"""Until what the modem refused is handed over once more; after three attempts a person is asked."""
EXPIRED = range(0x60, 0x80)
"""TP-Status of what was tried until it ran out (3GPP 23.040, 9.2.3.15)."""


class Row(msgspec.Struct, frozen=True):
    """A received SMS, or one part of a long one."""

    ID: int
    ReceivingDateTime: str
    SenderNumber: str
    TextDecoded: str = ""
    Text: str = ""
    Coding: str = ""
    UDH: str = ""
    Class: int = -1


class Told(msgspec.Struct, frozen=True):
    """What smsd says of a message of ours."""

    message_id: str
    statuses: list[str]
    error: int = -1


def as_request(row: Mapping[str, Any]) -> RawRequest:
    return RawRequest(METHOD, RECEIVED, body=msgspec.json.encode(row))


def as_report(ended: Ended) -> RawRequest:
    told = Told(ended.message_id, list(ended.statuses), ended.error)
    return RawRequest(METHOD, ENDED, body=msgspec.json.encode(told))


def read(request: RawRequest, settings: GammuSettings) -> Inbound:
    """PayloadInvalid for what cannot be told."""
    try:
        if request.path == ENDED:
            return _report(msgspec.json.decode(request.body, type=Told))
        return _message(msgspec.json.decode(request.body, type=Row), settings)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise PayloadInvalid("gammu: no row of smsd's tables") from problem


def _report(told: Told) -> DeliveryReport:
    statuses = set(told.statuses)
    if statuses & REFUSED:
        return DeliveryReport(told.message_id, DeliveryStatus.FAILED, "modem", again_s=AGAIN_S)
    if "DeliveryFailed" in statuses:
        reason = "expired" if told.error in EXPIRED else "network"
        return DeliveryReport(told.message_id, DeliveryStatus.FAILED, reason)
    arrived = statuses == DELIVERED
    return DeliveryReport(told.message_id, DeliveryStatus.DELIVERED if arrived else DeliveryStatus.SENT)


def _message(row: Row, settings: GammuSettings) -> InboundMessage:
    part = gsm.read_header(_octets(row.UDH)).part if row.UDH else None
    sender, reachable = phone_address(row.SenderNumber)
    text = _text(row, settings)
    return InboundMessage(
        external_id=f"g:{_identity(row)}",
        sender=sender,
        text=text if part else clean_text(text),
        sent_at=_moment(row.ReceivingDateTime, settings.time_zone),
        kind=MessageKind.SERVICE if row.Class == USSD_CLASS else MessageKind.MESSAGE,
        destination=settings.number,
        part=part,
        reply_possible=reachable,
    )


def _identity(row: Row) -> str:
    """Sender, SMSC time and text, not the ID: an emptied table begins anew, and a modem that is read again gives new ones
    to old SMS (F98)."""
    told = f"{row.SenderNumber}\0{row.ReceivingDateTime}\0{row.UDH}\0{row.Text or row.TextDecoded}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _text(row: Row, settings: GammuSettings) -> str:
    if row.Coding.lower() == EIGHT_BIT:
        if not settings.dcs8_charset:
            raise PayloadInvalid("gammu: 8-bit message, and dcs8_charset is not set")
        return _octets(row.Text).decode(settings.dcs8_charset, "replace")
    # The hexadecimal column has every letter; the other one loses emoji where the table is in a short UTF-8.
    octets = _octets(row.Text) if row.Text else b""
    if octets and len(octets) % 2 == 0:
        return octets.decode("utf-16-be", "surrogatepass").rstrip("\0")
    return row.TextDecoded


def _octets(hexadecimal: str) -> bytes:
    try:
        return bytes.fromhex(hexadecimal)
    except ValueError as problem:
        raise PayloadInvalid("gammu: no hexadecimal column") from problem


def _moment(told: str, zone: str) -> datetime | None:
    """smsd writes the time of its own machine, without a zone."""
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or ZoneInfo(zone)).astimezone(UTC)
