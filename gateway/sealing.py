"""Keys and seals: what is encrypted at rest, and the keyed hashes by which it is found again (SECURITY C1, C2, § 11).

All keys come from `storage.identity_key` by HKDF with a label each. A seal is AES-256-GCM with a fresh nonce, bound
to its row and field, so that a ciphertext moved elsewhere does not open.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from channels.messages import Address
from gateway.packing import deflated, inflated

VERSION, PACKED = b"\x01", b"\x02"
NONCE_BYTES = 12
HASH_CHARACTERS = 32
UNNAMED_CHARACTERS = 16
LABELS = ("vault", "lookup", "secret_code", "links", "form", "session", "audit", "cursor", "raw")


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """One derived key per purpose, 32 bytes each."""

    vault: bytes
    lookup: bytes
    secret_code: bytes
    links: bytes
    form: bytes
    session: bytes
    audit: bytes
    cursor: bytes
    raw: bytes

    @classmethod
    def derive(cls, identity_key: str) -> "Keys":
        return cls(**{label: _derived(identity_key, label) for label in LABELS})

    def fingerprint(self, value: str) -> str:
        """32 hex characters by which an address is found without being readable."""
        return _keyed(self.lookup, value)[:HASH_CHARACTERS]

    def secret_hash(self, number: str, code: str) -> str:
        """What is kept of a secret code: HMAC over number and the code's digits."""
        return _keyed(self.secret_code, f"{number}|{code}")

    def unnamed(self, address: Address, name: str) -> str:
        """A provider's name for a message as it is kept: `m:77:12` holds the chat, which is somebody's address."""
        if not address.path or address.path not in name:
            return name
        return name.replace(address.path, self.fingerprint(address.reveal())[:UNNAMED_CHARACTERS])

    def token_hash(self, token: str) -> str:
        return _keyed(self.links, token)


def _keyed(key: bytes, value: str) -> str:
    """HMAC-SHA256 in hex. A begun one is copied: to begin it costs four times as much."""
    begun = _begun(key).copy()
    begun.update(value.encode())
    return begun.finalize().hex()


@lru_cache(maxsize=len(LABELS))
def _begun(key: bytes) -> HMAC:
    return HMAC(key, hashes.SHA256())


def _derived(identity_key: str, label: str) -> bytes:
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"satupintu-{label}-v1".encode())
    return key.derive(identity_key.encode())


def seal(key: bytes, plain: str | bytes, bound_to: str) -> bytes:
    """Version, nonce and ciphertext; opens only with the same key and `bound_to` (row and field)."""
    nonce = os.urandom(NONCE_BYTES)
    content = plain.encode() if isinstance(plain, str) else plain
    return VERSION + nonce + _cipher(key).encrypt(nonce, content, bound_to.encode())


def seal_packed(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """The same, deflated before: for what is put away. Bound to being packed as well."""
    nonce = os.urandom(NONCE_BYTES)
    return PACKED + nonce + _cipher(key).encrypt(nonce, deflated(plain), PACKED + bound_to.encode())


def open_seal(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """`cryptography.exceptions.InvalidTag` when key, content or binding do not agree."""
    nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] == PACKED:
        return inflated(_cipher(key).decrypt(nonce, content, PACKED + bound_to.encode()))
    return _cipher(key).decrypt(nonce, content, bound_to.encode())


@lru_cache(maxsize=4096)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def text_hash(text: str) -> str:
    """A hash to compare texts by, not to hide them."""
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]
