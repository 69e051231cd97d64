"""How far the machine may go by itself, and where what was proposed would have gone."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("routed", sa.String(40), nullable=False, server_default=""))
    op.create_table(
        "automatic",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("off_since", sa.BigInteger()),
        sa.Column("threshold", sa.Float()),
        sa.Column("evidence", sa.JSON()),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("automatic")
    op.drop_column("proposal", "routed")
