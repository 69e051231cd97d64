"""Where the lists of LAPOR! and our own tables of its ids part: what a report would be filed under, and nobody there knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from config.reference.topics import name_key
from config.settings import ForwarderTable
from gateway.casework import outgoing
from gateway.complaints.masters import MasterKind
from gateway.forwarding import remote_words
from gateway.storage import tables
from gateway.storage.store import Transaction

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """One of their lists. `gone`: rows that were not there the last time."""

    kind: MasterKind
    many: int = 0
    gone: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference. `code`: end of a text key; `about`: our code; `remote_id`, `name`: theirs, where it is about one.

    `is_wrong`: reports go astray by it; else it is only worth a look.
    """

    code: str
    about: str
    remote_id: str = ""
    name: str = ""
    is_wrong: bool = True


@dataclass(frozen=True, slots=True)
class Lists:
    """`rows` by kind and id, `there` those that were there the last time."""

    rows: Mapping[MasterKind, Mapping[str, Any]]
    there: Mapping[MasterKind, Mapping[str, Any]]

    def knows(self, kind: MasterKind) -> bool:
        return bool(self.there[kind])


def read(tx: Transaction, target: str) -> Lists:
    master = tables.remote_master
    found = tx.all(select(master).where(master.c.target == target))
    rows = {kind: {row.remote_id: row for row in found if row.kind == kind} for kind in MasterKind}
    newest = {kind: max((row.seen_last_at for row in each.values()), default=None) for kind, each in rows.items()}
    there = {
        kind: {name: row for name, row in each.items() if row.seen_last_at == newest[kind]}
        for kind, each in rows.items()
    }
    return Lists(rows, there)


def seen(lists: Lists) -> Sequence[Seen]:
    """Each list, also one that never came."""
    return [
        Seen(
            kind,
            len(lists.there[kind]),
            len(lists.rows[kind]) - len(lists.there[kind]),
            max((row.seen_last_at for row in lists.there[kind].values()), default=None),
        )
        for kind in MasterKind
    ]


def gaps(tx: Transaction, table: ForwarderTable, lists: Lists) -> list[Gap]:
    """Every difference between their lists and ours, what goes astray first. A list that never came is not compared."""
    found = [*_institutions(tx, table, lists), *_categories(tx, table, lists), *_templates(lists)]
    return sorted(found, key=lambda gap: not gap.is_wrong)


def _institutions(tx: Transaction, table: ForwarderTable, lists: Lists) -> Iterator[Gap]:
    there = lists.there[MasterKind.INSTITUTION]
    if not lists.knows(MasterKind.INSTITUTION):
        return
    default = str(table.values.get("default_institution_id", ""))
    if default and default not in there:
        yield _missing("default_institution", table.where, default, lists, MasterKind.INSTITUTION)
    by_name: dict[str, list[Any]] = {}
    for row in there.values():
        by_name.setdefault(row.name_key, []).append(row)
    agency = tables.agency
    for one in tx.all(select(agency).where(agency.c.accepts).order_by(agency.c.code)):
        number = one.sp4n_institution_id
        if number and number not in there:
            yield _missing("institution", one.code, number, lists, MasterKind.INSTITUTION)
        elif number and there[number].name_key != name_key(one.name):
            yield Gap("institution_name", one.code, number, there[number].name, is_wrong=False)
        elif not number and len(same := by_name.get(name_key(one.name), [])) == 1:
            yield Gap("institution_found", one.code, same[0].remote_id, same[0].name, is_wrong=False)
    for code, body in tx.office.reference.out_of_authority.items():
        if body.sp4n_institution_id and body.sp4n_institution_id not in there:
            yield _missing("body", code, body.sp4n_institution_id, lists, MasterKind.INSTITUTION)


def _categories(tx: Transaction, table: ForwarderTable, lists: Lists) -> Iterator[Gap]:
    there = lists.there[MasterKind.CATEGORY]
    if not lists.knows(MasterKind.CATEGORY):
        return
    default = str(table.values.get("default_category_id", ""))
    if default and default not in there:
        yield _missing("default_category", table.where, default, lists, MasterKind.CATEGORY)
    named = [row.name_key for row in there.values()]
    for code, topic in sorted(tx.office.reference.topics.items()):
        many = sum(key in {name_key(topic.name_source or topic.name), name_key(topic.name)} for key in named)
        if topic.is_offered and many != 1:
            yield Gap(
                "category" if not many else "categories", code, name=topic.name_source or topic.name, is_wrong=False
            )


def _templates(lists: Lists) -> Iterator[Gap]:
    there = lists.there[MasterKind.TEMPLATE]
    if not lists.knows(MasterKind.TEMPLATE):
        return
    for use, code in sorted(remote_words.tables()["templates"].items()):
        if code not in there:
            yield _missing("template", use, code, lists, MasterKind.TEMPLATE)


def _missing(code: str, about: str, remote_id: str, lists: Lists, kind: MasterKind) -> Gap:
    """Not there any more, under the name that it had, or never seen there."""
    before = lists.rows[kind].get(remote_id)
    return Gap(
        f"{code}_gone" if before is not None else f"{code}_unknown", about, remote_id, before.name if before else ""
    )


def astray(tx: Transaction) -> int | None:
    """How many of our ids SP4N-LAPOR! does not know; None where none of its lists is known."""
    table = outgoing.national(tx.office.settings)
    lists = read(tx, table.name) if table else None
    if table is None or lists is None or not any(lists.knows(kind) for kind in MasterKind):
        return None
    return sum(gap.is_wrong for gap in gaps(tx, table, lists))


def is_gone(tx: Transaction, agency: str) -> bool:
    """Whether the institution number of this agency was known there and is not any more."""
    table = outgoing.national(tx.office.settings)
    found = gaps(tx, table, read(tx, table.name)) if table else []
    return any(gap.code == "institution_gone" and gap.about == agency for gap in found)
