"""Tokens of the API as the settings name them: who holds each, and what it may do."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from config.settings import ApiToken, Settings
from gateway.complaints.complaint import Actor, Role

SHORT_FORMS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"complaints:read", "channels:read", "reports:read"}),
    "write": frozenset({"complaints:create", "complaints:act"}),
}
OPEN311_CREATE = "open311:create"
SCOPES = frozenset({*SHORT_FORMS["read"], *SHORT_FORMS["write"], OPEN311_CREATE})


@dataclass(frozen=True, slots=True)
class Caller:
    """A token that proved itself. It acts as a coordinator would: whoever sets it in the settings gives it that trust."""

    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> Actor:
        return Actor(Role.COORDINATOR, self.owner, "", self.name)

    @property
    def owner(self) -> str:
        return f"api:{self.name}"[:40]


def callers(settings: Settings) -> dict[str, Caller]:
    """Callers by the SHA-256 of their token."""
    return {digest(table.token.reveal()): Caller(table.name, _scopes(table)) for table in settings.api.tokens}


def _scopes(table: ApiToken) -> frozenset[str]:
    return frozenset(scope for given in table.scopes for scope in SHORT_FORMS.get(given, frozenset({given})))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
