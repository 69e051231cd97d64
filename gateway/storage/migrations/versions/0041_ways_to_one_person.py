"""Further addresses of one person, and when somebody last wrote where free texts end after a while."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "further_address",
        sa.Column("address_hash", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.BigInteger, nullable=False),
        sa.Column("scheme", sa.String(12), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_further_address_contact_id", "further_address", ["contact_id"])
    op.create_table(
        "heard",
        sa.Column("channel", sa.String(31), primary_key=True),
        sa.Column("contact_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("heard")
    op.drop_table("further_address")
