"""Keeping what channels cost, and telling people when a cap draws near or is reached; nothing that waits for it is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from channels.registry import Channel
from config.logging import get_logger
from gateway.complaints.notices import Audience
from gateway.operations import vitals
from gateway.outbound import channel_states, circles
from gateway.outbound.outbound import Said
from gateway.outbound.spending import NEARLY
from gateway.queries import channel_costs
from gateway.queries.channel_costs import Purse
from gateway.storage import tables
from gateway.storage.store import Transaction

log = get_logger(__name__)
LOOKED_BACK = 2
"""Days before today whose lines may still grow: what was in doubt then is settled by now."""
FIGURE, ALERT = "channel_cap_told", "chan.alert"
TOLD = (Audience.COORDINATOR, Audience.CHANNEL_ADMIN)
NEAR, REACHED = 1, 2
KEPT_FOR = timedelta(hours=24)
"""What waits for a cap does not grow old: its end is put off, so far each time."""


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap of a channel: `day_messages`, `day_rupiah` or `month_rupiah`."""

    kind: str
    used: float
    most: int
    step: float
    """What the next message takes at least."""

    @property
    def level(self) -> int:
        if self.most - self.used < self.step:
            return REACHED
        return NEAR if self.used >= self.most * NEARLY else 0


def count(tx: Transaction) -> int:
    """Write the lines of today and of the days before as they are now; how many."""
    days = [tx.today - timedelta(days=back) for back in range(LOOKED_BACK + 1)]
    names = [name for name, channel in tx.office.channels.items() if channel.capabilities.sends]
    lines = [one for day in days for name in names for one in channel_costs.counted(tx, name, day)]
    rows = [
        {
            "channel": one.channel,
            "day": one.day,
            "purpose": one.purpose.value,
            "messages": one.messages,
            "parts": one.parts,
            "cost_milli": one.cost_milli,
        }
        for one in lines
    ]
    tx.upsert(tables.channel_cost, rows, ["messages", "parts", "cost_milli"])
    return len(rows)


def tell(tx: Transaction) -> int:
    """Tell once of each cap that draws near and of each that is reached, and keep what waits for it; how many were told."""
    capped = {name: one for name, one in tx.office.channels.items() if any(_mosts(one))}
    if not capped:
        return 0
    purses = channel_costs.purses(tx)
    return sum(_look(tx, name, cap) for name in capped if name in purses for cap in caps(purses[name]))


def is_full(tx: Transaction, name: str) -> bool:
    """Whether one of the caps of this channel is reached: then what waits does so on purpose."""
    if not any(_mosts(tx.office.channels[name])):
        return False
    return any(cap.level == REACHED for cap in caps(channel_costs.purses(tx)[name]))


def _mosts(channel: Channel) -> tuple[int, int, int]:
    return channel.messages_per_day, channel.rupiah_per_day, channel.rupiah_per_month


def caps(purse: Purse) -> Iterator[Cap]:
    """The caps that this channel has, with what was used of each."""
    if purse.messages_per_day:
        yield Cap("day_messages", purse.messages_today, purse.messages_per_day, 1)
    if purse.rupiah_per_day:
        yield Cap("day_rupiah", purse.today, purse.rupiah_per_day, purse.price)
    if purse.rupiah_per_month:
        yield Cap("month_rupiah", purse.month, purse.rupiah_per_month, purse.price)


def _look(tx: Transaction, name: str, cap: Cap) -> int:
    if cap.level == REACHED:
        _keep_waiting(tx, name)
    figure = vitals.sample(FIGURE, cap=cap.kind, channel=name)
    known = vitals.kept(tx, figure).get(figure, 0)
    period = tx.today.toordinal() if cap.kind.startswith("day") else tx.today.replace(day=1).toordinal()
    told = known % 10 if known // 10 == period else 0
    if cap.level <= told:
        return 0
    vitals.keep(tx, figure, period * 10 + cap.level)
    _tell(tx, name, cap)
    return 1


def _keep_waiting(tx: Transaction, name: str) -> None:
    outbox = tables.outbox
    soon = channel_states.waits(name) & (outbox.c.expires_at < tx.now + KEPT_FOR / 2)
    tx.execute(outbox.update().where(soon).values(expires_at=tx.now + KEPT_FOR))


def _tell(tx: Transaction, name: str, cap: Cap) -> None:
    texts, waiting = tx.office.texts, channel_states.waiting(tx, name)
    words = texts(f"chan.cap.{cap.kind}", n=f"{cap.most:,}".replace(",", "."))
    key = "chan.cap_reached" if cap.level == REACHED else "chan.cap_near"
    said = texts(key, nama=name, batas=words, n=waiting, persen=int(100 * cap.used / cap.most))
    circles.tell(tx, circles.of(tx, TOLD), said, Said(ALERT, direct=False))
    tx.afterwards.append(partial(_log, name, cap))


def _log(name: str, cap: Cap) -> None:
    is_full = cap.level == REACHED
    log.warning(
        "channel_cap_reached" if is_full else "channel_cap_near",
        channel=name,
        cap=cap.kind,
        most=cap.most,
        used=round(cap.used),
    )
