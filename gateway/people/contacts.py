"""The identity vault: addresses in, contacts out. Stored encrypted, found by a keyed hash (SECURITY C1, C2).

A contact is one reachable person, citizen or officer: 0812…, 62812… and +62812… are one. Every contact has a data key
of its own, wrapped by the vault key; destroying it makes everything sealed with it unreadable.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from channels.messages import Address, ContactEvent
from gateway.sealing import Keys, open_seal, seal, seal_packed
from gateway.storage import tables
from gateway.storage.store import Transaction

NO_NAMES: Mapping[Address, str] = MappingProxyType({})
COLUMNS = "id, address_hash, key_wrapped, staff, reachable, unreachable_by"
"""What a contact is made of."""
KNOWN = f"SELECT {COLUMNS} FROM contact WHERE id IN {{ids}}"  # noqa: S608 - constants
REACHED = f"SELECT {COLUMNS}, address_sealed FROM contact WHERE id IN {{ids}}"  # noqa: S608
NAMES = "SELECT id, name_sealed FROM contact WHERE id IN {ids} AND name_sealed IS NOT NULL"
FURTHER = frozenset({"wa"})
"""Schemes of addresses that may stand beside somebody's first one."""
FIND_FURTHER = (
    "SELECT f.address_hash AS asked, c.id, c.address_hash, c.key_wrapped, c.staff, c.reachable, c.unreachable_by"
    " FROM further_address f"
    " JOIN contact c ON c.id = f.contact_id WHERE f.address_hash IN {ids}"
)
FIND = f"SELECT {COLUMNS} FROM contact WHERE address_hash IN {{ids}}"  # noqa: S608


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    id: int
    address_hash: str
    key: bytes
    staff: bool = False
    reachable: bool = True
    is_new: bool = False
    unreachable_by: str = ""

    def is_there(self, channel: str) -> bool:
        """Whether there is any use in writing to them by this channel, as far as is known."""
        return self.reachable and self.unreachable_by != channel

    def seal(self, text: str | bytes, where: str) -> bytes:
        """Encrypt for this contact; `where` names row and field."""
        return seal(self.key, text, f"{self.id}:{where}")

    def seal_packed(self, content: bytes, where: str) -> bytes:
        """The same in less space, at the cost of time."""
        return seal_packed(self.key, content, f"{self.id}:{where}")

    def open(self, sealed: bytes, where: str) -> str:
        return self.open_bytes(sealed, where).decode()

    def open_bytes(self, sealed: bytes, where: str) -> bytes:
        return open_seal(self.key, sealed, f"{self.id}:{where}")


def ensure(
    tx: Transaction, addresses: Iterable[Address], names: Mapping[Address, str] = NO_NAMES, *, staff: bool = False
) -> dict[Address, Contact]:
    """The contacts of these addresses; new ones are made, with the name that their channel shows. Their rows are locked until the end of the transaction,
    so that the messages of one sender are carried out one after the other, whichever process took them."""
    hashes = {address: tx.office.keys.fingerprint(address.reveal()) for address in dict.fromkeys(addresses)}
    known = _known(tx, hashes)
    # In one order everywhere: two processes with the same new senders must not wait for each other.
    missing = sorted((one for one, digest in hashes.items() if digest not in known), key=lambda one: hashes[one])
    if missing:
        made = {
            hashes[address]: _new(tx, address, hashes[address], names.get(address, ""), staff=staff)
            for address in missing
        }
        new = [row for row, _ in made.values()]
        inserted = tx.insert_new(tables.contact, new, "address_hash", key=("address_hash",))
        known |= {digest: contact for digest, (_, contact) in made.items() if digest in inserted}
        # Another process was faster with the same sender: its contact counts.
        known |= _find(tx, [digest for digest in made if digest not in inserted])
    return {address: known[digest] for address, digest in hashes.items()}


