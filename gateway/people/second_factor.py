"""The second factor of an account: offered, proven once, then in force (SECURITY C22; RFC 6238)."""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

from sqlalchemy import select

from gateway.audit import audit
from gateway.people.accounts import TOTP_STEP_S, SignedIn, totp
from gateway.sealing import seal
from gateway.storage import tables
from gateway.storage.store import Transaction

SECRET_BYTES = 20


def is_missing(tx: Transaction, account_id: int) -> bool:
    account = tables.account
    row = tx.one(select(account.c.totp_sealed).where(account.c.id == account_id))
    return row is None or row.totp_sealed is None


def new_secret() -> str:
    """Base 32, as authenticators want it typed."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def address(secret: str, username: str, issuer: str) -> str:
    """What the QR code says: `otpauth://totp/…`."""
    label = quote(f"{issuer}:{username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def enrol(tx: Transaction, who: SignedIn, secret: str, code: str) -> bool:
    """Put a secret in force once its owner has shown that their device knows it.

    False when the code does not fit, and when there is a second factor already: whoever steals a session must not be
    able to replace it.
    """
    try:
        key = base64.b32decode(secret)
    except ValueError:
        return False
    step = int(tx.now.timestamp()) // TOTP_STEP_S
    given = code.strip().encode()
    fits = [near for near in (step - 1, step, step + 1) if hmac.compare_digest(totp(key, near).encode(), given)]
    if len(key) != SECRET_BYTES or not fits or not is_missing(tx, who.account_id):
        return False
    account = tables.account
    # Bound to the row as `gateway.people.accounts` opens it; the step that was shown here does not sign anybody in again.
    sealed = seal(tx.office.keys.vault, key, f"account:{who.account_id}:totp")
    mine = account.c.id == who.account_id
    tx.execute(account.update().where(mine).values(totp_sealed=sealed, totp_last=fits[0]))
    audit.record(tx, who.actor, "second_factor_enrolled", "account", str(who.account_id))
    return True
