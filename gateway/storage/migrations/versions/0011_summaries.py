"""Whose summary of which day was written, and what waits for one (gateway/notices/summaries.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
WAITS = sa.text("state = 'digest'")


def upgrade() -> None:
    op.create_table(
        "summary",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("agency", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "audience", "agency", name=op.f("pk_summary")),
    )
    op.create_index(
        "ix_notice_digest",
        "notice",
        ["audience", "agency", "id"],
        unique=False,
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )


def downgrade() -> None:
    op.drop_index("ix_notice_digest", table_name="notice", sqlite_where=WAITS, postgresql_where=WAITS)
    op.drop_table("summary")
