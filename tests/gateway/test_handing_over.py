"""What was filed by hand stays by hand when the API comes, until somebody hands it over and its number proves right."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from config.settings import ForwarderTable
from gateway.complaints.complaint import Action, Case, Status
from gateway.complaints.forward import ForwardState, PollOutcome, RemoteState
from gateway.forwarding import bridge, forwarding
from gateway.forwarding.bridge import BridgeRefused
from gateway.intake.arrival import Arrival
from gateway.queries import bridge as queries
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, act, assigned, member, now, only, rows
from tests.gateway.test_forwarding import SP4N, claim, polls, settle

Sends = Callable[..., Arrival]
FORWARD, TASK = tables.forward, tables.task


def mode(store: Store, word: str) -> None:
    settings = replace(store.office.settings, forwarding=(ForwarderTable(SP4N, SP4N, {"mode": word}),))
    store.office = replace(store.office, settings=settings)


@pytest.fixture
def typed(store: Store, telegram: Sends) -> Case:
    """Filed by hand under a number that somebody typed; then the API came."""
    mode(store, "manual")
    case = assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    with store.transaction() as tx:
        bridge.numbered(tx, job.id, "8100007", COORDINATOR)
    mode(store, "api")
    return now(store, case)


def hand_over(store: Store) -> None:
    row = only(store, FORWARD, FORWARD.c.kind == "create")
    with store.transaction() as tx:
        bridge.handed_over(tx, row.id, COORDINATOR)


def read(store: Store, state: RemoteState | None) -> None:
    (poll,) = polls(store)
    misses = 0 if state else poll.misses + 1
    with store.transaction() as tx:
        forwarding.settle_poll(tx, PollOutcome(poll.complaint_id, poll.fence, tx.now, state, misses=misses), SP4N)


def test_nothing_is_read_or_sent_by_a_number_that_somebody_typed(store: Store, typed: Case, moment: Moment) -> None:
    assert polls(store) == []
    act(store, typed, Action.START, member(store).actor)
    act(store, typed, Action.REPORT_PROGRESS, member(store).actor, note="Aspal dijadwalkan hari Rabu.")
    assert claim(store) == []
    followup = only(store, FORWARD, FORWARD.c.kind == "followup")
    assert followup.state == "manual"
    moment.pass_(days=8)
    with store.reading() as tx:
        assert queries.overdue(tx).many == 2, "to be typed in, and to be looked up"


def test_handed_over_it_is_read_when_it_carries_our_mark(store: Store, typed: Case) -> None:
    hand_over(store)
    read(store, RemoteState("8100007", "Ditindaklanjuti", status=Status.IN_PROGRESS, has_marker=True))
    assert now(store, typed).status is Status.IN_PROGRESS
    assert not only(store, FORWARD).by_hand
    with pytest.raises(BridgeRefused, match="settled"):
        hand_over(store)


@pytest.mark.parametrize(
    "state",
    [
        RemoteState("8100007", "Selesai", status=Status.RESOLVED, title="Orang lain", has_marker=False),
        RemoteState("8100007", "Selesai", status=Status.RESOLVED),
        None,
    ],
    ids=["a stranger's", "nothing shown", "not there"],
)
def test_a_stranger_s_report_is_never_followed(store: Store, typed: Case, state: RemoteState | None) -> None:
    hand_over(store)
    read(store, state)
    row = only(store, FORWARD)
    assert (now(store, typed).status, row.by_hand, row.poll_due_at) == (Status.ASSIGNED, True, None)
    assert [(task.kind, task.done_at) for task in rows(store, TASK)] == [("sp4n_missing", None)]
    assert rows(store, tables.remote_event) == []


def test_by_hand_there_is_nothing_to_hand_over_to(store: Store, typed: Case) -> None:
    mode(store, "manual")
    with pytest.raises(BridgeRefused, match="settled"):
        hand_over(store)
