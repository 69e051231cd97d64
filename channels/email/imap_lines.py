"""`imaplib` with a buffer of our own: only so can one tell whether something was said already, which IDLE needs.

What was read before encryption began is dropped with the socket it came from: nobody slips words in (STARTTLS).
"""

import imaplib
import select
import ssl
from typing import Any

CHUNK = 65_536
LONGEST_LINE = 1_000_000


class _Held:
    """The transport methods of `imaplib.IMAP4`, which it means to be replaced."""

    sock: Any

    def __init__(self, *where: Any, **how: Any) -> None:
        self._held = bytearray()
        self._source: object = None
        super().__init__(*where, **how)

    def read(self, size: int) -> bytes:
        while len(self._held) < size and self._more():
            pass
        return self._taken(size)

    def readline(self) -> bytes:
        """With its end; empty when the connection is lost."""
        while (end := self._held.find(b"\n")) < 0 and len(self._held) < LONGEST_LINE and self._more():
            pass
        return self._taken(end + 1) if end >= 0 else b""

    def says_something(self, seconds: float) -> bool:
        """Whether there is something to read, at the latest after so long."""
        if self._held or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return True
        return bool(select.select([self.sock], [], [], seconds)[0])

    def _more(self) -> bool:
        if self._source is not self.sock:
            self._held.clear()
            self._source = self.sock
        chunk = self.sock.recv(CHUNK)
        self._held += chunk
        return bool(chunk)

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken


class Plain(_Held, imaplib.IMAP4):
    """Encrypted from STARTTLS on, or on a private network."""


class Secure(_Held, imaplib.IMAP4_SSL):
    """Encrypted from the start."""
