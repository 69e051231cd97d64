"""A complaint as it leaves for a system of record: masked, without identity, with the files that belong to it."""

from functools import partial
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_REPORTER, Kind, Point
from gateway.complaints.forward import ForwardKind, ForwardState, Report, ReportFile
from gateway.files import attachments
from gateway.forwarding import remote_ids
from gateway.privacy.privacy import Reader, masked_text, shown_to
from gateway.storage import tables
from gateway.storage.store import Transaction


def added_files(tx: Transaction, row: Any, report: Report) -> tuple[ReportFile, ...]:
    """The files that came with these words, unless the report itself left after them: then it took them along."""
    forward = tables.forward
    filed = (forward.c.complaint_id == row.complaint_id) & (forward.c.target == row.target)
    create = tx.one(select(forward.c.started_at).where(filed, forward.c.kind == ForwardKind.CREATE.value))
    if create is None or create.started_at is None or create.started_at >= row.created_at:
        return ()
    added = {file.sha256 for file in attachments.stored(tx, row.complaint_id, "reporter", row.created_at)}
    return tuple(file for file in report.attachments if file.sha256 in added)


def report_of(tx: Transaction, complaint_id: int, target: str) -> Report:
    """The complaint as it may leave for `target`: masked, without identity."""
    complaint, agency, forward = tables.complaint, tables.agency, tables.forward
    row = tx.one(
        select(complaint, agency.c.name.label("agency_name"), agency.c.sp4n_institution_id)
        .join(agency, agency.c.code == complaint.c.agency, isouter=True)
        .where(complaint.c.id == complaint_id)
    )
    if row is None:
        raise LookupError(f"no complaint {complaint_id}")
    filed = tx.one(
        select(forward.c.remote_id, forward.c.remote_ref, forward.c.state).where(
            forward.c.complaint_id == complaint_id, forward.c.target == target, forward.c.kind == "create"
        )
    )
    shown = shown_to(Reader.FORWARD, row)
    point = Point(row.latitude, row.longitude, row.point_precision_m) if row.latitude is not None else None
    return Report(
        number=row.number,
        content=masked_text(shown.text),
        title=masked_text(shown.title),
        kind=Kind(row.kind),
        incident_on=row.incident_on,
        place=shown.place,
        point=point if shown.point else None,
        topic=row.topic,
        agency=row.agency,
        agency_name=row.agency_name or "",
        institution_id=row.sp4n_institution_id or "",
        anonymous=row.anonymous,
        confidential=row.confidential,
        priority=row.urgency == "darurat",
        attachments=tuple(_files(tx, complaint_id)) if shown.photos else (),
        remote_id=_remote_id(filed, row.sp4n_id),
    )


def _remote_id(filed: Any, shown: str) -> str:
    """Its own number over there, or the one of a report that it is part of."""
    if filed is None:
        return ""
    return str(remote_ids.shown(filed) or (shown if filed.state == ForwardState.SENT.value else ""))


def _files(tx: Transaction, complaint_id: int) -> list[ReportFile]:
    kept = attachments.stored(tx, complaint_id, origin=OF_REPORTER)
    return [
        ReportFile(f"lampiran-{at}", file.media_type, partial(tx.office.files.get, file.name), file.sha256, file.size)
        for at, file in enumerate(kept, 1)
    ]
