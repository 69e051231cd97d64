"""How a call to LAPOR! is written down and its answer read: headers with its keys, JSON objects, the log line.

Source: docs/forwarders/sp4n.md. What an answer means stands in workers/forwarders/exchange.py.
"""

import json as jsonlib
from collections.abc import Mapping
from typing import Any

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
        self._base = settings.api_url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": user_agent, **_keys(settings, reference)}

    async def send(self, call: Call, http: Http) -> HttpResponse:
        headers = {**self._headers, "Content-Type": call.content_type} if call.content_type else self._headers
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
