"""A mail as somebody's service hands it over: the mail itself, or as a field of a form or of JSON beside who sent it to whom.

The field with the whole mail is `body-mime`, `raw` or `email`; the envelope `sender`/`from` and `recipient`/`to`. Pure.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from channels.errors import PayloadInvalid
from channels.json_object import json_object
from channels.messages import RawRequest

WHOLE = ("body-mime", "raw", "email")
SENDERS, RECEIVERS = ("sender", "from"), ("recipient", "to")
MOST_FIELDS = 100
LONGEST_HEAD = 4096
BOUNDARY = re.compile(r'boundary="?([^";\s]{1,200})"?', re.IGNORECASE)
NAME = re.compile(rb'name="?([A-Za-z0-9_-]{1,60})"?', re.IGNORECASE)
Fields = Mapping[str, bytes]


def fields_of(request: RawRequest) -> Fields:
    """The fields of a form or of JSON (objects within it opened); none for a mail itself and for what is neither."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    match kind.strip().lower():
        case "multipart/form-data":
            return _of_form(request.body, rest)
        case "application/x-www-form-urlencoded":
            return _of_pairs(request.body)
        case "application/json":
            return _of_json(request.body)
        case _:
            return {}


def mail_of(request: RawRequest) -> bytes:
    """The mail with its headers. PayloadInvalid where the form has none."""
    fields = fields_of(request)
    if not fields:
        return request.body
    found = next((fields[name] for name in WHOLE if fields.get(name)), b"")
    if not found:
        raise PayloadInvalid("email: no whole mail (body-mime, raw, email) in what was handed over")
    return found


def sender_of(fields: Fields) -> str:
    return _first(fields, SENDERS)


def receivers_of(fields: Fields) -> str:
    return _first(fields, RECEIVERS)


def _first(fields: Fields, names: tuple[str, ...]) -> str:
    return next((fields[name].decode("utf-8", "replace") for name in names if fields.get(name)), "")


def _of_json(body: bytes) -> Fields:
    told = json_object(body)
    if told is None:
        return {}
    opened = [told, *(each for each in told.values() if isinstance(each, dict))]
    return {
        str(name): str(value).encode("utf-8", "replace")
        for one in reversed(opened)
        for name, value in one.items()
        if isinstance(value, str | int)
    }


def _of_pairs(body: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return {}
    return {name: value.encode("utf-8", "surrogateescape") for name, value in pairs}


def _of_form(body: bytes, parameters: str) -> Fields:
    found = BOUNDARY.search(parameters)
    if found is None:
        return {}
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1 : MOST_FIELDS + 1]:
        head, empty, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = NAME.search(head[:LONGEST_HEAD])
        if empty and name and not part.startswith(b"--"):
            fields.setdefault(name[1].decode(), content)
    return fields
