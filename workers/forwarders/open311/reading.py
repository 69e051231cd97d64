"""What a server of Open311 answers -> rows and states. Pure, and lenient: lists come alone, wrapped or as a single object.

Source: docs/forwarders/open311.md § Calling another.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.xml_reading import XmlRefused, read_xml
from gateway.complaints.complaint import CLOSED, Status
from gateway.complaints.forward import PollJob, RemoteEvent, RemoteState

Row = Mapping[str, str]
CLOSED_THERE = "closed"
ANSWERED = "st.answer"
"""Text key of a status whose words answer the reporter."""
LONGEST_TEXT = 4000
LONGEST_WORDS = 500


class Unreadable(ValueError):
    """Neither JSON nor XML that we take."""


def rows_in(body: bytes, form: str) -> list[Row]:
    """Every object of an answer, its values as text; numbers and null count as text and nothing."""
    try:
        content = read_xml(body) if form == "xml" else json.loads(body)
    except (XmlRefused, ValueError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None
    return [_texts(row) for row in _objects(content)]


def _objects(content: Any) -> list[Mapping[str, Any]]:
    """Lists are taken apart, wrappers (`{"service_requests": {"request": […]}}`) unwrapped."""
    if isinstance(content, list):
        return [row for one in content for row in _objects(one)]
    if not isinstance(content, dict):
        return []
    if any(not isinstance(value, dict | list) for value in content.values()):
        return [content]
    return [row for value in content.values() for row in _objects(value)]


def _texts(row: Mapping[str, Any]) -> Row:
    return {name: _text(value) for name, value in row.items() if not isinstance(value, dict | list)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).strip()


def faults_in(rows: Sequence[Row]) -> str:
    """What a failure says for people; empty where no row is a fault."""
    words = [row["description"] for row in rows if "code" in row and row.get("description")]
    return "; ".join(words)[:LONGEST_WORDS]


def state_of(row: Row, job: PollJob, marker: str, now: datetime) -> RemoteState:
    """The request as it stands there. Open is no news here; closed answers our reporter, who is asked."""
    is_closed = row.get("status", "").casefold() == CLOSED_THERE
    at = _moment(row.get("updated_datetime", "")) or now
    notes, text = row.get("status_notes", "")[:LONGEST_TEXT], row.get("description", "")
    # Whoever is still at it over there is neither ahead of us nor behind, unless it is over here.
    still = Status.ASSIGNED if job.status in CLOSED else job.status
    return RemoteState(
        remote_id=job.remote_id,
        status_name=row.get("status", ""),
        status=Status.AWAITING_REPORTER if is_closed else still,
        text_key=ANSWERED if is_closed else "",
        status_since=at if is_closed else None,
        events=(_told(notes, at, is_closed=is_closed),) if notes else (),
        has_marker=marker in text if text else None,
    )


def _told(notes: str, at: datetime, *, is_closed: bool) -> RemoteEvent:
    """Their notes: to the reporter when they close, for the file while they work."""
    kind = "followup" if is_closed else "log"
    key = hashlib.sha256(f"{kind}|{notes}".encode()).hexdigest()
    return RemoteEvent(key, at, kind, notes)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None
