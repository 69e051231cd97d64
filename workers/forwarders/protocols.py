"""What a forwarder offers and what it raises. One per system of record, named in workers.forwarders.registry.

A forwarder speaks one wire and keeps nothing: jobs come in, answers or errors go out, the store keeps the state.
Source: docs/forwarders/sp4n.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from channels.protocols import Http
from gateway.complaints.complaint import Status
from gateway.complaints.forward import (
    Filed,
    ForwardJob,
    ForwardState,
    Health,
    PollJob,
    RemoteState,
    StatusRow,
)
from gateway.complaints.masters import MasterLists


class ForwardError(Exception):
    """An exchange that ended without success. The class attributes are the decisions of whoever catches it.

    `state`: what the job becomes. `health`: what it says about the other side. `counts`: an attempt was used up.
    `written`: a request may have reached the other side.
    """

    state: ClassVar[ForwardState] = ForwardState.FAILED
    result: ClassVar[str] = "refused"
    """How its calls are counted (docs/metrics.md)."""
    counts: ClassVar[bool] = True
    health: Health = Health.GOOD
    written: bool = True

    def __init__(self, code: str, detail: str = "") -> None:
        """`code` is stable; `detail` are the other side's words, never logged."""
        super().__init__(code)
        self.code = code
        self.detail = detail


class NotTaken(ForwardError):
    """Certainly not carried out; waiting may cure it. `wait` as the other side asked: a span or a moment."""

    state = ForwardState.RETRY
    result = "not_taken"
    health = Health.BUSY

    def __init__(
        self, code: str, detail: str = "", wait: timedelta | datetime | None = None, *, written: bool = True
    ) -> None:
        super().__init__(code, detail)
        self.wait = wait
        self.written = written


class LockedOut(ForwardError):
    """Our credentials were refused: nothing of this target works until they are mended."""

    state = ForwardState.RETRY
    result = "locked_out"
    counts = False
    health = Health.LOCKED_OUT


class Refused(ForwardError):
    """Will never be taken as it is; a person must look."""


class OutcomeUnknown(ForwardError):
    """Written, and no usable answer: whether it was carried out must be looked for, never guessed."""

    state = ForwardState.UNKNOWN
    result = "unknown"
    health = Health.BUSY

    def __init__(self, code: str, detail: str = "", health: Health = Health.BUSY) -> None:
        super().__init__(code, detail)
        self.health = health


class ByHand(ForwardError):
    """Nothing can be sent here; a person types it in (work list of the bridge)."""

    state = ForwardState.MANUAL
    counts = False
    health = Health.SILENT
    written = False


class SwitchedOff(ForwardError):
    """The target is off: its rows wait as they are."""

    state = ForwardState.RETRY
    counts = False
    health = Health.SILENT
    written = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds; see the settings of the same names."""

    retry_first_s: float = 900
    retry_max_s: float = 21600
    probe_first_s: float = 60
    probe_max_s: float = 600
    search_after_s: float = 60
    search_again_s: float = 900


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a target may be called: a token bucket and the requests under way at once."""

    requests_per_second: float = 1
    burst: int = 3
    max_in_flight: int = 2


Called = Callable[[str, str, float], None]
"""Told of every call: method and path without ids, its result, seconds."""


def uncounted(_path: str, _result: str, _seconds: float) -> None:
    """`Called` where nobody counts."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a forwarder needs to know about us. `statuses` empty: the shipped table."""

    zone: ZoneInfo
    user_agent: str = "satupintu"
    statuses: tuple[StatusRow, ...] = ()
    called: Called = uncounted


class Forwarder(Protocol):
    """Every method that takes `http` may raise NotTaken, LockedOut, Refused and, when it writes, OutcomeUnknown."""

    timing: Timing
    pace: Pace
    polls_at_once: int
    """Polls that may be carried together; where many fit into one request these are more than `pace.max_in_flight`."""
    has_masters: bool
    """Whether it keeps lists that our reports refer to."""
    can_search: bool
    """Whether `search` can look for a report whose remote id is unknown."""

    async def file(self, job: ForwardJob, http: Http) -> Filed:
        """Create the report over there; its remote id is never empty."""
        ...

    async def forward(self, job: ForwardJob, http: Http) -> Filed:
        """Ask to hand the report to the institution of `job.referral`."""
        ...

    async def add_followup(self, job: ForwardJob, http: Http) -> Filed: ...

    async def search(self, job: ForwardJob, http: Http) -> tuple[str, ...]:
        """Whether the job was carried out after all: ids found for it, empty = looked and not there."""
        ...

    async def poll(self, job: PollJob, http: Http, now: datetime) -> RemoteState | None:
        """The report as it is now; None: the other side says that there is none."""
        ...

    async def probe(self, http: Http) -> None:
        """Returns when the other side answers and knows us. Never writes."""
        ...

    async def fetch(self, address: str, http: Http) -> bytes | None:
        """A file beside a follow-up; None: it is not there, or not ours to have. Raises NotTaken where waiting may help."""
        ...

    async def masters(self, http: Http) -> MasterLists:
        """Its own lists, each whole; without those that it does not grant."""
        ...

    def next_poll(self, status: Status, changed_at: datetime, now: datetime, chance: float) -> datetime | None:
        """When to look again at a report in `status` that last changed at `changed_at`; None: never.

        `chance` in 0..1 spreads polls that would fall together.
        """
        ...

    def lateness(self, job: PollJob, now: datetime) -> float:
        """How late a poll is, in intervals of its own; when not all can be done the latest is first."""
        ...

    def rests_until(self, status: Status, now: datetime) -> datetime | None:
        """The end of the hours in which a report in `status` is not polled; None: it may be polled now."""
        ...


class ForwarderFactory(Protocol):
    """What a row of `workers.forwarders.registry.FORWARDERS` points to: a class or a function."""

    def __call__(self, settings: Any, installation: Installation, /) -> Forwarder: ...
