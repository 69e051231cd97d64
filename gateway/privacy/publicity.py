"""What everybody may read of complaints, without a key: which of them, and how exactly the place is told.

Source: docs/forwarders/open311.md § What is public; CASEWORK 9. Words go through `gateway.privacy.privacy` as for every reader.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, true

from gateway.complaints.complaint import CONFLICT, ArchiveReason, Hold, Kind
from gateway.complaints.places import KECAMATAN_PARTS, area_words
from gateway.office import Office
from gateway.queries.scope import NAMED_ONLY
from gateway.storage import tables

complaint = tables.complaint
NOT_TOLD = (ArchiveReason.SPAM_TERBUKTI.value, ArchiveReason.PERMINTAAN_HAPUS_DATA.value)
"""Archived for these reasons it is nobody's business any more."""
DECIMALS, DECIMALS_ANONYMOUS = 3, 2
"""Of degrees: about 110 m, about 1.1 km."""


def is_public(office: Office) -> ColumnElement[bool]:
    """The rows of `complaint` that everybody may read: verified, and nothing about them is to be kept back."""
    if not office.settings.government.publish_complaints:
        return false()
    kept_back = [code for code, topic in office.reference.topics.items() if topic.is_confidential]
    return and_(
        complaint.c.verified_at.is_not(None),
        complaint.c.confidential.is_(False),
        complaint.c.hold == Hold.NONE.value,
        complaint.c.topic.not_in(sorted(kept_back)),
        # Who may read these is asked inside the house already: outside it nobody does.
        complaint.c.kind != Kind.PENGADUAN_PENGAWASAN.value,
        complaint.c.sensitive.not_in(NAMED_ONLY),
        not_(complaint.c.flags.contains(CONFLICT)),
        complaint.c.archive_reason.not_in(NOT_TOLD),
        # What was practised is shown where one practises.
        true() if office.settings.training.enabled else complaint.c.training.is_(False),
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """Where, as exactly as everybody may know: an area with its code, and a rounded point (WGS84) or none."""

    code: str
    words: str
    latitude: float | None
    longitude: float | None


def spot(office: Office, row: Any) -> Spot:
    """Street and house are not told; of an anonymous complaint only the kecamatan."""
    areas, code = office.reference.areas, row.place
    if row.anonymous:
        code = ".".join(code.split(".")[:KECAMATAN_PARTS])
    parts = [area for area in (areas.get(code), areas.get(areas[code].parent) if code in areas else None) if area]
    words = ", ".join(area_words(area.code, area.name) for area in parts if area.code.count(".") >= KECAMATAN_PARTS - 1)
    decimals = DECIMALS_ANONYMOUS if row.anonymous else DECIMALS
    has_point = row.latitude is not None and row.longitude is not None
    return Spot(
        code if code in areas else "",
        words,
        round(row.latitude, decimals) if has_point else None,
        round(row.longitude, decimals) if has_point else None,
    )
