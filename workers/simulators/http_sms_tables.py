"""A provider's tables from its own side: what a request of ours must look like, and how its calls are written and signed."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from workers.simulators import http_sms_xml

Tables = Mapping[str, Any]
PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)(?::[a-z]+)?((?:\|[a-z0-9_]+)*)\}")
STEP = re.compile(r"\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]")
# Used where the gateway has no such channel: enough to try the other side of it.
SAMPLE: Tables = {
    "outbound": {
        "url": "https://api.sms.example/v1/messages",
        "body_kind": "json",
        "body": {"to": "{to.e164_noplus}", "message": "{text}", "reference": "{out.id}"},
        "accept": {"status": [202], "id_path": "$.data.message_id", "error_path": "$.error.code"},
    },
    "inbound": {
        "body_kind": "json",
        "items_path": "$.messages[*]",
        "fields": {"id": "$.id", "from": "$.sender", "to": "$.recipient", "text": "$.text"},
    },
    "receipts": {
        "body_kind": "json",
        "map": {"SENT": "sent", "DELIVERED": "delivered", "FAILED": "failed", "EXPIRED": "expired"},
        "fields": {"id": "$.message_id", "reference": "$.reference", "status": "$.status"},
    },
}


class DoesNotFit(Exception):
    """A request that is not what the tables promise; the text names the place."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a request of the gateway says, by the names of its placeholders."""

    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def to(self) -> str:
        given = self.values
        if "to.local" in given:
            return f"+62{given['to.local'].removeprefix('0')}"
        return f"+{(given.get('to.e164') or given.get('to.e164_noplus', '')).removeprefix('+')}"

    @property
    def text(self) -> str:
        return self.values.get("text", "")

    @property
    def reference(self) -> str:
        return self.values.get("out.id") or self.values.get("out.id_int", "")


def read_order(outbound: Tables, path_query: str, body: bytes) -> Order:
    """The request against the tables; DoesNotFit names what differs."""
    given = dict(parse_qsl(urlsplit(path_query).query, keep_blank_values=True))
    wanted: dict[str, Any] = dict(parse_qsl(urlsplit(outbound["url"]).query, keep_blank_values=True))
    pairs = list(_pairs(wanted | dict(outbound.get("query", {})), given, "query"))
    match outbound.get("body_kind", "json"):
        case "json":
            try:
                sent = json.loads(body or b"null")
            except ValueError as problem:
                raise DoesNotFit("body: no JSON") from problem
            pairs += _pairs(outbound.get("body") or {}, sent, "body")
        case "form":
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            pairs += _pairs(outbound.get("body") or {}, form, "body")
        case "xml":
            try:
                pairs += _pairs(outbound.get("body") or {}, http_sms_xml.read(body), "body")
            except ValueError as problem:
                raise DoesNotFit("body: no XML") from problem
        case "raw":
            pairs.append(("body", outbound.get("body", ""), body.decode("utf-8", "replace")))
        case _:
            pass
    found: dict[str, str] = {}
    for where, template, text in pairs:
        found |= _matched(template, text, where)
    return Order(found)


