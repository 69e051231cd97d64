"""`/c/<name>`: what a provider is answered, and what is kept when."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from gateway.storage import tables
from gateway.storage.types import id_text
from gateway.web.counters import exposition
from tests.web.conftest import OpenSite, Served

SMS = "/c/sms?token=test-sms-token-0123456789&from=%2B6281200000001&to=1708&ts=1763859600&coding=0"
USSD = "/c/ussd?token=test-ussd-token-0123456789"
TELEGRAM = {"X-Telegram-Bot-Api-Secret-Token": "test-webhook-secret"}
REPORT = "Lampu jalan di gang kami mati sudah tiga malam"


def sms(text: str = REPORT, identity: str = "a-1") -> str:
    return f"{SMS}&id={identity}&text={quote(text)}"


def rows(site: Served, table: str) -> int:
    with site.tx() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
        return int(row[0]) if row else -1


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a duration."""
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def test_a_message_is_acknowledged_when_it_is_a_complaint(site: Served) -> None:
    answer = await site.client.get(sms())
    assert (answer.status, await answer.read()) == (200, b"")
    assert rows(site, "complaint") == 1


async def test_f03_the_same_call_again_gets_the_same_success_and_makes_no_second_row(site: Served) -> None:
    for _ in range(3):
        assert (await site.client.get(sms())).status == 200
    assert (rows(site, "message"), rows(site, "complaint")) == (1, 1)


async def test_a_posted_update_is_taken(site: Served) -> None:
    person = {"id": 77, "is_bot": False, "first_name": "Warga"}
    chat = {"id": 77, "type": "private", "first_name": "Warga"}
    update = {
        "update_id": 901,
        "message": {"message_id": 5, "date": 1763859600, "from": person, "chat": chat, "text": REPORT},
    }
    answer = await site.client.post("/c/tg", json=update, headers=TELEGRAM)
    assert answer.status == 200
    assert rows(site, "complaint") == 1


FORGED = [
    ("GET", "/c/sms?token=wrong&from=%2B62812&text=x&id=1"),
    ("GET", "/c/sms?from=%2B62812&text=x&id=1"),
    ("POST", "/c/tg"),
    ("POST", "/c/ussd?token=wrong"),
    ("POST", "/c/web"),
    ("GET", "/c/sms/status?m=ob_0&d=1"),
]


@pytest.mark.parametrize(("method", "path"), FORGED)
async def test_c14_f65_a_forged_call_is_answered_403_without_a_word_and_leaves_nothing(
    site: Served, method: str, path: str
) -> None:
    answer = await site.client.request(method, path, data=b"{}" if method == "POST" else None)
    assert (answer.status, await answer.read()) == (403, b"")
    assert (rows(site, "message"), rows(site, "quarantine"), rows(site, "complaint")) == (0, 0, 0)
    assert sum(site.site.counters.forged.values()) == 1


async def test_f08_an_unknown_channel_is_404(site: Served) -> None:
    answer = await site.client.post("/c/nobody", data=b"{}")
    assert (answer.status, await answer.read()) == (404, b"")


async def test_f06_a_body_over_the_limit_is_413_whether_it_says_so_or_not(open_site: OpenSite) -> None:
    site = await open_site("[intake]\nmax_body = 1000")

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(30):
            yield b"x" * 100

    assert (await site.client.post("/c/tg", data=b"x" * 1001, headers=TELEGRAM)).status == 413
    assert (await site.client.post("/c/tg", data=pieces(), headers=TELEGRAM)).status == 413
    assert rows(site, "quarantine") == 0
    assert site.site.counters.inbound["tg", "telegram", "too_large"] == 2
    assert (await site.client.post("/c/tg", data=b"x" * 1000, headers=TELEGRAM)).status == 200
    assert rows(site, "quarantine") == 1


async def test_f70_what_cannot_be_read_is_put_aside_and_acknowledged(site: Served) -> None:
    for _ in range(2):
        answer = await site.client.post("/c/tg", data=b"{broken", headers=TELEGRAM)
        assert (answer.status, await answer.read()) == (200, b"")
    assert rows(site, "quarantine") == 1
    with site.tx() as tx:
        row = tx.one(select(tables.quarantine))
    assert row is not None
    assert (row.channel, row.reason, row.state) == ("tg", "payload_invalid", "held")


