"""Every answer of a provider and what becomes of the message (docs/channels/README.md § 4)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from channels.errors import (
    AddressMoved,
    AddressRefused,
    AnswerLost,
    AnswerTooLarge,
    ChannelMisconfigured,
    ChannelStopped,
    NotSent,
    OtherAddress,
    ProviderBusy,
    RecipientRefused,
    SendHeld,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
    UseTemplate,
)
from channels.messages import Address, DeliveryStatus, OutboundMessage, SendReceipt
from channels.protocols import Capabilities, Http
from channels.registry import Channel
from config.load import load
from gateway.outbound.outbound import Outcome, Parcel
from workers.delivery import RESEND_AFTER, STOPPED_FOR, Delivery, interrupted
from workers.send_journal import not_begun

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OUTBOUND = load(environ={}).outbound
SENT, QUEUED, FAILED, UNKNOWN = (
    DeliveryStatus.SENT,
    DeliveryStatus.QUEUED,
    DeliveryStatus.FAILED,
    DeliveryStatus.UNKNOWN,
)


@dataclass
class Provider:
    """A Sender that answers what it is told."""

    answer: SendReceipt | Exception
    capabilities: ClassVar[Capabilities] = Capabilities()

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def channel(answer: SendReceipt | Exception, **values: object) -> Channel:
    provider = Provider(answer)
    made = Channel("tg", "telegram", provider, None, provider.capabilities, 25.0, sender=provider)
    return replace(made, **values)  # type: ignore[arg-type]


def parcel(lane: str = "tg:a", attempts: int = 0, expires_at: datetime = NOW + timedelta(hours=48)) -> Parcel:
    message = OutboundMessage("ob_1", Address("tg", "77"), "Laporan diterima.")
    return Parcel(11, 3, "tg", lane, message, attempts, NOW, expires_at)


async def send(answer: SendReceipt | Exception, what: Parcel | None = None, **values: object) -> Outcome:
    delivery = Delivery({"tg": channel(answer, **values)}, None, OUTBOUND, lambda: NOW, lambda: 0.5)  # type: ignore[arg-type]
    return await delivery.deliver(what or parcel())


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# fmt: off
ANSWERS = [
    # answer                                                   state    reason           due         counted
    (SendReceipt("m:77:46", "queued"),                         SENT,    "",              None,       True),
    (ProviderBusy(17),                                         QUEUED,  "provider_busy", after(18.7), False),
    (TemporaryFailure("server_error"),                         QUEUED,  "server_error",  after(5),   True),
    (NotSent("refused"),                                       QUEUED,  "not_sent",      after(5),   True),
    (AddressMoved(Address("tg", "-1004")),                     QUEUED,  "moved",         NOW,        False),
    (UseTemplate(),                                            QUEUED,  "window_closed", NOW,         False),
    (OtherAddress("tel"),                                      QUEUED,  "no_such_address", NOW,       False),
    (ChannelStopped("credentials"),                            QUEUED,  "credentials",   NOW + STOPPED_FOR, False),
    (ChannelMisconfigured("no token"),                         QUEUED,  "configuration", NOW + STOPPED_FOR, False),
    (AddressRefused("public http"),                            QUEUED,  "configuration", NOW + STOPPED_FOR, False),
    (SendRefused("bad_request"),                               FAILED,  "bad_request",   None,       True),
    (SendHeld("window"),                                       FAILED,  "window",        None,       False),
    (RecipientRefused("blocked"),                              FAILED,  "blocked",       None,       True),
    (SendUnknown("html_answer"),                               UNKNOWN, "html_answer",   None,       True),
    (AnswerLost("closed"),                                     UNKNOWN, "answer_lost",   None,       True),
    (AnswerTooLarge("endless"),                                UNKNOWN, "answer_too_large", None,    True),
]
# fmt: on


@pytest.mark.parametrize(("answer", "state", "reason", "due_at", "counted"), ANSWERS, ids=lambda value: str(value)[:30])
async def test_what_becomes_of_a_message(
    answer: SendReceipt | Exception, state: DeliveryStatus, reason: str, due_at: datetime | None, counted: bool
) -> None:
    outcome = await send(answer)
    assert (outcome.id, outcome.fence) == (11, 3)
    assert (outcome.state, outcome.reason, outcome.due_at, outcome.counted) == (state, reason, due_at, counted)


async def test_the_providers_id_and_finer_word_are_kept() -> None:
    outcome = await send(SendReceipt("m:77:46", "smsc_down"))
    assert (outcome.provider_id, outcome.detail) == ("m:77:46", "smsc_down")


async def test_a_move_carries_the_new_address() -> None:
    assert (await send(AddressMoved(Address("tg", "-1004")))).new_address == Address("tg", "-1004")


async def test_f41_a_closed_window_asks_for_a_template_once_and_then_for_a_person() -> None:
    first = await send(UseTemplate())
    assert first.as_template
    again = parcel()
    second = await send(UseTemplate(), structs.replace(again, message=structs.replace(again.message, as_template=True)))
    assert (second.state, second.reason, second.counted) == (FAILED, "window", False)


async def test_another_address_is_asked_for_by_its_kind() -> None:
    assert (await send(OtherAddress("tel"))).other_scheme == "tel"
    there_already = await send(OtherAddress("tg"))
    assert (there_already.state, there_already.reason) == (FAILED, "no_such_address")


async def test_a_stopped_channel_says_why() -> None:
    assert (await send(ChannelStopped("credentials"))).stops_channel == "credentials"


async def test_a_fault_of_ours_is_said_loudly() -> None:
    with capture_logs() as lines:
        await send(SendRefused("bad_request", alert=True))
    assert [line["event"] for line in lines] == ["send_refused_by_our_fault"]


async def test_a_provider_that_a_person_must_mend_is_named_loudly_and_tried_again() -> None:
    with capture_logs() as lines:
        outcome = await send(TemporaryFailure("no_route", alert=True))
    assert [line["event"] for line in lines] == ["send_waits_for_a_person"]
    assert outcome.state is DeliveryStatus.QUEUED


@pytest.mark.parametrize(("attempts", "wait_s"), [(0, 5), (1, 15), (2, 60), (7, 21600), (20, 21600)])
async def test_f39_the_wait_grows_with_the_attempts(attempts: int, wait_s: float) -> None:
    assert (await send(TemporaryFailure("x"), parcel(attempts=attempts))).due_at == after(wait_s)


async def test_a_failure_with_a_bound_ends_there() -> None:
    bounded = TemporaryFailure("server_error", max_attempts=3)
    assert (await send(bounded, parcel(attempts=1))).state is QUEUED
    assert (await send(bounded, parcel(attempts=2))).state is FAILED


async def test_f45_a_message_whose_next_try_would_come_too_late_expires_now() -> None:
    outcome = await send(TemporaryFailure("x"), parcel(expires_at=after(4)))
    assert (outcome.state, outcome.reason) == (FAILED, "expired")


async def test_f45_an_expired_message_is_not_tried() -> None:
    outcome = await send(SendReceipt("sent it anyway"), parcel(expires_at=NOW))
    assert (outcome.state, outcome.reason, outcome.counted) == (FAILED, "expired", False)


async def test_a_crash_of_ours_fails_the_message_and_shows_the_traceback() -> None:
    with capture_logs() as lines:
        outcome = await send(ZeroDivisionError("in the adapter"))
    assert (outcome.state, outcome.reason) == (FAILED, "bug")
    assert [(line["event"], line["message_id"], line["exc_info"]) for line in lines] == [("send_crashed", 11, True)]


async def test_a_message_of_a_channel_that_is_gone_fails() -> None:
    delivery = Delivery({}, None, OUTBOUND, lambda: NOW)  # type: ignore[arg-type]
    assert (await delivery.deliver(parcel())).reason == "channel_gone"


async def test_where_repeating_is_harmless_an_unknown_outcome_is_repeated() -> None:
    outcome = await send(AnswerLost("closed"), capabilities=Capabilities(idempotent=True))
    assert (outcome.state, outcome.due_at) == (QUEUED, after(5))


async def test_an_unknown_outcome_is_repeated_once_where_the_channel_says_so() -> None:
    policy = "resend_once_after_15_min"
    first = await send(AnswerLost("closed"), unknown_policy=policy)
    assert (first.state, first.reason, first.due_at) == (QUEUED, "maybe_double", NOW + RESEND_AFTER)
    second = await send(AnswerLost("closed"), parcel(attempts=1), unknown_policy=policy)
    assert second.state is UNKNOWN


class Clocked:
    """Two recipients of one channel that are told to wait, at moments of the test's choice."""

    def __init__(self) -> None:
        self.now = NOW
        self.answer: ProviderBusy = ProviderBusy(1)
        self.channels = {"tg": channel(self.answer)}
        self.delivery = Delivery(self.channels, None, OUTBOUND, lambda: self.now, lambda: 0.0)  # type: ignore[arg-type]

    async def busy(self, lane: str, retry_after: float, at_s: float, whole: bool = False) -> Outcome:
        self.now = after(at_s)
        self.channels["tg"].sender.answer = ProviderBusy(retry_after, whole)  # type: ignore[union-attr]
        return await self.delivery.deliver(parcel(lane))


