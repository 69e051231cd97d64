"""How somebody can report, as citizens read it: one way per configured channel that takes messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from channels.phone import phone_address
from channels.registry import Channel
from gateway.web.site import Site

FORM = "web_form"
# Kind of channel -> word of the texts (`way.<word>`) and where a tap on it leads; {own} is its number, name or address,
# {digits} the number with its country and without a plus.
WORDS: Mapping[str, tuple[str, str]] = {
    "telegram": ("telegram", "https://t.me/{own}"),
    **dict.fromkeys(("kannel", "jasmin", "smpp", "gammu", "http_sms"), ("sms", "sms:{own}")),
    "ussd_http": ("ussd", "tel:{own}"),
    "whatsapp": ("whatsapp", "https://wa.me/{digits}"),
    "email": ("email", "mailto:{own}"),
    "messenger": ("messenger", "https://{own}"),
}
NOT_SHOWN = frozenset({FORM, "sandbox"})


@dataclass(frozen=True, slots=True)
class Way:
    """`word` is part of text keys; `own` the number or name to write to, `href` empty where nothing can be tapped."""

    word: str
    own: str
    href: str
    kind: str


def ways(site: Site) -> tuple[Way, ...]:
    """The ways beside the form, in the order of the settings, none of them twice."""
    channels = [channel for channel in site.gateway.office.channels.values() if _is_open(channel)]
    menus = [code for channel in channels if (code := getattr(channel.settings, "ussd_code", ""))]
    found = [*map(_way, channels), *(Way("ussd", code, _address("tel:{own}", code), "ussd_http") for code in menus)]
    return tuple(dict.fromkeys(found))


def form_channel(site: Site) -> Channel | None:
    """The channel behind `/lapor`; None where none is configured."""
    return next((channel for channel in site.gateway.office.channels.values() if channel.kind == FORM), None)


def _is_open(channel: Channel) -> bool:
    takes = channel.receiver is not None or channel.listener is not None
    return takes and channel.kind not in NOT_SHOWN


def _way(channel: Channel) -> Way:
    word, address = WORDS.get(channel.kind, ("other", ""))
    own = channel.own.lstrip("@")
    # A service code holds # and *, which mean something else in an address.
    digits = phone_address(own)[0].path.lstrip("+") if "{digits}" in address else ""
    href = _address(address, own, digits) if own and address else ""
    return Way(word, own, href, channel.kind)


def _address(pattern: str, own: str, digits: str = "") -> str:
    return pattern.format(own=quote(own, safe="+*@.-_"), digits=digits)
