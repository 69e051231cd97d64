"""The keys of a `[channels.<name>]` of kind `http_sms`, and of its provider's file: tables, and nothing that can be run."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from config.build import build_section
from config.load import secret_by_reference
from config.settings import Secret, SettingsError, is_secret_name

Algorithm = Literal["sha256", "sha512", "sha1"]
NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OutboundAuth:
    """How we prove who we are. Every secret is a reference: `env:NAME`, `file:PATH` or `secret:NAME`."""

    kind: Literal["none", "basic", "bearer", "header", "query", "body", "hmac", "oauth2_client"] = "none"
    username: str = ""
    password: str = ""
    token: str = ""
    name: str = ""
    """Of the header or parameter that carries `value`; of the header that carries the signature."""
    value: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    """Of kind `body`: more fields of a form or JSON body, each value a reference or a plain text."""
    key: str = ""
    algorithm: Algorithm = "sha256"
    signed: str = "{body}"
    """What is signed: `{body}`, and every placeholder of a message."""
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    token_url: str = ""
    """Of kind `oauth2_client`: where tokens are given out, for `client_id` and `client_secret` (a reference)."""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether the value at `path` is one of `equals`."""

    path: str
    equals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accept:
    """What taking looks like: one of these statuses, `when` fulfilled, and an id where `id_path` says there is one."""

    status: tuple[int, ...] = (200, 201, 202)
    id_path: str = ""
    id_regex: str = ""
    """Picks the id out of a longer value; its group `v`."""
    error_path: str = ""
    error_regex: str = ""
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Answers that mean one thing: by HTTP status, or by the code at `accept.error_path`."""

    status: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Throttle:
    status: tuple[int, ...] = (429,)
    codes: tuple[str, ...] = ()
    retry_after_header: str = "Retry-After"
    retry_after_s: float = field(default=30.0, metadata={"min": 0.1, "max": 3600})
    """Where the answer does not say how long."""


@dataclass(frozen=True, slots=True)
class Outbound:
    url: str
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    query: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    auth: OutboundAuth = field(default_factory=OutboundAuth)
    body_kind: Literal["none", "form", "json", "xml", "raw"] = "json"
    body: object = None
    """Fields; of `xml` one element that holds the others, where `@name` is an attribute and `""` the text beside it."""
    content_type: str = ""
    """Of a `raw` body."""
    answer: Literal["json", "xml", "text"] = "json"
    accept: Accept = field(default_factory=Accept)
    throttle: Throttle = field(default_factory=Throttle)
    permanent: Rule = field(default_factory=Rule)
    blocked: Rule = field(default_factory=Rule)
    """The citizen cannot or does not want to be reached."""
    stop: Rule = field(default_factory=lambda: Rule(status=(401, 403)))
    """The login is wrong or the credit is used up: the channel stops, its messages wait."""
    temporary: Rule = field(default_factory=Rule)
    timeout_s: float = field(default=15.0, metadata={"min": 1, "max": 25})
    max_segments: int = field(default=10, metadata={"min": 1, "max": 20})
    idempotent: bool = False
    """True only if the provider promises that the same `{out.id}` is sent once."""
    allow_private: bool = False
    """Whether the provider may be on a private network or speak plain http."""


@dataclass(frozen=True, slots=True)
class InboundAuth:
    """How the provider proves who it is. `url_key` is the channel's own `inbound_token`."""

    kind: Literal["url_key", "basic", "header", "hmac"] = "url_key"
    username: str = ""
    password: str = ""
    header: str = ""
    value: str = ""
    secret: str = ""
    previous_secret: str = ""
    algorithm: Algorithm = "sha256"
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    signed: str = "{body}"
    """What is signed: `{body}` (its very bytes), `{timestamp}`, `{query}`."""
    timestamp_header: str = ""
    tolerance_s: int = field(default=300, metadata={"min": 1, "max": 3600})


@dataclass(frozen=True, slots=True)
class FieldTable:
    """Where a value stands and how it is read. `regex` picks its group `v`; `map` replaces whole values."""

    path: str
    default: str = ""
    regex: str = ""
    map: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    format: str = ""
    """Of a time: `unix`, `unix_ms`, `rfc3339`, `strftime:%d-%m-%Y %H:%M:%S`; of a text: `hex_utf16`, `hex`, `b64`."""
    tz: str = "Asia/Jakarta"


FieldWords = str | FieldTable


