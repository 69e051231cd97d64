"""The same report again, or the same incident seen by others. Machines only suggest; a person links (CASEWORK 7)."""

import hashlib
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from gateway.complaints.complaint import Point
from gateway.complaints.places import KECAMATAN_PARTS, VILLAGE_PARTS

SAME_TEXT_WITHIN = timedelta(hours=24)
"""The same sender with the same text in this time repeats a report and gets the old number."""
LIKELY_WITHIN = timedelta(days=7)
LIKELY_METRES = 300
MASS_REPORTS, MASS_WITHIN = 5, timedelta(minutes=60)
"""From so many linked reports in this time on it may be one incident that many people see."""
EARTH_RADIUS_M = 6_371_000
NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Incident:
    """What is compared of a report. `area` is a region code; `reporter` is empty where nobody may learn who wrote it."""

    text: str
    topic: str
    at: datetime
    area: str = ""
    point: Point | None = None
    area_name: str = ""
    reporter: str = ""

    @property
    def is_village(self) -> bool:
        return self.area.count(".") == VILLAGE_PARTS - 1


def normalised(text: str) -> str:
    """Words in small letters with single spaces: what counts when two texts are called the same."""
    return NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


@lru_cache(maxsize=1024)  # a batch asks for the same text three times: for its twins, its dialogue and its complaint
def text_hash(text: str) -> str:
    """32 hexadecimal digits that are equal for texts which differ in case, spaces and punctuation only.

    A text without any word (an emoji, `?`) is taken as it stands, so that not all of those look the same.
    """
    return hashlib.sha256((normalised(text) or text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def known_area(code: str) -> str:
    """A village or a kecamatan; empty for the whole regency, which is no place of an incident."""
    return code if code.count(".") >= KECAMATAN_PARTS - 1 else ""


def metres_between(one: Point, other: Point) -> float:
    """Distance on the ground."""
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    turn = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(turn) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(chord))
