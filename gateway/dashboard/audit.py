"""`/admin/audit`: the newest lines of the chain, and whether the chain is whole."""

from typing import Any

from aiohttp import web

from gateway.audit import audit, checkpoints
from gateway.audit.audit import Verdict
from gateway.complaints.complaint import Role
from gateway.complaints.inputs import whole_number
from gateway.dashboard.words import deed_words, named
from gateway.queries import audit_log
from gateway.web import pages
from gateway.web.site import Site, site_of, user_of

OWN_ONLY = frozenset({Role.COORDINATOR})
"""Who sees what they did themselves (SECURITY § 10)."""
FAMILIES = ("label.action.", "admin.audit.did.")
"""Beginnings of the keys that name what may stand in the record."""
VERIFIERS = frozenset({Role.PRIVACY_OFFICER, Role.SYSTEM_ADMIN})


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def verify(request: web.Request) -> web.StreamResponse:
    """Walk the whole chain; as long as that takes, nobody else waits."""
    return await _show(request, await site_of(request).read(_verdict))


def _verdict(tx: Any) -> Verdict:
    return audit.verify(tx, checkpoints.known(tx))


async def _show(request: web.Request, verdict: Verdict | None = None) -> web.StreamResponse:
    site, user, query = site_of(request), user_of(request), request.query
    own = str(user.account_id) if user.role in OWN_ONLY else ""
    action = query.get("aksi", "")[:40]
    start = whole_number(query.get("kursor", ""), 2**63 - 1)
    rows = await site.read(audit_log.listed, max(start, 0), own, action)
    return pages.render(
        request,
        "audit.html",
        rows=rows,
        own=bool(own),
        action=action,
        actions=_actions(site, action),
        did=deed_words(request),
        object_words=named(request, "audit.object"),
        verdict=verdict,
        may_verify=user.role in VERIFIERS,
        following=rows[-1].seq if len(rows) == audit_log.PAGE else 0,
    )


def _actions(site: Site, chosen: str) -> list[tuple[str, str]]:
    """(code, words) of what can be looked for, by its words; a code without words as it is."""
    keys = site.texts.keys()
    found = {key.rpartition(".")[2]: site.texts(key, site.language) for key in keys if key.startswith(FAMILIES)}
    if chosen:
        found.setdefault(chosen, chosen)
    return sorted(found.items(), key=lambda pair: pair[1])
