"""Parts of long SMS whose provider reports each of them (gateway/outbound/sent_parts.py)."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.types import Identity

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_part",
        sa.Column("id", Identity, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(31), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(120), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_part")),
        sa.UniqueConstraint("outbox_id", "part", name=op.f("uq_sent_part_outbox_id_part")),
    )
    op.create_index("ix_sent_part_provider", "sent_part", ["channel", "provider_id"])


def downgrade() -> None:
    op.drop_index("ix_sent_part_provider", "sent_part")
    op.drop_table("sent_part")
