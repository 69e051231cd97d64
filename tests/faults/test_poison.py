"""Payloads that break whoever reads them: put aside or cleaned, and whoever comes next does not notice."""

import json
import tracemalloc
from unicodedata import normalize

import pytest

from gateway.complaints.complaint import Role
from gateway.dashboard.menu import SCREENS
from gateway.intake import quarantine
from gateway.queries import complaint_export
from gateway.queries.complaint_export import COLUMNS, Exported
from gateway.queries.complaint_list import Filters
from gateway.queries.scope import scope_of
from gateway.reporting.export import csv_lines
from gateway.sealing import open_seal
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.faults.citizens import REPORT, SECRET, update
from tests.faults.looking import RECEIPT, count, rows
from tests.web.conftest import TOKEN, OpenSite, Served, open_site

__all__ = ["open_site"]

MIB = 1024 * 1024
HARMFUL = "\x00\x07\u202e\u2066\ufffe\ud83d"
PILE = "\u0301"
MOST_MEMORY = 64 * MIB


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    return await open_site()


async def post(at: Served, content: bytes) -> tuple[int, bytes]:
    answer = await at.client.post("/c/tg", data=content, headers=SECRET)
    return answer.status, await answer.read()


def figures(at: Served) -> list[int]:
    """Messages, complaints, receipts, calls in quarantine."""
    store = at.gateway.store
    found = [count(store, table) for table in (tables.message, tables.complaint)]
    return [*found, count(store, tables.outbox, RECEIPT), count(store, tables.quarantine)]


async def test_f70_a_torn_call_is_kept_byte_for_byte_and_the_next_one_of_the_same_citizen_is_taken(
    site: Served,
) -> None:
    torn = json.dumps(update(1)).encode()[:-30]
    assert await post(site, torn) == (200, b"")
    assert figures(site) == [0, 0, 0, 1]
    with site.tx() as tx:
        kept = quarantine.read(tx, rows(site.gateway.store, tables.quarantine)[0].id)
    assert kept is not None
    assert (kept.request.body, kept.received_at) == (torn, site.moment.now)
    assert await post(site, json.dumps(update(2)).encode()) == (200, b"")
    assert figures(site) == [1, 1, 1, 1]


async def test_f72_a_text_made_to_break_screens_is_stored_clean_and_its_raw_call_kept(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    words = f"{HARMFUL}{REPORT}{HARMFUL} di Jalan Melati{PILE * 9_000}"
    small = json.dumps(update(1, words)).encode()
    assert await post(site, small) == (200, b"")
    large = json.dumps(update(2, f"Sampah menumpuk {PILE * 170_000}{HARMFUL}", 78)).encode()
    assert len(large) > 0.97 * MIB
    assert await post(site, large) == (200, b"")
    assert figures(site) == [2, 2, 2, 0]
    first, second = rows(site.gateway.store, tables.complaint)
    assert first.text_masked == normalize("NFC", f"{REPORT} di Jalan Melati{PILE * 4}")
    assert second.text_masked == f"Sampah menumpuk {PILE * 4}"
    message = rows(site.gateway.store, tables.message)[0]
    key = site.gateway.office.keys.raw
    assert open_seal(key, bytes(message.raw_sealed), f"message:{message.id}:raw") == small
    for shown in await shown_everywhere(site, first.number):
        assert f"{REPORT} di Jalan Melat" in shown
        assert not set(HARMFUL) & set(shown)


async def shown_everywhere(site: Served, number: str) -> list[str]:
    """What screens, export and interface make of it."""
    await site.sign_in()
    desk = Desk(site)
    pages = [await desk.page(path) for path in ("/admin/aduan", f"/admin/aduan/{number}")]
    scope = scope_of(site.gateway.office, Role.COORDINATOR)
    with site.gateway.store.reading() as tx:
        exported = "".join(csv_lines(COLUMNS, complaint_export.rows(tx, scope, Filters(), Exported())))
    answer = await site.client.get(f"/api/v1/complaints/{number}", headers=TOKEN)
    return [*pages, exported, (await answer.json())["text"]]


# fmt: off
POISON = {
    "a number that no column holds": b'{"update_id": 99999999999999999999999, "message": {"message_id": 1}}',
    "ten thousand levels":           b'{"update_id": 1, "message": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "levels that never close":       b'{"a":' * 150_000,
    "no end of a number":            b'{"update_id": ' + b"9" * 900_000 + b"}",
    "not even text":                 b"\xff\xfe\x00" * 1_000,
}
# fmt: on


@pytest.mark.parametrize("name", POISON)
async def test_f73_a_monstrous_call_is_put_aside_with_little_memory(site: Served, name: str) -> None:
    await post(site, json.dumps(update(7)).encode())
    tracemalloc.start()
    try:
        assert await post(site, POISON[name]) == (200, b"")
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert figures(site) == [1, 1, 1, 1]


async def test_f73_of_a_key_that_stands_twice_the_last_counts_and_nothing_breaks(site: Served) -> None:
    twice = json.dumps(update(1)).replace('"update_id": 1', '"update_id": 5, "update_id": 1').encode()
    assert await post(site, twice) == (200, b"")
    assert await post(site, json.dumps(update(1)).encode()) == (200, b"")
    assert figures(site) == [1, 1, 1, 0]
