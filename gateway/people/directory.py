"""Agencies, their teams and people: who is responsible at this moment, and how they are reached."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select

from channels.messages import Address
from channels.phone import phone_address
from config.reference import Agency, TeamMember
from gateway.complaints.complaint import Actor, Role
from gateway.office import Office
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Transaction

# How a word of `notify` in the agency data reaches somebody: kinds of channel in order, and the contact they need.
MEANS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "telegram": (("telegram",), "telegram_id"),
    "sms": (("kannel", "jasmin", "smpp", "gammu", "http_sms"), "phone_id"),
    "whatsapp": (("whatsapp",), "phone_id"),
    "email": (("email",), "email_id"),
}
DEFAULT_ORDER = ("telegram", "whatsapp", "email", "sms")
FILE = "file"
"""Source of members that the agency data names."""
KEPT_AFTER_END = timedelta(days=5 * 365)
"""How long it is known who held a mandate that is over (SECURITY § 5)."""
FROM_FILE = (
    "notify", "telegram_id", "phone_id", "email_id", "valid_from", "valid_to", "sk_no", "sk_date", "ended_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team. `means` are the ways to reach them, first choice first: (channel name, contact id)."""

    id: int
    agency: str
    role: Role
    person: str
    means: tuple[tuple[str, int], ...] = ()
    costly: tuple[tuple[str, int], ...] = ()
    """SMS, where they did not ask for it: only for what is worth its price, to whoever has nothing else."""
    on_leave: bool = False
    """Today: they are not told, the next one of the ladder is."""

    @property
    def actor(self) -> Actor:
        return Actor(self.role, str(self.id), self.agency, self.person)


def load(tx: Transaction) -> dict[str, int]:
    """Bring the agency data of the settings into the tables; what a person entered stays. Counts of what is there."""
    agencies = list(tx.office.reference.agencies.values())
    changed = [column.name for column in tables.agency.columns if column.name != "code"]
    tx.upsert(tables.agency, [_agency_row(agency, at) for at, agency in enumerate(agencies)], changed)
    # Whose mandate was over for so long is not named anew, however long the file goes on naming them.
    forgotten = tx.today - KEPT_AFTER_END
    members = [
        (agency, member)
        for agency in agencies
        for member in agency.team
        if (member.valid_to or agency.valid_to or tx.today) > forgotten
    ]
    ids = _member_contacts(tx, [member for _, member in members])
    rows = [_member_row(tx, agency, member, ids) for agency, member in members]
    key = ("agency", "role", "person")
    tx.insert_new(tables.agency_member, rows, "id", key)
    tx.update(tables.agency_member, rows, key, FROM_FILE)
    _end_missing(tx, {tuple(row[name] for name in key) for row in rows})
    return {"agencies": len(agencies), "members": len(members)}


def _end_missing(tx: Transaction, named: Collection[tuple[Any, ...]]) -> None:
    """Whoever the agency data does not name any more has no mandate any more."""
    table = tables.agency_member
    in_office = (table.c.source == FILE) & table.c.ended_at.is_(None)
    for row in tx.all(select(table.c.id, table.c.agency, table.c.role, table.c.person).where(in_office)):
        if (row.agency, row.role, row.person) not in named:
            tx.execute(table.update().where(table.c.id == row.id).values(ended_at=tx.now))


def _agency_row(agency: Agency, position: int) -> dict[str, Any]:
    return {
        "code": agency.code,
        "name": agency.name,
        "kind": agency.kind,
        "parent": agency.parent,
        "accepts": agency.accepts,
        "topics": list(agency.topics),
        "keywords": list(agency.keywords),
        "areas": list(agency.areas),
        "sp4n_institution_id": agency.sp4n_institution_id,
        "zone": agency.timezone,
        "decree": agency.decree,
        "valid_from": agency.valid_from,
        "valid_to": agency.valid_to,
        "answer_approval": agency.answer_approval,
        "position": position,
    }


def _addresses(member: TeamMember) -> dict[str, Address]:
    found = {}
    if member.telegram:
        found["telegram_id"] = Address("tg", member.telegram)
    if member.phone:
        found["phone_id"] = phone_address(member.phone)[0]
    if member.email:
        found["email_id"] = Address("mailto", member.email.lower())
    return found


def _member_contacts(tx: Transaction, members: Sequence[TeamMember]) -> dict[Address, int]:
    known = contacts.ensure(tx, [address for member in members for address in _addresses(member).values()], staff=True)
    contact = tables.contact
    for one in known.values():
        # Somebody may have written as a citizen before they joined a team.
        if not one.staff:
            tx.execute(contact.update().where(contact.c.id == one.id).values(staff=True))
    return {address: one.id for address, one in known.items()}


def _member_row(tx: Transaction, agency: Agency, member: TeamMember, ids: Mapping[Address, int]) -> dict[str, Any]:
    reach = {column: ids[address] for column, address in _addresses(member).items()}
    return {
        "id": tx.new_id(),
        "agency": agency.code,
        "role": member.role,
        "person": member.person,
        "notify": list(member.notify),
        "telegram_id": None,
        "phone_id": None,
        "email_id": None,
        "valid_from": member.valid_from or agency.valid_from,
        "valid_to": member.valid_to or agency.valid_to,
        "sk_no": member.sk_number or agency.decree,
        "sk_date": member.sk_date,
        "ended_at": None,
        **reach,
    }


