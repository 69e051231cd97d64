"""What a caller of Open311 asks for: the parameters of a list as one value, and what is wrong with them.

Source: docs/forwarders/open311.md § Lists. An empty parameter counts as absent, an unknown one is ignored.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from gateway.complaints.number import read_number
from gateway.queries.open311 import AT_MOST, DEEPEST, LONGEST, OF_STATUS, Wanted
from gateway.web.open311_refusals import Fault, Refused

MOST_IDS = 50
LARGEST_PAGE, USUAL_PAGE = 200, 100
BAD = 400
# A plus sign that was not escaped in an address arrives as a space.
_LOST_PLUS = re.compile(r"(T\d{2}:\d{2}[\d:.]*) (\d{2}:?\d{2})$")
TRUTH = frozenset({"true", "1", "yes"})


def wanted_of(query: Mapping[str, str], now: datetime, prefix: str) -> Wanted:
    """Which requests a query names; Refused (400) with everything that is wrong with it."""
    faults: list[Fault] = []
    ids = listed(query.get("service_request_id", ""))
    if ids:
        if len(ids) > MOST_IDS:
            raise Refused(BAD, Fault("too_many_ids", str(MOST_IDS)))
        return Wanted(now - LONGEST, now, ids=tuple(_number(text, prefix) for text in ids), limit=MOST_IDS)
    since, until = _range(query, now, faults)
    status = listed(query.get("status", ""))
    faults += [Fault("status", word) for word in status if word not in OF_STATUS]
    skip, limit = _page(query, faults)
    wanted = Wanted(
        since,
        until,
        topics=listed(query.get("service_code", "")),
        status=status,
        updated_after=_moment(query, "updated_after", faults),
        updated_before=_moment(query, "updated_before", faults),
        skip=skip,
        limit=limit,
    )
    if faults:
        raise Refused(BAD, *faults)
    return wanted


def is_true(text: str) -> bool:
    return text.strip().lower() in TRUTH


def listed(text: str) -> tuple[str, ...]:
    """The values of a comma list, each once."""
    return tuple(dict.fromkeys(_values(text)))


def moment_of(text: str) -> datetime | None:
    """A time with its zone, aware; None for anything else."""
    try:
        found = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.strip()))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _values(text: str) -> Iterator[str]:
    for value in text.split(","):
        if value.strip():
            yield value.strip()


def _number(text: str, prefix: str) -> str:
    found = read_number(text, prefix)
    return found if isinstance(found, str) else text


def _range(query: Mapping[str, str], now: datetime, faults: list[Fault]) -> tuple[datetime, datetime]:
    """One bound alone: the other is as far away as a range may reach, and never beyond now."""
    since, until = _moment(query, "start_date", faults), _moment(query, "end_date", faults)
    try:
        end = until or min(now, since + LONGEST if since else now)
        begin = since or end - LONGEST
    except OverflowError:
        faults.append(Fault("moment", "start_date"))
        return now - LONGEST, now
    if end - begin > LONGEST:
        faults.append(Fault("range", str(LONGEST.days)))
    return begin, end


def _moment(query: Mapping[str, str], name: str, faults: list[Fault]) -> datetime | None:
    text = query.get(name, "")
    if not text.strip():
        return None
    found = moment_of(text)
    if found is None:
        faults.append(Fault("moment", name))
    return found


def _page(query: Mapping[str, str], faults: list[Fault]) -> tuple[int, int]:
    """(rows to skip, rows to give). Whoever knows no pages gets the standard's cap."""
    page, size = query.get("page", "").strip(), query.get("page_size", "").strip()
    if not page and not size:
        return 0, AT_MOST
    number, limit = _whole(page, 1, DEEPEST), _whole(size, USUAL_PAGE, LARGEST_PAGE)
    if number is None or (limit is not None and (number - 1) * limit > DEEPEST):
        faults.append(Fault("page"))
    if limit is None:
        faults.append(Fault("page_size", str(LARGEST_PAGE)))
    return ((number or 1) - 1) * (limit or 1), limit or 1


def _whole(text: str, usual: int, most: int) -> int | None:
    if not text:
        return usual
    known = text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most
    return int(text[:9]) if known else None
