"""One complaint: where it stands and until when, what can be done now, what was said, and how its reporter was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from gateway.complaints.complaint import Action, ActionRefused, Hold, Status, Visibility
from gateway.complaints.lifecycle import PRIMARY, Step
from gateway.complaints.notices import NOTICES, Audience
from gateway.dashboard import taps, visit
from gateway.dashboard.complaint_form import ASIDE, KEYS, WRITING, Asked, Field, fields
from gateway.dashboard.words import event_words, field_words, message_words, named
from gateway.desk import work
from gateway.desk.topics import may_correct
from gateway.desk.work import MAY_SEE_ORIGINAL, NotThere, Original
from gateway.queries import complaint_page
from gateway.queries.complaint_detail import EventShown
from gateway.queries.complaint_page import ComplaintPage, Ranked
from gateway.queries.scope import Sight
from gateway.record import cases
from gateway.retention.identities import may_open
from gateway.web import pages
from gateway.web.routes import CASE_READERS
from gateway.web.site import Site, posted, site_of, user_of

SCREEN = "/admin/aduan"
HISTORY: Mapping[str, frozenset[str]] = {
    "semua": frozenset(Visibility),
    "pelapor": frozenset({Visibility.PUBLIC}),
    "internal": frozenset({Visibility.AGENCY, Visibility.INTERNAL}),
}
"""Filters of the history and what each lets through."""
PRESET = ("archive_reason",)
"""Choices that the address of a form may name beforehand; the form itself offers only what there is."""
CERTAINTY = ((0.9, "sure"), (0.7, "likely"), (0.4, "doubtful"), (0.0, "guess"))
"""From which confidence on a suggestion is called what."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that did not go through: what was typed, what was wrong with it, and what happened meanwhile."""

    action: Action
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    happened: Any = None
    """The event that overtook it."""
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY


async def show(request: web.Request) -> web.StreamResponse:
    """`/admin/aduan/<tiket>`, also by digits alone or by the number of LAPOR!."""
    page = await page_of(request)
    if request.match_info["tiket"] != page.detail.row.number:
        raise web.HTTPSeeOther(f"{SCREEN}/{page.detail.row.number}")
    return render(request, page)


async def page_of(request: web.Request) -> ComplaintPage:
    """What one may not see does not exist, whatever the role (SCREENS § 1.7)."""
    site, user = site_of(request), user_of(request)
    if user.role not in CASE_READERS:
        raise web.HTTPNotFound
    number = request.match_info["tiket"]
    page = await site.read(complaint_page.page, visit.scope(request), number, user.actor)
    if page is None:
        raise web.HTTPNotFound
    return page


def render(
    request: web.Request, page: ComplaintPage, tried: Tried | None = None, originals: Sequence[Original] = ()
) -> web.Response:
    site, user = site_of(request), user_of(request)
    steps = _steps(request, page)
    chosen = _chosen(request, page, steps, tried)
    shown = request.query.get("riwayat", "semua")
    return pages.render(
        request,
        "complaint.html",
        status=tried.status if tried else HTTPStatus.OK,
        page=page,
        item=page.detail.item,
        row=page.detail.row,
        full=page.detail.item.sight is Sight.FULL,
        steps=steps,
        groups=_groups(steps),
        chosen=chosen,
        fields=_fields(request, page, chosen, tried),
        tells_reporter=chosen is not None and tells_reporter(site, chosen),
        may_note=any(step.action is Action.NOTE for step in steps),
        may_accept=_may_accept(page, steps),
        one_tap=_one_tap(request, page, steps),
        taps=_taps(request, page, steps),
        certainty=certainty,
        may_link=any(step.action is Action.LINK for step in steps),
        may_see_original=user.role in MAY_SEE_ORIGINAL and page.detail.item.words,
        may_ask_identity=may_open(visit.scope(request), page.detail.row, user.actor),
        originals=originals,
        tried=tried,
        lost=_lost(tried, chosen),
        form_key=tried.typed.get("key", "") if tried else work.new_key(),
        note_key=work.new_key(),
        keys=KEYS,
        events=_events(page, HISTORY.get(shown, HISTORY["semua"])),
        history=shown if shown in HISTORY else "semua",
        histories=list(HISTORY),
        topics={code: topic.name for code, topic in site.gateway.office.reference.topics.items()},
        outside={code: body.name for code, body in site.gateway.office.reference.out_of_authority.items()},
        event_words=event_words(request),
        field_words=field_words(request),
        message_words=message_words(request),
        skip_words=named(request, "skip"),
        reason_words=named(request, "dispatch.reason"),
        forward_words=named(request, "forward.state"),
        told=visit.told(request),
    )


def _steps(request: web.Request, page: ComplaintPage) -> Sequence[Step]:
    if page.detail.item.sight is not Sight.FULL:
        return ()
    office = site_of(request).gateway.office
    return work.offered(
        cases.case_of(page.detail.row),
        user_of(request).actor,
        has_request=bool(page.extension_asked),
        inspectorate=office.reference.conflict_of_interest,
    )


