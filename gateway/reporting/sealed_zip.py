"""A ZIP that opens with a password only: AES-256 as WinZip's AE-2, which the usual programs read (APPNOTE 6.3.3, AE-2).

For files with identities: a copy for whoever asked, a list of those whom a breach concerns (SECURITY § 9).
"""

import hashlib
import hmac
import io
import os
import struct
import zlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

SALT, KEY, CHECK, SEAL, BLOCK = 16, 32, 2, 10, 16
ROUNDS = 1_000
"""As the format says; what keeps guesses out is the password, which is ours and long."""
AES, DEFLATED, EXTRA = 99, 8, 0x9901
AE_2, AES_256 = 2, 3
ENCRYPTED = 0x1
UTF_8 = 0x800
NEEDED = 51


def sealed(files: Mapping[str, bytes], password: str) -> bytes:
    """Name -> content; the names can be read by everybody."""
    whole, entries = io.BytesIO(), []
    for name, content in files.items():
        at, body = whole.tell(), _body(content, password)
        header = _header(name, len(body), len(content))
        whole.write(struct.pack("<4s", b"PK\x03\x04") + header + name.encode() + _extra() + body)
        entries.append((name, header, at))
    begin = whole.tell()
    for name, header, at in entries:
        behind = struct.pack("<HHHII", 0, 0, 0, 0o600 << 16, at)
        made_by = struct.pack("<4sH", b"PK\x01\x02", NEEDED)
        whole.write(made_by + header + behind + name.encode() + _extra())
    size = whole.tell() - begin
    whole.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), size, begin, 0))
    return whole.getvalue()


def _header(name: str, size: int, plain: int) -> bytes:
    """What the local header and the directory share. Without moment and checksum: they tell of the content."""
    first_of_1980 = (0, 1 << 5 | 1)
    flags = ENCRYPTED | UTF_8
    return struct.pack(
        "<HHHHHIIIHH", NEEDED, flags, AES, *first_of_1980, 0, size, plain, len(name.encode()), len(_extra())
    )


def _extra() -> bytes:
    return struct.pack("<HHH2sBH", EXTRA, 7, AE_2, b"AE", AES_256, DEFLATED)


def _body(content: bytes, password: str) -> bytes:
    salt = os.urandom(SALT)
    keys = PBKDF2HMAC(SHA1(), 2 * KEY + CHECK, salt, ROUNDS).derive(password.encode())  # noqa: S303 - the format's own
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    hidden = _hidden(packer.compress(content) + packer.flush(), keys[:KEY])
    proof = hmac.new(keys[KEY : 2 * KEY], hidden, hashlib.sha1).digest()[:SEAL]
    return salt + keys[2 * KEY :] + hidden + proof


def _hidden(plain: bytes, key: bytes) -> bytes:
    """Counter mode whose counter begins at 1 with its lowest byte first, which no library offers."""
    blocks = -(-len(plain) // BLOCK)
    counters = b"".join((at + 1).to_bytes(BLOCK, "little") for at in range(blocks))
    stream = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(counters)  # noqa: S305 - only of counters
    size = len(plain)
    return (int.from_bytes(plain) ^ int.from_bytes(stream[:size])).to_bytes(size)
