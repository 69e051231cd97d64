"""`/admin/karantina`: calls that broke us. Look at one, take it once more after the fault was mended, or dismiss it."""

from http import HTTPStatus

from aiohttp import web

from config.logging import get_logger
from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.dashboard.raw_call import shown
from gateway.dashboard.words import named
from gateway.intake import quarantine as kept
from gateway.intake import reprocessing
from gateway.intake.reprocessing import StillBroken
from gateway.queries import quarantine
from gateway.web import pages
from gateway.web.site import site_of, user_of

log = get_logger(__name__)
SCREEN = "/admin/karantina"
NO_READERS = frozenset({Role.SYSTEM_ADMIN})
"""A technical role never sees what citizens wrote (SECURITY § 10)."""


async def listing(request: web.Request) -> web.StreamResponse:
    site, query = site_of(request), request.query
    channel, settled = query.get("kanal", ""), query.get("tab", "") == "selesai"
    found = await site.read(quarantine.listed, channel, query.get("kursor", ""), settled=settled)
    return pages.render(
        request,
        "quarantine.html",
        rows=found,
        channel=channel,
        channels=[(name, name) for name in sorted(site.gateway.channels)],
        settled=settled,
        standing=await site.read(quarantine.standing, channel),
        following=found[-1].id if len(found) == quarantine.PAGE else "",
        quarantine_words=named(request, "quarantine.reason"),
        told=visit.told(request),
    )


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def reprocess(request: web.Request) -> web.StreamResponse:
    """Take the call once more, with the time at which it came."""
    site, user, identity = site_of(request), user_of(request), _id(request)
    try:
        outcome = await site.write(reprocessing.reprocess, identity, user.actor)
    except StillBroken as problem:
        if problem.code == "settled":
            raise visit.done(SCREEN, "quarantine_settled") from problem
        return await _show(request, f"admin.quarantine.still.{problem.code}", problem.detail)
    except Exception as problem:
        # Whatever broke the intake the first time may break it again: the row stays, nothing else is touched.
        log.exception("reprocessing_failed", quarantine=identity)
        return await _show(request, "admin.quarantine.still.failed", type(problem).__name__)
    if outcome.numbers:
        raise visit.done(SCREEN, "quarantine_opened", tiket=", ".join(outcome.numbers))
    raise visit.done(SCREEN, "quarantine_replayed" if outcome.messages else "quarantine_known", n=outcome.messages)


async def dismiss(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    await site.write(kept.settle, _id(request), "dismissed", user_of(request).actor)
    raise visit.done(SCREEN, "quarantine_dismissed")


def _id(request: web.Request) -> int:
    return quarantine.id_of(request.match_info["id"])


async def _show(request: web.Request, problem: str = "", detail: str = "") -> web.StreamResponse:
    site = site_of(request)
    row = await site.read(quarantine.one, request.match_info["id"])
    content = await site.read(kept.read, _id(request))
    if row is None or content is None:
        raise web.HTTPNotFound
    sees_words = user_of(request).role not in NO_READERS
    return pages.render(
        request,
        "quarantine_row.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        row=row,
        call=shown(content.request, words=sees_words),
        sees_words=sees_words,
        problem=problem,
        detail=detail,
        quarantine_words=named(request, "quarantine.reason"),
    )
