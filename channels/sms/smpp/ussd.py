"""USSD over the bind of the SMS: a step comes as a deliver_sm, its page leaves as a submit_sm of the same session.

Pure. SMPP names a session by one octet or by whatever the operator takes, and uses that again within minutes: ours is named
by the step that began it. Source: docs/channels/smpp.md § USSD.
"""

from enum import IntEnum

from channels.errors import PayloadInvalid
from channels.messages import Answer, SessionEvent
from channels.sms.smpp import pdu, writing
from channels.sms.smpp.pdu import Party, ShortMessage, Tag
from channels.sms.smpp.settings import SmppSettings

SERVICE = "USSD"
NAME_SEPARATOR = ";"
LAST_BIT = 1
"""Of its_session_info: set in the last step of a session."""
LONGEST_INPUT = 182


class Operation(IntEnum):
    """Values of ussd_service_op that anybody here asks for."""

    PSSD_INDICATION = 0x00
    PSSR_INDICATION = 0x01
    USSR_REQUEST = 0x02
    """We show a page and wait for an input."""
    PSSR_RESPONSE = 0x11
    """The last page; from the other side: the session is over."""


BEGINNINGS = frozenset({Operation.PSSD_INDICATION, Operation.PSSR_INDICATION})


def is_step(message: ShortMessage) -> bool:
    return message.service_type == SERVICE or message.parameter(Tag.USSD_SERVICE_OP) is not None


def begins(message: ShortMessage) -> bool:
    return message.number(Tag.USSD_SERVICE_OP) in BEGINNINGS


def place(message: ShortMessage, settings: SmppSettings) -> tuple[str, bytes]:
    """What tells the steps of one session from those of others, as long as it lasts."""
    told = message.parameter(settings.ussd_session_tag) or b""
    # Of its_session_info the second octet counts the steps.
    return message.source.number, told[:1] if settings.ussd_session_tag == Tag.ITS_SESSION_INFO else told


def event(message: ShortMessage, session: str, typed: str, settings: SmppSettings) -> SessionEvent:
    """`session`: our name of it; empty only in what an older version kept. PayloadInvalid for a text that no phone sends."""
    if len(typed) > LONGEST_INPUT:
        raise PayloadInvalid("smpp: an input longer than any phone sends")
    is_first = begins(message)
    return SessionEvent(
        session,
        "" if is_first else typed,
        whole_history=False,
        begins=is_first,
        ended=_is_over(message),
        page_septets=settings.ussd_page_septets,
    )


def page(asked: ShortMessage, answer: Answer, settings: SmppSettings) -> bytes:
    """The body of the submit_sm that shows the answer to this step: back to where it came from, in its session."""
    operation = Operation.PSSR_RESPONSE if answer.ends else Operation.USSR_REQUEST
    session = asked.parameter(settings.ussd_session_tag)
    if session and settings.ussd_session_tag == Tag.ITS_SESSION_INFO:
        session = session[:-1] + bytes((session[-1] & ~LAST_BIT | answer.ends,))
    named = ((settings.ussd_session_tag, session),) if session else ()
    octets, coding = writing.encoded(answer.text, settings.smsc_default_alphabet)
    return pdu.write_message(
        ShortMessage(
            source=asked.destination,
            destination=Party(asked.source.number, asked.source.ton, asked.source.npi),
            octets=octets[: pdu.LONGEST_SHORT_MESSAGE],
            coding=coding,
            service_type=SERVICE,
            parameters=((Tag.USSD_SERVICE_OP, bytes((operation,))), *named),
        )
    )


def _is_over(message: ShortMessage) -> bool:
    info = message.parameter(Tag.ITS_SESSION_INFO) or b"\0"
    return message.number(Tag.USSD_SERVICE_OP) == Operation.PSSR_RESPONSE or bool(info[-1] & LAST_BIT)
