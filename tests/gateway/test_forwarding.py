"""What goes to a system of record: in order, never twice unseen, and back by polls."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels.messages import AttachmentRef
from gateway.complaints.complaint import Action, Case, Kind, Status
from gateway.complaints.forward import (
    Circuit,
    CircuitState,
    ForwardJob,
    ForwardKind,
    ForwardOutcome,
    ForwardState,
    PollJob,
    PollOutcome,
    RemoteState,
)
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.forwarding import forwarding
from gateway.forwarding.forwarding import RemoteIdTaken
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    ANSWER,
    REPORT,
    act,
    assigned,
    count,
    member,
    now,
    only,
    opened,
    receive,
    reporter,
    rows,
)

Sends = Callable[..., Arrival]
K, F = ForwardKind, ForwardState
SP4N = "sp4n"


def claim(store: Store, limit: int = 10) -> list[ForwardJob]:
    with store.transaction() as tx:
        return forwarding.claim(tx, SP4N, limit)


def settle(store: Store, job: ForwardJob, state: ForwardState, **more: Any) -> None:
    outcome = ForwardOutcome(job.id, job.fence, state, **{"attempt": job.attempt + 1, **more})
    with store.transaction() as tx:
        forwarding.settle(tx, [outcome])


def row(store: Store, identity: int) -> Any:
    return only(store, tables.forward, tables.forward.c.id == identity)


def filed(store: Store, arrival: Arrival, remote_id: str = "8100001") -> Case:
    case = assigned(store, arrival)
    (job,) = claim(store)
    settle(store, job, F.SENT, remote_id=remote_id, written=True)
    return now(store, case)


def polls(store: Store) -> list[PollJob]:
    with store.transaction() as tx:
        return forwarding.claim_polls(tx, SP4N, 10, lambda job, at: (at - job.due_at).total_seconds())


# what is claimed


def test_a_report_leaves_masked_and_without_its_reporter(store: Store, telegram: Sends) -> None:
    text = f"{REPORT}. Hubungi saya di 0812-0000-0001"
    assigned(store, telegram(text, display_name="Budi Contoh"))
    (job,) = claim(store)
    assert (job.kind, job.state, job.attempt) == (K.CREATE, F.QUEUED, 0)
    report = job.report
    assert (report.number, report.agency, report.institution_id) == ("KBR-260000013", "PUPR", "1201")
    assert report.content.startswith("Jalan di depan pasar")
    assert "0812" not in report.content
    assert (report.identity, report.marker) == (None, "[Ref: KBR-260000013]")


def test_a_claimed_row_is_nobody_else_s(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    assert claim(store) == []
    assert row(store, job.id).state == "sending"


def test_a_report_that_nobody_was_given_does_not_leave(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, Action.VERIFY, kind="pengaduan", topic="pekerjaan-umum")
    assert claim(store) == []


def test_follow_ups_wait_for_the_report_and_for_second_thoughts(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.REPLY, reporter(case), text="Sekarang makin dalam.")
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    (create,) = claim(store)
    assert create.kind is K.CREATE
    settle(store, create, F.SENT, remote_id="8100001", written=True)
    (reply,) = claim(store)
    assert reply.followup is not None
    assert (reply.followup.text, reply.followup.from_reporter) == ("Sekarang makin dalam.", True)
    assert reply.report.remote_id == "8100001"
    settle(store, reply, F.SENT)
    assert claim(store) == []
    moment.pass_(minutes=10)
    (answer,) = claim(store)
    assert answer.followup is not None
    assert answer.followup.text == ANSWER["explanation"]
    assert not answer.followup.from_reporter


def test_a_failed_report_blocks_only_its_own_follow_ups(store: Store, telegram: Sends, moment: Moment) -> None:
    first = assigned(store, telegram(REPORT))
    act(store, first, Action.REPLY, reporter(first), text="Sekarang makin dalam.")
    (create,) = claim(store)
    settle(store, create, F.FAILED, error="refused")
    moment.pass_(hours=2)
    assigned(store, telegram("Lampu jalan di simpang empat mati sejak kemarin malam", sender="78"))
    assert [job.kind for job in claim(store)] == [K.CREATE]


def test_files_are_waited_for_but_not_for_long(store: Store, telegram: Sends, moment: Moment) -> None:
    photo = AttachmentRef("p1", "image/jpeg", content=b"foto")
    case = assigned(store, telegram(REPORT, attachments=(photo,)))
    assert claim(store) == []
    with store.transaction() as tx:
        (file,) = attachments.claim(tx, 5)
        tx.office.files.put("ab/ab", b"foto")
        attachments.settle(tx, [FileOutcome(file.id, file.fence, "stored", "", "image/jpeg", 4, "ab/ab", "ab" * 32)])
    (job,) = claim(store)
    (attached,) = job.report.attachments
    assert (attached.load(), attached.media_type, case.number) == (b"foto", "image/jpeg", job.report.number)


def test_a_file_that_never_comes_holds_up_nothing(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT, attachments=(AttachmentRef("p1", "image/jpeg"),)))
    assert claim(store) == []
    moment.pass_(minutes=3)
    (job,) = claim(store)
    assert job.report.attachments == ()


# outcomes


def test_a_filed_report_shows_its_number_and_is_looked_at(store: Store, telegram: Sends, rings: Any) -> None:
    case = filed(store, telegram(REPORT))
    assert only(store, tables.complaint).sp4n_id == "8100001"
    (poll,) = polls(store)
    assert (poll.remote_id, poll.status, poll.number) == ("8100001", Status.ASSIGNED, case.number)
    assert "poll" in rings.queues


def test_an_outcome_under_an_old_fence_changes_nothing(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT))
    (old,) = claim(store)
    moment.pass_(seconds=181)
    with store.transaction() as tx:
        assert forwarding.sweep(tx) == 1
    (new,) = claim(store)
    assert (new.state, new.fence > old.fence) == (F.UNKNOWN, True)
    settle(store, old, F.FAILED, error="late")
    assert row(store, old.id).state == "sending"


def test_what_became_of_a_dead_sender_s_report_is_looked_for_not_sent_again(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    assigned(store, telegram(REPORT))
    claim(store)
    moment.pass_(seconds=181)
    with store.transaction() as tx:
        forwarding.sweep(tx)
    (job,) = claim(store)
    assert (job.state, job.unknown_since) == (F.UNKNOWN, moment.now)
    settle(store, job, F.UNKNOWN, searches_done=1, unknown_cycles=1, next_at=moment.now + timedelta(minutes=1))
    assert claim(store) == []
    moment.pass_(minutes=1)
    (again,) = claim(store)
    assert (again.searches_done, again.unknown_cycles, again.unknown_since) == (1, 1, job.unknown_since)


# fmt: off
OUTCOMES = [
    # state                  task for a person     row
    (F.RETRY,                None,                 "retry"),
    (F.MANUAL_CHECK,         "sp4n_check",         "manual_check"),
    (F.FAILED,               "sp4n_failed",        "failed"),
    (F.MANUAL,               None,                 "manual"),
]
# fmt: on


@pytest.mark.parametrize(("state", "task", "kept"), OUTCOMES)
def test_what_only_a_person_can_settle_becomes_a_task(
    store: Store, telegram: Sends, state: ForwardState, task: str | None, kept: str
) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, state, error="422", detail="Nomor 0812-0000-0001 ditolak")
    stored = row(store, job.id)
    assert (stored.state, stored.last_error) == (kept, "422")
    assert "0812" not in stored.detail_masked
    assert [one.kind for one in rows(store, tables.task)] == ([task] if task else [])


def test_a_person_sends_it_again_and_the_task_is_done(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, F.FAILED, error="422")
    with store.transaction() as tx:
        forwarding.retry(tx, job.id)
    assert only(store, tables.task).done_at is not None
    (again,) = claim(store)
    assert (again.id, again.state) == (job.id, F.RETRY)


def test_a_person_finds_the_report_over_there(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, F.MANUAL_CHECK, error="unknown")
    with store.transaction() as tx:
        forwarding.adopt(tx, job.id, "8100007")
    assert (row(store, job.id).state, only(store, tables.complaint).sp4n_id) == ("sent", "8100007")
    assert only(store, tables.task).done_at is not None
    assert [poll.number for poll in polls(store)] == [case.number]


def test_two_complaints_cannot_be_the_same_report_over_there(store: Store, telegram: Sends) -> None:
    filed(store, telegram(REPORT))
    assigned(store, telegram("Lampu jalan di simpang empat mati sejak kemarin malam", sender="78"))
    (job,) = claim(store)
    with pytest.raises(RemoteIdTaken, match="KBR-260000013"), store.transaction() as tx:
        forwarding.adopt(tx, job.id, "8100001")
    assert row(store, job.id).remote_id is None


def test_twins_over_there_are_shown(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, F.SENT, remote_id="8100001", duplicates=("8100002",))
    assert (only(store, tables.task).kind, only(store, tables.task).detail) == ("sp4n_duplicate", "8100002")


def test_given_up_is_final_until_a_person_says_otherwise(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    (job,) = claim(store)
    settle(store, job, F.MANUAL_CHECK)
    with store.transaction() as tx:
        forwarding.give_up(tx, job.id)
    assert claim(store) == []
    assert row(store, job.id).finished_at is not None


# polls


def test_a_poll_is_one_worker_s_until_its_lease_is_over(store: Store, telegram: Sends, moment: Moment) -> None:
    filed(store, telegram(REPORT))
    (first,) = polls(store)
    assert polls(store) == []
    moment.pass_(seconds=121)
    (second,) = polls(store)
    late = PollOutcome(first.complaint_id, first.fence, None, RemoteState("8100001", "Selesai", status=Status.RESOLVED))
    with store.transaction() as tx:
        forwarding.settle_poll(tx, late, SP4N)
    assert only(store, tables.forward).poll_due_at is not None
    with store.transaction() as tx:
        forwarding.settle_poll(tx, PollOutcome(second.complaint_id, second.fence, None), SP4N)
    moment.pass_(days=400)
    assert polls(store) == []


def test_when_not_all_can_be_read_the_latest_in_its_own_measure_is_first(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    old = filed(store, telegram(REPORT), "8100001")
    moment.pass_(hours=1)
    fresh = filed(store, telegram("Sampah menumpuk di tepi sungai sejak Senin"), "8100002")
    moment.pass_(hours=1)
    with store.transaction() as tx:
        (job,) = forwarding.claim_polls(tx, SP4N, 1, lambda job, _: float(job.complaint_id == fresh.id))
        (rest,) = forwarding.claim_polls(tx, SP4N, 1, lambda *_: 0.0)
    assert (job.complaint_id, rest.complaint_id) == (fresh.id, old.id)


def test_a_report_that_vanished_over_there_is_a_task_and_life_goes_on(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    (poll,) = polls(store)
    gone = PollOutcome(
        poll.complaint_id, poll.fence, moment.now + timedelta(hours=1), misses=3, missing_since=moment.now,
        remote_missing=True,
    )  # fmt: skip
    with store.transaction() as tx:
        forwarding.settle_poll(tx, gone, SP4N)
    assert only(store, tables.task).kind == "sp4n_missing"
    assert now(store, case).status is Status.ASSIGNED
    moment.pass_(hours=1)
    (again,) = polls(store)
    assert (again.misses, again.missing_since) == (3, gone.missing_since)


def test_a_citizen_who_asks_has_it_looked_at_soon(store: Store, telegram: Sends, moment: Moment, rings: Any) -> None:
    case = filed(store, telegram(REPORT))
    (poll,) = polls(store)
    state = RemoteState("8100001", "Belum Terverifikasi", status=Status.RECEIVED)
    with store.transaction() as tx:
        later = PollOutcome(poll.complaint_id, poll.fence, moment.now + timedelta(hours=3), state)
        forwarding.settle_poll(tx, later, SP4N)
    for minutes, due in ((9, 0), (2, 1)):
        moment.pass_(minutes=minutes)
        receive(store, telegram(f"STATUS {case.number}"))
        assert len(polls(store)) == due
    assert "poll" in rings.queues


def test_the_circuit_of_a_target_is_remembered(store: Store, moment: Moment) -> None:
    opened_circuit = Circuit(CircuitState.OPEN, 5, moment.now, moment.now + timedelta(minutes=1), 1, "busy")
    with store.transaction() as tx:
        assert forwarding.circuit(tx, SP4N) == Circuit()
        forwarding.keep_circuit(tx, SP4N, opened_circuit)
    with store.reading() as tx:
        assert forwarding.circuit(tx, SP4N) == opened_circuit
        assert forwarding.circuit(tx, "lain") == Circuit()


def test_secret_reports_say_so(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, Action.RAISE_CONFIDENTIAL, reporter(case))
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    act(store, case, Action.ASSIGN, agency="PUPR")
    (job,) = claim(store)
    assert (job.report.anonymous, job.report.confidential, job.report.kind) == (True, True, Kind.PENGADUAN)
    assert count(store, tables.forward) == 1
