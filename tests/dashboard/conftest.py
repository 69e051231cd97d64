"""The screens of staff on a running site, with complaints and messages in it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape

import pytest
from aiohttp import ClientResponse

from channels.messages import Address, InboundMessage, RawRequest
from gateway.complaints.complaint import Role
from gateway.dashboard.menu import SCREENS
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from tests.web.conftest import OpenSite, Served, _office, _sqlite_prepared, moment, open_site, sqlite_url

__all__ = ["_office", "_sqlite_prepared", "moment", "open_site", "sqlite_url"]

Visit = Callable[[str], Awaitable[str]]
TAGS = re.compile(r"<[^>]+>")


@dataclass(repr=False)  # see Served
class Desk:
    """A site with screens, and somebody in front of it."""

    served: Served
    count: int = 900

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.served.client.get(path)
        text = await answer.text()
        assert answer.status == status, (path, answer.status, words(text)[:600])
        return text

    async def words(self, path: str, status: int = 200) -> str:
        return words(await self.page(path, status))

    async def press(self, path: str, /, on: str = "", **fields: object) -> ClientResponse:
        """Send the form with this address, as it stands on the page `on` (default: the same address)."""
        token = await self.served.token_of(on or path)
        given = [("_csrf", token)]
        for name, value in fields.items():
            given += [(name, str(one)) for one in (value if isinstance(value, list | tuple) else [value])]
        return await self.served.client.post(path, data=given, allow_redirects=False)

    async def done(self, path: str, /, on: str = "", **fields: object) -> str:
        """Send a form that must succeed; the words of the page that it leads to."""
        answer = await self.press(path, on, **fields)
        assert answer.status == 303, (answer.status, words(await answer.text())[:800])
        return await self.words(answer.headers["Location"])

    async def become(self, role: Role, agency: str = "") -> None:
        await self.served.as_user(role, agency)

    def report(self, text: str, sender: str = "77", channel: str = "tg") -> str:
        """Somebody writes; the number of the complaint."""
        self.count += 1
        now = self.served.moment.now
        scheme = "tel" if sender.startswith("+") else "tg"
        message = InboundMessage(f"t:{self.count}", Address(scheme, sender), text)
        with self.served.tx() as tx:
            intake.receive(tx, [Arrival(channel, [message], RawRequest("POST", body=b"{}"), now)])
        with self.served.tx() as tx:
            newest = tables.complaint.select().order_by(tables.complaint.c.id.desc()).limit(1)
            row = tx.one(newest)
        assert row is not None
        return str(row.number)


def words(page: str) -> str:
    """What a person reads on a page."""
    return " ".join(unescape(TAGS.sub(" ", page)).split())


@pytest.fixture
async def desk(open_site: OpenSite) -> Desk:
    """The coordinator's desk."""
    served = await open_site(screens=SCREENS)
    await served.sign_in()
    return Desk(served)
