"""Whose event it is: a provider brings what concerns several of our numbers or pages to the address of any one of them.

Channels of one app prove their calls by the same secret, so each may take what another was brought. What is about a number
that is no channel of ours is put aside whole and acknowledged: the provider would repeat it for days (F04).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from channels.messages import Inbound
from channels.registry import Channel
from gateway.intake import quarantine
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.storage.store import Transaction

UNKNOWN = "unknown_number"
Placed = tuple[int, Arrival]
"""An arrival with its place in the batch; of one call there may be several."""


def directed(tx: Transaction, arrivals: Sequence[Arrival]) -> list[Placed]:
    """The arrivals with each event at the channel that it is about, in order."""
    placed: list[Placed] = []
    for position, arrival in enumerate(arrivals):
        if any(event.account for event in arrival.events):
            placed += [(position, one) for one in _by_channel(tx, arrival)]
        else:
            placed.append((position, arrival))
    return placed


def strangers(office: Office, channel: str, events: Sequence[Inbound]) -> set[str]:
    """Accounts among the events that are no channel of ours."""
    known = _known(office, channel)
    return {event.account for event in events if event.account and event.account not in known}


def _by_channel(tx: Transaction, arrival: Arrival) -> list[Arrival]:
    known = _known(tx.office, arrival.channel)
    shares: dict[str, list[Inbound]] = defaultdict(list)
    for event in arrival.events:
        if name := known.get(event.account, "" if event.account else arrival.channel):
            shares[name].append(event)
    if sum(map(len, shares.values())) < len(arrival.events):
        detail = "a number or page that is no channel of ours"
        quarantine.put(tx, arrival.channel, arrival.request, arrival.received_at, UNKNOWN, detail)
    return [replace(arrival, channel=name, events=events) for name, events in shares.items()]


def _known(office: Office, name: str) -> dict[str, str]:
    """Account -> channel, of this one and of those that share its app."""
    asked = office.channels.get(name)
    found = {one.account: one.name for one in office.channels.values() if _shares(one, asked)}
    return found | ({asked.account: name} if asked else {})


def _shares(one: Channel, asked: Channel | None) -> bool:
    return bool(asked and one.account and _apps(one) & _apps(asked))


def _apps(channel: Channel) -> set[str]:
    """While the secret of an app is changed, its channels take up the new one one after the other."""
    return {each.app for each in (channel, channel.former) if each is not None and each.app}
