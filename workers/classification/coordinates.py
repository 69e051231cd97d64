"""A point that the text itself gives: coordinates as people copy them from a map, or the link of a map.

Degrees (WGS84). Only what lies in Indonesia counts, so that no price or telephone number becomes a place; whether it lies in the
government's own region is asked by whoever uses it. Short links are not followed.
"""

import re
from collections.abc import Iterator

Degrees = tuple[float, float]
SOUTHERNMOST, NORTHERNMOST, WESTERNMOST, EASTERNMOST = -11.5, 6.5, 94.5, 141.5
LINK_DIGITS = 6
"""Places behind the point that are kept: a tenth of a metre."""

_NUMBER = r"([-+]?\d{1,3}\.\d{2,})"
_LINKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"!3d{_NUMBER}!4d{_NUMBER}",  # the marked place; what stands behind @ is the middle of the picture
        rf"[?&](?:q|ll|query|destination|daddr|center|loc|marker)=(?:loc:)?{_NUMBER}(?:,|\+|%2C|%20|\s)+{_NUMBER}",
        rf"mlat={_NUMBER}&mlon={_NUMBER}",
        rf"\bgeo:{_NUMBER},{_NUMBER}",
        rf"@{_NUMBER},{_NUMBER}",
        rf"#map=\d+/{_NUMBER}/{_NUMBER}",
    )
)
_SIDE = r"(?:\s*(LS|LU|S|N)\b)?"
_PAIR = re.compile(  # four places at least: "5.500, 111.500" are prices
    rf"(?<![\d.,])([-+]?\d{{1,2}}[.,]\d{{4,}})°?{_SIDE}\s*[,;/ ]\s*(\d{{2,3}}[.,]\d{{4,}})°?(?:\s*(?:BT|E)\b)?(?![\d])",
    re.IGNORECASE,
)
_MINUTES = r"(\d{1,3})\s*[°º]\s*(\d{1,2})\s*['’′]\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:\"|”|″|''|’’)?)?"
_ANGLES = re.compile(rf"{_MINUTES}\s*(LS|LU|S|N)\b\W{{0,3}}{_MINUTES}\s*(?:BT|E)\b", re.IGNORECASE)
_SOUTH = frozenset({"s", "ls"})


def point_of(text: str) -> Degrees | None:
    """Latitude and longitude of the first point that the text names; None when it names none."""
    if not any(mark in text for mark in ".,°º"):
        return None
    return next((point for point in _points(text) if _in_indonesia(point)), None)


def _points(text: str) -> Iterator[Degrees]:
    if "://" in text or "geo:" in text:
        for link in _LINKS:
            for found in link.finditer(text):
                yield _rounded(float(found[1]), float(found[2]))
    for found in _PAIR.finditer(text):
        latitude = float(found[1].replace(",", "."))
        yield _rounded(_signed(latitude, found[2]), float(found[3].replace(",", ".")))
    for found in _ANGLES.finditer(text):
        yield _rounded(_signed(_degrees(*found.group(1, 2, 3)), found[4]), _degrees(*found.group(5, 6, 7)))


def _degrees(degrees: str, minutes: str, seconds: str | None) -> float:
    return int(degrees) + int(minutes) / 60 + float((seconds or "0").replace(",", ".")) / 3600


def _signed(latitude: float, side: str | None) -> float:
    return -abs(latitude) if side and side.lower() in _SOUTH else latitude


def _rounded(latitude: float, longitude: float) -> Degrees:
    return round(latitude, LINK_DIGITS), round(longitude, LINK_DIGITS)


def _in_indonesia(point: Degrees) -> bool:
    latitude, longitude = point
    return SOUTHERNMOST <= latitude <= NORTHERNMOST and WESTERNMOST <= longitude <= EASTERNMOST
