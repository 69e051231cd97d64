"""A mailbox on an IMAP server: what is new, its bytes, and where it is put when it is ours. Blocking; use it in a thread.

`imaplib` of the standard library; it has no IDLE, which is spoken here by hand. Source: RFC 9051, docs/channels/email.md.
"""

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.email.folder_names import quoted
from channels.email.imap_lines import Plain, Secure
from channels.email.settings import EmailSettings
from channels.errors import ChannelMisconfigured

NUMBER = re.compile(rb"\d+")
UID, SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
ARRIVED = re.compile(rb"\bINTERNALDATE \"([^\"]+)\"")
DELIMITER = re.compile(rb'\([^)]*\) "?(.)"? ')
TIMEOUT_S = 60.0
REST_S = 300.0
"""After a refused login: whoever tries on and on is locked out."""
SLICE_S = 1.0
"""How long nobody hears that the listening shall end."""
IDLE = b"SP1"
MOST_BYTES = 25 * 1024 * 1024
BEGINNING = 1024 * 1024
"""Of a mail that is too large so much is read: its headers and text stand there."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that is there: its number in this mailbox, how large it is, when the server got it."""

    uid: int
    size: int
    arrived_at: datetime | None


class Mailbox:
    """One connection. Any OSError or IMAP4.error that is not caught here ends it."""

    def __init__(self, settings: EmailSettings, token: str = "") -> None:
        """`token`: of OAuth, in place of a password."""
        self._settings = settings
        self._token = token
        self._abilities: frozenset[str] = frozenset()
        self._ended = threading.Event()
        self._connection: Plain | Secure | None = None
        self.validity = 0
        self.next_uid = 0
        self._delimiter = "/"

    @property
    def _imap(self) -> Plain | Secure:
        if self._connection is None:
            raise imaplib.IMAP4.abort("not connected")
        return self._connection

    def open(self) -> None:
        """Connect, log in and choose the folder. ChannelMisconfigured for what waiting does not mend."""
        self._connection = _connected(self._settings)
        if self._ended.is_set():  # nobody waits for it any more
            self.close()
        self._log_in()
        # Many servers say only now what they can do for us.
        _, told = self._imap.capability()
        self._abilities = frozenset(b" ".join(one for one in told if one).decode("ascii", "replace").upper().split())
        self._delimiter = self._find_delimiter()
        ok, _ = self._imap.select(quoted(self._settings.imap_folder))
        if ok != "OK":
            raise ChannelMisconfigured(f"there is no folder {self._settings.imap_folder} in the mailbox", REST_S)
        self.validity = self._said("UIDVALIDITY")
        self.next_uid = self._said("UIDNEXT")

    def _log_in(self) -> None:
        """By one method only: a password that is wrong is tried once."""
        settings, imap = self._settings, self._imap
        name = settings.imap_username or settings.username
        secret = settings.imap_password or settings.password
        password = secret.reveal() if secret else ""
        try:
            if self._token:
                said = f"user={name}\x01auth=Bearer {self._token}\x01\x01".encode()
                answers = iter([said])  # to whatever it asks then: nothing, so that it says no
                imap.authenticate("XOAUTH2", lambda _: next(answers, b""))
            elif (name + password).isascii() and "LOGINDISABLED" not in imap.capabilities:
                imap.login(name, password)
            elif "AUTH=PLAIN" in imap.capabilities:
                imap.authenticate("PLAIN", lambda _: f"\0{name}\0{password}".encode())
            else:
                raise ChannelMisconfigured(NO_LOGIN, REST_S)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            raise ChannelMisconfigured(REFUSED_BEARER if self._token else REFUSED, REST_S) from None

    def waiting(self, after: int) -> list[Waiting]:
        """The mails behind this number, in order."""
        _, found = self._imap.uid("SEARCH", f"UID {after + 1}:*")
        # `n:*` always names the last mail, also when it is before n.
        uids = sorted({int(one) for line in found for one in NUMBER.findall(line or b"") if int(one) > after})
        return [mail for start in range(0, len(uids), 100) for mail in self._described(uids[start : start + 100])]

    def _described(self, uids: Sequence[int]) -> list[Waiting]:
        _, answers = self._imap.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE INTERNALDATE)")
        found = [_described(line[0] if isinstance(line, tuple) else line or b"") for line in answers]
        return sorted((mail for mail in found if mail.uid in uids), key=lambda mail: mail.uid)

    def fetch(self, mail: Waiting) -> bytes:
        """The mail; of one that is too large its beginning. Empty when it is gone."""
        part = "BODY.PEEK[]" if mail.size <= MOST_BYTES else f"BODY.PEEK[]<0.{BEGINNING}>"
        _, answers = self._imap.uid("FETCH", str(mail.uid), f"({part})")
        return next((line[1] for line in answers if isinstance(line, tuple)), b"")

    def put(self, uid: int, folder: str) -> None:
        """Move it out of the way; where the server does not let us, it stays: the position says that we have it."""
        name = quoted(folder.replace("/", self._delimiter))
        with _unless_lost():
            self._imap.create(name)
        with _unless_lost():
            if "MOVE" in self._abilities:
                self._imap.uid("MOVE", str(uid), name)
                return
            ok, _ = self._imap.uid("COPY", str(uid), name)
            if ok == "OK":
                self._imap.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)")
                if "UIDPLUS" in self._abilities:
                    self._imap.uid("EXPUNGE", str(uid))

    def wait(self, seconds: float) -> None:
        """Until the server says that something happened, the time is over, or `close` was called."""
        imap, waited, heard = self._imap, 0.0, False
        if "IDLE" in self._abilities:
            imap.send(IDLE + b" IDLE\r\n")
            # What came since we looked is told at once.
            heard, begun = self._answer(b"+")
            if not begun:  # it says that it could, and does not: we look again and again instead
                self._abilities -= {"IDLE"}
        if "IDLE" not in self._abilities:
            while not heard and waited < seconds and not self._ended.wait(SLICE_S):
                waited += SLICE_S
            return
        while not heard and waited < seconds and not self._ended.is_set():
            heard = imap.says_something(SLICE_S)
            waited += SLICE_S
        if not self._ended.is_set():
            imap.send(b"DONE\r\n")
            self._answer(IDLE)

    def close(self) -> None:
        """From any thread: what is under way in another one ends with an error, at the latest after a second."""
        self._ended.set()
        if self._connection is None:
            return
        # First the connection ends: to close what another thread reads from waits until that has read.
        with suppress(OSError):
            socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)
        with suppress(OSError):
            self._connection.shutdown()

    def _answer(self, begins: bytes) -> tuple[bool, bool]:
        """Read on to the line that begins so, or ends the command: did the server speak of mails before it, was it that line."""
        heard = False
        while True:
            line = self._imap.readline()
            if not line:
                raise imaplib.IMAP4.abort("connection lost")
            if line.startswith((begins, IDLE)):
                return heard, line.startswith(begins)
            heard = heard or b" EXISTS" in line

    def _said(self, name: str) -> int:
        _, found = self._imap.response(name)
        numbers = NUMBER.findall(found[0] or b"") if found else []
        return int(numbers[0]) if numbers else 0

    def _find_delimiter(self) -> str:
        _, found = self._imap.list('""', '""')
        said = DELIMITER.match(found[0]) if found and isinstance(found[0], bytes) else None
        return said[1].decode("ascii", "replace") if said else "/"


