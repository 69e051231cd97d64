"""A complaint as it leaves for a system of record: masked, without identity, with the files that belong to it."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_AGENCY, OF_REPORTER, Action, Kind, Point, Sensitive
from gateway.complaints.forward import ForwardKind, ForwardState, Report, ReportFile
from gateway.complaints.masters import MasterKind
from gateway.files import attachments
from gateway.files.attachments import StoredFile
from gateway.forwarding import masters, remote_ids
from gateway.privacy.privacy import Reader, masked_text, shown_to
from gateway.storage import tables
from gateway.storage.store import Transaction


def files_of(tx: Transaction, row: Any, report: Report) -> list[StoredFile]:
    """What goes with a row of `forward`: the report's photographs, those that a reporter adds, or what proves an answer."""
    if row.kind == ForwardKind.CREATE.value:
        return attachments.stored(tx, row.complaint_id, OF_REPORTER) if report.attachments else []
    if row.kind == ForwardKind.FORWARD.value:
        return []
    return _added(tx, row, report) if row.from_reporter else _evidence(tx, row)


def as_sent(tx: Transaction, files: Iterable[StoredFile]) -> tuple[ReportFile, ...]:
    """Files under names that tell nothing, to be read from the store when they leave."""
    return tuple(
        ReportFile(f"lampiran-{at}", file.media_type, partial(tx.office.files.get, file.name), file.sha256, file.size)
        for at, file in enumerate(files, 1)
    )


def _added(tx: Transaction, row: Any, report: Report) -> list[StoredFile]:
    """The files that came with these words, unless the report itself left after them: then it took them along."""
    forward = tables.forward
    filed = (forward.c.complaint_id == row.complaint_id) & (forward.c.target == row.target)
    create = tx.one(select(forward.c.started_at).where(filed, forward.c.kind == ForwardKind.CREATE.value))
    if create is None or create.started_at is None or create.started_at >= row.created_at:
        return []
    may_go = {file.sha256 for file in report.attachments}
    added = attachments.stored(tx, row.complaint_id, OF_REPORTER, row.created_at)
    return [file for file in added if file.sha256 in may_go]


def _evidence(tx: Transaction, row: Any) -> list[StoredFile]:
    """What the agency proves this answer with, not an earlier one; of an incident the parent's pictures too.

    Pictures of what few may know of stay here, also where the words go (as `secret`).
    """
    event, complaint = tables.complaint_event, tables.complaint
    case = tx.one(select(complaint.c.parent_id, complaint.c.sensitive).where(complaint.c.id == row.complaint_id))
    mine = (event.c.complaint_id == row.complaint_id) & (event.c.action == Action.ANSWER.value)
    answers = tx.all(select(event.c.id, event.c.at).where(mine).order_by(event.c.seq))
    told = [at for at, one in enumerate(answers) if str(one.id) == row.key.partition(":")[0]]
    if case is None or case.sensitive != Sensitive.NONE.value or not told:
        return []
    until = answers[told[0]].at
    since = answers[told[0] - 1].at if told[0] else None
    may_know = (complaint.c.id == case.parent_id) & (complaint.c.sensitive == Sensitive.NONE.value)
    parent = tx.one(select(complaint.c.id).where(may_know)) if case.parent_id is not None else None
    family = [row.complaint_id, *([parent.id] if parent else [])]
    return [file for one in family for file in attachments.between(tx, one, OF_AGENCY, since, until)]


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
        category_id=_category(tx, row.topic, target),
        anonymous=row.anonymous,
        confidential=row.confidential,
        priority=row.urgency == "darurat",
        attachments=as_sent(tx, attachments.stored(tx, complaint_id, OF_REPORTER)) if shown.photos else (),
        remote_id=_remote_id(filed, row.sp4n_id),
    )


def _category(tx: Transaction, code: str, target: str) -> str:
    """Their category of the topic's very name; empty: their list is not known here, or has none or several of it."""
    topic = tx.office.reference.topics.get(code)
    names = [topic.name_source, topic.name] if topic else []
    return masters.id_by_name(tx, target, MasterKind.CATEGORY, names) if names else ""


def _remote_id(filed: Any, shown: str) -> str:
    """Its own number over there, or the one of a report that it is part of."""
    if filed is None:
        return ""
    return str(remote_ids.shown(filed) or (shown if filed.state == ForwardState.SENT.value else ""))
