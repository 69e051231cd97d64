"""A store on both kinds of database, filled by the test itself."""

from tests.gateway.conftest import (
    _office,
    _postgres_prepared,
    _sqlite_prepared,
    moment,
    office,
    postgres_url,
    rings,
    settings,
    sqlite_url,
    store,
)

__all__ = [
    "_office", "_postgres_prepared", "_sqlite_prepared", "moment", "office", "postgres_url", "rings", "settings",
    "sqlite_url", "store",
]  # fmt: skip
