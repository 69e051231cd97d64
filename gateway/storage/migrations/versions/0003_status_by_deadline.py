"""Work lists of a status are sorted by deadline: an empty one must not read every open complaint to find that out."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = "ix_complaint_status"
OPEN = sa.text("closed_at IS NULL")


def _replace(columns: list[str]) -> None:
    op.drop_index(NAME, table_name="complaint")
    op.create_index(NAME, "complaint", columns, unique=False, sqlite_where=OPEN, postgresql_where=OPEN)


def upgrade() -> None:
    _replace(["status", "due_at", "id"])


def downgrade() -> None:
    _replace(["status", "created_at", "id"])
