"""What the API answers -> RemoteState and its events. Pure, and lenient: their shapes vary by deployment.

Source: docs/forwarders/sp4n.md § Reading.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from config.logging import get_logger
from gateway.complaints.forward import RemoteEvent, RemoteState, StatusRow, normalise_status, status_row
from gateway.complaints.remote_files import RemoteFile
from workers.forwarders.sp4n.mapping import OWN_REF
from workers.forwarders.sp4n.reference import Reference

log = get_logger(__name__)

Row = Mapping[str, Any]

LONGEST_TEXT = 4000
MOST_FILES = 10
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+?)(?:_link)?\s*\}\}")
_STILL_OPEN = re.compile(r"\{\{[^{}]*\}\}")
BLOCKS = frozenset({"p", "br", "ul", "ol", "li", "div", "tr"})
SILENT = frozenset({"script", "style", "head", "title"})


def report_in(body: Row) -> Row | None:
    """The report of a read; None when the answer says that there is none (with 200 or without)."""
    found = _rows(body).get("data")
    return found if isinstance(found, dict) and found else None


def read_state(
    remote_id: str, body: Row, followups: Sequence[Row], marker: str, statuses: Sequence[StatusRow],
    reference: Reference, now: datetime,
) -> RemoteState | None:  # fmt: skip
    """The state that a read and the follow-up pages show; None: not found there."""
    report = report_in(body)
    if report is None:
        return None
    name, code = _word(report.get("status_name")), _word(report.get("status_code"))
    row = status_row(code, name, statuses)
    events = _events(body, report, followups, reference, now)
    shown = f"{_word(report.get('content'))} {_word(report.get('tags_raw'))}"
    return RemoteState(
        remote_id=remote_id,
        status_name=name,
        status_code=code,
        status=row.status if row else None,
        text_key=row.text_key if row else "",
        status_since=_since(name, events),
        institution_id=_word(report.get("disposition_id")),
        institution_name=_word(report.get("disposition_name")),
        title=_word(report.get("title")),
        events=events,
        has_marker=marks(shown, marker) if shown.strip() else None,
    )


def marks(text: str, marker: str) -> bool:
    """Whether a text or its tags carry the marker `[Ref: KBR-260001235]` or `#KBR260001235`."""
    number = marker.removeprefix("[Ref: ").removesuffix("]")
    tag = re.escape(number.replace("-", ""))
    return marker in text or re.search(rf"#{tag}(?!\w)", text) is not None


def followup_rows(body: Row) -> list[Row]:
    """The rows of one page of follow-ups; empty ends the list."""
    return _list(_rows(body).get("data"))


def row_key(row: Row, reference: Reference, now: datetime) -> str:
    """The remote key of a follow-up, to see whether a page is known."""
    return _followup(row, reference, now).remote_key


def read_time(text: str, reference: Reference) -> datetime | None:
    """Their naive local time, in UTC; None when no known form fits."""
    for form in reference.time_formats:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=reference.zone).astimezone(UTC)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=reference.zone)).astimezone(UTC)


def plain_text(html: str) -> str:
    """Text of an HTML fragment: paragraphs, breaks and list items become lines, everything else is dropped."""
    reader = _TextOf()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return "\n".join(line for line in lines if line)[:LONGEST_TEXT]


def _events(
    body: Row, report: Row, followups: Sequence[Row], reference: Reference, now: datetime
) -> tuple[RemoteEvent, ...]:
    rows = _rows(body)
    statuses = _list(report.get("status_logs") or rows.get("status_logs"))
    logs = _list(rows.get("data_logs") or body.get("data_logs") or report.get("data_logs"))
    events = [
        *(_status(row, reference, now) for row in statuses),
        *(_log(row, reference, now) for row in logs),
        *(_followup(row, reference, now) for row in followups),
    ]
    unique = {event.remote_key: event for event in events}
    return tuple(sorted(unique.values(), key=lambda event: event.at))


def _status(row: Row, reference: Reference, now: datetime) -> RemoteEvent:
    name = _word(row.get("status_name"))
    return _event("status", row, plain_text(name), reference, now, status_name=name)


def _log(row: Row, reference: Reference, now: datetime) -> RemoteEvent:
    text = _filled(plain_text(_word(row.get("content"))), row, reference)
    return _event("log", row, text, reference, now, status_name=_old_and_new(row).get("status_new", ""))


def _followup(row: Row, reference: Reference, now: datetime) -> RemoteEvent:
    words = plain_text(_word(row.get("content"))) or plain_text(_word(row.get("template_content")))
    text = _filled(words, row, reference)
    own = OWN_REF.search(text)
    event = _event("followup", row, OWN_REF.sub("", text), reference, now, ref=own[1].lower() if own else "")
    return replace(event, files=_files(row, reference))


def _files(row: Row, reference: Reference) -> tuple[RemoteFile, ...]:
    """Rows with an address and a name, or bare addresses; a bare name leads nowhere."""
    listed = row.get("attachments")
    return tuple(_file(one, reference) for one in (listed if isinstance(listed, list) else []))[:MOST_FILES]


def _file(one: object, reference: Reference) -> RemoteFile:
    if not isinstance(one, dict):
        word = _word(one)
        return RemoteFile(word if "/" in word else "", word.rpartition("/")[2])
    address = next((word for key in reference.file_addresses if (word := _word(one.get(key)))), "")
    return RemoteFile(address, _word(one.get("name")), _word(one.get("mime_type")))


def _event(
    kind: str, row: Row, text: str, reference: Reference, now: datetime, status_name: str = "", ref: str = ""
) -> RemoteEvent:
    written = _word(row.get("created_at") or row.get("date"))
    at = read_time(written, reference)
    sender, receiver = _institution(row, "institution_from"), _institution(row, "institution_to")
    own_id = _word(row.get("id"))
    # To the minute: some lists leave the seconds out, and the same event must keep its key.
    moment = at.strftime("%Y-%m-%dT%H:%M") if at else written
    return RemoteEvent(
        remote_key=f"{kind}:{own_id}" if own_id else _hash(kind, moment, sender, receiver, text),
        at=at or now,
        kind=kind,
        text=text,
        from_institution=sender or _institution(row, "institution"),
        to_institution=receiver,
        secret=row.get("is_secret") in {1, "1", "true"},
        status_name=status_name,
        ref=ref,
    )


def _filled(text: str, row: Row, reference: Reference) -> str:
    statuses = _old_and_new(row)

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("institution"):
            named = _institution(row, name) or (_institution(row, "institution_from") if name == "institution" else "")
            return named or reference.unnamed_institution
        return statuses.get(name, "")

    filled = _PLACEHOLDER.sub(fill, text)
    if _STILL_OPEN.search(filled) or any(not fill(found) for found in _PLACEHOLDER.finditer(text)):
        log.warning("sp4n_placeholder_unfilled", names=sorted(set(_PLACEHOLDER.findall(text))))
    return re.sub(r"[ \t]{2,}", " ", _STILL_OPEN.sub("", filled)).strip()


def _institution(row: Row, name: str) -> str:
    """Flat, then nested, then bare, then inside `data`."""
    inner = _inner(row)
    nested = (row.get(f"{name}_id"), row.get(name), inner.get(f"{name}_id"), inner.get(name))
    candidates = (row.get(f"{name}_name"), *(_name_of(value) for value in nested), inner.get(f"{name}_name"))
    return next((word for word in map(_word, candidates) if word), "")


def _name_of(value: object) -> object:
    if isinstance(value, dict):
        return value.get("name")
    # A bare number is an id, not a name that a citizen could read.
    return value if isinstance(value, str) and not value.isdigit() else None


def _old_and_new(row: Row) -> dict[str, str]:
    inner = _inner(row)
    words = {name: _word(_name_of(inner.get(name))) for name in ("status_old", "status_new")}
    return {name: word for name, word in words.items() if word}


def _inner(row: Row) -> Row:
    inner = row.get("data")
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except ValueError:
            inner = None
    return inner if isinstance(inner, dict) else {}


def _since(name: str, events: Sequence[RemoteEvent]) -> datetime | None:
    """When the present status began: the newest event that names it, else the newest change of status."""
    changes = [event for event in events if event.status_name]
    wanted = normalise_status(name)
    named = [event.at for event in changes if normalise_status(event.status_name) == wanted]
    if named:
        return max(named)
    return max((event.at for event in changes), default=None)


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        if tag in BLOCKS:
            self.pieces.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT and self._silent > 0
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)


def _rows(body: Row) -> Row:
    results = body.get("results")
    if isinstance(results, list):
        return {"data": results}
    return results if isinstance(results, dict) else {}


def _list(value: object) -> list[Row]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _word(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _hash(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
