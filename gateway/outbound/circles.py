"""One message to everybody of some circles of staff: whoever can be reached, each once, however many offices they hold."""

from collections.abc import Iterable

from gateway.complaints.notices import Audience
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import readers
from gateway.storage.store import Transaction


def tell(tx: Transaction, audiences: Iterable[Audience], text: str, said: Said) -> int:
    """Write this text to each of them; how many messages that were."""
    every = [means for audience in audiences for _, means in readers.staff(tx, audience, "") if means is not None]
    ways = {(channel, contact.id): (channel, contact) for channel, contact in every}
    for channel, contact in ways.values():
        outbound.say(tx, contact, channel, [(text, ())], said)
    return len(ways)
