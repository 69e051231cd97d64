"""Files that are still at a system of record are found by what they wait for (gateway/forwarding/remote_files.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
WAITS = "state IN ('elsewhere','fetching')"


def upgrade() -> None:
    op.create_index(
        "ix_attachment_elsewhere",
        "attachment",
        ["due_at", "id"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )


def downgrade() -> None:
    op.drop_index("ix_attachment_elsewhere", table_name="attachment")
