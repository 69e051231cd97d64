"""A file that only the holder of the backup key can read, and in which no byte can be changed, cut or moved unseen.

Magic line, one line of JSON in clear (what it is, when, by which version), then AES-256-GCM in chunks of 1 MiB. The key
of a file is derived from the backup key, a salt and the header itself; a chunk's nonce is its number and whether it is
the last one (the STREAM construction, as in age), so a file that was cut short does not open.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"satupintu-backup\n"
FORMAT = 1
CHUNK = 1 << 20
TAG_BYTES = 16
MOST_HEADER = 4096
SALT_BYTES = 16


class BackupRefused(Exception):
    """A backup that cannot be made, read or put back. The text is one line that says why and what to do."""


def damaged(what: str) -> BackupRefused:
    return BackupRefused(f"the backup is damaged: {what}; take another copy or an older one")


class SealedWriter:
    """Encrypts what is written to `file`; complete only after `close`."""

    def __init__(self, file: BinaryIO, key: bytes, header: Mapping[str, object]) -> None:
        salt = os.urandom(SALT_BYTES)
        told = {"format": FORMAT, "key": fingerprint(key), "salt": salt.hex(), **header}
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        file.write(MAGIC + line)
        self._file = file
        self._cipher = _cipher(key, salt, line)
        self._waiting = bytearray()
        self._number = 0

    def write(self, content: bytes) -> None:
        self._waiting += content
        # The last chunk is known only at the end, so one byte more than a chunk is awaited.
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        self._put(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _put(self, plain: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), plain, None))
        self._number += 1


class SealedReader:
    """Decrypts `file`. BackupRefused for a stranger's file, another key, or one byte that is not as it was."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self.header, line = _read_header(file)
        if self.header["key"] != fingerprint(key):
            raise BackupRefused("the key is not the one that this backup was made with; name the right --key-file")
        self._file = file
        self._cipher = _cipher(key, bytes.fromhex(str(self.header["salt"])), line)
        self._next = file.read(CHUNK + TAG_BYTES)
        self._plain = b""
        self._at = 0
        self._number = 0
        self._is_last = False

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; fewer only where the content ends."""
        parts, wanted = [], size
        while wanted:
            if self._at == len(self._plain) and not self._open_next():
                break
            part = self._plain[self._at : self._at + wanted]
            self._at += len(part)
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _open_next(self) -> bool:
        if self._is_last:
            return False
        sealed, self._next = self._next, self._file.read(CHUNK + TAG_BYTES)
        self._is_last = not self._next
        try:
            self._plain = self._cipher.decrypt(_nonce(self._number, is_last=self._is_last), sealed, None)
        except (InvalidTag, ValueError) as problem:
            raise damaged(f"its part {self._number + 1} is not as it was written, or the end is missing") from problem
        self._at = 0
        self._number += 1
        return bool(self._plain)


def read_header(file: BinaryIO) -> Mapping[str, object]:
    """What a backup says about itself in clear, not yet proven by the key."""
    return _read_header(file)[0]


def _read_header(file: BinaryIO) -> tuple[Mapping[str, object], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupRefused("this file is not a backup of this gateway")
    line = file.readline(MOST_HEADER)
    try:
        header = json.loads(line)
        made_with, needed = int(header["format"]), [header[name] for name in ("key", "salt", "made_at", "schema")]
        bytes.fromhex(str(needed[1]))
    except (ValueError, KeyError, TypeError) as problem:
        raise damaged("its first lines cannot be read") from problem
    if made_with > FORMAT:
        raise BackupRefused(f"this backup was made by a newer version ({header.get('version')}); take that version")
    return header, line


def fingerprint(key: bytes) -> str:
    """16 hex characters by which a wrong key is told from a damaged file."""
    return hashlib.sha256(_derived(key, b"", b"satupintu-backup-fingerprint-v1")).hexdigest()[:16]


def _cipher(key: bytes, salt: bytes, header: bytes) -> AESGCM:
    return AESGCM(_derived(key, salt, b"satupintu-backup-v1|" + hashlib.sha256(header).digest()))


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt or None, info=info).derive(key)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
