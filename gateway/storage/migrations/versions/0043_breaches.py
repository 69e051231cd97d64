"""The register of breaches of personal data (gateway/retention/breaches.py)."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.types import Identity

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breach",
        sa.Column("id", Identity, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("what", sa.String(1000), nullable=False),
        sa.Column("data", sa.String(80), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, index=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("channel", sa.String(31), nullable=False),
        sa.Column("agency", sa.String(40), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.Column("noted_by", sa.BigInteger(), nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("authority_told_at", sa.BigInteger(), nullable=True),
        sa.Column("persons_told_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("said_how", sa.String(300), nullable=False),
        sa.Column("said_done", sa.String(300), nullable=False),
        sa.Column("telling_since", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "breach_step",
        sa.Column("id", Identity, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("breach_id", sa.BigInteger(), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
    )
    op.create_table(
        "breach_person",
        sa.Column("id", Identity, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("breach_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True, index=True),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(31), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("skip", sa.String(24), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("uq_breach_person", "breach_person", ["breach_id", "contact_id"], unique=True)


def downgrade() -> None:
    for name in ("breach_person", "breach_step", "breach"):
        op.drop_table(name)
