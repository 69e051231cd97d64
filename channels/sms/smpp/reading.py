"""From a deliver_sm to what it says, and the same again from a spool or quarantine: equal bytes always mean the same.

One deliver_sm is one `RawRequest`: method SMPP, path `/deliver`, the whole PDU as its body. SMPP gives messages and sessions
no name: ours for this arrival, and for its session of USSD, stand in the query.
"""

import hashlib
from dataclasses import replace

from channels import gsm
from channels.errors import PayloadInvalid
from channels.messages import Address, Inbound, InboundMessage, MessageKind, RawRequest, TextPart, clean_text
from channels.phone import phone_address
from channels.sms.smpp import pdu, receipts, ussd
from channels.sms.smpp.pdu import Command, Party, PduInvalid, ShortMessage, Tag
from channels.sms.smpp.settings import SmppSettings

METHOD, PATH, LATE = "SMPP", "/deliver", "/late"
KIND = 0x3C
"""Bits of esm_class that say what kind of message it is."""
WRITTEN, RECEIPT, INTERMEDIATE = 0x00, 0x04, 0x20
HAS_HEADER = 0x40
INTERNATIONAL, NAME = 1, 5
"""Types of numbers."""
UCS2 = 8
LONGEST_NUMBER = 64


def as_request(octets: bytes, key: str, session: str = "") -> RawRequest:
    """A PDU as it is kept. `key` names this arrival: its repeat by the operator has the same. `session`: of USSD."""
    named = f"{key}{ussd.NAME_SEPARATOR}{session}" if session else key
    return RawRequest(METHOD, PATH, raw_query=named.encode("ascii"), body=octets)


def as_answer(message_id: str, octets: bytes) -> RawRequest:
    """The answer to a submit_sm that came when nobody waited for it any more."""
    return RawRequest(METHOD, LATE, raw_query=message_id.encode("ascii"), body=octets)


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


def read(request: RawRequest, settings: SmppSettings) -> Inbound:
    """What one deliver_sm says. PayloadInvalid when that cannot be told."""
    if request.path == LATE:
        return receipts.late(request.raw_query.decode("ascii", "replace"), request.body, settings)
    message = message_of(request.body)
    octets = message.octets or message.parameter(Tag.MESSAGE_PAYLOAD) or b""
    if is_receipt(message):
        text = gsm.decode(octets, message.coding, settings.smsc_default_alphabet, "latin-1")
        told = receipts.report(message, text, settings.receipt_id, is_final=message.esm_class & KIND != INTERMEDIATE)
        reference = message.number(Tag.USER_MESSAGE_REFERENCE)
        return told if reference is None else replace(told, recipient=_sender(message.source)[0], reference=reference)
    header = gsm.read_header(octets) if message.esm_class & HAS_HEADER else gsm.Header()
    part = header.part or _sar(message)
    text = _text(octets[header.length :], message.coding, settings)
    sender, reachable = _sender(message.source)
    key, _, session = request.raw_query.decode("ascii", "replace").partition(ussd.NAME_SEPARATOR)
    is_led = bool(session) and ussd.is_step(message)
    return InboundMessage(
        external_id=f"mo:{key[:100] or fingerprint(message)}",
        sender=sender,
        # Half of an emoji may end a part: it is cleaned when the parts are joined.
        text=text if part else clean_text(text),
        kind=_kind(message, is_led=is_led),
        destination=message.destination.number[:LONGEST_NUMBER] or settings.number,
        part=part,
        session=ussd.event(message, session[:100], clean_text(text), settings) if is_led else None,
        reply_possible=reachable,
        flags=frozenset({"bad_udh"} if header.bad else ()),
    )


def _kind(message: ShortMessage, *, is_led: bool) -> MessageKind:
    """A step of USSD that nobody answers is kept, and is no complaint `*123*17#`."""
    if is_led:
        return MessageKind.USSD_STEP
    is_written = message.esm_class & KIND == WRITTEN and not ussd.is_step(message)
    return MessageKind.MESSAGE if is_written else MessageKind.SERVICE


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
