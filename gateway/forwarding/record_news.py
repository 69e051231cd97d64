"""What coordinators must know of the systems of record themselves: closed to us, open again, work by hand that waits.

One message when a target stops answering and one when it has answered for a while, however it flickers in between; one
message a working day about what people have to do there (docs/forwarders/sp4n.md § Reminders).
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.complaints.forward import Circuit, CircuitState, Health
from gateway.complaints.notices import Audience
from gateway.forwarding import forwarding
from gateway.operations import vitals
from gateway.outbound import circles
from gateway.outbound.outbound import Said
from gateway.queries import bridge
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing.quiet import staff_rests_until

FIGURE = "record_away"
"""Figure of a target: minus the second since when it is shut, plus it once somebody was told, 0 when all is well."""
PATIENCE = timedelta(minutes=10)
"""So long it may be away before somebody is told, and so long it must answer before it is well again."""
ALERT, REMINDER = "chan.alert", "task.sp4n"
TOLD_ALERTS = (Audience.COORDINATOR, Audience.CHANNEL_ADMIN)
NAMES = {"sp4n": "LAPOR!"}


def tell_alerts(tx: Transaction) -> int:
    """Look at every circuit; how many alerts and all-clears were written."""
    return sum(_look(tx, table.name, table.kind) for table in tx.office.settings.forwarding)


def _look(tx: Transaction, target: str, kind: str) -> int:
    state = forwarding.circuit(tx, target)
    name = vitals.sample(FIGURE, target=target)
    before = vitals.figures(tx).get(name, 0)
    after = _next(state, before, _changed_at(tx, target), tx.now)
    if after != before:
        vitals.keep(tx, name, after)
    if (after > 0) is (before > 0):
        return 0
    values = {"nama": NAMES.get(kind, target), "n": str(bridge.waiting(tx, target))}
    if after > 0:
        since = tx.office.calendar.local(datetime.fromtimestamp(after, tx.now.tzinfo))
        words = tx.office.texts(f"chan.state.{state.reason or Health.BUSY}")
        text = tx.office.texts(ALERT, **values, keadaan=words, jam=f"{since:%d-%m %H.%M}")
    else:
        text = tx.office.texts("chan.recovered", **values)
    circles.tell(tx, TOLD_ALERTS, text, Said(ALERT, direct=False))
    return 1


def _next(state: Circuit, before: int, changed_at: datetime, now: datetime) -> int:
    """The figure as it is now."""
    is_shut = state.state is CircuitState.OPEN
    if not is_shut and (before == 0 or now - changed_at >= PATIENCE):
        return 0
    if before > 0 or not is_shut:
        return before
    begun = -before or int((state.opened_at or now).timestamp())
    # Refused keys do not mend themselves by waiting.
    is_due = now.timestamp() - begun >= PATIENCE.total_seconds() or state.reason == Health.LOCKED_OUT
    return begun if is_due else -begun


def _changed_at(tx: Transaction, target: str) -> datetime:
    circuit = tables.circuit
    row = tx.one(circuit.select().where(circuit.c.target == target))
    return row.updated_at if row else tx.now


def remind(tx: Transaction) -> int:
    """Once a working day, outside quiet hours: what waits for people there, the oldest of it; whether it was told."""
    if staff_rests_until(tx, tx.now) is not None or not tx.office.settings.forwarding:
        return 0
    overdue = bridge.Overdue() if _is_reminded(tx) else bridge.overdue(tx)
    if not overdue.is_urgent:
        return 0
    row = {"day": tx.today, "audience": REMINDER, "agency": "", "created_at": tx.now}
    if not tx.insert_new(tables.summary, [row], "day"):
        return 0
    texts = tx.office.texts
    age = texts("task.sp4n_days", n=overdue.days) if overdue.days else texts("task.sp4n_today")
    address = f"{tx.office.settings.server.public_url}/admin/sp4n/jembatan"
    text = texts(REMINDER, n=overdue.many, umur=age)
    circles.tell(tx, [Audience.COORDINATOR], f"{text} {address}", Said(REMINDER, direct=False))
    return 1


def _is_reminded(tx: Transaction) -> bool:
    summary = tables.summary.c
    mine = (summary.day == tx.today) & (summary.audience == REMINDER) & (summary.agency == "")
    return tx.one(select(summary.day).where(mine)) is not None
