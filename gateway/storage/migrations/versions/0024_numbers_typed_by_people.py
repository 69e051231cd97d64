"""Reports whose number over there a person typed stay with people, until somebody hands them to the API."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TYPED = sa.text("by_hand")
# What was typed in by people was never sent: it has no attempt.
EARLIER = (
    "UPDATE forward SET by_hand = true, poll_due_at = NULL"
    " WHERE kind = 'create' AND state = 'sent' AND attempts = 0 AND remote_id IS NOT NULL"
)


def upgrade() -> None:
    op.add_column("forward", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_forward_by_hand", "forward", ["id"], unique=False, sqlite_where=TYPED, postgresql_where=TYPED)
    op.execute(EARLIER)


def downgrade() -> None:
    op.drop_index("ix_forward_by_hand", table_name="forward")
    op.drop_column("forward", "by_hand")
