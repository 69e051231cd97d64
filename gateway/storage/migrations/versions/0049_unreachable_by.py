"""What an early report asks for, and the one channel by which somebody cannot be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery_report", sa.Column("again_s", sa.Integer(), nullable=True))
    op.add_column(
        "delivery_report", sa.Column("stops_channel", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("contact", sa.Column("unreachable_by", sa.String(31), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("contact", "unreachable_by")
    op.drop_column("delivery_report", "stops_channel")
    op.drop_column("delivery_report", "again_s")
