"""What became of complaints that are over, in one packed row each (gateway/shelf.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WITH_WORDS = sa.text("words IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "shelf",
        sa.Column("id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelf")),
    )
    op.create_index(
        "ix_shelf_words", "shelf", ["last_at"], unique=False, sqlite_where=WITH_WORDS, postgresql_where=WITH_WORDS
    )


def downgrade() -> None:
    op.drop_index("ix_shelf_words", table_name="shelf", sqlite_where=WITH_WORDS, postgresql_where=WITH_WORDS)
    op.drop_table("shelf")