def _known(tx: Transaction, hashes: Mapping[Address, str]) -> dict[str, Contact]:
    """Hash -> contact of those addresses that are somebody's, first or further ones."""
    known = _find(tx, hashes.values())
    others = [digest for address, digest in hashes.items() if address.scheme in FURTHER and digest not in known]
    if not others:
        return known
    lock = "" if tx.dialect == "sqlite" else " ORDER BY c.address_hash FOR UPDATE OF c"
    found = tx.in_ids(FIND_FURTHER + lock, others, "text")
    return known | {row.asked: _contact(tx.office.keys, row) for row in found}


def _find(tx: Transaction, hashes: Iterable[str]) -> dict[str, Contact]:
    wanted = list(hashes)
    if not wanted:
        return {}
    lock = "" if tx.dialect == "sqlite" else " ORDER BY address_hash FOR UPDATE"
    found = tx.in_ids(FIND + lock, wanted, "text")
    return {row.address_hash: _contact(tx.office.keys, row) for row in found}


def _contact(keys: Keys, row: Any) -> Contact:
    key = _unwrap(keys, row.id, bytes(row.key_wrapped))
    return Contact(
        row.id, row.address_hash, key, bool(row.staff), bool(row.reachable), unreachable_by=row.unreachable_by
    )


def _new(
    tx: Transaction, address: Address, digest: str, name: str, *, staff: bool
) -> tuple[Mapping[str, object], Contact]:
    identity, key = tx.new_id(), os.urandom(32)
    contact = Contact(identity, digest, key, staff, is_new=True)
    row = {
        "id": identity,
        "address_hash": digest,
        "scheme": address.scheme,
        "key_wrapped": seal(tx.office.keys.vault, key, f"contact:{identity}"),
        "address_sealed": contact.seal(address.reveal(), "address"),
        "name_sealed": contact.seal(name, "name") if name else None,
        "staff": staff,
        "created_at": tx.now,
    }
    return row, contact


@lru_cache(maxsize=8192)
def _unwrap(keys: Keys, identity: int, wrapped: bytes) -> bytes:
    return open_seal(keys.vault, wrapped, f"contact:{identity}")


def lock_all(tx: Transaction, contact_ids: Iterable[int]) -> None:
    """Wait for whoever is carrying out messages of these senders; SQLite has one writer anyway.

    In the order in which the senders of a batch are locked: nobody waits in a circle.
    """
    if tx.dialect != "sqlite":
        tx.in_ids("SELECT id FROM contact WHERE id IN {ids} ORDER BY address_hash FOR UPDATE", contact_ids)


def lock_if_free(tx: Transaction, contact_id: int) -> bool:
    """`lock_all` for one, without waiting: False while somebody else carries out a message of this sender."""
    contact = tables.contact
    mine = select(contact.c.id).where(contact.c.id == contact_id)
    return tx.one(mine.with_for_update(skip_locked=True)) is not None


def by_id(tx: Transaction, ids: Iterable[int]) -> dict[int, Contact]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    return {row.id: _contact(tx.office.keys, row) for row in tx.in_ids(KNOWN, wanted)}


def reached(tx: Transaction, ids: Iterable[int]) -> dict[int, tuple[Contact, Address]]:
    """The same with their addresses in clear, for sending only."""
    wanted = list(dict.fromkeys(ids))
    people = {}
    for row in tx.in_ids(REACHED, wanted) if wanted else ():
        contact = _contact(tx.office.keys, row)
        people[contact.id] = contact, Address.read(contact.open(bytes(row.address_sealed), "address"))
    return people


def addresses(tx: Transaction, contacts: Mapping[int, Contact]) -> dict[int, Address]:
    """The addresses in clear, for sending only."""
    if not contacts:
        return {}
    found = tx.in_ids("SELECT id, address_sealed FROM contact WHERE id IN {ids}", contacts)
    return {row.id: Address.read(contacts[row.id].open(bytes(row.address_sealed), "address")) for row in found}


