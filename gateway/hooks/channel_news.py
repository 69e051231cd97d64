"""Which channels do otherwise than a minute ago, told to the addresses that want to know (docs/webhooks.md)."""

from sqlalchemy import select

from gateway.hooks import events
from gateway.operations import vitals
from gateway.queries import channel_watch
from gateway.queries.channel_watch import ChannelState
from gateway.storage import tables
from gateway.storage.store import Transaction

FIGURE = "channel_state_told"
STATES = list(ChannelState)


def tell(tx: Transaction) -> int:
    """Compare with what was told last; how many changed. Where nobody wants to know, nothing is read."""
    if not events.is_wanted(tx, events.CHANNEL):
        return 0
    figure = tables.figure
    known = {row.name: row.value for row in tx.all(select(figure).where(figure.c.name.startswith(f"{FIGURE}|")))}
    changed = 0
    for channel in channel_watch.watch(tx):
        name, state = vitals.sample(FIGURE, channel=channel.name), STATES.index(channel.state)
        if known.get(name) == state:
            continue
        vitals.keep(tx, name, state)
        if name in known:  # what is seen for the first time has not changed
            events.channel_changed(tx, channel.name, STATES[known[name]].value, channel.state.value)
            changed += 1
    return changed
