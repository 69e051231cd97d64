"""What became of complaints that are over, in one packed row each (gateway/record/shelf.py); what was not sent by its time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSENT = sa.text("state IN ('unknown','failed','queued','sending')")
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
    # Little beside what was sent: the screen of deliveries must not read a month of messages to find it.
    columns = ["created_at", "id", "state"]
    op.create_index("ix_outbox_unsent", "outbox", columns, unique=False, sqlite_where=UNSENT, postgresql_where=UNSENT)


def downgrade() -> None:
    op.drop_index("ix_outbox_unsent", table_name="outbox", sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.drop_index("ix_shelf_words", table_name="shelf", sqlite_where=WITH_WORDS, postgresql_where=WITH_WORDS)
    op.drop_table("shelf")
