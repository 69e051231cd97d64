"""From a deliver_sm to what it says, and the same again from a spool or quarantine: equal bytes always mean the same.

One deliver_sm is one `RawRequest`: method SMPP, path `/deliver`, the whole PDU as its body. SMPP gives messages no name:
ours for this arrival stands in the query.
"""

import hashlib

from channels import gsm
from channels.errors import PayloadInvalid
from channels.messages import Address, Inbound, InboundMessage, MessageKind, RawRequest, TextPart, clean_text
from channels.phone import phone_address
from channels.sms.smpp import pdu, receipts
from channels.sms.smpp.pdu import Command, Party, PduInvalid, ShortMessage, Tag
from channels.sms.smpp.settings import SmppSettings

METHOD, PATH = "SMPP", "/deliver"
KIND = 0x3C
"""Bits of esm_class that say what kind of message it is."""
WRITTEN, RECEIPT, INTERMEDIATE = 0x00, 0x04, 0x20
HAS_HEADER = 0x40
INTERNATIONAL, NAME = 1, 5
"""Types of numbers."""
UCS2 = 8
USSD = "USSD"
LONGEST_NUMBER = 64


def as_request(octets: bytes, key: str) -> RawRequest:
    """A PDU as it is kept. `key` names this arrival: its repeat by the operator has the same."""
    return RawRequest(METHOD, PATH, raw_query=key.encode("ascii"), body=octets)


def fingerprint(message: ShortMessage) -> str:
    """The same for a message and its repeat by the operator."""
    parameters = tuple(message.parameter(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_SEQUENCE))
    told = (
        message.source.number, message.destination.number, message.coding, message.esm_class, message.octets,
        message.parameter(Tag.MESSAGE_PAYLOAD), parameters,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:40]


def message_of(octets: bytes) -> ShortMessage:
    """PayloadInvalid for what is no whole deliver_sm."""
    try:
        one = pdu.read(octets)
        if one.command != Command.DELIVER_SM:
            raise PayloadInvalid("smpp: no deliver_sm")
        return pdu.read_message(one.body)
    except PduInvalid as problem:
        raise PayloadInvalid(f"smpp: {problem}") from problem


def is_receipt(message: ShortMessage) -> bool:
    """By its class or its parameter, never by its text: a citizen may write `id:1 stat:DELIVRD` (F51)."""
    is_named = message.parameter(Tag.RECEIPTED_MESSAGE_ID) is not None
    return message.esm_class & KIND in {RECEIPT, INTERMEDIATE} or is_named


def is_ussd(message: ShortMessage) -> bool:
    """A step of a USSD session, which this channel does not lead: kept, and no complaint `*123*17#`."""
    return message.service_type == USSD or message.parameter(Tag.USSD_SERVICE_OP) is not None


def read(request: RawRequest, settings: SmppSettings) -> Inbound:
    """What one deliver_sm says. PayloadInvalid when that cannot be told."""
    message = message_of(request.body)
    octets = message.octets or message.parameter(Tag.MESSAGE_PAYLOAD) or b""
    if is_receipt(message):
        text = gsm.decode(octets, message.coding, settings.smsc_default_alphabet, "latin-1")
        return receipts.report(message, text, settings.receipt_id, is_final=message.esm_class & KIND != INTERMEDIATE)
    header = gsm.read_header(octets) if message.esm_class & HAS_HEADER else gsm.Header()
    part = header.part or _sar(message)
    text = _text(octets[header.length :], message.coding, settings)
    sender, reachable = _sender(message.source)
    return InboundMessage(
        external_id=f"mo:{request.raw_query.decode('ascii', 'replace')[:100] or fingerprint(message)}",
        sender=sender,
        # Half of an emoji may end a part: it is cleaned when the parts are joined.
        text=text if part else clean_text(text),
        kind=MessageKind.MESSAGE
        if message.esm_class & KIND == WRITTEN and not is_ussd(message)
        else MessageKind.SERVICE,
        destination=message.destination.number[:LONGEST_NUMBER] or settings.number,
        part=part,
        reply_possible=reachable,
        flags=frozenset({"bad_udh"} if header.bad else ()),
    )


def _sar(message: ShortMessage) -> TextPart | None:
    reference, total, sequence = (message.number(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_SEQUENCE))
    if reference is None or total is None or sequence is None:
        return None
    return gsm.part_of(reference & 0xFFFF, total & 0xFF, sequence & 0xFF, reference_bits=16)


def _text(octets: bytes, coding: int, settings: SmppSettings) -> str:
    if coding != UCS2:
        return gsm.decode(octets, coding, settings.smsc_default_alphabet, settings.dcs8_charset)
    try:
        return octets.decode("utf-16-be", "surrogatepass")
    except UnicodeDecodeError as problem:
        raise PayloadInvalid("smpp: text is no UTF-16BE") from problem


def _sender(source: Party) -> tuple[Address, bool]:
    number = source.number[:LONGEST_NUMBER]
    if source.ton == INTERNATIONAL and number.isdecimal():
        number = f"+{number}"
    address, reachable = phone_address(number)
    return address, reachable and source.ton != NAME
