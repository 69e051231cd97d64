"""A list of complaints as a file that leaves the house: masked, with what it is at its end, and recorded (SECURITY § 9)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.audit import audit
from gateway.complaints.complaint import ActionRefused, Actor, Role
from gateway.queries import complaint_export
from gateway.queries.complaint_export import COLUMNS, Exported
from gateway.queries.complaint_list import Filters
from gateway.queries.scope import Scope
from gateway.reporting.export import csv_lines
from gateway.storage.store import Transaction

EXPORTERS = frozenset(
    {Role.COORDINATOR, Role.PENGHUBUNG, Role.DEPUTI, Role.KEPALA, Role.INSPECTORATE, Role.PRIVACY_OFFICER}
)
LEAST_REASON, MOST_REASON = 10, 200


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and what the record is to know of it. Nobody gets it before `note` has written that down."""

    name: str
    content: bytes
    reason: str
    counted: Exported


def make(tx: Transaction, scope: Scope, filters: Filters, reason: str, by: str) -> Made:
    """Read the list. ActionRefused for a reason that says nothing. `by`: who is named in the file."""
    reason = " ".join(reason.split())[:MOST_REASON]
    if len(reason) < LEAST_REASON:
        raise ActionRefused("too_short", "a reason is needed", "reason")
    counted = Exported()
    lines = csv_lines(COLUMNS, _rows(tx, scope, filters, counted, (by, reason)))
    local = tx.office.calendar.local(tx.now)
    return Made(f"aduan_{local:%Y%m%d-%H%M}.csv", "".join(lines).encode(), reason, counted)


def _rows(
    tx: Transaction, scope: Scope, filters: Filters, counted: Exported, about: tuple[str, str]
) -> Iterator[tuple[str, ...]]:
    """The complaints, and below an empty line what this file is: a copy that lies about must say where it came from."""
    yield from complaint_export.rows(tx, scope, filters, counted)
    calendar, texts = tx.office.calendar, tx.office.texts
    by, reason = about
    moment = f"{calendar.local(tx.now):%Y-%m-%d %H:%M} {calendar.zone_label(tx.now)}"
    yield ()
    yield texts("admin.export.file.about"), texts("admin.export.file.internal")
    yield texts("admin.export.file.made"), moment, by
    yield texts("admin.export.file.reason"), reason
    yield texts("admin.export.file.rows"), str(counted.rows)
    yield texts("admin.export.file.cases"), str(len(counted.cases))
    yield texts("admin.export.file.left_out"), str(counted.left_out)
    if not counted.complete:
        yield texts("admin.export.file.cut"), str(complaint_export.MOST_ROWS)


def note(tx: Transaction, made: Made, actor: Actor) -> None:
    """Who took it out, why, and which file it was."""
    counted, digest = made.counted, hashlib.sha256(made.content).hexdigest()
    details = {"rows": counted.rows, "left_out": counted.left_out, "complete": counted.complete, "sha256": digest}
    audit.record(tx, actor, "exported", "complaint", "", made.reason, details)
