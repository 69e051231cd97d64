"""The oldest lines of the audit chain may go, up to a signed cut and no further (gateway/retention/audit_cut.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CUTS = (
    ("cut_no_update", "UPDATE ON audit_cut"),
    ("cut_no_delete", "DELETE ON audit_cut"),
)
BEHIND = "OLD.seq > COALESCE((SELECT max(seq) FROM audit_cut), 0)"
"""No trigger can prove a signature: `gateway audit verify` does. What is behind every cut is not given away at all."""
REFUSE = """
CREATE FUNCTION refuse_behind_cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {behind} THEN RAISE EXCEPTION 'history is append-only'; END IF;
    RETURN OLD;
END $$
"""
EMPTIED = ("audit", "audit_cut", "complaint_event")


def upgrade() -> None:
    op.create_table(
        "audit_cut",
        sa.Column("seq", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_cut")),
    )
    if op.get_bind().dialect.name == "sqlite":
        refusal = "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
        op.execute("DROP TRIGGER audit_no_delete")
        op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN {BEHIND} {refusal}")
        for name, event in CUTS:
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} {refusal}")
        return
    op.execute("DROP TRIGGER audit_no_delete ON audit")
    op.execute(REFUSE.format(behind=BEHIND))
    op.execute(
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_behind_cut()"
    )
    for name, event in CUTS:
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    for table in EMPTIED:
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    refuse = "BEFORE DELETE ON audit"
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_delete")
        op.execute(f"CREATE TRIGGER audit_no_delete {refuse} BEGIN SELECT RAISE(ABORT, 'history is append-only'); END")
    else:
        op.execute("DROP TRIGGER audit_no_delete ON audit")
        op.execute("DROP FUNCTION refuse_behind_cut()")
        op.execute(f"CREATE TRIGGER audit_no_delete {refuse} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        for table in EMPTIED:
            if table != "audit_cut":
                op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
    op.drop_table("audit_cut")
