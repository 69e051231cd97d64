"""What people rule on has longer names: a place, an emergency, what is sensitive, a language."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("ruling") as table:
        table.alter_column("what", existing_type=sa.String(8), type_=sa.String(12), existing_nullable=False)


def downgrade() -> None:
    op.execute("DELETE FROM ruling WHERE what NOT IN ('topic', 'agency', 'kind')")
    with op.batch_alter_table("ruling") as table:
        table.alter_column("what", existing_type=sa.String(12), type_=sa.String(8), existing_nullable=False)
