"""A forwarder that sends nothing and answers every call with the same error: what `manual` and `null` are made of."""

from datetime import datetime
from typing import NoReturn

from channels.protocols import Http
from gateway.complaints.complaint import Status
from gateway.complaints.forward import ForwardJob, PollJob
from gateway.complaints.masters import MasterLists
from workers.forwarders.protocols import ForwardError, Pace, Timing


class Idle:
    """Forwarder. `error` is raised with `code` for every job."""

    can_search = False
    has_masters = False

    def __init__(self, error: type[ForwardError], code: str) -> None:
        self._error = error
        self._code = code
        self.timing = Timing()
        self.pace = Pace()
        self.polls_at_once = self.pace.max_in_flight

    async def file(self, job: ForwardJob, http: Http) -> NoReturn:
        raise self._error(self._code)

    async def forward(self, job: ForwardJob, http: Http) -> NoReturn:
        raise self._error(self._code)

    async def add_followup(self, job: ForwardJob, http: Http) -> NoReturn:
        raise self._error(self._code)

    async def search(self, job: ForwardJob, http: Http) -> NoReturn:
        raise self._error(self._code)

    async def poll(self, job: PollJob, http: Http, now: datetime) -> NoReturn:
        raise self._error(self._code)

    async def probe(self, http: Http) -> None:
        return

    async def fetch(self, address: str, http: Http) -> bytes | None:
        raise self._error(self._code)

    async def masters(self, http: Http) -> MasterLists:
        return {}

    def next_poll(self, status: Status, changed_at: datetime, now: datetime, chance: float) -> None:
        return

    def lateness(self, job: PollJob, now: datetime) -> float:
        return 0.0

    def rests_until(self, status: Status, now: datetime) -> None:
        return
