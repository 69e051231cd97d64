"""A channel that is emptied tells when nothing of it is under way any more (gateway/outbound/draining.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel_state", sa.Column("drains", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("channel_state", sa.Column("drained_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("channel_state", "drained_at")
    op.drop_column("channel_state", "drains")
