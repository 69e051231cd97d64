"""What every screen asks first: with whose eyes it looks, and what the deed before this page has to tell."""

import re
from urllib.parse import urlencode

from aiohttp import web

from gateway.queries.scope import Scope, scope_of
from gateway.web.site import site_of, user_of

DONE = "selesai"
HARMLESS = re.compile(r"[\w .,:/()&+-]{0,60}")
"""What a value of such a sentence may look like: anybody may write an address, nobody may write our sentences."""


def scope(request: web.Request) -> Scope:
    """The complaints that whoever is signed in may know of (SECURITY § 10)."""
    user = user_of(request)
    return scope_of(site_of(request).gateway.office, user.role, user.agency, str(user.account_id))


def done(path: str, deed: str, **values: object) -> web.HTTPSeeOther:
    """The page to go to after a form, with one sentence about what was done: raise it."""
    told = {DONE: deed, **{name: str(value) for name, value in values.items()}}
    return web.HTTPSeeOther(f"{path}{'&' if '?' in path else '?'}{urlencode(told)}")


def told(request: web.Request) -> str:
    """The sentence that `done` asked for; empty for any other word."""
    site, query = site_of(request), request.query
    key = f"admin.done.{query.get(DONE, '')}"
    if not site.texts.has(key):
        return ""
    given = {name: query.get(name, "") for name in site.texts.fill_ins(key)}
    values = {name: value if HARMLESS.fullmatch(value) else "" for name, value in given.items()}
    return site.texts(key, site.language, **values)
