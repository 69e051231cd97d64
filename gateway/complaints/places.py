"""Where it happened, in words: the street, RT/RW or building that a text names, and an area with its level. Pure.

The gazetteer knows villages and a few landmarks; a report that names its street needs no question about its place
(CASEWORK 4.2), and an officer finds "Jl Malijo RT 5, Kelurahan Raja" where "Raja" alone leads nowhere.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

LONGEST_SPOT = 80
# Whatever follows "jalan" and is no name; in any letters, for people write reports in capitals too.
_NO_NAME = (
    "yang|yg|di|ke|dari|dan|ini|itu|nya|sudah|sdh|rusak|parah|berlubang|bolong|becek|banjir|mati|gelap|hancur|longsor|depan|belakang|"
    "samping|utama|besar|kecil|kami|saya|tidak|tdk|belum|blm|ada|raya|umum|desa|kelurahan|kel|kec|kab|kabupaten|provinsi|nasional|"
    "jalan|jln?|gang|gg|lorong|rt|rw|km|no"
)
_NAME = rf"(?!(?i:{_NO_NAME})\b)(?:[A-Z][\w'’-]*|\d+[A-Za-z]?\b)"
_NAMES = rf"{_NAME}(?:[ ]{_NAME}){{0,3}}"
_HOUSE = r"(?i:no\.?[ ]?\d{1,4}\b)"
_ROAD = r"(?i:km\.?[ ]?\d{1,3}\b)"
_RT_RW = r"(?i:r[tw]\.?[ ]?\d{1,3}\b(?:[ ]?/[ ]?(?:rw\.?[ ]?)?\d{1,3}\b)?)"
_NUMBERS = rf"(?:[ ,]+(?:{_HOUSE}|{_ROAD}|{_RT_RW})){{0,4}}"
_STREET = r"(?i:jalan|jln?\.?|gang|gg\.?|lorong|kompleks?|perum(?:ahan)?\.?|bundaran)"
_BUILDING = (
    r"(?i:pasar|jembatan|simpang|terminal|pelabuhan|dermaga|lapangan|taman|masjid|mush?ola|langgar|gereja|puskesmas|pustu|posyandu|"
    r"sdn?|sm[pak]n?|tk|mtsn?|istana)"
)
_NAMED = re.compile(rf"\b(?:{_STREET}|{_BUILDING})[ ]{_NAMES}{_NUMBERS}")
# Short forms of a street are never ordinary words, so a name in small letters may follow: people write SMS that way.
_SMALL = re.compile(rf"\b(?:jln?|gg)\.?[ ]?(?!(?:{_NO_NAME})\b)[a-z][a-z'’-]{{2,}}{_NUMBERS}")
_ENGLISH = re.compile(r"\b[A-Z][\w'’-]+(?:[ ][A-Z][\w'’-]+)?[ ](?:Street|Road|Lane|Market|Bridge|School)\b")
_ONLY_NUMBERS = re.compile(rf"\b(?:{_RT_RW}(?:[ ,]+{_RT_RW})?|{_ROAD})")
_FORMS = (_NAMED, _SMALL, _ENGLISH, _ONLY_NUMBERS)
MOST_ALIKE = 3
_SPACES = re.compile(r"\s+")
KECAMATAN_PARTS, VILLAGE_PARTS = 3, 4
"""Parts of an area code of the home ministry: 62.01.02 is a kecamatan, 62.01.02.1007 lies in it."""
KELURAHAN_BEGINS = "1"
"""The last part begins with 1 for a kelurahan, with 2 for a desa."""


@lru_cache(maxsize=512)  # a list shows the same reports again and again
def spot_of(text: str) -> str:
    """The street, RT/RW or building that a text names, as it is written there; empty when it names none."""
    words = _SPACES.sub(" ", text)
    found = next((found for form in _FORMS if (found := form.search(words))), None)
    return found[0].rstrip(" .,")[:LONGEST_SPOT] if found else ""


def area_words(code: str, name: str) -> str:
    """`Kelurahan Raja`, `Desa Kumpai Batu Atas`, `Kecamatan Kumai`; the bare name where the code says no level."""
    if not code or not name:
        return name
    parts = code.split(".")
    if len(parts) == KECAMATAN_PARTS:
        return f"Kecamatan {name}"
    if len(parts) == VILLAGE_PARTS:
        return f"Kelurahan {name}" if parts[-1].startswith(KELURAHAN_BEGINS) else f"Desa {name}"
    return name


def place_words(said: str, code: str, name: str) -> str:
    """What a reporter said about the place and the area that it lies in, each once."""
    area = area_words(code, name)
    if not said or not area:
        return said or area
    return said if name.casefold() in said.casefold() else f"{said}, {area}"


def alike(code: str, names: Mapping[str, str]) -> list[str]:
    """Codes of areas whose names share a word with that of `code` (Kumai Hulu, Kumai Hilir), those of the same kecamatan first.

    `names`: code -> name, of all areas there are.
    """
    words = set(names.get(code, "").casefold().split())
    found = [other for other, name in names.items() if other != code and words & set(name.casefold().split())]
    kecamatan = ".".join(code.split(".")[:KECAMATAN_PARTS])
    return sorted(found, key=lambda other: (not other.startswith(kecamatan), other))[:MOST_ALIKE]
