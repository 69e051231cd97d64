"""What the classifier proposed, what people decided instead, and which learned models there are. No text stands here."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, String, Table, text

from gateway.storage.tables.metadata import metadata, work_columns
from gateway.storage.types import Document, Instant

later_words = Table(
    "later_words",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    *work_columns(),
)
"""Words that a reporter added to a complaint that was judged already, until they are judged as well: `id` is that of the
event which holds them."""
OPEN_WORDS = text("state IN ('queued', 'working')")
Index(
    "ix_later_words_due", later_words.c.due_at, later_words.c.id, sqlite_where=OPEN_WORDS, postgresql_where=OPEN_WORDS
)

proposal = Table(
    "proposal",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("shadow", Boolean, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("model", String(120), nullable=False),
    Column("acted", Boolean, nullable=False, default=False),
    Column("language", String(12), nullable=False, default=""),
    Column("kind", String(24), nullable=False, default=""),
    Column("topic", String(60), nullable=False, default=""),
    Column("topic_sure", Float, nullable=False, default=0.0),
    Column("agency", String(40), nullable=False, default=""),
    Column("agency_sure", Float, nullable=False, default=0.0),
    Column("sure", Float, nullable=False, default=0.0),
    Column("place", String(20), nullable=False, default=""),
    Column("sensitive", String(20), nullable=False, default="none"),
    Column("emergency", Boolean, nullable=False, default=False),
    Column("unknown", Float, nullable=False, default=0.0),
    Column("routed", String(40), nullable=False, default="", server_default=""),
)
"""One row per complaint, and one more of the model in the shadow. `acted`: it went on by itself. `unknown`: share of the
words that no list and no model knows. `routed`: to which agency it would have gone."""
Index("ix_proposal_at", proposal.c.at)

ruling = Table(
    "ruling",
    metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("what", String(12), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("action", String(24), nullable=False),
    Column("actor_role", String(20), nullable=False),
    Column("model", String(120), nullable=False, default=""),
    Column("proposed", String(60), nullable=False, default=""),
    Column("sure", Float, nullable=False, default=0.0),
    Column("acted", Boolean, nullable=False, default=False),
    Column("decided", String(60), nullable=False),
)
"""What a person decided (`what`: topic, agency, kind, place, emergency, sensitive, language or hold) beside what had been proposed by then; the newest one holds."""
Index("ix_ruling_at", ruling.c.at)

learned_model = Table(
    "learned_model",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("task", String(12), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(80), nullable=False, default=""),
    Column("card", Document, nullable=False),
    Column("state", String(8), nullable=False, default=""),
    Column("state_since", Instant),
    Column("state_by", String(80), nullable=False, default=""),
)
"""A file in `storage.models_dir` and its model card. `state`: use, shadow, or empty."""

automatic = Table(
    "automatic",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("since", Instant),
    Column("off_since", Instant),
    Column("threshold", Float),
    Column("evidence", Document),
    Column("looked_at", Instant, nullable=False),
)
"""How far the machine may go by itself (gateway/record/automatic.py)."""
