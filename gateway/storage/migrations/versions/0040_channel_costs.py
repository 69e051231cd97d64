"""What a message is billed as, and what each channel sent and cost by day (gateway/queries/channel_costs.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("parts", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "channel_cost",
        sa.Column("channel", sa.String(31), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("purpose", sa.String(16), primary_key=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("cost_milli", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("channel_cost")
    op.drop_column("outbox", "parts")
