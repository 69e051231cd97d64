"""`/admin/pemberitahuan`: which notices the office sends to whom, by what way, and whether they wait to be told together."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.inputs import whole_number
from gateway.complaints.notices import FLOOR, NOTICES, Audience, NoticeRule
from gateway.dashboard import visit
from gateway.dashboard.words import message_words
from gateway.matrix import Cell
from gateway.notices import ruling
from gateway.notices.ruling import WAYS, RuleRefused, Wish
from gateway.web import pages
from gateway.web.posted import Posted
from gateway.web.site import Site, posted, site_of, user_of

SCREEN = "/admin/pemberitahuan"
A = Audience
CIRCLES: Mapping[str, frozenset[Audience]] = {
    "reporter": frozenset({A.REPORTER}),
    "office": frozenset({A.TEAM, A.OLD_TEAM, A.DEPUTY, A.HEAD}),
    "duty": frozenset({A.DUTY, A.DUTY_DEPUTY}),
    "above": frozenset({A.COORDINATOR, A.CHANNEL_ADMIN, A.REGIONAL_HEAD}),
}
"""The parts of the screen, in its order."""
NO_PROBLEMS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One cell as the screen shows it."""

    rule: NoticeRule
    audience: Audience
    cell: Cell

    @property
    def floor(self) -> str:
        """Why it cannot be switched off; empty where it can."""
        return FLOOR.get(self.rule.key, "")

    @property
    def has_ways(self) -> bool:
        return ruling.has_ways(self.rule, self.audience)

    @property
    def may_wait(self) -> bool:
        return ruling.may_wait(self.rule, self.audience)


def lines(site: Site) -> dict[str, list[Line]]:
    """Every cell, by the part of the screen."""
    matrix = site.gateway.office.matrix
    every = [(rule, audience) for rule in NOTICES.values() for audience in rule.audiences]
    return {
        part: [Line(rule, one, matrix.cell(rule.key, one.value)) for rule, one in every if one in circle]
        for part, circle in CIRCLES.items()
    }


async def listing(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    return pages.render(
        request,
        "notice_rules.html",
        parts=lines(site),
        message_words=message_words(request),
        told=visit.told(request),
    )


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request, *_place(request))


async def save(request: web.Request) -> web.StreamResponse:
    form, (rule, audience) = posted(request), _place(request)
    wish = Wish(rule.key, audience, _cell(form, rule, audience), form.get("reason"), whole_number(form.get("terlihat")))
    try:
        version = await site_of(request).write(ruling.change, wish, user_of(request).actor)
    except RuleRefused as refusal:
        return await _show(request, rule, audience, wish, refusal.problems)
    raise visit.done(f"{SCREEN}/{rule.key}/{audience.value}", "rule_changed", n=version)


def _place(request: web.Request) -> tuple[NoticeRule, Audience]:
    key, who = request.match_info["kunci"], request.match_info["siapa"]
    rule = ruling.rule_of(key, who)
    if rule is None:
        raise web.HTTPNotFound
    return rule, Audience(who)


def _cell(form: Posted, rule: NoticeRule, audience: Audience) -> Cell:
    """What is not asked for stays as the product has it."""
    ways = tuple(form.get(f"jalur{place}") for place in range(1, len(WAYS) + 1) if form.get(f"jalur{place}"))
    return Cell(
        enabled=rule.key in FLOOR or form.has("aktif"),
        together=not ruling.may_wait(rule, audience) or form.has("gabung"),
        ways=ways,
    )


async def _show(
    request: web.Request,
    rule: NoticeRule,
    audience: Audience,
    wish: Wish | None = None,
    problems: Mapping[str, str] = NO_PROBLEMS,
) -> web.StreamResponse:
    site = site_of(request)
    history = await site.read(ruling.history, rule.key, audience)
    cell = wish.cell if wish else history[0].cell if history else Cell()
    return pages.render(
        request,
        "notice_rule.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        line=Line(rule, audience, cell),
        reason=wish.reason if wish else "",
        seen=history[0].cell.version if history else 0,
        ways=[(word, site.texts(f"rule.way.{word}", site.language)) for word in WAYS],
        history=history,
        problems={field: site.texts(f"rule.problem.{code}", site.language) for field, code in problems.items()},
        message_words=message_words(request),
        told=visit.told(request),
    )
