"""Accounts that belong to a mandate: from 00:00 after its last day, and before its first, nobody is let in by them.

Source: SECURITY § 10 (mandate end = access end at 00:00), CASEWORK 6.4. An account without a mandate, as coordinators and
administrators have, is not asked for one. Whoever is on leave keeps their mandate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from gateway.audit import audit
from gateway.complaints.complaint import OFFICERS, SYSTEM, Actor, Role
from gateway.people import directory
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text


class Standing(StrEnum):
    FREE = "free"
    """Bound to no mandate."""
    HOLDS = "holds"
    NOT_BEGUN = "not_begun"
    OVER = "over"


SHUT = frozenset({Standing.NOT_BEGUN, Standing.OVER})


class BindingRefused(ValueError):
    """`code`: no_account, own, no_mandate, over, taken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Mandate:
    """The place of somebody in a team; `valid_to` is its last day, whoever ended it."""

    member_id: int
    agency: str
    role: Role
    person: str
    decree: str
    valid_from: date | None
    valid_to: date | None
    ended: bool

    @property
    def key(self) -> str:
        """The id as it stands in forms."""
        return id_text(self.member_id)

    def standing(self, on: date) -> Standing:
        if self.ended or (self.valid_to is not None and self.valid_to < on):
            return Standing.OVER
        return Standing.NOT_BEGUN if self.valid_from is not None and self.valid_from > on else Standing.HOLDS


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, as the screen shows them; `open_sessions` may be idle."""

    id: int
    username: str
    name: str
    role: Role
    agency: str
    disabled: bool
    mandate: Mandate | None
    standing: Standing
    open_sessions: int

    @property
    def key(self) -> str:
        """The id as it stands in addresses."""
        return id_text(self.id)

    @property
    def is_officer(self) -> bool:
        return self.role in OFFICERS


def id_of(text: str) -> int:
    """The id of an account or a mandate from an address or a form; 0, which nobody has, for anything else."""
    return id_number(text) or 0


def lets_in(on: date) -> ColumnElement[bool]:
    """Of `account` joined outwards with `agency_member`: those that somebody may use on this day."""
    account, member = tables.account, tables.agency_member
    return or_(account.c.member_id.is_(None), and_(member.c.id.is_not(None), directory.in_office(on)))


def of(tx: Transaction, member_id: int | None) -> Mandate | None:
    member = tables.agency_member
    row = tx.one(select(member).where(member.c.id == member_id)) if member_id is not None else None
    return _mandate(tx, row) if row else None


def _mandate(tx: Transaction, row: Any) -> Mandate:
    last = row.valid_to
    if row.ended_at is not None:
        ended_on = tx.office.calendar.today(row.ended_at)
        last = min(last, ended_on) if last else ended_on
    ended = row.ended_at is not None
    return Mandate(row.id, row.agency, Role(row.role), row.person, row.sk_no, row.valid_from, last, ended)


def standing(tx: Transaction, member_id: int | None) -> tuple[Standing, Mandate | None]:
    """How an account with this binding stands today."""
    if member_id is None:
        return Standing.FREE, None
    mandate = of(tx, member_id)
    return (mandate.standing(tx.today), mandate) if mandate else (Standing.OVER, None)


def bind(tx: Transaction, actor: Actor, account_id: int, member_id: int) -> Mandate:
    """From now on this account is good for as long as that mandate; BindingRefused says why it cannot be.

    An officer's account takes over office and role of the mandate, others keep their role; sessions begin anew.
    """
    row, mandate = _account(tx, actor, account_id), of(tx, member_id)
    if mandate is None:
        raise BindingRefused("no_mandate")
    if mandate.standing(tx.today) is Standing.OVER:
        raise BindingRefused("over")
    _check_free(tx, account_id, member_id)
    account = tables.account
    post = {"role": mandate.role.value, "agency": mandate.agency} if Role(row.role) in OFFICERS else {}
    tx.execute(account.update().where(account.c.id == account_id).values(member_id=member_id, **post))
    details = {"member": member_id, "before": row.member_id, **post}
    audit.record(tx, actor, "account_bound", "account", str(account_id), details=details)
    _end_sessions(tx, account_id)
    return mandate


def _check_free(tx: Transaction, account_id: int, member_id: int | None) -> None:
    """BindingRefused `taken`: one mandate is one account's. Two at the same moment wait for each other."""
    if member_id is None:
        return
    tx.take_turns("mandate_bound")
    account = tables.account
    others = (account.c.member_id == member_id) & (account.c.id != account_id) & account.c.disabled_at.is_(None)
    if tx.one(select(account.c.id).where(others)) is not None:
        raise BindingRefused("taken")


