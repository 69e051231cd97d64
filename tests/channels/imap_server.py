"""The simulators' mailbox on a free port of loopback, for tests that break it at a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from workers.simulators.mail_imap import ImapServer
from workers.simulators.sockets import listening

USER, PASSWORD = "aduan", "uji-sandi-surat"


@asynccontextmanager
async def imap_serving(**more: Any) -> AsyncIterator[ImapServer]:
    server = ImapServer(**{"password": PASSWORD} | more)
    async with listening(server.serve) as server.port:
        yield server
