"""What waits for an officer who gets many messages, to be told in one (gateway/notices/gathering.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gathered",
        sa.Column("notice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "member_id", name=op.f("pk_gathered")),
    )
    op.create_index(op.f("ix_gathered_contact_id"), "gathered", ["contact_id"], unique=False)
    op.create_index(op.f("ix_gathered_due_at"), "gathered", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_gathered_due_at"), table_name="gathered")
    op.drop_index(op.f("ix_gathered_contact_id"), table_name="gathered")
    op.drop_table("gathered")