def _pairs(wanted: Any, given: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Every template of the tables beside the text that came in its place."""
    if isinstance(wanted, Mapping):
        for name, each in wanted.items():
            if not isinstance(given, Mapping) or name not in given:
                raise DoesNotFit(f"{where}.{name} is missing")
            yield from _pairs(each, given[name], f"{where}.{name}")
    elif isinstance(wanted, list):
        if not isinstance(given, list) or len(given) != len(wanted):
            raise DoesNotFit(f"{where} is no list of {len(wanted)}")
        for place, each in enumerate(wanted):
            yield from _pairs(each, given[place], f"{where}[{place}]")
    elif isinstance(wanted, str):
        yield where, wanted, str(given).lower() if isinstance(given, bool) else str(given)


def _matched(template: str, text: str, where: str) -> dict[str, str]:
    found = list(PLACEHOLDER.finditer(template))
    pattern, position = "", 0
    for one in found:
        pattern += f"{re.escape(template[position : one.start()])}(.*?)"
        position = one.end()
    match = re.fullmatch(pattern + re.escape(template[position:]), text, re.DOTALL)
    if match is None:
        raise DoesNotFit(f"{where} does not fit {template!r}")
    return {one[1]: _unfiltered(value, one[2]) for one, value in zip(found, match.groups(), strict=True)}


def _unfiltered(value: str, filters: str) -> str:
    if filters == "|hex_utf16":
        return bytes.fromhex(value).decode("utf-16-be")
    return base64.b64decode(value).decode() if filters == "|b64" else value


def cursor_of(poll: Tables, path_query: str) -> str | None:
    """The position that a question of ours names; None for what is no such question."""
    asked, wanted = urlsplit(path_query), urlsplit(poll["url"])
    if not asked.path.endswith(wanted.path):
        return None
    given = dict(parse_qsl(asked.query, keep_blank_values=True))
    templates = dict(parse_qsl(wanted.query, keep_blank_values=True)) | dict(poll.get("query", {}))
    found: dict[str, str] = {}
    for where, template, text in _pairs(templates, given, "query"):
        found |= _matched(template, text, where)
    return found.get("cursor", "")


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set what a field path names; plain names, `$.a.b` and `/a/b/@c` alike."""
    steps = [one[1] or one[2] for one in STEP.finditer(path)] if path.startswith("$") else path.strip("/").split("/")
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    if steps:
        tree[steps[-1]] = value


def path_of(words: Any) -> str:
    """A field is a path, or a table with one."""
    return str(words["path"]) if isinstance(words, Mapping) else str(words or "")


def moment(words: Any, at: datetime) -> Any:
    """A time as the field's format has it."""
    table = words if isinstance(words, Mapping) else {}
    form, local = str(table.get("format", "rfc3339")), at.astimezone(ZoneInfo(str(table.get("tz", "Asia/Jakarta"))))
    if form in {"unix", "unix_ms"}:
        return int(at.timestamp() * (1000 if form == "unix_ms" else 1))
    return local.strftime(form.removeprefix("strftime:")) if form.startswith("strftime:") else local.isoformat()


@dataclass(frozen=True, slots=True)
class Written:
    query: str
    headers: Mapping[str, str]
    body: bytes | None


def write(table: Tables, item: dict[str, Any], auth: Tables, keys: Mapping[str, str], at: datetime) -> Written:
    """One call with its proof. `keys`: meanings of references, and `token` for the key in the address."""
    kind, headers, body = table.get("body_kind", "json"), {}, None
    query = urlencode(item, quote_via=quote) if kind == "query" else ""
    if kind == "json":
        body, headers = json.dumps(item, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
    elif kind == "xml":
        body, headers = http_sms_xml.written(item, "messages"), {"Content-Type": "application/xml"}
    elif kind == "form":
        body, headers = urlencode(item).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    match auth.get("kind", "url_key"):
        case "url_key":
            query = "&".join(filter(None, (f"token={quote(keys.get('token', ''), safe='')}", query)))
        case "basic":
            login = f"{auth.get('username', '')}:{keys.get(auth.get('password', ''), '')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        case "header":
            headers[auth["header"]] = keys.get(auth.get("value", ""), "")
        case _:
            headers |= _signed(auth, keys, at, query, body or b"")
    return Written(query, headers, body)


def _signed(auth: Tables, keys: Mapping[str, str], at: datetime, query: str, body: bytes) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    parts = {"{timestamp}": stamp.encode(), "{query}": query.encode(), "{body}": body}
    signed = str(auth.get("signed", "{body}"))
    octets = b"".join(parts.get(piece, piece.encode()) for piece in re.split(r"(\{[a-z]+\})", signed))
    key = keys.get(auth.get("secret", ""), "").encode()
    digest = hmac.new(key, octets, getattr(hashlib, auth.get("algorithm", "sha256"))).digest()
    text = base64.b64encode(digest).decode() if auth.get("encoding") == "base64" else digest.hex()
    stamped = {auth["timestamp_header"]: stamp} if auth.get("timestamp_header") else {}
    return {auth["header"]: f"{auth.get('prefix', '')}{text}", **stamped}
