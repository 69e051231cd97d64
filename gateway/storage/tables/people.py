"""People: the identity vault, agencies and their teams, accounts and sessions, links and buttons for officers."""

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
    UniqueConstraint,
    text,
)

from gateway.storage.tables.metadata import metadata
from gateway.storage.types import Document, Identity, Instant

contact = Table(
    "contact",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("address_hash", String(32), nullable=False, unique=True),
    Column("scheme", String(12), nullable=False),
    Column("key_wrapped", LargeBinary, nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("name_sealed", LargeBinary),
    Column("staff", Boolean, nullable=False, default=False),
    Column("reachable", Boolean, nullable=False, default=True),
    Column("unreachable_reason", String(40), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("free_since", Instant),
    Column("unreachable_by", String(31), nullable=False, default=""),
)
"""`unreachable_by`: the one channel that says that nobody is there, of an address that others reach, too. `free_since`: of an officer's (`staff`) since when no team has it any more."""
Index("ix_contact_staff", contact.c.id, sqlite_where=text("staff"), postgresql_where=text("staff"))

further_address = Table(
    "further_address",
    metadata,
    Column("address_hash", String(32), primary_key=True),
    Column("contact_id", BigInteger, nullable=False, index=True),
    Column("scheme", String(12), nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""Beside somebody's first address: that of the app beside their number."""

heard = Table(
    "heard",
    metadata,
    Column("channel", String(31), primary_key=True),
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)
"""When somebody last wrote, on channels where free texts go out only for a while after that."""

agency = Table(
    "agency",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("parent", String(40), nullable=False, default=""),
    Column("accepts", Boolean, nullable=False, default=True),
    Column("topics", Document, nullable=False),
    Column("keywords", Document, nullable=False),
    Column("areas", Document, nullable=False),
    Column("sp4n_institution_id", String(12), nullable=False, default=""),
    Column("zone", String(40), nullable=False, default=""),
    Column("decree", String(60), nullable=False, default=""),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("answer_approval", Boolean, nullable=False, default=False),
    Column("position", Integer, nullable=False, default=0),
)

agency_member = Table(
    "agency_member",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("agency", String(40), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("person", String(80), nullable=False),
    Column("notify", Document, nullable=False),
    Column("telegram_id", BigInteger),
    Column("phone_id", BigInteger),
    Column("email_id", BigInteger),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("source", String(12), nullable=False, default="file"),
    Column("ended_at", Instant),
    Column("sk_no", String(60), nullable=False, default="", server_default=""),
    Column("sk_date", Date),
    Column("forgotten_at", Instant),
    UniqueConstraint("agency", "role", "person"),
)
"""`forgotten_at`: since then `person` is a position, because their mandate was over for years."""

member_leave = Table(
    "member_leave",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, nullable=False, index=True),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("entered_by", String(80), nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("removed_at", Instant),
)
"""Days, both included, on which somebody is not told and the next one of the ladder acts (*cuti*)."""

mandate_warning = Table(
    "mandate_warning",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_to", Date, primary_key=True),
    Column("days", Integer, primary_key=True, autoincrement=False),
    Column("audience", String(20), primary_key=True),
    Column("told_at", Instant, nullable=False),
)
"""Who was told so many days before that a mandate ends."""

account = Table(
    "account",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("username", String(60), nullable=False, unique=True),
    Column("name", String(80), nullable=False, default=""),
    Column("role", String(20), nullable=False),
    Column("agency", String(40), nullable=False, default=""),
    Column("password_hash", String(200), nullable=False),
    Column("totp_sealed", LargeBinary),
    Column("totp_last", BigInteger, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("member_id", BigInteger),
    Column("forgotten_at", Instant),
)
"""`forgotten_at`: since then names are a position, and nobody can sign in by it ever again."""

account_session = Table(
    "account_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

page_link = Table(
    "page_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("member_id", BigInteger, nullable=False),
    Column("device_hash", String(64), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

officer_draft = Table(
    "officer_draft",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("word", String(12), primary_key=True),
    Column("action_id", String(40), nullable=False),
    Column("typed_sealed", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False, index=True),
    Column("sent_at", Instant),
)

officer_question = Table(
    "officer_question",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, nullable=False, index=True),
    Column("channel", String(31), nullable=False),
    Column("word", String(12), nullable=False),
    Column("step", String(12), nullable=False),
    Column("action_id", String(40), nullable=False),
    Column("asked_at", Instant, nullable=False),
)

officer_code = Table(
    "officer_code",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("member_id", BigInteger, nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("wrong", Integer, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

officer_action = Table(
    "officer_action",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("complaint_id", BigInteger, nullable=False, index=True),
    Column("member_id", BigInteger, nullable=False),
    Column("action", String(24), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)
Index(
    "ix_agency_member_telegram",
    agency_member.c.telegram_id,
    sqlite_where=text("telegram_id IS NOT NULL"),
    postgresql_where=text("telegram_id IS NOT NULL"),
)
