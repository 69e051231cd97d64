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
