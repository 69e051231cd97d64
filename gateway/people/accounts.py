"""People who sign in: passwords (argon2id), a second factor, sessions kept and revoked on our side (SECURITY C22)."""

import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import ColumnElement, select

from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM, Actor, Role
from gateway.people import bindings
from gateway.people.bindings import Standing
from gateway.sealing import open_seal, seal
from gateway.storage import tables
from gateway.storage.store import Transaction

HASHER = PasswordHasher()
# Compared against when nobody has that name, so that the answer takes as long: of HASHER's own cost, and written down
# because making it would cost every process at its start a fifth of a second and 64 MiB.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$LUUDzwjfmaND7jzJ/mpOAQ$cO1R/L4FmHQJz+zD0SkWx4Sda9tDnnmu1lFNjkMBSNc"
FAILURES_BEFORE_LOCK = 5
LOCK = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
MIN_PASSWORD = 12
TOTP_STEP_S = 30
TOTP_MODULUS = 1_000_000
MUST_HAVE_SECOND_FACTOR = frozenset({Role.SYSTEM_ADMIN, Role.COORDINATOR, Role.PRIVACY_OFFICER})


class SignInRefused(Exception):
    def __init__(self, code: str, day: date | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.day = day


@dataclass(frozen=True, slots=True)
class SignIn:
    """`token` for the cookie, or `refused`: `wrong` (nobody learns what), `locked`, `code_needed`; to whoever proved who they
    are `not_begun` or `over` of a mandate, with its first or its last `day`."""

    token: str = ""
    refused: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """A password that was compared with what is kept for a name (`known`), and whether it fits."""

    known: str
    fits: bool


class AccountRefused(ValueError):
    """An account that cannot be made: the text says why."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sits behind a session; `csrf` must come with every form."""

    account_id: int
    username: str
    name: str
    role: Role
    agency: str
    csrf: str
    token_hash: str

    @property
    def actor(self) -> Actor:
        return Actor(self.role, str(self.account_id), self.agency, self.name or self.username)


def add(tx: Transaction, username: str, password: str, role: Role, name: str = "", agency: str = "") -> int:
    """Make an account; AccountRefused when the name is taken or the password too short."""
    if len(password) < MIN_PASSWORD:
        raise AccountRefused(f"the password needs at least {MIN_PASSWORD} characters")
    identity = tx.new_id()
    row = {
        "id": identity,
        "username": username.lower(),
        "name": name,
        "role": role.value,
        "agency": agency,
        "password_hash": HASHER.hash(password),
        "created_at": tx.now,
    }
    if not tx.insert_new(tables.account, [row], "id", key=("username",)):
        raise AccountRefused(f"there is an account '{username}' already")
    audit.record(tx, SYSTEM, "account_added", "account", str(identity), details={"role": role.value})
    return identity


def bootstrap(tx: Transaction) -> None:
    """The account of the settings, at the first start."""
    given = tx.office.settings.accounts.bootstrap
    account = tables.account
    if given.username and tx.one(select(account.c.id).limit(1)) is None:
        add(tx, given.username, given.password.reveal(), Role(given.role))


def known_of(tx: Transaction, username: str) -> str:
    """What a password for this name is to be compared with; of a name that nobody has something that never fits."""
    account = tables.account
    row = tx.one(select(account.c.password_hash).where(_named(username)))
    return str(row.password_hash) if row else NOBODY


def compare(known: str, password: str) -> Proof:
    """Slow on purpose (argon2id), so never inside a transaction: messages would wait behind every sign-in."""
    try:
        return Proof(known, HASHER.verify(known, password))
    except (VerifyMismatchError, InvalidHashError):
        return Proof(known, fits=False)


def sign_in(tx: Transaction, username: str, proof: Proof, code: str = "") -> SignIn:
    """A new session, or why not. A refusal is recorded too, so it is a value: the transaction must commit."""
    try:
        return SignIn(token=_sign_in(tx, username, proof, code))
    except SignInRefused as refusal:
        return SignIn(refused=refusal.code, day=refusal.day)


def _named(username: str) -> ColumnElement[bool]:
    account = tables.account
    return (account.c.username == username.lower()) & account.c.disabled_at.is_(None)


def _sign_in(tx: Transaction, username: str, proof: Proof, code: str) -> str:
    account = tables.account
    # Locked: guesses that come all at once are counted one by one, and a code of the second factor fits once.
    row = tx.one(select(account).where(_named(username)).with_for_update())
    # Compared with what is kept now: a password that was changed a moment ago opens nothing.
    if row is None or not proof.fits or row.password_hash != proof.known:
        _failed(tx, row)
        raise SignInRefused("wrong")
    if row.locked_until and row.locked_until > tx.now:
        raise SignInRefused("locked")
    if row.totp_sealed:
        _check_code(tx, row, code)
    tx.execute(account.update().where(account.c.id == row.id).values(failures=0, locked_until=None))
    _check_mandate(tx, row)
    token = secrets.token_urlsafe(32)
    tx.insert(
        tables.account_session,
        token_hash=_session_hash(tx, token),
        account_id=row.id,
        csrf=secrets.token_urlsafe(32),
        created_at=tx.now,
        seen_at=tx.now,
    )
    audit.record(tx, Actor(Role(row.role), str(row.id), row.agency), "signed_in", "account", str(row.id))
    return token


def _check_mandate(tx: Transaction, row: Any) -> None:
    standing, mandate = bindings.standing(tx, row.member_id)
    if standing in bindings.SHUT:
        audit.record(tx, SYSTEM, "sign_in_failed", "account", str(row.id), "mandate", {"member": row.member_id})
        begins = mandate.valid_from if mandate and standing is Standing.NOT_BEGUN else None
        ended = mandate.valid_to if mandate else None
        raise SignInRefused(standing.value, begins or ended or tx.today)


def _failed(tx: Transaction, row: object) -> None:
    account = tables.account
    if row is None:
        audit.record(tx, SYSTEM, "sign_in_failed")
        return
    failures = row.failures + 1  # type: ignore[attr-defined]
    locked = tx.now + LOCK if failures % FAILURES_BEFORE_LOCK == 0 else None
    values = {"failures": failures} | ({"locked_until": locked} if locked else {})
    tx.execute(account.update().where(account.c.id == row.id).values(**values))  # type: ignore[attr-defined]
    audit.record(tx, SYSTEM, "sign_in_failed", "account", str(row.id), details={"failures": failures})  # type: ignore[attr-defined]


def session(tx: Transaction, token: str) -> SignedIn | None:
    """Who this cookie belongs to; None when it is unknown, idle too long, too old, revoked, or the mandate does not last."""
    table, account, settings = tables.account_session, tables.account, tx.office.settings.accounts
    member = tables.agency_member
    digest = _session_hash(tx, token)
    row = tx.one(
        select(table, account.c.username, account.c.name, account.c.role, account.c.agency)
        .join(account, account.c.id == table.c.account_id)
        .outerjoin(member, member.c.id == account.c.member_id)
        .where(table.c.token_hash == digest, table.c.revoked_at.is_(None), account.c.disabled_at.is_(None))
        .where(bindings.lets_in(tx.today))
    )
    if row is None:
        return None
    idle = tx.now - row.seen_at > timedelta(seconds=settings.session_idle_s)
    if idle or tx.now - row.created_at > timedelta(hours=settings.session_hours):
        return None
    return SignedIn(row.account_id, row.username, row.name, Role(row.role), row.agency, row.csrf, digest)


def shut_out(tx: Transaction, token: str) -> tuple[Standing, bool]:
    """Why a cookie that was good opens nothing: NOT_BEGUN or OVER of its mandate; FREE where that is not the reason.

    And whether its session is still to be ended.
    """
    table, account = tables.account_session, tables.account
    row = tx.one(
        select(account.c.member_id, table.c.revoked_at)
        .join(table, table.c.account_id == account.c.id)
        .where(table.c.token_hash == _session_hash(tx, token), account.c.disabled_at.is_(None))
    )
    standing = bindings.standing(tx, row.member_id)[0] if row else Standing.FREE
    return (standing, row.revoked_at is None) if row and standing in bindings.SHUT else (Standing.FREE, False)


def seen(tx: Transaction, who: SignedIn) -> None:
    """Keep a session alive; written at most once a minute."""
    table = tables.account_session
    old = (table.c.token_hash == who.token_hash) & (table.c.seen_at < tx.now - SEEN_EVERY)
    tx.execute(table.update().where(old).values(seen_at=tx.now))


def sign_out(tx: Transaction, who: SignedIn) -> None:
    table = tables.account_session
    tx.execute(table.update().where(table.c.token_hash == who.token_hash).values(revoked_at=tx.now))
    audit.record(tx, who.actor, "signed_out", "account", str(who.account_id))


def _session_hash(tx: Transaction, token: str) -> str:
    return hmac.new(tx.office.keys.session, token.encode(), hashlib.sha256).hexdigest()


def new_second_factor(tx: Transaction, account_id: int) -> bytes:
    """A fresh TOTP secret (RFC 6238), in force at once; the old one is void."""
    secret, account = secrets.token_bytes(20), tables.account
    sealed = seal(tx.office.keys.vault, secret, f"account:{account_id}:totp")
    tx.execute(account.update().where(account.c.id == account_id).values(totp_sealed=sealed, totp_last=0))
    return secret


def _check_code(tx: Transaction, row: object, code: str) -> None:
    if not code:
        raise SignInRefused("code_needed")
    secret = open_seal(tx.office.keys.vault, bytes(row.totp_sealed), f"account:{row.id}:totp")  # type: ignore[attr-defined]
    step = int(tx.now.timestamp()) // TOTP_STEP_S
    # The neighbours forgive a clock that is half a minute off; a step that was used does not count again.
    given = code.strip().encode()
    fits = [near for near in (step - 1, step, step + 1) if hmac.compare_digest(totp(secret, near).encode(), given)]
    if not fits or fits[0] <= row.totp_last:  # type: ignore[attr-defined]
        _failed(tx, row)
        raise SignInRefused("wrong")
    account = tables.account
    tx.execute(account.update().where(account.c.id == row.id).values(totp_last=fits[0]))  # type: ignore[attr-defined]


def totp(secret: bytes, step: int) -> str:
    """Six digits for a time step (RFC 4226 truncation)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % TOTP_MODULUS:06d}"
