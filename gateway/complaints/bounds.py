"""Whether a point lies in or near the region of the government. Pure."""

from collections.abc import Sequence
from math import cos, radians

KM_PER_DEGREE = 111.2
NEAR_KM = 20.0
"""Neighbours report across the border too, and phones err."""


def is_outside(latitude: float, longitude: float, bounds: Sequence[float]) -> bool:
    """Degrees (WGS84); `bounds` are south, west, north, east. Unknown bounds hold everything."""
    if len(bounds) != 4:  # noqa: PLR2004 - the four ends
        return False
    south, west, north, east = bounds
    spare = NEAR_KM / KM_PER_DEGREE
    beside = spare / max(cos(radians(latitude)), 0.01)
    return not (south - spare <= latitude <= north + spare and west - beside <= longitude <= east + beside)
