"""The register of demands for an identity: who asked on which ground, who decided, when it was opened (SECURITY C34)."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UNTOLD = "told_at IS NULL AND tell_at IS NOT NULL"


def _word(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def upgrade() -> None:
    op.create_table(
        "identity_demand",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        _word("asker", 12),
        _word("asker_name", 120),
        _word("purpose", 12),
        _word("document", 80),
        _word("reason", 500),
        sa.Column("barred", sa.Boolean(), nullable=False),
        _word("state", 12),
        _word("refusal", 20),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        _word("asked_role", 20),
        _moment("decided_at"),
        _moment("decided_by"),
        _word("decided_role", 20),
        _word("decision_reason", 500),
        sa.Column("alone", sa.Boolean(), nullable=False),
        _moment("review_due_at"),
        _moment("reviewed_at"),
        _moment("reviewed_by"),
        _word("review", 500),
        _moment("opened_at"),
        _moment("open_until"),
        _moment("tell_at"),
        _moment("told_at"),
        _word("told", 31),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_demand")),
    )
    op.create_index(op.f("ix_identity_demand_complaint_id"), "identity_demand", ["complaint_id"], unique=False)
    op.create_index(
        "ix_identity_demand_tell",
        "identity_demand",
        ["tell_at"],
        unique=False,
        sqlite_where=sa.text(UNTOLD),
        postgresql_where=sa.text(UNTOLD),
    )


def downgrade() -> None:
    op.drop_index("ix_identity_demand_tell", table_name="identity_demand")
    op.drop_index(op.f("ix_identity_demand_complaint_id"), table_name="identity_demand")
    op.drop_table("identity_demand")
