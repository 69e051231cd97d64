"""LAPOR! for training and tests: every path of the API, under both contexts, strict and as forgetful as the real one.

Contract: docs/forwarders/sp4n.md § Simulator. It shares nothing with the client: what both misread, no test would see.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, NoReturn

from aiohttp import web

from config import clock as machine_clock
from workers.simulators import sp4n_shapes as shapes
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings, Sp4nNames
from workers.simulators.sp4n_control import Control, RequestLog, only_from_here
from workers.simulators.sp4n_faults import CREATE, KINDS, Fault, Faults, When, altered, cut_off, wrong_page
from workers.simulators.sp4n_shelf import SqliteShelf
from workers.simulators.sp4n_world import Change, NoReport, Report, World

CONTEXTS = ("/lapor/3.0.0", "/sandbox-konsolidasi/1.0")
BODY_LIMIT = 40 * 1024 * 1024
DATE = re.compile(r"(0[1-9]|[12]\d|3[01])-(0[1-9]|1[0-2])-\d{4}")
DOCUMENTS = re.compile(r"\[\s*(\d+(\s*,\s*\d+)*)?\s*\]\.?")
# What a create must be like: field -> types, and whether it must be there.
CREATE_FIELDS: Mapping[str, tuple[tuple[type, ...], bool]] = {
    "title": ((str,), True),
    "content": ((str,), True),
    "attachments": ((str,), True),
    "disposition_id": ((int,), True),
    "category_id": ((int,), True),
    "classification_id": ((int,), False),
    "location_id": ((int,), False),
    "channel": ((int,), False),
    "user_id": ((int,), False),
    "is_new_user_slider": ((bool,), True),
    "is_disposisi_slider": ((bool,), True),
    "is_anonymous": ((bool,), True),
    "is_secret": ((bool,), True),
    "is_priority": ((bool,), True),
    "tags_raw": ((str,), False),
    "date_of_incident": ((str,), False),
}
FOLLOWUP_FIELDS = frozenset(
    {
        "user_id",
        "institution_from_id",
        "institution_to_id",
        "complaint_id",
        "template_code",
        "rating",
        "is_secret",
        "content",
    }
)
TEMPLATES = (
    {"code": "reply", "content": "{{institution_from}} menanggapi"},
    {"code": "close", "content": "Laporan ditutup"},
)

Handler = Callable[[web.Request, str], Awaitable[dict[str, Any] | bytes]]
"""A JSON object, or a file."""


def build(settings: SimulatorSettings, file: Path | None = None) -> web.Application:
    """The application, to be served at root or mounted (`add_subapp("/sp4n", …)`). `file` keeps it over a restart."""
    clock = settings.clock or SimulatorClock(machine_clock.now)
    file = file or settings.board_file
    shelf = SqliteShelf(file) if file else None
    world = World(
        clock,
        f"Pemerintah {settings.government}",
        settings.sp4n.institutions,
        shelf,
        answers_unasked=settings.sp4n.answers_unasked,
    )
    faults, log = Faults(settings.seed), RequestLog()
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[only_from_here])
    door = _Door(world, faults, log, settings.sp4n)
    for context in CONTEXTS:
        for method, path, handler in _Desk(world).calls():
            app.router.add_route(method, context + path, door.guarded(method, path, handler, context))
    app.router.add_routes(Control(world, faults, log, settings.seed).routes())

    async def running(_app: web.Application) -> AsyncIterator[None]:
        yield
        if shelf:
            shelf.close()

    async def closing(_app: web.Application) -> None:
        faults.stop_holding()

    app.on_shutdown.append(closing)
    app.cleanup_ctx.append(running)
    return app


class _Door:
    """Everything around a call: faults, keys, the log."""

    def __init__(self, world: World, faults: Faults, log: RequestLog, names: Sp4nNames) -> None:
        self._world = world
        self._faults = faults
        self._log = log
        self._secret = names.authorization
        self._token = "{" + names.token.strip("{}") + "}"

    def guarded(
        self, method: str, path: str, handler: Handler, context: str
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self._world.catch_up()
            now = self._world.clock.now()
            tail = request.path[request.path.index(context) + len(context) :]
            fault = self._faults.take(method, tail, now)
            body = b"" if fault and fault.kind == "reset_after_headers" else await request.read()
            response = await self._answer(request, handler, fault)
            status = 0 if request.transport is None or request.transport.is_closing() else response.status
            self._log.note(now, method, path, status, fault.kind if fault else "", request.headers, body)
            return response

        return answer

    async def _answer(self, request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
        kind = KINDS[fault.kind] if fault else None
        if fault and kind and kind.when is When.INSTEAD:
            return await self._instead(request, fault)
        refused = self._refused(request)
        if refused:
            return refused
        variant = fault.kind if fault and kind and kind.when is When.SHAPE else ""
        try:
            body = await handler(request, variant)
        except _Invalid as problem:
            return web.json_response(problem.body, status=problem.status)
        if isinstance(body, bytes):
            return web.Response(body=body, content_type="image/jpeg")
        if fault and kind and kind.when is When.AFTER:
            return await self._after(request, fault, body)
        return web.json_response(body)

    def _refused(self, request: web.Request) -> web.Response | None:
        """Style A (`auth`) and style B (`Authorization`, with or without Bearer); the braces belong to the token."""
        given = request.headers.get("auth") or request.headers.get("Authorization") or ""
        if given not in {f"Bearer {self._secret}", self._secret}:
            return web.json_response({"message": "Unauthenticated."}, status=401)
        if request.headers.get("token") != self._token:
            return web.Response(
                status=403, text="<html><body><h1>403 Forbidden</h1></body></html>", content_type="text/html"
            )
        return None

    async def _instead(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind == "timeout_before_commit":
            return await self._faults.hold(request)
        if fault.kind == "reset_after_headers":
            return cut_off(request)
        if fault.kind == "soft_error":
            return web.json_response({"status": False, "message": "category_id tidak valid"})
        if fault.kind == "not_found_200":
            return web.json_response(shapes.NOT_FOUND)
        return wrong_page(fault)

    async def _after(self, request: web.Request, fault: Fault, body: dict[str, Any]) -> web.StreamResponse:
        if fault.kind == "timeout_after_commit":
            return await self._faults.hold(request)
        if fault.kind == "duplicate_on_retry":
            # The platform before the API repeats the call by itself, and then gives up all the same.
            self._world.duplicate(self._world.report(body["complaint_id"]))
        if KINDS[fault.kind].status:
            return wrong_page(fault)
        if fault.kind == "broken_json":
            return web.Response(text=json.dumps(body)[:-3], content_type="application/json")
        if fault.kind == "truncated_body":
            return await _half(request, json.dumps(body).encode())
        if fault.kind == "slow":
            await self._faults.wait(fault.ms / 1000)
        return web.json_response(altered(fault, body))


class _Desk:
    """What the calls do."""

    def __init__(self, world: World) -> None:
        self._world = world

    def calls(self) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", "/complaints/complaint/file", self.upload),
            ("POST", CREATE.partition(" ")[2], self.create),
            ("POST", "/complaints/process/{id}/reject", self.forward),
            ("GET", "/complaints/{id}/complaint", self.read),
            ("GET", "/complaints/{id}/followups", self.followups),
            ("POST", "/complaints/followup/add", self.add_followup),
            ("GET", "/complaints", self.search),
            ("GET", "/complaints/attachments/{id}", self.file),
            ("GET", "/masters/institutions/external", self.institutions),
            ("GET", "/masters/templates", self.templates),
        ]

    async def upload(self, request: web.Request, _variant: str) -> dict[str, Any]:
        parts = await _form(request)
        names = [part.file_name for part in parts if part.field == "attachments[]" and part.file_name]
        if not names:
            _refuse("attachments", "wajib diisi")
        docs = [{"id": self._world.add_document(name), "name": name} for name in names]
        return {"message": "success", "results": {"docs": docs}}

    async def create(self, request: web.Request, _variant: str) -> dict[str, Any]:
        fields = await _json_object(request)
        _check_create(fields)
        numbers = [int(number) for number in re.findall(r"\d+", fields["attachments"])]
        report = self._world.create(fields, numbers)
        return {"message": "success", "complaint_id": report.id, "attachments": fields["attachments"]}

    async def forward(self, request: web.Request, _variant: str) -> dict[str, Any]:
        report, fields = self._report(request), await _json_object(request)
        institution = fields.get("reason")
        if not isinstance(institution, int) or fields.get("is_request") != 1 or fields.get("not_authority") != 1:
            _refuse("reason", "tidak valid")
        if report.institution[0] == institution:
            raise _Invalid(422, {"message": "Laporan sudah diproses"})
        change = Change(self._world.clock.now(), "assigned", institution_id=institution)
        self._world.apply(report, change)
        return {"message": "success"}

    async def read(self, request: web.Request, variant: str) -> dict[str, Any]:
        try:
            report = self._world.report(int(request.match_info["id"]))
        except (NoReport, ValueError):
            return dict(shapes.NOT_FOUND)
        return dict(shapes.NOT_FOUND) if report.removed else shapes.read_answer(report, variant)

    async def followups(self, request: web.Request, variant: str) -> dict[str, Any]:
        return shapes.followups_answer(self._report(request), _page(request), variant)

    async def add_followup(self, request: web.Request, _variant: str) -> dict[str, Any]:
        parts = await _form(request)
        form = {part.field: part.text for part in parts if not part.file_name}
        missing = sorted(FOLLOWUP_FIELDS - set(form))
        if missing or not form["content"]:
            _refuse(", ".join(missing) or "content", "wajib diisi")
        report = self._found(form["complaint_id"])
        receiver = _institution(form, "institution_to_id", self._world)
        answer = self._world.answer(
            report,
            form["content"],
            sender=_institution(form, "institution_from_id", self._world) or report.institution,
            receiver=receiver,
            secret=int(form["is_secret"] or 0),
            rating=int(form["rating"] or 0),
            template=form["template_code"],
            attachments=[part.file_name for part in parts if part.file_name],
        )
        if receiver is None:
            self._world.answered_by_agency(report)
        return {"message": "success", "results": {"id": answer.id}}

    async def search(self, request: web.Request, _variant: str) -> dict[str, Any]:
        reports = list(self._world.reports.values())
        return shapes.search_answer(reports, request.query.get("search", ""), _page(request))

    async def file(self, request: web.Request, _variant: str) -> bytes:
        number = request.match_info["id"]
        content = self._world.contents.get(int(number)) if number.isdigit() else None
        if content is None:
            raise _Invalid(404, dict(shapes.NOT_FOUND))
        return content

    async def institutions(self, request: web.Request, _variant: str) -> dict[str, Any]:
        rows = [{"id": number, "name": name} for number, name in self._world.institutions.items()]
        size, page = int(request.query.get("page_size", 1000)), _page(request)
        return {"results": {"data": rows[(page - 1) * size : page * size]}}

    async def templates(self, _request: web.Request, _variant: str) -> dict[str, Any]:
        return {"results": {"data": list(TEMPLATES)}}

    def _report(self, request: web.Request) -> Report:
        return self._found(request.match_info["id"])

    def _found(self, number: str) -> Report:
        try:
            report = self._world.report(int(number))
        except (NoReport, ValueError):
            raise _Invalid(404, dict(shapes.NOT_FOUND)) from None
        if report.removed:
            raise _Invalid(404, dict(shapes.NOT_FOUND))
        return report


class _Invalid(Exception):
    """The call is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def _refuse(field: str, why: str) -> NoReturn:
    raise _Invalid(422, {"message": "The given data was invalid.", "errors": {field: [why]}})


