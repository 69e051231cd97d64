"""What the status of an answer to submit_sm means for the message. Source: docs/channels/smpp.md § Outbound."""

from collections.abc import Callable, Mapping

from channels.errors import ChannelStopped, ProviderBusy, RecipientRefused, SendError, SendRefused, TemporaryFailure
from channels.sms.smpp.pdu import Status
from channels.sms.smpp.settings import Meaning

ATTEMPTS = 5
"""After so many temporary failures the operator will not take it any more."""

Make = Callable[[str, float], SendError]
"""From the status as text, and the seconds that a busy operator is left alone for."""


def _temporary(reason: str) -> Make:
    return lambda detail, _: TemporaryFailure(reason, detail, max_attempts=ATTEMPTS)


def _permanent(reason: str) -> Make:
    return lambda detail, _: SendRefused(reason, detail)


def _busy(_detail: str, pause_s: float) -> SendError:
    return ProviderBusy(pause_s, whole_channel=True)


# First and last status -> what it means; the first row that fits. Whatever is in no row is tried again.
STATUSES: tuple[tuple[int, int, Make], ...] = (
    (0x01, 0x03, _permanent("bad_request")),  # lengths; a command that the SMSC does not know
    (Status.WRONG_STATE, Status.ALREADY_BOUND, _temporary("wrong_state")),
    (0x0A, 0x0A, _permanent("source")),
    (0x0B, 0x0B, lambda detail, _: RecipientRefused("destination", detail)),
    (Status.QUEUE_FULL, Status.QUEUE_FULL, _busy),
    (Status.THROTTLED, Status.THROTTLED, _busy),
    (0x48, 0x51, _permanent("bad_request")),  # types and plans of numbers
    (0x61, 0x62, _permanent("bad_request")),  # times
    (0x65, 0x66, _permanent("rejected")),  # the operator's application, for good
    (0xC0, 0xC4, _permanent("bad_request")),  # optional parameters
)
VENDOR: Mapping[Meaning, Make] = {
    "temporary": _temporary("operator"),
    "permanent": _permanent("rejected"),
    "busy": _busy,
    "stopped": lambda detail, _: ChannelStopped("operator", detail),
}


def refusal(status: int, pause_s: float, vendor: Mapping[int, Meaning]) -> SendError:
    """The error that a status other than 0 is. `vendor`: what the operator's own codes mean."""
    detail = f"status 0x{status:02X}"
    if status in vendor:
        return VENDOR[vendor[status]](detail, pause_s)
    for first, last, make in STATUSES:
        if first <= status <= last:
            return make(detail, pause_s)
    return _temporary("operator")(detail, pause_s)
