"""How we keep WhatsApp's names of messages: a `wamid` holds the telephone number of its person, readable by anybody."""

import hashlib

KEPT = 40


def name_of(wamid: str) -> str:
    """The same name without the number in it; empty for none."""
    return hashlib.sha256(wamid.encode("utf-8", "replace")).hexdigest()[:KEPT] if wamid else ""
