"""Other programs: tokens that call the API, addresses that are told of what happens, and what each was told."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text

from gateway.storage.tables.metadata import metadata, work_columns
from gateway.storage.types import Document, Identity, Instant

webhook = Table(
    "webhook",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("url", String(500), nullable=False),
    Column("description", String(120), nullable=False, default=""),
    Column("events", Document, nullable=False),
    Column("agency", String(40), nullable=False, default=""),
    Column("include_confidential", Boolean, nullable=False, default=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("previous_sealed", LargeBinary),
    Column("previous_until", Instant),
    Column("owner", String(60), nullable=False),
    Column("owner_name", String(80), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(24), nullable=False, default=""),
    Column("state_since", Instant, nullable=False),
    Column("starts_at", Instant),
    Column("failing_since", Instant),
    Column("succeeded_at", Instant),
)
"""Few: at most ten are registered at a time, and those that were removed stay as names of what was told to them."""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("webhook_id", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("complaint_id", BigInteger),
    Column("lane", String(40), nullable=False, default=""),
    Column("position", Integer, nullable=False, default=0),
    Column("content", Document, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("first_tried_at", Instant),
    Column("finished_at", Instant),
    Column("status", Integer),
    Column("ms", Integer),
    *work_columns(),
    Index("ix_webhook_delivery_log", "webhook_id", "id"),
)
"""One event for one address. `lane`: what follows each other in the order of `position`; empty = follows nothing."""
Index(
    "ix_webhook_delivery_due",
    webhook_delivery.c.webhook_id,
    webhook_delivery.c.due_at,
    webhook_delivery.c.id,
    sqlite_where=text("state IN ('queued','working')"),
    postgresql_where=text("state IN ('queued','working')"),
)
Index(
    "ix_webhook_delivery_lane",
    webhook_delivery.c.webhook_id,
    webhook_delivery.c.lane,
    webhook_delivery.c.position,
    sqlite_where=text("state IN ('queued','working')"),
    postgresql_where=text("state IN ('queued','working')"),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
    Column("fence", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("ms", Integer),
    Column("error", String(40), nullable=False),
    Column("next_at", Instant),
)
"""What came of each claim of a delivery that was carried out: at most two of one `attempt`, because one that our own end
cut off is made again under the same number. They go with their delivery."""

api_token = Table(
    "api_token",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("public_id", String(8), nullable=False, unique=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("name", String(40), nullable=False),
    Column("owner", String(120), nullable=False),
    Column("scopes", Document, nullable=False),
    Column("agency", String(40), nullable=False, default=""),
    Column("networks", Document, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(60), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)
