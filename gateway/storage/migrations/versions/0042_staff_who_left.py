"""Whose name went because they left years ago; which contacts of officers no team has any more (gateway/retention/former_staff.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
OF_STAFF = sa.text("staff")
COLUMNS = (("agency_member", "forgotten_at"), ("account", "forgotten_at"), ("contact", "free_since"))


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
    op.create_index("ix_contact_staff", "contact", ["id"], sqlite_where=OF_STAFF, postgresql_where=OF_STAFF)


def downgrade() -> None:
    op.drop_index("ix_contact_staff", table_name="contact")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)
