"""The table of the API's operations, and the OpenAPI document that is made from it and from the types."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import msgspec
from aiohttp import web

from gateway.people.tokens import SCOPES, WEBHOOKS_MANAGE
from gateway.web import api, coverage_calls, hook_calls, reference_calls
from gateway.web.api_requests import JSON, KEY
from gateway.web.api_tokens import Operation, guarded
from gateway.web.api_types import (
    ActedRecord,
    ActionRecord,
    ChannelPage,
    ComplaintPage,
    CountRecord,
    CreatedRecord,
    EventPage,
    EventQuery,
    FullRecord,
    ListQuery,
    NewAction,
    NewComplaint,
    NewNote,
    NotedRecord,
    ProblemRecord,
)
from gateway.web.coverage_calls import CoveragePage
from gateway.web.hook_types import (
    CreatedWebhook,
    DeliveryPage,
    DeliveryQuery,
    NewWebhook,
    RedeliveredRecord,
    WebhookPage,
    WebhookRecord,
)
from gateway.web.problems import CODES, CONTENT_TYPE
from gateway.web.reference_types import GlossaryPage, GlossaryQuery, OverduePage, OverdueQuery, ServicePage
from gateway.web.routes import Route

PREFIX = "/api/v1"
REFERENCES = "#/components/schemas/{name}"
READ, CREATE, ACT, CHANNELS = "complaints:read", "complaints:create", "complaints:act", "channels:read"
REPORTS, HOOKS = "reports:read", WEBHOOKS_MANAGE


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation: where, by whom, with what, and what comes back."""

    method: str
    path: str
    scope: str
    operation: Operation
    summary: str
    answers: Any
    """Type of the body of a success; bytes for a file."""
    status: int = 200
    query: Any = None
    body: Any = None
    locked: bool = False
    """Needs If-Match: the caller must know what it changes."""
    refusals: tuple[int, ...] = field(default=())


# fmt: off
ENTRIES: Sequence[Entry] = (
    Entry("GET", "/complaints", READ, api.list_complaints, "Complaints, newest first", ComplaintPage, query=ListQuery, refusals=(400, 422)),
    Entry("GET", "/complaints/count", READ, api.count_complaints, "How many complaints", CountRecord, query=ListQuery, refusals=(400, 422)),
    Entry("POST", "/complaints", CREATE, api.create_complaint, "File a complaint for a citizen", CreatedRecord, 201, body=NewComplaint, refusals=(400, 409, 413, 415, 422)),
    Entry("GET", "/complaints/{number}", READ, api.show_complaint, "One complaint with its history", FullRecord, refusals=(404,)),
    Entry("GET", "/complaints/{number}/events", READ, api.show_events, "Its history", EventPage, query=EventQuery, refusals=(400, 404, 422)),
    Entry("GET", "/complaints/{number}/attachments/{id}", READ, api.show_file, "One of its files", bytes, refusals=(404, 409)),
    Entry("GET", "/complaints/{number}/actions", READ, api.show_actions, "What may be done now", list[ActionRecord], refusals=(404,)),
    Entry("POST", "/complaints/{number}/actions", ACT, api.act, "Do it", ActedRecord, body=NewAction, locked=True, refusals=(400, 404, 409, 412, 413, 415, 422, 428)),
    Entry("POST", "/complaints/{number}/notes", ACT, api.note, "Note something for colleagues", NotedRecord, 201, body=NewNote, refusals=(400, 404, 413, 415, 422)),
    Entry("GET", "/channels", CHANNELS, api.list_channels, "How every channel does", ChannelPage),
    Entry("GET", "/reports/overdue", REPORTS, reference_calls.list_overdue, "Open complaints whose deadline has passed", OverduePage, query=OverdueQuery, refusals=(400, 422)),
    Entry("GET", "/reports/coverage", REPORTS, coverage_calls.show, "Units that cannot be told of their complaints", CoveragePage),
    Entry("GET", "/glossary", REPORTS, reference_calls.show_glossary, "The words that were agreed upon", GlossaryPage, query=GlossaryQuery, refusals=(400,)),
    Entry("GET", "/services", REPORTS, reference_calls.list_services, "Service standards, as far as they are public", ServicePage),
    Entry("GET", "/webhooks", HOOKS, hook_calls.list_webhooks, "Addresses that are told of what happens", WebhookPage),
    Entry("POST", "/webhooks", HOOKS, hook_calls.create_webhook, "Register an address", CreatedWebhook, 201, body=NewWebhook, refusals=(400, 409, 413, 415, 422)),
    Entry("GET", "/webhooks/{id}", HOOKS, hook_calls.show_webhook, "One address", WebhookRecord, refusals=(404,)),
    Entry("GET", "/webhooks/{id}/deliveries", HOOKS, hook_calls.list_deliveries, "What it was told", DeliveryPage, query=DeliveryQuery, refusals=(400, 404, 422)),
    Entry("POST", "/webhooks/{id}/deliveries/{delivery}/redeliver", HOOKS, hook_calls.redeliver, "Tell it once more", RedeliveredRecord, 201, refusals=(400, 404, 409, 422)),
)
# fmt: on


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    answers = [entry.answers for entry in ENTRIES if entry.answers is not bytes]
    asked = [kind for entry in ENTRIES for kind in (entry.query, entry.body) if kind is not None]
    kinds = list(dict.fromkeys([*answers, *asked, ProblemRecord]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCES)
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for entry in ENTRIES:
        paths.setdefault(PREFIX + entry.path, {})[entry.method.lower()] = _described(entry, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Satu Pintu", "version": version("satupintu")},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": ", ".join(sorted(SCOPES))}
            },
        },
        "security": [{"token": []}],
    }


def _described(entry: Entry, schema_of: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": entry.operation.__name__,
        "summary": entry.summary,
        "security": [{"token": [entry.scope]}],
        "parameters": _parameters(entry, components),
        "responses": _responses(entry, schema_of),
    }
    if entry.body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schema_of[entry.body]}}}
    return told


def _parameters(entry: Entry, components: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [part[1:-1] for part in entry.path.split("/") if part.startswith("{")]
    found = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parts]
    if entry.query is not None:
        properties = components[entry.query.__name__]["properties"]
        found += [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    if entry.method == "POST":
        pattern = {"type": "string", "pattern": f"^{KEY.pattern}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": pattern})
    if entry.locked:
        tag = {"type": "string", "pattern": '^"[0-9]+"$'}
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": tag})
    return found


def _responses(entry: Entry, schema_of: dict[Any, Any]) -> dict[str, Any]:
    content = {"*/*": {}} if entry.answers is bytes else {JSON: {"schema": schema_of[entry.answers]}}
    found: dict[str, Any] = {str(entry.status): {"description": entry.summary, "content": content}}
    if entry.status == 201 and entry.body is NewComplaint:  # noqa: PLR2004
        found["200"] = {"description": "The first complaint with this source_ref", "content": content}
    problem = {CONTENT_TYPE: {"schema": schema_of[ProblemRecord]}}
    for status in (*entry.refusals, 401, 403, 429, 500, 503):
        codes = [code for code, known in CODES.items() if known == status]
        found[str(status)] = {"description": ", ".join(codes), "content": problem}
    return found


async def show(_: web.Request) -> web.Response:
    """The document; it holds nothing secret, so no token is asked for."""
    return web.Response(body=msgspec.json.encode(document()), content_type=JSON)


ROUTES = (
    Route("GET", f"{PREFIX}/openapi.json", show),
    *(Route(one.method, PREFIX + one.path, guarded(one.scope, one.operation), form=False) for one in ENTRIES),
)
