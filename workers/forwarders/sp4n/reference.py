"""`config/data/sp4n.toml` as values: what is assumed of the other side, and the words that go there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from gateway.complaints.forward import StatusRow
from gateway.forwarding import remote_words


@dataclass(frozen=True, slots=True)
class Limits:
    burst: int
    file_bytes: int
    files: int
    title: int
    content: int


@dataclass(frozen=True, slots=True)
class Reference:
    auth_headers: Mapping[str, tuple[str, str]]
    """Style -> header name and what stands before the secret."""
    upload_part: str
    zone: ZoneInfo
    time_formats: tuple[str, ...]
    date_format: str
    unnamed_institution: str
    masters_page_size: int
    file_addresses: tuple[str, ...]
    """Fields of a file beside a follow-up that may hold its address, the best one first."""
    limits: Limits
    classifications: Mapping[str, str]
    statuses: tuple[StatusRow, ...]
    info_disposition: str
    tag: str
    from_reporter: str
    answer_template: str
    reporter_template: str


def load_reference() -> Reference:
    """The shipped file; KeyError when a row is missing."""
    return read_reference(remote_words.tables())


def read_reference(tables: Mapping[str, Any]) -> Reference:
    assumed = {row["id"]: row["value"] for row in tables["assumption"]}
    times, texts, templates = assumed["ASSUMPTION-11"], tables["texts"], tables["templates"]
    return Reference(
        auth_headers={style: (name, before) for style, (name, before) in assumed["ASSUMPTION-02"].items()},
        upload_part=assumed["ASSUMPTION-06"],
        zone=ZoneInfo(times["zone"]),
        time_formats=tuple(times["formats"]),
        date_format=times["date"],
        unnamed_institution=assumed["ASSUMPTION-13"],
        masters_page_size=assumed["ASSUMPTION-17"],
        file_addresses=tuple(assumed["ASSUMPTION-24"]),
        limits=Limits(**assumed["ASSUMPTION-18"]),
        classifications=assumed["ASSUMPTION-20"],
        statuses=remote_words.rows_of(tables),
        info_disposition=texts["info_disposition"],
        tag=texts["tag"],
        from_reporter=texts["from_reporter"],
        answer_template=templates["answer"],
        reporter_template=templates["reporter"],
    )
