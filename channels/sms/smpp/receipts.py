"""Delivery receipts: which message they are about, and what became of it.

An operator may write the number of a message in another base than in its answer: `0A1B2C3D` becomes 169552957.
"""

import re
from collections.abc import Mapping

from channels.errors import PayloadInvalid
from channels.messages import DeliveryReport, DeliveryStatus
from channels.sms.smpp import pdu
from channels.sms.smpp.outcomes import refusal
from channels.sms.smpp.pdu import ShortMessage, Tag
from channels.sms.smpp.settings import SmppSettings

Meaning = tuple[DeliveryStatus | None, str]

LONGEST_ID = 65
LATE_AGAIN_S = 60.0
"""When what was refused late and for a while is tried again."""
LONGEST_NUMBER = 24
"""Digits that are still a number of one machine word or two; longer ones are names in whatever alphabet."""
TAIL = 8
DIGITS = re.compile(r"[0-9]+")
HEX_DIGITS = re.compile(r"[0-9A-F]+")
# Case, order and spaces differ from one operator to the next.
ID = re.compile(r"\bid\s*:\s*(\S{1,65})", re.IGNORECASE)
STATE = re.compile(r"\bstat\s*:\s*([A-Za-z]{3,12})", re.IGNORECASE)
BY_NUMBER: Mapping[int, Meaning] = {
    1: (DeliveryStatus.SENT, ""),
    2: (DeliveryStatus.DELIVERED, ""),
    3: (DeliveryStatus.FAILED, "expired"),
    4: (DeliveryStatus.FAILED, "deleted"),
    5: (DeliveryStatus.FAILED, "undelivered"),
    6: (DeliveryStatus.SENT, ""),
    7: (DeliveryStatus.FAILED, "unknown"),
    8: (DeliveryStatus.FAILED, "rejected"),
}
BY_WORD: Mapping[str, int] = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}


def report(message: ShortMessage, text: str, spelling: str, *, is_final: bool) -> DeliveryReport:
    """What a receipt says, its parameters before its text. `spelling`: `receipt_id` of the settings. PayloadInvalid when
    it names no message."""
    identity = _identity(message, text)
    if not identity:
        raise PayloadInvalid("smpp: a receipt without the number of a message")
    status, reason = _state(message, text)
    if not is_final and status is not DeliveryStatus.SENT:
        status = None  # the operator goes on trying
    first, *others = spellings(identity, spelling)
    is_number = len(first) > TAIL and HEX_DIGITS.fullmatch(first)
    tail = first[-TAIL:] if spelling == "auto" and is_number else ""
    return DeliveryReport(first, status, reason, by_provider_id=True, others=tuple(others), tail=tail)


def late(message_id: str, octets: bytes, settings: SmppSettings) -> DeliveryReport:
    """What an answer to submit_sm says that came when the message was in doubt already."""
    try:
        answer = pdu.read(octets)
        named = pdu.read_text(answer.body) if answer.status == pdu.Status.OK else ""
    except pdu.PduInvalid as problem:
        raise PayloadInvalid(f"smpp: {problem}") from problem
    if answer.status == pdu.Status.OK:
        return DeliveryReport(
            message_id, DeliveryStatus.SENT, provider_id=canonical(named)[:LONGEST_ID] if named.strip() else ""
        )
    refused = refusal(answer.status, LATE_AGAIN_S, settings.vendor_codes())
    again_s = LATE_AGAIN_S if refused.retryable else None
    return DeliveryReport(message_id, DeliveryStatus.FAILED, refused.reason, again_s=again_s)


def canonical(identity: str) -> str:
    """One spelling for a number however it is written: no zeros before it, capital letters."""
    return identity.strip().upper().lstrip("0") or "0"


def spellings(identity: str, spelling: str = "auto") -> tuple[str, ...]:
    """How the answer to submit_sm may have spelt what a receipt calls so; the likeliest first."""
    exact = canonical(identity)
    found = [exact]
    if len(exact) <= LONGEST_NUMBER:
        if spelling in {"auto", "hex"} and HEX_DIGITS.fullmatch(exact):
            found.append(str(int(exact, 16)))
        if spelling in {"auto", "decimal"} and DIGITS.fullmatch(exact):
            found.append(f"{int(exact):X}")
    return tuple(dict.fromkeys(found))


def _identity(message: ShortMessage, text: str) -> str:
    told = message.parameter(Tag.RECEIPTED_MESSAGE_ID)
    if told:
        return told.rstrip(b"\0").decode("latin-1").strip()[:LONGEST_ID]
    found = ID.search(text)
    return found[1] if found else ""


def _state(message: ShortMessage, text: str) -> Meaning:
    number = message.number(Tag.MESSAGE_STATE)
    if number is None and (found := STATE.search(text)):
        number = BY_WORD.get(found[1].upper()[:7])
    return BY_NUMBER.get(number or 0, (None, "unknown_code"))
