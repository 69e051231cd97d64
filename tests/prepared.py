"""What tests of several folders stand on: a prepared store with time and chance in the test's hand, a served site, a desk.

A conftest that says `from tests.prepared import *` offers them all; where each is made stands in the imports below.
"""

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
    "_office", "_postgres_prepared", "_sqlite_prepared", "desk", "moment", "office", "open_site", "postgres_url", "rings",
    "settings", "site", "sms", "sqlite_url", "store", "telegram",
]  # fmt: skip
