"""Evidence that can be believed: pictures that look like earlier ones are shown, one of twenty cases is looked at again."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.messages import AttachmentRef
from gateway.casework import second_looks
from gateway.complaints.complaint import Action, Case, Role
from gateway.files import attachments, photo_prints
from gateway.files.attachments import FileOutcome
from gateway.intake.arrival import Arrival
from gateway.queries import complaint_page, evidence
from gateway.queries.scope import scope_of
from gateway.record import tasks
from gateway.retention import emptying
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, act, assigned, count, member, opened, reporter, rows
from tests.plans import statements
from tests.queries.test_plans import plan

Sends = Callable[..., Arrival]
SEEN = "5a0ff0c3963c69a5"
NEAR = f"{int(SEEN, 16) ^ 0b1000000010000000100000000:016x}"
"""Three bits differ."""
FAR = f"{int(SEEN, 16) ^ 0b1010000010000000100000000:016x}"
TURNED = f"{photo_prints.mirrored(int(SEEN, 16)):016x}"
PHOTO = AttachmentRef("", "image/jpeg", 3, content=b"abc")


def photographed(store: Store, case: Case, *prints: str, origin: str = "agency") -> int:
    """A picture that was cleaned, and looks like this."""
    with store.transaction() as tx:
        attachments.add(tx, case.id, None, "tg", [PHOTO], origin=origin)
    with store.transaction() as tx:
        (job,) = attachments.claim(tx, 5)
        name = attachments.name_of(f"{job.id:064x}")
        done = FileOutcome(job.id, job.fence, "stored", "", "image/jpeg", 3, name, f"{job.id:064x}", prints=prints)
        attachments.settle(tx, [done])
    return job.id


def alike(store: Store, case: Case, role: Role = Role.COORDINATOR, agency: str = "") -> list[str]:
    with store.reading() as tx:
        page = complaint_page.page(tx, scope_of(tx.office, role, agency), case.number, COORDINATOR)
        assert page is not None
        return list(page.alike)


@pytest.mark.parametrize(
    ("print_", "known"), [(SEEN, True), (NEAR, True), (TURNED, True), (FAR, False), ("0123456789abcdef", False)]
)
@pytest.mark.parametrize("origin", ["agency", "reporter"])
def test_evidence_that_looks_like_an_earlier_picture_names_its_complaint(
    store: Store, telegram: Sends, print_: str, origin: str, *, known: bool
) -> None:
    first, second = (
        opened(store, telegram("Jalan berlubang di Jl. Melati")),
        opened(store, telegram("Lampu padam", "78")),
    )
    photographed(store, first, SEEN, "f0f0f0f00f0f0f0f", origin=origin)
    photographed(store, second, print_)
    assert alike(store, second) == ([first.number] if known else [])
    assert alike(store, first) == []


def test_evidence_names_no_complaint_that_does_not_exist_for_its_reader(store: Store, telegram: Sends) -> None:
    first, second = (
        opened(store, telegram("Jalan berlubang di Jl. Melati")),
        assigned(store, telegram("Lampu padam", "78")),
    )
    photographed(store, first, SEEN)
    photographed(store, second, SEEN)
    complaint = tables.complaint
    officer, names = member(store), [first.number]
    for values, seen in (
        ({"agency": ""}, []),
        ({"agency": officer.agency}, names),
        ({"agency": officer.agency, "kind": "pengaduan_pengawasan"}, []),
    ):
        with store.transaction() as tx:
            tx.execute(complaint.update().where(complaint.c.id == first.id).values(**values))
        assert (alike(store, second), alike(store, second, officer.role, officer.agency)) == (names, seen)


def test_pictures_of_the_same_incident_of_reporters_and_of_drafts_are_no_wonder(store: Store, telegram: Sends) -> None:
    first, second, third = (opened(store, telegram(f"Jalan {one} berlubang", str(80 + one))) for one in range(3))
    complaint = tables.complaint
    with store.transaction() as tx:
        tx.execute(complaint.update().where(complaint.c.id == second.id).values(parent_id=first.id))
    photographed(store, first, SEEN)
    photographed(store, first, SEEN)
    photographed(store, second, SEEN)
    photographed(store, third, SEEN, origin="reporter")
    assert [alike(store, one) for one in (first, second, third)] == [[], [], []]
    photographed(store, third, SEEN, origin="draft:abc")
    assert alike(store, third) == [], "nobody has answered with it yet"
    with store.transaction() as tx:
        tx.execute(tables.attachment.update().where(tables.attachment.c.origin == "draft:abc").values(origin="agency"))
    assert alike(store, third) == [min(first.number, second.number)]


def test_whoever_is_about_to_send_hears_what_to_look_at(store: Store, telegram: Sends, moment: Moment) -> None:
    first, second = (assigned(store, telegram(f"Jalan {one} berlubang", str(80 + one))) for one in range(2))
    officer = member(store)
    photographed(store, first, SEEN)
    photographed(store, second, SEEN, origin="draft:abc")
    with store.transaction() as tx:
        attachments.add(tx, second.id, None, "tg", [PHOTO], origin="draft:abc")
        mine = tables.attachment.c.origin == "draft:abc"
        early = second.created_at - timedelta(days=1)
        tx.execute(tables.attachment.update().where(mine).values(taken_at=early))
    for agency, named in ((officer.agency, (first.number,)), ("DLH", ())):
        with store.transaction() as tx:
            tx.execute(tables.complaint.update().where(tables.complaint.c.id == first.id).values(agency=agency))
            row = tx.one(select(tables.complaint).where(tables.complaint.c.id == second.id))
            scope = scope_of(tx.office, officer.role, officer.agency, str(officer.id))
            found = evidence.doubts(tx, scope, row, "draft:abc")
            assert (found.alike, found.before, found.pending) == (named, (early, early), 1)
            assert evidence.doubts(tx, scope, row) == evidence.Doubts()


def test_what_a_picture_looked_like_goes_with_it(store: Store, telegram: Sends) -> None:
    first, second = (
        opened(store, telegram("Jalan berlubang di Jl. Melati")),
        opened(store, telegram("Lampu padam", "78")),
    )
    photographed(store, first, SEEN)
    photographed(store, second, SEEN)
    with store.transaction() as tx:
        emptying.everything(tx, [first.id, second.id])
    assert (count(store, tables.photo_print), count(store, tables.photo_match)) == (0, 0)


def test_pictures_are_compared_by_their_indexes(store: Store, telegram: Sends) -> None:
    case = opened(store, telegram("Jalan berlubang di Jl. Melati"))
    with statements(store, "SELECT") as ran:
        photographed(store, case, SEEN)
    asked = [(sql, given) for sql, given in ran if "photo_print.band" in sql]
    assert len(asked) == photo_prints.BANDS
    with store.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("SET enable_seqscan = off")
            # Of a table with hardly a row, PostgreSQL takes any index that spares it the sorting.
            asked = [(re.sub(r"ORDER BY \S+ DESC", "", sql), given) for sql, given in asked]
        for sql, given in asked:
            assert "ix_photo_print_band" in plan(connection, sql, given)


def test_one_of_twenty_is_looked_at_again_and_nobody_chooses_which(
    store: Store, telegram: Sends, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 20_000
    chosen = sum(second_looks.is_chosen(one) for one in range(many))
    assert abs(chosen - many / second_looks.ONE_OF) < many / 200
    monkeypatch.setattr(second_looks, "ONE_OF", 1)  # every one of them
    cases = [assigned(store, telegram(f"Jalan {one} berlubang di pasar", str(90 + one))) for one in range(2)]
    for _ in range(2):
        with store.transaction() as tx:
            assert second_looks.propose(tx) == 0, "none of them is closed"
        moment.pass_(minutes=2)
    act(store, cases[0], Action.ANSWER, member(store).actor, **ANSWER)
    act(store, cases[0], Action.CONFIRM, reporter(cases[0]))
    moment.pass_(minutes=2)
    for wanted in (1, 0):
        with store.transaction() as tx:
            assert second_looks.propose(tx) == wanted
    (task,) = rows(store, tables.task, tables.task.c.kind == second_looks.KIND)
    assert task.subject == cases[0].number
    with store.transaction() as tx:
        tasks.done(tx, task.id, COORDINATOR)
    act(store, cases[0], Action.RATE, reporter(cases[0]), rating="4")
    moment.pass_(minutes=2)
    with store.transaction() as tx:
        assert second_looks.propose(tx) == 0
        assert len(tx.all(select(tables.task.c.id))) == 1
