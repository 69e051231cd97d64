"""What refusals of the Send API mean for the message that was to be sent. Source: docs/channels/messenger.md § Outcomes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from channels.errors import (
    ChannelStopped,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendHeld,
    SendRefused,
    TemporaryFailure,
)
from channels.meta.graph import SERVER_ERROR_ATTEMPTS, GraphAnswer, Refusal, refusal

BUSY_S, BUSY_FACTOR, BUSY_MOST_S = 60.0, 2.0, 900.0
USAGE = "x-business-use-case-usage"
MOST_MINUTES = 1440
ANY_CODE = 999_999
Means = Callable[[str], SendError]


def _held(detail: str) -> SendError:
    return SendHeld("window", detail)


def _unreachable(detail: str) -> SendError:
    return RecipientRefused("unreachable", detail)


def _over(detail: str) -> SendError:
    return SendRefused("already_replied", detail)


def _busy(_: str) -> SendError:
    return ProviderBusy(BUSY_S, whole_channel=True, factor=BUSY_FACTOR, most=BUSY_MOST_S)


def _stopped(reason: str) -> Means:
    return lambda detail: ChannelStopped(reason, detail)


def _temporary(attempts: int | None) -> Means:
    return lambda detail: TemporaryFailure("server_error", detail, attempts)


REFUSALS: tuple[Refusal, ...] = (
    Refusal(10, _held, subcode=2018278),
    Refusal(10, _held, subcode=2534022),
    Refusal(1, _over, last=ANY_CODE, subcode=2534014),
    Refusal(551, _unreachable),
    Refusal(100, _unreachable, subcode=2018001),
    Refusal(200, _unreachable, subcode=1545041),
    *(Refusal(code, _busy) for code in (613, 4, 17, 32, 80001, 80002, 80006)),
    Refusal(190, _stopped("credentials")),
    Refusal(200, _stopped("permission"), last=299),
    Refusal(10, _stopped("permission")),
    Refusal(368, _stopped("restricted")),
    Refusal(1, _temporary(None)),
    Refusal(2, _temporary(SERVER_ERROR_ATTEMPTS)),  # also what a block looks like
    Refusal(1200, _temporary(None)),
)
"""The first row that fits decides."""


def send_error(answer: GraphAnswer) -> SendError:
    """The decision for one answer that is no success."""
    problem = refusal(answer, REFUSALS)
    if isinstance(problem, ProviderBusy) and (minutes := _minutes(answer.headers)):
        return ProviderBusy(minutes * 60.0, whole_channel=True)
    return problem


def _minutes(headers: Mapping[str, str]) -> int:
    """How long Meta says that it will last; 0 where it says nothing."""
    try:
        usage: Any = json.loads(headers.get(USAGE, "{}"))
        rows = [row for rows in usage.values() for row in rows]
        stated = max((int(row.get("estimated_time_to_regain_access", 0)) for row in rows), default=0)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return 0
    return min(max(stated, 0), MOST_MINUTES)
