"""When the sender's clock says that something was sent. Pure.

Source: docs/channels/README.md.
"""

from datetime import UTC, datetime

MILLISECONDS_FROM = 10**12
"""A timestamp from here on counts milliseconds: in seconds it would be the year 33658."""


def moment(timestamp: object) -> datetime | None:
    """The sender's clock, from seconds or milliseconds as number or text; None where it tells no time (F81)."""
    if isinstance(timestamp, str) and timestamp.isascii() and timestamp.isdecimal():
        timestamp = int(timestamp[:20])
    if not isinstance(timestamp, int) or isinstance(timestamp, bool) or timestamp <= 0:
        return None
    try:
        return datetime.fromtimestamp(timestamp / 1000 if timestamp >= MILLISECONDS_FROM else timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None
