"""What photographs look like, and which one of an agency looks like an earlier one of another complaint."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BANDS = range(4)


def upgrade() -> None:
    op.create_table(
        "photo_print",
        sa.Column("attachment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("print", sa.String(length=16), nullable=False),
        *(sa.Column(f"band_{band}", sa.Integer(), nullable=False) for band in BANDS),
        sa.PrimaryKeyConstraint("attachment_id", "part", name=op.f("pk_photo_print")),
    )
    for band in BANDS:
        op.create_index(op.f(f"ix_photo_print_band_{band}"), "photo_print", [f"band_{band}"], unique=False)
    op.create_table(
        "photo_match",
        sa.Column("attachment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_photo_match")),
    )
    op.create_index(op.f("ix_photo_match_complaint_id"), "photo_match", ["complaint_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_photo_match_complaint_id"), table_name="photo_match")
    op.drop_table("photo_match")
    for band in BANDS:
        op.drop_index(op.f(f"ix_photo_print_band_{band}"), table_name="photo_print")
    op.drop_table("photo_print")
