"""One request to the API and what its answer means: headers, classes of failure, the log line.

Source: docs/forwarders/sp4n.md § Answers. The rule behind the table: a write that may have arrived is `unknown`,
never `failed` and never sent again; a read may always be repeated.
"""

import asyncio
import json as jsonlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, NotSent
from channels.protocols import Http, HttpResponse, Upload
from config.logging import get_logger
from workers.forwarders.protocols import ForwardError, LockedOut, NotTaken, OutcomeUnknown, Refused
from workers.forwarders.retrying import wait_asked_by
from workers.forwarders.sp4n.reference import Reference
from workers.forwarders.sp4n.settings import Sp4nSettings

log = get_logger(__name__)

CONNECT_S = 5.0
READ_S = 30.0
UPLOAD_S = 60.0
LONGEST_DETAIL = 500

BUSY = frozenset({408, 425, 429})
LOCKED = frozenset({401, 403})
SUCCESS = range(200, 300)
FIRST_ERROR = 400
SERVER_ERROR = 500
NOT_FOUND = 404
TOO_MANY = 429
TIMED_OUT = 408


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

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class Exchange:
    """Knows the address and the keys of one target."""

    def __init__(self, settings: Sp4nSettings, reference: Reference, user_agent: str) -> None:
        self._base = settings.api_url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": user_agent, **_keys(settings, reference)}

    async def carry_out(self, call: Call, http: Http) -> dict[str, Any] | None:
        """The JSON of a 2xx; None when a read finds nothing (404). Raises ForwardError for everything else."""
        started = asyncio.get_running_loop().time()
        outcome, status = "ok", 0
        try:
            response = await self._request(call, http)
            status = response.status
            body = read_answer(call, response)
            outcome = "ok" if body is not None else "not_found"
        except ForwardError as problem:
            outcome = problem.code
            raise
        else:
            return body
        finally:
            log.info(
                "sp4n_request_answered",
                method=call.method,
                path=call.template,
                status=status,
                ms=round((asyncio.get_running_loop().time() - started) * 1000),
                attempt=call.attempt,
                outcome=outcome,
                complaint=call.number,
            )

    async def _request(self, call: Call, http: Http) -> HttpResponse:
        headers = {**self._headers, "Content-Type": call.content_type} if call.content_type else self._headers
        try:
            return await http.request(
                call.method,
                self._base + call.path,
                query=call.query,
                headers=headers,
                json=call.json,
                uploads=call.uploads,
                body=call.body,
                connect_s=CONNECT_S,
                read_s=UPLOAD_S if call.uploads else READ_S,
            )
        except (NotSent, AddressRefused) as problem:
            raise NotTaken(problem.code, written=False) from problem
        except (AnswerLost, AnswerTooLarge) as problem:
            raise (OutcomeUnknown(problem.code) if call.writes else NotTaken(problem.code)) from problem


def read_answer(call: Call, response: HttpResponse) -> dict[str, Any] | None:
    """The JSON object of a success; None for a read's 404; else the ForwardError that the answer means."""
    status = response.status
    if status in LOCKED:
        raise LockedOut(f"http_{status}")
    if status == NOT_FOUND and not call.writes:
        return None
    if status not in SUCCESS:
        raise _failure(call, response)
    body = _json(response)
    if body is None:
        raise OutcomeUnknown("answer_unreadable") if call.writes else NotTaken("answer_unreadable")
    return body


def words_of(body: Mapping[str, Any]) -> str:
    """What a failure says for people: its message and the fields that it finds wrong."""
    words = [str(body.get("message") or "")]
    errors = body.get("errors")
    if isinstance(errors, dict):
        words += [
            f"{field}: {', '.join(map(str, said if isinstance(said, list) else [said]))}"
            for field, said in errors.items()
        ]
    return "; ".join(word for word in words if word)[:LONGEST_DETAIL]


def _failure(call: Call, response: HttpResponse) -> ForwardError:
    status, wait, code = response.status, wait_asked_by(response), f"http_{response.status}"
    passing = status in BUSY or status >= SERVER_ERROR
    if not call.writes:
        return NotTaken(code, wait=wait) if passing else Refused(code, _detail(response))
    if status == TOO_MANY and (wait is not None or _is_html(response)):
        return NotTaken(code, wait=wait)
    # A redirect is not followed, so nobody knows what the first hop did with the body.
    if passing or status < FIRST_ERROR:
        return OutcomeUnknown(code)
    return Refused(code, _detail(response))


def _detail(response: HttpResponse) -> str:
    return words_of(_json(response) or {})


def _json(response: HttpResponse) -> dict[str, Any] | None:
    try:
        body = jsonlib.loads(response.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _is_html(response: HttpResponse) -> bool:
    return "html" in response.headers.get("content-type", "") or response.body.lstrip().startswith(b"<")


def _keys(settings: Sp4nSettings, reference: Reference) -> dict[str, str]:
    name, before = reference.auth_headers[settings.auth_style]
    secret, token = settings.authorization.reveal(), settings.token.reveal()
    if before and secret.lower().startswith(before.lower()):
        before = ""
    # The braces are part of the value over there, and easily lost when it is copied.
    return {name: before + secret, "token": "{" + token.strip("{}") + "}"}
