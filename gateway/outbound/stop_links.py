"""The link under which a mail program says that no more reminders are wanted, without signing in (RFC 8058).

It names channel and contact and proves by our key that we wrote it. It gives nothing but silence: who has it can stop messages to
this address, not read or change anything.
"""

import hmac

from gateway.sealing import Keys
from gateway.storage.types import id_number, id_text

PATH = "/berhenti"
MAC_CHARACTERS = 32
REMINDERS = frozenset({"st.remind"})
"""What a citizen may do without; everything else is the answer to what they asked for."""


def path_of(keys: Keys, channel: str, contact_id: int) -> str:
    return f"{PATH}/{channel}.{id_text(contact_id)}.{_mac(keys, channel, contact_id)}"


def read(keys: Keys, token: str) -> tuple[str, int] | None:
    """Channel and contact; None for what is not ours."""
    channel, _, rest = token.partition(".")
    person, _, mac = rest.partition(".")
    contact_id = id_number(person)
    if contact_id is None or not mac.isascii() or not hmac.compare_digest(mac, _mac(keys, channel, contact_id)):
        return None
    return channel, contact_id


def _mac(keys: Keys, channel: str, contact_id: int) -> str:
    return keys.token_hash(f"stop|{channel}|{contact_id}")[:MAC_CHARACTERS]
