"""Tokens by which other programs call the API: made once, shown once, kept as a hash, bounded, revoked (docs/api.md § 1)."""

import hashlib
import re
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.storage import tables
from gateway.storage.store import Transaction

SHORT_FORMS: Mapping[str, frozenset[str]] = {
    "read": frozenset({"complaints:read", "channels:read", "reports:read"}),
    "write": frozenset({"complaints:create", "complaints:act"}),
}
OPEN311_CREATE, WEBHOOKS_MANAGE = "open311:create", "webhooks:manage"
SCOPES = (*sorted(SHORT_FORMS["read"] | SHORT_FORMS["write"]), OPEN311_CREATE, WEBHOOKS_MANAGE)
"""All that a token can be given."""
LOOKS = re.compile(r"spt_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")
USUAL_DAYS, MOST_DAYS = 365, 730
LEAST_NAME, LONGEST_NAME, LONGEST_OWNER = 2, 40, 120


class TokenRefused(ValueError):
    """Nothing was made. `code` is the end of a text key, `field` what it is about."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(f"{field}: {code}")
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class NewToken:
    """`owner`: who answers for it. `agency`: it sees that agency and what lies below; empty: everything. `networks`: from
    where it may come; none: from anywhere."""

    name: str
    owner: str
    scopes: Sequence[str]
    agency: str = ""
    networks: Sequence[str] = ()
    days: int = USUAL_DAYS


@dataclass(frozen=True, slots=True)
class Token:
    """A token as screens and calls know it. `last_used_at` is at most a minute behind."""

    id: int
    public_id: str
    name: str
    owner: str
    scopes: frozenset[str]
    agency: str
    networks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.state(now) == "good"

    def state(self, now: datetime) -> str:
        """`good`, `revoked` or `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if now < self.expires_at else "expired"


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def make(tx: Transaction, new: NewToken, actor: Actor) -> tuple[Token, str]:
    """A new token, and what its owner must keep: nobody can be shown it again. TokenRefused when something is wrong."""
    _check(tx, new)
    alphabet = string.ascii_lowercase + string.digits
    public_id = "".join(secrets.choice(alphabet) for _ in range(8))
    token = f"spt_{public_id}_{secrets.token_urlsafe(32)}"
    kept = digest(token)
    row = {
        "id": tx.new_id(),
        "public_id": public_id,
        "token_hash": kept,
        "name": new.name.strip(),
        "owner": new.owner.strip(),
        "scopes": sorted(scopes_of(new.scopes)),
        "agency": new.agency,
        "networks": list(new.networks),
        "created_at": tx.now,
        "created_by": actor.id[:60],
        "expires_at": tx.now + timedelta(days=new.days),
    }
    tx.insert(tables.api_token, **row)
    details = {"scopes": row["scopes"], "agency": new.agency, "days": new.days}
    audit.record(tx, actor, "token_made", "api_token", public_id, details=details)
    made = by_digest(tx, kept)
    assert made is not None  # noqa: S101 - written above
    return made, token


def scopes_of(given: Sequence[str]) -> frozenset[str]:
    """Short forms spelled out."""
    return frozenset(scope for one in given for scope in SHORT_FORMS.get(one, frozenset({one})))


def _check(tx: Transaction, new: NewToken) -> None:
    if not LEAST_NAME <= len(new.name.strip()) <= LONGEST_NAME:
        raise TokenRefused("name", "name")
    if not LEAST_NAME <= len(new.owner.strip()) <= LONGEST_OWNER:
        raise TokenRefused("owner", "owner")
    if not new.scopes or not scopes_of(new.scopes) <= set(SCOPES):
        raise TokenRefused("scopes", "scopes")
    if new.agency and new.agency not in tx.office.reference.agencies:
        raise TokenRefused("agency", "agency")
    if not 1 <= new.days <= MOST_DAYS:
        raise TokenRefused("days", "days")
    for network in new.networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise TokenRefused("networks", "networks") from None


def by_digest(tx: Transaction, found: str) -> Token | None:
    """Whatever became of it; whether it is good is for the caller to ask."""
    token = tables.api_token
    row = tx.one(select(token).where(token.c.token_hash == found))
    return _token(row) if row else None


def listed(tx: Transaction) -> list[Token]:
    """All of them, the newest first."""
    token = tables.api_token
    return [_token(row) for row in tx.all(select(token).order_by(token.c.id.desc()))]


def revoke(tx: Transaction, public_id: str, actor: Actor) -> bool:
    """Nobody gets in by it any more; False when there is none that is still good."""
    token = tables.api_token
    mine = (token.c.public_id == public_id) & token.c.revoked_at.is_(None)
    if tx.execute(token.update().where(mine).values(revoked_at=tx.now)).rowcount != 1:
        return False
    audit.record(tx, actor, "token_revoked", "api_token", public_id)
    return True


def used(tx: Transaction, identity: int) -> None:
    token = tables.api_token
    tx.execute(token.update().where(token.c.id == identity).values(last_used_at=tx.now))


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        public_id=row.public_id,
        name=row.name,
        owner=row.owner,
        scopes=frozenset(row.scopes),
        agency=row.agency,
        networks=tuple(row.networks),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
