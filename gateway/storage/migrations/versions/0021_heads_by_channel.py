"""Messages are claimed channel by channel, answers apart from the rest: no long queue is read on the way to another one."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('queued','sending')")
HEADS = ["channel", "direct", "due_at", "id"]


def upgrade() -> None:
    op.create_index("ix_outbox_heads", "outbox", HEADS, unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
    op.drop_index("ix_outbox_due", table_name="outbox")


def downgrade() -> None:
    op.create_index("ix_outbox_due", "outbox", ["due_at", "id"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
    op.drop_index("ix_outbox_heads", table_name="outbox")
