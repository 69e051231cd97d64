"""Running the place: channel states, leases, notices and their log, idempotency keys, attempts against guessing,
processes that live and figures of all of them together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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

channel_state = Table(
    "channel_state",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("heartbeat_at", Instant),
    Column("last_in_at", Instant),
    Column("last_report_at", Instant),
    Column("paused_at", Instant),
    Column("paused_by", String(60), nullable=False, default=""),
    Column("paused_reason", String(200), nullable=False, default=""),
    Column("drains", Boolean, nullable=False, default=False),
    Column("drained_at", Instant),
    Column("stopped_at", Instant),
    Column("stopped_reason", String(120), nullable=False, default=""),
    Column("resume_at", Instant),
    Column("check_problems", Document),
    Column("forged", Integer, nullable=False, default=0),
    Column("cursor", String(40), nullable=False, default=""),
)

channel_cost = Table(
    "channel_cost",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("messages", Integer, nullable=False, default=0),
    Column("parts", Integer, nullable=False, default=0),
    Column("cost_milli", BigInteger, nullable=False, default=0),
)
"""What left through a channel on a day of the government's zone, at the price of that day, in thousandths of a rupiah."""

channel_reload = Table(
    "channel_reload",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("channel", String(31), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("until", Instant, nullable=False),
    Column("former_sealed", LargeBinary),
)
"""New settings of a channel that every process takes up; the former ones prove calls until `until`, sealed."""

lease = Table(
    "lease",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
)

bookmark = Table(
    "bookmark",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("position", String(200), nullable=False),
    Column("updated_at", Instant, nullable=False),
)

circuit = Table(
    "circuit",
    metadata,
    Column("target", String(31), primary_key=True),
    Column("state", Document, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("key", String(40), nullable=False),
    Column("audience", String(20), nullable=False),
    Column("agency", String(40), nullable=False, default=""),
    Column("inputs", Document),
    Column("created_at", Instant, nullable=False),
    *work_columns(),
    UniqueConstraint("event_id", "key", "audience"),
)
Index(
    "ix_notice_due",
    notice.c.due_at,
    notice.c.id,
    sqlite_where=text("state IN ('queued','working')"),
    postgresql_where=text("state IN ('queued','working')"),
)
Index("ix_notice_complaint", notice.c.complaint_id)
Index(
    "ix_notice_digest",
    notice.c.audience,
    notice.c.agency,
    notice.c.id,
    sqlite_where=text("state = 'digest'"),
    postgresql_where=text("state = 'digest'"),
)

summary = Table(
    "summary",
    metadata,
    Column("day", Date, primary_key=True),
    Column("audience", String(20), primary_key=True),
    Column("agency", String(40), primary_key=True),
    Column("created_at", Instant, nullable=False),
)
"""Whose summary of which day was written."""

dispatch_log = Table(
    "dispatch_log",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("notice_id", BigInteger),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("event_id", BigInteger),
    Column("key", String(40), nullable=False),
    Column("recipient_kind", String(16), nullable=False),
    Column("recipient_id", BigInteger),
    Column("channel", String(31), nullable=False, default=""),
    Column("outbox_id", BigInteger),
    Column("skip", String(24), nullable=False, default=""),
    Column("template_version", Integer),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

gathered = Table(
    "gathered",
    metadata,
    Column("notice_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, nullable=False, index=True),
    Column("entry_id", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
)
"""What waits for one officer to be told together, with its line in the dispatch log."""

text_version = Table(
    "text_version",
    metadata,
    Column("key", String(60), primary_key=True),
    Column("language", String(12), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text),
    Column("reason", String(200), nullable=False, default=""),
    Column("actor_role", String(20), nullable=False),
    Column("actor_name", String(80), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
)
"""An office's own words, only ever added to; without `text` the words of the product are spoken again."""

notice_rule = Table(
    "notice_rule",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("audience", String(20), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("enabled", Boolean, nullable=False),
    Column("together", Boolean, nullable=False),
    Column("ways", String(60), nullable=False, default=""),
    Column("reason", String(200), nullable=False, default=""),
    Column("actor_role", String(20), nullable=False),
    Column("actor_name", String(80), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
)
"""What an office decided of the notices, only ever added to; the newest version counts."""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("owner", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer),
    Column("answer_sealed", LargeBinary),
    Column("created_at", Instant, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("subject", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_attempt_subject", "subject", "at"),
)

form_receipt = Table(
    "form_receipt",
    metadata,
    Column("nonce", String(80), primary_key=True),
    Column("complaint_id", BigInteger, nullable=False),
    Column("code_sealed", LargeBinary),
    Column("shown_until", Instant, nullable=False),
)

task = Table(
    "task",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False),
    Column("complaint_id", BigInteger),
    Column("subject", String(80), nullable=False),
    Column("detail", String(300), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", String(60), nullable=False, default=""),
    Column("open", Boolean, nullable=False, default=True),
)
Index(
    "uq_task_open",
    task.c.kind,
    task.c.subject,
    unique=True,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)
Index("ix_task_complaint", task.c.complaint_id)

process = Table(
    "process",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("role", String(60), nullable=False),
    Column("version", String(40), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
)

figure = Table(
    "figure",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
)
