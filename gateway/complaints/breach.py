"""Breaches of personal data: what may come into wrong hands, who is told, and by when (UU 27/2022, article 46).

Persons and authority are told in writing within three times twenty-four hours after it was noticed (SECURITY § 5).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

TELL_WITHIN = timedelta(hours=72)
REMIND_BEFORE = timedelta(hours=24)


class Data(StrEnum):
    """Kinds of data that came into wrong hands, or were lost."""

    ADDRESS = "address"
    NAME = "name"
    TEXT = "text"
    FILES = "files"
    PLACE = "place"
    STAFF = "staff"


class Told(StrEnum):
    AUTHORITY = "authority"
    PERSONS = "persons"


class Standing(StrEnum):
    """How a breach stands against its deadline, what hurts most first."""

    LATE = "late"
    """Somebody should have been told by now."""
    SOON = "soon"
    """Less than a day is left."""
    OPEN = "open"
    TOLD_LATE = "told_late"
    TOLD = "told"


ORDER = tuple(Standing)


def due_at(noticed_at: datetime) -> datetime:
    return noticed_at + TELL_WITHIN


def reminded_at(noticed_at: datetime) -> datetime:
    """From when on its officer is reminded."""
    return due_at(noticed_at) - REMIND_BEFORE


def standing(noticed_at: datetime, told: Collection[datetime | None], now: datetime) -> Standing:
    """`told`: when authority and persons were told, None for who was not. The last moment itself is in time."""
    due = due_at(noticed_at)
    if None not in told:
        return Standing.TOLD_LATE if any(moment is not None and moment > due for moment in told) else Standing.TOLD
    if now > due:
        return Standing.LATE
    return Standing.SOON if now >= reminded_at(noticed_at) else Standing.OPEN
