"""Requests for a copy and for a correction beside those for erasure: one of each may wait (gateway/retention/privacy_requests.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NAME = "uq_privacy_request_asked"
WAITS = "decided_at IS NULL"


def upgrade() -> None:
    op.add_column("privacy_request", sa.Column("said", sa.String(length=500), nullable=False, server_default=""))
    op.add_column("privacy_request", sa.Column("noted_by", sa.BigInteger(), nullable=True))
    op.drop_index(NAME, table_name="privacy_request")
    _one_that_waits(NAME, f"{WAITS} AND kind = 'erase'")
    _one_that_waits("uq_privacy_request_copy", f"{WAITS} AND kind = 'copy'")
    _one_that_waits("uq_privacy_request_correct", f"{WAITS} AND kind = 'correct'")


def downgrade() -> None:
    op.execute("DELETE FROM privacy_request WHERE kind <> 'erase'")
    for name in (NAME, "uq_privacy_request_copy", "uq_privacy_request_correct"):
        op.drop_index(name, table_name="privacy_request")
    _one_that_waits(NAME, WAITS)
    op.drop_column("privacy_request", "noted_by")
    op.drop_column("privacy_request", "said")


def _one_that_waits(name: str, where: str) -> None:
    chosen = sa.text(where)
    op.create_index(name, "privacy_request", ["contact_id"], unique=True, sqlite_where=chosen, postgresql_where=chosen)
