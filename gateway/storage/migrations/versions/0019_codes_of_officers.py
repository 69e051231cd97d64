"""One-time codes with which officers act by SMS (gateway/officer_links/codes.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "officer_code",
        sa.Column("id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_code")),
    )
    op.create_index(op.f("ix_officer_code_complaint_id"), "officer_code", ["complaint_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_officer_code_complaint_id"), table_name="officer_code")
    op.drop_table("officer_code")
