"""An Http that answers from a recording, and insists on the requests that were recorded."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from channels.errors import AnswerLost, NotSent
from channels.messages import NOTHING
from channels.protocols import HttpResponse, Upload

EXCHANGES = Path(__file__).parent / "exchanges"
LOST = {"not_sent": NotSent, "answer_lost": AnswerLost}


def exchanges(kind: str) -> list[Path]:
    return sorted((EXCHANGES / kind).glob("*.json"))


@dataclass
class RecordedHttp:
    """Http over `steps`: each `{"request": {…}, "response": {…}}`; a step's request names only what matters to it."""

    steps: list[dict[str, Any]]
    base: str
    taken: list[str] = field(default_factory=list)

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
        line = f"{method} {url.removeprefix(self.base)}" + "".join(f" {name}={value}" for name, value in query)
        assert self.steps, f"one call too many: {line}"
        step = self.steps.pop(0)
        wanted = step["request"]
        assert line == wanted["line"]
        if "json" in wanted:
            assert json == wanted["json"]
        for name, value in wanted.get("headers", {}).items():
            assert headers.get(name) == value
        if "files" in wanted:
            assert [[part.field, part.name, part.media_type] for part in uploads] == wanted["files"]
        if "form" in wanted:
            assert read_multipart(headers["Content-Type"], body or b"") == wanted["form"]
        if "fields" in wanted:
            assert dict(parse_qsl((body or b"").decode(), strict_parsing=True)) == wanted["fields"]
        self.taken.append(line)
        return _answer(step["response"])


def read_multipart(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart body, read by somebody else than who wrote it."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]  # a multipart message has parts
        name = re.search(r'name="([^"]*)"', part["Content-Disposition"])
        assert name
        fields[name[1]] = part.get_payload(decode=True).decode()
    return fields


def _answer(response: Mapping[str, Any]) -> HttpResponse:
    if "lost" in response:
        raise LOST[response["lost"]](response["lost"])
    body = json.dumps(response["json"]) if "json" in response else response.get("body", "")
    kind = "application/json" if "json" in response else "text/html"
    return HttpResponse(
        response.get("status", 200), body.encode(), {"content-type": kind, **response.get("headers", {})}
    )
