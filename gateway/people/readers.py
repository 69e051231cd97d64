"""Who reads a notice, and by which way: the reporter on the channel they used, the people of an agency on theirs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience, Skip
from gateway.people import contacts, directory
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.storage import tables
from gateway.storage.store import Transaction

NOBODY = Contact(0, "", b"")
# Whom an audience means: the roles, and at which offices when not at the complaint's own.
PEOPLE: Mapping[Audience, tuple[Role, ...]] = {
    Audience.TEAM: (Role.PENGHUBUNG,),
    Audience.OLD_TEAM: (Role.PENGHUBUNG,),
    Audience.DEPUTY: (Role.DEPUTI,),
    Audience.HEAD: (Role.KEPALA,),
    Audience.DUTY: (Role.PENGHUBUNG, Role.ANGGOTA),
    Audience.DUTY_DEPUTY: (Role.DEPUTI,),
    Audience.COORDINATOR: (Role.PENGHUBUNG,),
    Audience.CHANNEL_ADMIN: (Role.PENGHUBUNG,),
    Audience.REGIONAL_HEAD: (Role.KEPALA,),
}
AT: Mapping[Audience, Callable[[Transaction], Sequence[str]]] = {
    Audience.DUTY: directory.duty_agencies,
    Audience.DUTY_DEPUTY: directory.duty_agencies,
    Audience.COORDINATOR: lambda tx: [directory.coordinator_agency(tx)],
    Audience.CHANNEL_ADMIN: lambda tx: [directory.coordinator_agency(tx)],
    Audience.REGIONAL_HEAD: lambda tx: [directory.regional_agency(tx)],
}


@dataclass(frozen=True, slots=True)
class Route:
    """How the reporter is reached, or why not (`skip`). Of OPTED_OUT everything is known all the same."""

    contact: Contact = NOBODY
    channel: str = ""
    sent_from: str = ""
    language: str = "id"
    skip: Skip | None = None


def reporter(tx: Transaction, case: Any) -> Route:
    """The channel and own number that the reporter wrote to; USSD and the form answer by the channel of the address."""
    contact = contacts.by_id(tx, [case.contact_id]).get(case.contact_id) if case.contact_id else None
    if contact is None:
        return Route(skip=Skip.NO_ROUTE)
    used, number = _last_used(tx, case, contact)
    channel = _route_channel(tx, used, contact)
    if not channel:
        return Route(contact, skip=Skip.NO_ROUTE)
    if not contact.is_there(channel):
        return Route(contact, channel, skip=Skip.NO_ROUTE)
    dialogue = tables.dialogue
    talk = tx.one(
        select(dialogue.c.opted_out_at, dialogue.c.language).where(
            dialogue.c.channel == channel, dialogue.c.contact_id == contact.id
        )
    )
    sent_from = number if channel == used else ""
    if talk is None:
        return Route(contact, channel, sent_from)
    out = talk.opted_out_at is not None
    return Route(contact, channel, sent_from, talk.language, Skip.OPTED_OUT if out else None)


def _last_used(tx: Transaction, case: Any, contact: Contact) -> tuple[str, str]:
    """Channel and number of ours that the reporter wrote to last about this complaint."""
    message = tables.message
    mine = (message.c.complaint_id == case.id) & (message.c.contact_id == contact.id)
    row = tx.one(select(message.c.channel, message.c.destination).where(mine).order_by(message.c.id.desc()).limit(1))
    return (row.channel, row.destination) if row else (case.channel, case.destination)


def _route_channel(tx: Transaction, used: str, contact: Contact) -> str:
    if _sends(tx, used):
        return used
    return channel_for(tx, contacts.addresses(tx, {contact.id: contact})[contact.id].scheme, used)


def sends_by(tx: Transaction, used: str, scheme: str) -> str:
    """The channel that answers somebody who wrote by `used` from an address of this scheme; empty where none does."""
    return used if _sends(tx, used) else channel_for(tx, scheme, used)


def _sends(tx: Transaction, name: str) -> bool:
    channel = tx.office.channels.get(name)
    return channel is not None and channel.sender is not None and channel.capabilities.sends


SCHEMES: Mapping[str, tuple[str, ...]] = {
    "tel": ("kannel", "jasmin", "smpp", "gammu", "http_sms"),
    "wa": ("whatsapp",),
    "tg": ("telegram",),
    "mailto": ("email",),
    "x": ("x",),
}


def channel_for(tx: Transaction, scheme: str, used: str = "") -> str:
    """The channel that reaches an address of this scheme; a USSD channel may name its own SMS channel."""
    named = getattr(getattr(tx.office.channels.get(used), "settings", None), "sms_channel", "")
    if scheme == "tel" and named in tx.office.channels:
        return str(named)
    kinds = SCHEMES.get(scheme, ())
    # A channel that cannot hear offers citizens no way to say that they want no more of it.
    hears = (name for name, channel in tx.office.channels.items() if channel.kind in kinds and channel.hears)
    return next(hears, "")


def staff(
    tx: Transaction, audience: Audience, agency: str, *, by_sms: bool = False, ways: Sequence[str] = ()
) -> list[tuple[Member, tuple[str, Contact] | None]]:
    """The people of an audience with the first way that reaches each of them; None on leave or where there is no way.

    `by_sms`: it is worth an SMS to whoever has nothing else. `ways`: words of the agency data that are tried first.
    """
    offices = AT[audience](tx) if audience in AT else [agency or directory.coordinator_agency(tx)]
    members = [one for office in offices for one in directory.team(tx, office, PEOPLE[audience], tx.today)]
    tried = [(member, _ways(tx, member, by_sms=by_sms, first=ways)) for member in members]
    people = contacts.by_id(tx, [contact_id for _, theirs in tried for _, contact_id in theirs])
    return [(one, None if one.on_leave else _first(theirs, people)) for one, theirs in tried]


def next_way(
    tx: Transaction, member: Member, after: str = "", *, by_sms: bool = False, ways: Sequence[str] = ()
) -> tuple[str, Contact] | None:
    """The first way that reaches this member now, of those behind the channel `after`; `ways` as for `staff`."""
    theirs = _ways(tx, member, by_sms=by_sms, first=ways)
    names = [channel for channel, _ in theirs]
    theirs = theirs[names.index(after) + 1 :] if after in names else theirs
    return _first(theirs, contacts.by_id(tx, [contact_id for _, contact_id in theirs]))


def contact(tx: Transaction, identity: int) -> Contact:
    return contacts.by_id(tx, [identity])[identity]


def _ways(tx: Transaction, member: Member, *, by_sms: bool, first: Sequence[str]) -> Sequence[tuple[str, int]]:
    own = (*member.means, *member.costly) if by_sms else member.means
    if not first:
        return own
    # What the office names is worth its price.
    by_word = {directory.word_of(tx.office.channels[way[0]].kind): way for way in (*member.means, *member.costly)}
    named = [by_word[word] for word in first if word in by_word]
    return (*named, *(way for way in own if way not in named))


def _first(ways: Sequence[tuple[str, int]], people: Mapping[int, Contact]) -> tuple[str, Contact] | None:
    known = ((channel, people[contact_id]) for channel, contact_id in ways if contact_id in people)
    return next(((channel, contact) for channel, contact in known if contact.is_there(channel)), None)
