"""What is taken for one incident, and which incidents are known: counted in the database, whoever is older or newer."""

import pytest

from gateway.complaints.complaint import Role
from gateway.queries import surges
from gateway.queries.scope import scope_of
from gateway.storage.store import Store
from tests.plans import statements
from tests.queries import filling

PLACE = {"topic": "pekerjaan-umum", "place": "62.01.02", "place_name": "Kumai"}


def test_closed_incidents_hide_no_older_open_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surges, "MOST_INCIDENTS", 2)
    with store.transaction() as tx:
        numbers = [f"KBR-26000000{one}" for one in range(1, 5)]
        parents = [filling.complaint(tx, one, number=number) for one, number in enumerate(numbers, start=1)]
        parents += [filling.closed(tx, one) for one in range(5, 8)]
        for at, parent in enumerate(parents):
            for follower in range(at + 1):
                filling.complaint(tx, 100 + 10 * at + follower, parent_id=parent)
    with store.reading() as tx:
        found = surges.incidents(tx, scope_of(tx.office, Role.COORDINATOR))
    assert [(one.parent.number, one.children) for one in found] == [(numbers[3], 4), (numbers[2], 3)]


def test_only_the_rows_of_a_surge_are_read(store: Store) -> None:
    with store.transaction() as tx:
        for one in range(1, 5):
            filling.complaint(tx, one, created_at=tx.now, **PLACE)
        for one in range(5, 15):
            filling.complaint(tx, one, created_at=tx.now, **PLACE | {"place": f"62.01.{one}"})
    with statements(store, "SELECT") as asked, store.reading() as tx:
        scope = scope_of(tx.office, Role.COORDINATOR)
        assert surges.surges(tx, scope) == []
    assert len(asked) == 1
    with store.transaction() as tx:
        filling.complaint(tx, 20, created_at=tx.now, **PLACE)
    with store.reading() as tx:
        (found,) = surges.surges(tx, scope)
    assert (found.place, len(found.reports)) == ("Kumai", 5)
