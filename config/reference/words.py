"""The glossary, and informal and regional words with their standard form."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from config.reference.reading import Source, built, known_only, read_document, read_entries, read_rows


@dataclass(frozen=True, slots=True)
class GlossaryChange:
    version: str
    date: date
    decree_number: str
    change: str


@dataclass(frozen=True, slots=True)
class GlossaryDocument:
    """The glossary as a document with a decree, reviewed at regular times."""

    title: str
    version: str
    decree_number: str
    owner: str
    """Agency code."""
    status: str
    """draf, diusulkan, berlaku or dicabut."""
    decree_date: date | None = None
    review_every_months: int = 12
    reviewed_at: date | None = None
    reviewed_by: str = ""
    next_review: date | None = None
    history: tuple[GlossaryChange, ...] = ()


@dataclass(frozen=True, slots=True)
class GlossaryTerm:
    """`forbidden` words are replaced by `term`; a remark in brackets limits the context and is not matched."""

    id: str
    term: str
    definition: str
    synonyms: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    source: str = ""
    example: str = ""
    since: str = ""
    status: str = "diusulkan"
    needs_review: bool = False

    @property
    def is_approved(self) -> bool:
        return self.status == "disetujui"


@dataclass(frozen=True, slots=True)
class Glossary:
    document: GlossaryDocument
    terms: tuple[GlossaryTerm, ...]


@dataclass(frozen=True, slots=True)
class Colloquial:
    """For matching and search only: the citizen's own text is never rewritten."""

    variant: str
    standard: str
    language: str
    """id, bjn, jav or nij (ISO 639-3 for the regional languages)."""
    kind: str
    """singkatan, tak-baku, angka-ulang or fungsi-daerah."""
    is_ambiguous: bool
    """Also an ordinary word, or very short: use only with context."""


def read_glossary(source: Source, agencies: tuple[Collection[str], Source]) -> Glossary:
    document = read_document(source)
    terms = read_entries(source, document, "term", GlossaryTerm, "id")
    head = built(source, GlossaryDocument, document.get("document", {}), "document")
    known_only(source, "document.owner", [head.owner], *agencies, "agency")
    return Glossary(head, tuple(terms.values()))


def read_colloquial(source: Source) -> tuple[Colloquial, ...]:
    words = []
    seen: dict[tuple[str, str], int] = {}
    for row in read_rows(source, ("variant", "standard", "language", "kind", "ambiguous")):
        # The same spelling may mean different words in two languages, but one word in each.
        identity = (row["variant"], row["language"])
        if seen.setdefault(identity, row.line) != row.line:
            raise row.refuse(f"{row['variant']!r} ({row['language']}) stands in line {seen[identity]} already")
        ambiguous = row.one_of("ambiguous", ("ya", "tidak")) == "ya"
        words.append(Colloquial(row["variant"], row["standard"], row["language"], row["kind"], ambiguous))
    return tuple(words)
