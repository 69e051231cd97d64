"""What was proposed for a complaint, what people decided, and which models were learned from that."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("complaint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shadow", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(120), nullable=False),
        sa.Column("acted", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("topic", sa.String(60), nullable=False),
        sa.Column("topic_sure", sa.Float(), nullable=False),
        sa.Column("agency", sa.String(40), nullable=False),
        sa.Column("agency_sure", sa.Float(), nullable=False),
        sa.Column("sure", sa.Float(), nullable=False),
        sa.Column("place", sa.String(20), nullable=False),
        sa.Column("sensitive", sa.String(20), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("unknown", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("complaint_id", "shadow"),
    )
    op.create_index("ix_proposal_at", "proposal", ["at"])
    op.create_table(
        "ruling",
        sa.Column("complaint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(24), nullable=False),
        sa.Column("actor_role", sa.String(20), nullable=False),
        sa.Column("model", sa.String(120), nullable=False),
        sa.Column("proposed", sa.String(60), nullable=False),
        sa.Column("sure", sa.Float(), nullable=False),
        sa.Column("acted", sa.Boolean(), nullable=False),
        sa.Column("decided", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("complaint_id", "event_id", "what"),
    )
    op.create_index("ix_ruling_at", "ruling", ["at"])
    op.create_table(
        "learned_model",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("task", sa.String(12), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("state_since", sa.BigInteger()),
        sa.Column("state_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("learned_model")
    op.drop_table("ruling")
    op.drop_table("proposal")