async def test_f34_one_busy_recipient_waits_alone() -> None:
    clocked = Clocked()
    for at_s in (0, 1, 2):
        assert (await clocked.busy("tg:a", 17, at_s)).pause_channel_until is None


async def test_f35_two_busy_recipients_within_five_seconds_pause_the_channel_for_the_longer_wait() -> None:
    clocked = Clocked()
    await clocked.busy("tg:a", 60, at_s=0)
    outcome = await clocked.busy("tg:b", 17, at_s=5)
    assert outcome.pause_channel_until == outcome.due_at == after(60)


async def test_two_busy_recipients_far_apart_do_not_pause_the_channel() -> None:
    clocked = Clocked()
    await clocked.busy("tg:a", 60, at_s=0)
    assert (await clocked.busy("tg:b", 17, at_s=5.1)).pause_channel_until is None


async def test_a_provider_that_means_the_whole_channel_pauses_it_at_once() -> None:
    clocked = Clocked()
    assert (await clocked.busy("tg:a", 3, at_s=0, whole=True)).pause_channel_until == after(3)


async def told_again(lanes: str, **problem: float) -> list[float]:
    """Seconds that each of these lanes is told to wait, one after the other; `.` is a message that went through.

    `&`: the next one left before that news.
    """
    clocked, waits, before = Clocked(), [], NOW
    for lane in lanes:
        if lane == "&":
            clocked.now = before
            continue
        answer = ProviderBusy(2, "this_lane" not in problem, factor=2, most=16, **problem)  # type: ignore[arg-type]
        clocked.channels["tg"].sender.answer = SendReceipt("x") if lane == "." else answer  # type: ignore[union-attr]
        outcome = await clocked.delivery.deliver(parcel(lane))
        if outcome.due_at:
            waits.append((outcome.due_at - clocked.now).total_seconds())
            before, clocked.now = clocked.now, outcome.due_at
    return waits


