"""Who wants no more messages, or wants them again, on a citizen's word to a person: as if they had written BERHENTI or MULAI."""

from gateway.audit import audit
from gateway.complaints.complaint import Actor, Role
from gateway.outbound import channel_states, outbound, stop_links
from gateway.outbound.channel_states import ChannelRefused
from gateway.people import contacts, dialogues
from gateway.people.contacts import Contact
from gateway.queries import opt_outs
from gateway.storage.store import Transaction


def decide(tx: Transaction, name: str, typed: str, reason: str, actor: Actor, *, out: bool) -> int:
    """Remember it for this address on this channel; how many waiting messages are not sent because of it.

    ChannelRefused: no such channel or address, no reason, or it is so already.
    """
    channel = channel_states.channel_of(tx, name)
    if not channel.capabilities.sends:
        raise ChannelRefused("does_not_send")
    address = channel_states.address_of(channel, typed)
    reason = channel_states.reason_of(reason)
    contact = contacts.ensure(tx, [address])[address]
    tx.flush()
    if (opt_outs.since(tx, name, contact.id) is not None) is out:
        raise ChannelRefused("out_already" if out else "in_already")
    return _noted(tx, name, contact, reason, actor, out=out)


def follow(tx: Transaction, token: str) -> bool:
    """As if BERHENTI had come from the address to which we wrote this link; False for a link that is not ours.

    Twice does no harm.
    """
    link = stop_links.read(tx.office.keys, token)
    if link is None or link[0] not in tx.office.channels:
        return False
    name, contact_id = link
    contact = contacts.by_id(tx, [contact_id]).get(contact_id)
    if contact is None:
        return False
    if opt_outs.since(tx, name, contact_id) is None:
        _noted(tx, name, contact, "one_click", Actor(Role.REPORTER, str(contact_id)), out=True)
    return True


def _noted(tx: Transaction, name: str, contact: Contact, reason: str, actor: Actor, *, out: bool) -> int:
    dialogues.opt(tx, name, contact, out)
    kept_back = outbound.suppress(tx, name, contact.id) if out else 0
    # Whom it concerns is not in the record: it names no number (SECURITY § 7), the contact is enough to find it.
    details = {"contact": str(contact.id), "messages": kept_back}
    audit.record(tx, actor, "opted_out" if out else "opted_in", "channel", name, reason, details)
    tx.tell(kind="channel", channel=name)
    return kept_back