REFUSED = (
    "the mailbox refuses the login: compare imap_username and imap_password, ask whether an app password is needed"
)
REFUSED_BEARER = (
    "the mailbox refuses the token: may this application read the mailbox (scope), is imap_username the box it is for?"
)
NO_LOGIN = "the mailbox offers no login that fits: choose a password of ASCII letters, or imap_security that the server logs in with"


def _connected(settings: EmailSettings) -> Plain | Secure:
    secure = ssl.create_default_context()
    if settings.imap_security == "tls":
        return Secure(settings.imap_host, settings.imap_at, ssl_context=secure, timeout=TIMEOUT_S)
    made = Plain(settings.imap_host, settings.imap_at, timeout=TIMEOUT_S)
    if settings.imap_security == "starttls":
        made.starttls(secure)
    return made


@contextmanager
def _unless_lost() -> Iterator[None]:
    """A server may not let us; a connection that is lost is another matter."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        return


def _described(line: bytes) -> Waiting:
    """One answer to FETCH; number 0 for a line that is none."""
    uid, size, moment = UID.search(line), SIZE.search(line), ARRIVED.search(line)
    arrived = _moment(moment[1].decode("ascii", "replace")) if moment else None
    return Waiting(int(uid[1]) if uid else 0, int(size[1]) if size else 0, arrived)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None
