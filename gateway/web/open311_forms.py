"""What a program posts by Open311 -> a report of ours; every field by the table of docs/forwarders/open311.md § Reporting.

Only what makes a report useless is refused. A contact that cannot be used or a place that nobody knows is left out.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl

from channels.mail_address import mail_address
from channels.messages import Address, clean_text
from channels.phone import phone_address
from gateway.complaints.bounds import is_outside
from gateway.complaints.complaint import Draft, Point
from gateway.office import Office
from gateway.web.open311_asked import is_true, moment_of
from gateway.web.open311_refusals import Fault, Refused

MOST_FIELDS = 200
LONGEST_TEXT = 4000
LONGEST_PLACE = 300
LONGEST_NAME = 80
LONGEST_LINK = 2000
OUTSIDE = "luar_wilayah"
_ATTRIBUTE = re.compile(r"attribute\[(\w{1,40})\](?:\[\])?")


@dataclass(frozen=True, slots=True)
class Posted:
    """A report as its caller meant it. `name` is to be kept with the contact; empty for the anonymous."""

    draft: Draft
    contact: Address | None
    name: str
    link: str
    """Where a photo or document can be fetched from; empty = none."""


def fields_of(body: bytes) -> dict[str, str]:
    """The form; of a repeated field the last. Refused (400) when it has more fields than anybody needs."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused(400) from None
    return {name: clean_text(value).strip() for name, value in pairs}


def report_of(fields: Mapping[str, str], office: Office) -> Posted:
    """Refused with everything that is wrong: 404 for an unknown service, else 400."""
    code = fields.get("service_code", "")
    topic = office.reference.topics.get(code)
    if code and (topic is None or not topic.is_offered):
        raise Refused(404, Fault("service_code", code))
    faults = [] if code else [Fault("missing", "service_code")]
    asked = _attributes(fields)
    point, incident_on = _point(fields, faults), _incident(asked, office, faults)
    place, said = _place(fields, asked, office)
    text = fields.get("description", "")
    if not text:
        faults.append(Fault("missing", "description"))
    if len(text) > LONGEST_TEXT:
        faults.append(Fault("too_long", f"description: {LONGEST_TEXT}"))
    if office.settings.open311.require_location and not (point or place or said):
        faults.append(Fault("location"))
    if faults:
        raise Refused(400, *faults)
    anonymous = is_true(asked.get("ANON", ""))
    name = " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))[:LONGEST_NAME]
    draft = Draft(
        text=text,
        topic=code,
        place=place,
        location_text=said,
        point=point,
        incident_on=incident_on,
        anonymous=anonymous,
        confidential=is_true(asked.get("SECRET", "")) or (topic is not None and topic.is_confidential),
        language=office.settings.government.language,
        reporter_name=name,
        flags=frozenset({OUTSIDE} if _is_elsewhere(point, office.settings.government.bounds) else ()),
    )
    return Posted(draft, _contact(fields), "" if anonymous else name, fields.get("media_url", "")[:LONGEST_LINK])


def _attributes(fields: Mapping[str, str]) -> dict[str, str]:
    """Answers by code; those that nobody here asked are simply not looked at."""
    found = ((_ATTRIBUTE.fullmatch(name), value) for name, value in fields.items())
    return {match[1].upper(): value for match, value in found if match and value}


def _point(fields: Mapping[str, str], faults: list[Fault]) -> Point | None:
    given = [fields.get("lat", ""), fields.get("long", "")]
    if not any(given):
        return None
    try:
        latitude, longitude = map(float, given)
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - a degree is a degree
        faults.append(Fault("point"))
        return None
    return Point(latitude, longitude, None, "manual")


def _is_elsewhere(point: Point | None, bounds: Sequence[float]) -> bool:
    return point is not None and is_outside(point.latitude, point.longitude, bounds)


def _incident(asked: Mapping[str, str], office: Office, faults: list[Fault]) -> date | None:
    given = asked.get("DATE", "")
    if not given:
        return None
    moment = moment_of(given)
    if moment is None or moment > office.now():
        faults.append(Fault("incident"))
        return None
    return office.calendar.local(moment).date()


def _place(fields: Mapping[str, str], asked: Mapping[str, str], office: Office) -> tuple[str, str]:
    """(code of an area that we know, words)."""
    areas = office.reference.areas
    codes = (fields.get("address_id", ""), asked.get("KEC", ""))
    place = next((code for code in codes if code in areas), "")
    unknown = [code for code in codes if code and code not in areas]
    said = ", ".join(filter(None, (fields.get("address_string", ""), *unknown)))
    return place, " ".join(said.split())[:LONGEST_PLACE]


def _contact(fields: Mapping[str, str]) -> Address | None:
    phone = fields.get("phone", "")
    if phone:
        address, can_reply = phone_address(phone)
        if can_reply:
            return address
    return mail_address(fields.get("email", ""))
