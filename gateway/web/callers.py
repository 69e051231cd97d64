"""Who calls the API: a token of the settings, or one that was made on a screen or by a command (gateway/people/tokens.py)."""

from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from gateway.complaints.complaint import Actor, Role
from gateway.office import Office
from gateway.people.directory import subtree
from gateway.people.tokens import Token, digest, scopes_of
from gateway.queries.scope import Scope, api_scope


@dataclass(frozen=True, slots=True)
class Caller:
    """A token that proved itself. It acts as a coordinator would; one that is bound to an agency as its liaison would.

    `key` is its own name among all, `networks` from where it may come (none: anywhere), `token` its row, 0 for one of
    the settings; `expires_at` None: never.
    """

    name: str
    scopes: frozenset[str]
    key: str
    agency: str = ""
    networks: tuple[str, ...] = ()
    token: int = 0
    expires_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor(Role.PENGHUBUNG if self.agency else Role.COORDINATOR, self.owner, self.agency, self.name)

    @property
    def owner(self) -> str:
        return f"api:{self.key}"[:40]

    def agencies(self, office: Office) -> frozenset[str] | None:
        """The agency it is bound to and what lies below; None: all."""
        return subtree(office, self.agency) if self.agency else None

    def scope(self, office: Office) -> Scope:
        """The complaints that exist for it."""
        return api_scope(office, self.agency)


def callers(settings: Settings) -> dict[str, Caller]:
    """Callers of the settings, by the hash of their token."""
    return {
        digest(table.token.reveal()): Caller(table.name, scopes_of(table.scopes), table.name)
        for table in settings.api.tokens
    }


def caller_of(token: Token) -> Caller:
    """The key begins with a sign that no name of the settings has, so that neither passes for the other."""
    return Caller(
        token.name,
        token.scopes,
        f"/{token.public_id}",
        token.agency,
        token.networks,
        token.id,
        token.expires_at,
    )
