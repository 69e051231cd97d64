"""Who cannot be written to any more, as providers tell it: at once, or in a report that comes later.

Telegram says so of its own accounts. WhatsApp says it of a number that SMS may reach all the same: that channel alone is
marked. Whoever writes again is there. Source: docs/channels/README.md § 4.
"""

from sqlalchemy import select

from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Transaction

NOT_REACHED = "unreachable"
"""Meta: not there, gone, or blocked us; it does not say which."""
REASONS = frozenset({"blocked", "deactivated", "never_started", "kicked", "chat_not_found", "dead_number", NOT_REACHED})
SHARED = "tel"
"""Addresses of this scheme are those of several providers."""


def note(tx: Transaction, channel: str, contact_id: int, reason: str) -> None:
    """Remember it where the reason says so."""
    if reason not in REASONS:
        return
    contact = tables.contact
    row = tx.one(select(contact.c.scheme).where(contact.c.id == contact_id))
    is_shared = row is not None and row.scheme == SHARED and reason == NOT_REACHED
    contacts.mark_unreachable(tx, contact_id, reason, channel if is_shared else "")
