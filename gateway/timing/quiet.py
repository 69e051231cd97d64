"""Quiet hours: when officers and citizens are left in peace, and when a notice may go out after them (CASEWORK 5.6)."""

from datetime import date, datetime, time, timedelta

from config.settings import Window
from gateway.complaints.notices import Audience, NoticeRule, Timing
from gateway.storage.store import Transaction

SUMMARY_WITHIN = timedelta(hours=4)
"""After the hour of the summary: whoever was down longer tells the next morning what waited."""


def quiet_until(tx: Transaction, rule: NoticeRule, audience: Audience, now: datetime) -> datetime | None:
    """When this notice may leave, or None for at once."""
    if rule.timing is Timing.IMMEDIATE:
        return None
    if audience is Audience.REPORTER:
        window, local = tx.office.settings.notices.citizen_quiet, tx.office.calendar.local(now)
        return _after(local, window.end, now) if window and window.holds(local.time()) else None
    return staff_rests_until(tx, now)


def staff_rests_until(tx: Transaction, now: datetime) -> datetime | None:
    """When officers may be told again of what can wait, or None for now."""
    settings, local = tx.office.settings.notices, tx.office.calendar.local(now)
    resting = settings.staff_workdays_only and not tx.office.calendar.is_working(local.date())
    if not resting and not _quiet(settings.staff_quiet, local.time()):
        return None
    return _next_working(tx, local, settings.staff_from, now)


def next_summary(tx: Transaction, now: datetime) -> datetime:
    """The next hour of summaries."""
    return _next_working(tx, tx.office.calendar.local(now), tx.office.settings.notices.digest_at, now)


def summary_day(tx: Transaction) -> date | None:
    """Today, when its summaries are due."""
    settings, local = tx.office.settings.notices, tx.office.calendar.local(tx.now)
    resting = settings.staff_workdays_only and not tx.office.calendar.is_working(local.date())
    late = local - local.replace(
        hour=settings.digest_at.hour, minute=settings.digest_at.minute, second=0, microsecond=0
    )
    return local.date() if not resting and timedelta(0) <= late < SUMMARY_WITHIN else None


def _quiet(window: Window | None, at: time) -> bool:
    return window is not None and window.holds(at)


def _after(local: datetime, end: time, now: datetime) -> datetime:
    wanted = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return now + ((wanted if wanted > local else wanted + timedelta(days=1)) - local)


def _next_working(tx: Transaction, local: datetime, begin: time, now: datetime) -> datetime:
    settings = tx.office.settings.notices
    moment = local.replace(hour=begin.hour, minute=begin.minute, second=0, microsecond=0)
    while moment <= local or (settings.staff_workdays_only and not tx.office.calendar.is_working(moment.date())):
        moment += timedelta(days=1)
    return now + (moment - local)
