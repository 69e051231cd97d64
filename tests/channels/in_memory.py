"""What a listener is given by its worker, kept in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from channels.messages import Inbound, RawRequest


@dataclass
class KeptBookmark:
    """`kept`: everything that was ever kept, in order."""

    position: str = ""
    moment: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    kept: list[str] = field(default_factory=list)
    arrived: list[tuple[str, datetime]] = field(default_factory=list)
    """Names of messages of earlier processes, and when they came."""

    def now(self) -> datetime:
        return self.moment

    async def read(self) -> str:
        return self.position

    async def keep(self, position: str) -> None:
        self.position = position
        self.kept.append(position)

    async def earlier(self, beginning: str, since: datetime, until: datetime) -> str:
        found = [name for name, at in self.arrived if name.startswith(beginning) and since <= at < until]
        return found[0] if found else ""


@dataclass
class Committed:
    """Takes what is submitted; fails as often as it is told, as a database does."""

    failures: int = 0
    taken: list[tuple[Inbound, RawRequest]] = field(default_factory=list)

    async def submit(self, events: Sequence[tuple[Inbound, RawRequest]]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        self.taken.extend(events)
