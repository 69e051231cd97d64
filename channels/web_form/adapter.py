"""The public form as a channel: `POST /lapor` of our page and `POST /c/<name>` of embedding pages.

Wire: docs/channels/web_form.md. It has nothing to send: answers go to the contact that was given, or wait at /lacak.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from channels.errors import FormInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import (
    Address,
    Answer,
    FormReport,
    Inbound,
    InboundMessage,
    RawRequest,
    RawResponse,
)
from channels.protocols import Capabilities
from channels.web_form.fields import Fields, has_many_links, read_fields
from channels.web_form.files import accept
from channels.web_form.form import Form, read_form
from channels.web_form.token import Token, check_token, issue_token
from config.settings import Secret

HONEYPOT = "website"
"""Hidden from people and screen readers; only a machine fills it in."""
JSON = "application/json; charset=utf-8"
NONCE_BYTES = 18
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class WebFormSettings:
    form_key: Secret | None = None
    """Key of the form's token; drawn from `storage.identity_key` when absent."""
    allowed_origins: tuple[str, ...] = ()
    """Other sites that may embed the form: https://desa.example."""
    min_fill_s: float = field(default=3, metadata={"min": 0})
    """A form filled in faster is held for a person."""
    max_files: int = field(default=5, metadata={"min": 0, "max": 20})
    max_file_mib: int = field(default=10, metadata={"min": 1, "max": 20})

    def __post_init__(self) -> None:
        for origin in self.allowed_origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
                raise ValueError(f"allowed_origins: {origin!r} must be like https://desa.example, without a path")


class WebForm:
    """Receiver."""

    Settings = WebFormSettings
    capabilities: ClassVar[Capabilities] = Capabilities(sends=False, staff=False, media=True)
    drawn: ClassVar[tuple[str, ...]] = ("form_key",)
    max_body: ClassVar[int] = 25 * MIB
    own: ClassVar[str] = ""

    def __init__(self, settings: WebFormSettings) -> None:
        self._settings = settings
        if not settings.form_key:
            raise ValueError("form_key is missing")
        self._key = settings.form_key

    def new_token(self, now: datetime) -> str:
        """The hidden `_token` for one showing of the form."""
        return issue_token(self._key, secrets.token_urlsafe(NONCE_BYTES), now)

    def verify(self, request: RawRequest) -> None:
        if not self._is_from_a_known_page(request):
            raise SignatureInvalid("web_form: posted by another site")
        if self._token(read_form(request)) is None:
            raise SignatureInvalid("web_form: token missing or forged")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        """FormInvalid for what the person can mend: the page shows it with everything that was typed."""
        form, now = read_form(request), request.received_at
        token = self._token(form)
        if token is None or now is None:
            raise PayloadInvalid("web_form: neither token nor time of arrival")
        self._refuse_stale(form, token, request, now)
        fields = read_fields(form.values, now)
        attachments, remarks = accept(
            form.files, token.nonce, self._settings.max_files, self._settings.max_file_mib * MIB
        )
        unverified = frozenset({"unverified_contact"} if fields.contact else ())
        return [
            InboundMessage(
                external_id=f"wf:{token.nonce}",
                sender=fields.contact or Address("web", token.nonce),
                text=fields.text,
                display_name=fields.name,
                unit=fields.unit,
                attachments=attachments,
                location=fields.location,
                form=self._report(form, fields, token, now),
                flags=fields.remarks | remarks | unverified,
            )
        ]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        """JSON callers get number and code; browsers go to the page that shows them once."""
        if not _wants_json(request):
            token = self._token(read_form(request))
            headers = {"location": f"/terima/{token.nonce}" if token else "/lapor"}
            return RawResponse(HTTPStatus.SEE_OTHER, headers=headers)
        if not answer.number:  # taken into the spool: the number comes with the commit
            return RawResponse(HTTPStatus.ACCEPTED, msgspec.json.encode({"status_url": "/lacak"}), JSON)
        body = {"number": answer.number, "secret_code": answer.secret_code, "status_url": "/lacak"}
        status = HTTPStatus.OK if answer.repeated else HTTPStatus.CREATED
        return RawResponse(status, msgspec.json.encode(body), JSON)

    def refuse(self, problem: FormInvalid, words: Callable[[str], str]) -> RawResponse:
        """422 for callers at `/c/<name>`; `words` finds the text of a key. Our own page shows the form again instead."""
        errors = [
            {"field": name, "code": key.rpartition(".")[2], "message": words(key)}
            for name, key in problem.problems.items()
        ]
        body: dict[str, Any] = {"type": "about:blank", "title": errors[0]["message"], "status": 422, "errors": errors}
        return RawResponse(HTTPStatus.UNPROCESSABLE_ENTITY, msgspec.json.encode(body), "application/problem+json")

    def cors_headers(self, request: RawRequest) -> dict[str, str]:
        """For embedding pages on the list; empty for all others."""
        origin = request.headers.get("origin", "")
        if origin not in self._settings.allowed_origins:
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "content-type, idempotency-key",
            "vary": "Origin",
        }

    def _token(self, form: Form) -> Token | None:
        return check_token(form.values.get("_token", ""), self._key)

    def _is_from_a_known_page(self, request: RawRequest) -> bool:
        """No cookie is involved, so nothing can be stolen; this only keeps other sites from filling our queue."""
        origin, fetched = request.headers.get("origin", ""), request.headers.get("sec-fetch-site", "")
        if origin in self._settings.allowed_origins:
            return True
        if fetched:
            return fetched in {"same-origin", "none"}
        return not origin or urlsplit(origin).netloc == request.headers.get("host", "")

    def _refuse_stale(self, form: Form, token: Token, request: RawRequest, now: datetime) -> None:
        if not form.is_whole:
            raise FormInvalid({"_form": "form._form.unreadable"})
        if request.headers.get("idempotency-key", token.nonce) != token.nonce:
            raise FormInvalid({"_token": "form._token.mismatch"})
        if token.is_expired(now):
            raise FormInvalid({"_token": "form._token.expired"})

    def _report(self, form: Form, fields: Fields, token: Token, now: datetime) -> FormReport:
        return FormReport(
            nonce=token.nonce,
            title=fields.title,
            place=fields.place,
            incident_on=fields.incident_on,
            topic=fields.topic,
            unit=fields.unit,
            name=fields.name,
            contact=fields.contact,
            anonymous=fields.anonymous,
            confidential=fields.confidential,
            consent=fields.consent,
            suspicion=self._suspicion(form, fields, token, now),
        )

    def _suspicion(self, form: Form, fields: Fields, token: Token, now: datetime) -> str:
        if form.values.get(HONEYPOT, "").strip():
            return "honeypot"
        if token.age(now).total_seconds() < self._settings.min_fill_s:
            return "too_fast"
        return "links" if has_many_links(fields.text) else ""


def _wants_json(request: RawRequest) -> bool:
    return "json" in request.headers.get("content-type", "") or "json" in request.headers.get("accept", "")
