"""Whoever is anonymous may have signed what they wrote: one function covers their name wherever words of theirs are read.

Events are never changed (SECURITY C27): what was written before its reporter turned anonymous is covered when it is shown.
"""

from collections.abc import Callable
from typing import Any

from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.storage.store import Transaction

Cover = Callable[[str], str]


def cover_of(tx: Transaction, complaint: Any) -> Cover:
    """How words of this complaint are shown; `complaint` is its row or its `Case`. The name is read once."""
    name = contacts.name_of(tx, complaint.contact_id) if complaint.anonymous and complaint.contact_id else ""
    return (lambda text: masked_text(text, (name,))) if name else str
