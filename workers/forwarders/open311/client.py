"""Open311 GeoReport v2 as a system of record: file, look for, read.

Wire: docs/forwarders/open311.md § Calling another. The standard knows neither follow-ups nor referrals, and hides nothing:
a confidential report goes by hand. The marker in the description is what tells our report from others.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from channels.protocols import Http
from config.logging import get_logger
from gateway.complaints.complaint import Status
from gateway.complaints.forward import Filed, ForwardJob, Health, PollJob, RemoteState, Report
from gateway.complaints.leaving import content_of
from gateway.complaints.masters import MasterLists
from gateway.forwarding.remote_ids import LONGEST
from workers.forwarders import polling
from workers.forwarders.exchange import Call, Exchange
from workers.forwarders.open311 import reading
from workers.forwarders.open311.batching import MOST, Batches
from workers.forwarders.open311.reading import Row
from workers.forwarders.open311.settings import Open311Settings
from workers.forwarders.open311.wire import Open311Wire
from workers.forwarders.protocols import (
    ByHand,
    Installation,
    LockedOut,
    NotTaken,
    OutcomeUnknown,
    Pace,
    Refused,
)

log = get_logger(__name__)

BURST = 3
LONGEST_TEXT = 4000
TOKEN = "token:"  # noqa: S105 - how a remote id begins that is only promised
# Minutes after which a promised number is asked for again, then once a day, and when it is given up.
TOKEN_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
DAY, TOKEN_DAYS = timedelta(days=1), 14
SEARCH_FROM = timedelta(days=1)
"""So long before an outcome became unknown is looked for it: clocks differ."""
LIST_CAP = 1000
"""Rows after which a server may have left some out."""


class NumberPending(NotTaken):
    """They answered in good order that the number is still to come."""

    health = Health.GOOD


class Open311:
    """Forwarder for kind `open311`, mode `api`."""

    can_search = True
    has_masters = False
    polls_at_once = MOST

    def __init__(self, settings: Open311Settings, installation: Installation) -> None:
        self._settings = settings
        self._zone = installation.zone
        self._exchange = Exchange(Open311Wire(settings, installation.user_agent), installation.called)
        self._batches = Batches()
        self._takes_lists = True
        self._offered: frozenset[str] | None = None
        """Service codes over there; None until they were asked for."""
        self.pace = Pace(settings.requests_per_second, BURST, settings.max_in_flight)
        self.timing = settings.timing()

    async def file(self, job: ForwardJob, http: Http) -> Filed:
        if job.report.confidential:
            raise ByHand("confidential")
        code = await self._service_code(job.report, http)
        fields = request_fields(job.report, code, with_identity=self._settings.send_identity)
        call = Call("POST", "/requests", "/requests", job.report.number, job.attempt, form=fields)
        rows = await self._exchange.carry_out(call, http) or []
        row = next((row for row in rows if row.get("service_request_id") or row.get("token")), None)
        if row is not None:
            return Filed(self._known(row.get("service_request_id", "")) or self._known(row["token"], TOKEN))
        said = reading.faults_in(rows)
        if said:
            raise Refused("soft_error", said)
        raise OutcomeUnknown("no_id", health=Health.GOOD)

    async def forward(self, job: ForwardJob, http: Http) -> Filed:
        raise ByHand("not_offered")

    async def add_followup(self, job: ForwardJob, http: Http) -> Filed:
        raise ByHand("not_offered")

    async def search(self, job: ForwardJob, http: Http) -> tuple[str, ...]:
        code = await self._service_code(job.report, http)
        since = (job.unknown_since - SEARCH_FROM).isoformat(timespec="seconds") if job.unknown_since else ""
        query = (("service_code", code), *((("start_date", since),) if since else ()))
        call = Call("GET", "/requests", "/requests", job.report.number, job.attempt, query)
        rows = await self._exchange.carry_out(call, http) or []
        ids = [row.get("service_request_id", "") for row in rows if job.report.marker in row.get("description", "")]
        found = tuple(dict.fromkeys(filter(self._looks_right, ids)))
        if not found and (ids or len(rows) >= LIST_CAP):
            # It is there under what cannot be its number, or the list was cut: that it is not in it proves nothing.
            raise NotTaken("search_inconclusive")
        return found

    async def poll(self, job: PollJob, http: Http, now: datetime) -> RemoteState | None:
        remote_id = job.remote_id
        if remote_id.startswith(TOKEN):
            given = await self._number_for(remote_id.removeprefix(TOKEN), job, http)
            if not given:
                return None
            job = replace(job, remote_id=given)
        row = await self._row(job, http)
        return reading.state_of(row, job, f"[Ref: {job.number}]", now) if row is not None else None

    async def fetch(self, address: str, http: Http) -> None:
        return

    async def masters(self, http: Http) -> MasterLists:
        return {}

    async def probe(self, http: Http) -> None:
        await self._exchange.carry_out(Call("GET", "/services", "/services"), http)

    def next_poll(self, status: Status, changed_at: datetime, now: datetime, chance: float) -> datetime | None:
        return polling.next_poll(status, changed_at, now, chance, self._settings, self._zone)

    def lateness(self, job: PollJob, now: datetime) -> float:
        return polling.lateness(job, now, self._settings)

    def rests_until(self, status: Status, now: datetime) -> datetime | None:
        return polling.rests_until(status, now, self._settings, self._zone)

    async def _service_code(self, report: Report, http: Http) -> str:
        """Theirs for our topic. ByHand where there is none, or none that they offer."""
        if self._offered is None:
            rows = await self._exchange.carry_out(Call("GET", "/services", "/services", report.number), http) or []
            self._offered = frozenset(row["service_code"] for row in rows if row.get("service_code"))
            self._warn(self._offered)
        settings = self._settings
        for code in (settings.service_codes.get(report.topic, ""), settings.default_service_code):
            if code and code in self._offered:
                return code
        raise ByHand("no_service_code")

    def _known(self, given: str, begins: str = "") -> str:
        """An id or token that can be asked for later; what looks like none leaves open what was done."""
        if given and not self._looks_right(given, begins):
            raise OutcomeUnknown("id_unexpected", health=Health.GOOD)
        return begins + given

    def _looks_right(self, given: str, begins: str = "") -> bool:
        """Whether it can be kept and asked for: of their pattern, and of a length that rows have room for."""
        return len(begins + given) <= LONGEST and re.fullmatch(self._settings.id_pattern, given) is not None

    def _warn(self, offered: frozenset[str]) -> None:
        named = {*self._settings.service_codes.values(), self._settings.default_service_code} - {""}
        for code in sorted(named - offered):
            log.warning("open311_service_unknown", code=code)

    async def _number_for(self, token: str, job: PollJob, http: Http) -> str:
        """The number that was promised. NumberPending until it is there; empty when it will not come any more."""
        call = Call("GET", f"/tokens/{quote(token, '')}", "/tokens/{}", job.number)
        rows = await self._exchange.carry_out(call, http) or []
        given = next(filter(self._looks_right, (row.get("service_request_id", "") for row in rows)), "")
        tries = job.failures
        if given or tries >= len(TOKEN_WAITS) + TOKEN_DAYS:
            return given
        raise NumberPending("number_pending", wait=TOKEN_WAITS[tries] if tries < len(TOKEN_WAITS) else DAY)

    async def _row(self, job: PollJob, http: Http) -> Row | None:
        """From a list where they give lists; what a list lacks is asked for alone before it counts as gone."""
        if self._takes_lists:
            row = await self._batches.row(job.remote_id, partial(self._list, http))
            if row is not None:
                return row
        rows = await self._one(job.remote_id, job.number, http)
        return rows[0] if rows else None

    async def _one(self, remote_id: str, number: str, http: Http) -> Sequence[Row]:
        call = Call("GET", f"/requests/{quote(remote_id, '')}", "/requests/{}", number)
        return await self._exchange.carry_out(call, http) or []

    async def _list(self, http: Http, ids: Sequence[str]) -> Mapping[str, Row]:
        query = (("service_request_id", ",".join(ids)),)
        try:
            rows = await self._exchange.carry_out(Call("GET", "/requests", "/requests", query=query), http) or []
        except LockedOut:
            raise
        except Refused:
            rows = []
        if not rows and len(ids) > 1:
            # They refuse lists, or do not know them: from now on one by one.
            self._takes_lists = False
        return {row["service_request_id"]: row for row in rows if row.get("service_request_id")}


def request_fields(report: Report, code: str, *, with_identity: bool) -> dict[str, str]:
    """The form of a report: masked words with our marker, its place, and a name only by consent."""
    fields = {"service_code": code, "description": content_of(report, LONGEST_TEXT)}
    if report.place:
        fields["address_string"] = report.place
    if report.point is not None:
        fields |= {"lat": str(report.point.latitude), "long": str(report.point.longitude)}
    who = report.identity
    if who is not None and with_identity and not report.anonymous:
        given = {"first_name": who.name, "email": who.email, "phone": who.phone}
        fields |= {name: value for name, value in given.items() if value}
    return fields
