"""The link in a reminder by mail: a scanner that opens it changes nothing, one press of the mail program does (RFC 8058)."""

import pytest

from channels.messages import Address
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.queries import opt_outs
from gateway.storage import tables
from tests.web.conftest import OpenSite, Served

CHANNELS = """
[channels.surat]
kind = "email"
smtp_host = "127.0.0.1"
smtp_port = 1
security = "none"
from_address = "aduan@example.go.id"
"""
RINA = Address("mailto", "rina@example.test")


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    return await open_site(CHANNELS)


def reminded(site: Served, key: str = "st.remind") -> str:
    """A mail of this key is written and claimed; the path of the link that leaves with it."""
    with site.tx() as tx:
        person = contacts.ensure(tx, [RINA])[RINA]
        tx.flush()
        outbound.say(tx, person, "surat", [("Sudah sesuai?", ())], Said(key, once=key))
    with site.tx() as tx:
        (parcel,) = outbound.claim(tx, 10, 30.0, ["surat"])
        return parcel.message.unsubscribe_url.removeprefix(site.gateway.settings.server.public_url)


def is_out(site: Served) -> bool:
    with site.tx() as tx:
        person = contacts.ensure(tx, [RINA])[RINA]
        return opt_outs.since(tx, "surat", person.id) is not None


async def test_the_link_asks_and_one_press_stops(site: Served) -> None:
    path = reminded(site)
    assert path.startswith("/berhenti/surat.")
    opened = await site.client.get(path)
    assert opened.status == 200
    assert "Berhenti menerima pesan" in await opened.text()
    assert not is_out(site)
    for _ in range(2):  # a mail program may press twice
        pressed = await site.client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert pressed.status == 200
    assert is_out(site)
    with site.tx() as tx:
        rows = tx.execute(tables.audit.select().where(tables.audit.c.action == "opted_out")).all()
    assert len(rows) == 1


async def test_only_what_one_may_do_without_carries_the_link(site: Served) -> None:
    assert reminded(site, "st.answer") == ""


@pytest.mark.parametrize("change", [("surat.", "lain."), (".", ".A"), ("/berhenti/", "/berhenti/x")])
async def test_a_link_that_is_not_ours_stops_nothing(site: Served, change: tuple[str, str]) -> None:
    path = reminded(site).replace(*change)
    for answer in (await site.client.get(path), await site.client.post(path)):
        assert answer.status == 404
    assert not is_out(site)
