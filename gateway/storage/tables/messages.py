"""What comes in and goes out: messages, dialogues, sessions, attachments, outbox, reports, quarantine."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.storage.tables.metadata import metadata, work_columns
from gateway.storage.types import Document, Identity, Instant

message = Table(
    "message",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("provider_id", String(120), nullable=False, default=""),
    Column("contact_id", BigInteger),
    Column("complaint_id", BigInteger),
    Column("destination", String(120), nullable=False, default=""),
    Column("album", String(120), nullable=False, default=""),
    Column("text_sealed", LargeBinary),
    Column("raw_sealed", LargeBinary),
    Column("flags", String(200), nullable=False, default=""),
    Column("skip", String(24), nullable=False, default=""),
    Column("sent_at", Instant),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("channel", "external_id"),
)
Index(
    "ix_message_complaint",
    message.c.complaint_id,
    sqlite_where=message.c.complaint_id.is_not(None),
    postgresql_where=message.c.complaint_id.is_not(None),
)
Index(
    "ix_message_provider",
    message.c.channel,
    message.c.provider_id,
    sqlite_where=text("provider_id <> ''"),
    postgresql_where=text("provider_id <> ''"),
)
Index("ix_message_received", message.c.channel, message.c.received_at)

dialogue = Table(
    "dialogue",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(12), nullable=False, default="id"),
    Column("state_sealed", LargeBinary),
    Column("opted_out_at", Instant),
    Column("updated_at", Instant, nullable=False),
)
Index(
    "ix_dialogue_opted_out",
    dialogue.c.opted_out_at,
    sqlite_where=text("opted_out_at IS NOT NULL"),
    postgresql_where=text("opted_out_at IS NOT NULL"),
)

ussd_session = Table(
    "ussd_session",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("session_id", String(120), primary_key=True),
    Column("contact_id", BigInteger, nullable=False),
    Column("state_sealed", LargeBinary, nullable=False),
    Column("draft_due_at", Instant),
    Column("updated_at", Instant, nullable=False),
)
Index(
    "ix_ussd_session_draft",
    ussd_session.c.draft_due_at,
    sqlite_where=text("draft_due_at IS NOT NULL"),
    postgresql_where=text("draft_due_at IS NOT NULL"),
)

sms_part = Table(
    "sms_part",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("group_key", String(120), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("channel", String(31), nullable=False),
    Column("contact_id", BigInteger, nullable=False),
    Column("destination", String(120), nullable=False, default=""),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("text_hash", String(32), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("message_id", BigInteger),
    UniqueConstraint("group_key", "generation", "sequence"),
)
Index(
    "ix_sms_part_open",
    sms_part.c.last_at,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("message_id", BigInteger),
    Column("channel", String(31), nullable=False),
    Column("origin", String(16), nullable=False, default="reporter"),
    Column("ref_sealed", LargeBinary),
    Column("media_type", String(80), nullable=False, default=""),
    Column("size", BigInteger),
    Column("caption", Text, nullable=False, default=""),
    Column("sha256", String(64), nullable=False, default=""),
    Column("stored_as", String(120), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("taken_at", Instant),
    *work_columns(),
)
"""`taken_at`: when an agency's picture was taken, as its camera wrote it (gateway/files/photo_moments.py)."""
Index(
    "ix_attachment_due",
    attachment.c.due_at,
    attachment.c.id,
    sqlite_where=text("state IN ('queued','working')"),
    postgresql_where=text("state IN ('queued','working')"),
)

Index(
    "ix_attachment_elsewhere",
    attachment.c.due_at,
    attachment.c.id,
    sqlite_where=text("state IN ('elsewhere','fetching')"),
    postgresql_where=text("state IN ('elsewhere','fetching')"),
)

attachment_upload = Table(
    "attachment_upload",
    metadata,
    Column("attachment_id", Identity, primary_key=True, autoincrement=False),
    Column("content_sealed", LargeBinary, nullable=False),
)
"""What came with its message (a form), until a worker cleaned it."""

