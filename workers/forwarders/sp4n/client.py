"""SP4N-LAPOR! over its API: file, look for, follow up, hand over, read.

Wire: docs/forwarders/sp4n.md, every assumption of it in config/data/sp4n.toml. There is no idempotency key: the marker
in the text is the only thing that tells our report from another, and an unanswered create is never simply repeated.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from channels.protocols import Http
from gateway.complaints.complaint import Status
from gateway.complaints.forward import (
    Filed,
    FollowUp,
    ForwardJob,
    ForwardKind,
    Health,
    PollJob,
    Referral,
    RemoteState,
    Report,
)
from gateway.complaints.masters import MasterKind, MasterLists, MasterRow
from gateway.forwarding import remote_words
from workers.forwarders import polling
from workers.forwarders.exchange import Call, Exchange
from workers.forwarders.protocols import Installation, NotTaken, OutcomeUnknown, Pace, Refused
from workers.forwarders.sp4n import mapping, multipart, reading
from workers.forwarders.sp4n.reference import load_reference
from workers.forwarders.sp4n.settings import Sp4nSettings
from workers.forwarders.sp4n.wire import FileWire, Sp4nWire, words_of

# No page counter is promised; a list that never ends is a fault of theirs, not a reason to read for ever.
PAGES_AT_MOST = 100
SEARCH_PAGES_AT_MOST = 5
MASTER_PAGES_AT_MOST = 30
UPLOAD_PATH = "/complaints/complaint/file"
FOLLOWUP_PATH = "/complaints/followup/add"
INSTITUTIONS_PATH = "/masters/institutions/external"
TEMPLATES_PATH = "/masters/templates"


# List -> where it is read, and what its rows call id and name.
MASTERS: Mapping[MasterKind, tuple[str, str, str]] = {
    MasterKind.INSTITUTION: (INSTITUTIONS_PATH, "id", "name"),
    MasterKind.TEMPLATE: (TEMPLATES_PATH, "code", "content"),
}


class Sp4n:
    """Forwarder for kind `sp4n`, mode `api`."""

    has_masters = True

    def __init__(self, settings: Sp4nSettings, installation: Installation) -> None:
        self._settings = settings
        self._reference = load_reference()
        self._statuses = remote_words.with_own(installation.statuses or self._reference.statuses, settings.statuses)
        self._zone = installation.zone
        wire = Sp4nWire(settings, self._reference, installation.user_agent)
        self._exchange = Exchange(wire, installation.called)
        self._file_wire = FileWire(wire, self._reference.limits.file_bytes)
        self._files = Exchange(self._file_wire, installation.called)
        self.can_search = bool(settings.search_path)
        self.pace = Pace(settings.requests_per_second, self._reference.limits.burst, settings.max_in_flight)
        self.polls_at_once = settings.max_in_flight
        self.timing = settings.timing()

    # ---- sending

    async def file(self, job: ForwardJob, http: Http) -> Filed:
        document_ids, missing, warnings = await self._upload(job, http)
        body = mapping.payload(job.report, document_ids, self._settings, self._reference)
        path = self._settings.create_path
        answer = await self._write(_post(job, path, json=body), http)
        remote_id, found_in = _new_id(answer)
        if not remote_id:
            # They answered in good order, so this says nothing against talking to them.
            raise OutcomeUnknown("no_id", words_of(answer), Health.GOOD)
        if found_in != "complaint_id":
            warnings += ("id_nested",)
        if not re.fullmatch(self._settings.id_pattern, remote_id):
            # Eight digits will come one day. A report that is there must not be filed again because of its number.
            warnings += ("id_unexpected",)
        return Filed(remote_id, missing, warnings)

    async def forward(self, job: ForwardJob, http: Http) -> Filed:
        referral = _referral(job)
        template = "/complaints/process/{}/reject"
        path = template.format(quote(job.report.remote_id, ""))
        call = _post(job, path, template, json=mapping.referral_body(referral))
        try:
            answer = await self._write(call, http)
        except Refused as problem:
            # Asked before ("sudah diproses"): done when the report already lies there.
            if await self._lies_with(job.report, referral, http):
                return Filed(job.report.remote_id, warnings=("already_forwarded",))
            if "sudah" in problem.detail.casefold():
                raise OutcomeUnknown("already_processed", problem.detail, Health.GOOD) from problem
            raise
        return self._taken(job, answer)

    async def add_followup(self, job: ForwardJob, http: Http) -> Filed:
        followup = _followup(job)
        files, missing = mapping.uploads(followup.attachments, "attachment[]", self._reference)
        fields = mapping.followup_fields(job.report, followup, self._settings, self._reference)
        content_type, body = multipart.encode(fields, files)
        call = _post(job, FOLLOWUP_PATH, body=body, content_type=content_type)
        taken = self._taken(job, await self._write(call, http))
        return Filed(taken.remote_id, missing, taken.warnings)

    # ---- looking for what may have arrived

    async def search(self, job: ForwardJob, http: Http) -> tuple[str, ...]:
        if job.kind is ForwardKind.CREATE:
            return await self._search_marker(job, http)
        if job.kind is ForwardKind.FORWARD:
            there = await self._lies_with(job.report, _referral(job), http)
        else:
            there = await self._has_followup(job, http)
        return (job.report.remote_id,) if there else ()

    async def poll(self, job: PollJob, http: Http, now: datetime) -> RemoteState | None:
        marker = f"[Ref: {job.number}]"
        body = await self._read(job.remote_id, job.number, http)
        if body is None or reading.report_in(body) is None:
            return None

        def is_known(row: Mapping[str, Any]) -> bool:
            return reading.row_key(row, self._reference, now) in job.known_keys

        followups = await self._followups(job.remote_id, job.number, http, is_known)
        state = reading.read_state(job.remote_id, body, followups, marker, self._statuses, self._reference, now)
        return state and replace(state, asks_reporter=self._settings.answers_ask_reporter)

    async def probe(self, http: Http) -> None:
        call = Call("GET", INSTITUTIONS_PATH, INSTITUTIONS_PATH, query=(("page_size", "1"),))
        try:
            await self._exchange.carry_out(call, http)
        except Refused:
            # The list is not granted to every account; whoever can say so is awake and knows us.
            return

    async def fetch(self, address: str, http: Http) -> bytes | None:
        whole = self._file_wire.address(address)
        if not whole:
            return None
        try:
            return await self._files.carry_out(Call("GET", whole, "attachment"), http)
        except Refused:
            return None

    async def masters(self, http: Http) -> MasterLists:
        found = {}
        for kind, where in MASTERS.items():
            try:
                found[kind] = await self._master(*where, http)
            except Refused:
                # Not granted to every account; then it is brought as a file.
                continue
        return found

    def next_poll(self, status: Status, changed_at: datetime, now: datetime, chance: float) -> datetime | None:
        return polling.next_poll(status, changed_at, now, chance, self._settings, self._zone)

    def lateness(self, job: PollJob, now: datetime) -> float:
        return polling.lateness(job, now, self._settings)

    def rests_until(self, status: Status, now: datetime) -> datetime | None:
        return polling.rests_until(status, now, self._settings, self._zone)

    # ---- single calls

    async def _upload(self, job: ForwardJob, http: Http) -> tuple[list[int], int, tuple[str, ...]]:
        """(document ids, how many attachments do not go, warnings)."""
        part = self._reference.upload_part
        files, missing = mapping.uploads(job.report.attachments, part, self._reference)
        if not files:
            return [], missing, ()
        try:
            answer = await self._exchange.carry_out(_post(job, UPLOAD_PATH, uploads=files), http)
        except OutcomeUnknown as problem:
            # Ids that nobody uses are harmless, so a lost upload is simply repeated with the next attempt.
            raise NotTaken(problem.code) from problem
        except Refused:
            # A photograph they do not like must not keep the complaint from going.
            return [], missing + len(files), ("upload_refused",)
        results = (answer or {}).get("results")
        docs = results.get("docs") if isinstance(results, dict) else None
        numbers = [mapping.number(str(doc.get("id"))) for doc in docs or [] if isinstance(doc, dict)]
        ids = [document_id for document_id in numbers if document_id is not None]
        return ids, missing + len(files) - len(ids), ()

    async def _write(self, call: Call, http: Http) -> dict[str, Any]:
        """The answer of a POST that was not refused in words."""
        answer = await self._exchange.carry_out(call, http) or {}
        if not _new_id(answer)[0] and (answer.get("status") is False or answer.get("errors")):
            raise Refused("soft_error", words_of(answer))
        return answer

    def _taken(self, job: ForwardJob, answer: Mapping[str, Any]) -> Filed:
        if "message" not in answer and "results" not in answer:
            raise OutcomeUnknown("answer_without_result", health=Health.GOOD)
        return Filed(job.report.remote_id)

    async def _read(self, remote_id: str, number: str, http: Http) -> dict[str, Any] | None:
        template = "/complaints/{}/complaint"
        return await self._exchange.carry_out(
            Call("GET", template.format(quote(remote_id, "")), template, number), http
        )

    async def _lies_with(self, report: Report, referral: Referral, http: Http) -> bool:
        body = await self._read(report.remote_id, report.number, http)
        found = reading.report_in(body) if body else None
        return found is not None and str(found.get("disposition_id", "")) == referral.institution_id

    async def _has_followup(self, job: ForwardJob, http: Http) -> bool:
        followup = _followup(job)
        wanted = mapping.fingerprint(reading.plain_text(mapping.followup_text(followup, self._reference)))

        def is_ours(row: Mapping[str, Any]) -> bool:
            text = reading.plain_text(str(row.get("content") or ""))
            ref = mapping.OWN_REF.search(text)
            return (ref is not None and ref[1].lower() == followup.ref.lower()) or mapping.fingerprint(text) == wanted

        rows = await self._followups(job.report.remote_id, job.report.number, http, _none_known)
        return any(is_ours(row) for row in rows)

    async def _followups(
        self, remote_id: str, number: str, http: Http, is_known: Callable[[Mapping[str, Any]], bool]
    ) -> list[Mapping[str, Any]]:
        """Every follow-up up to the first page that is empty, wholly known or the same as the one before."""
        template = "/complaints/{}/followups"
        rows: list[Mapping[str, Any]] = []
        for page in range(1, PAGES_AT_MOST + 1):
            query = (("page", str(page)),)
            call = Call("GET", template.format(quote(remote_id, "")), template, number, query=query)
            fresh = reading.followup_rows(await self._exchange.carry_out(call, http) or {})
            repeats = bool(rows) and all(row in rows for row in fresh)
            if not fresh or repeats:
                break
            rows += fresh
            if all(is_known(row) for row in fresh):
                break
        return rows

    async def _search_marker(self, job: ForwardJob, http: Http) -> tuple[str, ...]:
        """Ids of the reports that carry our marker. Only what the search itself returns is read, never ids nearby."""
        report, template = job.report, self._settings.search_path.partition("?")[0]
        path = search_path(self._settings.search_path, report.number)
        found: list[str] = []
        seen: list[Mapping[str, Any]] = []
        for page in range(1, SEARCH_PAGES_AT_MOST + 1):
            call = Call("GET", f"{path}&page={page}", template, report.number, job.attempt)
            rows = reading.followup_rows(await self._exchange.carry_out(call, http) or {})
            if not rows or all(row in seen for row in rows):
                return tuple(found)
            seen += rows
            texts = ((row, f"{row.get('content') or ''} {row.get('tags_raw') or ''}") for row in rows)
            found += [str(row["id"]) for row, text in texts if "id" in row and reading.marks(text, report.marker)]
        if found:
            return tuple(found)
        # So many rows for one number: the search ignores what it is asked, and an absence in it proves nothing.
        raise NotTaken("search_inconclusive")

    async def _master(self, path: str, key: str, name: str, http: Http) -> tuple[MasterRow, ...]:
        """A whole list: up to the first page that is empty or the same again (nobody promises that they are counted)."""
        rows: list[Mapping[str, Any]] = []
        for page in range(1, MASTER_PAGES_AT_MOST + 1):
            query = (("page_size", str(self._reference.masters_page_size)), ("page", str(page)))
            fresh = reading.followup_rows(
                await self._exchange.carry_out(Call("GET", path, path, query=query), http) or {}
            )
            if not fresh or all(row in rows for row in fresh):
                return tuple(MasterRow(str(row[key]), str(row.get(name) or "")) for row in rows if row.get(key))
            rows += fresh
        # Half a list would call gone whatever stands in the other half.
        raise NotTaken("master_without_end")


def search_path(template: str, number: str) -> str:
    """`search_path` with `{ref}` filled by the ticket number; without `{ref}` it is added as `?search=`."""
    if "{ref}" in template:
        path = template.replace("{ref}", quote(number, ""))
        return path if "?" in path else f"{path}?"
    return f"{template}{'&' if '?' in template else '?'}{urlencode({'search': number})}"


def _none_known(_row: Mapping[str, Any]) -> bool:
    return False


def _post(job: ForwardJob, path: str, template: str = "", **content: Any) -> Call:
    return Call("POST", path, template or path, job.report.number, job.attempt, **content)


def _new_id(answer: Mapping[str, Any]) -> tuple[str, str]:
    """(the new id or empty, where it stood)."""
    results = answer.get("results")
    nested = results.get("complaint_id") if isinstance(results, dict) else None
    for place, value in (("complaint_id", answer.get("complaint_id")), ("results", nested)):
        remote_id = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if mapping.number(remote_id) is not None:
            return remote_id, place
    return "", ""


def _referral(job: ForwardJob) -> Referral:
    if job.referral is None:
        raise ValueError(f"forward job {job.id} names no institution")
    return job.referral


def _followup(job: ForwardJob) -> FollowUp:
    if job.followup is None:
        raise ValueError(f"forward job {job.id} has no follow-up")
    return job.followup
