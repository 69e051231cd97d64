"""How a call to LAPOR! is written down and its answer read: headers with its keys, JSON objects, the log line.

Source: docs/forwarders/sp4n.md. What an answer means stands in workers/forwarders/exchange.py.
"""

import json as jsonlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from channels.protocols import Http, HttpResponse
from config.logging import get_logger
from workers.forwarders.exchange import CONNECT_S, READ_S, Call, Told
from workers.forwarders.sp4n.reference import Reference
from workers.forwarders.sp4n.settings import Sp4nSettings

log = get_logger(__name__)

UPLOAD_S = 60.0
LONGEST_DETAIL = 500


class Sp4nWire:
    """Knows the address and the keys of one target."""

    def __init__(self, settings: Sp4nSettings, reference: Reference, user_agent: str) -> None:
        self.base = settings.api_url.rstrip("/")
        self.headers = {"Accept": "application/json", "User-Agent": user_agent, **_keys(settings, reference)}

    async def send(self, call: Call, http: Http) -> HttpResponse:
        headers = {**self.headers, "Content-Type": call.content_type} if call.content_type else self.headers
        return await http.request(
            call.method,
            self.base + call.path,
            query=call.query,
            headers=headers,
            json=call.json,
            uploads=call.uploads,
            body=call.body,
            connect_s=CONNECT_S,
            read_s=UPLOAD_S if call.uploads else READ_S,
        )

    def content(self, response: HttpResponse) -> dict[str, Any] | None:
        """The JSON object; None for anything else."""
        try:
            body = jsonlib.loads(response.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def words(self, response: HttpResponse) -> str:
        return words_of(self.content(response) or {})

    def turned_away(self, response: HttpResponse) -> bool:
        """A page comes from the proxy before the API."""
        return "html" in response.headers.get("content-type", "") or response.body.lstrip().startswith(b"<")

    def log(self, call: Call, told: Told) -> None:
        log.info(
            "sp4n_request_answered",
            method=call.method,
            path=call.template,
            status=told.status,
            ms=told.ms,
            attempt=call.attempt,
            outcome=told.outcome,
            complaint=call.number,
        )


class FileWire:
    """How a file beside a follow-up is read: `path` of its call is a whole address on the API's own host."""

    def __init__(self, api: Sp4nWire, most_bytes: int) -> None:
        self._api = api
        self._most = most_bytes

    def address(self, told: str) -> str:
        """The whole address of what a follow-up tells; empty where it is not on the host that may have our keys."""
        whole = urljoin(f"{self._api.base}/", told)
        own, there = urlsplit(self._api.base), urlsplit(whole)
        return whole if (own.scheme, own.netloc) == (there.scheme, there.netloc) else ""

    async def send(self, call: Call, http: Http) -> HttpResponse:
        headers = {**self._api.headers, "Accept": "*/*"}
        return await http.request(
            call.method, call.path, headers=headers, max_bytes=self._most, connect_s=CONNECT_S, read_s=UPLOAD_S
        )

    def content(self, response: HttpResponse) -> bytes | None:
        """A page in the place of a file comes from something before the API."""
        return None if self.turned_away(response) else response.body

    def words(self, response: HttpResponse) -> str:
        return self._api.words(response)

    def turned_away(self, response: HttpResponse) -> bool:
        return self._api.turned_away(response)

    def log(self, call: Call, told: Told) -> None:
        self._api.log(call, told)


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


def _keys(settings: Sp4nSettings, reference: Reference) -> dict[str, str]:
    name, before = reference.auth_headers[settings.auth_style]
    secret, token = settings.authorization.reveal(), settings.token.reveal()
    if before and secret.lower().startswith(before.lower()):
        before = ""
    # The braces are part of the value over there, and easily lost when it is copied.
    return {name: before + secret, "token": "{" + token.strip("{}") + "}"}
