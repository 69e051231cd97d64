"""Names of things that have no label of their own: kinds of messages, reasons of quarantine, codes of providers."""

from collections.abc import Callable

from aiohttp import web

from gateway.web.site import site_of


def named(request: web.Request, family: str, fallback: str = "") -> Callable[[str], str]:
    """`f(code)`: the text `admin.<family>.<code>`; for a code without one `fallback`, a text key, or the code itself."""
    site = site_of(request)

    def name(code: str) -> str:
        key = f"admin.{family}.{code.replace('.', '_')}"
        if site.texts.has(key):
            return site.texts(key, site.language)
        return site.texts(fallback, site.language) if fallback else code

    return name


def message_words(request: web.Request) -> Callable[[str, str], str]:
    """`f(direction, what)`: what passed through a channel, as `channel_history.Passed` tells it."""
    came, left = named(request, "inbound", "admin.inbound.other"), named(request, "notice", "admin.notice.other")
    return lambda direction, what: came(what) if direction == "in" else left(what)


def event_words(request: web.Request) -> Callable[[str], str]:
    """`f(action)`: what happened, for a history; the code where nobody named it."""
    return _action_or(request, "event")


def deed_words(request: web.Request) -> Callable[[str], str]:
    """`f(code)`: what a line of the audit record tells."""
    return _action_or(request, "audit.did")


def _action_or(request: web.Request, family: str) -> Callable[[str], str]:
    """The label of an action of the life cycle, for all else a text of this family."""
    site, own = site_of(request), named(request, family)
    return lambda code: (
        site.texts(f"label.action.{code}", site.language) if site.texts.has(f"label.action.{code}") else own(code)
    )


def field_words(request: web.Request) -> Callable[[str, str], str]:
    """`f(own, general)`: the label of a field, in the words of its action where it has some."""
    site = site_of(request)

    def label(own: str, general: str) -> str:
        key = f"admin.field.{own}"
        return site.texts(key if site.texts.has(key) else f"admin.field.{general}", site.language)

    return label
