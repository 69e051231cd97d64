"""Quarantine: a call that broke us is looked at without danger, and taken once more as if nothing had happened (F74)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.messages import RawRequest
from gateway.complaints.complaint import Actor, Role
from gateway.complaints.sla import Clock
from gateway.dashboard.raw_call import HIDDEN, shown
from gateway.intake import quarantine
from gateway.intake.reprocessing import Reprocessed, StillBroken, reprocess
from gateway.queries import quarantine as listing
from gateway.storage import tables
from gateway.storage.store import Store
from tests.dashboard.conftest import Desk
from tests.gateway.conftest import Moment, _postgres_prepared, office, postgres_url, rings, settings, store

__all__ = ["_postgres_prepared", "office", "postgres_url", "rings", "settings", "store"]

ADMIN = Actor(Role.CHANNEL_ADMIN, "1", name="Admin Contoh")
GOOD = (
    b'{"update_id": 9001, "message": {"message_id": 12, "date": 1795000000, "chat": {"id": 77, "type": "private"},'
    b' "from": {"id": 77, "is_bot": false, "first_name": "Budi"}, "text": "Lampu jalan padam di Jalan Melati RT 4"}}'
)
BROKEN = b'{"update_id": 9001, "message": {"from": {"id": 77123, "first_name": "Budi"}, "text": "hub 081234567890"'
JSON = {"content-type": "application/json"}


def put(store_: Store, body: bytes, channel: str = "tg", reason: str = "payload_invalid") -> int:
    with store_.transaction() as tx:
        request = RawRequest("POST", headers=JSON, body=body, received_at=tx.now)
        quarantine.put(tx, channel, request, tx.now, reason, "telegram: broken")
        row = tx.one(select(tables.quarantine.c.id).order_by(tables.quarantine.c.id.desc()))
    assert row is not None
    return int(row.id)


def complaints(store_: Store) -> list[object]:
    with store_.transaction() as tx:
        return list(tx.all(select(tables.complaint).order_by(tables.complaint.c.id)))


def test_f74_a_call_becomes_exactly_one_complaint_at_its_own_time(store: Store, moment: Moment) -> None:
    came_at = moment.now
    identity = put(store, GOOD)
    moment.pass_(days=2, hours=3)
    with store.transaction() as tx:
        outcome = reprocess(tx, identity, ADMIN)
    (row,) = complaints(store)
    assert outcome == Reprocessed(1, (row.number,))
    assert row.created_at == came_at
    with store.transaction() as tx:
        clock = tx.one(select(tables.clock).where(tables.clock.c.complaint_id == row.id))
        message = tx.one(select(tables.message))
        held = listing.standing(tx)
    assert (clock.name, clock.started_at, row.due_at) == (Clock.VERIFICATION, came_at, clock.due_at)
    assert message.received_at == came_at
    assert held.count == 0


def test_f74_pressing_twice_changes_nothing_more(store: Store) -> None:
    identity = put(store, GOOD)
    with store.transaction() as tx:
        reprocess(tx, identity, ADMIN)
    with pytest.raises(StillBroken, match="settled"), store.transaction() as tx:
        reprocess(tx, identity, ADMIN)
    assert len(complaints(store)) == 1


def test_f74_a_message_that_came_again_meanwhile_is_not_doubled(store: Store) -> None:
    identity = put(store, GOOD)
    with store.transaction() as tx:
        reprocess(tx, identity, ADMIN)
    again = put(store, GOOD + b"\n")
    with store.transaction() as tx:
        assert reprocess(tx, again, ADMIN) == Reprocessed(0)
    assert len(complaints(store)) == 1


def test_other_complaints_keep_their_own_time(store: Store, moment: Moment) -> None:
    """An addition to an older complaint must not make it younger or older."""
    identity = put(store, GOOD)
    with store.transaction() as tx:
        reprocess(tx, identity, ADMIN)
    first = complaints(store)[0]
    moment.pass_(seconds=20)
    later = put(
        store,
        GOOD.replace(b"9001", b"9002")
        .replace(b'"message_id": 12', b'"message_id": 13')
        .replace(b"Lampu", b"Tolong, lampu"),
    )
    moment.pass_(hours=1)
    with store.transaction() as tx:
        reprocess(tx, later, ADMIN)
    assert complaints(store)[0].created_at == first.created_at


@pytest.mark.parametrize(("channel", "code"), [("tg", "not_understood"), ("gone", "no_channel")])
def test_what_is_still_broken_stays_where_it_is(store: Store, channel: str, code: str) -> None:
    identity = put(store, BROKEN, channel)
    with pytest.raises(StillBroken, match=code), store.transaction() as tx:
        reprocess(tx, identity, ADMIN)
    with store.transaction() as tx:
        assert listing.standing(tx).count == 1


# fmt: off
COVERED = [
    # what stands in the call                            must not be seen
    (b'{"from": {"id": 77123, "first_name": "Budi"}}',   "Budi"),
    (b'{"chat": {"id": -100777}}',                       "100777"),
    (b'{"text": "hub 0812-3456-7890"}',                  "3456"),
    (b'{"text": "NIK 6201010101900001"}',                "62010101"),
    (b'{"bot_token": "777:rahasia-sekali"}',             "rahasia-sekali"),
    (b'{"from": {"first_name": "Bud',                    "Bud"),
]
# fmt: on


@pytest.mark.parametrize(("body", "secret"), COVERED)
def test_nobody_is_recognised_in_a_call(body: bytes, secret: str) -> None:
    assert secret not in shown(RawRequest("POST", headers=JSON, body=body), words=True).body


def test_the_fields_of_a_form_call_are_covered_too() -> None:
    raw = b"from=%2B6281234567890&text=jalan+rusak+hub+081234567890&token=rahasia&id=7"
    call = shown(RawRequest("GET", raw_query=raw), words=True)
    assert dict(call.pairs) == {
        "from": HIDDEN,
        "text": "jalan rusak hub [telepon disamarkan]",
        "token": HIDDEN,
        "id": HIDDEN,
    }


# fmt: off
HOSTILE = [
    b"\xff\xfe\x00\x01" * 100,
    b"[" * 20_000,
    b'{"first_name": "' + b"a" * 20_000,
    b'{"a": 1e99999999999, "a": 2}',
    "\u202eterbalik\u0000".encode() + b"\xed\xa0\x80",
    b"%ZZ=%&&;==" * 500,
]
# fmt: on


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_call_holds_it_can_be_looked_at(body: bytes) -> None:
    for headers in (JSON, {"content-type": "application/x-www-form-urlencoded"}):
        call = shown(RawRequest("POST", headers=headers, body=body, raw_query=body[:500]), words=True)
        assert call.size == len(body)
        assert "\x00" not in call.body
        assert "\u202e" not in call.body


async def test_a_person_looks_at_a_call_and_processes_it_again(desk: Desk) -> None:
    put(desk.served.gateway.store, GOOD)
    page = await desk.page("/admin/karantina")
    address = page.partition('href="/admin/karantina/')[2].partition('"')[0]
    look = await desk.words(f"/admin/karantina/{address}")
    assert "Lampu jalan padam di Jalan Melati" in look
    assert "Budi" not in look
    done = await desk.done(f"/admin/karantina/{address}/proses-ulang", f"/admin/karantina/{address}")
    assert "Sudah diproses. Aduan baru: KBR-26" in done


async def test_what_cannot_be_read_says_why_and_stays(desk: Desk) -> None:
    put(desk.served.gateway.store, BROKEN)
    address = (await desk.page("/admin/karantina")).partition('href="/admin/karantina/')[2].partition('"')[0]
    answer = await desk.press(f"/admin/karantina/{address}/proses-ulang", f"/admin/karantina/{address}")
    assert answer.status == 422
    assert "Masih belum dapat dibaca" in await answer.text()
    done = await desk.done(f"/admin/karantina/{address}/abaikan", f"/admin/karantina/{address}")
    assert "Panggilan diabaikan" in done
    assert "Diabaikan" in await desk.words("/admin/karantina?tab=selesai")


async def test_a_technical_role_sees_the_outline_only(desk: Desk) -> None:
    put(desk.served.gateway.store, GOOD)
    await desk.become(Role.SYSTEM_ADMIN)
    address = (await desk.page("/admin/karantina")).partition('href="/admin/karantina/')[2].partition('"')[0]
    look = await desk.words(f"/admin/karantina/{address}")
    assert "Lampu jalan" not in look
    assert "application/json" in look


async def test_the_oldest_waiting_call_is_told_on_the_channel_screen(desk: Desk) -> None:
    put(desk.served.gateway.store, BROKEN)
    desk.served.moment.now += timedelta(minutes=20)
    assert "Karantina 1 tertua 20 m" in await desk.words("/admin/kanal")
