"""Addresses of ours that say which message of ours a mail is about: `reply+<id>.<proof>@`, `bounce+<id>@`.

The proof makes a reply address one that only its receiver knows. Written in small letters: some servers change them.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from config.settings import Secret

OUR_ID = re.compile(r"ob_[A-Za-z0-9]{1,40}")
PROOF_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Boxes:
    """`own` is the address that people write to; `reply` and `bounce` are the boxes before the plus, at its domain."""

    own: str
    reply: str
    bounce: str
    key: Secret

    @property
    def domain(self) -> str:
        return self.own.rpartition("@")[2].lower()

    def reply_address(self, message_id: str) -> str:
        return f"{self.reply}+{message_id.lower()}.{self._proof(message_id)}@{self.domain}"

    def bounce_address(self, message_id: str) -> str:
        return f"{self.bounce}+{message_id.lower()}@{self.domain}"

    def replied(self, address: str) -> str:
        """The message of ours whose reply address this is; empty for every other address."""
        message_id, _, proof = self._detail(address, self.reply).partition(".")
        named = canonical(message_id)
        return named if named and hmac.compare_digest(proof.encode(), self._proof(named).encode()) else ""

    def bounced(self, address: str) -> str:
        """The message of ours that came back to this address; empty for every other address."""
        return canonical(self._detail(address, self.bounce))

    def unit(self, address: str) -> str:
        """`aduan+dishub@…` -> `DISHUB`: the unit whose address it is."""
        found = self._detail(address, self.own.rpartition("@")[0])
        return found.upper() if re.fullmatch(r"[a-z0-9-]{2,40}", found) else ""

    def is_ours(self, address: str) -> bool:
        """Whether mail from this address is our own."""
        local, _, domain = address.lower().rpartition("@")
        names = {self.own.lower().rpartition("@")[0], self.reply.lower(), self.bounce.lower()}
        return domain == self.domain and local.partition("+")[0] in names

    def is_written_to(self, address: str) -> bool:
        """Whether it is the address that people write to, with or without a unit."""
        local, _, domain = address.lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" == self.own.lower()

    def _detail(self, address: str, box: str) -> str:
        local, _, domain = address.lower().rpartition("@")
        name, _, detail = local.partition("+")
        return detail if domain == self.domain and name == box.lower() else ""

    def _proof(self, message_id: str) -> str:
        said = f"reply|{message_id.lower()}".encode()
        digest = hmac.new(self.key.reveal().encode(), said, hashlib.sha256).digest()
        return base64.b32encode(digest).decode().lower()[:PROOF_CHARACTERS]


def canonical(message_id: str) -> str:
    """Our id as the gateway writes it; empty for what is none."""
    found = OUR_ID.fullmatch(message_id)
    return f"ob_{message_id[3:].upper()}" if found else ""
