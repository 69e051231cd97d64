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


FLOOD = "Banjir di Kumai, air masuk rumah setinggi lutut"
TOLD = [
    # topic             text
    ("lingkungan",      "banjir parah, banyu masuk rumah"),
    ("lingkungan",      "Kumai terendam, air sudah masuk rumah warga"),
    ("",                "tolong banjir, air di dalam rumah setinggi lutut"),
]  # fmt: skip


def test_what_was_given_another_topic_goes_with_those_that_it_is_like(store: Store) -> None:
    with store.transaction() as tx:
        for one in range(1, 4):
            filling.complaint(tx, one, created_at=tx.now, text_masked=f"{FLOOD}. Rumah {one}", **PLACE)
        for one, (topic, text) in enumerate(TOLD, start=10):
            filling.complaint(tx, one, created_at=tx.now, **PLACE | {"topic": topic, "text_masked": text})
        filling.complaint(tx, 30, created_at=tx.now, **PLACE | {"topic": "sosial", "text_masked": "BLT belum cair"})
    with store.reading() as tx:
        (found,) = surges.surges(tx, scope_of(tx.office, Role.COORDINATOR))
    assert (found.topic, found.total) == ("pekerjaan-umum", 6)
    assert "KBR-260000300" not in [one.number for one in found.reports]


MUCH = [
    ("sosial", "BLT belum cair dua bulan"), ("kesehatan", "Dokter puskesmas tidak datang"), ("pendidikan", "Atap SDN 2 bocor"),
    ("lingkungan", "Sampah menumpuk di pasar"), ("energi", "Gas melon mahal"), ("", "Ada ular masuk rumah"),
]  # fmt: skip


def test_a_place_where_much_happens_is_no_incident(store: Store) -> None:
    with store.transaction() as tx:
        for one, (topic, text) in enumerate(MUCH, start=1):
            filling.complaint(tx, one, created_at=tx.now, **PLACE | {"topic": topic, "text_masked": text})
    with store.reading() as tx:
        assert surges.surges(tx, scope_of(tx.office, Role.COORDINATOR)) == []


def test_two_incidents_at_one_place_stay_two(store: Store) -> None:
    with store.transaction() as tx:
        for one in range(1, 6):
            filling.complaint(tx, one, created_at=tx.now, text_masked=f"{FLOOD}. Rumah {one}", **PLACE)
            dark = {"topic": "energi", "text_masked": f"Listrik padam di Kumai. Rumah {one}"}
            filling.complaint(tx, 10 + one, created_at=tx.now, **PLACE | dark)
        both = {"topic": "", "text_masked": f"{FLOOD}, listrik padam di Kumai"}
        filling.complaint(tx, 30, created_at=tx.now, **PLACE | both)
    with store.reading() as tx:
        found = surges.surges(tx, scope_of(tx.office, Role.COORDINATOR))
    assert sorted((one.topic, one.total) for one in found) in (
        [("energi", 5), ("pekerjaan-umum", 6)],
        [("energi", 6), ("pekerjaan-umum", 5)],
    )
