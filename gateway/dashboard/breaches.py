"""`/admin/privasi/pelanggaran`: the register of breaches of personal data, for the privacy officer alone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from gateway.complaints.breach import Data, Told
from gateway.complaints.complaint import ActionRefused
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.notices import breach_letters, breach_notices
from gateway.notices.breach_notices import Plan, Words
from gateway.queries.tasks import id_of
from gateway.record import tasks
from gateway.reporting import breach_list
from gateway.retention import breach_scope, breaches
from gateway.retention.breach_scope import Counted, Scope
from gateway.retention.breaches import Breach, Found
from gateway.web import pages
from gateway.web.posted import Posted
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/privasi/pelanggaran"
NO_PROBLEMS: Mapping[str, str] = {}
TOLD: Mapping[str, Told] = {"lembaga": Told.AUTHORITY, "orang": Told.PERSONS}
TYPED_MOMENT = "%Y-%m-%dT%H:%M"
"""As a browser writes the field of a moment."""
FIELD_OF: Mapping[str, str] = {"data": f"data_{Data.ADDRESS}"}
"""Where a refusal of a field points to, if not to the field of its name."""


async def listing(request: web.Request) -> web.StreamResponse:
    return await _listing(request)


async def note(request: web.Request) -> web.StreamResponse:
    """A new one; with the button `hitung` only the count of persons, and what was typed stands there again."""
    site, form, actor = site_of(request), posted(request), user_of(request).actor
    try:
        found = _found(request, form)
        counted = await site.read(breaches.looked_at, found, actor)
        if form.has("hitung"):
            return await _listing(request, form, counted=counted)
        identity = await site.write(breaches.note, found, actor, counted.persons)
    except ActionRefused as refusal:
        return await _listing(request, form, _problem(request, refusal))
    raise visit.done(f"{SCREEN}/{identity}", "breach_noted")


async def _listing(
    request: web.Request,
    form: Posted | None = None,
    problems: Mapping[str, str] = NO_PROBLEMS,
    counted: Counted | None = None,
) -> web.StreamResponse:
    site, actor = site_of(request), user_of(request).actor
    office = site.gateway.office
    return pages.render(
        request,
        "breaches.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        entries=await site.read(breaches.listed, actor),
        kinds=list(Data),
        **_choices(request),
        typed=form.values() if form else {"noticed_at": f"{office.calendar.local(site.now()):{TYPED_MOMENT}}"},
        problems=problems,
        counted=counted,
        least=breaches.LEAST_WORDS,
        most=breaches.MOST_WORDS,
        told=visit.told(request),
    )


def _choices(request: web.Request) -> dict[str, Any]:
    office = site_of(request).gateway.office
    agencies = [(code, one.name) for code, one in office.reference.agencies.items()]
    return {"channels": [(name, name) for name in office.channels], "agencies": agencies}


def _found(request: web.Request, form: Posted) -> Found:
    """ActionRefused: `unknown_value` for a moment or day that cannot be read."""
    return Found(
        what=form.get("what"),
        data=tuple(kind for kind in Data if form.has(f"data_{kind}")),
        noticed_at=_moment(request, form.get("noticed_at")),
        measures=form.get("measures"),
        happened_on=_day(form, "happened_on"),
        scope=_scope(form),
    )


def _scope(form: Posted) -> Scope:
    return Scope(
        since=_day(form, "since"),
        until=_day(form, "until"),
        channel=form.get("channel"),
        agency=form.get("agency"),
        numbers=tuple(form.get("numbers").replace(",", " ").split()),
    )


def _moment(request: web.Request, typed: str) -> datetime:
    """By the government's clock, where nothing else is said."""
    try:
        local = datetime.fromisoformat(typed)
        zone = local.tzinfo or site_of(request).gateway.settings.government.zone
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ActionRefused("unknown_value", typed[:20], "noticed_at") from None