photo_print = Table(
    "photo_print",
    metadata,
    Column("attachment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("print", String(16), nullable=False),
    *(Column(f"band_{band}", Integer, nullable=False, index=True) for band in range(4)),
)
"""What pictures look like: the whole one and cuts of it. Two that differ in three bits share one band of sixteen."""

photo_match = Table(
    "photo_match",
    metadata,
    Column("attachment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("other_id", BigInteger, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("found_at", Instant, nullable=False),
)
"""A picture of an agency that looks like an earlier one of the complaint `other_id`: for people to look at."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("contact_id", BigInteger, nullable=False),
    Column("lane", String(64), nullable=False),
    Column("complaint_id", BigInteger),
    Column("notice_id", BigInteger),
    Column("key", String(40), nullable=False, default=""),
    Column("once", String(80), nullable=False, default=""),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("parts", Integer, nullable=False, default=1),
    Column("buttons", Document),
    Column("sent_from", String(120), nullable=False, default=""),
    Column("reply_to", String(120), nullable=False, default=""),
    Column("callback_id", String(80), nullable=False, default=""),
    Column("direct", Boolean, nullable=False, default=True),
    Column("provider_id", String(120), nullable=False, default=""),
    Column("provider_state", String(40), nullable=False, default=""),
    Column("reason", String(60), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    *work_columns(),
)
OPEN_OUTBOX = "state IN ('queued','sending')"
Index(
    "ix_outbox_heads",
    outbox.c.channel,
    outbox.c.direct,
    outbox.c.due_at,
    outbox.c.id,
    sqlite_where=text(OPEN_OUTBOX),
    postgresql_where=text(OPEN_OUTBOX),
)
Index("ix_outbox_lane", outbox.c.lane, outbox.c.id, sqlite_where=text(OPEN_OUTBOX), postgresql_where=text(OPEN_OUTBOX))
Index(
    "ix_outbox_provider",
    outbox.c.channel,
    outbox.c.provider_id,
    sqlite_where=text("provider_id <> ''"),
    postgresql_where=text("provider_id <> ''"),
)
Index(
    "ix_outbox_complaint",
    outbox.c.complaint_id,
    sqlite_where=text("complaint_id IS NOT NULL"),
    postgresql_where=text("complaint_id IS NOT NULL"),
)
Index("ix_outbox_watch", outbox.c.channel, outbox.c.created_at, outbox.c.state)

UNSENT = "state IN ('unknown','failed','queued','sending')"
Index(
    "ix_outbox_unsent",
    outbox.c.created_at,
    outbox.c.id,
    outbox.c.state,
    sqlite_where=text(UNSENT),
    postgresql_where=text(UNSENT),
)

delivery_report = Table(
    "delivery_report",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("message_ref", String(120), nullable=False),
    Column("by_provider_id", Boolean, nullable=False, default=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(60), nullable=False, default=""),
    Column("received_at", Instant, nullable=False),
    Column("outbox_id", BigInteger),
    Column("again_s", Integer),
    Column("stops_channel", Boolean, nullable=False, default=False),
    UniqueConstraint("channel", "message_ref", "status"),
)

sent_part = Table(
    "sent_part",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("outbox_id", BigInteger, nullable=False),
    Column("part", Integer, nullable=False),
    Column("provider_id", String(120), nullable=False),
    Column("state", String(16), nullable=False),
    UniqueConstraint("outbox_id", "part"),
)
Index("ix_sent_part_provider", sent_part.c.channel, sent_part.c.provider_id)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("detail", String(300), nullable=False, default=""),
    Column("request_sealed", LargeBinary, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", String(16), nullable=False, default="held"),
    Column("settled_at", Instant),
    Column("settled_by", String(60), nullable=False, default=""),
    UniqueConstraint("channel", "digest"),
)
Index(
    "ix_quarantine_held",
    quarantine.c.channel,
    quarantine.c.id,
    sqlite_where=text("state = 'held'"),
    postgresql_where=text("state = 'held'"),
)
