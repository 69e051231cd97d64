"""`/admin/identitas`: the register of demands for an identity, a new demand, the second person's word, and the look itself."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import ActionRefused
from gateway.complaints.identity import LEAST_DECISION, LEAST_REASON, Asker, Purpose, may_decide_alone
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.queries import identities as register
from gateway.queries.identities import PAGE, Entry
from gateway.retention import identities
from gateway.retention.identities import Demand, Opened
from gateway.web import pages
from gateway.web.posted import Posted
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/identitas"
NO_PROBLEMS: Mapping[str, str] = {}


async def listing(request: web.Request) -> web.StreamResponse:
    return await _listing(request)


async def ask(request: web.Request) -> web.StreamResponse:
    """A new demand; what was typed stands there again where something is missing."""
    site, form = site_of(request), posted(request)
    try:
        identity = await site.write(identities.ask, visit.scope(request), _demand(form), user_of(request).actor)
    except ActionRefused as refusal:
        return await _listing(request, form, {refusal.field or "_form": _sentence(request, refusal)})
    raise visit.done(f"{SCREEN}/{identity}", "identity_asked")


async def _listing(
    request: web.Request, form: Posted | None = None, problems: Mapping[str, str] = NO_PROBLEMS
) -> web.StreamResponse:
    site, query = site_of(request), request.query
    number = form.get("number") if form else query.get("tiket", "")[:20]
    entries = await site.read(register.listed, visit.scope(request), query.get("kursor", ""))
    return pages.render(
        request,
        "identities.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        entries=entries,
        following=entries[-1].id if len(entries) == PAGE else "",
        typed=form.values() if form else {"number": number},
        problems=problems,
        purposes=[(one.value, site.texts(f"identity.purpose.{one.value}", site.language)) for one in Purpose],
        askers=[(one.value, site.texts(f"identity.asker.{one.value}", site.language)) for one in Asker],
        least=LEAST_REASON,
        lapsed=lambda entry: identities.is_lapsed(entry.row, site.now()),
        told=visit.told(request),
    )


def _demand(form: Posted) -> Demand:
    return Demand(
        number=form.get("number")[:20],
        purpose=form.get("purpose"),
        asker=form.get("asker"),
        asker_name=form.get("asker_name"),
        document=form.get("document"),
        reason=form.get("reason"),
        barred=form.has("barred"),
    )


async def show(request: web.Request) -> web.StreamResponse:
    return _show(request, await _entry(request))


async def act(request: web.Request) -> web.StreamResponse:
    """`/admin/identitas/<id>/<aksi>`: grant, refuse, alone, review, or look."""
    site, form, actor, scope = site_of(request), posted(request), user_of(request).actor, visit.scope(request)
    entry, deed = await _entry(request), request.match_info["aksi"]
    identity, reason = entry.row.id, form.get("reason")
    try:
        match deed:
            case "lihat":
                opened = await site.write(identities.look, scope, identity, actor)
                return _show(request, await _entry(request), opened=opened)
            case "setujui" | "tolak":
                grant = deed == "setujui"
                await site.write(identities.decide, scope, identity, actor, grant=grant, reason=reason)
            case "sendiri":
                await site.write(identities.decide_alone, scope, identity, actor)
            case "tinjau":
                await site.write(identities.review, scope, identity, actor, reason)
            case _:
                raise web.HTTPNotFound
    except ActionRefused as refusal:
        return _show(request, await _entry(request), problem=_sentence(request, refusal))
    raise visit.done(f"{SCREEN}/{entry.id}", "identity_decided")


async def _entry(request: web.Request) -> Entry:
    user = user_of(request)
    found = await site_of(request).read(register.one, visit.scope(request), request.match_info["id"], user.role)
    if found is None:
        raise web.HTTPNotFound
    return found


def _show(request: web.Request, entry: Entry, problem: str = "", opened: Opened | None = None) -> web.Response:
    """With the identity only in the answer to the form that asks for it: no address shows it."""
    site, user = site_of(request), user_of(request)
    row, mine = entry.row, str(entry.row.asked_by) == user.actor.id
    waits = row.state == identities.ASKED and not identities.is_lapsed(row, site.now())
    second = identities.may_decide(row, user.actor)
    return pages.render(
        request,
        "identity.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        entry=entry,
        row=row,
        opened=opened,
        problem=problem,
        lapsed=identities.is_lapsed(row, site.now()),
        may_decide=waits and second,
        may_alone=waits and mine and may_decide_alone(Purpose(row.purpose), Asker(row.asker)),
        may_review=row.alone and row.reviewed_at is None and second,
        may_look=mine and row.state == identities.GRANTED and site.now() < identities.until(row),
        until=identities.until(row) if row.state == identities.GRANTED else None,
        least=LEAST_DECISION,
        told_words=named(request, "skip"),
        told=visit.told(request),
    )


def _sentence(request: web.Request, refusal: ActionRefused) -> str:
    site = site_of(request)
    key = f"identity.refused.{refusal.code}"
    if site.texts.has(f"{key}_{refusal.field}"):
        key = f"{key}_{refusal.field}"
    return site.texts(key, site.language)
