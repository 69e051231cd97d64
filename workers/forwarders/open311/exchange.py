"""One request to a server of Open311 and what its answer means. Source: docs/forwarders/open311.md § Calling another.

As with every system of record: a write that may have arrived is `unknown`, never sent again unseen; a read may be repeated.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, NotSent
from channels.protocols import Http, HttpResponse
from config.logging import get_logger
from workers.forwarders.open311 import reading
from workers.forwarders.open311.reading import Row, Unreadable
from workers.forwarders.open311.settings import Open311Settings
from workers.forwarders.protocols import ForwardError, LockedOut, NotTaken, OutcomeUnknown, Refused
from workers.forwarders.retrying import wait_asked_by

log = get_logger(__name__)

CONNECT_S, READ_S = 5.0, 30.0
MOST_BYTES = 5 * 1024 * 1024
FORM = "application/x-www-form-urlencoded; charset=utf-8"
BUSY = frozenset({408, 425, 429})
LOCKED = frozenset({401, 403})
SUCCESS = range(200, 300)
FIRST_ERROR, SERVER_ERROR, NOT_FOUND, TOO_MANY = 400, 500, 404, 429


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `path` has no suffix; `template` is the path without ids, for the log. `form` makes it a POST."""

    path: str
    template: str
    number: str = ""
    attempt: int = 0
    query: tuple[tuple[str, str], ...] = ()
    form: Mapping[str, str] | None = None

    @property
    def writes(self) -> bool:
        return self.form is not None


class Exchange:
    """Knows the address and the key of one target."""

    def __init__(self, settings: Open311Settings, user_agent: str) -> None:
        self._base = settings.api_url.rstrip("/")
        self._form = settings.format
        self._key = settings.api_key
        self._jurisdiction = settings.jurisdiction_id
        media_type = "text/xml" if settings.format == "xml" else "application/json"
        self._headers = {"Accept": media_type, "User-Agent": user_agent}

    async def carry_out(self, call: Call, http: Http) -> list[Row] | None:
        """The rows of a 2xx; None when a read finds nothing (404). Raises ForwardError for everything else."""
        started = asyncio.get_running_loop().time()
        outcome, status = "ok", 0
        try:
            response = await self._request(call, http)
            status = response.status
            rows = self._read(call, response)
            outcome = "ok" if rows is not None else "not_found"
        except ForwardError as problem:
            outcome = problem.code
            raise
        else:
            return rows
        finally:
            log.info(
                "open311_request_answered",
                method="POST" if call.writes else "GET",
                path=call.template,
                status=status,
                ms=round((asyncio.get_running_loop().time() - started) * 1000),
                attempt=call.attempt,
                outcome=outcome,
                complaint=call.number,
            )

    async def _request(self, call: Call, http: Http) -> HttpResponse:
        named = {"jurisdiction_id": self._jurisdiction} if self._jurisdiction else {}
        body = None
        headers = self._headers
        if call.form is not None:
            # In the body, never in the address: that ends up in logs.
            body = urlencode({"api_key": self._key.reveal(), **named, **call.form}).encode()
            headers = {**headers, "Content-Type": FORM}
        try:
            return await http.request(
                "POST" if call.writes else "GET",
                f"{self._base}{call.path}.{self._form}",
                query=() if call.writes else (*named.items(), *call.query),
                headers=headers,
                body=body,
                connect_s=CONNECT_S,
                read_s=READ_S,
                max_bytes=MOST_BYTES,
            )
        except (NotSent, AddressRefused) as problem:
            raise NotTaken(problem.code, written=False) from problem
        except (AnswerLost, AnswerTooLarge) as problem:
            raise (OutcomeUnknown(problem.code) if call.writes else NotTaken(problem.code)) from problem

    def _read(self, call: Call, response: HttpResponse) -> list[Row] | None:
        if response.status in LOCKED:
            raise LockedOut(f"http_{response.status}")
        if response.status == NOT_FOUND and not call.writes:
            return None
        if response.status not in SUCCESS:
            raise self._failure(call, response)
        try:
            return reading.rows_in(response.body, self._form)
        except Unreadable:
            raise (OutcomeUnknown if call.writes else NotTaken)("answer_unreadable") from None

    def _failure(self, call: Call, response: HttpResponse) -> ForwardError:
        status, code, wait = response.status, f"http_{response.status}", wait_asked_by(response)
        passing = status in BUSY or status >= SERVER_ERROR
        if not call.writes:
            return NotTaken(code, wait=wait) if passing else Refused(code, self._words(response))
        if status == TOO_MANY and wait is not None:
            return NotTaken(code, wait=wait)
        # A redirect is not followed, so nobody knows what the first hop did with the body.
        if passing or status < FIRST_ERROR:
            return OutcomeUnknown(code)
        return Refused(code, self._words(response))

    def _words(self, response: HttpResponse) -> str:
        rows: Sequence[Row] = ()
        try:
            rows = reading.rows_in(response.body, self._form)
        except Unreadable:
            return ""
        return reading.faults_in(rows)