BY_TABLE = """
[channels.penyedia]
kind = "http_sms"
number = "1709"
coverage = "-"
tariff_note = "-"
inbound_token = "test-http-sms-token-0123456789"
outbound = {{ url = "https://api.sms.example/kirim", body = {{ ke = "{{to.e164}}", isi = "{{text}}" }} }}
inbound = {{ items_path = "$.pesan[*]", fields = {{ id = "$.id", from = "$.dari", text = "$.isi" }} }}
"""


async def test_of_several_messages_the_good_ones_are_taken_though_one_is_broken(open_site: OpenSite) -> None:
    site = await open_site(BY_TABLE)
    good = [{"id": f"m-{number}", "dari": f"08120000000{number}", "isi": REPORT} for number in (1, 2)]
    for _ in range(2):
        answer = await site.client.post(
            "/c/penyedia?token=test-http-sms-token-0123456789", json={"pesan": [good[0], {"id": "m-3"}, good[1]]}
        )
        assert answer.status == 200
    assert (rows(site, "message"), rows(site, "complaint"), rows(site, "quarantine")) == (2, 2, 1)
    with site.tx() as tx:
        row = tx.one(select(tables.quarantine))
    assert row is not None
    assert (row.channel, row.reason) == ("penyedia", "partly_invalid")


async def test_a_session_is_answered_in_the_same_request(site: Served) -> None:
    call = {"sessionId": "s-1", "serviceCode": "*708#", "phoneNumber": "+6281200000001", "text": ""}
    answer = await site.client.post(USSD, data=call)
    assert (answer.status, (await answer.text())[:4]) == (200, "CON ")


async def test_a_broken_session_call_ends_politely(site: Served) -> None:
    answer = await site.client.post(USSD, data={"phoneNumber": "+6281200000001", "text": "1"})
    assert (answer.status, (await answer.text())[:4]) == (200, "END ")
    assert rows(site, "quarantine") == 1


async def test_text_in_another_alphabet_arrives_byte_for_byte(site: Served) -> None:
    text = quote("Lampu jalan depan café mati sejak kemarin malam".encode("latin-1"))
    answer = await site.client.get(f"{SMS}&id=l-1&charset=ISO-8859-1&text={text}")
    assert answer.status == 200
    with site.tx() as tx:
        row = tx.one(select(tables.complaint.c.text_masked))
    assert row is not None
    assert "café" in row.text_masked


async def test_a_full_gateway_asks_to_come_back_and_keeps_nothing(open_site: OpenSite) -> None:
    site = await open_site("[intake]\nmax_waiting = 0")
    answer = await site.client.get(sms())
    assert (answer.status, answer.headers["Retry-After"], await answer.read()) == (503, "15", b"")
    assert rows(site, "message") == 0
    call = {"sessionId": "s-1", "serviceCode": "*708#", "phoneNumber": "+6281200000001", "text": ""}
    session = await site.client.post(USSD, data=call)
    assert (session.status, (await session.text())[:4]) == (200, "END "), "a phone shows only what begins with END"


async def test_f15_while_a_backup_holds_the_file_calls_go_to_the_disk_and_come_back_once(
    open_site: OpenSite, tmp_path: Path
) -> None:
    site = await open_site("[intake]\nspool_after_s = 0.2")
    assert (await site.client.get(sms(REPORT, "before"))).status == 200
    path = site.gateway.settings.storage.url.removeprefix("sqlite:///")
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as holder,
        closing(sqlite3.connect(tmp_path / "b")) as copy,
    ):
        holder.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(site.client.get(sms(f"{REPORT} nomor {n}", f"s-{n}")) for n in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
        assert site.site.writer.behind
        with closing(sqlite3.connect(path)) as source:
            source.backup(copy, pages=16)
        holder.execute("ROLLBACK")
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*) FROM message").fetchall() == [(1,)]
    await until(lambda: not site.site.writer.behind)
    assert rows(site, "message") == 6


