"""What the queries found -> what the API says (gateway/web/api_types.py)."""

from typing import Any

from config.texts import Texts
from gateway.complaints.complaint import OF_ALL_READERS, Kind, Status
from gateway.queries.belongings import ClockShown, FileShown
from gateway.queries.channel_watch import Traffic, Watched
from gateway.queries.complaint_detail import EventShown, Item
from gateway.web.api_types import (
    ChannelRecord,
    ClockRecord,
    ComplaintRecord,
    CreatedRecord,
    DirectionRecord,
    EventRecord,
    FileRecord,
    FullRecord,
    Point,
)


def record(item: Item, agencies: dict[str, str], texts: Texts, language: str) -> ComplaintRecord:
    """A complaint as every list shows it; `agencies`: names by code."""
    row, shown = item.row, item.shown
    point = None
    if shown.point and row.latitude is not None and row.longitude is not None:
        point = Point(row.latitude, row.longitude, row.point_precision_m)
    return ComplaintRecord(
        number=row.number,
        version=row.version,
        status=Status(row.status),
        status_label=texts(f"label.status.{row.status}", language),
        kind=Kind(row.kind),
        topic=row.topic or None,
        title=shown.title,
        text=shown.text,
        language=row.language,
        channel=row.channel,
        channel_kind=row.channel_kind,
        created_at=row.created_at,
        verified_at=row.verified_at,
        updated_at=row.updated_at,
        agency=row.agency or None,
        agency_name=agencies.get(row.agency),
        place=row.place or None,
        place_name=(row.place_name or None) if item.words else None,
        point=point,
        anonymous=row.anonymous,
        confidential=row.confidential,
        flags=row.flags.split(),
        sp4n_id=row.sp4n_id or None,
        parent=item.belongings.parent,
        children=item.belongings.children,
        clocks=[clock_record(clock) for clock in item.belongings.clocks],
        attachments=[file_record(file) for file in files_of(item)] if shown.photos else [],
        public_answer=(row.public_answer or None) if item.words else None,
        rating=row.rating,
    )


def files_of(item: Item) -> list[FileShown]:
    """The files that a program may know of."""
    return [file for file in item.belongings.files if file.origin in OF_ALL_READERS]


def clock_record(clock: ClockShown) -> ClockRecord:
    return ClockRecord(clock.name, clock.state, clock.due_at, clock.left, clock.explanation)


def file_record(file: FileShown) -> FileRecord:
    return FileRecord(file.id, file.media_type, file.size, file.scan, file.taken_at)


def event_record(event: EventShown) -> EventRecord:
    before = Status(event.before) if event.before else None
    return EventRecord(event.seq, event.at, event.action, before, Status(event.after), event.role, event.text or None)


def with_events(base: ComplaintRecord, events: list[EventRecord]) -> FullRecord:
    return FullRecord(**_fields(base), events=events)


def created(base: ComplaintRecord, events: list[EventRecord], secret_code: str | None) -> CreatedRecord:
    return CreatedRecord(**_fields(base), events=events, secret_code=secret_code)


def _fields(base: ComplaintRecord) -> dict[str, Any]:
    return {name: getattr(base, name) for name in ComplaintRecord.__struct_fields__}


def channel_record(watched: Watched, texts: Texts, language: str) -> ChannelRecord:
    out, into = watched.outbound, watched.inbound
    total = _direction(out)
    return ChannelRecord(
        state=watched.state,
        queued=total.queued,
        oldest_queued_s=total.oldest_queued_s,
        failed=total.failed,
        failed_permanently=total.failed_permanently,
        received=into.received,
        sent=total.sent,
        delivered=total.delivered,
        unknown=total.unknown,
        quarantined=into.quarantined,
        name=watched.name,
        kind=watched.kind,
        state_label=texts(f"label.channel_state.{watched.state.value}", language),
        heartbeat_at=watched.heartbeat_at,
        directions={"in": _direction(into), "out": total},
    )


def _direction(traffic: Traffic) -> DirectionRecord:
    return DirectionRecord(
        state=traffic.state,
        queued=traffic.queued,
        oldest_queued_s=traffic.oldest_queued_s,
        failed=traffic.failed + traffic.failed_permanently,
        failed_permanently=traffic.failed_permanently,
        received=traffic.received,
        sent=traffic.sent,
        delivered=traffic.delivered,
        unknown=traffic.unknown,
        quarantined=traffic.quarantined,
    )
