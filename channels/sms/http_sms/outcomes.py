"""What the provider's answer means for a message, by its own table: codes first, then statuses."""

from http import HTTPStatus
from typing import Any

from channels.errors import (
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
)
from channels.messages import SendReceipt
from channels.protocols import HttpResponse
from channels.sms.http_sms.paths import Form, Place, as_text, condition, pattern
from channels.sms.http_sms.reading import tree_of
from channels.sms.http_sms.settings import Outbound, Rule, Throttle

PASSING = frozenset({408, 425, 429, 502, 503})
CREDIT = HTTPStatus.PAYMENT_REQUIRED
LONGEST_WAIT_S = 3600.0
LONGEST_ID, LONGEST_CODE = 120, 60


class Judge:
    """The table of answers, read once: SettingsError names the key that cannot be used."""

    def __init__(self, outbound: Outbound) -> None:
        accept = outbound.accept
        self._outbound = outbound
        # Of a plain text `$` is the whole.
        self._form: Form = "xml" if outbound.answer == "xml" else "json"
        self._id = self._path(accept.id_path, "outbound.accept.id_path")
        self._error = self._path(accept.error_path, "outbound.accept.error_path")
        self._id_pattern = pattern(accept.id_regex, "outbound.accept.id_regex")
        self._error_pattern = pattern(accept.error_regex, "outbound.accept.error_regex")
        self._when = condition(accept.when, "outbound.accept.when", self._form)

    def _path(self, path: str, where: str) -> Place | None:
        return Place.of(path, where, self._form) if path else None

    def receipt(self, response: HttpResponse) -> SendReceipt:
        """SendReceipt, or the SendError that the table gives."""
        tree = self._tree(response)
        code = self._found(tree, self._error, self._error_pattern)[:LONGEST_CODE]
        outbound, status = self._outbound, response.status
        if _hits(outbound.throttle, status, code):
            raise ProviderBusy(_wait(response, outbound.throttle), whole_channel=True)
        if listed := self._listed(status, code):
            raise listed
        if status in outbound.accept.status:
            return self._accepted(tree, status, code)
        if _hits(outbound.temporary, status, code):
            raise TemporaryFailure("busy", code)
        raise self._by_status(status, code)

    def _tree(self, response: HttpResponse) -> Any:
        if self._outbound.answer == "text":
            return response.body.decode("utf-8", "replace").strip()
        try:
            return tree_of(response.body, self._form)
        except PayloadInvalid:
            return None

    def _found(self, tree: Any, place: Place | None, regex: Any) -> str:
        text = as_text(place.value(tree)) if place is not None else ""
        if regex is None:
            return text.strip()
        found = regex.search(text)
        return (found["v"] or "").strip() if found else ""

    def _listed(self, status: int, code: str) -> SendError | None:
        outbound = self._outbound
        if _hits(outbound.blocked, status, code):
            return RecipientRefused("blocked", code)
        if _hits(outbound.permanent, status, code):
            return SendRefused(code or "bad_request", str(status))
        if status == CREDIT or _hits(outbound.stop, status, code):
            return ChannelStopped("credit" if status == CREDIT else "credentials", code or str(status))
        if code and code in outbound.temporary.codes:
            return TemporaryFailure("busy", code)
        return None

    def _accepted(self, tree: Any, status: int, code: str) -> SendReceipt:
        provider_id = self._found(tree, self._id, self._id_pattern)
        not_fulfilled = self._when is not None and not self._when.holds(tree)
        if not_fulfilled or (self._id is not None and not provider_id):
            raise self._unclear(status, code)
        return SendReceipt(provider_id[:LONGEST_ID])

    def _by_status(self, status: int, code: str) -> SendError:
        if status in PASSING:
            return TemporaryFailure("busy", str(status))
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return SendRefused(code or "bad_request", str(status))
        return self._unclear(status, code)

    def _unclear(self, status: int, code: str) -> SendError:
        detail = f"{status} {code}".strip()
        if self._outbound.idempotent:
            return TemporaryFailure("server_error", detail)
        return SendUnknown("unclear_answer", detail)


def _hits(rule: Rule | Throttle, status: int, code: str) -> bool:
    return status in rule.status or (bool(code) and code in rule.codes)


def _wait(response: HttpResponse, throttle: Throttle) -> float:
    """Seconds; the table's own where the answer names none, or a date."""
    try:
        given = float(response.headers.get(throttle.retry_after_header.lower(), ""))
    except ValueError:
        return throttle.retry_after_s
    return min(given, LONGEST_WAIT_S) if given > 0 else throttle.retry_after_s
