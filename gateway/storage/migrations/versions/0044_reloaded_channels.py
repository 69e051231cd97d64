"""New credentials of a channel are taken up by every process (gateway/roster.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_reload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(31), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("former_sealed", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_channel_reload_at", "channel_reload", ["at"])


def downgrade() -> None:
    op.drop_table("channel_reload")
