"""Which channels do otherwise than a minute ago, told to the addresses that want to know (docs/webhooks.md)."""

from gateway.hooks import events
from gateway.operations import vitals
from gateway.queries import channel_watch
from gateway.queries.channel_watch import ChannelState
from gateway.storage.store import Transaction

FIGURE = "channel_state_told"
STATES = list(ChannelState)


def tell(tx: Transaction) -> int:
    """Compare with what was told last; how many changed. Where nobody wants to know, nothing is read."""
    if not events.is_wanted(tx, events.CHANNEL):
        return 0
    channels = {vitals.sample(FIGURE, channel=channel.name): channel for channel in channel_watch.watch(tx)}
    known = vitals.kept(tx, *channels)
    changed = 0
    for name, channel in channels.items():
        state = STATES.index(channel.state)
        if known.get(name) == state:
            continue
        vitals.keep(tx, name, state)
        if name in known:  # what is seen for the first time has not changed
            events.channel_changed(tx, channel.name, STATES[known[name]].value, channel.state.value)
            changed += 1
    return changed
