"""Tasks are found by their complaint, for the words that they hold go with it (gateway/retention/emptying.py)."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_complaint", "task", ["complaint_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_task_complaint", table_name="task")