def mark_unreachable(tx: Transaction, contact_id: int, reason: str, channel: str = "") -> None:
    """Blocked, deactivated, dead number: shown to officers, no other channel is guessed for citizens (CASEWORK 10).

    `channel`: it alone says so, and knows nothing of others that reach the same address.
    """
    contact = tables.contact
    values: dict[str, object] = {"unreachable_by": channel} if channel else {"reachable": False}
    mine = contact.c.id == contact_id
    tx.execute(contact.update().where(mine).values(unreachable_reason=reason, **values))


def mark_reachable(tx: Transaction, contact_id: int) -> None:
    contact = tables.contact
    tx.execute(
        contact.update()
        .where(contact.c.id == contact_id)
        .values(reachable=True, unreachable_reason="", unreachable_by="")
    )


def destroy(tx: Transaction, contact_id: int) -> None:
    """The key goes, and with it what was sealed with it, here and in what is still kept elsewhere (SECURITY C1)."""
    contact, further, heard = tables.contact, tables.further_address, tables.heard
    tx.execute(further.delete().where(further.c.contact_id == contact_id))
    tx.execute(heard.delete().where(heard.c.channel.in_(list(tx.office.channels)), heard.c.contact_id == contact_id))
    tx.execute(contact.delete().where(contact.c.id == contact_id))


def name_of(tx: Transaction, contact_id: int) -> str:
    """The name that somebody gave, in clear; empty when none. Callers pass it on through `privacy` only."""
    contact = tables.contact
    row = tx.one(select(contact.c.name_sealed).where(contact.c.id == contact_id))
    if row is None or row.name_sealed is None:
        return ""
    return by_id(tx, [contact_id])[contact_id].open(bytes(row.name_sealed), "name")


def names_of(tx: Transaction, contact_ids: Iterable[int]) -> list[str]:
    """The names that those of them who gave one gave, in clear; as for `name_of`."""
    return list(named(tx, contact_ids).values())


def named(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """The names in clear of those of them who gave one; as for `name_of`."""
    sealed = {row.id: row.name_sealed for row in tx.in_ids(NAMES, set(ids))}
    people = by_id(tx, list(sealed))
    return {identity: people[identity].open(bytes(name), "name") for identity, name in sealed.items()}


def set_name(tx: Transaction, contact: Contact, name: str) -> None:
    table = tables.contact
    tx.execute(table.update().where(table.c.id == contact.id).values(name_sealed=contact.seal(name, "name")))


def masked(address: Address) -> str:
    """How staff see an address: `+62 812-****-0001`; anything but a number only by its kind."""
    if address.scheme != "tel" or not address.path.startswith("+"):
        return f"{address.scheme}:****"
    return f"{address.path[:3]} {address.path[3:6]}-****-{address.path[-4:]}"


def move(tx: Transaction, contact_id: int, new_address: Address) -> None:
    """The provider gave somebody a new address (a group became a supergroup)."""
    contact = tables.contact
    mine = by_id(tx, [contact_id])[contact_id]
    digest = tx.office.keys.fingerprint(new_address.reveal())
    values: dict[str, object] = {
        "address_sealed": mine.seal(new_address.reveal(), "address"),
        "scheme": new_address.scheme,
        "unreachable_by": "",
    }
    # Where the new address wrote to us already it is a contact of its own; what waits for the old one goes there too.
    if not tx.in_ids("SELECT id FROM contact WHERE address_hash IN {ids}", [digest], "text"):
        values["address_hash"] = digest
    tx.execute(contact.update().where(contact.c.id == contact_id).values(**values))


def take_event(tx: Transaction, event: ContactEvent) -> None:
    """Somebody blocked us, came back, or moved to another address."""
    found = _known(tx, {event.address: tx.office.keys.fingerprint(event.address.reveal())})
    for contact in found.values():
        match event.event:
            case "blocked":
                mark_unreachable(tx, contact.id, "blocked")
            case "unblocked":
                mark_reachable(tx, contact.id)
            case "moved" if event.new_address:
                move(tx, contact.id, event.new_address)