def _day(form: Posted, name: str) -> date | None:
    try:
        return date.fromisoformat(form.get(name)) if form.has(name) else None
    except ValueError:
        raise ActionRefused("unknown_value", form.get(name)[:20], name) from None


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def act(request: web.Request) -> web.StreamResponse:
    """`…/<id>/<aksi>`: `tindakan`, `lingkup`, one of `TOLD`, `periksa` and `kirim` (messages to persons), or `daftar` (the file)."""
    site, form, actor = site_of(request), posted(request), user_of(request).actor
    identity, deed = (await _breach(request)).row.id, request.match_info["aksi"]
    words = Words(form.get("said_how"), form.get("said_done"))
    try:
        match deed:
            case "tindakan":
                await site.write(breaches.add_measures, identity, form.get("words"), actor)
                done = "breach_measured"
            case "lingkup":
                many = await site.read(breaches.concerned, _scope(form), actor)
                await site.write(breaches.change_scope, identity, _scope(form), actor, many)
                done = "breach_scope"
            case "lembaga" | "orang":
                many = await site.read(breaches.concerned_by, identity, actor)
                await site.write(breaches.mark_told, identity, TOLD[deed], form.get("how"), actor, many)
                done = "breach_told"
            case "periksa":
                return await _show(request, plan=await site.read(breach_notices.plan, identity, words, actor))
            case "kirim":
                many = await site.read(breach_notices.untold, identity, actor)
                await site.write(breach_notices.begin, identity, words, actor, many)
                done = "breach_telling"
            case "daftar":
                return _file(await site.work(breach_list.take, site.gateway.store, identity, form.get("reason"), actor))
            case _:
                raise web.HTTPNotFound
    except ActionRefused as refusal:
        return await _show(request, _problem(request, refusal))
    raise visit.done(f"{SCREEN}/{request.match_info['id']}", done)


def _file(made: breach_list.Made) -> web.Response:
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"', hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=made.content, content_type="application/zip", headers=headers)


async def letter(request: web.Request) -> web.StreamResponse:
    """`…/<id>/surat?untuk=lembaga|orang&bahasa=id|en`: what is told in writing, filled in."""
    site, found = site_of(request), await _breach(request)
    whom = TOLD.get(request.query.get("untuk", "lembaga"))
    language = request.query.get("bahasa", "id")
    if whom is None or language not in site.texts.languages:
        raise web.HTTPNotFound
    written = await site.read(breach_letters.letter, found, whom, language)
    return pages.render(request, "breach_letter.html", breach=found, letter=written, screen=SCREEN)


async def _breach(request: web.Request) -> Breach:
    actor = user_of(request).actor
    found = await site_of(request).read(breaches.one, id_of(request.match_info["id"]), actor)
    if found is None:
        raise web.HTTPNotFound
    return found


async def _show(
    request: web.Request, problems: Mapping[str, str] = NO_PROBLEMS, plan: Plan | None = None
) -> web.StreamResponse:
    site, found = site_of(request), await _breach(request)
    typed = posted(request).values() if request.method == "POST" else {}
    return pages.render(
        request,
        "breach.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        breach=found,
        agency=_agency(request, found),
        **_choices(request),
        **await site.read(_about, found, user_of(request).actor),
        plan=plan,
        problems=problems,
        typed=typed,
        unreached_words=named(request, "skip", "breach.reason.failed"),
        languages=site.texts.languages,
        said_limits=(breach_notices.LEAST, breach_notices.MOST),
        least=breaches.LEAST_WORDS,
        least_reason=breach_list.LEAST_REASON,
        most_rows=breach_list.MOST_ROWS,
        screen=SCREEN,
        told=visit.told(request),
    )


def _about(tx: Any, found: Breach, actor: Any) -> dict[str, Any]:
    """What stands around a breach on its page, read in one go."""
    row = found.row
    return {
        "counted": breach_scope.counted(tx, breach_scope.of(row)),
        "steps": breaches.steps(tx, row.id),
        "reached": breach_notices.reached(tx, row),
        "passwords": breach_list.passwords(tx, row.id, actor),
        "tasks": [one for one in tasks.of_data_keepers(tx) if one.subject == found.id],
    }


def _agency(request: web.Request, found: Breach) -> str:
    agency = site_of(request).gateway.office.reference.agencies.get(found.row.agency)
    return agency.name if agency else found.row.agency


def _problem(request: web.Request, refusal: ActionRefused) -> Mapping[str, str]:
    site = site_of(request)
    key = f"breach.refused.{refusal.code}"
    if site.texts.has(f"{key}_{refusal.field}"):
        key = f"{key}_{refusal.field}"
    values = dict.fromkeys(site.texts.fill_ins(key), refusal.detail)
    return {FIELD_OF.get(refusal.field, refusal.field) or "_form": site.texts(key, site.language, **values)}
