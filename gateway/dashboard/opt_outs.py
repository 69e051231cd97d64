"""`/admin/berhenti`: which addresses want no more messages, and noting it on a citizen's word."""

from http import HTTPStatus

from aiohttp import web

from gateway.dashboard import visit
from gateway.outbound import opt_outs as deeds
from gateway.outbound.channel_states import ChannelRefused
from gateway.queries import opt_outs
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/berhenti"
CHOICES = ("berhenti", "mulai")
FIELDS = {"no_reason": "reason", "no_address": "to"}


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request, {})


async def decide(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    given = {name: form.get(name) for name in ("kanal", "to", "pilihan", "reason")}
    if given["pilihan"] not in CHOICES:
        raise web.HTTPBadRequest
    out = given["pilihan"] == CHOICES[0]
    try:
        many = await site.write(
            lambda tx: deeds.decide(tx, given["kanal"], given["to"], given["reason"], user_of(request).actor, out=out)
        )
    except ChannelRefused as refusal:
        field = FIELDS.get(refusal.code, "kanal")
        return await _show(request, given, {field: site.texts(f"admin.channel.refused.{refusal.code}", site.language)})
    raise visit.done(SCREEN, "opted_out" if out else "opted_in", n=many)


async def _show(
    request: web.Request, given: dict[str, str], problems: dict[str, str] | None = None
) -> web.StreamResponse:
    site = site_of(request)
    channels = site.gateway.channels
    names = [name for name in sorted(channels) if channels[name].capabilities.sends]
    chosen = request.query.get("kanal", "")
    return pages.render(
        request,
        "opt_outs.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        rows=await site.read(opt_outs.newest, chosen if chosen in channels else ""),
        most=opt_outs.MOST,
        channels=[(name, name) for name in names],
        chosen=chosen,
        choices=CHOICES,
        given=given,
        problems=problems or {},
        told=visit.told(request),
    )
