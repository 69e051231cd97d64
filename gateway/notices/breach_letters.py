"""What is told in writing about a breach, filled in, to copy or to print: to the persons, and to the authority (UU 27/2022, article 46)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.complaints.breach import Told
from gateway.conversation.render import date_text
from gateway.notices.breach_notices import data_text
from gateway.retention import breach_scope, breaches
from gateway.retention.breaches import Breach
from gateway.storage.store import Transaction

PARAGRAPHS = {
    Told.AUTHORITY: ("to", "subject", "opening", "what", "when", "data", "whom", "done", "told", "contact", "sign"),
    Told.PERSONS: ("to", "subject", "opening", "data", "when", "how", "done", "rights", "contact", "sign"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """`paragraphs` from the addressee to the line of the signature."""

    whom: Told
    language: str
    paragraphs: Sequence[str]


def letter(tx: Transaction, found: Breach, whom: Told, language: str) -> Letter:
    """Filled with what the register knows; what it does not know is a gap to fill by hand."""
    values = _values(tx, found, language)
    texts = tx.office.texts
    keys = [f"breach.letter.{whom}.{name}" for name in PARAGRAPHS[whom]]
    filled = [texts(key, language, **{name: values[name] for name in texts.fill_ins(key)}) for key in keys]
    return Letter(whom, language, filled)


def _values(tx: Transaction, found: Breach, language: str) -> dict[str, Any]:
    row, texts, settings = found.row, tx.office.texts, tx.office.settings.government
    steps = breaches.steps(tx, row.id)
    measures = " ".join(step.words for step in steps if step.kind == breaches.MEASURES)
    counted = breach_scope.counted(tx, breach_scope.of(row))
    gap = texts("breach.letter.gap", language)
    return {
        "instansi": settings.name,
        "kontak": settings.contact or gap,
        "tanggal": date_text(tx.today, language, texts),
        "apa": row.what,
        "data": data_text(tx, found.data, language),
        "waktu": date_text(row.happened_on, language, texts) if row.happened_on else texts("breach.letter.unknown", language),
        "diketahui": _moment(tx, row.noticed_at, language),
        "batas": _moment(tx, row.due_at, language),
        "orang": counted.persons,
        "laporan": counted.reports,
        "tanpa": counted.nameless,
        "bagaimana": row.said_how or gap,
        "tindakan": measures or gap,
        "dilakukan": row.said_done or measures or gap,
        "diberitahu": _moment(tx, row.persons_told_at, language) if row.persons_told_at else texts("breach.letter.not_yet", language),
    }  # fmt: skip


def _moment(tx: Transaction, moment: datetime, language: str) -> str:
    """`23 Nov 2026 07.30 WIB`."""
    calendar = tx.office.calendar
    local = calendar.local(moment)
    return f"{date_text(local.date(), language, tx.office.texts)} {local:%H.%M} {calendar.zone_label(moment)}"
