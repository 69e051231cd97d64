"""Decree of a mandate, days of leave, and who was warned of a mandate's end (gateway/people/directory.py, mandates.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("agency_member", sa.Column("sk_no", sa.String(length=60), server_default="", nullable=False))
    op.add_column("agency_member", sa.Column("sk_date", sa.Date(), nullable=True))
    op.create_table(
        "member_leave",
        sa.Column("id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("day_from", sa.Date(), nullable=False),
        sa.Column("day_to", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_leave")),
    )
    op.create_index(op.f("ix_member_leave_member_id"), "member_leave", ["member_id"], unique=False)
    op.create_table(
        "mandate_warning",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "valid_to", "days", "audience", name=op.f("pk_mandate_warning")),
    )


def downgrade() -> None:
    op.drop_table("mandate_warning")
    op.drop_index(op.f("ix_member_leave_member_id"), table_name="member_leave")
    op.drop_table("member_leave")
    op.drop_column("agency_member", "sk_date")
    op.drop_column("agency_member", "sk_no")
