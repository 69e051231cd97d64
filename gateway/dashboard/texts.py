"""`/admin/teks`: the words of notices and answers; see them as they will be read, word them anew, go back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.inputs import whole_number
from gateway.dashboard import visit
from gateway.notices import rewording, text_rules
from gateway.notices.rewording import SHIPPED, TextRefused, Wish
from gateway.notices.text_rules import Problem, Rules
from gateway.web import pages
from gateway.web.posted import Posted
from gateway.web.site import Site, posted, site_of, user_of

SCREEN = "/admin/teks"
SEE = "lihat"
"""Value of the button that shows the text without keeping it."""
NO_PROBLEMS: Mapping[str, Sequence[Problem]] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """A text as the list shows it; `version` of the office's own words, 0 for those of the product."""

    key: str
    words: str
    version: int


async def listing(request: web.Request) -> web.StreamResponse:
    site, query = site_of(request), request.query
    area = query["area"] if query.get("area") in text_rules.AREAS else text_rules.AREAS[0]
    language = _language(site, query.get("bahasa", ""))
    sought = query.get("q", "").casefold().strip()[:60]
    found = {name: _found(site, name, language, sought) for name in text_rules.AREAS}
    groups = {name: [row for row in found[area] if text_rules.group_of(row.key) == name] for name in text_rules.GROUPS}
    return pages.render(
        request,
        "texts.html",
        groups={name: rows for name, rows in groups.items() if rows},
        area=area,
        counts={name: len(rows) for name, rows in found.items()},
        chosen=language,
        languages=[(one, site.texts(f"admin.text.languages.{one}", site.language)) for one in site.texts.languages],
        sought=sought,
        told=visit.told(request),
    )


def _found(site: Site, area: str, language: str, sought: str) -> list[Row]:
    """The texts of an area whose key or words hold what is sought, in the order of their file."""
    texts = site.texts
    rows = [
        Row(key, texts.words(key, language)[0], texts.version(key, language) or SHIPPED)
        for key in text_rules.keys(area)
    ]
    return [row for row in rows if sought in row.key or sought in row.words.casefold()]


async def show(request: web.Request) -> web.StreamResponse:
    key, language = _place(request, request.query.get("bahasa", ""))
    return await _show(request, key, language)


async def save(request: web.Request) -> web.StreamResponse:
    """Show what was written, or keep it."""
    form = posted(request)
    key, language = _place(request, form.get("bahasa"))
    if form.get("tombol") == SEE:
        return await _show(request, key, language, form)
    try:
        version = await site_of(request).write(rewording.reword, _wish(form, key, language), user_of(request).actor)
    except TextRefused as refusal:
        return await _show(request, key, language, form, refusal.problems)
    raise visit.done(f"{SCREEN}/{key}?bahasa={language}", "text_changed", n=version)


async def restore(request: web.Request) -> web.StreamResponse:
    form = posted(request)
    key, language = _place(request, form.get("bahasa"))
    version = whole_number(form.get("versi"))
    wish = _wish(form, key, language)
    try:
        new = await site_of(request).write(rewording.restore, wish, version, user_of(request).actor)
    except TextRefused as refusal:
        return await _show(request, key, language, form, refusal.problems)
    raise visit.done(f"{SCREEN}/{key}?bahasa={language}", "text_changed", n=new)


def _wish(form: Posted, key: str, language: str) -> Wish:
    return Wish(key, language, form.get("text"), form.get("reason"), whole_number(form.get("terlihat")))


def _place(request: web.Request, language: str) -> tuple[str, str]:
    key: str = request.match_info["kunci"]
    if not text_rules.area_of(key):
        raise web.HTTPNotFound
    return key, _language(site_of(request), language)


def _language(site: Site, wanted: str) -> str:
    return wanted if wanted in site.texts.languages else site.texts.languages[0]


async def _show(
    request: web.Request,
    key: str,
    language: str,
    form: Posted | None = None,
    refused: Mapping[str, Sequence[Problem]] = NO_PROBLEMS,
) -> web.StreamResponse:
    site = site_of(request)
    rules = rewording.rules_of(site.gateway.office)
    history = await site.read(rewording.history, key, language)
    product = rules.shipped.words(key, language)[0]
    current = next((one.text or product for one in history), product)
    text = text_rules.tidied(form.get("text") if form and form.get("text") else current)[: rewording.MOST_CHARACTERS]
    wrong = text_rules.problems(key, language, text, rules)
    problems = _sentences(site, {"text": wrong, **refused} if wrong else refused)
    return pages.render(
        request,
        "text.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        key=key,
        chosen=language,
        area=text_rules.area_of(key),
        text=text,
        reason=form.get("reason") if form else "",
        product=product,
        history=history,
        seen=history[0].version if history else SHIPPED,
        is_own=bool(history) and history[0].text is not None,
        fill_ins=_fill_ins(rules, key),
        shown=text_rules.shown(key, language, text, rules) if not _is_broken(wrong) else {},
        problems=problems,
        told=visit.told(request),
    )


def _is_broken(wrong: Sequence[Problem]) -> bool:
    """It cannot even be filled in."""
    return any(problem.code in {"empty", "unknown_fill_in"} for problem in wrong)


def _fill_ins(rules: Rules, key: str) -> list[tuple[str, str, bool]]:
    """(name, sample, whether it must stay) of each."""
    names = sorted(rules.shipped.fill_ins(key))
    return [
        (name, text_rules.sample(name, text_rules.A_DAY_TEXT, rules.public_url), name not in text_rules.MAY_GO)
        for name in names
    ]


def _sentences(site: Site, found: Mapping[str, Sequence[Problem]]) -> dict[str, str]:
    def said(problem: Problem) -> str:
        return site.texts(f"admin.text.problem.{problem.code}", site.language, apa=problem.what)

    return {field: " ".join(said(problem) for problem in problems) for field, problems in found.items()}
