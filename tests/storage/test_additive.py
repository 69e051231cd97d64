"""Migrations only add, so that the version before works on beside the new one (F77); what takes away says so."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from gateway.storage.engine import MIGRATIONS, revisions, upgrade

Shape = dict[str, dict[str, tuple[str, bool, bool]]]
"""Table -> column -> (type, may be NULL, has a default)."""
CONTRACT = "contract"
"""A migration that takes something away names, in this module constant, the version since which nobody uses it."""


def shape(engine: Engine) -> Shape:
    found = inspect(engine)
    return {
        table: {
            column["name"]: (str(column["type"]), bool(column["nullable"]), column["default"] is not None)
            for column in found.get_columns(table)
        }
        for table in found.get_table_names()
    }


def uniques(engine: Engine) -> dict[str, set[tuple[str | None, ...]]]:
    """Table -> what must be unique in it, by constraint or by index."""
    found, told = inspect(engine), {}
    for table in found.get_table_names():
        told[table] = {tuple(one["column_names"]) for one in found.get_unique_constraints(table)}
        told[table] |= {tuple(one["column_names"]) for one in found.get_indexes(table) if one["unique"]}
    return told


def broken_by(before: Shape, after: Shape) -> list[str]:
    """What the version before would stumble over."""
    found = [f"table {table} is gone" for table in before.keys() - after.keys()]
    for table in sorted(before.keys() & after.keys()):
        old, new = before[table], after[table]
        found += [f"{table}.{name} is gone" for name in sorted(old.keys() - new.keys())]
        for name in sorted(old.keys() & new.keys()):
            if old[name][0] != new[name][0] and not is_wider(old[name][0], new[name][0]):
                found.append(f"{table}.{name} was {old[name][0]} and is {new[name][0]}")
            if old[name][1] and not new[name][1]:
                found.append(f"{table}.{name} may not be NULL any more")
        found += [
            f"{table}.{name} must be given, and old code does not give it"
            for name in sorted(new.keys() - old.keys())
            if not new[name][1] and not new[name][2]
        ]
    return found


def is_wider(old: str, new: str) -> bool:
    """Whether a text may only be longer than before: whoever wrote short ones goes on."""
    lengths = [re.fullmatch(r"VARCHAR\((\d+)\)", one) for one in (old, new)]
    before, after = (int(length[1]) if length else 0 for length in lengths)
    return 0 < before <= after


def contract_of(revision: str) -> str:
    path = Path(ScriptDirectory(str(MIGRATIONS)).get_revision(revision).path)
    module: Any = importlib.import_module(f"gateway.storage.migrations.versions.{path.stem}")
    return str(getattr(module, CONTRACT, ""))


def test_f77_every_migration_only_adds_unless_it_says_since_when_nobody_needs_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/steps.db"
    first, *later = revisions()
    upgrade(url, first)
    engine = create_engine(url)
    assert later
    for revision in later:
        before, unique = shape(engine), uniques(engine)
        upgrade(url, revision)
        broken = broken_by(before, shape(engine))
        broken += [
            f"{table}: {', '.join(map(str, new))} must be unique now"
            for table, all_ in uniques(engine).items()
            if table in unique
            for new in all_ - unique[table]
        ]
        assert not broken or contract_of(revision), f"{revision}: {'; '.join(broken)}"
    engine.dispose()


# fmt: off
STUMBLES = [
    # what a migration does                                    what is said of it
    ("DROP TABLE person",                                      "table person is gone"),
    ("ALTER TABLE person DROP COLUMN nick",                    "person.nick is gone"),
    ("ALTER TABLE person RENAME COLUMN nick TO alias",         "person.nick is gone"),
    ("ALTER TABLE person RENAME TO human",                     "table person is gone"),
]
FINE = (
    "ALTER TABLE person ADD COLUMN age INTEGER",
    "ALTER TABLE person ADD COLUMN rank INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE INDEX ix_person_nick ON person (nick)",
)
# fmt: on


def changed(*statements: str) -> list[str]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE person (id INTEGER PRIMARY KEY, nick TEXT)"))
    before = shape(engine)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    after = shape(engine)
    engine.dispose()
    return broken_by(before, after)


@pytest.mark.parametrize(("statement", "says"), STUMBLES)
def test_a_step_that_takes_away_is_noticed(statement: str, says: str) -> None:
    assert says in changed(statement)


def test_steps_that_add_are_let_pass() -> None:
    assert changed(*FINE) == []


@pytest.mark.parametrize(("old", "new", "is_fine"), [(8, 12, True), (12, 8, False)])
def test_a_text_may_become_longer_and_never_shorter(old: int, new: int, is_fine: bool) -> None:
    shapes: list[Shape] = [{"person": {"nick": (f"VARCHAR({size})", False, False)}} for size in (old, new)]
    assert (broken_by(*shapes) == []) is is_fine


def test_a_column_that_old_code_would_have_to_fill_is_noticed() -> None:
    before: Shape = {"person": {"id": ("INTEGER", False, False)}}
    after: Shape = {"person": {"id": ("TEXT", False, False), "name": ("TEXT", False, False)}}
    assert broken_by(before, after) == [
        "person.id was INTEGER and is TEXT",
        "person.name must be given, and old code does not give it",
    ]
