"""Who wants no more messages is listed for staff (gateway/queries/opt_outs.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None
WHERE = "opted_out_at IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_dialogue_opted_out",
        "dialogue",
        ["opted_out_at"],
        sqlite_where=sa.text(WHERE),
        postgresql_where=sa.text(WHERE),
    )


def downgrade() -> None:
    op.drop_index("ix_dialogue_opted_out", table_name="dialogue")
