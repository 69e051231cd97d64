"""`/api/v1`: complaints and channels for other systems of the same government (docs/api.md)."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from channels.mail_address import mail_address
from channels.messages import Address
from channels.phone import phone_address
from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, CaseMoved, Draft, Point, Visibility
from gateway.complaints.lifecycle import Move, Step, step_of, steps_of, target_of
from gateway.intake import filing
from gateway.people import directory
from gateway.queries import channel_watch, complaint_detail, complaint_list
from gateway.queries.complaint_detail import Item
from gateway.queries.complaint_list import CursorInvalid, Filters
from gateway.queries.scope import Scope, api_scope
from gateway.record import cases, events
from gateway.web import api_records
from gateway.web.api_requests import answer, body_of, etag, once, query_of, version_of
from gateway.web.api_types import (
    ActedRecord,
    ActionRecord,
    ChannelPage,
    ComplaintPage,
    ComplaintRecord,
    CountRecord,
    CreatedRecord,
    EventPage,
    EventQuery,
    ListQuery,
    NewAction,
    NewComplaint,
    NewNote,
    NotedRecord,
)
from gateway.web.callers import Caller
from gateway.web.files import answer_for
from gateway.web.problems import FieldProblem, Problem
from gateway.web.site import Site, site_of

REFERENCE_BYTES = 12
COUNTED_FOR_S = 30.0
MOST_COUNTS = 500
NOT_FOR_PROGRAMS = frozenset({Action.UNDO})
"""What only the person who acted may do."""


async def list_complaints(request: web.Request, caller: Caller) -> web.Response:
    site, query = site_of(request), query_of(request, ListQuery)
    filters = _filters(site, query)
    scope = caller.scope(site.gateway.office)
    try:
        page = await site.read(_page, site, scope, filters, query)
    except CursorInvalid as problem:
        raise Problem("invalid_cursor", str(problem)) from problem
    return answer(page)


def _page(tx: Any, site: Site, scope: Scope, filters: Filters, query: ListQuery) -> ComplaintPage:
    page = complaint_list.find(tx, scope, filters, query.sort, query.cursor, query.limit)
    names = directory.agency_names(tx)
    items = complaint_detail.items(tx, scope, page.rows)
    shown = [api_records.record(item, names, site.texts, site.language) for item in items]
    return ComplaintPage(shown, page.following)


def _filters(site: Site, query: ListQuery) -> Filters:
    words = query.q.strip()
    if words and len(words) < complaint_list.SHORTEST_SEARCH:
        message = site.texts("error.api.short_search", site.language)
        raise Problem("validation_failed", errors=[FieldProblem("q", "too_short", message)])
    return Filters(
        status=tuple(status.value for status in query.status),
        kind=query.kind.value if query.kind else "",
        topic=query.topic,
        agency=query.agency,
        place=query.place,
        channel=query.channel,
        has_flag=query.has_flag,
        parent=query.parent,
        q=words,
        overdue=query.overdue,
        created_from=query.created_from,
        created_to=query.created_to,
        updated_since=query.updated_since,
    )


async def count_complaints(request: web.Request, caller: Caller) -> web.Response:
    """Counting reads more than a page does, so the figure of the last half minute will do."""
    site, filters = site_of(request), _filters(site_of(request), query_of(request, ListQuery))
    now = site.monotonic()
    wanted = f"{caller.agency}|{filters.identity}"
    known = site.counts.get(wanted)
    if known is None or known[0] <= now:
        counted = await site.read(_counted, caller.scope(site.gateway.office), filters)
        if len(site.counts) >= MOST_COUNTS:
            site.counts.clear()
        known = site.counts[wanted] = (now + COUNTED_FOR_S, counted)
    return answer(known[1])


def _counted(tx: Any, scope: Scope, filters: Filters) -> CountRecord:
    counted = complaint_list.count(tx, scope, filters)
    return CountRecord(counted.count, complaint_list.count_cases(tx, scope, filters), counted.complete)


async def show_complaint(request: web.Request, caller: Caller) -> web.Response:
    site = site_of(request)
    shown = await site.read(_shown, site, caller.scope(site.gateway.office), request.match_info["number"])
    return answer(shown, headers=etag(shown.version))


def _shown(tx: Any, site: Site, scope: Scope, number: str) -> ComplaintRecord:
    item = _item(tx, scope, number)
    history = [api_records.event_record(event) for event in complaint_detail.events(tx, scope, item)]
    return api_records.with_events(_record(tx, site, item), history)


def _record(tx: Any, site: Site, item: Item) -> ComplaintRecord:
    return api_records.record(item, directory.agency_names(tx), site.texts, site.language)


def _item(tx: Any, scope: Scope, number: str) -> Item:
    item = complaint_detail.item_of(tx, scope, number)
    if item is None:
        raise Problem("not_found")
    return item


async def show_events(request: web.Request, caller: Caller) -> web.Response:
    query, site = query_of(request, EventQuery), site_of(request)
    scope = caller.scope(site.gateway.office)
    return answer(await site.read(_events, scope, request.match_info["number"], query.after))


def _events(tx: Any, scope: Scope, number: str, after: int) -> EventPage:
    item = _item(tx, scope, number)
    return EventPage(
        [api_records.event_record(event) for event in complaint_detail.events(tx, scope, item, after)], None
    )


async def show_file(request: web.Request, caller: Caller) -> web.StreamResponse:
    site = site_of(request)
    scope, identity = caller.scope(site.gateway.office), request.match_info["id"]
    files = api_records.files_of(await site.read(_item, scope, request.match_info["number"]))
    known = next((file for file in files if file.id == identity), None)
    if known is None:
        raise Problem("not_found")
    if known.scan != "clean":
        raise Problem("not_scanned", known.scan)
    return await answer_for(request, scope, identity)


async def show_actions(request: web.Request, caller: Caller) -> web.Response:
    return answer(await site_of(request).read(_actions, site_of(request), request.match_info["number"], caller))


def _actions(tx: Any, site: Site, number: str, caller: Caller) -> list[ActionRecord]:
    case = cases.case_of(_item(tx, caller.scope(tx.office), number).row)
    offered: dict[Action, ActionRecord] = {}
    for step in steps_of(case, caller.actor.role):
        if step.action not in NOT_FOR_PROGRAMS and not isinstance(step.target, Move):
            target = target_of(step, case.status, case.return_status)
            label = site.texts(f"label.action.{step.action.value}", site.language)
            offered.setdefault(
                step.action, ActionRecord(step.action, target, [*step.requires, *step.one_of[:1]], label)
            )
    return list(offered.values())


async def create_complaint(request: web.Request, caller: Caller) -> web.Response:
    site = site_of(request)
    new, body = await body_of(request, NewComplaint)
    draft, contact = _draft(site, new), _contact(site, new)
    # Without a reference of its own each report stands for itself: keys are forgotten after two days, references never.
    reference = f"ref:{new.source_ref}" if new.source_ref else f"own:{secrets.token_hex(REFERENCE_BYTES)}"
    return await once(request, caller, body, partial(_create, site, caller, draft, contact, reference))


def _create(
    site: Site, caller: Caller, draft: Draft, contact: Address | None, reference: str, tx: Any
) -> tuple[int, CreatedRecord, Mapping[str, str]]:
    filed = filing.file(tx, draft, caller.actor, reference, contact)
    # Whoever filed it is shown it, also where routing will give it to somebody else.
    scope = api_scope(tx.office)
    item = _item(tx, scope, filed.number)
    history = [api_records.event_record(event) for event in complaint_detail.events(tx, scope, item)]
    code = filed.opened.code if filed.opened else None
    shown = api_records.created(_record(tx, site, item), history, code)
    headers = {hdrs.LOCATION: f"/api/v1/complaints/{filed.number}", **etag(item.row.version)}
    return HTTPStatus.CREATED if filed.opened else HTTPStatus.OK, shown, headers


def _draft(site: Site, new: NewComplaint) -> Draft:
    office = site.gateway.office
    problems = []
    if new.topic and new.topic not in office.reference.topics:
        problems.append(_field(site, "topic", "unknown_value"))
    if new.place and new.place not in office.reference.areas:
        problems.append(_field(site, "place", "unknown_value"))
    if new.incident_date and new.incident_date > office.calendar.today(office.now()):
        problems.append(_field(site, "incident_date", "too_late"))
    if new.contact and (new.contact.phone or new.contact.email) and not new.contact.consent:
        problems.append(_field(site, "contact.consent", "missing_input"))
    if problems:
        raise Problem("validation_failed", errors=problems)
    point = new.point
    return Draft(
        text=new.text,
        title=new.title,
        kind=new.kind,
        topic=new.topic,
        place=new.place,
        point=Point(point.lat, point.long, point.precision_m, "manual") if point else None,
        incident_on=new.incident_date,
        anonymous=new.anonymous,
        confidential=new.confidential,
        language=site.language,
    )


def _contact(site: Site, new: NewComplaint) -> Address | None:
    if new.contact is None or not (new.contact.phone or new.contact.email):
        return None
    if new.contact.email:
        mail = mail_address(new.contact.email)
        if mail is None:
            raise Problem("validation_failed", errors=[_field(site, "contact.email", "unknown_value")])
        return mail
    address, can_reply = phone_address(new.contact.phone)
    if not can_reply:
        raise Problem("validation_failed", errors=[_field(site, "contact.phone", "unknown_value")])
    return address


async def act(request: web.Request, caller: Caller) -> web.Response:
    new, body = await body_of(request, NewAction)
    version, number = version_of(request), request.match_info["number"]
    if new.action in NOT_FOR_PROGRAMS:
        raise Problem("action_refused", new.action.value)
    inputs = {name: _plain(value) for name, value in new.inputs.items()}
    try:
        return await once(request, caller, body, partial(_act, caller, number, version, new.action, inputs))
    except ActionRefused as refusal:
        raise _refused(site_of(request), new.action, refusal) from refusal
    except CaseMoved:
        raise Problem("stale_version") from None


def _act(
    caller: Caller, number: str, version: int, action: Action, inputs: Mapping[str, str], tx: Any
) -> tuple[int, ActedRecord, Mapping[str, str]]:
    case = cases.case_of(_item(tx, caller.scope(tx.office), number).row)
    if case.version != version:
        raise Problem("stale_version", f'"{case.version}"', headers=etag(case.version))
    step = step_of(case, action, caller.actor.role)
    moved = casework.apply(tx, action, case, caller.actor, inputs)
    seq = events.last(tx, case.id).seq
    return HTTPStatus.OK, ActedRecord(seq, moved.status, _undo_until(tx, step)), etag(moved.version)


def _undo_until(tx: Any, step: Step) -> Any:
    undo_s = tx.office.settings.casework.undo_s
    return tx.now + timedelta(seconds=undo_s) if step.undoable and undo_s else None


async def note(request: web.Request, caller: Caller) -> web.Response:
    new, body = await body_of(request, NewNote)
    return await once(request, caller, body, partial(_note, caller, request.match_info["number"], new))


def _note(caller: Caller, number: str, new: NewNote, tx: Any) -> tuple[int, NotedRecord, Mapping[str, str]]:
    case = cases.case_of(_item(tx, caller.scope(tx.office), number).row)
    casework.remark(tx, case, Action.NOTE.value, caller.actor, {"note": new.text}, Visibility(new.visibility))
    return HTTPStatus.CREATED, NotedRecord(events.last(tx, case.id).seq), {}


async def list_channels(request: web.Request, _: Caller) -> web.Response:
    site = site_of(request)
    watched = await site.read(channel_watch.watch)
    return answer(ChannelPage([api_records.channel_record(one, site.texts, site.language) for one in watched]))


def _refused(site: Site, action: Action, refusal: ActionRefused) -> Problem:
    """409 where the action does not go now, 422 where something is wrong with what it was given."""
    if not refusal.field:
        label = site.texts(f"label.action.{action.value}", site.language)
        return Problem("action_refused", site.texts(f"error.refused.{refusal.code}", site.language, aksi=label))
    return Problem("validation_failed", refusal.detail, [_field(site, refusal.field, refusal.code)])


def _field(site: Site, field: str, code: str) -> FieldProblem:
    return FieldProblem(field, code, site.texts(f"error.field.{code}", site.language))


def _plain(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)
