"""What providers refuse, lose and delay, over real HTTP to simulated ones: every message ends as its row says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels import registry
from channels.messages import Address
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.queries import channel_watch
from gateway.queries.channel_watch import ChannelState
from tests.faults.lives import Life, until
from tests.faults.providers import Providers

A, B, C = "7000000001", "7000000002", "7000000003"
GROUP, SUPERGROUP = "-1001", "-1004000000001"
PHONE, OTHER_PHONE = "+6281200000001", "+6281200000002"


def say(life: Life, to: str, *words: str, direct: bool = True) -> None:
    """Messages to a chat or a number, in this order."""
    scheme, channel = ("tel", "sms") if to.startswith("+") else ("tg", "tg")
    address = Address(scheme, to)
    life.moment.pass_(seconds=0.001)  # nobody writes twice in one moment
    with life.opened() as gateway, gateway.store.transaction() as tx:
        contact = contacts.ensure(tx, [address])[address]
        outbound.say(tx, contact, channel, [(word, ()) for word in words], Said("st.note", direct=direct))


async def deliver(life: Life, after_s: float = 0) -> None:
    """Time passes, then everything that is due leaves or fails to."""
    life.moment.pass_(seconds=after_s)
    with life.opened() as gateway:
        await life.drained(gateway, "deliver")


def stand(life: Life, *columns: str) -> list[tuple[Any, ...]]:
    """The messages in the order in which they were written."""
    return life.rows(f"SELECT {', '.join(columns)} FROM outbox ORDER BY id")  # noqa: S608 - the test's own words


def state_of(life: Life, channel: str) -> ChannelState:
    with life.opened() as gateway, gateway.store.reading() as tx:
        return next(one.outbound.state for one in channel_watch.watch(tx) if one.name == channel)


# order


async def test_f30_a_later_message_of_a_citizen_waits_for_the_retry_of_an_earlier_one_and_nobody_else_does(
    life: Life, providers: Providers
) -> None:
    say(life, PHONE, "satu")
    providers.fault("kannel", {"named": "unavailable"}, recipient=PHONE)
    await deliver(life)
    say(life, PHONE, "dua")
    say(life, OTHER_PHONE, "lain")
    await deliver(life, 1)
    assert providers.outbox("kannel") == ["lain"]
    await deliver(life, 60)
    assert providers.outbox("kannel") == ["lain", "satu", "dua"]


async def test_f31_three_messages_arrive_in_their_order_after_an_hour_of_temporary_errors(
    life: Life, providers: Providers
) -> None:
    say(life, PHONE, "satu", "dua", "tiga")
    providers.fault("kannel", {"named": "unavailable"}, times=-1)
    for _ in range(12):
        await deliver(life, 300)
    assert stand(life, "state") == [("queued",)] * 3
    first, *others = [attempts for (attempts,) in stand(life, "attempts")]
    assert (first >= 5, others) == (True, [0, 0])
    providers.mended("kannel")
    await deliver(life, 7 * 3600)
    assert providers.outbox("kannel") == ["satu", "dua", "tiga"]


async def test_f33_a_receipt_leaves_between_five_thousand_messages_of_a_broadcast(
    life: Life, providers: Providers
) -> None:
    """Before it leave only those that were in hand already: what the channel lets out in two seconds."""
    rate = 20.0
    slowed = replace(life.office.channels["sms"], messages_per_second=rate)
    life.office = replace(life.office, channels={**life.office.channels, "sms": slowed})
    broadcast(life, 5000)
    life.moment.pass_(seconds=1)
    with life.opened() as gateway:
        async with life.draining(gateway, "deliver"):
            await until(lambda: life.count("outbox", "state = 'sent'") > 5)
            say(life, PHONE, "tanda terima")
            before = life.count("outbox", "state IN ('sent','sending')")
            await until(lambda: "tanda terima" in providers.outbox("kannel"))
    left = providers.outbox("kannel").index("tanda terima")
    assert left <= before + 2 * rate


def broadcast(life: Life, many: int) -> None:
    """Messages that nobody waits for, each to another person."""
    people = [Address("tel", f"+62812{number:08}") for number in range(100, 100 + many)]
    with life.opened() as gateway, gateway.store.transaction() as tx:
        for contact in contacts.ensure(tx, people).values():
            outbound.say(tx, contact, "sms", [("pengumuman", ())], Said("st.note", direct=False))


# outcomes


async def test_f34_a_chat_that_is_told_to_wait_waits_alone_and_uses_up_no_attempt(
    life: Life, providers: Providers
) -> None:
    say(life, A, "satu")
    say(life, B, "dua")
    providers.fault("telegram", {"throttle": 17}, recipient=A)
    await deliver(life)
    assert stand(life, "state", "attempts") == [("queued", 0), ("sent", 1)]
    await deliver(life, 16)
    assert providers.outbox("telegram", A) == []
    await deliver(life, 5)
    assert providers.outbox("telegram", A) == ["satu"]
    assert stand(life, "state", "attempts")[0] == ("sent", 1)


async def test_f35_two_chats_that_are_told_to_wait_pause_the_channel_for_the_longer_time(
    life: Life, providers: Providers
) -> None:
    for chat, words, wait_s in ((A, "satu", 40), (B, "dua", 17)):
        say(life, chat, words)
        providers.fault("telegram", {"throttle": wait_s}, recipient=chat)
    await deliver(life)
    say(life, C, "tiga")
    for after_s in (18, 20):
        with life.opened() as gateway:
            life.moment.pass_(seconds=after_s)
            with gateway.store.transaction() as tx:
                assert outbound.claim(tx, 10, 60.0) == []
    await deliver(life, 10)
    assert sorted(providers.outbox("telegram")) == ["dua", "satu", "tiga"]
    assert stand(life, "state", "attempts") == [("sent", 1)] * 3


async def test_f36_whoever_blocked_the_bot_is_tried_once_and_marked(life: Life, providers: Providers) -> None:
    say(life, A, "satu")
    providers.fault("telegram", {"named": "blocked"}, times=-1, recipient=A)
    for _ in range(3):
        await deliver(life, 3600)
    assert stand(life, "state", "reason", "attempts") == [("failed", "blocked", 1)]
    assert life.rows("SELECT reachable, unreachable_reason FROM contact WHERE NOT reachable") == [(0, "blocked")]
    calls = [entry for entry in providers.ask("telegram/_sim/journal")["items"] if "sendMessage" in entry["path"]]
    assert len(calls) == 1


async def test_f37_a_group_that_became_a_supergroup_gets_its_message_once_and_there(
    life: Life, providers: Providers
) -> None:
    say(life, GROUP, "satu")
    providers.fault("telegram", {"named": "migrate"}, recipient=GROUP)
    await deliver(life)
    assert providers.outbox("telegram", GROUP) == []
    assert providers.outbox("telegram", SUPERGROUP) == ["satu"]
    assert stand(life, "state", "attempts") == [("sent", 1)]
    say(life, SUPERGROUP, "dua")
    assert len(set(stand(life, "contact_id"))) == 1


# fmt: off
LOST = [
    # provider     what it does with the call                           whether it has the message
    ("kannel",     {"close_before_read": True},                         0),
    ("kannel",     {"accept_then_close": True},                         1),
    ("kannel",     {"half_body": True, "record": True},                 1),
    ("telegram",   {"accept_then_close": True},                         1),
    ("telegram",   {"named": "html_502_recorded"},                      1),
]
# fmt: on


@pytest.mark.parametrize(("provider", "action", "there"), LOST)
async def test_f38_a_message_whose_answer_was_lost_is_in_doubt_and_not_sent_again(
    life: Life, providers: Providers, provider: str, action: dict[str, object], there: int
) -> None:
    say(life, PHONE if provider == "kannel" else A, "satu")
    providers.fault(provider, action)
    for _ in range(3):
        await deliver(life, 3600)
        with life.opened() as gateway:
            life.clock(gateway)
    assert stand(life, "state", "attempts") == [("unknown", 1)]
    assert providers.taken(provider) == (there, 0)


async def test_f39_a_provider_that_refuses_connections_for_half_an_hour_gets_everything_once_and_in_order(
    life: Life, providers: Providers
) -> None:
    here = life.office
    life.office = at(life, "http://127.0.0.1:9/cgi-bin/sendsms")
    say(life, PHONE, "satu", "dua")
    waits = []
    while sum(waits) < timedelta(minutes=30).total_seconds():
        await deliver(life)
        ((due_at,),) = life.rows("SELECT due_at FROM outbox ORDER BY id LIMIT 1")
        waits.append(due_at / 1000 - life.moment.now.timestamp())
        life.moment.pass_(seconds=waits[-1])
    assert all(later > earlier * 1.4 for earlier, later in pairwise(waits)), waits
    assert stand(life, "state") == [("queued",)] * 2
    life.office = here
    await deliver(life)
    assert providers.outbox("kannel") == ["satu", "dua"]


def at(life: Life, send_url: str) -> Any:
    """The office whose Kannel is at this address."""
    changed = [
        replace(table, values={**table.values, "send_url": send_url}) if table.name == "sms" else table
        for table in life.office.settings.channels
    ]
    channels = registry.build(changed, absent_secret=lambda _: "0" * 48)
    return replace(life.office, channels=channels)


async def test_f40_an_answer_that_is_a_web_page_leaves_a_doubt_and_its_first_words_without_numbers(
    life: Life, providers: Providers
) -> None:
    say(life, PHONE, "satu")
    page = f"<html><body>Halo {PHONE}, sesi Anda habis</body></html>"
    providers.fault("kannel", {"status": 200, "body": page, "headers": {"Content-Type": "text/html"}})
    await deliver(life)
    ((state, words),) = stand(life, "state", "last_error")
    assert state == "unknown"
    assert "<html>" in words
    assert PHONE[1:] not in words


@pytest.mark.parametrize(
    ("provider", "to", "wrong"),
    [("kannel", (PHONE, OTHER_PHONE), "unauthorised"), ("telegram", (A, B), "revoked")],
)
async def test_f44_wrong_credentials_stop_a_channel_with_one_alarm_until_they_are_right_again(
    life: Life, providers: Providers, provider: str, to: Sequence[str], wrong: str
) -> None:
    for receiver in to:
        say(life, receiver, "satu")
    channel = "sms" if provider == "kannel" else "tg"
    providers.fault(provider, {"named": wrong}, times=-1)
    with capture_logs() as lines:
        for _ in range(4):
            await deliver(life, 61)
    assert [line["log_level"] for line in lines if line["event"] == "channel_stopped"] == ["error"]
    assert state_of(life, channel) is ChannelState.DOWN
    assert stand(life, "state", "attempts") == [("queued", 0)] * 2
    providers.mended(provider)
    say(life, to[0], "dua")
    await deliver(life, 61)
    assert providers.outbox(provider, to[0]) == ["satu", "dua"]
    assert state_of(life, channel) is not ChannelState.DOWN


async def test_f45_a_message_that_could_not_leave_for_two_days_expires_and_is_not_tried_again(
    life: Life, providers: Providers
) -> None:
    say(life, PHONE, "satu")
    providers.fault("kannel", {"named": "unavailable"}, times=-1)
    for _ in range(9):
        await deliver(life, 6 * 3600)
        with life.opened() as gateway:
            life.clock(gateway)
    providers.mended("kannel")
    await deliver(life, 6 * 3600)
    assert stand(life, "state", "reason") == [("failed", "expired")]
    assert providers.taken("kannel") == (0, 0)
    with life.opened() as gateway, gateway.store.reading() as tx:
        sms = next(one for one in channel_watch.watch(tx) if one.name == "sms")
    assert sms.outbound.failed_permanently == 0, "it was written more than a day ago"
