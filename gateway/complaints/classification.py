"""What a classifier says about a text, and what we make of it. Machines suggest, people decide (CASEWORK 1, 6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.complaints.complaint import Hold, Kind, Sensitive

BUILTIN = "builtin"
"""The classifier as it is installed: word lists, and what was learned before it was shipped."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A code with its calibrated probability, 0..1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Everything a classifier proposes for one text. Codes of `config/data/`; empty = none.

    `kind` may be `bukan_laporan`, which is never stored as a kind. `language` is BCP 47, `id+jv` when mixed.
    `reasons` are short Indonesian sentences for officers. `model`: who says so, the names of learned models joined by `+`.
    `unknown`: share of the words that nothing here knows, 0..1. `language_confidence`: how likely `language` is right, 0..1.
    """

    language: str = "id"
    kind: str = Kind.PENGADUAN
    topics: tuple[Ranked, ...] = ()
    agencies: tuple[Ranked, ...] = ()
    place: str = ""
    place_code: str = ""
    other_places: tuple[str, ...] = ()
    """Codes of areas that the text names too, or that it may have meant; most likely first."""
    point: tuple[float, float] | None = None
    """Latitude and longitude that the text itself names (WGS84)."""
    sensitive: Sensitive = Sensitive.NONE
    emergency: bool = False
    hazard: str = ""
    """Of an emergency, as the list of dangers names it (`kebakaran`, `medis`); decides which advice is given."""
    out_of_authority: bool = False
    hold: Hold = Hold.NONE
    """Why a person should look first: `spam` or `abuse`. Never with danger or what is sensitive."""
    confidence: float = 0.0
    reasons: tuple[str, ...] = field(default=())
    model: str = BUILTIN
    unknown: float = 0.0
    language_confidence: float = 0.0

    @property
    def topic(self) -> str:
        return self.topics[0].code if self.topics else ""

    @property
    def agency(self) -> str:
        return self.agencies[0].code if self.agencies else ""


class Classifier(Protocol):
    def suggest(self, text: str) -> Suggestion: ...

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]: ...
