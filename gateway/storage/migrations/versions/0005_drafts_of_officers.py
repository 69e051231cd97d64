"""What an officer typed into a page without sending it, and what they sent and may still take back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "officer_draft",
        sa.Column("complaint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(length=12), nullable=False),
        sa.Column("action_id", sa.String(length=40), nullable=False),
        sa.Column("typed_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("complaint_id", "member_id", "word", name=op.f("pk_officer_draft")),
    )
    op.create_index(op.f("ix_officer_draft_saved_at"), "officer_draft", ["saved_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_officer_draft_saved_at"), table_name="officer_draft")
    op.drop_table("officer_draft")
