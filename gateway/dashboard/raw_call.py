"""A call of a provider, made safe to look at: decoded whatever it holds, personal data covered, secrets left out.

Nothing is parsed as what it claims to be: what stands in quarantine broke a parser once already.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from channels.messages import RawRequest, clean_text
from gateway.privacy.privacy import masked_text

SHOWN_HEADERS = ("content-type", "content-length", "user-agent")
FORM = "application/x-www-form-urlencoded"
MOST_CHARACTERS = 4_000
MOST_PAIRS = 60
HIDDEN = "•••"
SECRET = re.compile(r"(?i)token|secret|pass|key|auth|signature|hash|sig$")
# Who wrote: a name or an account behind one of these fields is covered, in JSON as in a form.
PERSONAL = (
    "first_name|last_name|username|name|title|from|sender|msisdn|phone(?:_?number)?|contact|email|user_?id|chat_?id|id"
)
PERSON = re.compile(rf"(?i)^(?:{PERSONAL})$")
JSON_PERSON = re.compile(rf'(?i)("(?:{PERSONAL})"\s{{0,5}}:\s{{0,5}})("(?:[^"\\]|\\.){{0,300}}"?|-?\d{{1,30}})')
JSON_SECRET = re.compile(
    r'(?i)("[^"]{0,40}(?:token|secret|password)[^"]{0,40}"\s{0,5}:\s{0,5})"(?:[^"\\]|\\.){0,300}"?'
)


@dataclass(frozen=True, slots=True)
class ShownCall:
    """What of a call is shown. `cut`: the body goes on."""

    method: str
    path: str
    headers: Sequence[tuple[str, str]]
    pairs: Sequence[tuple[str, str]]
    body: str
    size: int
    cut: bool


def shown(request: RawRequest, *, words: bool) -> ShownCall:
    """The call for a screen; without `words` only its outline, for those who may not read what citizens write."""
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    pairs = [*_pairs(request.raw_query), *(_pairs(request.body) if is_form else ())][:MOST_PAIRS]
    body = "" if is_form else _text(request.body[: MOST_CHARACTERS * 4])
    return ShownCall(
        method=request.method[:10],
        path=request.path[:80],
        headers=[(name, request.headers[name][:200]) for name in SHOWN_HEADERS if name in request.headers],
        pairs=[(name, _value(name, value) if words else HIDDEN) for name, value in pairs],
        body=_covered(body[:MOST_CHARACTERS]) if words else "",
        size=len(request.body),
        cut=not is_form and (len(body) > MOST_CHARACTERS or len(request.body) > MOST_CHARACTERS * 4),
    )


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(raw[: MOST_CHARACTERS * 4].decode("latin-1"), keep_blank_values=True, encoding="utf-8")
    except ValueError:
        return [("?", _text(raw))]
    return [(clean_text(name)[:60], clean_text(value)[:MOST_CHARACTERS]) for name, value in found]


def _value(name: str, value: str) -> str:
    if SECRET.search(name) or PERSON.match(name):
        return HIDDEN
    return masked_text(value)


def _text(raw: bytes) -> str:
    """Bytes as far as they are text; the rest as what a reader can copy into a report."""
    return clean_text(raw.decode("utf-8", "backslashreplace"))


def _covered(body: str) -> str:
    body = JSON_SECRET.sub(rf'\1"{HIDDEN}"', body)
    return masked_text(JSON_PERSON.sub(rf'\1"{HIDDEN}"', body))
