"""How we prove to a provider who we are, by its table: what goes into headers and the address, and where tokens are given out."""

import base64
import re
from collections.abc import Callable

from channels.oauth import Grant
from channels.sms.http_sms.settings import OutboundAuth
from config.settings import SettingsError

ORIGIN = re.compile(r"https?://[^/?#{}\s]+(?=[/?]|$)")
Secrets = Callable[[str, str], str]
"""What a reference means; the second is where it stands, for the error."""


def auth_headers(auth: OutboundAuth, secret: Secrets, where: str) -> dict[str, str]:
    """Templates of headers."""
    match auth.kind:
        case "basic":
            login = f"{auth.username}:{secret(auth.password, f'{where}.password')}".encode()
            return {"Authorization": f"Basic {base64.b64encode(login).decode()}"}
        case "bearer":
            return {"Authorization": f"Bearer {plain(secret(auth.token, f'{where}.token'))}"}
        case "header":
            needed(auth.name, f"{where}.name")
            return {auth.name: plain(secret(auth.value, f"{where}.value"))}
        case _:
            return {}


def auth_query(auth: OutboundAuth, where: str) -> dict[str, str]:
    """Templates of parameters of the address."""
    if auth.kind != "query":
        return {}
    needed(auth.name, f"{where}.name")
    kind, colon, name = auth.value.partition(":")
    if not colon or kind != "secret":
        raise SettingsError(f"{where}.value", "must be secret:NAME, of the channel's secrets")
    return {auth.name: f"{{secret.{name}}}"}


def grant_of(auth: OutboundAuth, secret: Secrets, where: str, *, plain_http: bool) -> Grant | None:
    """How tokens are asked for; None where something else proves who we are."""
    if auth.kind != "oauth2_client":
        return None
    if not ORIGIN.match(auth.token_url) or (auth.token_url.startswith("http://") and not plain_http):
        raise SettingsError(f"{where}.token_url", "must begin with https:// and a host")
    needed(auth.client_id, f"{where}.client_id")
    said = {
        "grant_type": "client_credentials",
        "client_id": auth.client_id,
        "client_secret": secret(auth.client_secret, f"{where}.client_secret"),
    }
    return Grant(auth.token_url, said | ({"scope": auth.scope} if auth.scope else {}))


def address_of(url: str, where: str, *, plain_http: bool) -> str:
    """The URL, when its host is fixed and it is encrypted. SettingsError else."""
    if not ORIGIN.match(url):
        raise SettingsError(where, "must begin with https:// and a host without placeholders")
    if url.startswith("http://") and not plain_http:
        raise SettingsError(where, "must begin with https:// (http only with allow_private = true)")
    return url


def plain(text: str) -> str:
    """A text that stands for itself in a template."""
    return text.replace("{", "{{").replace("}", "}}")


def needed(value: object, where: str) -> None:
    if not value:
        raise SettingsError(where, "is missing")
