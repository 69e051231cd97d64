"""Which complaints a reader is shown as alike, with what speaks for it, on both databases (CASEWORK 7)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import CONFLICT, Role
from gateway.complaints.likeness import MOST_SHOWN, Certainty
from gateway.queries import look_alikes
from gateway.queries.look_alikes import LookAlike
from gateway.queries.scope import scope_of
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.queries import filling

TEXT = "Lampu jalan di Gang Melati mati sudah tiga malam"
ALIKE = "Tiga malam ini lampu jalan di Gang Melati mati"
HERE: dict[str, Any] = {"topic": "perhubungan", "place": "62.01.02", "place_name": "Kumai", "text_masked": TEXT}
POINT = {"latitude": -2.68, "longitude": 111.62}
CLOSE = {"latitude": -2.681, "longitude": 111.62}
DAY = timedelta(days=1)


def mine(tx: Transaction, **values: Any) -> Any:
    """The complaint that is looked at."""
    identity = filling.complaint(tx, 1, **{**HERE, "created_at": tx.now - 3 * DAY, **values})
    return tx.one(select(tables.complaint).where(tables.complaint.c.id == identity))


def found(tx: Transaction, row: Any, role: Role = Role.COORDINATOR, agency: str = "") -> list[LookAlike]:
    return look_alikes.look_alikes(tx, scope_of(tx.office, role, agency, "7"), row)


def numbers(ones: list[LookAlike]) -> list[str]:
    return [one.other.number for one in ones]


def test_it_is_told_what_speaks_for_it_and_who_would_follow_whom(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx, **POINT)
        filling.complaint(tx, 2, **{**HERE, **CLOSE, "text_masked": ALIKE, "created_at": tx.now - 5 * DAY})
        filling.complaint(tx, 3, **{**HERE, "created_at": tx.now})
        (earlier, later) = found(tx, row)
    assert (later.alike.certainty, later.alike.metres, later.days) == (Certainty.SURE, None, 3)
    assert later.alike.words == ("melati", "lampu jalan", "mati")
    assert (later.alike.same, later.alike.other, later.alike.is_same_reporter) == (("street",), (), False)
    assert (round(earlier.alike.metres or 0), earlier.days, earlier.hours) == (111, -2, -48)
    assert (later.child, later.parent) == (later.other.number, row.number)
    assert later.version == 1


# fmt: off
APART: dict[str, dict[str, Any]] = {
    "other words": {"text_masked": "Sampah menumpuk di pasar"},
    "another area": {"place": "62.01.03"},
    "another street": {"text_masked": TEXT.replace("Melati", "Kenanga")},
    "too far": {**POINT, "latitude": -2.7, "place": ""},
    "too early": {"created_at": -11 * DAY},
    "too late": {"created_at": 11 * DAY},
    "held": {"hold": "spam"},
    "about officers": {"kind": "pengaduan_pengawasan", "agency": "INSPEKTORAT"},
    "in conflict": {"flags": CONFLICT, "agency": "INSPEKTORAT"},
}
# fmt: on


def test_what_speaks_against_it_keeps_it_away(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx, **POINT)
        for number, changes in enumerate(APART.values(), 2):
            at = tx.now + changes.get("created_at", timedelta())
            filling.complaint(tx, number, **{**HERE, **changes, "created_at": at})
        shown = found(tx, row)
    assert [list(APART)[int(number[6:12]) - 2] for number in numbers(shown)] == []


# fmt: off
NONETHELESS: dict[str, dict[str, Any]] = {
    "another topic": {"topic": "lingkungan"},
    "no area": {"place": ""},
    "neither area nor topic": {"place": "", "topic": "lingkungan"},
    "a village in the area": {"place": "62.01.02.1003"},
    "some way off": {**POINT, "latitude": -2.684},
    "other words for it": {"text_masked": "PJU di gg melati padam"},
}
# fmt: on


@pytest.mark.parametrize("changes", NONETHELESS.values(), ids=NONETHELESS)
def test_what_may_be_read_wrongly_does_not_hide_it(store: Store, changes: dict[str, Any]) -> None:
    with store.transaction() as tx:
        row = mine(tx, **POINT)
        filling.complaint(tx, 2, **{**HERE, **changes})
        (one,) = found(tx, row)
    assert one.alike.is_same_topic is ("topic" not in changes)


# fmt: off
REPORTERS = [
    # this one                               the other                               told
    ({"contact_id": 5},                      {"contact_id": 5},                      True),
    ({"contact_id": 5},                      {"contact_id": 6},                      False),
    ({},                                     {},                                     False),
    ({"contact_id": 5, "anonymous": True},   {"contact_id": 5},                      False),
    ({"contact_id": 5},                      {"contact_id": 5, "anonymous": True},   False),
]
# fmt: on


@pytest.mark.parametrize(("this", "other", "told"), REPORTERS)
def test_a_reporter_who_says_it_again_is_seen_unless_anonymous(
    store: Store, this: dict[str, Any], other: dict[str, Any], told: bool
) -> None:
    with store.transaction() as tx:
        row = mine(tx, **this)
        mended = TEXT.replace("Lampu", "Lmapu") + ", tolong segera diperbaiki pak"
        filling.complaint(tx, 2, **{**HERE, "text_masked": mended}, **other)
        (one,) = found(tx, row)
    assert one.alike.is_same_reporter is told
    assert (one.alike.certainty is Certainty.SURE) is told


def test_a_place_that_was_told_when_asked_is_read_with_the_words(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx, text_masked="Lampu jalan mati", location_text="Gang Melati")
        filling.complaint(tx, 2, **{**HERE, "text_masked": "PJU padam di gg melati"})
        filling.complaint(tx, 3, **{**HERE, "text_masked": "PJU padam", "location_text": "Gang Kenanga"})
        (one,) = found(tx, row)
    assert (one.other.number, one.alike.same) == ("KBR-260000020", ("street",))


def test_its_own_family_is_shown_elsewhere(store: Store) -> None:
    with store.transaction() as tx:
        parent = filling.complaint(tx, 2, **HERE)
        row = mine(tx, parent_id=parent)
        filling.complaint(tx, 3, **HERE, parent_id=parent)
        leader = tx.one(select(tables.complaint).where(tables.complaint.c.id == parent))
        assert [found(tx, row), found(tx, leader)] == [[], []]


# fmt: off
EYES = [
    # who looks                      what the other is                                       seen
    (Role.COORDINATOR, "",           {"agency": "DLH"},                                      True),
    (Role.COORDINATOR, "",           {"agency": "DLH", "confidential": True},                True),
    (Role.COORDINATOR, "",           {"agency": "DLH", "anonymous": True},                   True),
    (Role.PENGHUBUNG,  "PUPR",       {"agency": "PUPR", "confidential": True},               True),
    (Role.PENGHUBUNG,  "PUPR",       {"agency": "DLH"},                                      False),
    (Role.PENGHUBUNG,  "PUPR",       {},                                                     False),
    (Role.ANGGOTA,     "PUPR",       {"agency": "PUPR", "confidential": True},               False),
    (Role.ANGGOTA,     "PUPR",       {"agency": "PUPR", "confidential": True, "holder_id": 7}, True),
    (Role.ANGGOTA,     "PUPR",       {"agency": "PUPR"},                                     True),
    (Role.REGIONAL_HEAD, "",         {"agency": "DLH", "confidential": True},                False),
    (Role.REGIONAL_HEAD, "",         {"agency": "DLH"},                                      True),
]
# fmt: on


@pytest.mark.parametrize(("role", "agency", "other", "seen"), EYES)
def test_nobody_learns_of_a_complaint_that_they_may_not_read(
    store: Store, role: Role, agency: str, other: dict[str, Any], seen: bool
) -> None:
    with store.transaction() as tx:
        row = mine(tx, agency="PUPR")
        filling.complaint(tx, 2, **HERE, **other)
        assert bool(found(tx, row, role, agency)) is seen


def test_of_a_complaint_whose_words_are_kept_back_nothing_is_compared(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx, confidential=True)
        filling.complaint(tx, 2, **HERE)
        assert found(tx, row)
        assert not found(tx, row, Role.REGIONAL_HEAD)


def test_where_an_anonymous_reporter_stands_is_not_given_away_by_a_distance(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx, agency="PUPR", **POINT)
        filling.complaint(tx, 2, **HERE, **CLOSE, anonymous=True, agency="PUPR")
        filling.complaint(tx, 3, **{**HERE, "place": "62.01.03"}, **CLOSE, anonymous=True, agency="PUPR")
        assert {round(one.alike.metres or 0) for one in found(tx, row)} == {111}
        (seen,) = found(tx, row, Role.PENGHUBUNG, "PUPR")
        assert (seen.other.number, seen.alike.metres) == ("KBR-260000020", None)


# fmt: off
LED = [
    # this one                                       the other                                        who leads
    ({"agency": "PUPR", "status": "assigned"},       {},                                              "this"),
    ({},                                             {"agency": "PUPR", "status": "assigned"},        "other"),
    ({},                                             {},                                              "this"),
    ({"parent_id": 1},                               {},                                              "this"),
    ({"parent_id": 1},                               {"parent_id": 2},                                "none"),
    ({},                                             {"status": "resolved", "closed_at": timedelta()}, "none"),
    ({"hold": "flood"},                              {},                                              "none"),
]
# fmt: on


@pytest.mark.parametrize(("this", "other", "leads"), LED)
def test_only_who_can_lead_is_offered_as_parent(
    store: Store, this: dict[str, Any], other: dict[str, Any], leads: str
) -> None:
    with store.transaction() as tx:
        row = mine(tx, **this)
        values = {name: tx.now if name == "closed_at" else value for name, value in other.items()}
        filling.complaint(tx, 2, **HERE, **values)
        (one,) = found(tx, row)
    assert one.parent == {"this": row.number, "other": one.other.number, "none": ""}[leads]


def test_of_those_that_are_linked_one_stands_for_all(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx)
        parent = filling.complaint(tx, 2, **{**HERE, "created_at": row.created_at})
        for number in range(3, 12):
            filling.complaint(tx, number, **{**HERE, "created_at": row.created_at}, parent_id=parent)
        filling.complaint(tx, 20, **{**HERE, "created_at": row.created_at - DAY})
        family, alone = found(tx, row)
    assert (family.more, family.child, family.parent) == (9, row.number, family.other.number)
    assert (alone.more, alone.other.number) == (0, "KBR-260000200")


def test_whoever_is_followed_stays_the_parent(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx)
        followed = filling.complaint(tx, 2, **HERE)
        filling.complaint(tx, 3, **{**HERE, "place": "62.01.03"}, parent_id=followed)
        (one,) = found(tx, row)
        assert (one.child, one.parent) == (row.number, one.other.number)
        filling.complaint(tx, 4, **{**HERE, "place": "62.01.03"}, parent_id=row.id)
        (one,) = found(tx, row)
        assert (one.child, one.parent) == ("", "")


def test_the_nearest_in_time_of_many_are_compared_and_the_most_alike_shown(store: Store) -> None:
    with store.transaction() as tx:
        row = mine(tx)
        for number in range(2, look_alikes.MOST_COMPARED + 30):
            filling.complaint(tx, number, **{**HERE, "created_at": row.created_at - timedelta(minutes=number)})
        shown = found(tx, row)
    assert numbers(shown) == [f"KBR-26{number:06}0" for number in range(2, 2 + MOST_SHOWN)]
