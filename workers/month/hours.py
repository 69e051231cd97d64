"""Office hours, by the calendar of the government: when somebody who needs so many hours of work is done."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.complaints.calendar import Calendar

OPENS, CLOSES = time(8), time(16)


def after_work(start: datetime, hours: float, calendar: Calendar) -> datetime:
    """The moment at which `hours` of office time have passed since `start`."""
    left, at = timedelta(hours=hours), start
    while True:
        opens, closes = bounds(at, calendar)
        begins = max(at, opens)
        if calendar.is_working(calendar.local(at).date()) and begins < closes:
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        at = opens + timedelta(days=1)


def bounds(at: datetime, calendar: Calendar) -> tuple[datetime, datetime]:
    """When the office opens and closes on the local day of `at`, in UTC."""
    day, zone = calendar.local(at).date(), ZoneInfo(calendar.zone)
    opens, closes = (datetime.combine(day, hour, zone).astimezone(UTC) for hour in (OPENS, CLOSES))
    return opens, closes
