"""What a coordinator decides where LAPOR! and we part: each way once, and kept in the history."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.casework import outgoing
from gateway.complaints.complaint import Action, Case, Status
from gateway.complaints.forward import ForwardKind, ForwardState
from gateway.forwarding import reconciling
from gateway.forwarding.reconciling import Choice, DecisionRefused
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, REPORT, act, count, member, now, only, rows
from tests.gateway.test_forwarding import SP4N, claim, filed, settle
from tests.gateway.test_remote_changes import AT_WORK, Look, look, told

__all__ = ["look"]
Sends = Callable[..., Arrival]
S, Ways = Status, Choice
REASON = "Dinas sudah selesai, LAPOR! diperbarui manual."


def task(store: Store) -> int:
    return int(only(store, tables.task, tables.task.c.done_at.is_(None)).id)


def decide(store: Store, identity: int, choice: Choice, reason: str = "") -> None:
    with store.transaction() as tx:
        reconciling.decide(tx, identity, choice, reason, COORDINATOR)


@pytest.fixture
def parted(store: Store, telegram: Sends, look: Look, moment: Moment) -> Case:
    """Answered here four days ago, still at work over there, and our answer has arrived."""
    case = filed(store, telegram(REPORT))
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    moment.pass_(minutes=20)
    told(store)
    (job,) = claim(store)
    settle(store, job, ForwardState.SENT, written=True)
    moment.pass_(days=4)
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress", status_since=moment.now - timedelta(days=3))
    assert "mismatch" in now(store, case).flags
    return case


def history(store: Store, what: str) -> tuple[str, str, str]:
    event = only(store, tables.complaint_event, tables.complaint_event.c.action == what)
    return event.actor_name, event.visibility, event.text_masked


def test_following_goes_where_they_stand_and_says_who_decided(store: Store, parted: Case, look: Look) -> None:
    decide(store, task(store), Ways.FOLLOW)
    case = now(store, parted)
    assert (case.status, "mismatch" in case.flags) == (S.IN_PROGRESS, False)
    assert history(store, "sp4n_followed") == ("Koordinator Contoh", "internal", "Ditindaklanjuti")
    running = [row.name for row in rows(store, tables.clock) if row.stopped_at is None]
    assert "auto_close" not in running, "nobody's silence closes what goes on"
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    assert now(store, parted).flags == frozenset()


def test_pushing_again_tells_them_our_answer_once_more_and_asks_again_only_after_two_days(
    store: Store, parted: Case, look: Look, moment: Moment
) -> None:
    decide(store, task(store), Ways.PUSH)
    assert now(store, parted).status is S.AWAITING_REPORTER
    moment.pass_(minutes=1)
    (job,) = claim(store)
    assert job.followup is not None
    assert job.followup.text == ANSWER["explanation"]
    settle(store, job, ForwardState.SENT, written=True)
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    assert "mismatch" not in now(store, parted).flags
    moment.pass_(hours=50)
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    assert "mismatch" in now(store, parted).flags


def test_what_failed_on_its_way_there_goes_again_instead_of_something_new(store: Store, parted: Case) -> None:
    with store.transaction() as tx:
        outgoing.push_again(tx, now(store, parted), SP4N, "Aspal sudah dingin.", "test")
    (job,) = claim(store)
    settle(store, job, ForwardState.FAILED, error="refused")
    (mismatch,) = rows(store, tables.task, tables.task.c.kind == "sp4n_mismatch")
    decide(store, mismatch.id, Ways.PUSH)
    (again,) = claim(store)
    assert again.id == job.id
    assert count(store, tables.forward, tables.forward.c.kind == ForwardKind.FOLLOWUP.value) == 2


def test_leaving_it_needs_a_reason_and_is_not_asked_about_again(store: Store, parted: Case, look: Look) -> None:
    identity = task(store)
    for reason in ("", "  nanti  "):
        with pytest.raises(DecisionRefused, match="no_reason"):
            decide(store, identity, Ways.LEAVE, reason)
    decide(store, identity, Ways.LEAVE, REASON)
    assert history(store, "sp4n_left_as_it_is")[2] == f"Ditindaklanjuti: {REASON}"
    with pytest.raises(DecisionRefused, match="settled"):
        decide(store, identity, Ways.FOLLOW)
    look("Ditindaklanjuti", S.IN_PROGRESS, text_key="st.progress")
    assert now(store, parted).flags == frozenset()
    assert count(store, tables.forward) == 2


def test_a_disposition_is_followed_by_hand_where_a_machine_may_not(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.RAISE_CONFIDENTIAL)
    look(*AT_WORK, institution_id="1202", institution_name="Dinas Lingkungan Hidup")
    assert "mismatch" in now(store, case).flags
    decide(store, task(store), Ways.FOLLOW)
    assert (now(store, case).agency, now(store, case).flags) == ("DLH", frozenset())


def test_what_is_held_or_unknown_is_refused_with_the_reason(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(hold="abuse"))
    look("Menunggu Tanggapan Pelapor", S.AWAITING_REPORTER, text_key="st.answer")
    with pytest.raises(DecisionRefused, match="held"):
        decide(store, task(store), Ways.FOLLOW)
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(hold="none"))
    decide(store, task(store), Ways.FOLLOW)
    assert now(store, case).status is S.AWAITING_REPORTER


def test_a_report_that_is_there_again_needs_nobody(store: Store, telegram: Sends, look: Look) -> None:
    case = filed(store, telegram(REPORT))
    with store.transaction() as tx:
        tx.execute(tables.complaint.update().values(flags="remote_missing"))
    look(*AT_WORK)
    assert now(store, case).flags == frozenset()
