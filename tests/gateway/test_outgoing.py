"""What an action sends to systems of record beside its words: photographs, a rating, another institution, danger first."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.messages import AttachmentRef
from gateway.casework import casework
from gateway.complaints.complaint import OF_AGENCY, Action, Case
from gateway.complaints.forward import ForwardJob, ForwardKind, ForwardState
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.intake.arrival import Arrival
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, REPORT, act, assigned, count, member, opened, reporter
from tests.gateway.test_forwarding import claim, filed, settle

Sends = Callable[..., Arrival]


def adds(store: Store, case: Case, content: bytes, text: str = "") -> None:
    """The reporter sends a photograph, with or without words; it is cleaned at once."""
    digest = content.hex().ljust(64, "0")
    with store.transaction() as tx:
        current = cases.by_id(tx, case.id)
        assert current is not None
        attachments.add(tx, case.id, None, "tg", [AttachmentRef("p", "image/jpeg", content=content)])
        casework.apply(tx, Action.REPLY, current, reporter(case), {"text": text})
    with store.transaction() as tx:
        for file in attachments.claim(tx, 5):
            tx.office.files.put(digest, content)
            done = FileOutcome(file.id, file.fence, "stored", "", "image/jpeg", len(content), digest, digest)
            attachments.settle(tx, [done])


def proves(store: Store, case: Case, content: bytes, origin: str = OF_AGENCY) -> None:
    """The agency takes a photograph of what it did; it is cleaned at once."""
    digest = content.hex().ljust(64, "0")
    with store.transaction() as tx:
        attachments.add(tx, case.id, None, "tg", [AttachmentRef("p", "image/jpeg", content=content)], origin=origin)
    with store.transaction() as tx:
        for file in attachments.claim(tx, 5):
            tx.office.files.put(digest, content)
            done = FileOutcome(file.id, file.fence, "stored", "", "image/jpeg", len(content), digest, digest)
            attachments.settle(tx, [done])


def answered(store: Store, moment: Moment, case: Case, content: bytes) -> None:
    """An answer with one photograph, on its way when nobody can undo it any more."""
    proves(store, case, content)
    moment.pass_(minutes=2)
    act(store, case, Action.ANSWER, member(store).actor, explanation=ANSWER["explanation"], evidence="1")
    moment.pass_(minutes=20)


def pictures(job: ForwardJob) -> list[bytes]:
    assert job.followup is not None
    return [file.load() for file in job.followup.attachments]


def sent(store: Store, job: ForwardJob, **more: str) -> None:
    settle(store, job, ForwardState.SENT, written=True, **more)


def test_what_the_reporter_adds_goes_with_its_own_photographs_and_no_others(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    moment.pass_(minutes=5)
    adds(store, case, b"one", "Sekarang makin dalam, telepon 0812-0000-0001.")
    moment.pass_(minutes=5)
    adds(store, case, b"two")
    told = []
    for _ in range(2):
        (job,) = claim(store)
        assert job.followup is not None
        told.append((job.followup.text, [file.load() for file in job.followup.attachments]))
        sent(store, job)
    assert told == [
        ("Sekarang makin dalam, telepon [telepon disamarkan].", [b"one"]),
        ("1 lampiran tambahan.", [b"two"]),
    ]


def test_photographs_that_left_with_the_report_do_not_leave_again(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    adds(store, case, b"one", "Ini fotonya.")
    moment.pass_(minutes=1)
    (create,) = claim(store)
    assert [file.load() for file in create.report.attachments] == [b"one"]
    sent(store, create, remote_id="8100001")
    (job,) = claim(store)
    assert job.followup is not None
    assert (job.followup.text, job.followup.attachments) == ("Ini fotonya.", ())


def test_a_photograph_of_a_confidential_reporter_is_kept_where_the_report_keeps_it(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    moment.pass_(minutes=5)
    adds(store, case, b"one")
    (job,) = claim(store)
    assert job.followup is not None
    assert job.followup.attachments == job.report.attachments


def test_what_proves_an_answer_goes_with_it_and_not_with_the_next(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    moment.pass_(minutes=5)
    answered(store, moment, case, b"first")
    (job,) = claim(store)
    assert (job.report.attachments, pictures(job)) == ((), [b"first"]), "it tells nothing of who reported"
    sent(store, job)
    act(store, case, Action.CONTEST, reporter(case), text="Masih berlubang di sisi timur.")
    moment.pass_(minutes=5)
    (job,) = claim(store)
    assert pictures(job) == []
    sent(store, job)
    answered(store, moment, case, b"second")
    (job,) = claim(store)
    assert pictures(job) == [b"second"]


def test_what_proves_an_answer_of_what_few_may_know_of_stays_here(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    with store.transaction() as tx:
        cases.amend(tx, case.id, sensitive="kekerasan_seksual")
    answered(store, moment, case, b"first")
    (job,) = claim(store)
    assert pictures(job) == []


@pytest.mark.parametrize(("sensitive", "left"), [("none", [b"of the parent"]), ("kekerasan_seksual", [])])
def test_pictures_of_a_parent_leave_with_a_child_unless_few_may_know_of_it(
    store: Store, telegram: Sends, moment: Moment, sensitive: str, left: list[bytes]
) -> None:
    child = filed(store, telegram(REPORT))
    parent = filed(store, telegram(f"{REPORT} juga", sender="78"), "8100002")
    act(store, child, Action.LINK, parent=parent.number)
    with store.transaction() as tx:
        cases.amend(tx, parent.id, sensitive=sensitive)
    answered(store, moment, parent, b"of the parent")
    (job,) = [one for one in claim(store) if one.report.number == child.number]
    assert pictures(job) == left


def test_a_draft_and_an_answer_that_was_taken_back_prove_nothing_there(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = filed(store, telegram(REPORT))
    proves(store, case, b"draft", origin="draft:x")
    proves(store, case, b"first")
    act(store, case, Action.ANSWER, member(store).actor, explanation=ANSWER["explanation"], evidence="1")
    moment.pass_(minutes=1)
    act(store, case, Action.UNDO, member(store).actor)
    moment.pass_(minutes=20)
    assert claim(store) == []
    answered(store, moment, case, b"second")
    (job,) = claim(store)
    assert pictures(job) == [b"second"]


def test_a_rating_goes_once_with_whatever_is_told_next(store: Store, telegram: Sends, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    act(store, case, Action.CONFIRM, reporter(case))
    act(store, case, Action.RATE, reporter(case), rating="2")
    act(store, case, Action.REOPEN, reporter(case), reason="Lubangnya terbuka lagi setelah hujan.")
    for words in ("Tolong dilihat lagi.", "Masih terbuka."):
        act(store, case, Action.REPLY, reporter(case), text=words)
    moment.pass_(minutes=20)
    ratings = []
    while jobs := claim(store):
        for job in jobs:
            assert job.followup is not None
            ratings.append(job.followup.rating)
            sent(store, job)
    assert ratings == [0, 2, 0]


def test_what_is_not_ours_is_handed_over_there_where_that_body_has_a_number(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    reference = store.office.reference
    bodies = {code: replace(body, sp4n_institution_id="990022") if code == "PUPR-PROV" else body
              for code, body in reference.out_of_authority.items()}  # fmt: skip
    store.office = replace(store.office, reference=replace(reference, out_of_authority=bodies))
    why = "Ruas itu berstatus jalan provinsi sejak 2015."
    first = filed(store, telegram(REPORT))
    act(store, first, Action.REFER_OUT, institution="PUPR-PROV", reason=why)
    assert claim(store) == []
    moment.pass_(minutes=20)
    (job,) = claim(store)
    assert (job.kind, job.referral and job.referral.institution_id) == (ForwardKind.FORWARD, "990022")
    sent(store, job)
    second = filed(store, telegram("Kabel listrik putus di jalan depan sekolah", sender="78"), "8100002")
    act(store, second, Action.REFER_OUT, institution="PLN", reason="Jaringan listrik dikelola PLN, bukan pemda.")
    moment.pass_(minutes=20)
    assert claim(store) == []
    assert count(store, tables.forward, tables.forward.c.kind == ForwardKind.FORWARD.value) == 1


def test_danger_leaves_before_what_waited_longer(store: Store, telegram: Sends, moment: Moment) -> None:
    assigned(store, telegram(REPORT))
    moment.pass_(hours=3)
    case = opened(store, telegram("Kabel listrik jatuh ke jalan, ada percikan api", sender="78"))
    with store.transaction() as tx:
        cases.amend(tx, case.id, urgency="darurat")
    act(store, case, Action.ASSIGN, agency="PUPR")
    first, *_ = claim(store)
    assert first.report.number == case.number
