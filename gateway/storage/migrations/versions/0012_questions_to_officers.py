"""Which question stands open for which officer in their chat; the words of the answer are a draft (gateway/officers/talk.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "officer_question",
        sa.Column("complaint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=31), nullable=False),
        sa.Column("word", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("action_id", sa.String(length=40), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("complaint_id", "member_id", name=op.f("pk_officer_question")),
    )
    op.create_index(op.f("ix_officer_question_contact_id"), "officer_question", ["contact_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_officer_question_contact_id"), table_name="officer_question")
    op.drop_table("officer_question")
