"""The complaint and what belongs to it: events, texts, assignments, clocks, forwards, remote events, numbers."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from gateway.storage.tables.metadata import metadata, work_columns
from gateway.storage.types import Digest, Document, Identity, Instant
from gateway.storage.words import Word

complaint = Table(
    "complaint",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("number", String(16), nullable=False, unique=True),
    Column("secret_hash", Digest, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("training", Boolean, nullable=False, default=False),
    Column("channel", String(31), nullable=False),
    Column("channel_kind", String(16), nullable=False),
    Column("destination", String(120), nullable=False, default=""),
    Column("contact_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("last_message_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("closed_at", Instant),
    Column("verified_at", Instant),
    Column("first_assigned_at", Instant),
    Column("answered_at", Instant),
    Column("incident_on", Date),
    Column("incident_text", String(120), nullable=False, default=""),
    Column("title", String(120), nullable=False, default=""),
    Column("text_masked", Text, nullable=False),
    Column("text_hash", String(32), nullable=False, default=""),
    Column("language", String(12), nullable=False, default="id"),
    Column("kind", String(24), nullable=False),
    Column("minor", Boolean, nullable=False, default=False),
    Column("topic", String(60), nullable=False, default=""),
    Column("suggestion", Document),
    Column("suggestion_state", String(12), nullable=False, default="queued"),
    Column("suggestion_attempts", Integer, nullable=False, default=0),
    Column("suggestion_lease", Instant),
    Column("urgency", String(12), nullable=False, default="normal"),
    Column("place", String(20), nullable=False, default=""),
    Column("place_name", String(80), nullable=False, default=""),
    Column("location_text", String(300), nullable=False, default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("point_precision_m", Integer),
    Column("point_source", String(12), nullable=False, default=""),
    Column("agency", String(40), nullable=False, default=""),
    Column("agency_named", String(40), nullable=False, default=""),
    Column("unit", String(40), nullable=False, default=""),
    Column("holder_id", BigInteger),
    Column("status", String(20), nullable=False),
    Column("status_since", Instant, nullable=False),
    Column("return_status", String(20)),
    Column("anonymous", Boolean, nullable=False, default=False),
    Column("anonymous_by", String(16), nullable=False, default=""),
    Column("confidential", Boolean, nullable=False, default=False),
    Column("confidential_by", String(16), nullable=False, default=""),
    Column("sensitive", String(20), nullable=False, default="none"),
    Column("hold", String(20), nullable=False, default="none"),
    Column("flags", String(200), nullable=False, default=""),
    Column("missing", String(60), nullable=False, default=""),
    Column("parent_id", BigInteger),
    Column("link_kind", String(16), nullable=False, default=""),
    Column("public_answer", Text, nullable=False, default=""),
    Column("closing", String(12), nullable=False, default=""),
    Column("archive_reason", String(30), nullable=False, default=""),
    Column("rating", Integer),
    Column("rating_comment", String(300), nullable=False, default=""),
    Column("rated_at", Instant),
    Column("reopen_count", Integer, nullable=False, default=0),
    Column("sp4n_id", String(12), nullable=False, default=""),
    Column("sp4n_state", String(60), nullable=False, default=""),
    Column("events", Integer, nullable=False, default=0),
    Column("anonymised_at", Instant),
    Column("reported", String(40), nullable=False, default="", server_default=""),
)
"""`reported`: the agency whose own people are complained about (CASEWORK 6.2); the root of the tree for the regional head."""
OPEN_CASES = "closed_at IS NULL"
# Ends with what is counted by: figures over many complaints are read without their rows.
Index(
    "ix_complaint_newest",
    complaint.c.created_at.desc(),
    complaint.c.id.desc(),
    complaint.c.agency,
    complaint.c.topic,
    complaint.c.status,
)
Index(
    "ix_complaint_work",
    complaint.c.agency,
    complaint.c.due_at,
    complaint.c.id,
    sqlite_where=text(OPEN_CASES),
    postgresql_where=text(OPEN_CASES),
)
Index(
    "ix_complaint_due",
    complaint.c.due_at,
    complaint.c.id,
    sqlite_where=text(OPEN_CASES),
    postgresql_where=text(OPEN_CASES),
)
Index(
    "ix_complaint_status",
    complaint.c.status,
    complaint.c.due_at,
    complaint.c.id,
    sqlite_where=text(OPEN_CASES),
    postgresql_where=text(OPEN_CASES),
)
HELD_CASES = "closed_at IS NULL AND hold <> 'none'"
IN_HAND = "closed_at IS NULL AND holder_id IS NOT NULL"
Index(
    "ix_complaint_held",
    complaint.c.due_at,
    complaint.c.id,
    sqlite_where=text(HELD_CASES),
    postgresql_where=text(HELD_CASES),
)
Index(
    "ix_complaint_holder",
    complaint.c.holder_id,
    complaint.c.due_at,
    complaint.c.id,
    sqlite_where=text(IN_HAND),
    postgresql_where=text(IN_HAND),
)
Index(
    "ix_complaint_text_hash",
    complaint.c.text_hash,
    complaint.c.created_at,
    sqlite_where=text("text_hash <> ''"),
    postgresql_where=text("text_hash <> ''"),
)
Index("ix_complaint_contact", complaint.c.contact_id)
Index(
    "ix_complaint_suggest",
    complaint.c.id,
    sqlite_where=text("suggestion_state IN ('queued','working')"),
    postgresql_where=text("suggestion_state IN ('queued','working')"),
)
Index(
    "ix_complaint_parent",
    complaint.c.parent_id,
    sqlite_where=text("parent_id IS NOT NULL"),
    postgresql_where=text("parent_id IS NOT NULL"),
)
Index("ix_complaint_updated", complaint.c.updated_at, complaint.c.id)
Index(
    "ix_complaint_sp4n", complaint.c.sp4n_id, sqlite_where=text("sp4n_id <> ''"), postgresql_where=text("sp4n_id <> ''")
)

complaint_event = Table(
    "complaint_event",
    metadata,
    Column("id", BigInteger, nullable=False),
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("action", Word(24), nullable=False),
    Column("from_status", Word(20), nullable=False, default=""),
    Column("to_status", Word(20), nullable=False, default=""),
    Column("actor_role", Word(20), nullable=False),
    Column("actor_id", String(40), nullable=False, default=""),
    Column("actor_name", String(80), nullable=False, default=""),
    Column("agency", String(40), nullable=False, default=""),
    Column("visibility", Word(10), nullable=False),
    Column("text_masked", Text, nullable=False, default=""),
    Column("inputs", Document),
    Column("key", String(80)),
    Column("said_at", Instant),
)
"""Found by its complaint, never by its id alone: an index of ids would be the largest of the database."""
# Few events have a key.
Index(
    "uq_complaint_event_key",
    complaint_event.c.key,
    unique=True,
    sqlite_where=text("key IS NOT NULL"),
    postgresql_where=text("key IS NOT NULL"),
)

complaint_text = Table(
    "complaint_text",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("message_id", BigInteger),
    Column("kind", String(12), nullable=False, default="original"),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("agency", String(40), nullable=False),
    Column("assigned_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("actor_role", String(20), nullable=False),
    Column("reason", String(300), nullable=False, default=""),
)

clock = Table(
    "clock",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("name", String(20), nullable=False),
    Column("days", Integer, nullable=False),
    Column("unit", String(16), nullable=False, default="working_days"),
    Column("event", String(40), nullable=False, default=""),
    Column("basis", String(120), nullable=False, default=""),
    Column("zone", String(40), nullable=False),
    Column("public", Boolean, nullable=False, default=False),
    Column("started_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("provisional", Boolean, nullable=False, default=False),
    Column("paused_at", Instant),
    Column("stopped_at", Instant),
    Column("stopped_by", String(24), nullable=False, default=""),
    Column("reached", Integer, nullable=False, default=0, server_default="0"),
    Column("next_at", Instant),
)
Index(
    "ix_clock_next",
    clock.c.next_at,
    clock.c.id,
    sqlite_where=text("next_at IS NOT NULL"),
    postgresql_where=text("next_at IS NOT NULL"),
)
Index(
    "ix_clock_running",
    clock.c.due_at,
    clock.c.id,
    sqlite_where=text("stopped_at IS NULL"),
    postgresql_where=text("stopped_at IS NULL"),
)

clock_segment = Table(
    "clock_segment",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("clock_id", BigInteger, nullable=False, index=True),
    Column("kind", String(8), nullable=False, default="pause"),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant),
)

shelf = Table(
    "shelf",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("last_at", Instant, nullable=False),
    Column("history", LargeBinary, nullable=False),
    Column("words", LargeBinary),
)
"""By the complaint's id: the rows of it that are history, packed (gateway/record/shelf.py)."""
Index(
    "ix_shelf_words",
    shelf.c.last_at,
    sqlite_where=text("words IS NOT NULL"),
    postgresql_where=text("words IS NOT NULL"),
)

