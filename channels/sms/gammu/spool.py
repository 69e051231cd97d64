"""What the adapter needs of either back end of smsd: look, put, be well. Its folders, or its database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from channels.errors import PayloadInvalid
from channels.messages import Inbound, OutboundMessage, RawRequest
from channels.protocols import Submit
from channels.sms.gammu import health, reading, rows
from channels.sms.gammu.database import Database, Unusable
from channels.sms.gammu.folders import Folders
from channels.sms.gammu.names import OwnName
from channels.sms.gammu.settings import GammuSettings


class BackEnd(Protocol):
    """Blocking calls but for `look`. OSError or Unusable where smsd's place cannot be used."""

    async def look(self, submit: Submit) -> None:
        """Take what is whole now and what became of our messages; each moves on only after its commit."""
        ...

    def put(self, message: OutboundMessage) -> bool: ...

    def knows_or_waits(self, message: OutboundMessage) -> tuple[bool, int]:
        """Whether smsd has this message already, and how many of ours wait with it."""
        ...

    def is_hung(self) -> bool: ...

    def clear(self) -> None: ...

    def problems(self) -> list[str]: ...


def read(request: RawRequest, settings: GammuSettings) -> Inbound:
    """PayloadInvalid for what cannot be told."""
    reader = rows.read if request.method == rows.METHOD else reading.read
    return reader(request, settings)


def _read(request: RawRequest, settings: GammuSettings) -> tuple[Inbound | PayloadInvalid, RawRequest]:
    try:
        return read(request, settings), request
    except PayloadInvalid as problem:
        return problem, request


class FilesBackEnd:
    """`Service = files`."""

    def __init__(self, settings: GammuSettings, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self.folders = Folders(settings, now, monotonic)
        self.is_hung, self.clear = self.folders.is_hung, self.folders.clear

    async def look(self, submit: Submit) -> None:
        messages = await asyncio.to_thread(self.folders.received)
        if messages:
            await submit([_read(reading.as_request(message.files), self._settings) for message in messages])
            for message in messages:
                await asyncio.to_thread(self.folders.taken, message)
        for path, find in ((reading.SENT, self.folders.finished), (reading.FAILED, self.folders.failed)):
            ended = await asyncio.to_thread(find)
            if ended:
                await submit([_read(reading.as_report(path, file.name), self._settings) for file in ended])
                for file in ended:
                    await asyncio.to_thread(self.folders.told, file)

    def put(self, message: OutboundMessage) -> bool:
        return self.folders.put(self._own(message), message.text)

    def knows_or_waits(self, message: OutboundMessage) -> tuple[bool, int]:
        return self.folders.knows(self._own(message)), self.folders.waiting()

    def problems(self) -> list[str]:
        return health.problems(self._settings, self.folders)

    def _own(self, message: OutboundMessage) -> OwnName:
        zone = ZoneInfo(self._settings.time_zone)
        written = (message.written_at or datetime.fromtimestamp(0, UTC)).astimezone(zone)
        return OwnName(f"{written:%Y%m%d_%H%M%S}", 1, message.address.path, message.id)


class SqlBackEnd:
    """`Service = sql`."""

    def __init__(self, settings: GammuSettings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        url = settings.database.reveal() if settings.database else ""
        self.database = Database(url, settings.phone_id, settings.hung_after_minutes * 60, monotonic)
        self.is_hung = self.database.is_hung

    async def look(self, submit: Submit) -> None:
        found = await asyncio.to_thread(self.database.received)
        if found:
            await submit([_read(rows.as_request(row), self._settings) for row in found])
            await asyncio.to_thread(self.database.taken, [row["ID"] for row in found])
        ended = await asyncio.to_thread(self.database.ended)
        if ended:
            await submit([_read(rows.as_report(one), self._settings) for one in ended])
            self.database.told(ended)

    def put(self, message: OutboundMessage) -> bool:
        return self.database.put(message.id, message.address.path, message.text)

    def knows_or_waits(self, message: OutboundMessage) -> tuple[bool, int]:
        # `put` looks whether it is there; a queue that is full is asked about first only for what is new.
        return False, self.database.waiting()

    def clear(self) -> None:
        """Rows are smsd's own; whoever runs it empties its tables."""

    def problems(self) -> list[str]:
        try:
            return health.database_problems(self.database, self._settings)
        except Unusable as problem:
            return [health.NO_DATABASE.format(problem=problem)]
