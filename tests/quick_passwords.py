"""Passwords that are compared at once. Comparing one costs a tenth of a second and 64 MiB on purpose, which
tests/gateway/test_accounts.py proves; a thousand tests sign in and prove something else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from argon2 import PasswordHasher

from gateway.people import accounts
from gateway.storage import tables
from gateway.storage.store import Transaction

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Within the block; `hurry` the accounts that were made before it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "HASHER", QUICK)
        patch.setattr(accounts, "NOBODY", hashed("nobody signs in with this"))
        yield


def hurry(tx: Transaction, username: str, password: str) -> None:
    account = tables.account
    tx.execute(account.update().where(account.c.username == username).values(password_hash=hashed(password)))


@cache
def hashed(password: str) -> str:
    return QUICK.hash(password)
