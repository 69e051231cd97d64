"""`/admin/akun`: who may sign in, by which mandate and until when; a mandate is tied to an account here, or taken off it."""

from http import HTTPStatus

from aiohttp import web

from gateway.complaints.calendar import day_text
from gateway.dashboard import visit
from gateway.people import bindings
from gateway.people.bindings import Account, BindingRefused
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/akun"


async def listing(request: web.Request) -> web.StreamResponse:
    return pages.render(
        request,
        "accounts.html",
        accounts=await site_of(request).read(bindings.accounts),
        names=_names(request),
        day=day_text,
        told=visit.told(request),
    )


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def bind(request: web.Request) -> web.StreamResponse:
    site, member = site_of(request), posted(request).get("mandat")
    account = await _account(request)
    try:
        await site.write(bindings.bind, user_of(request).actor, account.id, bindings.id_of(member))
    except BindingRefused as refusal:
        return await _show(request, refusal.code, member)
    raise visit.done(SCREEN, "account_bound", nama=account.username)


async def unbind(request: web.Request) -> web.StreamResponse:
    account = await _account(request)
    try:
        await site_of(request).write(bindings.unbind, user_of(request).actor, account.id)
    except BindingRefused as refusal:
        return await _show(request, refusal.code)
    raise visit.done(SCREEN, "account_unbound", nama=account.username)


async def _account(request: web.Request) -> Account:
    wanted = bindings.id_of(request.match_info["id"])
    found = [one for one in await site_of(request).read(bindings.accounts) if one.id == wanted]
    if not found:
        raise web.HTTPNotFound
    return found[0]


async def _show(request: web.Request, refused: str = "", chosen: str = "") -> web.StreamResponse:
    site, user = site_of(request), user_of(request)
    account = await _account(request)
    return pages.render(
        request,
        "account.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        account=account,
        free=await site.read(bindings.bindable),
        may_edit=account.id != user.account_id and not account.disabled,
        names=_names(request),
        day=day_text,
        refused=refused,
        chosen=chosen,
        told=visit.told(request),
    )


def _names(request: web.Request) -> dict[str, str]:
    return {code: one.name for code, one in site_of(request).gateway.office.reference.agencies.items()}
