"""`/admin/kanal/<nama>/alihkan`: what waits on a channel goes another way; first how many, and what stays and why."""

from http import HTTPStatus

from aiohttp import web

from gateway.dashboard import visit
from gateway.outbound import diversion
from gateway.outbound.channel_states import ChannelRefused
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/kanal"


async def ask(request: web.Request) -> web.StreamResponse:
    return await _ask(request)


async def act(request: web.Request) -> web.StreamResponse:
    site, form, name = site_of(request), posted(request), _channel(request)
    target, reason = form.get("ke"), form.get("reason")
    try:
        many = await site.write(diversion.divert, name, target, reason, user_of(request).actor)
    except ChannelRefused as refusal:
        return await _ask(request, refusal.code, target, reason)
    raise visit.done(f"{SCREEN}/{name}", "channel_moved", n=many, ke=target)


def _channel(request: web.Request) -> str:
    name: str = request.match_info["nama"]
    if name not in site_of(request).gateway.channels:
        raise web.HTTPNotFound
    return name


async def _ask(request: web.Request, refused: str = "", target: str = "", reason: str = "") -> web.StreamResponse:
    site, name = site_of(request), _channel(request)
    field = "ke" if refused == "no_target" else "reason"
    return pages.render(
        request,
        "channel_divert.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        name=name,
        look=await site.read(diversion.look, name),
        targets=[(other, other) for other in await site.read(diversion.targets, name)],
        target=target,
        reason=reason,
        problems={field: site.texts(f"admin.channel.refused.{refused}", site.language)} if refused else {},
    )