async def test_f34_where_the_provider_names_no_time_the_wait_grows_until_something_goes_through() -> None:
    assert await told_again("aaaaaa") == [2, 4, 8, 16, 16, 16]
    assert await told_again("aa.ab") == [2, 4, 2, 4]
    assert await told_again("a&b&c&da") == [2, 2, 2, 2, 4]


async def test_f34_a_limit_of_one_recipient_grows_for_that_recipient_and_never_pauses_the_channel() -> None:
    assert await told_again("abaab", this_lane=True) == [2, 2, 4, 8, 4]
    clocked = Clocked()
    clocked.channels["tg"].sender.answer = ProviderBusy(60, this_lane=True)  # type: ignore[union-attr]
    for lane in ("tg:a", "tg:b"):
        assert (await clocked.delivery.deliver(parcel(lane))).pause_channel_until is None


ENDINGS: list[tuple[Callable[[Parcel], Outcome], DeliveryStatus, str, bool]] = [
    (interrupted, UNKNOWN, "interrupted", True),
    (lambda parcel: not_begun(parcel.id, parcel.fence), QUEUED, "", False),
]


@pytest.mark.parametrize(("ending", "state", "reason", "counted"), ENDINGS)
def test_how_a_message_ends_when_we_end(
    ending: Callable[[Parcel], Outcome], state: DeliveryStatus, reason: str, counted: bool
) -> None:
    outcome = ending(parcel())
    assert (outcome.state, outcome.reason, outcome.counted) == (state, reason, counted)
