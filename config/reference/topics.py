"""Topics of SP4N-LAPOR!, bodies outside the government's authority, and who handles what when two could."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from config.reference.reading import Row, Source, known_only, read_rows

Usable = Literal["ya", "arsip", "tidak"]


@dataclass(frozen=True, slots=True)
class Topic:
    code: str
    name: str
    name_source: str
    """Name in the national tree, for mapping by name."""
    is_confidential: bool
    """The content is marked confidential at intake."""
    description: str
    subtopics: tuple[str, ...]
    agencies: tuple[str, ...]
    """Usual agencies, the main one first."""
    usable: str
    """`ya` = offered to citizens, `arsip` = only an administrator may set it, `tidak` = central government only."""
    prior_count: int
    """How often it occurred among the categorised public reports of a sample (not a census)."""
    note: str

    @property
    def is_offered(self) -> bool:
        return self.usable == "ya"

    @property
    def may_be_set(self) -> bool:
        """By staff: all but what the central government alone handles."""
        return self.usable != "tidak"


@dataclass(frozen=True, slots=True)
class OutOfAuthority:
    """A body that the regency cannot instruct, and what the citizen is told about it."""

    code: str
    name: str
    kind: str
    topics: tuple[str, ...]
    keywords: tuple[str, ...]
    where_to_go: str
    message: str
    is_forwarded: bool
    """`teruskan` through the national system; otherwise advise and keep."""
    verified: str
    sp4n_institution_id: str = ""
    """Its number in the national system; without one nothing is handed over there."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """One case that two units could handle. `default` and `rule` are words for people, not codes."""

    id: str
    case: str
    candidates: tuple[str, ...]
    """Agency or outside codes; also patterns (`KEL-*`) and descriptions ("instansi terkait")."""
    default: str
    rule: str
    question: str
    tell: str


def name_key(name: str) -> str:
    """A name reduced to letters and digits: national lists differ in case, spaces and punctuation."""
    return "".join(character for character in name.casefold() if character.isalnum())


TOPIC_COLUMNS = (
    "code", "name", "name_source", "rahasia_default", "description_id", "subtopics_example", "usable_locally",
    "label_count_2025", "note",
)  # fmt: skip


def read_topics(source: Source) -> dict[str, Topic]:
    """Topics by code, in the file's order; the column of agencies may carry the region's name (`agencies_kobar`)."""
    rows = read_rows(source, TOPIC_COLUMNS, key="code")
    column = next((name for name in rows[0].cells if name == "agencies" or name.startswith("agencies_")), "")
    if not column:
        raise source.refuse("line 1", "columns missing: agencies")
    return {row["code"]: _topic(row, column) for row in rows}


def _topic(row: Row, agencies: str) -> Topic:
    count = row["label_count_2025"] or "0"
    if not count.isdecimal():
        raise row.refuse(f"label_count_2025 must be a number, not {count!r}")
    return Topic(
        code=row["code"],
        name=row["name"],
        name_source=row["name_source"],
        is_confidential=row.one_of("rahasia_default", ("ya", "tidak")) == "ya",
        description=row["description_id"],
        subtopics=row.items("subtopics_example"),
        agencies=row.items(agencies),
        usable=row.one_of("usable_locally", ("ya", "arsip", "tidak")),
        prior_count=int(count),
        note=row["note"],
    )


def topics_with_agencies(
    topics: dict[str, Topic], source: Source, agencies: Collection[str], other: Source
) -> dict[str, Topic]:
    """The topics, each with agencies that exist."""
    return {
        topic.code: replace(
            topic, agencies=known_only(source, f"topic {topic.code}", topic.agencies, agencies, other, "agency")
        )
        for topic in topics.values()
    }


def read_out_of_authority(source: Source, topics: tuple[Collection[str], Source]) -> dict[str, OutOfAuthority]:
    columns = (
        "code",
        "name",
        "kind",
        "topics",
        "keywords",
        "where_to_go",
        "message_to_citizen",
        "sp4n_action",
        "verified",
    )
    return {
        row["code"]: OutOfAuthority(
            code=row["code"],
            name=row["name"],
            kind=row["kind"],
            topics=known_only(source, f"line {row.line}", row.items("topics"), *topics, "topic"),
            keywords=row.items("keywords"),
            where_to_go=row["where_to_go"],
            message=row["message_to_citizen"],
            is_forwarded=row.one_of("sp4n_action", ("teruskan", "catat")) == "teruskan",
            verified=row["verified"],
            sp4n_institution_id=row.cells.get("sp4n_institution_id", "").strip(),
        )
        for row in read_rows(source, columns, key="code")
    }


def read_overlaps(source: Source) -> tuple[Overlap, ...]:
    columns = ("id", "case", "candidates", "default", "rule", "question_to_citizen", "tell_citizen")
    return tuple(
        Overlap(
            row["id"], row["case"], row.items("candidates"), row["default"], row["rule"], row["question_to_citizen"],
            row["tell_citizen"],
        )
        for row in read_rows(source, columns, key="id")
    )  # fmt: skip
