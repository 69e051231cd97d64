"""The bound connection of a channel: one transceiver, or a receiver and a transmitter that live and end together."""

import asyncio
import ssl
from dataclasses import dataclass
from types import MappingProxyType

from channels.errors import ChannelMisconfigured
from channels.sms.smpp.pdu import Bind, Command
from channels.sms.smpp.session import Hear, Session, Timing, connect
from channels.sms.smpp.settings import SmppSettings

# `bind` of the settings -> what is bound in this order: the last one submits.
BINDS = MappingProxyType(
    {"transceiver": (Command.BIND_TRANSCEIVER,), "two": (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER)}
)


@dataclass(frozen=True, slots=True)
class Link:
    sessions: tuple[Session, ...]
    runs: tuple[asyncio.Task[None], ...]

    @property
    def sending(self) -> Session:
        return self.sessions[-1]

    @property
    def lives(self) -> bool:
        return not any(session.why for session in self.sessions)

    async def ended(self) -> str:
        """Returns when one of the sessions has ended, and says why."""
        await asyncio.wait(self.runs, return_when=asyncio.FIRST_COMPLETED)
        return next(session.why for session in self.sessions if session.why)

    async def close(self) -> None:
        """Take our leave and let go of everything; safe after an end, and when it is cut off itself."""
        try:
            await asyncio.gather(*(session.unbind() for session in self.sessions))
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Hang up."""
        for run in self.runs:
            run.cancel()
        await asyncio.wait(self.runs)


async def bound(settings: SmppSettings, hear: Hear, timing: Timing) -> Link:
    """NotSent without a connection, BindRefused, AnswerLost, or ChannelMisconfigured for a certificate file."""
    login = Bind(settings.system_id, settings.password.reveal(), settings.system_type)
    tls = _context(settings)
    link = Link((), ())
    try:
        for command in BINDS[settings.bind]:
            session = await connect(settings.host, settings.port, tls, hear, timing, settings.window)
            run = asyncio.create_task(session.run())
            link = Link((*link.sessions, session), (*link.runs, run))
            await session.bind(command, login)
    except BaseException:
        if link.runs:
            await link.drop()
        raise
    return link


def _context(settings: SmppSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.tls_ca or None)
    except OSError as problem:
        raise ChannelMisconfigured(f"tls_ca: {settings.tls_ca} cannot be read ({problem.strerror})") from problem
