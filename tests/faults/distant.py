"""A site whose PostgreSQL is at the other end of a line. Fixtures, to be imported by name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.intake import batching
from tests.faults.line import Line, line_to_postgres
from tests.web.conftest import OpenSite, Served


@dataclass
class Distant:
    """The site, its line, and the address of the database without the line."""

    site: Served
    line: Line
    url: str


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool is looked at often, so that no test waits for it."""
    monkeypatch.setattr(batching, "REPLAY_EVERY_S", 0.02)


@pytest.fixture
async def distant(_quick: None, postgres_url: str, open_site: OpenSite) -> AsyncIterator[Distant]:
    with line_to_postgres(postgres_url) as (line, through):
        site = await open_site(url=through)
        yield Distant(site, line, postgres_url)
        line.release()
        line.mend()
        site.gateway.store.close()
