"""Lines that are said with receipts while an incident is known (gateway/record/known_incidents.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "known_incident",
        sa.Column("id", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("line", sa.String(length=160), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_incident")),
    )
    op.create_index(op.f("ix_known_incident_expires_at"), "known_incident", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_known_incident_expires_at"), table_name="known_incident")
    op.drop_table("known_incident")
