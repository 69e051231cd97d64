"""`/admin/kanal/<nama>/alihkan`: what waits on a channel goes another way; first how many, at what cost, and what stays and why."""

from http import HTTPStatus

from aiohttp import web

from gateway.dashboard import visit
from gateway.outbound import diversion
from gateway.outbound.channel_states import ChannelRefused
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/kanal"


async def ask(request: web.Request) -> web.StreamResponse:
    """With `ke` the count for that channel; with one channel to choose from it is chosen."""
    return await _ask(request, target=request.query.get("ke", ""))


async def act(request: web.Request) -> web.StreamResponse:
    site, form, name = site_of(request), posted(request), _channel(request)
    target, reason = form.get("ke"), form.get("reason")
    try:
        moved = await site.write(diversion.divert, name, target, reason, user_of(request).actor)
    except ChannelRefused as refusal:
        return await _ask(request, refusal.code, target, reason)
    raise visit.done(f"{SCREEN}/{name}", "channel_moved", n=moved.moving, ke=target)


def _channel(request: web.Request) -> str:
    name: str = request.match_info["nama"]
    if name not in site_of(request).gateway.channels:
        raise web.HTTPNotFound
    return name


async def _ask(request: web.Request, refused: str = "", target: str = "", reason: str = "") -> web.StreamResponse:
    site, name = site_of(request), _channel(request)
    field = "ke" if refused == "no_target" else "reason"
    others = await site.read(diversion.targets, name)
    chosen = target if target in others else others[0] if len(others) == 1 else ""
    return pages.render(
        request,
        "channel_divert.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        name=name,
        look=await site.read(diversion.look, name, chosen) if chosen else None,
        targets=[(other, other) for other in others],
        target=chosen,
        reason=reason,
        problems={field: site.texts(f"admin.channel.refused.{refused}", site.language)} if refused else {},
    )
