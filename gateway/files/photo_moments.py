"""When evidence was photographed: shown beside it, and marked where that was before the report came in (CASEWORK 13).

Nothing is decided by it, clocks of cameras are often wrong. Of reporters' photographs it is not kept.
"""

from datetime import UTC, datetime, timedelta

from gateway.complaints.calendar import Calendar

EARLIEST_YEAR = 2000
"""What lies before is a camera whose clock was never set."""
AHEAD = timedelta(days=1)


def read(said: str, calendar: Calendar, came_at: datetime) -> datetime | None:
    """The moment that the child read in the file; a time without its zone is one of the place here.

    None where it is none, or cannot be: long ago, or after the file came.
    """
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    # By the year first: at the edges of the calendar no zone can be reckoned with.
    if not EARLIEST_YEAR <= found.year <= came_at.year + 1:
        return None
    zoned = found if found.tzinfo else found.replace(tzinfo=calendar.local(came_at).tzinfo)
    return zoned.astimezone(UTC) if zoned <= came_at + AHEAD else None
