"""One message to its provider: what is tried, and what every answer means for the row (docs/channels/README.md § 4).

Nothing here raises: a send that nobody foresaw is a failed message with a logged traceback, not a stuck queue.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from channels.errors import (
    AddressMoved,
    ChannelError,
    ChannelMisconfigured,
    ChannelStopped,
    OtherAddress,
    ProviderBusy,
    SendError,
    SendRefused,
    TemporaryFailure,
    UseTemplate,
    as_send_error,
)
from channels.messages import DeliveryStatus, SendReceipt
from channels.protocols import Http
from channels.registry import Channel
from config.logging import get_logger
from config.settings import Outbound
from gateway.outbound.outbound import Outcome, Parcel
from workers.backoff import asked_to_wait_until, try_again_at

log = get_logger(__name__)

BUSY_TOGETHER = timedelta(seconds=5)
STOPPED_FOR = timedelta(seconds=60)
"""A channel that cannot send at all is tried again this often; its rows keep their places."""
RESEND_AFTER = timedelta(minutes=15)
WINDOW = "window"
"""Reason of a message that no template could bring: a person is asked."""
MOST_IMPATIENT = 10_000
"""So many lanes and channels are remembered that were told to wait again and again."""
MOST_DOUBLED = 30


@dataclass(frozen=True, slots=True)
class _Busy:
    lane: str
    at: datetime
    until: datetime


class Delivery:
    """Sends parcels of all channels. Holds only which lane was told to wait last, to tell a busy channel from a busy
    recipient, and how often in a row, for providers that do not say how long."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        http: Http,
        outbound: Outbound,
        clock: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._channels = channels
        self._http = http
        self._outbound = outbound
        self._clock = clock
        self._chance = chance
        self._busy: dict[str, _Busy] = {}
        self._told_in_a_row: dict[str, int] = {}

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Send it once and say what became of it."""
        channel = self._channels.get(parcel.channel)
        if channel is None or channel.sender is None:
            return _ended(parcel, DeliveryStatus.FAILED, "channel_gone")
        if self._clock() >= parcel.expires_at:
            return _ended(parcel, DeliveryStatus.FAILED, "expired", counted=False)
        try:
            receipt = await channel.sender.send(parcel.message, self._http)
        except ChannelError as problem:
            return self._after(parcel, channel, _as_send_error(problem))
        except Exception:
            log.exception("send_crashed", channel=parcel.channel, message_id=parcel.id)
            return _ended(parcel, DeliveryStatus.FAILED, "bug")
        if self._told_in_a_row:
            for told in (parcel.lane, parcel.channel):
                self._told_in_a_row.pop(told, None)
        return _sent(parcel, receipt)

    def _after(self, parcel: Parcel, channel: Channel, problem: SendError) -> Outcome:
        match problem:
            case ProviderBusy():
                return self._paused(parcel, problem)
            case AddressMoved() | UseTemplate() | OtherAddress():
                return self._otherwise(parcel, problem)
            case ChannelStopped():
                again = _again(parcel, problem, self._clock() + STOPPED_FOR, counted=False)
                return replace(again, stops_channel=problem.reason)
            case TemporaryFailure():
                if problem.alert:
                    log.error("send_waits_for_a_person", channel=parcel.channel, reason=problem.reason)
                return self._retried(parcel, problem)
            case SendRefused():
                if problem.alert:
                    log.error("send_refused_by_our_fault", channel=parcel.channel, reason=problem.reason)
                counted = problem.counts_as_attempt
                return _ended(parcel, DeliveryStatus.FAILED, problem.reason, problem.detail, counted)
            case _:
                return self._unknown(parcel, channel, problem)

    def _otherwise(self, parcel: Parcel, problem: AddressMoved | UseTemplate | OtherAddress) -> Outcome:
        """At once again, with one thing changed."""
        again = _again(parcel, problem, self._clock(), counted=False)
        if isinstance(problem, AddressMoved):
            return replace(again, new_address=problem.new_address)
        if isinstance(problem, OtherAddress):
            if parcel.message.address.scheme == problem.scheme:  # it is there already: no turn would end this
                return _ended(parcel, DeliveryStatus.FAILED, problem.reason, problem.detail)
            return replace(again, other_scheme=problem.scheme)
        if parcel.message.as_template:
            return _ended(parcel, DeliveryStatus.FAILED, WINDOW, problem.detail, counted=False)
        return replace(again, as_template=True)

    def _paused(self, parcel: Parcel, problem: ProviderBusy) -> Outcome:
        """Only this recipient waits, unless the provider means the channel or a second recipient is told so too."""
        now = self._clock()
        until = asked_to_wait_until(now, self._wait(parcel, problem), self._chance())
        if problem.this_lane:
            return _again(parcel, problem, until, counted=False)
        before = self._busy.get(parcel.channel)
        together = before and before.lane != parcel.lane and now - before.at <= BUSY_TOGETHER
        self._busy[parcel.channel] = _Busy(parcel.lane, now, until)
        again = _again(parcel, problem, until, counted=False)
        if before and together:
            until = max(until, before.until)
        if problem.whole_channel or together:
            return replace(again, due_at=until, pause_channel_until=until)
        return again

    def _wait(self, parcel: Parcel, problem: ProviderBusy) -> float:
        """Seconds; longer each time that the same one is told so in a row, where the provider names no time."""
        if not problem.most:
            return problem.retry_after
        whom = parcel.channel if problem.whole_channel else parcel.lane
        if len(self._told_in_a_row) >= MOST_IMPATIENT:
            self._told_in_a_row.clear()
        before = self._told_in_a_row.get(whom, 0)
        earlier = self._busy.get(parcel.channel)
        if problem.whole_channel and before and earlier and self._clock() < earlier.until:
            before -= 1  # it left before the channel was told to wait: the same news once more
        self._told_in_a_row[whom] = min(before + 1, MOST_DOUBLED)
        return min(problem.retry_after * problem.factor**before, problem.most)

    def _retried(self, parcel: Parcel, problem: TemporaryFailure) -> Outcome:
        attempts = parcel.attempts + 1
        if problem.max_attempts is not None and attempts >= problem.max_attempts:
            return _ended(parcel, DeliveryStatus.FAILED, problem.reason, problem.detail)
        due_at = try_again_at(self._clock(), attempts, self._outbound.retry_s, self._chance())
        if due_at >= parcel.expires_at:
            return _ended(parcel, DeliveryStatus.FAILED, "expired", problem.detail or problem.reason)
        return _again(parcel, problem, due_at)

    def _unknown(self, parcel: Parcel, channel: Channel, problem: SendError) -> Outcome:
        if channel.capabilities.idempotent:
            return self._retried(parcel, TemporaryFailure(problem.reason, problem.detail))
        policy = channel.unknown_policy or self._outbound.unknown_policy
        # Only as the very first attempt: whatever happened before, a message is never doubted and sent twice.
        if policy == "resend_once_after_15_min" and parcel.attempts == 0:
            again = _again(parcel, problem, self._clock() + RESEND_AFTER)
            return replace(again, reason="maybe_double")
        return _ended(parcel, DeliveryStatus.UNKNOWN, problem.reason, problem.detail)


def interrupted(parcel: Parcel) -> Outcome:
    """We had to end while the provider's answer was awaited: nobody knows."""
    return _ended(parcel, DeliveryStatus.UNKNOWN, "interrupted")


def _as_send_error(problem: ChannelError) -> SendError:
    if isinstance(problem, ChannelMisconfigured):
        return ChannelStopped("configuration", str(problem))
    return as_send_error(problem)


def _sent(parcel: Parcel, receipt: SendReceipt) -> Outcome:
    return Outcome(
        parcel.id,
        parcel.fence,
        DeliveryStatus.SENT,
        provider_id=receipt.provider_id,
        detail=receipt.detail,
        parts=receipt.parts,
        address=parcel.message.address,
    )


def _ended(parcel: Parcel, state: DeliveryStatus, reason: str, detail: str = "", counted: bool = True) -> Outcome:
    return Outcome(parcel.id, parcel.fence, state, reason=reason, detail=detail, counted=counted)


def _again(parcel: Parcel, problem: SendError, due_at: datetime, counted: bool = True) -> Outcome:
    return Outcome(
        parcel.id,
        parcel.fence,
        DeliveryStatus.QUEUED,
        reason=problem.reason,
        detail=problem.detail,
        due_at=due_at,
        counted=counted,
        parts=problem.parts,
    )
