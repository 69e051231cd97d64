"""How a call of the Bot API is read: JSON, form or multipart body and query become one set of arguments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

# Arguments that are objects or lists; a form carries them as JSON text.
STRUCTURED = frozenset(
    {"reply_markup", "reply_parameters", "link_preview_options", "allowed_updates", "entities", "commands", "scope"}
)
PART_NAME = re.compile(rb'name="([^"]*)"(?:; filename="([^"]*)")?')


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content: bytes


class CallUnreadable(Exception):
    """The body is not what its content type says."""


def read_arguments(content_type: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """All arguments of a call by name; uploaded files are `Upload`."""
    kind, _, parameters = content_type.partition(";")
    given: dict[str, Any] = dict(query)
    try:
        if kind.strip() == "application/json" and body:
            given.update(msgspec.json.decode(body, type=dict[str, Any]))
        elif kind.strip() == "multipart/form-data":
            given.update(_parts(body, parameters))
        elif body:
            given.update(parse_qsl(body.decode(), keep_blank_values=True))
        return {name: _structured(name, value) for name, value in given.items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallUnreadable(str(problem)) from problem


def _structured(name: str, value: Any) -> Any:
    return msgspec.json.decode(value) if name in STRUCTURED and isinstance(value, str) and value else value


def _parts(body: bytes, parameters: str) -> dict[str, Any]:
    _, _, boundary = parameters.partition("boundary=")
    parts: dict[str, Any] = {}
    for chunk in body.split(b"--" + boundary.strip().strip('"').encode())[1:-1]:
        head, _, content = chunk.partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        if named := PART_NAME.search(head):
            name, filename = named[1].decode(), named[2]
            parts[name] = content.decode() if filename is None else Upload(filename.decode(), content)
    return parts


def file_argument(arguments: Mapping[str, Any], name: str) -> Upload | str | None:
    """A file given as upload, as `attach://part`, or as a file id."""
    given = arguments.get(name)
    if isinstance(given, str) and given.startswith("attach://"):
        given = arguments.get(given.removeprefix("attach://"))
    return given if isinstance(given, Upload | str) else None
