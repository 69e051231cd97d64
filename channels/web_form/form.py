"""The call of a browser or an embedding page -> fields and files, as they were sent. Judges nothing but their shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

from channels.messages import RawRequest, clean_text

MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class UploadedFile:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """`values`: cleaned texts by field. `is_whole`: nothing was cut off on the way."""

    values: Mapping[str, str]
    files: tuple[UploadedFile, ...] = ()
    is_whole: bool = True


def read_form(request: RawRequest) -> Form:
    """What was typed, as far as it arrived; never fails, so that a refused form can be shown again as it was."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == "multipart/form-data":
        return _multipart(request.body, options.get("boundary", ""))
    return _json(request.body) if "json" in kind else _urlencoded(request.body)


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return Form({}, is_whole=False)
    return Form({name: clean_text(text) for name, text in pairs})


def _json(body: bytes) -> Form:
    try:
        tree = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Form({}, is_whole=False)
    return Form({name: clean_text(_plain(value)) for name, value in tree.items()})


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, str | int | float) else ""


def _multipart(body: bytes, boundary: str) -> Form:
    values: dict[str, str] = {}
    files: list[UploadedFile] = []
    try:
        for segment, content in _segments(body, boundary):
            if segment.filename is None:
                values[segment.name or ""] = clean_text(content.decode("utf-8", "replace"))
            elif content:  # a browser sends an empty file for a field that was left alone
                files.append(UploadedFile(clean_text(segment.filename), content))
    except ValueError:  # the parser's errors, and bytes that are no text in a header
        return Form(values, tuple(files), is_whole=False)
    return Form(values, tuple(files))


def _segments(body: bytes, boundary: str) -> Iterator[tuple[MultipartSegment, bytes]]:
    """Each part that arrived whole, with its content; then an error when the end is missing."""
    with PushMultipartParser(boundary, max_segment_count=MAX_FIELDS) as parser:
        segment: MultipartSegment | None = None
        chunks: list[bytes] = []
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment, chunks = event, []
            elif event is not None:
                chunks.append(event)
            elif segment is not None:
                yield segment, b"".join(chunks)
