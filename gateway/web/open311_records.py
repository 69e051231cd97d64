"""What the queries and the reference data hold -> the documents of Open311, every field in the order of the standard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from config.reference.topics import Topic
from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import CLOSED, Status
from gateway.complaints.leaving import cut_at_word
from gateway.office import Office
from gateway.privacy.privacy import masked_text
from gateway.queries.open311 import Request

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGED_ON = date(2026, 11, 22)
"""When what this server offers last changed."""
FORMATS = ("text/xml", "application/json")
LONGEST_NOTES = 500
KECAMATAN = "kecamatan"
YES_NO = (("1", "yes"), ("0", "no"))
# How a channel is called outside: of the ways in, not of the software behind them.
GROUPS: Mapping[str, str] = {
    "telegram": "chat", "whatsapp": "chat", "kannel": "sms", "jasmin": "sms", "smpp": "sms", "gammu": "sms",
    "http_sms": "sms", "ussd_http": "ussd", "web_form": "web", "email": "email", "messenger": "social",
    "instagram": "social", "x": "social", "api": "api", "open311": "api",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clerk:
    """Writes documents in the words and the zone of this government. `base`: address of the site, no slash at its end."""

    office: Office
    base: str

    def discovery(self) -> dict[str, Any]:
        settings = self.office.settings
        changed = self.moment(datetime.combine(CHANGED_ON, time(), self.office.settings.government.zone))
        endpoint = {
            "specification": SPECIFICATION,
            "url": f"{self.base}/open311/v2",
            "changeset": changed,
            "type": "test" if settings.training.enabled else "production",
            "formats": FORMATS,
        }
        contact = ", ".join(filter(None, (settings.government.name, settings.government.contact)))
        return {
            "changeset": changed,
            "contact": contact,
            "key_service": self.words("key_service"),
            "endpoints": [endpoint],
        }

    def services(self) -> list[dict[str, Any]]:
        return [self._service(topic) for topic in self.office.reference.topics.values() if topic.is_offered]

    def definition(self, code: str) -> dict[str, Any] | None:
        """The questions of one service; None where there is no such service."""
        topic = self.office.reference.topics.get(code)
        if topic is None or not topic.is_offered:
            return None
        areas = self.office.reference.areas.values()
        kecamatan = [{"key": area.code, "name": area.name} for area in areas if area.level == KECAMATAN]
        yes_no = [{"key": key, "name": self.words(word)} for key, word in YES_NO]
        # fmt: off
        asked: tuple[tuple[str, str, Sequence[Mapping[str, str]]], ...] = (
            ("KEC",    "singlevaluelist", kecamatan),
            ("ANON",   "singlevaluelist", yes_no),
            ("SECRET", "singlevaluelist", yes_no),
            ("DATE",   "datetime",        []),
        )
        # fmt: on
        return {
            "service_code": code,
            "attributes": [self._attribute(place, *one) for place, one in enumerate(asked, 1)],
        }

    def requests(self, found: Sequence[Request], *, extended: bool) -> list[dict[str, Any]]:
        return [self._request(one, extended=extended) for one in found]

    def moment(self, at: datetime) -> str:
        """With seconds and the offset of this government."""
        return self.office.calendar.local(at).isoformat(timespec="seconds")

    def words(self, name: str, **values: object) -> str:
        return self.office.texts(f"open311.{name}", self.office.settings.government.language, **values)

    def _service(self, topic: Topic) -> dict[str, Any]:
        agencies = self.office.reference.agencies
        note = self.words("kept_secret") if topic.is_confidential else ""
        return {
            "service_code": topic.code,
            "service_name": topic.name,
            "description": " ".join(filter(None, (topic.description, note))),
            "metadata": True,
            "type": "realtime",
            "keywords": ", ".join(topic.subtopics),
            "group": next((agencies[code].name for code in topic.agencies if code in agencies), ""),
        }

    def _attribute(self, place: int, code: str, kind: str, values: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        name = code.lower()
        return {
            "variable": True,
            "code": code,
            "datatype": kind,
            "required": False,
            "datatype_description": self.words("choose_one") if values else self.words("with_zone"),
            "order": place,
            "description": self.words(f"attribute_{name}"),
            "values": values,
        }

    def _request(self, one: Request, *, extended: bool) -> dict[str, Any]:
        topic = self.office.reference.topics.get(one.topic)
        fields = {
            "service_request_id": one.number,
            "status": "closed" if one.status in CLOSED else "open",
            "status_notes": self._notes(one),
            "service_name": topic.name if topic else "",
            "service_code": one.topic,
            "description": one.text,
            "agency_responsible": one.agency,
            "service_notice": "",
            "requested_datetime": self.moment(one.requested_at),
            "updated_datetime": self.moment(one.updated_at),
            "expected_datetime": self.moment(one.expected_at) if one.expected_at else None,
            "address": one.place.words,
            "address_id": one.place.code,
            "zipcode": "",
            "lat": one.place.latitude,
            "long": one.place.longitude,
            "media_url": f"{self.base}/open311/v2/media/{one.photo}" if one.photo else "",
        }
        return fields | ({"extended_attributes": self._extended(one)} if extended else {})

    def _extended(self, one: Request) -> dict[str, str]:
        late = one.expected_at is not None and one.status not in CLOSED and one.expected_at < self.office.now()
        return {
            "state": one.status.value,
            "kind": one.kind.value,
            "channel_group": GROUPS.get(one.channel_kind, "other"),
            "sla": "" if one.expected_at is None else "overdue" if late else "in_time",
        }

    def _notes(self, one: Request) -> str:
        """What stands beside the status. Words of a decision that may still be taken back are not told."""
        if one.status in CLOSED and not one.settled:
            return ""
        match one.status:
            case Status.RESOLVED:
                return cut_at_word(masked_text(one.answer), LONGEST_NOTES, folded=False)
            case Status.OUT_OF_AUTHORITY:
                referred = one.referred
                name, reason = (referred.institution, referred.reason) if referred else ("", "")
                words = self.words("referred", nama=name, alasan=reason) if name else self.words("not_ours")
                return cut_at_word(masked_text(words), LONGEST_NOTES)
            case Status.ARCHIVED:
                key = f"label.archive_reason.{one.archive_reason}"
                texts, language = self.office.texts, self.office.settings.government.language
                return texts(key, language) if texts.has(key) else ""
            case _:
                return self._standing(one)

    def _standing(self, one: Request) -> str:
        label = self.office.texts(f"label.status.{one.status.value}", self.office.settings.government.language)
        since = day_text(self.office.calendar.local(one.since).date())
        if one.agency:
            return self.words("standing", keadaan=label, instansi=one.agency, tanggal=since)
        return self.words("standing_alone", keadaan=label, tanggal=since)
