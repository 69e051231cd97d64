"""The record of who did what: the audit chain and its checkpoints; who wanted to know an identity; what must be kept;
who asked us to forget them; what is said of known incidents; breaches of personal data."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, String, Table, text

from gateway.storage.tables.metadata import metadata
from gateway.storage.types import Digest, Document, Identity, Instant
from gateway.storage.words import Word

audit = Table(
    "audit",
    metadata,
    Column("seq", Identity, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor_kind", Word(20), nullable=False),
    Column("actor_id", String(60), nullable=False, default=""),
    Column("actor_agency", String(40), nullable=False, default=""),
    Column("action", Word(40), nullable=False),
    Column("object_kind", Word(20), nullable=False, default=""),
    Column("object_id", String(60), nullable=False, default=""),
    Column("reason", String(300), nullable=False, default=""),
    Column("details", Document, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("name", String(8), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Digest, nullable=False),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("seq", Identity, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

audit_cut = Table(
    "audit_cut",
    metadata,
    Column("seq", Identity, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Up to which line the chain was cut when its time was over, signed; the database gives away no line behind the newest."""

identity_demand = Table(
    "identity_demand",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("asker", String(12), nullable=False),
    Column("asker_name", String(120), nullable=False, default=""),
    Column("purpose", String(12), nullable=False),
    Column("document", String(80), nullable=False, default=""),
    Column("reason", String(500), nullable=False),
    Column("barred", Boolean, nullable=False, default=False),
    Column("state", String(12), nullable=False, default="asked"),
    Column("refusal", String(20), nullable=False, default=""),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", BigInteger, nullable=False),
    Column("asked_role", String(20), nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", BigInteger),
    Column("decided_role", String(20), nullable=False, default=""),
    Column("decision_reason", String(500), nullable=False, default=""),
    Column("alone", Boolean, nullable=False, default=False),
    Column("review_due_at", Instant),
    Column("reviewed_at", Instant),
    Column("reviewed_by", BigInteger),
    Column("review", String(500), nullable=False, default=""),
    Column("opened_at", Instant),
    Column("open_until", Instant),
    Column("tell_at", Instant),
    Column("told_at", Instant),
    Column("told", String(31), nullable=False, default=""),
)
"""The register of demands for an identity (SECURITY C34). `told`: how its reporter heard of it, or why not."""
Index(
    "ix_identity_demand_tell",
    identity_demand.c.tell_at,
    sqlite_where=text("told_at IS NULL AND tell_at IS NOT NULL"),
    postgresql_where=text("told_at IS NULL AND tell_at IS NOT NULL"),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("placed_by", BigInteger, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", BigInteger),
    Column("end_reason", String(300), nullable=False, default=""),
)
"""Complaints of which nothing may go while a hold stands."""
STANDS = text("ended_at IS NULL")
Index("uq_legal_hold_stands", legal_hold.c.complaint_id, unique=True, sqlite_where=STANDS, postgresql_where=STANDS)

privacy_request = Table(
    "privacy_request",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("contact_id", BigInteger),
    Column("channel", String(31), nullable=False),
    Column("language", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", BigInteger),
    Column("reason", String(500), nullable=False, default=""),
    Column("complaints", Integer, nullable=False, default=0),
    Column("finished_at", Instant),
    Column("said", String(500), nullable=False, default="", server_default=""),
    Column("noted_by", BigInteger),
)
"""What reporters ask about their data. `contact_id` goes with the contact; `complaints`: how many lost their words.

`said`: what is wrong, masked; `noted_by`: the account that wrote it down, where it was not asked in a message.
"""
for name, waits in (
    ("uq_privacy_request_asked", text("decided_at IS NULL AND kind = 'erase'")),
    ("uq_privacy_request_copy", text("decided_at IS NULL AND kind = 'copy'")),
    ("uq_privacy_request_correct", text("decided_at IS NULL AND kind = 'correct'")),
):
    Index(name, privacy_request.c.contact_id, unique=True, sqlite_where=waits, postgresql_where=waits)
known_incident = Table(
    "known_incident",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("line", String(160), nullable=False),
    Column("words", String(200), nullable=False, default=""),
    Column("made_by", String(80), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
"""What receipts say while an incident is known."""

breach = Table(
    "breach",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("what", String(1000), nullable=False),
    Column("data", String(80), nullable=False),
    Column("happened_on", Date),
    Column("noticed_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("since", Date),
    Column("until", Date),
    Column("channel", String(31), nullable=False, default=""),
    Column("agency", String(40), nullable=False, default=""),
    Column("numbers", Document, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("noted_by", BigInteger, nullable=False),
    Column("reminded_at", Instant),
    Column("authority_told_at", Instant),
    Column("persons_told_at", Instant),
    Column("closed_at", Instant),
    Column("said_how", String(300), nullable=False, default=""),
    Column("said_done", String(300), nullable=False, default=""),
    Column("telling_since", Instant),
)
"""The register of breaches of personal data (SECURITY C33). `since` … `numbers`: whom it concerns, as a query.

`said_how`, `said_done`: what persons read of it; `telling_since`: messages to them are being written.
"""

breach_step = Table(
    "breach_step",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("breach_id", BigInteger, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", BigInteger),
    Column("kind", String(16), nullable=False),
    Column("words", String(1000), nullable=False, default=""),
    Column("persons", Integer),
)
"""What was done about it, in order. `by`: the account, none where it went by itself."""

breach_person = Table(
    "breach_person",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("breach_id", BigInteger, nullable=False),
    Column("contact_id", BigInteger, index=True),
    Column("complaint_id", BigInteger, nullable=False),
    Column("channel", String(31), nullable=False, default=""),
    Column("outbox_id", BigInteger),
    Column("skip", String(24), nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Index("uq_breach_person", "breach_id", "contact_id", unique=True),
)
"""Who was told of a breach by a message, or why not; `contact_id` goes with the contact."""
