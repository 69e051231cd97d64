"""When something next happens to a running clock: a reminder, a word to a superior, an end by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
WAITING = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("clock", sa.Column("reached", sa.Integer(), server_default="0", nullable=False))
    op.add_column("clock", sa.Column("next_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_clock_next", "clock", ["next_at", "id"], unique=False, sqlite_where=WAITING, postgresql_where=WAITING
    )
    # Clocks that run already are looked at once, and wait from then on for their own moments.
    op.execute("UPDATE clock SET next_at = started_at WHERE stopped_at IS NULL AND paused_at IS NULL")


def downgrade() -> None:
    op.drop_index("ix_clock_next", table_name="clock", sqlite_where=WAITING, postgresql_where=WAITING)
    with op.batch_alter_table("clock") as table:
        table.drop_column("next_at")
        table.drop_column("reached")
