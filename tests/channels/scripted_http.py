"""An `Http` that answers what a test says, and remembers what it was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from channels.errors import AddressRefused, AnswerLost, ChannelError, NotSent
from channels.messages import NOTHING
from channels.protocols import HttpResponse, Upload

FAILURES: Mapping[str, ChannelError] = {
    "connect_refused": NotSent("connection refused"),
    "tls_failed": NotSent("certificate"),
    "closed_after_write": AnswerLost("closed"),
    "read_timeout": AnswerLost("no answer in 15 s"),
    "address_refused": AddressRefused("a private address"),
}


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    url: str
    query: bytes = b""
    json: Any = None
    form: Mapping[str, str] | None = None
    uploads: Sequence[Upload] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def endpoint(self) -> str:
        return self.url.rpartition("/")[2]


@dataclass(slots=True)
class ScriptedHttp:
    """`answers` are given in order, the last one again and again; an error among them is raised."""

    answers: list[HttpResponse | ChannelError]
    calls: list[Call] = field(default_factory=list)

    async def request(
        self,
        method: str,
        url: str,
        *,
        query: Sequence[tuple[str, str]] | bytes = (),
        headers: Mapping[str, str] = NOTHING,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        uploads: Sequence[Upload] = (),
        body: bytes | None = None,
        connect_s: float = 5.0,
        read_s: float = 15.0,
        max_bytes: int = 2 * 1024 * 1024,
        trusted: bool = True,
    ) -> HttpResponse:
        encoded = query if isinstance(query, bytes) else urlencode(list(query)).encode()
        options = {"connect_s": connect_s, "read_s": read_s, "max_bytes": max_bytes, "trusted": trusted}
        self.calls.append(Call(method, url, encoded, json, form, uploads, options, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ChannelError):
            raise answer
        return answer
