"""Areas with the codes of the home ministry, and places that people name instead of a village."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from config.reference.reading import Row, Source, known_only, read_rows

LEVELS = ("provinsi", "kabupaten", "kota", "kecamatan", "kelurahan", "desa")
TOP_LEVELS = ("provinsi", "kabupaten", "kota")
ZONES = ("WIB", "WITA", "WIT")
VILLAGE_LABEL = "DESA-"
"""A village is no agency of the regency: its label in `unit_code` names nobody who could be given a complaint."""


@dataclass(frozen=True, slots=True)
class Area:
    code: str
    """Code of the home ministry: 62.01, 62.01.02, 62.01.02.1007."""
    name: str
    level: str
    parent: str
    agency: str
    """Agency code of a kecamatan or kelurahan; empty for a desa."""
    label: str
    """The unit as written in the file, `DESA-…` included."""
    aliases: tuple[str, ...]
    timezone: str
    """WIB, WITA or WIT."""
    is_ambiguous: bool
    """The name is an ordinary word or another unit too: only with a cue such as "kel.", "desa", "di"."""
    kecamatan: str


@dataclass(frozen=True, slots=True)
class Landmark:
    name: str
    kecamatan: str
    area: str
    """Area code."""
    aliases: tuple[str, ...]
    is_verified: bool


AREA_COLUMNS = ("code", "name", "level", "parent", "unit_code", "aliases", "timezone", "ambiguous", "kecamatan")


def read_areas(source: Source) -> dict[str, Area]:
    rows = {row["code"]: row for row in read_rows(source, AREA_COLUMNS, key="code")}
    for row in rows.values():
        if row["parent"] not in rows and row["level"] not in TOP_LEVELS:
            raise row.refuse(f"parent {row['parent']!r} does not exist")
    return {code: _area(row) for code, row in rows.items()}


def _area(row: Row) -> Area:
    label = row["unit_code"]
    return Area(
        code=row["code"],
        name=row["name"],
        level=row.one_of("level", LEVELS),
        parent=row["parent"],
        agency="" if label.startswith(VILLAGE_LABEL) else label,
        label=label,
        aliases=row.items("aliases"),
        timezone=row.one_of("timezone", ZONES),
        is_ambiguous=row.one_of("ambiguous", ("yes", "no", "ya", "tidak")) in {"yes", "ya"},
        kecamatan=row["kecamatan"],
    )


def read_landmarks(source: Source, areas: tuple[Collection[str], Source]) -> tuple[Landmark, ...]:
    landmarks = []
    for row in read_rows(source, ("name", "kecamatan", "area_code", "aliases", "verified"), key="name"):
        if known_only(source, f"line {row.line}", [row["area_code"]], *areas, "area"):
            verified = row.one_of("verified", ("ya", "belum", "tidak")) == "ya"
            landmarks.append(Landmark(row["name"], row["kecamatan"], row["area_code"], row.items("aliases"), verified))
    return tuple(landmarks)


def with_agencies(
    areas: Mapping[str, Area], source: Source, agencies: Collection[str], other: Source
) -> Mapping[str, Area]:
    """The areas, each naming an agency that exists or none."""
    linked = {}
    for area in areas.values():
        named = [area.agency] if area.agency else []
        known = known_only(source, f"area {area.code}", named, agencies, other, "agency")
        linked[area.code] = area if known or not named else replace(area, agency="")
    return MappingProxyType(linked)
