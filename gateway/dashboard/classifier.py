"""`/admin/mutu/pengklasifikasi`: how good the classifier is by what people decided, whether messages change, and which version serves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from gateway.complaints.certainty import Bin
from gateway.complaints.classification import BUILTIN
from gateway.dashboard import visit
from gateway.dashboard.diagrams import Dot, dots, heat, lines
from gateway.dashboard.menu import MODEL_CHOOSERS
from gateway.desk import corrections
from gateway.operations import classifiers
from gateway.operations.classifiers import AlreadyInUse, NoSuchModel
from gateway.queries import learning
from gateway.record import automatic
from gateway.record.rulings import HOLD, SENSITIVE, TAPPED, TASKS, TOPIC
from gateway.web import pages
from gateway.web.site import Site, posted, site_of, user_of

SCREEN = "/admin/mutu/pengklasifikasi"
JUDGED = (*TASKS, *TAPPED, HOLD)
Choose = Callable[..., None]
# Last part of the address -> (what it does, the sentence that tells it).
DEEDS: Mapping[str, tuple[Choose, str]] = {
    "pakai": (classifiers.use, "model_used"),
    "bayangan": (classifiers.shadow, "model_shadowed"),
}


async def show(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    task = request.query.get("tugas", TOPIC)
    task = task if task in JUDGED else TOPIC
    found = await site.read(learning.quality, visit.scope(request), task)
    weeks = await site.read(learning.weeks)
    versions = await site.read(classifiers.listed)
    used = next((one for one in versions if one.state == classifiers.USE and one.task == TOPIC), None)
    return pages.render(
        request,
        "classifier.html",
        task=task,
        tasks=JUDGED,
        is_tapped=task in TAPPED,
        is_secret=task == SENSITIVE,
        is_hold=task == HOLD,
        found=found,
        cells=heat(found.confusion),
        dots=_dots(found.bins),
        weeks=weeks,
        sure=lines([week.sure for week in weeks]),
        unknown=lines([week.unknown for week in weeks]),
        baseline=used.card.get("baseline", {}) if used else {},
        moved=learning.shifted(weeks[-1], weeks[:-1]) if weeks else (),
        called=_called(site, task),
        versions=versions,
        in_use="+".join(sorted(one.name for one in versions if one.state == classifiers.USE)) or BUILTIN,
        builtin=BUILTIN,
        standing=await site.read(automatic.standing),
        least=site.gateway.settings.triage.auto_assign_min_confidence,
        wanted=site.gateway.settings.triage.auto_assign_precision,
        may_choose=user_of(request).role in MODEL_CHOOSERS,
        names=_names(site),
        told=visit.told(request),
    )


async def show_card(request: web.Request) -> web.StreamResponse:
    """`…/model/<versi>`: what a version was learned from, how good it was on texts that it had not seen, and its limits."""
    site = site_of(request)
    try:
        version = await site.read(classifiers.version, request.match_info["id"])
    except NoSuchModel:
        raise web.HTTPNotFound from None
    told = version.card["validated"]
    confusion = {(label, said): many for label, said, many in told["confusion"]}
    return pages.render(
        request,
        "classifier_card.html",
        version=version,
        card=version.card,
        told=told,
        classes=sorted(told["per_class"]),
        cells=heat(confusion),
        confusion=confusion,
        dots=_dots([Bin(*one) for one in told["bins"]]),
        names=_names(site),
        may_choose=user_of(request).role in MODEL_CHOOSERS,
    )


async def choose(request: web.Request) -> web.StreamResponse:
    """`POST …/versi/<aksi>`: put a version to use, into the shadow, or go back to the built-in one."""
    site, name = site_of(request), posted(request).get("versi")
    deed = DEEDS.get(request.match_info["aksi"])
    if deed is None:
        raise web.HTTPNotFound
    carry_out, told = deed
    try:
        await site.write(carry_out, name, user_of(request).actor)
    except NoSuchModel:
        raise web.HTTPNotFound from None
    except AlreadyInUse:
        raise visit.done(SCREEN, "model_in_use") from None
    raise visit.done(SCREEN, told, versi=name)


async def switch_on(request: web.Request) -> web.StreamResponse:
    """`POST …/nyalakan`: automatic assignment goes on."""
    await site_of(request).write(automatic.switch_on, user_of(request).actor)
    raise visit.done(SCREEN, "automatic_on")


def _dots(bins: Sequence[Bin]) -> Sequence[Dot]:
    return dots([(one.stated, one.right, one.many) for one in bins])


def _called(site: Site, task: str) -> Callable[[str], str]:
    """The name of a class of this task."""
    if task in TASKS:
        return _names(site)
    office, language = site.gateway.office, site.language
    others = site.texts("classifier.others", language)
    return lambda code: others if code == learning.OTHERS else corrections.named(office, task, code, language)


def _names(site: Site) -> Callable[[str], str]:
    """The name of a topic, an agency or a kind; the code where nobody named it."""
    reference = site.gateway.office.reference
    known: dict[str, Any] = {**reference.out_of_authority, **reference.agencies, **reference.topics}

    def name(code: str) -> str:
        if code == learning.OTHERS:
            return site.texts("classifier.others", site.language)
        key = f"label.kind.{code}"
        if code in known:
            return str(known[code].name)
        return site.texts(key, site.language) if site.texts.has(key) else code

    return name
