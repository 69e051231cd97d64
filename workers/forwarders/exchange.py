"""One request to a system of record and what its answer means, the same for every wire.

Source: docs/forwarders/sp4n.md § Answers. The rule behind it: a write that may have arrived is `unknown`, never `failed` and
never sent again; a read may always be repeated.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, NotSent
from channels.protocols import Http, HttpResponse, Upload
from workers.forwarders.protocols import Called, ForwardError, LockedOut, NotTaken, OutcomeUnknown, Refused, uncounted
from workers.forwarders.retrying import wait_asked_by

Answer = TypeVar("Answer")
Read_co = TypeVar("Read_co", covariant=True)

CONNECT_S = 5.0
READ_S = 30.0

BUSY = frozenset({408, 425, 429})
LOCKED = frozenset({401, 403})
SUCCESS = range(200, 300)
FIRST_ERROR = 400
SERVER_ERROR = 500
NOT_FOUND = 404
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `template` is the path without ids, for the log; `path` is appended to the base address."""

    method: str
    path: str
    template: str
    number: str = ""
    attempt: int = 0
    query: tuple[tuple[str, str], ...] = ()
    json: object | None = None
    uploads: Sequence[Upload] = ()
    body: bytes | None = None
    content_type: str = ""
    form: Mapping[str, str] | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Told:
    """How a call ended, for the log. `status` 0: no answer came."""

    status: int
    ms: int
    outcome: str


class Wire(Protocol[Read_co]):
    """What differs between systems of record: how a call is written down and an answer read."""

    async def send(self, call: Call, http: Http) -> HttpResponse:
        """The answer, whatever it says; the errors of channels.errors where none came."""
        ...

    def content(self, response: HttpResponse) -> Read_co | None:
        """What a success holds; None when it cannot be read."""
        ...

    def words(self, response: HttpResponse) -> str:
        """What a failure says for people."""
        ...

    def turned_away(self, response: HttpResponse) -> bool:
        """Whether "too many" comes from something before the system, which never saw the call."""
        ...

    def log(self, call: Call, told: Told) -> None:
        """One line for each call."""
        ...


class Exchange(Generic[Answer]):
    """Calls over one wire."""

    def __init__(self, wire: Wire[Answer], called: Called = uncounted) -> None:
        self._wire = wire
        self._called = called

    async def carry_out(self, call: Call, http: Http) -> Answer | None:
        """What a 2xx holds; None when a read finds nothing (404). Raises ForwardError for everything else."""
        started = asyncio.get_running_loop().time()
        outcome = result = "interrupted"
        status = 0
        try:
            response = await self._response(call, http)
            status = response.status
            answer = self._read(call, response)
            outcome = result = "ok" if answer is not None else "not_found"
        except ForwardError as problem:
            outcome, result = problem.code, problem.result
            raise
        else:
            return answer
        finally:
            seconds = asyncio.get_running_loop().time() - started
            self._called(f"{call.method} {call.template}", result, seconds)
            self._wire.log(call, Told(status, round(seconds * 1000), outcome))

    async def _response(self, call: Call, http: Http) -> HttpResponse:
        try:
            return await self._wire.send(call, http)
        except (NotSent, AddressRefused) as problem:
            raise NotTaken(problem.code, written=False) from problem
        except (AnswerLost, AnswerTooLarge) as problem:
            raise (OutcomeUnknown(problem.code) if call.writes else NotTaken(problem.code)) from problem

    def _read(self, call: Call, response: HttpResponse) -> Answer | None:
        status = response.status
        if status in LOCKED:
            raise LockedOut(f"http_{status}")
        if status == NOT_FOUND and not call.writes:
            return None
        if status not in SUCCESS:
            raise self._failure(call, response)
        content = self._wire.content(response)
        if content is None:
            raise OutcomeUnknown("answer_unreadable") if call.writes else NotTaken("answer_unreadable")
        return content

    def _failure(self, call: Call, response: HttpResponse) -> ForwardError:
        status, wait, code = response.status, wait_asked_by(response), f"http_{response.status}"
        passing = status in BUSY or status >= SERVER_ERROR
        if not call.writes:
            return NotTaken(code, wait=wait) if passing else Refused(code, self._wire.words(response))
        if status == TOO_MANY and (wait is not None or self._wire.turned_away(response)):
            return NotTaken(code, wait=wait)
        # A redirect is not followed, so nobody knows what the first hop did with the body.
        if passing or status < FIRST_ERROR:
            return OutcomeUnknown(code)
        return Refused(code, self._wire.words(response))
