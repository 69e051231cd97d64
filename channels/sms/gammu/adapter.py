"""Gammu smsd with a modem on USB: its folders or tables are read and filled, smsd itself stays as it is.

Wire: docs/channels/gammu.md. Nobody calls us, so they are looked at every two seconds by one process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from channels import gsm
from channels.errors import (
    ChannelMisconfigured,
    ChannelStopped,
    ProviderBusy,
    TemporaryFailure,
)
from channels.messages import Inbound, OutboundMessage, RawRequest, SendReceipt
from channels.protocols import Bookmark, Capabilities, Http, Submit
from channels.sms.gammu import health
from channels.sms.gammu.database import Unusable
from channels.sms.gammu.settings import GammuSettings
from channels.sms.gammu.spool import BackEnd, FilesBackEnd, SqlBackEnd, read
from config import clock

LOOK_EVERY_S = 2.0
CLEAR_EVERY = 1800
"""Looks between two removals of old files: about an hour."""
FULL_S = 60.0
"""How long we wait when smsd has enough to do."""
UNREADABLE = "the folders of smsd cannot be used ({problem}): `gateway channels check` says which and why"

Pause = Callable[[float], Awaitable[None]]


class Gammu:
    """Listener, Reader, Sender and Checker."""

    Settings = GammuSettings
    capabilities: Capabilities = Capabilities(max_length=1530, max_messages=10, gsm=True, idempotent=True)
    messages_per_second: ClassVar[float] = 0.1

    def __init__(
        self,
        settings: GammuSettings,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = clock.monotonic,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._back: BackEnd = (
            SqlBackEnd(settings, monotonic) if settings.database else FilesBackEnd(settings, now, monotonic)
        )
        self.capabilities = replace(type(self).capabilities, reports=settings.database is not None)
        self._pause = pause

    @property
    def own(self) -> str:
        return self._settings.number

    def listens(self) -> bool:
        return True

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        """Until cancelled. Raises ChannelMisconfigured for what waiting does not mend: folders, a modem that hangs."""
        looks = 0
        while True:
            try:
                await self.look(submit)
                if looks % CLEAR_EVERY == 0:
                    await asyncio.to_thread(self._back.clear)
                is_hung = await asyncio.to_thread(self._back.is_hung)
            except OSError as problem:
                raise ChannelMisconfigured(UNREADABLE.format(problem=problem.strerror)) from problem
            except Unusable as problem:
                raise ChannelMisconfigured(health.NO_DATABASE.format(problem=problem)) from problem
            if is_hung:  # what came in has been taken before that
                raise ChannelMisconfigured(health.HUNG.format(minutes=self._settings.hung_after_minutes))
            looks += 1
            await self._pause(LOOK_EVERY_S)

    async def look(self, submit: Submit) -> None:
        """One look at what arrived and at what became of ours."""
        await self._back.look(submit)

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return [read(request, self._settings)]

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """Taken as soon as smsd has the file or row; it tells later whether it left. Safe to repeat."""
        self._check(message)
        try:
            return await asyncio.to_thread(self._put, message)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as problem:
            raise ChannelStopped("configuration", UNREADABLE.format(problem=problem.strerror)) from problem
        except OSError as problem:
            raise TemporaryFailure("disk", problem.strerror or "") from problem
        except Unusable as problem:
            raise TemporaryFailure("not_sent", str(problem)) from problem

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Looks at the folders or tables and, where it may, at smsd's configuration; sends nothing."""
        return await asyncio.to_thread(self._back.problems)

    def _check(self, message: OutboundMessage) -> None:
        gsm.refuse_unsendable(message, gsm.count(message.text).segments, self._settings.max_segments)

    def _put(self, message: OutboundMessage) -> SendReceipt:
        if self._back.is_hung():
            raise ChannelStopped("modem_hangs", health.HUNG.format(minutes=self._settings.hung_after_minutes))
        is_known, waiting = self._back.knows_or_waits(message)
        if waiting >= self._settings.outbox_limit and not is_known:
            raise ProviderBusy(FULL_S, whole_channel=True)
        return SendReceipt(detail="queued" if self._back.put(message) else "queued_before")
