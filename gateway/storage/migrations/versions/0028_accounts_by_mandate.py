"""Accounts that last as long as a mandate (gateway/people/bindings.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("member_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "member_id")
