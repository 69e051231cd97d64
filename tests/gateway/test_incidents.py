"""Many reports about one incident: the children follow, every reporter is answered, nobody reads of another (CASEWORK 7)."""

from collections.abc import Callable, Sequence

import pytest

from channels.messages import Address
from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, Actor, Case, Role, Status
from gateway.complaints.sla import Clock
from gateway.files import attachments
from gateway.forwarding import disagreements
from gateway.intake.arrival import Arrival
from gateway.notices import staff_texts
from gateway.people import contacts
from gateway.record import cases, incidents
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, act, expand, member, now, opened, reporter, rows, spoken

A, S = Action, Status
Reports = Callable[..., Case]
FIRST, SECOND, THIRD = "+6281200000001", "+6281200000002", "+6281200000003"
WATER = {
    FIRST: "Air PDAM mati sejak subuh, ibu saya KENANGA sakit",
    SECOND: "air tidak keluar di rumah nomor MELATI",
    THIRD: "sudah dua hari tanpa air, warung FLAMBOYAN tutup",
}
FIXED = ANSWER["explanation"]
LAPOR = disagreements.ACTOR


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The same SQL as everywhere; transcript 11 runs on both databases."""
    return sqlite_url


@pytest.fixture
def report(store: Store, sms: Callable[..., Arrival]) -> Reports:
    return lambda sender: opened(store, sms(WATER[sender], sender))


@pytest.fixture
def pair(store: Store, report: Reports) -> tuple[Case, Case]:
    """A parent with its agency, and one child."""
    parent, child = report(FIRST), report(SECOND)
    parent = act(store, parent, A.ASSIGN, agency="PUPR")
    return parent, act(store, child, A.LINK, parent=parent.number)


def told(store: Store, sender: str) -> list[str]:
    """Everything that was said to somebody, with all that is due by now."""
    for _ in range(3):
        expand(store)
    return [line.text for line in spoken(store, Address("tel", sender))]


def history(store: Store, case: Case) -> list[str]:
    event = tables.complaint_event
    return [row.action for row in rows(store, event, event.c.complaint_id == case.id)]


def officer(store: Store) -> Actor:
    return member(store).actor


def answer(store: Store, case: Case) -> Case:
    return act(store, case, A.ANSWER, officer(store), **ANSWER)


def test_who_is_linked_comes_to_where_the_parent_is_and_hears_of_it_once(store: Store, pair: tuple[Case, Case]) -> None:
    parent, child = pair
    assert (child.status, child.agency, child.parent_id) == (S.ASSIGNED, "PUPR", parent.id)
    assert history(store, child) == ["receive", "link", "verify", "assign"]
    [_, _, line] = told(store, SECOND)
    assert line == f"{child.number} digabung dgn laporan serupa. Anda tetap mendapat jawaban."


def test_the_team_has_one_task(store: Store, pair: tuple[Case, Case]) -> None:
    parent, _ = pair
    told(store, SECOND)
    log = tables.dispatch_log
    to_team = rows(store, log, log.c.key == "pic.new")
    assert [row.complaint_id for row in to_team] == [parent.id]


def test_every_reporter_is_told_what_happens_to_the_parent(
    store: Store, pair: tuple[Case, Case], moment: Moment
) -> None:
    parent, child = pair
    act(store, parent, A.START, officer(store))
    act(store, parent, A.REPORT_PROGRESS, officer(store), note="Pompa cadangan dipasang pukul 10.00 hari ini.")
    answer(store, parent)
    moment.pass_(minutes=11)
    for sender, case in ((FIRST, parent), (SECOND, child)):
        said = told(store, sender)
        assert f"{case.number} sedang dikerjakan Dinas Pekerjaan Umum dan" in "".join(said)
        assert f"Kabar {case.number}: Pompa cadangan dipasang pukul 10.00 hari ini." in said
        assert f"Jawaban {case.number}: {FIXED} Sudah beres? Balas YA atau BELUM." in said
        assert now(store, case).status is S.AWAITING_REPORTER
        assert now(store, case).public_answer == FIXED


def test_what_a_system_of_record_answers_to_the_parent_is_an_answer_to_all(
    store: Store, pair: tuple[Case, Case], moment: Moment
) -> None:
    parent, child = pair
    there = {"source": "Ditindaklanjuti", "notice": "st.progress"}
    act(store, parent, A.FOLLOW_SP4N, LAPOR, status=S.IN_PROGRESS.value, **there)
    there = {"source": "Selesai", "notice": "st.answer", "explanation": FIXED}
    act(store, parent, A.FOLLOW_SP4N, LAPOR, status=S.AWAITING_REPORTER.value, **there)
    moment.pass_(minutes=11)
    for sender, case in ((FIRST, parent), (SECOND, child)):
        said = told(store, sender)
        assert f"{case.number} sedang dikerjakan Dinas Pekerjaan Umum dan" in "".join(said)
        assert said[-1] == f"Jawaban {case.number}: {FIXED} Sudah beres? Balas YA atau BELUM."
        assert (now(store, case).status, now(store, case).public_answer) == (S.AWAITING_REPORTER, FIXED)
    assert now(store, child).parent_id == parent.id


def test_what_is_closed_over_there_without_an_answer_leaves_nobody_waiting_behind_it(
    store: Store, pair: tuple[Case, Case], report: Reports
) -> None:
    parent, child = pair
    other = act(store, report(THIRD), A.LINK, parent=parent.number)
    there = {"source": "Selesai", "notice": "st.upstream"}
    act(store, parent, A.FOLLOW_SP4N, LAPOR, status=S.AWAITING_REPORTER.value, **there)
    assert now(store, child).parent_id is None
    assert now(store, other).parent_id == child.id
    answer(store, now(store, child))
    assert now(store, other).public_answer == FIXED


def test_one_still_unhappy_leaves_the_family_with_a_clock_of_their_own(store: Store, pair: tuple[Case, Case]) -> None:
    parent, child = pair
    answer(store, parent)
    act(store, parent, A.CONFIRM, reporter(parent))
    moved = act(store, child, A.CONTEST, reporter(child))
    assert (moved.status, moved.parent_id, now(store, parent).status) == (S.REPORTER_REPLIED, None, S.RESOLVED)
    running = tables.clock.c.complaint_id == child.id
    names = {row.name for row in rows(store, tables.clock, running, tables.clock.c.stopped_at.is_(None))}
    assert names == {Clock.SECOND_ANSWER, Clock.RESOLUTION}
    again = answer(store, moved)
    assert again.status is S.AWAITING_REPORTER


def test_an_answer_is_taken_back_from_all(store: Store, pair: tuple[Case, Case], moment: Moment) -> None:
    parent, child = pair
    answer(store, parent)
    assert now(store, child).status is S.AWAITING_REPORTER
    act(store, parent, A.UNDO, officer(store))
    assert [now(store, case).status for case in pair] == [S.ASSIGNED, S.ASSIGNED]
    moment.pass_(minutes=11)
    assert not any(line.startswith("Jawaban") for sender in (FIRST, SECOND) for line in told(store, sender))
    answer(store, parent)
    assert [now(store, case).public_answer for case in pair] == [FIXED, FIXED]


# fmt: off
BY_PARENT = [
    # action             role                 what it needs
    (A.START,             Role.PENGHUBUNG,  {}),
    (A.ANSWER,            Role.PENGHUBUNG,  ANSWER),
    (A.DISPUTE_AUTHORITY, Role.PENGHUBUNG,  {"reason": "Ini wewenang dinas lain di kabupaten", "agency": "DLH"}),
    (A.REASSIGN,          Role.COORDINATOR, {"reason": "Lebih berwenang", "agency": "DLH"}),
    (A.REFER_OUT,         Role.COORDINATOR, {"reason": "Bukan kewenangan kabupaten ini", "institution": "PLN"}),
]
# fmt: on


@pytest.mark.parametrize(("action", "role", "inputs"), BY_PARENT, ids=[str(row[0]) for row in BY_PARENT])
def test_a_child_is_worked_on_through_its_parent(
    store: Store, pair: tuple[Case, Case], action: Action, role: Role, inputs: dict[str, str]
) -> None:
    parent, child = pair
    who = COORDINATOR if role is Role.COORDINATOR else officer(store)
    with pytest.raises(ActionRefused, match="linked"):
        act(store, child, action, who, **inputs)
    moved = act(store, parent, action, who, **inputs)
    assert (now(store, child).status, now(store, child).agency) == (moved.status, moved.agency)


def test_unlinked_it_is_a_task_of_its_own_again(store: Store, pair: tuple[Case, Case]) -> None:
    _, child = pair
    moved = act(store, child, A.UNLINK, reason="Lokasinya ternyata lain.")
    assert (moved.parent_id, moved.status) == (None, S.ASSIGNED)
    before = len(told(store, SECOND))
    log = tables.dispatch_log
    assert child.id in {row.complaint_id for row in rows(store, log, log.c.key == "pic.new")}
    answer(store, moved)
    assert len(told(store, SECOND)) == before
    with pytest.raises(ActionRefused, match="not_linked"):
        act(store, child, A.UNLINK, reason="Sekali lagi.")


def test_whoever_is_linked_late_gets_the_answer_that_was_given(
    store: Store, report: Reports, pair: tuple[Case, Case], moment: Moment
) -> None:
    parent, _ = pair
    answer(store, parent)
    late = act(store, report(THIRD), A.LINK, parent=parent.number)
    assert (late.status, late.public_answer) == (S.AWAITING_REPORTER, FIXED)
    moment.pass_(minutes=11)
    assert any(line.startswith(f"Jawaban {late.number}: {FIXED}") for line in told(store, THIRD))


def test_who_was_asked_something_gets_the_answer_after_their_reply(store: Store, pair: tuple[Case, Case]) -> None:
    parent, child = pair
    act(store, child, A.ASK_REPORTER, officer(store), question="Di rumah nomor berapa persisnya?")
    answer(store, parent)
    assert now(store, child).status is S.INCOMPLETE
    act(store, parent, A.CONFIRM, reporter(parent))
    moved = act(store, child, A.COMPLETE, reporter(child), text="Nomor tiga belas")
    assert (moved.status, moved.public_answer) == (S.AWAITING_REPORTER, FIXED)


@pytest.mark.parametrize("ends", ["reporter", "coordinator"])
def test_when_a_parent_ends_without_an_answer_the_oldest_child_goes_on(
    store: Store, report: Reports, ends: str
) -> None:
    parent, second, third = report(FIRST), report(SECOND), report(THIRD)
    for child in (second, third):
        act(store, child, A.LINK, parent=parent.number)
    if ends == "reporter":
        act(store, parent, A.CANCEL, reporter(parent))
    else:
        act(store, parent, A.ARCHIVE, archive_reason="uji_coba", reason="Ini percobaan dari kantor sendiri.")
    assert now(store, second).parent_id is None
    assert now(store, third).parent_id == second.id
    act(store, second, A.ASSIGN, agency="PUPR")
    assert now(store, third).agency == "PUPR"


def refusals(store: Store, report: Reports) -> Sequence[tuple[Case, str, Actor, str]]:
    """child, parent as typed, who, code"""
    one, two, three = report(FIRST), report(SECOND), report(THIRD)
    act(store, two, A.LINK, parent=one.number)
    closed = act(store, three, A.ARCHIVE, archive_reason="uji_coba", reason="Ini percobaan dari kantor sendiri.")
    other = officer(store)
    return [
        (one, one.number, COORDINATOR, "own_parent"),
        (one, "KBR-260009997", COORDINATOR, "unknown_value"),
        (one, "bukan nomor", COORDINATOR, "unknown_value"),
        (one, closed.number, COORDINATOR, "closed_parent"),
        (two, one.number, COORDINATOR, "linked"),
        (one, two.number, COORDINATOR, "own_parent"),
        (one, two.number, other, "unknown_value"),
    ]


def test_links_that_make_no_sense_are_refused_by_name_of_the_reason(store: Store, report: Reports) -> None:
    for child, parent, who, code in refusals(store, report):
        with pytest.raises(ActionRefused, match=code) as refused:
            act(store, child, A.LINK, who, parent=parent)
        assert refused.value.field == "parent"


def test_a_case_that_is_further_than_the_parent_is_not_taken_back(store: Store, report: Reports) -> None:
    parent, child = report(FIRST), report(SECOND)
    act(store, child, A.ASSIGN, agency="PUPR")
    with pytest.raises(ActionRefused, match="behind"):
        act(store, child, A.LINK, parent=parent.number)
    linked = act(store, parent, A.LINK, parent=child.number)
    assert linked.agency == "PUPR"
    with pytest.raises(ActionRefused, match="has_children"):
        act(store, child, A.LINK, parent=report(THIRD).number)


def test_a_confidential_report_joins_a_public_one_only_when_a_coordinator_says_so_twice(
    store: Store, report: Reports
) -> None:
    parent, child = act(store, report(FIRST), A.ASSIGN, agency="PUPR"), report(SECOND)
    act(store, child, A.RAISE_CONFIDENTIAL)
    with pytest.raises(ActionRefused, match="confidential") as refused:
        act(store, child, A.LINK, parent=parent.number)
    assert refused.value.field == "confirm"
    assert act(store, child, A.LINK, parent=parent.number, confirm="1").parent_id == parent.id
    assert not now(store, parent).confidential


def test_secret_is_inherited_and_being_anonymous_is_not(store: Store, report: Reports) -> None:
    parent, child = report(FIRST), report(SECOND)
    act(store, parent, A.RAISE_CONFIDENTIAL)
    act(store, parent, A.RAISE_ANONYMOUS)
    linked = act(store, child, A.LINK, parent=parent.number)
    assert (linked.confidential, linked.anonymous) == (True, False)


def test_c5_nothing_of_one_reporter_is_ever_said_to_another(store: Store, report: Reports, moment: Moment) -> None:
    """Words, names and numbers of each, searched in all that was said to the others."""
    family = {sender: report(sender) for sender in WATER}
    names = {FIRST: "Siti Kenanga", SECOND: "Budi Melati", THIRD: "Tono Flamboyan"}
    with store.transaction() as tx:
        for sender, name in names.items():
            contact = contacts.ensure(tx, [Address("tel", sender)])[Address("tel", sender)]
            contacts.set_name(tx, contact, name)
    parent = act(store, family[FIRST], A.ASSIGN, agency="PUPR")
    for sender in (SECOND, THIRD):
        act(store, family[sender], A.LINK, parent=parent.number)
        act(store, family[sender], A.REPLY, reporter(family[sender]), text=f"tambahan: {WATER[sender]}")
    words = "Terima kasih Siti Kenanga, Budi Melati dan Tono Flamboyan: pompa diganti pukul 10.30 dan air mengalir."
    act(store, parent, A.ANSWER, officer(store), explanation=words, no_evidence_reason="foto menyusul")
    moment.pass_(minutes=11)
    for sender, own in names.items():
        said = " ".join(told(store, sender))
        assert own in said
        for other, name in names.items():
            if other != sender:
                assert not [word for word in (name, *WATER[other].split()[-3:]) if word in said and len(word) > 5]
                assert family[other].number not in said


def test_whoever_writes_an_answer_while_somebody_joins_looks_again(store: Store, pair: tuple[Case, Case]) -> None:
    """Else the one who joined would never be answered."""
    parent, _ = pair
    with store.transaction() as tx, pytest.raises(casework.CaseMoved):
        casework.apply(tx, A.ANSWER, parent, officer(store), ANSWER)


def test_the_pictures_of_the_answer_are_shown_to_every_reporter(store: Store, pair: tuple[Case, Case]) -> None:
    parent, child = pair
    picture = {"origin": "agency", "state": "stored", "media_type": "image/jpeg", "size": 3, "channel": "sms"}
    with store.transaction() as tx:
        moments = {"created_at": tx.now, "due_at": tx.now}
        tx.insert(
            tables.attachment,
            id=tx.new_id(),
            complaint_id=parent.id,
            stored_as="ab/c",
            sha256="c",
            **picture,
            **moments,
        )
    answer(store, parent)
    with store.reading() as tx:
        assert [file.name for file in attachments.evidence(tx, now(store, child))] == ["ab/c"]
        row = cases.row_of(tx, child.number)
        assert staff_texts.reporter_buttons(tx, "st.answer", row)


def test_how_many_reports_and_how_many_cases(store: Store, pair: tuple[Case, Case]) -> None:
    parent, child = pair
    with store.reading() as tx:
        assert (incidents.count(tx, parent.id), incidents.count(tx, child.id)) == (1, 0)
