"""What people do about a channel: pause, resume, hurry what waits, try it. Every deed has a reason and an audit line.

A pause holds back what leaves; what citizens write is taken at all times (nothing is lost because somebody pressed a
button). `gateway.outbound.pulse` writes the signs of life that this module's readers see.
"""

from sqlalchemy import ColumnElement, func, select, text

from channels.mail_address import mail_address
from channels.messages import Address
from channels.phone import NumberKind, normalise, phone_address
from channels.registry import Channel
from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

TEST_KEY = "channel.test"
LEAST_REASON, MOST_REASON = 5, 200
# How an address is typed for a test, by kind of channel; the rest are telephone numbers.
BY_ID = {"telegram": "tg", "messenger": "fb", "instagram": "ig", "x": "x"}
"""Kinds whose people have a number of the provider -> scheme of their addresses."""
LONGEST_ID = 25
MAIL = frozenset({"email"})
PLAIN = frozenset({"sandbox"})
LATER = (
    "UPDATE outbox SET expires_at = expires_at + :now - CASE WHEN planned_at > :since THEN planned_at ELSE :since END"
    " WHERE channel = :channel AND state = 'queued' AND state IN ('queued','sending') AND planned_at < :now"
)


class ChannelRefused(ValueError):
    """A deed that does not go now; nothing was written. `code` is the end of a text key."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def channel_of(tx: Transaction, name: str) -> Channel:
    channel = tx.office.channels.get(name)
    if channel is None:
        raise ChannelRefused("no_channel")
    return channel


def waiting(tx: Transaction, name: str) -> int:
    """Messages that have not left yet."""
    return count(tx, waits(name))


def retrying(tx: Transaction, name: str) -> int:
    """Messages that failed for the time being and wait for their next attempt."""
    return count(tx, waits(name) & (tables.outbox.c.attempts > 0))


def waits(name: str) -> ColumnElement[bool]:
    """The rows of `outbox` that have not left this channel yet."""
    outbox = tables.outbox
    # The second half says what `state` says already, in the words of the index over unsent messages.
    return (outbox.c.channel == name) & (outbox.c.state == "queued") & text("outbox.state IN ('queued','sending')")


def count(tx: Transaction, which: ColumnElement[bool]) -> int:
    """How many rows of `outbox` these are."""
    row = tx.one(select(func.count()).select_from(tables.outbox).where(which))
    return int(row[0]) if row else 0


def pause(tx: Transaction, name: str, reason: str, actor: Actor) -> int:
    """Let nothing leave until somebody resumes; how many messages wait because of it. Meanwhile nothing expires."""
    channel = channel_of(tx, name)
    reason = reason_of(reason)
    if channel.sender is None:
        raise ChannelRefused("does_not_send")
    state = tables.channel_state
    _begin(tx, name)
    free = (state.c.channel == name) & state.c.paused_at.is_(None)
    values = {"paused_at": tx.now, "paused_by": actor.name[:60], "paused_reason": reason}
    if tx.execute(state.update().where(free).values(**values)).rowcount != 1:
        raise ChannelRefused("paused_already")
    held = waiting(tx, name)
    note(tx, "channel_paused", name, actor, reason, held)
    return held


def resume(tx: Transaction, name: str, remark: str, actor: Actor) -> int:
    """Let messages leave again, also after a stop by wrong credentials; how many go now. The remark may be empty."""
    channel_of(tx, name)
    give_back_time(tx, name)
    state = tables.channel_state
    stood = (state.c.channel == name) & (
        state.c.paused_at.is_not(None) | state.c.stopped_at.is_not(None) | (state.c.resume_at > tx.now)
    )
    values = {
        "paused_at": None,
        "paused_by": "",
        "paused_reason": "",
        "drains": False,
        "drained_at": None,
        "stopped_at": None,
        "stopped_reason": "",
        "resume_at": None,
    }
    if tx.execute(state.update().where(stood).values(**values)).rowcount != 1:
        raise ChannelRefused("not_paused")
    going = waiting(tx, name)
    note(tx, "channel_resumed", name, actor, " ".join(remark.split()), going)
    tx.ring("deliver")
    return going


def give_back_time(tx: Transaction, name: str) -> None:
    """The time of a pause does not count: what waits on this channel expires so much later."""
    state = tables.channel_state
    row = tx.one(select(state.c.paused_at).where(state.c.channel == name))
    if row is not None and row.paused_at is not None:
        tx.execute(constant(LATER), {"channel": name, "since": to_millis(row.paused_at), "now": to_millis(tx.now)})


def retry_now(tx: Transaction, name: str, reason: str, actor: Actor) -> int:
    """Try at once what waits for its next attempt; how many those are."""
    channel_of(tx, name)
    reason = reason_of(reason)
    outbox, state = tables.outbox, tables.channel_state
    later = waits(name) & (outbox.c.attempts > 0) & (outbox.c.due_at > tx.now)
    hurried = tx.execute(outbox.update().where(later).values(due_at=tx.now)).rowcount
    values = {"resume_at": None, "stopped_at": None, "stopped_reason": ""}
    tx.execute(state.update().where(state.c.channel == name).values(**values))
    note(tx, "channel_retried", name, actor, reason, hurried)
    tx.ring("deliver")
    return hurried


def send_test(tx: Transaction, name: str, typed: str, actor: Actor) -> int:
    """Queue one test message for an address that the actor typed; the id of its row.

    ChannelRefused: the channel does not send, or nobody can be reached at what was typed.
    """
    channel = channel_of(tx, name)
    if channel.sender is None or not channel.capabilities.sends:
        raise ChannelRefused("does_not_send")
    address = address_of(channel, typed)
    contact = contacts.ensure(tx, [address])[address]
    moment = tx.office.calendar.local(tx.now)
    language = tx.office.settings.government.language
    words = tx.office.texts(TEST_KEY, language, pemerintah=tx.office.settings.government.name, jam=f"{moment:%H.%M.%S}")
    identity = outbound.say(tx, contact, name, [(words, ())], Said(TEST_KEY))[0]
    audit.record(tx, actor, "channel_tested", "channel", name, details={"message": identity})
    return identity


def address_of(channel: Channel, typed: str) -> Address:
    """Whom somebody meant by what they typed; ChannelRefused where nobody can be reached at that on this channel."""
    typed = typed.strip()
    if channel.kind in BY_ID:
        digits = typed.removeprefix("-") if channel.kind == "telegram" else typed  # groups are below zero there
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_ID):
            raise ChannelRefused("no_address")
        return Address(BY_ID[channel.kind], typed)
    if channel.kind in MAIL:
        if (found := mail_address(typed)) is None:
            raise ChannelRefused("no_address")
        return found
    if channel.kind in PLAIN:
        return Address("sandbox", typed or "test")
    if normalise(typed).kind not in {NumberKind.MOBILE, NumberKind.FIXED}:
        raise ChannelRefused("no_address")
    return phone_address(typed)[0]


def reason_of(reason: str) -> str:
    """A reason as it is kept; ChannelRefused for one that says nothing."""
    folded = " ".join(reason.split())
    if len(folded) < LEAST_REASON:
        raise ChannelRefused("no_reason")
    return folded[:MOST_REASON]


def _begin(tx: Transaction, name: str) -> None:
    tx.insert_new(tables.channel_state, [{"channel": name}], "channel")


def note(tx: Transaction, deed: str, name: str, actor: Actor, reason: str, messages: int) -> None:
    """The line of a deed in the audit record; screens that show the channel look again."""
    audit.record(tx, actor, deed, "channel", name, reason, {"messages": messages})
    tx.tell(kind="channel", channel=name)
