"""Signs of life of channels that only a web process sees: when a provider last called, how many calls were forged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.storage import tables
from gateway.storage.store import Transaction


@dataclass(frozen=True, slots=True)
class Beat:
    channel: str
    last_in_at: datetime | None
    forged: int
    """Since the last beat of this process."""


@dataclass(slots=True)
class Told:
    """What this process has written already."""

    last_in: dict[str, float] = field(default_factory=dict)
    forged: dict[str, int] = field(default_factory=dict)

    def news(self, last_in: Mapping[str, float], forged: Mapping[str, int]) -> list[Beat]:
        """What changed since. `last_in` in Unix time, `forged` since the process began."""
        found = []
        for channel in sorted(last_in.keys() | forged.keys()):
            moment = last_in.get(channel)
            many = forged.get(channel, 0) - self.forged.get(channel, 0)
            if many or moment != self.last_in.get(channel):
                found.append(Beat(channel, datetime.fromtimestamp(moment, UTC) if moment else None, many))
        return found

    def keep(self, beats: list[Beat]) -> None:
        for beat in beats:
            if beat.last_in_at:
                self.last_in[beat.channel] = beat.last_in_at.timestamp()
            self.forged[beat.channel] = self.forged.get(beat.channel, 0) + beat.forged


def beat(tx: Transaction, beats: list[Beat]) -> None:
    """Write them down; several processes may do so for one channel."""
    state = tables.channel_state
    tx.insert_new(state, [{"channel": one.channel} for one in beats], "channel")
    for one in beats:
        values: dict[str, Any] = {"forged": state.c.forged + one.forged}
        if one.last_in_at:
            values |= {"last_in_at": one.last_in_at, "heartbeat_at": one.last_in_at}
        tx.execute(state.update().where(state.c.channel == one.channel).values(**values))


def alive(tx: Transaction, channel: str, *, looked_after: bool = False) -> None:
    """Whoever asks this provider is still asking: without that word the channel counts as dead.

    `looked_after`: somebody else looks at the provider, too, and says what is wrong (`checked`).
    """
    state = tables.channel_state
    tx.insert_new(state, [{"channel": channel}], "channel")
    values: dict[str, object] = {"heartbeat_at": tx.now} | ({} if looked_after else {"check_problems": []})
    tx.execute(state.update().where(state.c.channel == channel).values(**values))


def refused(tx: Transaction, channel: str, problem: str) -> None:
    """The provider does not let us listen; the sentence stays on the channel's screen until it does."""
    state = tables.channel_state
    tx.insert_new(state, [{"channel": channel}], "channel")
    tx.execute(state.update().where(state.c.channel == channel).values(check_problems=[problem]))


def checked(tx: Transaction, channel: str, problems: list[str]) -> None:
    """What a look at the provider brought: sentences that say what to do; none means that all is well."""
    state = tables.channel_state
    tx.insert_new(state, [{"channel": channel}], "channel")
    values: dict[str, object] = {"check_problems": problems}
    if not problems:
        values |= {"heartbeat_at": tx.now, "stopped_at": None, "stopped_reason": ""}
    tx.execute(state.update().where(state.c.channel == channel).values(**values))
