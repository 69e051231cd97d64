"""What one officer holds and what is held back are few among many open complaints: their lists must not read all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HELD = sa.text("closed_at IS NULL AND hold <> 'none'")
IN_HAND = sa.text("closed_at IS NULL AND holder_id IS NOT NULL")


def upgrade() -> None:
    for name, columns, where in (
        ("ix_complaint_held", ["due_at", "id"], HELD),
        ("ix_complaint_holder", ["holder_id", "due_at", "id"], IN_HAND),
    ):
        op.create_index(name, "complaint", columns, unique=False, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_complaint_holder", table_name="complaint")
    op.drop_index("ix_complaint_held", table_name="complaint")
