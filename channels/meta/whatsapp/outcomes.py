"""What an error of WhatsApp means for the message, at once or in a later status. Source: docs/channels/whatsapp.md § Outcomes."""

from dataclasses import replace

from channels.errors import (
    ChannelStopped,
    OtherAddress,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendHeld,
    SendRefused,
    TemporaryFailure,
    UseTemplate,
)
from channels.messages import DeliveryReport, DeliveryStatus
from channels.meta.graph import Means, Refusal, meaning

MEDIA_ATTEMPTS = 3


def _stopped(reason: str) -> Means:
    return lambda detail: ChannelStopped(reason, detail)


def _temporary(reason: str, max_attempts: int | None = None) -> Means:
    return lambda detail: TemporaryFailure(reason, detail, max_attempts)


def _slow(_: str) -> SendError:
    return ProviderBusy(2.0, whole_channel=True, factor=2, most=60)


def _slow_to_one(_: str) -> SendError:
    return ProviderBusy(6.0, this_lane=True, factor=4, most=600)


REFUSALS: tuple[Refusal, ...] = (
    Refusal(130429, _slow),
    Refusal(4, _slow),
    Refusal(80007, lambda _: ProviderBusy(300.0, whole_channel=True)),
    Refusal(131056, _slow_to_one),
    Refusal(131048, lambda detail: SendHeld("quality", detail, alert=True)),
    Refusal(131049, lambda detail: SendHeld("ecosystem", detail)),
    Refusal(131047, UseTemplate),
    Refusal(131026, lambda detail: RecipientRefused("unreachable", detail)),
    Refusal(131031, _stopped("locked")),
    Refusal(131042, _stopped("payment")),
    Refusal(368, _stopped("policy")),
    Refusal(190, _stopped("credentials")),
    Refusal(10, _stopped("permission")),
    Refusal(200, _stopped("permission"), last=299),
    Refusal(131030, _stopped("configuration")),
    Refusal(131045, _stopped("configuration")),
    Refusal(133016, _stopped("configuration")),
    Refusal(132000, lambda detail: SendRefused("template", detail, alert=True), last=132016),
    Refusal(131062, lambda detail: OtherAddress("tel", detail)),
    Refusal(131053, _temporary("media", MEDIA_ATTEMPTS)),
    Refusal(131057, _temporary("maintenance")),
    Refusal(1, _temporary("server_error")),
    Refusal(2, _temporary("server_error")),
    Refusal(131000, _temporary("server_error")),
    Refusal(131016, _temporary("server_error")),
)
AGAIN_S = 60.0
"""After so long a message is tried again that failed for the time being in a status, which names no time."""


def failed_later(code: int, report: DeliveryReport) -> DeliveryReport:
    """The report of a status `failed`: Meta had taken the message and says by this code what became of it."""
    means = meaning(code, 0, REFUSALS)
    problem = means("") if means else SendRefused(f"code_{code}" if code else "failed")
    again = None
    if isinstance(problem, ProviderBusy):
        again = max(problem.retry_after, AGAIN_S)
    elif isinstance(problem, TemporaryFailure):
        again = AGAIN_S
    stops = isinstance(problem, ChannelStopped)
    return replace(report, status=DeliveryStatus.FAILED, reason=problem.reason, again_s=again, stops_channel=stops)
