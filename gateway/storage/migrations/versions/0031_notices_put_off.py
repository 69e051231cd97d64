"""When a notice that was put off went on."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatch_log", sa.Column("ended_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("dispatch_log", "ended_at")
