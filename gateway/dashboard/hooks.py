"""`/admin/webhook`: addresses of other programs. Registered, tried, paused, given a new secret; what each was told."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import web

from channels.errors import AddressRefused
from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.hooks import events as hook_events
from gateway.hooks import hooks, places
from gateway.hooks.hooks import HookRefused, NewHook
from gateway.queries import hooks as shown
from gateway.queries.cursor import CursorInvalid
from gateway.queries.hooks import HookShown
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/webhook"
WRITERS = frozenset({Role.SYSTEM_ADMIN})
NOTHING: Mapping[str, str] = {}
DEEDS: Mapping[str, Callable[..., object]] = {
    "uji": hooks.ping,
    "jeda": hooks.pause,
    "lanjutkan": hooks.resume,
    "hapus": hooks.remove,
}
"""End of the address -> what it does; a new secret is a page of its own, because it is shown."""
OFFERED: Mapping[str, tuple[str, ...]] = {
    "pending": ("uji", "ganti-rahasia", "hapus"),
    "active": ("uji", "jeda", "ganti-rahasia", "hapus"),
    "paused": ("lanjutkan", "ganti-rahasia", "hapus"),
    "disabled": (),
}
TONES: Mapping[str, str] = {"pending": "wait", "active": "good", "paused": "off", "disabled": "off"}
RESULTS: Mapping[str, str] = {
    "queued": "wait",
    "working": "wait",
    "done": "good",
    "dead": "bad",
    "cancelled": "off",
    "withheld": "off",
}


async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def register(request: web.Request) -> web.StreamResponse:
    """The secret stands on the page that answers, and nowhere else."""
    site, form = site_of(request), posted(request)
    events = form.all("events")
    new = NewHook(
        form.get("url"), events, form.get("agency"), form.get("description"), form.has("include_confidential")
    )
    try:
        await places.check_name(new.url, site.gateway.settings)
        identity, secret = await site.write(hooks.register, new, user_of(request).actor)
    except AddressRefused:
        return await _list(request, {"url": site.texts("error.field.address_refused", site.language)}, events)
    except HookRefused as refusal:
        problem = site.texts(f"admin.hook.refused.{refusal.code}", site.language)
        return await _list(request, {refusal.field or "_": problem}, events)
    return await _one(request, identity, secret)


async def show_one(request: web.Request) -> web.StreamResponse:
    return await _one(request, request.match_info["id"])


async def act(request: web.Request) -> web.StreamResponse:
    site, identity, name = site_of(request), request.match_info["id"], request.match_info["aksi"]
    actor = user_of(request).actor
    try:
        if name == "ganti-rahasia":
            return await _one(request, identity, await site.write(hooks.rotate, identity, actor))
        if name == "kirim-ulang":
            await site.write(hooks.redeliver, identity, posted(request).get("delivery"), actor)
            raise visit.done(f"{SCREEN}/{identity}", "hook_redelivered")
        if name not in DEEDS:
            raise web.HTTPNotFound
        await site.write(DEEDS[name], identity, actor)
    except LookupError:
        raise web.HTTPNotFound from None
    except HookRefused as refusal:
        problem = site.texts(f"admin.hook.refused.{refusal.code}", site.language)
        return await _one(request, identity, problem=problem)
    raise visit.done(f"{SCREEN}/{identity}", f"hook_{name}")


async def _list(
    request: web.Request, problems: Mapping[str, str] = NOTHING, chosen: tuple[str, ...] = ()
) -> web.StreamResponse:
    site = site_of(request)
    agencies = site.gateway.office.reference.agencies
    return pages.render(
        request,
        "hooks.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        rows=await site.read(shown.listed),
        tones=TONES,
        events=hook_events.EVENTS,
        event_words=named(request, "hook.event"),
        reason_words=named(request, "hook.reason"),
        agencies=[(code, one.name) for code, one in agencies.items()],
        problems=problems,
        typed=posted(request).values() if problems else NOTHING,
        chosen=chosen,
        most=hooks.MOST,
        may_write=user_of(request).role in WRITERS,
        told=visit.told(request),
    )


async def _one(request: web.Request, identity: str, secret: str = "", problem: str = "") -> web.StreamResponse:
    site = site_of(request)
    hook = await site.read(shown.one, identity)
    if hook is None:
        raise web.HTTPNotFound
    try:
        page = await site.read(shown.told, hook.id, request.query.get("kursor", ""))
    except CursorInvalid:
        raise web.HTTPNotFound from None
    return pages.render(
        request,
        "hook.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        hook=hook,
        rows=page.rows,
        following=page.following,
        deeds=_deeds(request, hook),
        tones=TONES,
        results=RESULTS,
        event_words=named(request, "hook.event"),
        reason_words=named(request, "hook.reason"),
        secret=secret,
        problem=problem,
        told=visit.told(request),
    )


def _deeds(request: web.Request, hook: HookShown) -> tuple[str, ...]:
    return OFFERED[hook.state] if user_of(request).role in WRITERS else ()
