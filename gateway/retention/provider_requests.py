"""A provider tells that somebody wants their data deleted: a request like one of HAPUS DATA, decided by the privacy officer."""

from channels.messages import Address
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.people import contacts
from gateway.record import tasks
from gateway.retention import privacy_requests
from gateway.retention.privacy_requests import TASKS, Kind
from gateway.storage.store import Transaction

CODE_CHARACTERS = 16


def note_deletion(tx: Transaction, channel: str, address: Address) -> str:
    """Note it once while it waits; the code by which the provider shows it, the same each time.

    The provider may name somebody by another number than in their messages: then the request shows no reports, and the
    privacy officer finds that there is nothing to erase.
    """
    contact = contacts.ensure(tx, [address])[address]
    contacts.lock_all(tx, [contact.id])
    language = tx.office.settings.government.language
    if privacy_requests.note(tx, contact, channel, language, Kind.ERASE):
        tasks.add(tx, TASKS[Kind.ERASE], f"contact:{contact.id}")
        details = {"kind": Kind.ERASE.value}
        audit.record(tx, SYSTEM, "request_noted", "contact", str(contact.id), details=details)
    return tx.office.keys.token_hash(f"deletion:{contact.address_hash}")[:CODE_CHARACTERS].upper()
