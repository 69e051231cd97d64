"""Further addresses of one person: the id that an app gives them beside their telephone number.

Whoever is reached by either is one contact. The number is the first address as soon as it is known: other channels know it, too.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from channels.messages import Address
from gateway.people import contacts
from gateway.people.contacts import Contact
from gateway.storage import tables
from gateway.storage.store import Transaction

KNOWN = "SELECT address_hash FROM further_address WHERE address_hash IN {ids}"


def link(tx: Transaction, pairs: Mapping[Address, Address]) -> None:
    """First address -> the further one that was named with it. What is linked already costs one read for all."""
    if not pairs:
        return
    known = {row.address_hash for row in tx.in_ids(KNOWN, [_hash(tx, one) for one in pairs.values()], "text")}
    new = [(first, further) for first, further in pairs.items() if _hash(tx, further) not in known]
    for first, further in sorted(new, key=lambda pair: _hash(tx, pair[0])):
        _link(tx, first, further)


def of(tx: Transaction, contact: Contact) -> list[Address]:
    """All of this person, in clear."""
    table = tables.further_address
    mine = select(table.c.address_sealed).where(table.c.contact_id == contact.id).order_by(table.c.created_at)
    return [Address.read(contact.open(bytes(row.address_sealed), "further_address")) for row in tx.all(mine)]


def other(tx: Transaction, contact_id: int, scheme: str) -> Address | None:
    """An address of this scheme beside the first one of this person."""
    contact = contacts.by_id(tx, [contact_id])[contact_id]
    return next((one for one in of(tx, contact) if one.scheme == scheme), None)


def _link(tx: Transaction, first: Address, further: Address) -> None:
    table = tables.contact
    hashes = [_hash(tx, first), _hash(tx, further)]
    rows: dict[str, Any] = {
        row.address_hash: row
        for row in tx.all(select(table.c.id, table.c.address_hash).where(table.c.address_hash.in_(hashes)))
    }
    first_known, further_known = (rows.get(digest) for digest in hashes)
    if further_known is not None and first_known is None:
        # Until now only the id was known: the same person goes on, with the number in front.
        contacts.move(tx, further_known.id, first)
    contact = contacts.ensure(tx, [first])[first]
    _keep(tx, contact, further)
    if further_known is not None and first_known is not None:
        # Two until today. What each of them reported stays theirs; how else to reach them is known now.
        _keep(tx, contacts.by_id(tx, [further_known.id])[further_known.id], first)


def _keep(tx: Transaction, contact: Contact, further: Address) -> None:
    row = {
        "address_hash": _hash(tx, further),
        "contact_id": contact.id,
        "scheme": further.scheme,
        "address_sealed": contact.seal(further.reveal(), "further_address"),
        "created_at": tx.now,
    }
    tx.insert_new(tables.further_address, [row], "address_hash", key=("address_hash",))


def _hash(tx: Transaction, address: Address) -> str:
    return tx.office.keys.fingerprint(address.reveal())
