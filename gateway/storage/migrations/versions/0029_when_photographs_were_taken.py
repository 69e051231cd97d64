"""When an agency's photograph was taken, as its camera wrote it (gateway/files/photo_moments.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("taken_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("attachment", "taken_at")
