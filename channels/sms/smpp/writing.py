"""From a message of ours to the bodies of its submit_sm: encoding, parts, numbers."""

from channels import gsm
from channels.gsm import Encoding
from channels.messages import OutboundMessage, TextPart, short_reference
from channels.phone import NumberKind, normalise
from channels.sms.smpp import pdu
from channels.sms.smpp.pdu import Parameters, Party, ShortMessage, Tag
from channels.sms.smpp.settings import SmppSettings

HAS_HEADER = 0x40
INTERNATIONAL, SHORT_CODE, NAME = 1, 3, 5
ISDN = 1
UCS2 = 8
BITS = {"udh8": 8, "udh16": 16, "sar": 16, "payload": 16}
"""Bits of the reference by `long_mode`; room is left for the longer header that an operator may write itself."""


def bodies(message: OutboundMessage, settings: SmppSettings, reference: int) -> list[bytes]:
    """One body for each part. RecipientRefused or SendRefused for what can never be sent."""
    encoding = _encoding(message.text, settings.smsc_default_alphabet)
    texts = gsm.split(message.text, BITS[settings.long_mode], encoding)
    gsm.refuse_unsendable(message, len(texts), settings.max_segments)
    if settings.long_mode == "payload" and len(texts) > 1:
        whole = _octets(message.text, encoding, settings.smsc_default_alphabet)
        named = ((Tag.MESSAGE_PAYLOAD, whole), *_numbered(message, settings))
        return [_body(message, settings, encoding, parameters=named)]
    found = []
    for sequence, text in enumerate(texts, start=1):
        octets = _octets(text, encoding, settings.smsc_default_alphabet)
        part = TextPart(reference, len(texts), sequence, BITS[settings.long_mode]) if len(texts) > 1 else None
        found.append(_part(message, settings, encoding, octets, part))
    return found


def _part(
    message: OutboundMessage, settings: SmppSettings, encoding: Encoding, octets: bytes, part: TextPart | None
) -> bytes:
    if part is None:
        return _body(message, settings, encoding, octets, parameters=_numbered(message, settings))
    if settings.long_mode == "sar":
        numbered = (
            (Tag.SAR_REFERENCE, part.reference.to_bytes(2, "big")),
            (Tag.SAR_TOTAL, bytes((part.total,))),
            (Tag.SAR_SEQUENCE, bytes((part.sequence,))),
        )
        return _body(message, settings, encoding, octets, parameters=numbered)
    return _body(message, settings, encoding, gsm.write_header(part) + octets, esm_class=HAS_HEADER)


def _numbered(message: OutboundMessage, settings: SmppSettings) -> Parameters:
    """Of whole messages only: what is reported of one part says nothing of those that were never sent."""
    reference = short_reference(message.id).to_bytes(2, "big")
    return ((Tag.USER_MESSAGE_REFERENCE, reference),) if settings.message_reference else ()


def _body(
    message: OutboundMessage,
    settings: SmppSettings,
    encoding: Encoding,
    octets: bytes = b"",
    esm_class: int = 0,
    parameters: Parameters = (),
) -> bytes:
    return pdu.write_message(
        ShortMessage(
            source=_source(message.sent_from or settings.number, settings),
            destination=Party(message.address.path.removeprefix("+"), INTERNATIONAL, ISDN),
            octets=octets,
            coding=UCS2 if encoding is Encoding.UCS2 else 0,
            esm_class=esm_class,
            validity=settings.validity,
            registered=1,
            parameters=parameters,
        )
    )


def encoded(text: str, alphabet: str) -> tuple[bytes, int]:
    """Octets and data_coding of a text that leaves whole."""
    encoding = _encoding(text, alphabet)
    return _octets(text, encoding, alphabet), UCS2 if encoding is Encoding.UCS2 else 0


def _source(own: str, settings: SmppSettings) -> Party:
    kind = normalise(own).kind
    if kind is NumberKind.SHORTCODE:
        ton, npi = SHORT_CODE, 0
    elif kind in {NumberKind.ALPHANUMERIC, NumberKind.INVALID} and not own.removeprefix("+").isdecimal():
        ton, npi = NAME, 0
    else:
        ton, npi = INTERNATIONAL, ISDN
    ton = ton if settings.source_ton is None else settings.source_ton
    npi = npi if settings.source_npi is None else settings.source_npi
    return Party(own.removeprefix("+"), ton, npi)


def _encoding(text: str, alphabet: str) -> Encoding:
    """An operator whose default is not the SMS alphabet gets as UCS-2 what its own default cannot say."""
    if alphabet != "gsm0338":
        try:
            text.encode(alphabet)
        except UnicodeEncodeError:
            return Encoding.UCS2
    return gsm.encoding_of(text)


def _octets(text: str, encoding: Encoding, alphabet: str) -> bytes:
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be", "replace")
    return gsm.encode_gsm(text) if alphabet == "gsm0338" else text.encode(alphabet)
