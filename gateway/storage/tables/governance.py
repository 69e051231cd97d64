"""The record of who did what: the audit chain and its checkpoints."""

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

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
