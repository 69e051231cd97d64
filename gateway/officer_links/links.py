"""What lets an officer act from outside: page links and button rows. Random, kept only as hashes, revocable.

A link is bound to one member and one complaint; looking at it never acts (SECURITY C13, CASEWORK 11).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from gateway.complaints.complaint import Action
from gateway.storage import tables
from gateway.storage.store import Transaction

TOKEN_BYTES = 32
BUTTON_BYTES = 16
VALID_DAYS = 14
BUTTON_PREFIX = "a:"


class Press(StrEnum):
    """What a button below one of our questions means; no action of the life cycle has these words."""

    YES = "yes"
    CHANGE = "change"
    DROP = "drop"
    UNPROVEN = "unproven"


PRESSES = frozenset(Press)


@dataclass(frozen=True, slots=True)
class OfficerLink:
    """A valid link or button: who may act, on what; `action` only for a button."""

    complaint_id: int
    member_id: int
    action: Action | Press | None = None
    token_hash: str = ""
    used_at: datetime | None = None
    """When the button was carried out."""

    @property
    def used(self) -> bool:
        return self.used_at is not None


def issue_page(tx: Transaction, complaint_id: int, member_id: int) -> str:
    """The address of a page where this member can work on this complaint."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.insert(
        tables.page_link,
        token_hash=tx.office.keys.token_hash(token),
        complaint_id=complaint_id,
        member_id=member_id,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=VALID_DAYS),
    )
    return f"{tx.office.settings.server.public_url}/p/{token}"


def issue_button(tx: Transaction, complaint_id: int, member_id: int, action: Action | Press) -> str:
    """Callback data (`a:` and 22 characters) for one action of this member on this complaint."""
    identity = secrets.token_urlsafe(BUTTON_BYTES)
    tx.insert(
        tables.officer_action,
        id_hash=tx.office.keys.token_hash(identity),
        complaint_id=complaint_id,
        member_id=member_id,
        action=action.value,
        created_at=tx.now,
    )
    return BUTTON_PREFIX + identity


def read_page(tx: Transaction, token: str) -> OfficerLink | None:
    """None for a token that never was, expired or was revoked: nobody learns which."""
    link, digest = tables.page_link, tx.office.keys.token_hash(token)
    valid = (link.c.token_hash == digest) & link.c.revoked_at.is_(None) & (link.c.expires_at > tx.now)
    row = tx.one(select(link).where(valid))
    return OfficerLink(row.complaint_id, row.member_id, token_hash=digest) if row else None


def read_button(tx: Transaction, data: str) -> OfficerLink | None:
    button, digest = tables.officer_action, tx.office.keys.token_hash(data.removeprefix(BUTTON_PREFIX))
    row = tx.one(select(button).where(button.c.id_hash == digest, button.c.revoked_at.is_(None)))
    if row is None:
        return None
    action = Press(row.action) if row.action in PRESSES else Action(row.action)
    return OfficerLink(row.complaint_id, row.member_id, action, digest, row.used_at)


def mark_used(tx: Transaction, link: OfficerLink) -> None:
    """It was carried out: whoever presses it again reads so, though its question is over."""
    button = tables.officer_action
    values = {"used_at": tx.now, "revoked_at": None}
    tx.execute(button.update().where(button.c.id_hash == link.token_hash).values(**values))


def revoke_presses(tx: Transaction, complaint_id: int, member_id: int) -> None:
    """The question has changed: a button below what was asked before must not agree to what is asked now."""
    button = tables.officer_action
    mine = (button.c.complaint_id == complaint_id) & (button.c.member_id == member_id)
    unused = mine & button.c.action.in_(PRESSES) & button.c.used_at.is_(None) & button.c.revoked_at.is_(None)
    tx.execute(button.update().where(unused).values(revoked_at=tx.now))


def revoked_since(tx: Transaction, complaint_id: int, moment: datetime) -> bool:
    """Whether what was handed out for this complaint at that moment works no more, for it moved since."""
    link = tables.page_link
    gone = (link.c.complaint_id == complaint_id) & (link.c.created_at <= moment) & (link.c.revoked_at >= moment)
    return tx.one(select(link.c.token_hash).where(gone).limit(1)) is not None


def revoke(tx: Transaction, complaint_id: int) -> None:
    """The complaint moved to somebody else or left us: nothing handed out for it works any more."""
    for table in (tables.page_link, tables.officer_action, tables.officer_code):
        mine = (table.c.complaint_id == complaint_id) & table.c.revoked_at.is_(None)
        tx.execute(table.update().where(mine).values(revoked_at=tx.now))
