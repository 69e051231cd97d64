"""The lists that a system of record keeps: fetched each week and on demand, or brought as a file; kept as last seen.

What is gone over there stays with the moment when it was last there. What differs from our own tables:
gateway/queries/masters.py. Rules: docs/forwarders/sp4n.md § Masters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select

from config.reference.topics import name_key
from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.complaints.masters import MasterKind, MasterLists, MasterRow
from gateway.complaints.table_file import Rows, has_formula, records
from gateway.operations import vitals
from gateway.storage import tables
from gateway.storage.store import Transaction

EVERY, AGAIN = timedelta(days=7), timedelta(hours=6)
"""How often they are fetched, and when it is tried again after it failed."""
ASKED = "masters_asked"
"""Figure of a target: Unix time from which on its lists may be fetched."""
ID_CHARACTERS, NAME_CHARACTERS = 24, 200
COLUMNS = {
    "id": ("kode", "nomor", "code"),
    "nama": ("name", "namainstansi", "namakategori"),
    "induk_id": ("parentid", "induk"),
}
NEEDED = ("id", "nama")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a list changed: rows that are new, have another name, or are not there any more."""

    many: int = 0
    new: int = 0
    renamed: int = 0
    gone: int = 0
    refused: int = 0


def is_due(tx: Transaction, target: str) -> bool:
    name = vitals.sample(ASKED, target=target)
    return vitals.kept(tx, name).get(name, 0) <= tx.now.timestamp()


def put_off(tx: Transaction, target: str, *, done: bool) -> None:
    """They were fetched, or somebody fetches them now and may fail or die: nobody else does until they are due again."""
    due = tx.now + (EVERY if done else AGAIN)
    vitals.keep(tx, vitals.sample(ASKED, target=target), int(due.timestamp()))


def ask_now(tx: Transaction, actor: Actor) -> None:
    """A person wants them fresh."""
    for table in tx.office.settings.forwarding:
        vitals.keep(tx, vitals.sample(ASKED, target=table.name), 0)
    audit.record(tx, actor, "masters_asked", "remote_master")
    tx.ring("poll")


def keep_all(tx: Transaction, target: str, lists: MasterLists) -> None:
    """What was fetched. A list that came empty was not granted, and says nothing of what we know."""
    for kind, found in lists.items():
        if found:
            keep(tx, target, kind, found)


def keep(tx: Transaction, target: str, kind: MasterKind, found: Sequence[MasterRow]) -> Kept:
    """One whole list."""
    master = tables.remote_master
    mine = (master.c.target == target) & (master.c.kind == kind.value)
    names = {row.remote_id: row.name for row in tx.all(select(master.c.remote_id, master.c.name).where(mine))}
    usable = {row.id: row for row in found if 0 < len(row.id) <= ID_CHARACTERS and len(row.parent_id) <= ID_CHARACTERS}
    rows = [
        {
            "target": target,
            "kind": kind.value,
            "remote_id": row.id,
            "name": row.name[:NAME_CHARACTERS],
            "name_key": name_key(row.name)[:NAME_CHARACTERS],
            "parent_id": row.parent_id,
            "first_seen_at": tx.now,
            "seen_last_at": tx.now,
        }
        for row in usable.values()
    ]
    tx.upsert(master, rows, ["name", "name_key", "parent_id", "seen_last_at"])
    return Kept(
        many=len(usable),
        new=len(set(usable) - set(names)),
        renamed=sum(row["name"] != names.get(str(row["remote_id"]), row["name"]) for row in rows),
        gone=len(set(names) - set(usable)),
        refused=len(found) - len(usable),
    )


def read(rows: Rows) -> tuple[list[MasterRow], int]:
    """The rows of a file that somebody brings, and how many say nothing usable. FileRefused."""
    given = [cells for _, cells in records(rows, COLUMNS, NEEDED)]
    usable = [one for one in given if one["id"] and one["nama"] and not has_formula(one)]
    return [MasterRow(one["id"], one["nama"], one.get("induk_id", "")) for one in usable], len(given) - len(usable)


def take(
    tx: Transaction, target: str, kind: MasterKind, found: Sequence[MasterRow], refused: int, digest: str, actor: Actor
) -> Kept:
    """A whole list from the file with this digest."""
    kept = keep(tx, target, kind, found)
    details = {"kind": kind.value, "rows": kept.many, "new": kept.new, "gone": kept.gone}
    audit.record(tx, actor, "masters_imported", "remote_master", digest, f"impor:{digest}", details)
    return replace(kept, refused=kept.refused + refused)


def id_by_name(tx: Transaction, target: str, kind: MasterKind, names: Sequence[str]) -> str:
    """The id of the one row of a list that has exactly one of these names; empty where none or several have."""
    master = tables.remote_master
    mine = (master.c.target == target) & (master.c.kind == kind.value)
    newest = select(func.max(master.c.seen_last_at)).where(mine).scalar_subquery()
    named = master.c.name_key.in_({name_key(name) for name in names if name})
    found = tx.all(select(master.c.remote_id).where(mine, named, master.c.seen_last_at == newest))
    return str(found[0].remote_id) if len(found) == 1 else ""