async def test_f75_everything_that_was_answered_before_the_end_is_in_the_database(open_site: OpenSite) -> None:
    site = await open_site()
    calls = [asyncio.ensure_future(site.client.get(sms(f"{REPORT} nomor {n}", f"e-{n}"))) for n in range(60)]
    await until(lambda: any(call.done() for call in calls))
    await site.client.server.close()
    done = await asyncio.gather(*calls, return_exceptions=True)
    answered = [answer for answer in done if not isinstance(answer, BaseException) and answer.status == 200]
    assert answered
    assert rows(site, "message") >= len(answered)


async def test_a_delivery_report_comes_in_on_the_status_address(site: Served) -> None:
    await site.client.get(sms())
    with site.tx() as tx:
        row = tx.one(select(tables.outbox.c.id).limit(1))
        assert row is not None
        tx.execute(tables.outbox.update().where(tables.outbox.c.id == row.id).values(state="sent"))
    report = f"/c/sms/status?token=test-sms-token-0123456789&m=ob_{id_text(row.id)}&d=1"
    assert (await site.client.get(report)).status == 200
    with site.tx() as tx:
        state = tx.one(select(tables.outbox.c.state).where(tables.outbox.c.id == row.id))
    assert state is not None
    assert state.state == "delivered"


async def test_c31_only_our_own_proxies_are_believed_about_where_a_call_comes_from(open_site: OpenSite) -> None:
    allowed = '[channels.sms]\ninbound_from = ["198.51.100.0/24"]'
    stranger = await open_site(allowed)
    spoofed = {"X-Forwarded-For": "198.51.100.7"}
    assert (await stranger.client.get(sms(), headers=spoofed)).status == 403
    behind_proxy = await open_site(f'{allowed}\n[server]\ntrusted_proxies = ["127.0.0.1"]')
    assert (await behind_proxy.client.get(sms(), headers=spoofed)).status == 200
    forged = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    assert (await behind_proxy.client.get(sms(), headers=forged)).status == 403, "the last hop is what our proxy saw"


async def test_a_form_from_a_page_that_embeds_it_is_told_what_to_mend_and_then_taken(site: Served) -> None:
    adapter = site.gateway.office.channels["web"].adapter
    token = adapter.new_token(site.moment.now)  # type: ignore[attr-defined]
    site.moment.pass_(seconds=30)
    refused = await site.client.post("/c/web", json={"_token": token, "isi": "x"})
    assert refused.status == 422
    assert (await refused.json())["errors"][0]["field"] == "isi"
    made = await site.client.post("/c/web", json={"_token": token, "isi": REPORT})
    assert made.status == 201
    again = await site.client.post("/c/web", json={"_token": token, "isi": REPORT})
    assert (again.status, (await again.json())["number"]) == (200, (await made.json())["number"])


async def test_c17_one_address_sends_so_many_forms_an_hour_and_no_more(open_site: OpenSite) -> None:
    site = await open_site("[limits]\nweb_reports_per_hour = 2")
    adapter = site.gateway.office.channels["web"].adapter
    statuses = []
    for n in range(3):
        token = adapter.new_token(site.moment.now)  # type: ignore[attr-defined]
        site.moment.pass_(seconds=30)
        statuses.append((await site.client.post("/c/web", json={"_token": token, "isi": f"{REPORT} ke-{n}"})).status)
    assert statuses == [201, 201, 429]


async def test_every_outcome_is_counted(site: Served) -> None:
    await site.client.get(sms())
    await site.client.get("/c/sms?token=wrong")
    text = exposition(site.site.counters.samples())
    assert 'satupintu_channel_in_total{channel="sms",kind="kannel",result="accepted"} 1' in text
    assert 'satupintu_channel_in_total{channel="sms",kind="kannel",result="forged"} 1' in text
    assert 'satupintu_channel_ack_seconds_count{channel="sms"} 2' in text
    assert text.count("# TYPE satupintu_channel_ack_seconds histogram") == 1
