"""The controls of docs/security.md are proven on what other tests stand on: a prepared store, a served site, a desk."""

from tests.dashboard.conftest import desk
from tests.gateway.conftest import (
    _office,
    _postgres_prepared,
    _sqlite_prepared,
    moment,
    office,
    postgres_url,
    rings,
    settings,
    sms,
    sqlite_url,
    store,
    telegram,
)
from tests.web.conftest import open_site, site

__all__ = [
    "_office",
    "_postgres_prepared",
    "_sqlite_prepared",
    "desk",
    "moment",
    "office",
    "open_site",
    "postgres_url",
    "rings",
    "settings",
    "site",
    "sms",
    "sqlite_url",
    "store",
    "telegram",
]
