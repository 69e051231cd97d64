"""History is append-only: the database itself refuses to change or delete what happened."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Texts of events are masked further by retention; what happened, when and by whom stays as it was written.
FACTS = "id, complaint_id, seq, at, action, from_status, to_status, actor_role, actor_id, agency, visibility"
GUARDS = (
    ("audit_no_update", "UPDATE ON audit"),
    ("audit_no_delete", "DELETE ON audit"),
    ("event_no_update", f"UPDATE OF {FACTS} ON complaint_event"),
    ("event_no_delete", "DELETE ON complaint_event"),
)
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'history is append-only'; END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, event in GUARDS:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
            )
        return
    op.execute(REFUSE)
    for name, event in GUARDS:
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, event in GUARDS:
        table = event.rpartition(" ")[2]
        op.execute(f"DROP TRIGGER {name}" if on_sqlite else f"DROP TRIGGER {name} ON {table}")
    if not on_sqlite:
        op.execute("DROP FUNCTION refuse_change()")
