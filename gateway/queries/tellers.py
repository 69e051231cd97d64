"""The one reader of what reports tell of an incident, by the words of this installation; made at its first use."""

from functools import lru_cache

from config.reference import Colloquial, Reference
from config.reference.incidents import incident_words, shipped_sentences
from gateway.complaints.tellings import Teller

Rows = tuple[Colloquial, ...]


class _TheSame:
    """A table by which object it is: to compare hundreds of rows for each complaint that is opened would take longer than to
    compare the complaints."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __hash__(self) -> int:
        return id(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TheSame) and other.rows is self.rows


def teller(reference: Reference) -> Teller:
    return _teller(_TheSame(reference.colloquial))


@lru_cache(maxsize=2)
def _teller(colloquial: _TheSame) -> Teller:
    single = {row.variant: row.standard for row in colloquial.rows if not row.is_ambiguous and " " not in row.standard}
    return Teller(incident_words(), single, shipped_sentences())
