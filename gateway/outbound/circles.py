"""One message to everybody of some circles of staff: whoever can be reached, each once, however many offices they hold."""

from collections.abc import Collection, Iterable, Sequence

from gateway.complaints.notices import Audience
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import readers
from gateway.people.contacts import Contact
from gateway.storage.store import Transaction

Way = tuple[str, Contact]
"""The channel by which somebody is reached, and who they are."""


def of(tx: Transaction, audiences: Iterable[Audience], agency: str = "") -> Sequence[Way]:
    """Whoever of these circles can be reached. `agency`: whose, where a circle is that of any agency."""
    people = [person for audience in audiences for person in readers.staff(tx, audience, agency)]
    ways = {(means[0], means[1].id): means for _, means in people if means is not None}
    return list(ways.values())


def tell(tx: Transaction, circle: Collection[Way], text: str, said: Said) -> int:
    """Write this text to each of them; how many messages that were."""
    for channel, contact in circle:
        outbound.say(tx, contact, channel, [(text, ())], said)
    return len(circle)
