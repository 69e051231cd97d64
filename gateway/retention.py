"""What is kept for how long, and how it goes: a table, walked every hour in small pieces (SECURITY § 5).

What belongs to a complaint and its reporter goes by gateway/anonymising.py; here stands what the working of the gateway
leaves behind. Large tables are walked by their ids, which are ordered by time, from where the last walk ended; the
others are small because of this very table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Table, select

from config.logging import get_logger
from gateway import audit, vitals
from gateway.complaints.complaint import SYSTEM
from gateway.storage import tables
from gateway.storage.store import Store, Transaction, constant
from gateway.storage.types import first_id_at, to_millis

log = get_logger(__name__)
PIECE = 500
MOST_PIECES = 40
"""Of one rule in one turn: what is more waits for the next one."""
POSITION = "forgotten_up_to"
DAY, MONTH, YEAR = timedelta(days=1), timedelta(days=30), timedelta(days=365)
GONE = "''"
BYTES: Mapping[str, str] = {"sqlite": "x''", "postgresql": "'\\x'::bytea"}
"""No bytes at all, where a column may not be empty."""
SEALED = "{no bytes}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` for which `past` holds (`:before` in milliseconds, `:before_id` the ids of then), oldest first.

    `clears`: columns and what they become; without it the row goes. `walks`: by id alone, from where it ended last.
    """

    name: str
    table: Table
    after: timedelta
    past: str = ""
    clears: Mapping[str, str] = field(default_factory=dict)
    walks: bool = False


# fmt: off
RULES: tuple[Rule, ...] = (
    # what providers sent, and what was said: the row stays as the key that knows a repetition, and for the figures
    Rule("raw calls",          tables.message,         MONTH,     clears={"raw_sealed": "NULL"}, walks=True),
    Rule("words received",     tables.message,         2 * YEAR,  clears={"text_sealed": "NULL", "provider_id": GONE}, walks=True),
    Rule("words sent",         tables.outbox,          2 * YEAR,  clears={"text_sealed": SEALED, "provider_id": GONE, "buttons": "NULL"}, walks=True),
    Rule("recipients",         tables.dispatch_log,    2 * YEAR,  clears={"recipient_id": "NULL"}, walks=True),
    Rule("words put away",     tables.shelf,           2 * YEAR,  "words IS NOT NULL AND last_at < :before", clears={"words": "NULL"}),
    Rule("calls put aside",    tables.quarantine,      MONTH,     "state <> 'held' AND settled_at < :before AND length(request_sealed) > 0",
         clears={"request_sealed": SEALED}),
    Rule("reports of delivery", tables.delivery_report, 3 * MONTH, "id < :before_id"),
    # what a conversation needed for minutes
    Rule("parts of SMS",       tables.sms_part,        7 * DAY,   "id < :before_id AND closed_at IS NOT NULL"),
    Rule("USSD sessions",      tables.ussd_session,    7 * DAY,   "draft_due_at IS NULL AND updated_at < :before"),
    Rule("codes on receipts",  tables.form_receipt,    timedelta(), "code_sealed IS NOT NULL AND shown_until < :before",
         clears={"code_sealed": "NULL"}),
    Rule("receipts of forms",  tables.form_receipt,    MONTH,     "shown_until < :before"),
    Rule("uploads of nobody", tables.attachment_upload, DAY, "attachment_id < :before_id AND NOT EXISTS (SELECT 1"
         " FROM attachment a WHERE a.id = attachment_upload.attachment_id AND a.state IN ('queued','working'))"),
    Rule("webhook deliveries", tables.webhook_delivery, MONTH, "id < :before_id"),
    Rule("words of tasks",     tables.task,            2 * YEAR,  "done_at < :before AND detail <> ''", clears={"detail": GONE}),
    # doors of staff
    Rule("officers' links",    tables.page_link,       3 * MONTH, "expires_at < :before"),
    Rule("officers' buttons",  tables.officer_action,  6 * MONTH, "created_at < :before"),
    Rule("officers' codes",    tables.officer_code,    3 * MONTH, "id < :before_id"),
    Rule("sessions",           tables.account_session, 3 * MONTH, "seen_at < :before"),
)
# fmt: on


def forget(store: Store) -> int:
    """One turn through the table; how many rows went or were cleared. What fails takes nothing with it."""
    return sum(_carry_out(store, rule) for rule in RULES)


def due(tx: Transaction) -> dict[str, int]:
    """What the next turns would take, by rule: how many rows. Nothing is changed."""
    return {rule.name: _count(tx, rule) for rule in RULES}


def _count(tx: Transaction, rule: Rule) -> int:
    before = tx.now - rule.after
    values = {"before": to_millis(before), "before_id": first_id_at(before)}
    past = rule.past
    if rule.walks:
        past, values = "id > :after AND id < :before_id", values | {"after": _reached(tx, rule)}
    row = tx.one(constant(f"SELECT count(*) FROM {rule.table.name} WHERE {past}"), values)  # noqa: S608
    return int(row[0]) if row else 0


def _carry_out(store: Store, rule: Rule) -> int:
    many = 0
    for _ in range(MOST_PIECES):
        found = store.run(lambda tx: _walk(tx, rule) if rule.walks else _piece(tx, rule))
        many += found
        if found < PIECE:
            break
    if many:
        store.run(lambda tx: audit.record(tx, SYSTEM, "data_forgotten", "table", rule.name, details={"rows": many}))
        log.info("data_forgotten", rule=rule.name, rows=many)
    return many


def _piece(tx: Transaction, rule: Rule) -> int:
    key = ", ".join(column.name for column in rule.table.primary_key)
    chosen = f"({key}) IN (SELECT {key} FROM {rule.table.name} WHERE {rule.past} ORDER BY {key} LIMIT :many)"  # noqa: S608
    before = tx.now - rule.after
    values = {"before": to_millis(before), "before_id": first_id_at(before), "many": PIECE}
    return tx.execute(constant(f"{_change(tx, rule)} WHERE {chosen}"), values).rowcount


def _walk(tx: Transaction, rule: Rule) -> int:
    """The next piece by id. Who began to walk late, or fell behind, catches up piece by piece."""
    identity = rule.table.c.id
    after, before = _reached(tx, rule), first_id_at(tx.now - rule.after)
    piece = select(identity).where(identity > after, identity < before).order_by(identity).limit(PIECE)
    ids = [row.id for row in tx.all(piece)]
    if not ids:
        return 0
    tx.execute(constant(f"{_change(tx, rule)} WHERE id > :after AND id <= :last"), {"after": after, "last": ids[-1]})
    vitals.keep(tx, _place(rule), ids[-1])
    return len(ids)


def _reached(tx: Transaction, rule: Rule) -> int:
    """The last id that the walk has passed."""
    figure = tables.figure
    kept = tx.one(select(figure.c.value).where(figure.c.name == _place(rule)))
    return kept.value if kept else 0


def _place(rule: Rule) -> str:
    return vitals.sample(POSITION, data=rule.name.replace(" ", "_"))


def _change(tx: Transaction, rule: Rule) -> str:
    if not rule.clears:
        return f"DELETE FROM {rule.table.name}"  # noqa: S608
    nothing = BYTES[tx.dialect]
    sets = ", ".join(f"{name} = {nothing if value == SEALED else value}" for name, value in rule.clears.items())
    return f"UPDATE {rule.table.name} SET {sets}"  # noqa: S608
