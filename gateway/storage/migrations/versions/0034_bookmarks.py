"""How far the listener of a mailbox has come (gateway/operations/bookmarks.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookmark",
        sa.Column("channel", sa.String(31), primary_key=True),
        sa.Column("position", sa.String(200), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("bookmark")
