"""What an action asks for, as data: lengths, known values, dates, and answers that say nothing.

Source: CASEWORK 3 (required inputs) and 3.1. Names of inputs are the same in code, API and forms.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from gateway.complaints.calendar import Calendar, add_working_days
from gateway.complaints.complaint import Action, ActionRefused, ArchiveReason, Case, Hold, Kind
from gateway.complaints.lifecycle import Step
from gateway.complaints.masking import mask

LENGTHS: Mapping[str, tuple[int, int]] = {
    "text": (1, 10_000),
    "question": (10, 300),
    "reason": (1, 500),
    "note": (1, 2_000),
    "explanation": (20, 2_000),
    "no_evidence_reason": (3, 300),
    "comment": (1, 300),
    "institution": (2, 120),
    "parent": (1, 30),
}
"""Least and most characters, spaces folded."""
LENGTHS_OF: Mapping[tuple[Action, str], tuple[int, int]] = {
    (Action.REASSIGN, "reason"): (10, 500),
    (Action.DISPUTE_AUTHORITY, "reason"): (20, 500),
    (Action.REFER_OUT, "reason"): (20, 500),
    (Action.REQUEST_TIME, "reason"): (20, 300),
    (Action.ARCHIVE, "reason"): (20, 500),
    (Action.REPORT_PROGRESS, "note"): (20, 1_000),
}
"""Where an action asks for more than usual."""
KNOWN: Mapping[str, frozenset[str]] = {
    "kind": frozenset(Kind),
    "archive_reason": frozenset(ArchiveReason),
    "hold": frozenset(Hold) - {Hold.NONE},
    "rating": frozenset("12345"),
}
MOST_EXTENSION = 14
"""Working days by which more time may be asked for."""
STOCK_PHRASES = (
    "sudah ditindaklanjuti", "telah ditindaklanjuti", "sedang ditindaklanjuti", "akan ditindaklanjuti",
    "segera ditindaklanjuti", "sudah diproses", "sedang diproses", "sudah dikoordinasikan", "telah dikoordinasikan",
    "terima kasih", "mohon maaf", "mohon bersabar",
)  # fmt: skip
FEWEST_WORDS, FEWEST_WORDS_BESIDE_PHRASES = 5, 3
DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
)


def check_inputs(
    step: Step, inputs: Mapping[str, str], *, today: date | None = None, calendar: Calendar | None = None
) -> None:
    """Refuse inputs that the step cannot be carried out with.

    Raises `ActionRefused` with its `field`: `missing_input`, `too_short`, `too_long`, `unknown_value`, `stock_phrase`,
    `personal_data` (until `no_personal_data` confirms the masked preview), `too_early`, `too_late`. The limits of a date
    need `today` and `calendar`.
    """
    _check_presence(step, inputs)
    for name in (*step.requires, *step.one_of, *step.optional):
        if value := folded(inputs.get(name, "")):
            _check_length(step, name, value)
            _check_known(name, value)
    if step.action is Action.ANSWER:
        _check_answer(inputs)
    if inputs.get("date", "").strip() and today and calendar:
        _check_date(inputs["date"], today, calendar)


def check_limits(step: Step, case: Case, now: datetime, *, reopen_days: int = 30) -> None:
    """Refuse what comes too late (`expired`) or once too often (`limit`). `reopen_days` is the government's setting."""
    if step.within_days is not None and case.closed_at is not None:
        days = reopen_days if step.action is Action.REOPEN else step.within_days
        if now > case.closed_at + timedelta(days=days):
            raise ActionRefused("expired", f"{step.action} was possible for {days} days after closing")
    if step.at_most is not None and case.reopen_count >= step.at_most:
        raise ActionRefused("limit", f"{step.action} was used {case.reopen_count} times")


def limits_of(action: Action, name: str) -> tuple[int, int] | None:
    """Least and most characters of an input, for forms and counters; None where length does not matter."""
    return LENGTHS_OF.get((action, name)) or LENGTHS.get(name)


def folded(text: str) -> str:
    return " ".join(text.split())


def read_date(text: str) -> date | None:
    """A day as forms (`2026-12-04`) and people (`4-12-2026`, `04/12/2026`) write it."""
    for pattern in DATES:
        if match := pattern.fullmatch(text.strip()):
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None


def whole_number(text: str, most: int = 2**31 - 1) -> int:
    """A number as forms carry it; -1, which nothing has, for anything else and for more than `most`."""
    number = int(text) if text.isdecimal() and len(text) <= len(str(most)) else -1
    return number if number <= most else -1


def says_nothing(explanation: str) -> bool:
    """Whether an answer is only a phrase that fits every complaint."""
    words = re.sub(r"[^\w\s]", " ", explanation.casefold())
    rest = f" {folded(words)} "
    for phrase in STOCK_PHRASES:
        rest = rest.replace(f" {phrase} ", " ")
    distinct = len(set(words.split()))
    return distinct < FEWEST_WORDS or (
        rest != f" {folded(words)} " and len(set(rest.split())) < FEWEST_WORDS_BESIDE_PHRASES
    )


def _check_presence(step: Step, inputs: Mapping[str, str]) -> None:
    for name in step.requires:
        if not inputs.get(name, "").strip():
            raise ActionRefused("missing_input", f"{step.action} needs {name}", name)
    if step.one_of and not any(inputs.get(name, "").strip() for name in step.one_of):
        raise ActionRefused("missing_input", f"{step.action} needs {' or '.join(step.one_of)}", step.one_of[0])


def _check_length(step: Step, name: str, value: str) -> None:
    least, most = limits_of(step.action, name) or (0, len(value))
    if len(value) < least:
        raise ActionRefused("too_short", f"{name} needs at least {least} characters", name)
    if len(value) > most:
        raise ActionRefused("too_long", f"{name} may have {most} characters", name)


def _check_known(name: str, value: str) -> None:
    if name in KNOWN and value not in KNOWN[name]:
        raise ActionRefused("unknown_value", f"{name} is one of {', '.join(sorted(KNOWN[name]))}", name)


def _check_answer(inputs: Mapping[str, str]) -> None:
    explanation = inputs["explanation"]
    if says_nothing(explanation):
        raise ActionRefused("stock_phrase", "tell what was done, when, and with what result", "explanation")
    if mask(explanation).found and not inputs.get("no_personal_data", "").strip():
        raise ActionRefused("personal_data", "the masked preview must be confirmed", "explanation")


def _check_date(text: str, today: date, calendar: Calendar) -> None:
    day = read_date(text)
    if day is None:
        raise ActionRefused("unknown_value", "a date is written 2026-12-04", "date")
    if day <= today:
        raise ActionRefused("too_early", "the date must lie ahead", "date")
    if day > add_working_days(today, MOST_EXTENSION, calendar):
        raise ActionRefused("too_late", f"at most {MOST_EXTENSION} working days ahead", "date")
