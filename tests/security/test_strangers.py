"""Strangers at the doors of citizens: guessing codes, borrowed names, recycled numbers, replays, floods, forgeries."""

import asyncio
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from gateway.complaints.number import format_number
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.record import tracking
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, count, opened, receive, rows
from tests.plans import statements
from tests.web.conftest import OpenSite, Served
from tests.web.test_webhooks import FORGED, SMS, TELEGRAM

Sends = Callable[..., Arrival]
NUMBER, CODE = "KBR-260000013", "48219037"
GUESSES = 10_000
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def said(store: Store) -> list[str]:
    """Texts that wait to be sent, oldest first; they are taken out."""
    found: list[str] = []
    with store.transaction() as tx:
        while parcels := outbound.claim(tx, 50, 60):
            found += [parcel.message.text for parcel in parcels]
            outbound.settle(tx, [outbound.Outcome(p.id, p.fence, outbound.DeliveryStatus.SENT) for p in parcels])
    return found


# ---- C11: number and code


@ONLY_SQLITE
def test_c11_ten_thousand_guesses_from_a_thousand_places_hit_nothing(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    """Two days of guessing at one number, at its neighbours and at what never was; the right code is among the guesses."""
    opened(store, telegram(REPORT))
    hits, asked = 0, 0
    targets = [NUMBER, *(format_number("KBR", 2026, sequence) for sequence in range(2, 11))]
    while asked < GUESSES:
        moment.pass_(minutes=85)
        with store.transaction() as tx:
            for guess in range(500):
                # Once a ticket is locked the right code is no better than a wrong one.
                code = CODE if asked >= GUESSES // 2 and guess >= 300 and moment.now.hour % 2 else f"{guess:08}"
                hits += tracking.find(tx, targets[guess % 10], code, f"source {asked % 1000}").row is not None
                asked += 1
    assert (hits, asked) == (0, GUESSES)
    assert count(store, tables.attempt, tables.attempt.c.subject == "all") <= 200 * 29


LOOKED_AFTER = ("notice_rule", "text_version")


def asked_for(store: Store, number: str, code: str, source: str) -> list[str]:
    """What the database is asked while one guess is answered; not what every process looks after every few seconds."""
    with statements(store) as asked, store.transaction() as tx:
        tracking.find(tx, number, code, source)
    return [statement for statement, _ in asked if not any(table in statement for table in LOOKED_AFTER)]


def test_c11_a_number_that_never_was_is_as_much_work_as_a_wrong_code(store: Store, telegram: Sends) -> None:
    """No clock tells them apart either: the same statements, the same comparison."""
    opened(store, telegram(REPORT))
    asked_for(store, NUMBER, "00000001", "warm")
    known = asked_for(store, NUMBER, "00000002", "satu")
    unknown = asked_for(store, format_number("KBR", 2026, 999), "00000002", "dua")
    assert known == unknown
    assert len(known) > 3


# ---- C12: whose address it is


def test_c12_a_borrowed_name_opens_nothing(store: Store, telegram: Sends) -> None:
    """A user name is given up and taken by somebody else; the account's number is what counts."""
    opened(store, telegram(REPORT, sender="77", display_name="Budi Santoso"))
    said(store)
    receive(store, telegram("STATUS", sender="78", display_name="Budi Santoso"))
    receive(store, telegram(f"STATUS {NUMBER}", sender="78", display_name="Budi Santoso"))
    stranger = " | ".join(said(store))
    assert REPORT[:20] not in stranger
    assert "Diterima" not in stranger
    receive(store, telegram("STATUS", sender="77", display_name="Nama Lain"))
    assert NUMBER in " ".join(said(store))


def test_c12_an_address_that_was_silent_for_half_a_year_is_asked_for_the_code(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    opened(store, telegram(REPORT))
    said(store)
    moment.pass_(days=179)
    receive(store, telegram(f"STATUS {NUMBER}"))
    assert NUMBER in " ".join(said(store))
    moment.pass_(days=181)
    receive(store, telegram(f"STATUS {NUMBER}"))
    (asked,) = said(store)
    assert "kode" in asked.casefold()
    assert "Diterima" not in asked
    receive(store, telegram(f"STATUS {NUMBER} {CODE}"))
    assert NUMBER in " ".join(said(store)), "with the code it is shown"


# ---- C14, C15, F65, F68: calls of providers


def table_sizes(site: Served) -> dict[str, int]:
    with site.tx() as tx:
        counted = {
            table.name: tx.one(select(func.count()).select_from(table)) for table in tables.metadata.sorted_tables
        }
    return {name: int(row[0]) for name, row in counted.items() if row}


async def test_f65_a_forged_call_leaves_no_row_and_no_word_in_the_log(site: Served) -> None:
    before = table_sizes(site)
    with capture_logs() as lines:
        for method, path in FORGED:
            body = b'{"text": "kanari-forged", "sender": "+6281299000999"}' if method == "POST" else None
            answer = await site.client.request(method, f"{path}&x=kanari-forged" if "?" in path else path, data=body)
            assert (answer.status, await answer.read()) == (403, b"")
    assert table_sizes(site) == before
    assert {line["event"] for line in lines} <= {"call_forged"}
    assert len(lines) >= 3
    assert "kanari" not in repr(lines)
    assert "6281299000999" not in repr(lines)
    assert sum(site.site.counters.forged.values()) == len(FORGED)


async def test_f68_a_flood_of_forged_receipts_changes_nothing_and_stops_nobody(site: Served) -> None:
    """A thousand forgeries beside real messages: every real one is taken, no state moves, the log has one line."""
    real = [f"{SMS}&id=r-{number}&text={quote(f'Lampu jalan nomor {number} mati')}" for number in range(30)]
    assert (await site.client.get(f"{SMS}&id=first&text={quote(REPORT)}")).status == 200
    with site.tx() as tx:
        states = tx.all(select(tables.outbox.c.id, tables.outbox.c.state).order_by(tables.outbox.c.id))
    assert states

    async def call(path: str) -> int:
        async with site.client.get(path) as answer:
            return answer.status

    with capture_logs() as lines:
        flood = asyncio.gather(*(call(f"/c/sms/status?token=wrong&m=ob_{number}&d=1") for number in range(1_000)))
        taken = await asyncio.gather(*map(call, real))
        refused = await flood
    assert set(taken) == {200}
    assert set(refused) == {403}
    assert [line["event"] for line in lines].count("call_forged") == 1
    with site.tx() as tx:
        assert tx.one(select(func.count()).select_from(tables.delivery_report)) == (0,)
        after = tx.all(select(tables.outbox.c.id, tables.outbox.c.state).order_by(tables.outbox.c.id))
        messages = tx.one(select(func.count()).select_from(tables.message))
    assert set(states) <= set(after)
    assert messages == (31,)


async def test_c15_a_call_of_last_year_has_no_effect_any_more(open_site: OpenSite, moment: Moment) -> None:
    site = await open_site()
    person = {"id": 77, "is_bot": False, "first_name": "Warga"}
    message = {
        "message_id": 5,
        "date": 1763859600,
        "from": person,
        "chat": {**person, "type": "private"},
        "text": REPORT,
    }
    body = json.dumps({"update_id": 901, "message": message}).encode()
    calls = [("POST", "/c/tg", body, TELEGRAM), ("GET", f"{SMS}&id=old-1&text={quote(REPORT)}", None, {})]
    for method, path, content, headers in calls:
        assert (await site.client.request(method, path, data=content, headers=headers)).status == 200
    before = table_sizes(site)
    moment.pass_(days=365)
    for method, path, content, headers in calls:
        for _ in range(3):
            assert (await site.client.request(method, path, data=content, headers=headers)).status == 200
    assert table_sizes(site) == before


# ---- C16: many at once


@ONLY_SQLITE
def test_c16_a_flood_is_held_and_never_dropped_and_others_are_not_delayed(store: Store, telegram: Sends) -> None:
    """One sender with a hundred texts, thirty senders with one text: held for a person; a neighbour is answered at once."""
    for number in range(100):
        receive(store, telegram(f"Teks iklan nomor {number} dengan isi yang selalu lain sama sekali", sender="66"))
    for number in range(30):
        receive(
            store,
            telegram("Pesan berantai: bagikan kepada sepuluh teman Anda sekarang juga", sender=str(5000 + number)),
        )
    said(store)
    receive(store, telegram(REPORT, sender="77"))
    assert any(NUMBER[:4] in text for text in said(store))
    everything = rows(store, tables.complaint)
    messages = count(store, tables.message)
    assert messages == 131, "nothing is lost"
    held = [row for row in everything if row.hold == "flood"]
    assert len(held) >= 9
    assert [row.hold for row in everything if row.text_masked.startswith(REPORT[:20])] == ["none"]
