"""What a model in the shadow would have changed, and who was right by what people decided."""

from typing import Any

from sqlalchemy import and_, select

from gateway.complaints import certainty
from gateway.complaints.certainty import Told
from gateway.queries.confirmed import newest
from gateway.record.rulings import KIND
from gateway.storage import tables
from gateway.storage.store import Transaction

MOST = 20_000


def compared(tx: Transaction, task: str, name: str) -> dict[str, Any]:
    """Counts over the complaints for which `name` proposed in the shadow.

    What went on by itself counts as undecided: a person rules on it only where the one in use was wrong.
    """
    used, beside, ruling = tables.proposal.alias("used"), tables.proposal.alias("beside"), tables.ruling
    same = and_(used.c.complaint_id == beside.c.complaint_id, used.c.shadow.is_(False))
    mine = and_(
        ruling.c.complaint_id == beside.c.complaint_id, ruling.c.what == task, newest(), ruling.c.acted.is_(False)
    )
    sure = "sure" if task == KIND else f"{task}_sure"
    rows = tx.all(
        select(
            used.c[task].label("in_use"),
            used.c[sure].label("used_sure"),
            beside.c[task].label("in_shadow"),
            beside.c[sure].label("shadow_sure"),
            ruling.c.decided,
        )
        .select_from(beside.join(used, same).outerjoin(ruling, mine))
        .where(beside.c.shadow.is_(True), beside.c.model.contains(name, autoescape=True))
        .order_by(beside.c.complaint_id.desc())
        .limit(MOST)
    )
    decided = [row for row in rows if row.decided]
    before = [Told(row.decided, row.in_use, row.used_sure) for row in decided]
    after = [Told(row.decided, row.in_shadow, row.shadow_sure) for row in decided]
    duel = certainty.duel(before, after)
    return {
        "rows": len(rows),
        "changed": sum(row.in_use != row.in_shadow for row in rows),
        "decided": len(decided),
        "right_in_use": sum(one.right for one in before),
        "right_in_shadow": sum(one.right for one in after),
        "gain": {"lost": duel.first_alone, "won": duel.second_alone, "chance": round(duel.chance, 5)},
    }