def _chosen(request: web.Request, page: ComplaintPage, steps: Sequence[Step], tried: Tried | None) -> Step | None:
    """The form that is open: the one that was tried, the one that was asked for, or the usual next one."""
    row = page.detail.row
    usual = Action.RELEASE if row.hold != Hold.NONE else PRIMARY.get(Status(row.status), Action.NOTE)
    wanted = tried.action if tried else request.query.get("aksi", usual)
    return next((step for step in steps if step.action == wanted and step.action is not Action.NOTE), None)


def _fields(request: web.Request, page: ComplaintPage, chosen: Step | None, tried: Tried | None) -> Sequence[Field]:
    if chosen is None:
        return ()
    site = site_of(request)
    asked = Asked(chosen, page, site.gateway.office, lambda key: site.texts(key, site.language))
    given = {name: request.query[name] for name in PRESET if name in request.query}
    return fields(asked, tried.typed if tried else given)


def _groups(steps: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step], Sequence[Step]]:
    """Steps of the work, those that write to somebody, and those that are rare."""
    bar = [step for step in steps if step.action is not Action.NOTE]
    return (
        [step for step in bar if step.action not in WRITING | ASIDE],
        [step for step in bar if step.action in WRITING],
        [step for step in bar if step.action in ASIDE],
    )


def tells_reporter(site: Site, step: Step) -> bool:
    matrix = site.gateway.office.matrix
    theirs = [key for key in step.notices if Audience.REPORTER in NOTICES[key].audiences]
    return any(matrix.sends(key, Audience.REPORTER.value) for key in theirs)


def _may_accept(page: ComplaintPage, steps: Sequence[Step]) -> bool:
    """Whether the suggestion can be taken over as it stands."""
    suggested = page.suggested
    if suggested is None or not suggested.routed_to or suggested.routed_to == page.detail.row.agency:
        return False
    return any(step.action is Action.ASSIGN for step in steps)


@dataclass(frozen=True, slots=True)
class OneTap:
    """Buttons that put a suggestion right and go on: the topics and agencies that were thought likeliest.

    `topic_action`: what pressing a topic does, `verify` or `topik`; empty where topics are not offered.
    """

    topics: Sequence[Ranked] = ()
    topic_action: str = ""
    agencies: Sequence[Ranked] = ()


def _one_tap(request: web.Request, page: ComplaintPage, steps: Sequence[Step]) -> OneTap:
    suggested, row = page.suggested, page.detail.row
    if suggested is None or page.detail.item.sight is not Sight.FULL:
        return OneTap()
    reference = site_of(request).gateway.office.reference
    offered = {step.action for step in steps}
    action = "verify" if Action.VERIFY in offered else ""
    if not action and may_correct(cases.case_of(row), user_of(request).role):
        action = "topik"
    known = [one for one in suggested.topics if one.code in reference.topics]
    theirs = [one for one in suggested.agencies if one.code in reference.agencies and one.code != suggested.routed_to]
    return OneTap(
        topics=[one for one in known if action == "verify" or one.code != row.topic] if action else (),
        topic_action=action,
        agencies=[one for one in theirs if reference.agencies[one.code].accepts] if Action.ASSIGN in offered else (),
    )


def _taps(request: web.Request, page: ComplaintPage, steps: Sequence[Step]) -> Sequence[taps.Tapped]:
    if page.detail.item.sight is not Sight.FULL:
        return ()
    site = site_of(request)
    actions = [step.action for step in steps]
    return taps.rows(site.gateway.office, page, user_of(request).role, actions, site.language)


def certainty(confidence: float) -> str:
    """A confidence from 0 to 1 as the end of a text key: people read words faster than percentages."""
    return next(word for least, word in CERTAINTY if confidence >= least)


def _lost(tried: Tried | None, chosen: Step | None) -> Sequence[str]:
    """Words that somebody typed into a form that does not stand here any more."""
    if tried is None or chosen is not None:
        return ()
    written = ("explanation", "question", "note", "reason", "no_evidence_reason")
    return [tried.typed[name] for name in written if tried.typed.get(name)]


def _events(page: ComplaintPage, visibilities: frozenset[str]) -> Sequence[EventShown]:
    return [event for event in reversed(page.detail.events) if event.visibility in visibilities]


async def show_original(request: web.Request) -> web.StreamResponse:
    """The unmasked words, in this very answer only: an address that shows them must not exist."""
    site, user = site_of(request), user_of(request)
    page = await page_of(request)
    reason = posted(request).get("reason")
    try:
        found = await site.write(work.original, visit.scope(request), page.detail.row.number, reason, user.actor)
    except NotThere:
        raise web.HTTPNotFound from None
    except ActionRefused as refusal:
        if refusal.code == "wrong_role":
            raise web.HTTPNotFound from None
        words = site.texts("admin.complaint.original_reason", site.language)
        return render(request, page, Tried(Action.NOTE, problems={"original": words}))
    return render(request, page, originals=found)
