"""When reporters wrote what they added, by a clock that can be trusted (gateway/record/said.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaint_event", sa.Column("said_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("complaint_event", "said_at")
