"""Mail fetched from a mailbox, for offices whose mail server cannot hand it over. Runs under a lease: one reads it.

A mail is committed, then moved away, then the position moves on: a crash in between is caught by the mail's own name.
"""

import asyncio
import hashlib
import imaplib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import chain, repeat

from msgspec import structs

from channels.email.mailbox import MOST_BYTES, REST_S, Mailbox, Waiting
from channels.email.settings import EmailSettings
from channels.errors import ChannelMisconfigured, ChannelStopped, PayloadInvalid, TemporaryFailure
from channels.messages import Address, Inbound, InboundMessage, MessageKind, RawRequest
from channels.protocols import Bookmark, Submit
from config.logging import get_logger

log = get_logger(__name__)

POLL_S = 60.0
PAUSES_S = (1, 2, 4, 8, 16, 32, 60)
LOST = (OSError, imaplib.IMAP4.error, ssl.SSLError, EOFError, TemporaryFailure)
AWAY = "no connection to imap_host at its port: is the name right, the port open, the certificate valid?"
Pause = Callable[[float], Awaitable[None]]
Parse = Callable[[RawRequest], Sequence[Inbound]]
Token = Callable[[], Awaitable[str]]
"""Gives a token of OAuth; an empty one where the password is used."""


@dataclass(frozen=True, slots=True)
class Position:
    """`validity` and `uid` as the server counts. Of mails below `old` those from before `begun` are left alone: they
    were there before us, and got new numbers since."""

    validity: int
    uid: int
    begun: datetime
    old: int = 0

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{int(self.begun.timestamp())}:{self.old}"

    def is_ours(self, mail: Waiting) -> bool:
        return mail.uid >= self.old or mail.arrived_at is None or mail.arrived_at >= self.begun

    @classmethod
    def read(cls, text: str) -> "Position | None":
        """None for what was never kept, or not by us."""
        parts = text.split(":")
        if len(parts) != len(fields(cls)) or not all(part.isdecimal() for part in parts):
            return None
        return cls(int(parts[0]), int(parts[1]), datetime.fromtimestamp(int(parts[2]), UTC), int(parts[3]))


async def poll(
    settings: EmailSettings,
    parse: Parse,
    submit: Submit,
    bookmark: Bookmark,
    token: Token,
    pause: Pause = asyncio.sleep,
) -> None:
    """Until cancelled. ChannelMisconfigured for what waiting does not mend; everything else is tried again."""
    waits = chain(PAUSES_S, repeat(PAUSES_S[-1]))
    while True:
        try:
            async with _opened(settings, token) as box:
                waits = chain(PAUSES_S, repeat(PAUSES_S[-1]))
                await _read_on(box, settings, parse, submit, bookmark)
        except LOST:
            await pause(next(waits))


async def look(settings: EmailSettings, token: Token) -> list[str]:
    """What is wrong with the mailbox, in sentences; empty when it can be read."""
    try:
        async with _opened(settings, token):
            return []
    except ChannelMisconfigured as problem:
        return [str(problem)]
    except LOST as problem:
        return [f"{AWAY} ({type(problem).__name__})"]


@asynccontextmanager
async def _opened(settings: EmailSettings, token: Token) -> AsyncIterator[Mailbox]:
    """A mailbox that is ready to be read."""
    try:
        box = Mailbox(settings, await token())
    except ChannelStopped as problem:
        raise ChannelMisconfigured(f"no token for the mailbox: {problem.detail}", REST_S) from problem
    try:
        await asyncio.to_thread(box.open)
        yield box
    finally:
        await asyncio.to_thread(box.close)


async def _read_on(box: Mailbox, settings: EmailSettings, parse: Parse, submit: Submit, bookmark: Bookmark) -> None:
    position = await _position(box, settings, bookmark)
    while True:
        for mail in await asyncio.to_thread(box.waiting, position.uid):
            if position.is_ours(mail):
                await _take(box, mail, settings, parse, submit)
            position = replace(position, uid=mail.uid)
            await bookmark.keep(str(position))
        await asyncio.to_thread(box.wait, POLL_S)


async def _position(box: Mailbox, settings: EmailSettings, bookmark: Bookmark) -> Position:
    """Where to go on. A server that counts anew is read from its beginning: what we have is known by its name."""
    known = Position.read(await bookmark.read())
    if known is not None and known.validity == box.validity:
        return known
    if known is not None:
        return Position(box.validity, 0, known.begun, box.next_uid)
    # The very first time: what lay in the box before us is no report to us, unless somebody says so.
    everything = settings.imap_first == "everything"
    begun = datetime.fromtimestamp(0, UTC) if everything else bookmark.now()
    first = Position(box.validity, 0 if everything else max(box.next_uid - 1, 0), begun)
    await bookmark.keep(str(first))
    return first


async def _take(box: Mailbox, mail: Waiting, settings: EmailSettings, parse: Parse, submit: Submit) -> None:
    raw = await asyncio.to_thread(box.fetch, mail)
    if not raw:  # somebody deleted it
        return
    request = RawRequest("POST", headers={"content-type": "message/rfc822"}, body=raw)
    # A large one takes a second: the loop serves others meanwhile.
    events, folder = await asyncio.to_thread(_read, request, mail, parse), settings.imap_done
    if events is None:
        folder = settings.imap_aside
        unread = f"em:{hashlib.sha256(raw).hexdigest()}"
        flags = frozenset({"not_understood"})
        events = [InboundMessage(unread, Address("mailto", "unread"), kind=MessageKind.SERVICE, flags=flags)]
    await submit([(event, request) for event in events])
    await asyncio.to_thread(box.put, mail.uid, folder)


def _read(request: RawRequest, mail: Waiting, parse: Parse) -> list[Inbound] | None:
    try:
        events = list(parse(request))
    except PayloadInvalid:
        return None
    except Exception:
        # A fault of ours: the mails behind this one wait for nobody.
        log.exception("mail_not_read", uid=mail.uid)
        return None
    if mail.size <= MOST_BYTES:
        return events
    return [
        structs.replace(event, attachments=(), flags=event.flags | {"file_too_large"})
        if isinstance(event, InboundMessage)
        else event
        for event in events
    ]
