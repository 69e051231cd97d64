"""Who is complained about, where that would be the one to handle it (gateway/queries/scope.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaint", sa.Column("reported", sa.String(length=40), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("complaint", "reported")
