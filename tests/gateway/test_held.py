"""What the classifier takes for spam or abuse is held, let go or confirmed by a person, and what was let go is not held again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import SYSTEM, Action, Case, Hold, Status
from gateway.intake import triage
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways
from tests.gateway.short_ways import act, count, opened, rows

Sends = Callable[..., Arrival]
OFFER = "Kami bisa bantu urus semuanya, rahasia dijaga baik"
SPAM = Suggestion(hold=Hold.SPAM)
RULING = tables.ruling


def judged(store: Store, suggestion: Suggestion = SPAM) -> None:
    with store.transaction() as tx:
        triage.take(tx, [(job, suggestion) for job in triage.claim(tx, 10)])


def held(store: Store, telegram: Sends, suggestion: Suggestion = SPAM) -> Case:
    case = opened(store, telegram(OFFER))
    judged(store, suggestion)
    return short_ways.now(store, case)


def ruled(store: Store) -> list[tuple[str, str, str]]:
    return [(row.action, row.proposed, row.decided) for row in rows(store, RULING, RULING.c.what == "hold")]


@pytest.mark.parametrize("hold", [Hold.SPAM, Hold.ABUSE])
def test_it_is_held_and_its_sender_is_told_so(store: Store, telegram: Sends, hold: Hold) -> None:
    case = held(store, telegram, Suggestion(hold=hold))
    assert (case.hold, case.status) == (hold, Status.RECEIVED)
    assert count(store, tables.notice, tables.notice.c.key == "hold.notice") == 1
    assert ruled(store) == [], "a machine decides nothing"


def test_danger_is_not_held_whatever_else_it_looks_like(store: Store, telegram: Sends) -> None:
    assert held(store, telegram, replace(SPAM, emergency=True, hazard="kebakaran")).hold is Hold.NONE


def test_what_names_a_point_is_looked_at_as_a_report(store: Store, telegram: Sends) -> None:
    assert held(store, telegram, replace(SPAM, point=(-2.68, 111.62))).hold is Hold.NONE


def test_what_a_person_let_go_is_not_held_again_nor_the_same_text_of_another(store: Store, telegram: Sends) -> None:
    case = held(store, telegram)
    act(store, case, Action.RELEASE)
    assert ruled(store) == [("release", "spam", "none")]
    judged(store)
    assert short_ways.now(store, case).hold is Hold.NONE
    assert held(store, lambda text: telegram(text, sender="88")).hold is Hold.NONE


def test_what_the_words_of_arrival_held_is_not_held_again_once_a_person_let_it_go(
    store: Store, telegram: Sends
) -> None:
    offer = "http://contoh.invalid/hadiah"
    case = opened(store, telegram(offer))
    assert case.hold is Hold.SPAM
    act(store, case, Action.RELEASE)
    assert opened(store, telegram(offer, sender="88")).hold is Hold.NONE


def test_what_nobody_looked_at_in_time_is_not_held_again(store: Store, telegram: Sends) -> None:
    case = held(store, telegram)
    act(store, case, Action.RELEASE, SYSTEM)
    judged(store)
    assert short_ways.now(store, case).hold is Hold.NONE
    assert ruled(store) == []


@pytest.mark.parametrize(("hold", "reason"), [(Hold.SPAM, "spam_terbukti"), (Hold.ABUSE, "bukan_laporan")])
def test_what_a_person_confirms_is_kept_as_such(store: Store, telegram: Sends, hold: Hold, reason: str) -> None:
    case = held(store, telegram, Suggestion(hold=hold))
    act(store, case, Action.ARCHIVE, archive_reason=reason, reason="Bukan laporan, sudah dilihat petugas.")
    assert ruled(store) == [("archive", hold.value, hold.value)]
