"""What waits for a suggestion is found by its index also when a worker that had it died."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_complaint_suggest"


def _replace(condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(NAME, table_name="complaint")
    op.create_index(NAME, "complaint", ["id"], unique=False, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    _replace("suggestion_state IN ('queued','working')")


def downgrade() -> None:
    _replace("suggestion_state = 'queued'")
