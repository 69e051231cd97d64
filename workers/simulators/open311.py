"""A city that speaks Open311 GeoReport v2, for training and tests: services, requests, tokens, and bad manners on demand.

Contract: docs/forwarders/open311.md § Simulator. It shares nothing with the client: what both misread, no test would see.
"""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import Action
from workers.simulators.settings import SimulatorSettings

BASE = "/v2"
FORMATS = {"json": "application/json", "xml": "text/xml"}
FIRST_ID = 260001
OPEN, CLOSED = "open", "closed"
LONGEST_RANGE = timedelta(days=90)
DTD = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
PRESETS: Mapping[str, Action] = {
    "key_refused": Action(status=403, body=[{"code": 403, "description": "api_key is not valid"}]),
    "invalid": Action(status=400, body=[{"code": 400, "description": "description was not provided"}]),
    "busy": Action(throttle=30.0),
    "unavailable": Action(status=503, malformed="html"),
    "taken_then_504": Action(status=504, malformed="html", record=True),
    "taken_then_silence": Action(accept_then_close=True),
    "cut": Action(half_body=True),
    "html": Action(malformed="html", status=200, record=True),
    "not_json": Action(malformed="not_json", record=True),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """How this city differs from the standard. `token_s`: a number is promised, and there after so many seconds."""

    shape: Literal["list", "object", "wrapped"] = "list"
    ids: Literal["text", "number"] = "text"
    lists: Literal["taken", "refused", "empty"] = "taken"
    token_s: float | None = None
    no_id: bool = False
    soft_error: bool = False
    dtd: bool = False
    padding: int = 0
    """Spaces after every answer: an answer that never seems to end."""


@dataclass(slots=True)
class Request:
    """One request as the city keeps it."""

    id: str
    fields: Mapping[str, str]
    at: datetime
    known_at: datetime
    """From when on its number is told."""
    changed_at: datetime
    token: str = ""
    status: str = OPEN
    notes: str = ""


class City:
    """Player."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self.reset()

    def reset(self) -> None:
        self._ids = itertools.count(FIRST_ID)
        self.requests: dict[str, Request] = {}

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", dict(parse_qsl(body.decode("utf-8", "replace"))).get("description", "")

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=429, text="[]", headers={"Retry-After": f"{retry_after:g}"})

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """The city works on a request: `{"id": …, "status": "closed", "notes": "…"}`, `gone` takes it away."""
        known = self.requests.get(str(item.get("id", "")))
        if known is None:
            raise ControlRefused("no such request")
        if item.get("gone"):
            del self.requests[known.id]
        known.status, known.notes = str(item.get("status", known.status)), str(item.get("notes", known.notes))
        known.changed_at = self.plane.clock.now()
        return {"id": known.id, "status": known.status, "notes": known.notes}

    # -- the gateway calls ------------------------------------------------------------

    async def services(self, request: web.Request, _body: bytes) -> web.StreamResponse:
        rows = [
            {"service_code": code, "service_name": code.title(), "metadata": False, "type": "realtime"}
            for code in self.settings.open311.services
        ]
        return self._answer(request, "services", "service", rows)

    async def create(self, request: web.Request, body: bytes) -> web.StreamResponse:
        fields = dict(parse_qsl(body.decode("utf-8", "replace")))
        if "api_key" in request.query or fields.get("api_key") != self.settings.open311.api_key:
            return self._refusal(request, 403, "api_key is not valid")
        if fields.get("service_code") not in self.settings.open311.services:
            return self._refusal(request, 404, "service_code was not found")
        if not fields.get("description"):
            return self._refusal(request, 400, "description was not provided")
        if self.options.soft_error:
            return self._refusal(request, 200, "address_string was not understood")
        made = self._made({name: value for name, value in fields.items() if name != "api_key"})
        self.plane.journal.accept(made.at, made.id, fields["description"], fields["description"], {})
        if self.options.no_id:
            told: dict[str, Any] = {"service_notice": "thank you"}
        elif made.token:
            told = {"token": made.token}
        else:
            told = {"service_request_id": self._id(made.id), "service_notice": "", "account_id": None}
        return self._answer(request, "service_requests", "request", [told])

    async def token(self, request: web.Request, _body: bytes) -> web.StreamResponse:
        wanted, now = request.match_info["token"], self.plane.clock.now()
        known = next((one for one in self.requests.values() if one.token and one.token == wanted), None)
        if known is None:
            return self._refusal(request, 404, "token was not found")
        told: dict[str, Any] = {"token": wanted}
        if known.known_at <= now:
            told = {"service_request_id": self._id(known.id), **told}
        return self._answer(request, "service_requests", "request", [told])

    async def listed(self, request: web.Request, _body: bytes) -> web.StreamResponse:
        query = request.query
        ids = [one for one in query.get("service_request_id", "").split(",") if one]
        if len(ids) > 1 and self.options.lists == "refused":
            return self._refusal(request, 400, "one service_request_id at a time")
        if len(ids) > 1 and self.options.lists == "empty":
            return self._answer(request, "service_requests", "request", [])
        found: Iterable[Request] = self.requests.values()
        if ids:
            found = [self.requests[one] for one in ids if one in self.requests]
        else:
            now = self.plane.clock.now()
            since = datetime.fromisoformat(query["start_date"]) if "start_date" in query else now - LONGEST_RANGE
            if now - since > LONGEST_RANGE:
                return self._refusal(request, 400, "a range of more than 90 days")
            codes = query.get("service_code", "").split(",")
            found = [one for one in found if one.at >= since and (not codes[0] or one.fields["service_code"] in codes)]
        return self._answer(request, "service_requests", "request", [self._row(one) for one in found])

    async def single(self, request: web.Request, _body: bytes) -> web.StreamResponse:
        known = self.requests.get(request.match_info["id"])
        if known is None:
            return self._refusal(request, 404, "service_request_id was not found")
        return self._answer(request, "service_requests", "request", [self._row(known)])

    # -- how it is said ---------------------------------------------------------------

    def _made(self, fields: Mapping[str, str]) -> Request:
        now, wait = self.plane.clock.now(), self.options.token_s
        number = str(next(self._ids))
        known_at = now + timedelta(seconds=wait or 0.0)
        token = f"promised-{number}" if wait is not None else ""
        made = self.requests[number] = Request(number, fields, now, known_at, now, token)
        return made

    def _id(self, number: str) -> str | int:
        return int(number) if self.options.ids == "number" else number

    def _row(self, one: Request) -> dict[str, Any]:
        return {
            "service_request_id": self._id(one.id),
            "status": one.status,
            "status_notes": one.notes,
            "service_code": one.fields["service_code"],
            "description": one.fields["description"],
            "requested_datetime": one.at.isoformat(timespec="seconds"),
            "updated_datetime": one.changed_at.isoformat(timespec="seconds"),
            "lat": float(one.fields["lat"]) if "lat" in one.fields else None,
            "address": one.fields.get("address_string", ""),
        }

    def _refusal(self, request: web.Request, status: int, words: str) -> web.Response:
        rows = [{"code": status, "description": words}]
        return self._answer(request, "errors", "error", rows, status)

    def _answer(
        self, request: web.Request, root: str, item: str, rows: list[dict[str, Any]], status: int = 200
    ) -> web.Response:
        suffix = request.match_info["format"]
        if suffix not in FORMATS:
            raise web.HTTPNotFound
        text = self._xml(root, item, rows) if suffix == "xml" else self._json(root, item, rows)
        return web.Response(text=text + " " * self.options.padding, status=status, content_type=FORMATS[suffix])

    def _json(self, root: str, item: str, rows: list[dict[str, Any]]) -> str:
        if self.options.shape == "object" and len(rows) == 1:
            return json.dumps(rows[0])
        return json.dumps({root: {item: rows}} if self.options.shape == "wrapped" else rows)

    def _xml(self, root: str, item: str, rows: list[dict[str, Any]]) -> str:
        top = Element(root)
        for row in rows:
            one = SubElement(top, item)
            for name, value in row.items():
                SubElement(one, name).text = None if value is None else str(value)
        return (DTD if self.options.dtd else "") + tostring(top, encoding="unicode")


def build(settings: SimulatorSettings) -> web.Application:
    """The application, to be served at root or mounted (`add_subapp("/open311", …)`)."""
    plane = Plane(settings, PRESETS)
    city = City(settings, plane)
    app = control.build(plane, city)
    app.router.add_routes(
        [
            web.get(BASE + "/services.{format}", plane.play(city, city.services)),
            web.post(BASE + "/requests.{format}", plane.play(city, city.create)),
            web.get(BASE + "/requests.{format}", plane.play(city, city.listed)),
            web.get(BASE + "/requests/{id}.{format}", plane.play(city, city.single)),
            web.get(BASE + "/tokens/{token}.{format}", plane.play(city, city.token)),
        ]
    )
    return app
