"""The one reader of what reports tell of an incident, by the words of this installation; made at its first use."""

from functools import lru_cache

from config.reference import Colloquial, Reference
from config.reference.incidents import incident_words, shipped_sentences
from gateway.complaints.tellings import Teller


def teller(reference: Reference) -> Teller:
    return _teller(reference.colloquial)


@lru_cache(maxsize=2)
def _teller(colloquial: tuple[Colloquial, ...]) -> Teller:
    single = {row.variant: row.standard for row in colloquial if not row.is_ambiguous and " " not in row.standard}
    return Teller(incident_words(), single, shipped_sentences())