def _check_create(fields: Mapping[str, Any]) -> None:
    for name, (types, is_needed) in CREATE_FIELDS.items():
        value = fields.get(name)
        if value is None or value == "":
            if is_needed:
                _refuse(name, "wajib diisi")
        elif type(value) not in types:
            # Exactly: in JSON `true` is no number, though Python takes it for one.
            _refuse(name, "tidak valid")
    if not DOCUMENTS.fullmatch(fields["attachments"]):
        _refuse("attachments", "tidak valid")
    incident = fields.get("date_of_incident")
    if incident and not DATE.fullmatch(incident):
        _refuse("date_of_incident", "tidak valid")
    if fields["is_new_user_slider"] and not fields.get("nameUser"):
        _refuse("nameUser", "wajib diisi")


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        fields = json.loads(await request.read())
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise _Invalid(400, {"message": "Bad Request"})
    return fields


async def _form(request: web.Request) -> list["_Part"]:
    """The parts of a multipart body; of anything else none."""
    if not request.content_type.startswith("multipart/"):
        return []
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + await request.read())
    parts = [part for part in message.walk() if not part.is_multipart()]
    return [
        _Part(
            str(part.get_param("name", "", "content-disposition")),
            part.get_filename() or "",
            bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace"),
        )
        for part in parts
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    field: str
    file_name: str
    text: str


def _institution(form: Mapping[str, str], field: str, world: World) -> tuple[int, str] | None:
    return world.institution(int(form[field])) if form[field].isdigit() else None


def _page(request: web.Request) -> int:
    page = request.query.get("page", "1")
    return max(1, int(page)) if page.isdigit() else 1


async def _half(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    cut_off(request)
    return response