@dataclass(frozen=True, slots=True)
class MessageFields:
    from_: FieldWords = field(metadata={"key": "from"})
    text: FieldWords
    to: FieldWords | None = None
    id: FieldWords | None = None
    time: FieldWords | None = None
    encoding: FieldWords | None = None
    """Its value, after `map`, says how the text is written: empty, `hex_utf16`, `hex` or `b64`."""
    udh: FieldWords | None = None
    part: FieldWords | None = None
    parts: FieldWords | None = None
    ref: FieldWords | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    status: int = field(default=200, metadata={"min": 200, "max": 299})
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class InboundTable:
    fields: MessageFields
    method: Literal["GET", "POST"] = "POST"
    body_kind: Literal["query", "form", "json", "xml"] = "json"
    auth: InboundAuth = field(default_factory=InboundAuth)
    items_path: str = ""
    """Where the list of messages stands (`$.messages[*]`, in XML `/messages/message`); empty = one message a call."""
    ignore_if: Condition | None = None
    respond: Respond = field(default_factory=Respond)
    charset: str = "utf-8"
    double_decode: bool = False
    """The provider percent-encodes texts twice."""


@dataclass(frozen=True, slots=True)
class ReceiptFields:
    """`id` is the provider's, `reference` ours (`{out.id}`); one of them is needed."""

    status: FieldWords
    id: FieldWords | None = None
    reference: FieldWords | None = None
    error: FieldWords | None = None
    time: FieldWords | None = None
    part: FieldWords | None = None


Meaning = Literal["sent", "delivered", "failed", "expired", "ignored"]


@dataclass(frozen=True, slots=True)
class Receipts:
    fields: ReceiptFields
    map: Mapping[str, Meaning]
    """The provider's word, in any case, and what it means; words that are missing here mean nothing."""
    path: Literal["status", ""] = "status"
    """Empty: receipts come to the address of messages and are told apart by `when`."""
    when: Condition | None = None
    method: Literal["GET", "POST"] = "POST"
    body_kind: Literal["query", "form", "json", "xml"] = "json"
    items_path: str = ""
    respond: Respond | None = None
    """None = as `inbound.respond`."""
    charset: str = "utf-8"


@dataclass(frozen=True, slots=True)
class PollTable:
    """For a provider without callbacks: where new messages are asked for, and where they stand in the answer."""

    url: str
    fields: MessageFields
    every_s: float = field(default=30.0, metadata={"min": 5, "max": 3600})
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    query: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    """`{cursor}` is what stood at `cursor_path` in the last answer, `first` before there was one."""
    auth: OutboundAuth | None = None
    """None = as `outbound.auth`."""
    answer: Literal["json", "xml"] = "json"
    items_path: str = ""
    """As in `inbound`; empty = one message an answer."""
    cursor_path: str = ""
    """Empty: the provider itself remembers what it gave, or gives the newest again and again."""
    first: str = ""
    ignore_if: Condition | None = None
    charset: str = "utf-8"
    double_decode: bool = False


@dataclass(frozen=True, slots=True)
class About:
    title: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's file holds, and nothing else."""

    outbound: Outbound
    inbound: InboundTable | None = None
    receipts: Receipts | None = None
    poll: PollTable | None = None
    kind: Literal["http_sms"] = "http_sms"
    name: str = ""
    provider: About = field(default_factory=About)


@dataclass(frozen=True, slots=True)
class HttpSmsSettings:
    number: str
    """The number that citizens write to."""
    coverage: str
    """Which operators can reach the number; shown beside it."""
    tariff_note: str
    """What an SMS to it costs a citizen."""
    provider: Path | None = None
    """A file (TOML or JSON) with the tables below; instead of them."""
    outbound: Outbound | None = None
    inbound: InboundTable | None = None
    receipts: Receipts | None = None
    poll: PollTable | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """What `secret:NAME` and `{secret.NAME}` mean."""
    inbound_token: Secret | None = None
    """Key in the address that the provider calls, for `inbound.auth` of kind `url_key`."""
    previous_inbound_token: Secret | None = None

    def __post_init__(self) -> None:
        for name in self.secrets:
            if not is_secret_name(name):
                raise ValueError(
                    f"secrets.{name}: end its name in _key, _token, _password or _secret, to be masked everywhere"
                )

    def dialect(self) -> Provider:
        """The provider's tables, from its file or from the settings. SettingsError names the wrong key."""
        if self.provider is None:
            if self.outbound is None:
                raise SettingsError("outbound", "is missing; write its table, or name the provider's file: provider")
            return Provider(self.outbound, self.inbound, self.receipts, self.poll)
        if self.outbound or self.inbound or self.receipts or self.poll:
            raise SettingsError("provider", "stands beside outbound, inbound, receipts or poll; keep one of both")
        return build_section(Provider, _tree(self.provider), self.provider.name)

    def secret(self, reference: str, where: str) -> str:
        """What a reference means. SettingsError for a literal: a secret does not stand in a provider's file."""
        name = reference.removeprefix("secret:")
        if name != reference:
            if name not in self.secrets:
                raise SettingsError(where, f"there is no {name!r} among the channel's secrets")
            return self.secrets[name].reveal()
        return secret_by_reference(reference, where).reveal()


def _tree(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as problem:
        raise SettingsError("provider", f"cannot read {path}: {problem}") from problem
    if not isinstance(tree, dict):
        raise SettingsError("provider", f"{path} must be a table")
    return tree
