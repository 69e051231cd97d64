"""`/api/v1/reports/overdue`, `/glossary`, `/services`: deadlines that passed, words, service standards."""

from typing import Any

from aiohttp import web

from config.reference.governance import Service, Services
from config.reference.words import GlossaryTerm
from gateway.complaints.complaint import Status
from gateway.people import directory
from gateway.queries import complaint_detail, complaint_list
from gateway.queries.complaint_detail import Item
from gateway.queries.complaint_list import CursorInvalid, Filters, Sorting
from gateway.queries.scope import Scope
from gateway.web.api_requests import answer, query_of
from gateway.web.callers import Caller
from gateway.web.problems import Problem
from gateway.web.reference_types import (
    ComponentRecord,
    GlossaryPage,
    GlossaryQuery,
    OverduePage,
    OverdueQuery,
    OverdueRecord,
    ServicePage,
    ServiceRecord,
    TermRecord,
)
from gateway.web.site import site_of

OVERDUE = "lewat"
"""The saved filter of the screen: open, and its deadline has passed."""


async def list_overdue(request: web.Request, caller: Caller) -> web.Response:
    site, query = site_of(request), query_of(request, OverdueQuery)
    try:
        return answer(await site.read(_overdue, caller.scope(site.gateway.office), query))
    except CursorInvalid as problem:
        raise Problem("invalid_cursor", str(problem)) from problem


def _overdue(tx: Any, scope: Scope, query: OverdueQuery) -> OverduePage:
    filters = Filters(tab=OVERDUE, agency=query.agency)
    page = complaint_list.find(tx, scope, filters, Sorting.DUE, query.cursor, query.limit)
    names = directory.agency_names(tx)
    return OverduePage([_late(item, names) for item in complaint_detail.items(tx, scope, page.rows)], page.following)


def _late(item: Item, names: dict[str, str]) -> OverdueRecord:
    row = item.row
    # The row's deadline is that of the clock which ends first.
    clock = next((one for one in item.belongings.clocks if one.due_at == row.due_at), None)
    return OverdueRecord(
        number=row.number,
        version=row.version,
        status=Status(row.status),
        agency=row.agency or None,
        agency_name=names.get(row.agency),
        due_at=row.due_at,
        clock=clock.name if clock else None,
        working_days_late=max(0, -clock.left) if clock else None,
        explanation=clock.explanation if clock else None,
    )


async def show_glossary(request: web.Request, _: Caller) -> web.Response:
    wanted = query_of(request, GlossaryQuery)
    glossary = site_of(request).gateway.office.reference.glossary
    terms = [term for term in glossary.terms if not wanted.approved or term.is_approved]
    document = glossary.document
    return answer(GlossaryPage(document.version, document.decree_number, [_term(term) for term in terms]))


def _term(term: GlossaryTerm) -> TermRecord:
    return TermRecord(
        id=term.id,
        term=term.term,
        definition=term.definition,
        synonyms=list(term.synonyms),
        forbidden=list(term.forbidden),
        source=term.source,
        example=term.example,
        since=term.since,
        status=term.status,
    )


async def list_services(request: web.Request, _: Caller) -> web.Response:
    reference = site_of(request).gateway.office.reference
    names = {code: agency.name for code, agency in reference.agencies.items()}
    standards = reference.services
    return answer(ServicePage([_service(one, standards, names) for one in standards.services.values()]))


def _service(service: Service, standards: Services, names: dict[str, str]) -> ServiceRecord:
    public = [one for one in standards.components.values() if one.public]
    return ServiceRecord(
        code=service.code,
        name=service.name,
        agency=service.agency,
        agency_name=names.get(service.agency),
        topic=service.topic,
        decree_number=service.decree_number,
        decree_date=service.decree_date,
        version=service.version,
        reviewed_at=service.reviewed_at,
        status=service.status,
        standard=[
            ComponentRecord(key=one.key, name=one.name, group=one.group, content=service.standard[one.key])
            for one in public
        ],
    )
