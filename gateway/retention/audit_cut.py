"""The oldest lines of the audit chain go when five years are over, and the chain stays provable (SECURITY § 5, § 7).

A cut is made at a signed checkpoint: its lines are walked once more, and are taken only when they are whole, so that no
cut hides what was changed. Each piece is one transaction: the signed record of the cut, and the lines up to it. Whoever
dies in between leaves a chain that begins behind the last piece. A legal hold keeps complaints, never lines of the audit.
"""

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from config.logging import get_logger
from gateway.audit import audit, checkpoints
from gateway.audit.checkpoints import Checkpoint
from gateway.complaints.complaint import SYSTEM
from gateway.storage import tables
from gateway.storage.store import Store, Transaction

log = get_logger(__name__)
KEPT = timedelta(days=5 * 365)
PIECE = 1_000
MOST_PIECES = 40
NAME = "audit"


def cut(store: Store) -> int:
    """One turn; how many lines went. What is more waits for the next one."""
    many = 0
    goal: Checkpoint | None = None
    for _ in range(MOST_PIECES):
        if goal is None:
            with store.reading() as tx:
                goal = _next(tx)
            if goal is None:
                break
        gone, is_there = store.run(partial(_piece, goal=goal))
        many += gone
        goal = None if is_there else goal
    return many


def _next(tx: Transaction) -> Checkpoint | None:
    """The next checkpoint up to which all lines are old enough and whole."""
    begin = audit.begins_at(tx)
    goal = checkpoints.due_for_cut(tx, begin - 1, tx.now - KEPT)
    if goal is None:
        return None
    verdict = audit.verify(tx, {goal.seq: goal.hash}, until=goal.seq)
    if verdict.problem:
        log.warning("audit_not_cut", seq=verdict.seq, problem=verdict.problem)
        return None
    return goal


def _piece(tx: Transaction, goal: Checkpoint) -> tuple[int, bool]:
    """How many lines went, and whether the goal is reached."""
    tx.take_turns("audit_cut")
    begin = audit.begins_at(tx)
    last, line = min(begin + PIECE - 1, goal.seq), tables.audit
    row = tx.one(select(line.c.hash).where(line.c.seq == last))
    if row is None:  # another process was here first
        return 0, True
    made = checkpoints.keep_cut(tx, last, row.hash, last - begin + 1)
    tx.execute(line.delete().where(line.c.seq <= last))
    details = {"rows": made.rows, "seq": made.seq, "hash": made.hash}
    audit.record(tx, SYSTEM, "data_forgotten", "table", NAME, details=details)
    return made.rows, last == goal.seq


def due(tx: Transaction) -> dict[str, int]:
    """How many lines the next turns would take. Nothing is changed."""
    behind = audit.begins_at(tx) - 1
    goal = checkpoints.due_for_cut(tx, behind, tx.now - KEPT, newest=True)
    return {NAME: goal.seq - behind if goal else 0}
