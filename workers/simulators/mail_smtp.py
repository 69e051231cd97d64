"""A small SMTP server that takes every mail, or says at any stage what it is told to. Source: RFC 5321, 4954."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

LOST = "lost"
"""In place of a reply: the connection is cut."""
USUAL: Mapping[str, str] = {
    "connect": "220 surel.latihan.example ESMTP",
    "EHLO": "250-surel.latihan.example\r\n250-8BITMIME\r\n250-SIZE 31457280\r\n250 AUTH PLAIN LOGIN XOAUTH2",
    "AUTH": "235 2.7.0 Accepted",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "size": "552 5.3.4 Too big",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}
UNKNOWN = "502 5.5.2 Not known here"
PATH = re.compile(r"<([^<>]*)>")
MOST = 31_457_280


@dataclass(slots=True)
class Envelope:
    """One mail on its way. `reply` is kept by whoever answers, to know it again at the next stage."""

    sender: str = ""
    recipient: str = ""
    mail: bytes = b""
    reply: object = None


Reply = Callable[[str, Envelope], Awaitable[str]]
"""What is said at a stage (`connect`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `.`, `size`); empty = the usual."""


class SmtpServer:
    """`serve` is a connection; `reply` decides and, at `.`, takes the mail."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        envelope = Envelope()
        said = await self._say(writer, "connect", envelope)
        while said != LOST and (line := await reader.readline()):
            words = line.decode("utf-8", "replace").strip()
            verb = words[:4].upper()
            if verb in {"MAIL", "RSET"}:
                envelope = Envelope()
            self._note(verb, words, envelope)
            if verb == "AUTH" and not await self._password(words, reader, writer):
                return
            said = await self._say(writer, "EHLO" if verb == "HELO" else verb, envelope)
            if verb == "QUIT":
                return
            if verb == "DATA" and said.startswith("354"):
                said = await self._take(reader, writer, envelope)

    def _note(self, verb: str, words: str, envelope: Envelope) -> None:
        found = PATH.search(words)
        if verb == "MAIL":
            envelope.sender = found[1] if found else ""
        elif verb == "RCPT":
            envelope.recipient = found[1] if found else ""

    async def _password(self, words: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Hear it out; nothing of it is kept. False: the connection is lost."""
        asked = {"AUTH LOGIN": (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n")}.get(words.upper(), ())
        for question in asked:
            writer.write(question)
            if not await reader.readline():
                return False
        return True

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, envelope: Envelope) -> str:
        lines, size = [], 0
        while (line := await reader.readline()) not in {b".\r\n", b""}:
            size += len(line)
            if size <= MOST:
                lines.append(line.removeprefix(b"."))
        if line == b"":
            return LOST
        envelope.mail = b"".join(lines)
        return await self._say(writer, "." if size <= MOST else "size", envelope)

    async def _say(self, writer: asyncio.StreamWriter, stage: str, envelope: Envelope) -> str:
        """What was said; where it is LOST the connection is cut instead."""
        said = await self._reply(stage, envelope) or USUAL.get(stage, UNKNOWN)
        if said != LOST:
            writer.write(f"{said}\r\n".encode())
            await writer.drain()
        return said
