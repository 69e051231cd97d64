"""The work list of the bridge as a file that people fill in and bring back: the words that leave anyhow, and recorded."""

import hashlib
from dataclasses import dataclass

from gateway.audit import audit
from gateway.complaints.complaint import ActionRefused, Actor
from gateway.forwarding import bridge
from gateway.queries import bridge as queries
from gateway.queries.scope import Scope
from gateway.reporting.complaints import LEAST_REASON, MOST_REASON
from gateway.reporting.export import csv_lines
from gateway.storage.store import Transaction

MOST_ROWS = 2_000
COLUMNS = ("nomor_tiket", "nomor_sp4n", "status", "tanggal_status", "tindak_lanjut", "anonim")
# Field of the sheet -> column; what a report has more goes to the sheet alone.
WORDS = ("title", "content", "day", "place", "institution", "category")
HEADINGS = ("judul", "isi", "tanggal", "lokasi", "instansi_tujuan", "kategori")


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and what the record is to know of it. Nobody gets it before `note` has written that down."""

    name: str
    content: bytes
    reason: str
    rows: int
    left_out: int
    complete: bool
    """Whether the tab holds no more than was looked at."""


def make(tx: Transaction, scope: Scope, tab: str, reason: str) -> Made:
    """The reports of one tab. ActionRefused for a reason that says nothing."""
    reason = " ".join(reason.split())[:MOST_REASON]
    if len(reason) < LEAST_REASON:
        raise ActionRefused("too_short", "a reason is needed", "reason")
    listed, complete = _listed(tx, scope, tab)
    found = [row for row in listed if row.kind == "create"]
    cells = [line for row in found if (line := _cells(tx, scope, row))]
    lines = "".join(csv_lines((*COLUMNS, *HEADINGS), cells))
    local = tx.office.calendar.local(tx.now)
    name, left_out = f"lapor_{tab}_{local:%Y%m%d-%H%M}.csv", len(found) - len(cells)
    return Made(name, lines.encode(), reason, len(cells), left_out, complete)


def _listed(tx: Transaction, scope: Scope, tab: str) -> tuple[list[queries.Waiting], bool]:
    """The first rows of a tab, and whether these are all."""
    found: list[queries.Waiting] = []
    following = ""
    while (room := MOST_ROWS - len(found)) > 0:
        page = queries.listed(tx, scope, tab, following, min(queries.PAGE, room))
        found += page.rows
        following = page.following
        if not following:
            return found, True
    return found, False


def _cells(tx: Transaction, scope: Scope, row: queries.Waiting) -> tuple[str, ...]:
    """Nothing for what few may know of: that is copied from its own sheet (SECURITY C10)."""
    sheet = bridge.sheet(tx, scope, queries.id_of(row.id))
    if sheet is None or not sheet.lines or row.confidential or sheet.row.sensitive != "none":
        return ()
    words = {line.name: line.text for line in sheet.lines}
    anonymous = tx.office.texts(f"admin.bridge.{'yes' if row.anonymous else 'no'}")
    return (row.number, row.remote_id, "", "", "", anonymous, *(words.get(name, "") for name in WORDS))


def note(tx: Transaction, made: Made, actor: Actor) -> None:
    """Who took it out, why, and which file it was."""
    digest = hashlib.sha256(made.content).hexdigest()
    details = {"rows": made.rows, "left_out": made.left_out, "complete": made.complete, "sha256": digest}
    audit.record(tx, actor, "exported", "forward", "", made.reason, details)
