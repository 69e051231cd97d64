"""A small IMAP4rev1 server: folders of mails in memory, with MOVE, UIDPLUS and IDLE, that fails as told.

One mailbox; whoever knows its password reads it. Only what a program that fetches mail needs. Source: RFC 3501, 2177, 6851.
"""

import asyncio
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

WHENEVER = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CAPABILITIES = "IMAP4rev1 UIDPLUS MOVE IDLE"


@dataclass(frozen=True, slots=True)
class Kept:
    uid: int
    raw: bytes
    arrived_at: datetime


@dataclass
class ImapServer:
    """`capabilities` may lack words; `lose_at`: a command at which the connection is cut, once; `refuse`: at which NO is said.

    `at_first`: what is offered before the login, where that is something else. `password` and `token` open it.
    """

    folders: dict[str, list[Kept]] = field(default_factory=lambda: {"INBOX": []})
    validity: int = 7
    next_uid: int = 1
    capabilities: str = CAPABILITIES
    at_first: str = ""
    user: str = "aduan"
    password: str = ""
    """Empty: every name and password is taken."""
    token: str = ""
    silent: bool = False
    """IDLE is begun and nothing is ever told, as behind a firewall that forgot the connection."""
    lose_at: str = ""
    refuse: str = ""
    port: int = 0
    is_in: bool = False
    """Whether the latest connection has logged in."""
    searched: int = 1
    """`next_uid` when somebody looked last."""
    logins: int = 0
    said: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    sizes: dict[int, int] = field(default_factory=dict)
    """UID -> a size that is told instead of the true one."""

    def deliver(self, raw: bytes, arrived_at: datetime = WHENEVER) -> int:
        self.folders["INBOX"].append(Kept(self.next_uid, raw, arrived_at))
        self.next_uid += 1
        self.news.set()
        return self.next_uid - 1

    def count_anew(self) -> None:
        """As after a migration: the same mails under other numbers."""
        self.validity += 1
        mails = self.folders["INBOX"]
        self.folders["INBOX"] = [Kept(number + 1, mail.raw, mail.arrived_at) for number, mail in enumerate(mails)]
        self.next_uid = len(mails) + 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_in = False
        writer.write(b"* OK [CAPABILITY %b] ready\r\n" % self._offered.encode())
        while line := await reader.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            name = rest.upper().removeprefix("UID ").partition(" ")[0]
            self.said.append(rest.partition("LOGIN")[0] or "LOGIN")
            if self.lose_at == name:
                self.lose_at = ""
                return
            if name == "AUTHENTICATE":
                writer.write(await self._authenticate(reader, writer, rest, tag))
                continue
            if name == "IDLE" and self.refuse != "IDLE":
                await self._idle(reader, writer, tag)
                continue
            writer.write(self._answer(name, rest, tag))
            await writer.drain()

    def _answer(self, name: str, rest: str, tag: str) -> bytes:
        if self.refuse == name:
            return f"{tag} NO not allowed\r\n".encode()
        command = COMMANDS.get(name)
        made = command(self, rest) if command else b""
        if name == "LOGIN" and made == b"NO":
            return f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n".encode()
        return made + f"{tag} OK done\r\n".encode()

    @property
    def _offered(self) -> str:
        return self.capabilities if self.is_in else self.at_first or self.capabilities

    async def _authenticate(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: str, tag: str
    ) -> bytes:
        self.logins += 1
        writer.write(b"+ \r\n")
        said = b64decode(await reader.readline()).decode()
        wanted = {
            "PLAIN": f"\0{self.user}\0{self.password}",
            "XOAUTH2": f"user={self.user}\x01auth=Bearer {self.token}\x01\x01",
        }
        if not self.password or said == wanted[rest.split()[1]]:
            self.is_in = True
            return f"{tag} OK done\r\n".encode()
        writer.write(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")  # why not; then it waits for an empty line
        await reader.readline()
        return f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n".encode()

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tag: str) -> None:
        if self.next_uid != self.searched and not self.silent:  # what came since they looked is told at once
            writer.write(b"* %d EXISTS\r\n" % len(self.folders["INBOX"]))
        self.news.clear()
        writer.write(b"+ idling\r\n")
        done = asyncio.create_task(reader.readline())
        news = asyncio.create_task(self.news.wait())
        try:
            await asyncio.wait([done, news], return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if not done.done() and not self.silent:
            writer.write(b"* %d EXISTS\r\n" % len(self.folders["INBOX"]))
        await done
        writer.write(f"{tag} OK done\r\n".encode())

    def login(self, rest: str) -> bytes:
        self.logins += 1
        self.is_in = not self.password or (f'"{self.password}"' in rest and self.user in rest)
        return b"" if self.is_in else b"NO"

    def select(self, _: str) -> bytes:
        count = len(self.folders["INBOX"])
        told = f"* {count} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] x\r\n* OK [UIDNEXT {self.next_uid}] x\r\n"
        return told.encode()

    def capability(self, _: str) -> bytes:
        return f"* CAPABILITY {self._offered}\r\n".encode()

    def list_(self, _: str) -> bytes:
        return b'* LIST (\\Noselect) "." ""\r\n'

    def search(self, rest: str) -> bytes:
        self.searched = self.next_uid
        first = int(re.findall(r"UID (\d+):\*", rest)[0])
        uids = [mail.uid for mail in self.folders["INBOX"]]
        # `n:*` always names the last one.
        found = sorted({uid for uid in uids if uid >= first} | set(uids[-1:]))
        return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()

    def fetch(self, rest: str) -> bytes:
        wanted = {int(one) for one in rest.split()[2].split(",")}
        part = re.search(r"BODY\.PEEK\[\](?:<0\.(\d+)>)?", rest)
        told = b""
        for place, mail in enumerate(self.folders["INBOX"], 1):
            if mail.uid not in wanted:
                continue
            if part:
                raw = mail.raw[: int(part[1])] if part[1] else mail.raw
                told += b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (place, mail.uid, len(raw), raw)
            else:
                size = self.sizes.get(mail.uid, len(mail.raw))
                moment = mail.arrived_at.strftime("%d-%b-%Y %H:%M:%S +0000")
                told += f'* {place} FETCH (UID {mail.uid} RFC822.SIZE {size} INTERNALDATE "{moment}")\r\n'.encode()
        return told

    def copy(self, rest: str) -> bytes:
        uid, folder = int(rest.split()[2]), rest.split(" ", 3)[3].strip('"')
        self.folders.setdefault(folder, []).extend(mail for mail in self.folders["INBOX"] if mail.uid == uid)
        return b""

    def expunge(self, rest: str) -> bytes:
        self.folders["INBOX"] = [mail for mail in self.folders["INBOX"] if mail.uid != int(rest.split()[2])]
        return b""

    def move(self, rest: str) -> bytes:
        return self.copy(rest) + self.expunge(rest)


COMMANDS: dict[str, Callable[[ImapServer, str], bytes]] = {
    "LOGIN": ImapServer.login,
    "CAPABILITY": ImapServer.capability,
    "LIST": ImapServer.list_,
    "SELECT": ImapServer.select,
    "SEARCH": ImapServer.search,
    "FETCH": ImapServer.fetch,
    "COPY": ImapServer.copy,
    "EXPUNGE": ImapServer.expunge,
    "MOVE": ImapServer.move,
}
