"""What coordinators must know of the systems of record themselves: closed to us, open again, work by hand that waits.

One message when a target stops answering and one when it has answered for a while, however it flickers in between; one
message a working day about what people have to do there, and each morning what waits to be typed in (docs/forwarders/sp4n.md § Reminders).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.complaints.forward import Circuit, CircuitState, Health
from gateway.complaints.notices import Audience
from gateway.forwarding import forwarding
from gateway.operations import vitals
from gateway.outbound import circles
from gateway.outbound.circles import Way
from gateway.outbound.outbound import Said
from gateway.queries import bridge
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing.quiet import staff_rests_until, summary_day

FIGURE = "record_away"
"""Figure of a target: minus the second since when it is shut, plus it once somebody was told, 0 when all is well."""
PATIENCE = timedelta(minutes=10)
"""So long it may be away before somebody is told, and so long it must answer before it is well again."""
ALERT, REMINDER, TYPING = "chan.alert", "task.sp4n", "task.bridge"
TOLD_ALERTS = (Audience.COORDINATOR, Audience.CHANNEL_ADMIN)
REMINDED = (Audience.COORDINATOR,)
NAMES = {"sp4n": "LAPOR!"}


def tell_alerts(tx: Transaction) -> int:
    """Look at every circuit; how many alerts and all-clears were written."""
    return sum(_look(tx, table.name, table.kind) for table in tx.office.settings.forwarding)


def _look(tx: Transaction, target: str, kind: str) -> int:
    state = forwarding.circuit(tx, target)
    name = vitals.sample(FIGURE, target=target)
    before = vitals.kept(tx, name).get(name, 0)
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
    circles.tell(tx, circles.of(tx, TOLD_ALERTS), text, Said(ALERT, direct=False))
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
    if not tx.office.matrix.sends(REMINDER, Audience.COORDINATOR.value):
        return 0
    overdue = bridge.Overdue() if _is_begun(tx, REMINDER) else bridge.overdue(tx)
    if not overdue.is_urgent:
        return 0
    if not _begin(tx, REMINDER):
        return 0
    text = tx.office.texts(REMINDER, n=overdue.many, umur=_age(tx, overdue.days))
    circles.tell(tx, circles.of(tx, REMINDED), f"{text} {_address(tx)}", Said(REMINDER, direct=False))
    return 1


def tell_typing(tx: Transaction) -> int:
    """Each working morning, to whoever types in there: how much of it waits since yesterday or longer; how many were told.

    Whoever was reminded of it today already is not told twice.
    """
    if summary_day(tx) is None or not tx.office.settings.forwarding:
        return 0
    if not tx.office.matrix.sends(TYPING, Audience.TEAM.value):
        return 0
    waits = bridge.Typing() if _is_begun(tx, TYPING) else bridge.typing(tx)
    if not waits.days or not _begin(tx, TYPING):
        return 0
    text = tx.office.texts(TYPING, n=waits.many, umur=_age(tx, waits.days), m=waits.numbers)
    knowing = {contact.id for _, contact in circles.of(tx, REMINDED)} if _is_begun(tx, REMINDER) else set()
    circle = [way for way in _operators(tx) if way[1].id not in knowing]
    return circles.tell(tx, circle, f"{text} {_address(tx)}", Said(TYPING, direct=False))


def _operators(tx: Transaction) -> Sequence[Way]:
    """The team that types in, as the settings name it; where nobody of it can be told, the coordinator's."""
    named = {str(table.values.get("operator_agency", "")) for table in tx.office.settings.forwarding}
    ways = [way for agency in sorted(named - {""}) for way in circles.of(tx, [Audience.TEAM], agency)]
    return ways or circles.of(tx, REMINDED)


def _age(tx: Transaction, days: int) -> str:
    texts = tx.office.texts
    return texts("task.sp4n_days", n=days) if days else texts("task.sp4n_today")


def _address(tx: Transaction) -> str:
    return f"{tx.office.settings.server.public_url}/admin/sp4n/jembatan"


def _begin(tx: Transaction, key: str) -> bool:
    """Whether it is ours to tell: two clocks may be at it."""
    row = {"day": tx.today, "audience": key, "agency": "", "created_at": tx.now}
    return bool(tx.insert_new(tables.summary, [row], "day"))


def _is_begun(tx: Transaction, key: str) -> bool:
    summary = tables.summary.c
    mine = (summary.day == tx.today) & (summary.audience == key) & (summary.agency == "")
    return tx.one(select(summary.day).where(mine)) is not None
