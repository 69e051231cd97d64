"""The lists of a system of record as they were last seen (gateway/forwarding/masters.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "remote_master",
        sa.Column("target", sa.String(31), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("remote_id", sa.String(24), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(200), nullable=False),
        sa.Column("parent_id", sa.String(24), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_last_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("remote_master")
