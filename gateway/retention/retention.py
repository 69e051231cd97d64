"""What is kept for how long, and how it goes: a table, walked every hour in small pieces (SECURITY § 5).

What belongs to a complaint and its reporter goes by gateway/retention/anonymising.py; here stands what the working of the gateway
leaves behind. Large tables are walked by their ids, which are ordered by time, from where the last walk ended; the
others are small because of this very table. Words of a complaint that must be kept (gateway/retention/legal_holds.py) stay; what a
walk passed over meanwhile is caught up with when its hold ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Table, select

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.operations import vitals
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
COMPLAINT = "complaint_id"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` for which `past` holds (`:before` in milliseconds, `:before_id` the ids of then), oldest first.

    `clears`: columns and what they become; without it the row goes. `walks`: by id alone, from where it ended last.
    `of`: the column that names the complaint whose words these are; while a hold stands, nothing of it goes.
    """

    name: str
    table: Table
    after: timedelta
    past: str = ""
    clears: Mapping[str, str] = field(default_factory=dict)
    walks: bool = False
    of: str = ""


# fmt: off
RULES: tuple[Rule, ...] = (
    # what providers sent, and what was said: the row stays as the key that knows a repetition, and for the figures
    Rule("raw calls",          tables.message,         MONTH,     clears={"raw_sealed": "NULL"}, walks=True, of=COMPLAINT),
    Rule("words received",     tables.message,         2 * YEAR,  clears={"text_sealed": "NULL", "provider_id": GONE}, walks=True, of=COMPLAINT),
    Rule("words sent",         tables.outbox,          2 * YEAR,  clears={"text_sealed": SEALED, "provider_id": GONE, "buttons": "NULL"}, walks=True, of=COMPLAINT),
    Rule("recipients",         tables.dispatch_log,    2 * YEAR,  clears={"recipient_id": "NULL"}, walks=True, of=COMPLAINT),
    Rule("words put away",     tables.shelf,           2 * YEAR,  "words IS NOT NULL AND last_at < :before", clears={"words": "NULL"}, of="id"),
    Rule("calls put aside",    tables.quarantine,      MONTH,     "state <> 'held' AND settled_at < :before AND length(request_sealed) > 0",
         clears={"request_sealed": SEALED}),
    Rule("reports of delivery", tables.delivery_report, 3 * MONTH, "id < :before_id"),
    Rule("parts of SMS that left", tables.sent_part, 3 * MONTH, "id < :before_id"),
    # what a conversation needed for minutes
    Rule("parts of SMS",       tables.sms_part,        7 * DAY,   "id < :before_id AND closed_at IS NOT NULL"),
    Rule("USSD sessions",      tables.ussd_session,    7 * DAY,   "draft_due_at IS NULL AND updated_at < :before"),
    Rule("last words heard",   tables.heard,           MONTH,     "at < :before"),
    Rule("codes on receipts",  tables.form_receipt,    timedelta(), "code_sealed IS NOT NULL AND shown_until < :before",
         clears={"code_sealed": "NULL"}),
    Rule("receipts of forms",  tables.form_receipt,    MONTH,     "shown_until < :before"),
    Rule("uploads of nobody", tables.attachment_upload, DAY, "attachment_id < :before_id AND NOT EXISTS (SELECT 1"
         " FROM attachment a WHERE a.id = attachment_upload.attachment_id AND a.state IN ('queued','working'))"),
    Rule("webhook deliveries", tables.webhook_delivery, MONTH, "id < :before_id"),
    Rule("webhook attempts",   tables.webhook_attempt, MONTH,  "delivery_id < :before_id"),
    Rule("words of tasks",     tables.task,            2 * YEAR,  "done_at < :before AND detail <> ''", clears={"detail": GONE}, of=COMPLAINT),
    Rule("words of requests",  tables.privacy_request, 2 * YEAR,  "decided_at < :before AND said <> ''", clears={"said": GONE}),
    # breaches of personal data: what happened, who was told; that it happened, when, and to how many stays
    Rule("words of breaches",  tables.breach,          5 * YEAR,  "closed_at < :before AND what <> ''",
         clears={"what": GONE, "said_how": GONE, "said_done": GONE, "numbers": "'[]'"}),
    Rule("steps of breaches",  tables.breach_step,     5 * YEAR,  "words <> '' AND EXISTS (SELECT 1"
         " FROM breach b WHERE b.id = breach_step.breach_id AND b.closed_at < :before)", clears={"words": GONE}),
    Rule("persons of breaches", tables.breach_person,  5 * YEAR,  "EXISTS (SELECT 1"
         " FROM breach b WHERE b.id = breach_person.breach_id AND b.closed_at < :before)"),
    # what a machine proposed; what people decided stays with its complaint
    Rule("proposals",          tables.proposal,        2 * YEAR,  "complaint_id < :before_id"),
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


def catch_up(tx: Transaction, complaint_id: int) -> list[str]:
    """A hold is over: what the walks passed over meanwhile goes now; the names of the rules. The others find it again."""
    return [rule.name for rule in RULES if rule.walks and rule.of and _take_passed(tx, rule, complaint_id)]


def _take_passed(tx: Transaction, rule: Rule, complaint_id: int) -> bool:
    mine = f"{rule.of} = :complaint AND {rule.of} IS NOT NULL AND id <= :last"
    values = {"complaint": complaint_id, "last": _reached(tx, rule)}
    return tx.execute(constant(f"{_change(tx, rule)} WHERE {mine}{_unheld(rule)}"), values).rowcount > 0


def due(tx: Transaction) -> dict[str, int]:
    """What the next turns would take, by rule: how many rows. Nothing is changed."""
    return {rule.name: _count(tx, rule) for rule in RULES}


def _count(tx: Transaction, rule: Rule) -> int:
    before = tx.now - rule.after
    values = {"before": to_millis(before), "before_id": first_id_at(before)}
    past = rule.past
    if rule.walks:
        past, values = "id > :after AND id < :before_id", values | {"after": _reached(tx, rule)}
    row = tx.one(constant(f"SELECT count(*) FROM {rule.table.name} WHERE {past}{_unheld(rule)}"), values)  # noqa: S608
    return int(row[0]) if row else 0


def _carry_out(store: Store, rule: Rule) -> int:
    many = 0
    for _ in range(MOST_PIECES):
        looked, gone = store.run(lambda tx: _walk(tx, rule) if rule.walks else _piece(tx, rule))
        many += gone
        if looked < PIECE:
            break
    if many:
        store.run(lambda tx: audit.record(tx, SYSTEM, "data_forgotten", "table", rule.name, details={"rows": many}))
        log.info("data_forgotten", rule=rule.name, rows=many)
    return many


def _piece(tx: Transaction, rule: Rule) -> tuple[int, int]:
    """How many rows were looked at, and how many went or were cleared."""
    key = ", ".join(column.name for column in rule.table.primary_key)
    past = f"{rule.past}{_unheld(rule)}"
    chosen = f"({key}) IN (SELECT {key} FROM {rule.table.name} WHERE {past} ORDER BY {key} LIMIT :many)"  # noqa: S608
    before = tx.now - rule.after
    values = {"before": to_millis(before), "before_id": first_id_at(before), "many": PIECE}
    gone = tx.execute(constant(f"{_change(tx, rule)} WHERE {chosen}"), values).rowcount
    return gone, gone


def _walk(tx: Transaction, rule: Rule) -> tuple[int, int]:
    """The next piece by id, counted as `_piece` does. Who began to walk late, or fell behind, catches up piece by piece."""
    identity = rule.table.c.id
    after, before = _reached(tx, rule), first_id_at(tx.now - rule.after)
    piece = select(identity).where(identity > after, identity < before).order_by(identity).limit(PIECE)
    ids = [row.id for row in tx.all(piece)]
    if not ids:
        return 0, 0
    change = constant(f"{_change(tx, rule)} WHERE id > :after AND id <= :last{_unheld(rule)}")
    gone = tx.execute(change, {"after": after, "last": ids[-1]}).rowcount
    vitals.keep(tx, _place(rule), ids[-1])
    return len(ids), gone


def _unheld(rule: Rule) -> str:
    """`legal_holds.stands` as constant text, for rows that belong to a complaint."""
    if not rule.of:
        return ""
    mine = f"h.complaint_id = {rule.table.name}.{rule.of} AND h.ended_at IS NULL"
    return f" AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE {mine})"  # noqa: S608


def _reached(tx: Transaction, rule: Rule) -> int:
    """The last id that the walk has passed."""
    place = _place(rule)
    return vitals.kept(tx, place).get(place, 0)


def _place(rule: Rule) -> str:
    return vitals.sample(POSITION, data=rule.name.replace(" ", "_"))


def _change(tx: Transaction, rule: Rule) -> str:
    if not rule.clears:
        return f"DELETE FROM {rule.table.name}"  # noqa: S608
    nothing = BYTES[tx.dialect]
    sets = ", ".join(f"{name} = {nothing if value == SEALED else value}" for name, value in rule.clears.items())
    return f"UPDATE {rule.table.name} SET {sets}"  # noqa: S608
