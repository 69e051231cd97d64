"""`/admin/pengiriman`: messages that did not arrive for certain. A person decides whether they are sent once more."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.dashboard.words import message_words, named
from gateway.outbound import undelivered
from gateway.queries import channel_watch, dispatch
from gateway.queries.scope import Scope
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/pengiriman"
LEAST_REASON = 5
DECISIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "resend": ("resent", ("tak_pasti", "gagal")),
    "assume": ("assumed", ("tak_pasti",)),
}
"""What may be decided: the word that it is told by, and the tabs that offer it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Messages that somebody ticked, and what is to become of them."""

    decision: str
    ids: tuple[str, ...]
    tab: str
    channel: str

    @property
    def way_back(self) -> str:
        return f"{SCREEN}?tab={self.tab}" + (f"&kanal={self.channel}" if self.channel else "")


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def decide(request: web.Request) -> web.StreamResponse:
    """First the page that says exactly how many, then the deed."""
    site, form = site_of(request), posted(request)
    chosen = Chosen(form.get("decision"), form.all("id"), _tab(form.get("tab")), _channel(request, form.get("kanal")))
    if chosen.decision not in DECISIONS:
        raise web.HTTPBadRequest
    ids = dispatch.ids_of(chosen.ids)
    if not ids:
        return await _show(request, chosen, "admin.dispatch.nothing_chosen")
    reason = form.get("reason")
    if not form.has("yes") or len(reason) < LEAST_REASON:
        return _ask(request, chosen, len(ids), "admin.channel.refused.no_reason" if form.has("yes") else "")
    deed = undelivered.resend if chosen.decision == "resend" else undelivered.assume_sent
    many = await site.write(deed, ids, reason, user_of(request).actor)
    raise visit.done(chosen.way_back, DECISIONS[chosen.decision][0], n=many)


def _ask(request: web.Request, chosen: Chosen, many: int, problem: str) -> web.StreamResponse:
    site = site_of(request)
    return pages.render(
        request,
        "dispatch_ask.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        chosen=chosen,
        many=many,
        problems={"reason": site.texts(problem, site.language)} if problem else {},
    )


async def _show(request: web.Request, chosen: Chosen | None = None, problem: str = "") -> web.StreamResponse:
    site, query = site_of(request), request.query
    tab = chosen.tab if chosen else _tab(query.get("tab", ""))
    channel = chosen.channel if chosen else _channel(request, query.get("kanal", ""))
    stopped = [one for one in await site.read(channel_watch.watch) if one.paused_at and channel in {"", one.name}]
    rows = await site.read(dispatch.listed, _scope(request), tab, channel, query.get("kursor", ""))
    return pages.render(
        request,
        "dispatch.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        rows=rows,
        tab=tab,
        channel=channel,
        standing=stopped,
        channels=[(name, name) for name in sorted(site.gateway.channels)],
        counts=await site.read(dispatch.counts, channel),
        decisions=[name for name, (_, tabs) in DECISIONS.items() if tab in tabs],
        following=rows[-1].id if len(rows) == dispatch.PAGE else "",
        message_words=message_words(request),
        reason_words=named(request, "dispatch.reason"),
        problem=problem,
        told=visit.told(request),
    )


def _tab(wanted: str) -> str:
    return wanted if wanted in dispatch.STATES else next(iter(dispatch.STATES))


def _channel(request: web.Request, wanted: str) -> str:
    return wanted if wanted in site_of(request).gateway.channels else ""


def _scope(request: web.Request) -> Scope | None:
    """A technical role learns that messages wait, not whose (SECURITY § 10)."""
    return None if user_of(request).role is Role.SYSTEM_ADMIN else visit.scope(request)
