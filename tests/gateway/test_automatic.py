"""How far the machine goes by itself: a threshold that the data prove, and a switch that it throws itself (CASEWORK 6.3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.complaints.classification import BUILTIN, Ranked, Suggestion
from gateway.complaints.complaint import SYSTEM, Action, Hold, Role, Status
from gateway.intake import triage
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.operations import classifiers
from gateway.queries import learning
from gateway.queries.scope import scope_of
from gateway.record import automatic, cases, tasks
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.short_ways import act, opened

Sends = Callable[..., Arrival]
SURE = Suggestion(
    topics=(Ranked("pekerjaan-umum", 0.97),), agencies=(Ranked("PUPR", 0.97),), place_code="62.01.02", confidence=0.97
)


def wanting(store: Store, precision: float, least: float = 0.85) -> Store:
    """The same place, where somebody set how much must be right."""
    settings = store.office.settings
    triage_ = replace(settings.triage, auto_assign_precision=precision, auto_assign_min_confidence=least)
    office: Office = replace(store.office, settings=replace(settings, triage=triage_))
    return Store(store.engine, office)


def decided(store: Store, many: int, wrong: int, *, sure: float = 0.9, acted: bool = False, first: int = 1000) -> None:
    """So many complaints that people ruled on, some of them otherwise than was proposed; numbered from `first`."""
    with store.transaction() as tx:
        for number in range(first, first + many):
            code = "DLH" if number < first + wrong else "PUPR"
            common: dict[str, Any] = {"complaint_id": number, "at": tx.now, "model": BUILTIN, "acted": acted}
            tx.insert(
                tables.proposal, **common, shadow=False, topic="pekerjaan-umum", agency="PUPR", routed="PUPR", sure=sure
            )
            if not acted or code == "DLH":
                action = Action.REASSIGN if acted else Action.ASSIGN
                tx.insert(
                    tables.ruling, **common, event_id=number, what="agency", action=action.value,
                    actor_role="coordinator", proposed="PUPR", sure=sure, decided=code,
                )  # fmt: skip


def watched(store: Store) -> automatic.Standing:
    with store.transaction() as tx:
        automatic.watch(tx)
        return automatic.standing(tx)


def bar(store: Store, model: str = BUILTIN) -> float:
    with store.reading() as tx:
        return automatic.bar(tx, model)


def test_a_threshold_is_what_the_rulings_prove(store: Store) -> None:
    place = wanting(store, 0.95)
    assert (watched(place).threshold, bar(place)) == (None, automatic.NEVER), "nothing is proven by nothing"
    decided(store, 100, 1)
    decided(store, 60, 30, sure=0.5, first=3000)
    found = watched(place)
    assert (found.threshold, found.evidence["from"], found.evidence["many"]) == (0.9, "observed", 100)
    assert bar(place) == 0.9
    # fmt: off
    for precision, least, expected in (
        (0.0,  0.85, 0.85),             # nobody wants a precision: the number of the settings
        (0.95, 0.0,  0.0),              # all, whatever was wanted
        (0.95, 1.1,  1.1),              # none
    ):
    # fmt: on
        assert bar(wanting(store, precision, least)) == expected


def test_what_one_model_proved_says_nothing_of_another(store: Store) -> None:
    """Another version may be put to use, or its file be missing, long before somebody looks at thresholds again."""
    place = wanting(store, 0.95)
    decided(store, 100, 1)
    watched(place)
    assert (bar(place), bar(place, "topic-1")) == (0.9, automatic.NEVER)
    assert bar(wanting(store, 0.0), "topic-1") == 0.85, "a number of the settings is for all of them"


def test_where_everything_goes_on_nothing_is_switched_off(store: Store) -> None:
    decided(store, 60, 60, acted=True)
    assert watched(wanting(store, 0.0, 0.0)).off_since is None
    with store.reading() as tx:
        assert tasks.waiting(tx, automatic.TASK_KIND) == 0


def test_what_was_put_right_before_it_was_judged_again_counts_no_more(store: Store) -> None:
    decided(store, 3, 3, acted=True)
    with store.transaction() as tx:
        tx.execute(tables.proposal.update().values(at=tx.now + timedelta(hours=1)))
    with store.reading() as tx:
        assert automatic.count(tx, tx.now) == automatic.Count(3, 0)


def test_where_nobody_ruled_yet_the_cards_of_both_models_count(store: Store) -> None:
    place = wanting(store, 0.9)
    for task, least in (("topic", 0.8), ("agency", 0.7)):
        with store.transaction() as tx:
            card = {"task": task, "thresholds": [{"wanted": 0.9, "least": 0.3}, {"wanted": 0.95, "least": least}]}
            classifiers.register(tx, f"{task}-1", "0" * 64, card, SYSTEM)
            classifiers.use(tx, f"{task}-1", SYSTEM)
        found = watched(place)
        assert found.threshold == (0.8 if task == "agency" else None)
    assert found.evidence["from"] == "cards"


def test_it_switches_itself_off_when_too_much_was_put_right_and_a_person_switches_it_on(store: Store) -> None:
    decided(store, 49, 49, acted=True)
    assert watched(store).off_since is None, "fifty are needed"
    decided(store, 40, 0, acted=True, first=2000)
    found = watched(store)
    assert found.off_since is not None
    assert bar(store) == automatic.NEVER
    with store.transaction() as tx:
        assert tasks.waiting(tx, automatic.TASK_KIND) == 1
        assert automatic.count(tx, found.off_since) == automatic.Count(89, 49)
    with store.transaction() as tx:
        automatic.switch_on(tx, short_ways.COORDINATOR)
        assert tasks.waiting(tx, automatic.TASK_KIND) == 0
    assert bar(store) == 0.85


@pytest.mark.parametrize("is_off", [False, True])
def test_what_goes_by_itself_is_marked_and_waits_when_it_is_off(store: Store, telegram: Sends, is_off: bool) -> None:
    cases = [opened(store, telegram(f"{short_ways.REPORT} {number}", sender=str(80 + number))) for number in range(2)]
    if is_off:
        decided(store, 60, 20, acted=True)
        watched(store)
    with store.transaction() as tx:
        triage.take(tx, [(job, SURE) for job in triage.claim(tx, 10)])
    table = tables.proposal
    kept = [row for row in short_ways.rows(store, table) if row.complaint_id in {case.id for case in cases}]
    went = [row.complaint_id for row in kept if row.acted]
    assert {row.routed for row in kept} == {"PUPR"}
    assert went == ([] if is_off else [case.id for case in cases if case.id % triage.SAMPLE])
    if went:
        before = automatic.Count(len(went), 0)
        with store.reading() as tx:
            assert automatic.count(tx, tx.now) == before
        moved = next(case for case in cases if case.id in went)
        act(store, moved, Action.REASSIGN, agency="DLH", reason="Ini sampah, bukan jalan")
        with store.reading() as tx:
            assert automatic.count(tx, tx.now) == replace(before, corrected=1)


HINDRANCES = (
    # columns                                          why it waits, beside the chance of a sample
    ({"flags": "konflik_kepentingan"},                 "konflik kepentingan"),
    ({"sensitive": "anak"},                            "laporan peka"),
    ({"urgency": "darurat"},                           "darurat: petugas memutuskan"),
    ({"hold": "spam"},                                 "ditahan: menunggu petugas"),
)  # fmt: skip


@pytest.mark.parametrize(("columns", "why"), HINDRANCES)
def test_what_was_found_before_more_words_came_still_keeps_it_with_a_person(
    store: Store, telegram: Sends, columns: dict[str, str], why: str
) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        cases.amend(tx, case.id, **columns)
    with store.transaction() as tx:
        triage.take(tx, [(job, SURE) for job in triage.claim(tx, 10)])
    row = short_ways.only(store, tables.complaint)
    assert row.status == Status.RECEIVED.value
    assert why in row.suggestion["decision"]
    assert not short_ways.only(store, tables.proposal).acted


def test_who_is_linked_goes_where_the_parent_goes_and_is_not_counted(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        cases.amend(tx, case.id, parent_id=case.id + 1)
    with store.transaction() as tx:
        triage.take(tx, [(job, SURE) for job in triage.claim(tx, 10)])
    assert not short_ways.only(store, tables.proposal).acted


def test_weeks_and_quality_are_counted_alike_on_both_databases(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(short_ways.REPORT))
    with store.transaction() as tx:
        triage.take(tx, [(job, replace(SURE, confidence=0.4, unknown=0.5)) for job in triage.claim(tx, 10)])
    act(store, case, Action.ASSIGN, agency="DLH", kind="pengaduan", topic="pekerjaan-umum")
    decided(store, 30, 10, acted=True)
    with store.reading() as tx:
        scope = scope_of(tx.office, Role.COORDINATOR)
        (week,) = learning.weeks(tx)
        agency, topic = (learning.quality(tx, scope, task) for task in ("agency", "topic"))
    assert (week.many, week.automatic, week.begins <= tx.now) == (31, automatic.Count(30, 10), True)
    assert week.topics == {"pekerjaan-umum": 1.0}
    assert week.unknown == pytest.approx(0.5 / 31)
    assert (agency.many, agency.right, topic.right) == (1, 0, 1), "what has no complaint any more is not counted"
    assert [(one.proposed, one.decided, one.numbers) for one in agency.corrections] == [("PUPR", "DLH", [case.number])]
    assert learning.shifted(week, [replace(week, topics={"perhubungan": 1.0})])[0][1:] in {(0.0, 1.0), (1.0, 0.0)}


def test_what_is_held_did_not_go_on_by_itself(store: Store, telegram: Sends, monkeypatch: pytest.MonkeyPatch) -> None:
    """However sure its agency is: an attempt that was held is nothing that the machine got right or wrong."""
    monkeypatch.setattr(triage, "SAMPLE", 1 << 64)  # no number is left to a person here, whatever the ids are
    lamp = "Lampu jalan di depan SD Contoh 3 padam sejak Senin, gelap sekali"
    for number, hold in enumerate((Hold.NONE, Hold.ABUSE)):
        opened(store, telegram(lamp, sender=str(71 + number)))
        with store.transaction() as tx:
            triage.take(tx, [(job, replace(SURE, hold=hold)) for job in triage.claim(tx, 10)])
    kept = short_ways.rows(store, tables.proposal)
    assert [row.acted for row in kept] == [True, False]
