"""One call to the Graph API, and what its answer means for a message. Source: docs/channels/README.md § 4.

Titles and messages of errors change with every version: only code, subcode and status are read. What is no JSON comes from
a machine in front of Meta and says nothing about what was done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from channels.errors import ProviderBusy, SendError, SendRefused, SendUnknown, TemporaryFailure
from channels.json_object import json_object
from channels.messages import NOTHING
from channels.protocols import Http, HttpResponse, Upload
from config.settings import Secret

READ_S = 20.0
DETAIL = 200
WITHOUT_A_NUMBER_S = 60.0
"""How long the channel waits after a 429 whose code no table knows."""
SERVER_ERROR_ATTEMPTS = 3

Means = Callable[[str], SendError]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """`body` is None where the answer is no JSON object; `code` 0 where it names no error."""

    status: int
    body: Mapping[str, Any] | None = None
    code: int = 0
    subcode: int = 0
    detail: str = ""
    transient: bool = False
    """Meta says itself that the same call may succeed later."""
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def succeeded(self) -> bool:
        return self.status // 100 == 2 and self.body is not None and "error" not in self.body  # noqa: PLR2004 - success

    @property
    def tells_an_error(self) -> bool:
        """Whether the answer is whole and says that nothing was done."""
        return self.body is not None and isinstance(self.body.get("error"), dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row of a channel's table: codes from `first` to `last` (0 = only `first`), with this subcode (None = any)."""

    first: int
    means: Means
    last: int = 0
    subcode: int | None = None

    def fits(self, code: int, subcode: int) -> bool:
        return self.first <= code <= (self.last or self.first) and self.subcode in {None, subcode}


async def call(
    http: Http,
    method: str,
    url: str,
    token: Secret,
    *,
    query: Sequence[tuple[str, str]] = (),
    json: object | None = None,
    form: Mapping[str, str] | None = None,
    uploads: Sequence[Upload] = (),
) -> GraphAnswer:
    """Ask with the token in the header, never in the address. ChannelErrors of `Http` are the caller's."""
    headers = {"authorization": f"Bearer {token.reveal()}"}
    return read_answer(
        await http.request(
            method, url, query=query, headers=headers, json=json, form=form, uploads=uploads, read_s=READ_S
        )
    )


def read_answer(response: HttpResponse) -> GraphAnswer:
    body = json_object(response.body)
    error = body.get("error") if body else None
    if not isinstance(error, dict):
        return GraphAnswer(response.status, body, headers=response.headers)
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return GraphAnswer(
        response.status,
        body,
        _number(error.get("code")),
        _number(error.get("error_subcode")),
        str(details or error.get("message") or "")[:DETAIL],
        error.get("is_transient") is True,
        response.headers,
    )


def refusal(answer: GraphAnswer, rows: Sequence[Refusal]) -> SendError:
    """What an answer that is no success means: the first row that fits, else what its status says."""
    if not answer.tells_an_error:
        return SendUnknown("unclear_answer", str(answer.status))
    detail = f"{answer.code} {answer.detail}".strip()
    known = meaning(answer.code, answer.subcode, rows)
    if known is not None:
        return known(detail)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return ProviderBusy(WITHOUT_A_NUMBER_S, whole_channel=True)
    if answer.transient or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TemporaryFailure("server_error", detail, SERVER_ERROR_ATTEMPTS)
    return SendRefused("bad_request", detail, alert=True)


def meaning(code: int, subcode: int, rows: Sequence[Refusal]) -> Means | None:
    """The first row for this code, also of errors that come later, in a status."""
    return next((row.means for row in rows if row.fits(code, subcode)), None)


def _number(value: object) -> int:
    """Codes have been seen as text, too."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:12])
    return value if isinstance(value, int) else 0
