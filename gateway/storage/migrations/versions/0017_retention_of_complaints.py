"""When a complaint was emptied of everything personal, and which ones have to be kept (SECURITY § 5)."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STANDS = "ended_at IS NULL"


def upgrade() -> None:
    op.add_column("complaint", sa.Column("anonymised_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("placed_by", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_index(
        "uq_legal_hold_stands",
        "legal_hold",
        ["complaint_id"],
        unique=True,
        sqlite_where=sa.text(STANDS),
        postgresql_where=sa.text(STANDS),
    )


def downgrade() -> None:
    op.drop_index("uq_legal_hold_stands", table_name="legal_hold")
    op.drop_table("legal_hold")
    op.drop_column("complaint", "anonymised_at")