forward = Table(
    "forward",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("target", String(31), nullable=False),
    Column("kind", String(12), nullable=False, default="create"),
    Column("key", String(80), nullable=False),
    Column("marker", String(24), nullable=False, default=""),
    Column("content_masked", Text, nullable=False, default=""),
    Column("request_hash", String(64), nullable=False, default=""),
    Column("remote_id", String(24)),
    Column("remote_ref", String(200), nullable=False, default="", server_default=""),
    Column("unknown_cycles", Integer, nullable=False, default=0),
    Column("searches_done", Integer, nullable=False, default=0),
    Column("unknown_since", Instant),
    Column("detail_masked", String(300), nullable=False, default=""),
    Column("institution_id", String(12), nullable=False, default=""),
    Column("rating", Integer, nullable=False, default=0),
    Column("from_reporter", Boolean, nullable=False, default=False),
    Column("started_at", Instant),
    Column("sent_at", Instant),
    Column("finished_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("poll_due_at", Instant),
    Column("polled_at", Instant),
    Column("poll_lease_until", Instant),
    Column("poll_failures", Integer, nullable=False, default=0),
    Column("misses", Integer, nullable=False, default=0),
    Column("missing_since", Instant),
    Column("remote_changed_at", Instant),
    Column("remote_status", String(80), nullable=False, default=""),
    Column("by_hand", Boolean, nullable=False, default=False, server_default=false()),
    *work_columns(),
    UniqueConstraint("complaint_id", "target", "key"),
    UniqueConstraint("target", "kind", "remote_id"),
)
OPEN_FORWARDS = "state IN ('queued','sending','retry','unknown')"
Index(
    "ix_forward_due",
    forward.c.target,
    forward.c.due_at,
    forward.c.id,
    sqlite_where=text(OPEN_FORWARDS),
    postgresql_where=text(OPEN_FORWARDS),
)
Index(
    "ix_forward_poll",
    forward.c.poll_due_at,
    forward.c.id,
    sqlite_where=text("poll_due_at IS NOT NULL"),
    postgresql_where=text("poll_due_at IS NOT NULL"),
)
Index(
    "ix_forward_board",
    forward.c.state,
    forward.c.id,
    sqlite_where=text("state IN ('manual','manual_check','failed')"),
    postgresql_where=text("state IN ('manual','manual_check','failed')"),
)

Index("ix_forward_by_hand", forward.c.id, sqlite_where=text("by_hand"), postgresql_where=text("by_hand"))

remote_event = Table(
    "remote_event",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("target", String(31), nullable=False),
    Column("remote_key", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("text_masked", Text, nullable=False, default=""),
    Column("secret", Boolean, nullable=False, default=False),
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("complaint_id", "remote_key"),
)

remote_master = Table(
    "remote_master",
    metadata,
    Column("target", String(31), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("remote_id", String(24), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("name_key", String(200), nullable=False),
    Column("parent_id", String(24), nullable=False, default=""),
    Column("first_seen_at", Instant, nullable=False),
    Column("seen_last_at", Instant, nullable=False),
)
"""Their lists as they were last seen, beside our codes. A row that is gone over there keeps the moment it was last there."""

number_sequence = Table(
    "number_sequence",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("last", Integer, nullable=False),
)
