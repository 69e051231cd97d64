"""Ids of systems of record that are longer than seven digits, and tokens for ids that are still to come."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("forward", sa.Column("remote_ref", sa.String(length=200), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("forward") as table:
        table.drop_column("remote_ref")