def in_office(on: date) -> ColumnElement[bool]:
    """Whose mandate lasts on this day: neither over, nor still to begin, nor ended by hand."""
    return _lasts(tables.agency_member, on) & tables.agency_member.c.ended_at.is_(None)


def _lasts(table: Table, on: date) -> ColumnElement[bool]:
    """Its decree is neither over nor still to begin."""
    begun = or_(table.c.valid_from.is_(None), table.c.valid_from <= on)
    return begun & or_(table.c.valid_to.is_(None), table.c.valid_to >= on)


def team(tx: Transaction, agency: str, roles: Sequence[Role], on: date) -> list[Member]:
    """The people of an agency who hold one of these roles on this day."""
    table = tables.agency_member
    named = [role.value for role in roles]
    theirs = (table.c.agency == agency) & table.c.role.in_(named)
    found = tx.all(select(table).where(theirs, in_office(on)).order_by(table.c.id))
    away = on_leave(tx, [row.id for row in found], on)
    return [member_of_row(tx, row, row.id in away) for row in found]


def on_leave(tx: Transaction, members: Collection[int], on: date) -> frozenset[int]:
    """Who of these is on leave on this day."""
    leave = tables.member_leave
    away = (leave.c.day_from <= on) & (leave.c.day_to >= on) & leave.c.removed_at.is_(None)
    if not members:
        return frozenset()
    return frozenset(
        row.member_id for row in tx.all(select(leave.c.member_id).where(leave.c.member_id.in_(members), away))
    )


def member(tx: Transaction, identity: int) -> Member | None:
    """None for somebody whose mandate is over."""
    table = tables.agency_member
    row = tx.one(select(table).where(table.c.id == identity, in_office(tx.today)))
    return member_of_row(tx, row) if row else None


def members_of(tx: Transaction, contact_id: int) -> list[Member]:
    """The mandates that whoever writes from this address holds today."""
    table = tables.agency_member
    theirs = or_(table.c.telegram_id == contact_id, table.c.phone_id == contact_id, table.c.email_id == contact_id)
    return [member_of_row(tx, row) for row in tx.all(select(table).where(theirs, in_office(tx.today)))]


def member_of_row(tx: Transaction, row: Any, is_away: bool = False) -> Member:
    """A row of `agency_member` with the ways to reach them."""
    order = list(dict.fromkeys([*row.notify, *DEFAULT_ORDER]))
    means: list[tuple[str, int]] = []
    costly: list[tuple[str, int]] = []
    for word in order:
        kinds, column = MEANS.get(word, ((), ""))
        contact_id = getattr(row, column, None) if column else None
        channel = staff_channel(tx, kinds)
        if contact_id and channel:
            (means if word in row.notify or word != "sms" else costly).append((channel, contact_id))
    return Member(row.id, row.agency, Role(row.role), row.person, tuple(means), tuple(costly), is_away)


def word_of(kind: str) -> str:
    """What the agency data call a kind of channel; empty for one that carries no notices to officers."""
    return next((word for word, (kinds, _) in MEANS.items() if kind in kinds), "")


def staff_channel(tx: Transaction, kinds: Sequence[str]) -> str:
    """The channel that carries notices to officers: a named one of the settings, else the first of its kind."""
    channels, chosen = tx.office.channels, tx.office.settings.notices.staff_channels
    fitting = [name for name, channel in channels.items() if channel.kind in kinds and channel.capabilities.staff]
    return next((name for name in fitting if name in chosen), fitting[0] if fitting else "")


def agency_names(tx: Transaction) -> dict[str, str]:
    table = tables.agency
    return {row.code: row.name for row in tx.all(select(table.c.code, table.c.name))}


def stands(on: date) -> ColumnElement[bool]:
    """The agencies that exist on this day, by their decree."""
    return _lasts(tables.agency, on)


def accepting(tx: Transaction) -> list[tuple[str, str]]:
    """(code, name) of the agencies that complaints can be given to, in the order of the data."""
    table = tables.agency
    takes = table.c.accepts.is_(True) & stands(tx.today)
    found = select(table.c.code, table.c.name).where(takes).order_by(table.c.position)
    return [(row.code, row.name) for row in tx.all(found)]


def regional_agency(tx: Transaction) -> str:
    """The office whose head reads for the head of the region: the regional secretary's; empty where there is none."""
    agencies = tx.office.reference.agencies.values()
    return next((agency.code for agency in agencies if agency.kind == "setda"), "")


def duty_agencies(tx: Transaction) -> Sequence[str]:
    """The offices that are told of danger at any hour."""
    return tx.office.reference.tree.duty


def coordinator_agency(tx: Transaction) -> str:
    return tx.office.reference.coordinator


def subtree(office: Office, agency: str) -> frozenset[str]:
    """An agency and everything below it."""
    tree, found, waiting = office.reference.tree, set[str](), [agency]
    while waiting:
        code = waiting.pop()
        if code and code not in found:
            found.add(code)
            waiting += [child.code for child in tree.children(code)]
    return frozenset(found)
