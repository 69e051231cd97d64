"""Rows of complaints and what belongs to them, without the way they usually come: for tests of what is read."""

from datetime import datetime, timedelta
from typing import Any

from gateway.storage import tables
from gateway.storage.store import Transaction


def complaint(tx: Transaction, number: int, /, **values: Any) -> int:
    """One complaint; `number` also spreads its times by a minute each. The id of the row."""
    identity = tx.new_id()
    created = values.pop("created_at", tx.now - timedelta(minutes=number))
    row: dict[str, Any] = {
        "id": identity,
        "number": f"KBR-26{number:06}0",
        "secret_hash": "0" * 64,
        "channel": "tg",
        "channel_kind": "telegram",
        "created_at": created,
        "updated_at": created,
        "last_message_at": created,
        "due_at": created + timedelta(days=5),
        "title": f"Laporan {number}",
        "text_masked": f"Isi laporan nomor {number}",
        "kind": "pengaduan",
        "status": "received",
        "status_since": created,
        "events": 1,
    }
    tx.insert(tables.complaint, **(row | values))
    return identity


def closed(tx: Transaction, number: int, /, **values: Any) -> int:
    return complaint(tx, number, status="resolved", due_at=None, closed_at=tx.now, **values)


def outbox(
    tx: Transaction, channel: str = "sms", state: str = "queued", created_at: datetime | None = None, **values: Any
) -> int:
    identity, created = tx.new_id(), created_at or tx.now
    row: dict[str, Any] = {
        "id": identity,
        "channel": channel,
        "contact_id": 1,
        "lane": f"{channel}:{identity}",
        "key": "rx.receipt",
        "text_sealed": b"x",
        "created_at": created,
        "expires_at": created + timedelta(days=2),
        "planned_at": created,
        "due_at": created,
        "state": state,
    }
    tx.insert(tables.outbox, **(row | values))
    return identity


def message(tx: Transaction, channel: str, received_at: datetime) -> int:
    identity = tx.new_id()
    tx.insert(
        tables.message, id=identity, channel=channel, external_id=str(identity), kind="message", received_at=received_at
    )
    return identity


def clock(tx: Transaction, complaint_id: int, name: str = "verification", **values: Any) -> int:
    identity = tx.new_id()
    row: dict[str, Any] = {
        "id": identity,
        "complaint_id": complaint_id,
        "name": name,
        "days": 3,
        "event": "laporan diterima",
        "zone": "Asia/Jakarta",
        "public": True,
        "started_at": tx.now,
        "due_at": tx.now + timedelta(days=3),
    }
    tx.insert(tables.clock, **(row | values))
    return identity
