"""The request for one message, filled in from the provider's table."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from channels.oauth import Grant
from channels.sms.http_sms.logins import address_of, auth_headers, auth_query, grant_of, needed, plain
from channels.sms.http_sms.settings import HttpSmsSettings, Outbound
from channels.sms.http_sms.words import SIGNING, VALUES, Known, Sending, Template, address
from channels.sms.http_sms.xml_body import check_names, xml_of
from config.settings import SettingsError

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
TYPES = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "xml": "application/xml; charset=utf-8",
}
Parts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


class Writer:
    """The provider's table, read once: SettingsError names the key that cannot be used."""

    def __init__(self, outbound: Outbound, settings: HttpSmsSettings) -> None:
        self._outbound = outbound
        self._secret = settings.secret
        where = "outbound"
        self._url = self._template(
            address_of(outbound.url, f"{where}.url", plain_http=outbound.allow_private), f"{where}.url"
        )
        auth = outbound.auth
        self._query = self._templates({**outbound.query, **auth_query(auth, f"{where}.auth")}, f"{where}.query")
        self._headers = self._templates(
            {**outbound.headers, **auth_headers(auth, self._secret, f"{where}.auth")}, f"{where}.headers"
        )
        for name in (*self._headers, *([auth.name] if auth.kind == "hmac" else [])):
            if not HEADER_NAME.fullmatch(name):
                raise SettingsError(f"{where}.headers", f"{name!r} is no name of a header")
        self._body = self._body_of()
        self._signature = self._signature_of()

    def grant(self) -> Grant | None:
        """How tokens are asked for; None where something else proves who we are."""
        outbound = self._outbound
        return grant_of(outbound.auth, self._secret, "outbound.auth", plain_http=outbound.allow_private)

    def request(self, sending: Sending) -> Request:
        outbound = self._outbound
        body = self._body(sending)
        url = address(self._url, self._query, sending)
        headers = {name: CONTROL.sub("", each.fill(sending)) for name, each in self._headers.items()}
        if body is not None:
            headers["Content-Type"] = outbound.content_type or TYPES.get(
                outbound.body_kind, "text/plain; charset=utf-8"
            )
        if self._signature:
            headers[outbound.auth.name] = self._signature(replace(sending, body=(body or b"").decode()))
        return Request(outbound.method, url, headers, body)

    def _template(self, text: str, where: str, known: Known = VALUES) -> Template:
        return Template(text, where, self._secret, known)

    def _templates(self, texts: Mapping[str, str], where: str) -> dict[str, Template]:
        return {name: self._template(text, f"{where}.{name}") for name, text in texts.items()}

    def _body_of(self) -> Callable[[Sending], bytes | None]:
        outbound, where = self._outbound, "outbound.body"
        extra = self._auth_fields()
        if extra and outbound.body_kind not in {"form", "json"}:
            raise SettingsError("outbound.auth.kind", "body needs body_kind form or json")
        if outbound.body_kind == "none":
            return lambda _: None
        if outbound.body_kind == "raw":
            return self._raw(outbound.body, where)
        if not isinstance(outbound.body, Mapping):
            raise SettingsError(where, "must be a table of fields")
        if outbound.method == "GET":
            raise SettingsError("outbound.method", "GET carries no body: write its parameters to outbound.query")
        tree = self._tree({**outbound.body, **extra}, where)
        if outbound.body_kind == "xml":
            check_names(outbound.body, where)
            return lambda sending: xml_of(_filled(tree, sending))
        if outbound.body_kind == "json":
            return lambda sending: json.dumps(
                _filled(tree, sending), ensure_ascii=False, separators=(",", ":")
            ).encode()
        if not all(isinstance(each, Template) for each in tree.values()):
            raise SettingsError(where, "a form holds texts only")
        return lambda sending: urlencode({name: each.fill(sending) for name, each in tree.items()}).encode()

    def _raw(self, body: object, where: str) -> Callable[[Sending], bytes | None]:
        if not isinstance(body, str):
            raise SettingsError(where, "must be a text, because body_kind is raw")
        template = self._template(body, where)
        if not template.is_escaped:
            raise SettingsError(
                where, "every placeholder of a raw body needs a filter: url, json, xml, b64 or hex_utf16"
            )
        return lambda sending: template.fill(sending).encode()

    def _tree(self, value: Any, where: str) -> Any:
        if isinstance(value, Mapping):
            return {str(name): self._tree(each, f"{where}.{name}") for name, each in value.items()}
        if isinstance(value, list):
            return [self._tree(each, f"{where}[{place}]") for place, each in enumerate(value)]
        return self._template(value, where) if isinstance(value, str) else value

    def _auth_fields(self) -> dict[str, str]:
        auth = self._outbound.auth
        if auth.kind != "body":
            return {}
        needed(auth.fields, "outbound.auth.fields")
        return {name: self._text_or_secret(text, f"outbound.auth.fields.{name}") for name, text in auth.fields.items()}

    def _text_or_secret(self, text: str, where: str) -> str:
        is_reference = text.startswith(("env:", "file:", "secret:"))
        return plain(self._secret(text, where)) if is_reference else text

    def _signature_of(self) -> Callable[[Sending], str] | None:
        auth = self._outbound.auth
        if auth.kind != "hmac":
            return None
        needed(auth.name, "outbound.auth.name")
        key = self._secret(auth.key, "outbound.auth.key").encode()
        signed = self._template(auth.signed, "outbound.auth.signed", SIGNING)

        def signature(sending: Sending) -> str:
            digest = hmac.new(key, signed.fill(sending).encode(), getattr(hashlib, auth.algorithm)).digest()
            return auth.prefix + (digest.hex() if auth.encoding == "hex" else base64.b64encode(digest).decode())

        return signature


def _filled(tree: Any, sending: Sending) -> Any:
    if isinstance(tree, dict):
        return {name: _filled(each, sending) for name, each in tree.items()}
    if isinstance(tree, list):
        return [_filled(each, sending) for each in tree]
    return tree.typed(sending) if isinstance(tree, Template) else tree
