"""Pages: one environment of templates, and what each of them may use without being given it.

`render(request, "name.html", …)` is all that a screen calls. Templates stand in gateway/web/templates and
gateway/dashboard/templates; base.html lists what they can rely on.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup

from config.reference import GlossaryTerm
from gateway.app import Gateway
from gateway.complaints.complaint import Role
from gateway.web import formats, forms
from gateway.web.compiled import CompiledTemplates
from gateway.web.routes import Route
from gateway.web.site import HEARD, REQUEST_ID, ROUTE, USER, Site, site_of

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEMPLATES = (HERE / "templates", HERE.parent / "dashboard" / "templates")
VERSION_CHARACTERS = 12
NO_HEADERS: Mapping[str, str] = {}
COMPILED = CompiledTemplates()
TERMS = web.AppKey("terms", Mapping[str, GlossaryTerm])


def set_up(app: web.Application, gateway: Gateway) -> None:
    """Give the application its environment of templates; every value in them is escaped unless it is Markup."""
    calendar = gateway.office.calendar
    terms = gateway.office.reference.glossary.terms
    app[TERMS] = {entry.term.casefold(): entry for entry in terms if entry.is_approved}
    filters: dict[str, Callable[..., str]] = {
        "moment": lambda moment: formats.moment_markup(moment, calendar),
        "exact": lambda moment: formats.exact_markup(moment, calendar),
        "day": lambda moment: formats.day_markup(moment, calendar),
        "number": formats.number_text,
        "age": formats.age_text,
    }
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        bytecode_cache=COMPILED,
        filters=filters,
    )


def render(
    request: web.Request, template: str, *, status: int = 200, headers: Mapping[str, str] = NO_HEADERS, **values: Any
) -> web.Response:
    """A page. `values` are what the template shows; texts, user, menu, form field and formats are there by themselves."""
    page = aiohttp_jinja2.render_string(template, request, {**_given(request), **values})
    response = web.Response(text=page, status=status, content_type="text/html", charset="utf-8", headers=headers)
    forms.keep_nonce(request, response)
    return response


def _given(request: web.Request) -> dict[str, Any]:
    site = site_of(request)
    settings, office = site.gateway.settings, site.gateway.office
    language, now = site.language, office.now()
    user = request.get(USER)
    menu = menu_of(site, user.role) if user else ()

    def t(key: str, **fill_ins: object) -> str:
        return office.texts(key, language, **fill_ins)

    return {
        "t": t,
        "term": _Terms(request.app[TERMS]),
        "language": language,
        "government": settings.government.name,
        "training": settings.training.enabled,
        "user": user,
        "menu": parts_of(menu),
        "menu_at": menu_at(menu, request.path),
        "here": request.path,
        "page_url": f"{settings.server.public_url}{request.rel_url.raw_path_qs}",
        "static": site.static,
        "now": now,
        "made_at": formats.clock_text(now, office.calendar),
        "heard": request.get(HEARD, ""),
        "request_id": request.get(REQUEST_ID, ""),
        "csrf_field": lambda: _csrf_field(request),
        "title_key": request[ROUTE].title if ROUTE in request else "",
    }


def _csrf_field(request: web.Request) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(forms.FIELD, forms.form_token(request))


def menu_of(site: Site, role: Role) -> tuple[Route, ...]:
    """The screens that stand in the menu of a role, in the order of the table."""
    return tuple(route for route in site.routes if route.title and route.roles and role in route.roles)


@dataclass(frozen=True, slots=True)
class Part:
    """Screens that stand together in the menu; those that stand alone are a part without a `name`."""

    name: str
    screens: tuple[Route, ...]

    @property
    def is_folded(self) -> bool:
        """Behind its name where there is room for one row only; one screen hides behind nothing."""
        return len(self.screens) > 1


def parts_of(screens: Sequence[Route]) -> tuple[Part, ...]:
    """The menu in its order; each part where its first screen stands."""
    found: dict[str, list[Route]] = {}
    for screen in screens:
        found.setdefault(screen.part or screen.path, []).append(screen)
    return tuple(Part(of[0].part, tuple(of)) for of in found.values())


def menu_at(screens: Sequence[Route], path: str) -> str:
    """The screen of the menu on which this address lies: the longest that it begins with."""
    fitting = [screen.path for screen in screens if path == screen.path or path.startswith(f"{screen.path}/")]
    return max(fitting, key=len, default="")


class _Terms:
    """`term("Disposisi")` in a template: the first time on a page a link to the glossary, then the plain word."""

    def __init__(self, approved: Mapping[str, GlossaryTerm]) -> None:
        self._approved = approved
        self._linked: set[str] = set()

    def __call__(self, word: str) -> Markup | str:
        entry = self._approved.get(word.casefold())
        if entry is None or entry.id in self._linked:
            return word
        self._linked.add(entry.id)
        link = Markup('<a class="istilah" href="/istilah/{}" title="{}">{}</a>')
        return link.format(entry.id, entry.definition, word)


def static_addresses() -> dict[str, str]:
    """Each static file with the hash of its content in the address: caches keep it for ever and never a stale one."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_CHARACTERS]
        found[path.name] = f"/static/{path.name}?v={digest}"
    return found