def unbind(tx: Transaction, actor: Actor, account_id: int) -> None:
    """The account is asked for no mandate any more. Of an officer whose mandate is over: refused, they would be back."""
    row = _account(tx, actor, account_id)
    if row.member_id is None:
        return
    if Role(row.role) in OFFICERS and standing(tx, row.member_id)[0] in SHUT:
        raise BindingRefused("over")
    account = tables.account
    tx.execute(account.update().where(account.c.id == account_id).values(member_id=None))
    audit.record(tx, actor, "account_unbound", "account", str(account_id), details={"member": row.member_id})


def disable(tx: Transaction, actor: Actor, account_id: int) -> int:
    """Nobody signs in by it any more, and its sessions end at once; how many those were. What it did stays."""
    _account(tx, actor, account_id)
    account = tables.account
    tx.execute(account.update().where(account.c.id == account_id).values(disabled_at=tx.now))
    many = _end_sessions(tx, account_id)
    audit.record(tx, actor, "account_disabled", "account", str(account_id), details={"sessions": many})
    return many


def enable(tx: Transaction, actor: Actor, account_id: int) -> None:
    """It is good again, with the password and the second factor it had. Not one whose owner was forgotten meanwhile.

    BindingRefused `taken`: its mandate was given to another account meanwhile.
    """
    account = tables.account
    row = tx.one(select(account).where(account.c.id == account_id).with_for_update())
    if row is None or row.forgotten_at is not None:
        raise BindingRefused("no_account")
    if actor.id == str(account_id):
        raise BindingRefused("own")
    if row.disabled_at is None:
        return
    _check_free(tx, account_id, row.member_id)
    values = {"disabled_at": None, "failures": 0, "locked_until": None}
    tx.execute(account.update().where(account.c.id == account_id).values(**values))
    audit.record(tx, actor, "account_enabled", "account", str(account_id))


def _account(tx: Transaction, actor: Actor, account_id: int) -> Any:
    """Locked: two who bind at once would overwrite each other. Nobody prolongs their own access."""
    account = tables.account
    row = tx.one(select(account).where(account.c.id == account_id, account.c.disabled_at.is_(None)).with_for_update())
    if row is None:
        raise BindingRefused("no_account")
    if actor.id == str(account_id):
        raise BindingRefused("own")
    return row


def _end_sessions(tx: Transaction, account_id: int) -> int:
    session = tables.account_session
    theirs = (session.c.account_id == account_id) & session.c.revoked_at.is_(None)
    return tx.execute(session.update().where(theirs).values(revoked_at=tx.now)).rowcount


def end_sessions(tx: Transaction) -> int:
    """End what is still open of accounts whose mandate does not last today; how many accounts that were."""
    account, member, session = tables.account, tables.agency_member, tables.account_session
    found = (
        select(account.c.id, account.c.role, account.c.agency, account.c.member_id)
        .join(session, session.c.account_id == account.c.id)
        .outerjoin(member, member.c.id == account.c.member_id)
        .where(session.c.revoked_at.is_(None), ~lets_in(tx.today))
        .distinct()
    )
    shut = tx.all(found.order_by(account.c.id))
    for row in shut:
        details = {"member": row.member_id, "sessions": _end_sessions(tx, row.id)}
        audit.record(tx, SYSTEM, "sessions_ended", "account", str(row.id), "mandate", details)
    return len(shut)


def accounts(tx: Transaction) -> list[Account]:
    """Everybody who may sign in or might again, those that nobody can use first, then by name."""
    account, member, session = tables.account, tables.agency_member, tables.account_session
    mandates = {
        row.id: _mandate(tx, row) for row in tx.all(select(member).join(account, account.c.member_id == member.c.id))
    }
    since = select(session.c.account_id).where(session.c.revoked_at.is_(None))
    sessions: dict[int, int] = {}
    for row in tx.all(since):
        sessions[row.account_id] = sessions.get(row.account_id, 0) + 1
    found = [
        _shown(tx, row, mandates.get(row.member_id), sessions.get(row.id, 0))
        for row in tx.all(select(account).order_by(account.c.username))
    ]
    return sorted(found, key=lambda one: (one.disabled, one.standing not in SHUT))


def _shown(tx: Transaction, row: Any, mandate: Mandate | None, sessions: int) -> Account:
    free = Standing.FREE if row.member_id is None else Standing.OVER
    stands = mandate.standing(tx.today) if mandate else free
    is_disabled = row.disabled_at is not None
    return Account(row.id, row.username, row.name, Role(row.role), row.agency, is_disabled, mandate, stands, sessions)


def bindable(tx: Transaction) -> Sequence[Mandate]:
    """Mandates that are not over and belong to no account, by office and name."""
    account, member = tables.account, tables.agency_member
    bound = select(account.c.member_id).where(account.c.member_id.is_not(None), account.c.disabled_at.is_(None))
    free = member.c.id.not_in(bound) & member.c.ended_at.is_(None)
    rows = tx.all(select(member).where(free).order_by(member.c.agency, member.c.role, member.c.person))
    found = [_mandate(tx, row) for row in rows]
    return [one for one in found if one.standing(tx.today) is not Standing.OVER]
