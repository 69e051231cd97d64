"""Files between us and the simulated LAPOR!, over real HTTP: what proves our answers, and what their agencies attach."""

import base64
import hashlib
from collections.abc import Callable

from gateway.complaints.complaint import Action, Role, Status
from gateway.complaints.forward import ForwardState, RemoteEvent
from gateway.complaints.remote_files import RemoteFile
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.forwarding import bridge, remote_files
from gateway.intake.arrival import Arrival
from gateway.officers import deeds
from gateway.queries import complaint_detail
from gateway.queries.officer_page import may_see_file
from gateway.queries.scope import api_scope, scope_of
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, assigned, member, now, only, reporter, rows
from tests.gateway.test_forwarding import claim, filed, settle
from tests.gateway.test_lapor_for_days import DAY, HOUR, Days, days
from tests.gateway.test_outgoing import adds, answered

__all__ = ["days"]

Sends = Callable[..., Arrival]


async def test_what_proves_an_answer_stands_beside_it_there(
    days: Days, store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    await days.pass_(HOUR)
    answered(store, moment, case, b"\xff\xd8 a lamp that burns")
    days.forward_to(moment.now)
    await days.pass_(HOUR)
    (report,) = await days.lapor.reports()
    (told,) = [one for one in report["followups"] if "ditambal pada" in one["content"]]
    assert told["attachments"] == ["lampiran-1.jpg"]
    assert report["followups"] == [told], "nothing else was told"


def cleaned(store: Store) -> int:
    """As the queue of files does it, for pictures that harm nobody; how many there were."""
    with store.transaction() as tx:
        jobs = attachments.claim(tx, 10)
    for job in jobs:
        assert job.ref.content is not None
        digest = hashlib.sha256(job.ref.content).hexdigest()
        store.office.files.put(digest, job.ref.content)
        with store.transaction() as tx:
            done = FileOutcome(job.id, job.fence, "stored", "", "image/jpeg", len(job.ref.content), digest, digest)
            attachments.settle(tx, [done])
    return len(jobs)


async def beside(days: Days, *contents: bytes, secret: int = 0, words: str = "Lampu sudah kami ganti.") -> None:
    """Their agency answers with pictures."""
    (report,) = await days.lapor.reports()
    files = [base64.b64encode(content).decode() for content in contents]
    order = {"content": f"<p>{words}</p>", "secret": secret, "files": files}
    await days.lapor.sim("POST", f"complaints/{report['id']}/followup", order)


async def test_what_stands_beside_their_answer_is_shown_with_it(days: Days, store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    await days.pass_(HOUR)
    await beside(days, b"one", b"two")
    await days.pass_(2 * HOUR)
    await beside(days, b"for staff", secret=1, words="Catatan dalam.")
    await days.pass_(3 * HOUR)
    assert cleaned(store) == 3
    files = rows(store, tables.attachment)
    assert [(row.origin, row.state) for row in files] == [
        ("record", "stored"),
        ("record", "stored"),
        ("record_secret", "stored"),
    ]
    officer = member(store)
    eyes, program = scope_of(store.office, Role.COORDINATOR), api_scope(store.office)
    with store.reading() as tx:
        shown = attachments.evidence(tx, now(store, case))
        assert [store.office.files.get(file.name) for file in shown] == [b"one", b"two"]
        readers = [
            [complaint_detail.file_of(tx, one, id_text(row.id)) is not None for row in files] for one in (eyes, program)
        ]
        assert readers == [[True, True, True], [True, True, False]]
        row = cases.row_of(tx, case.number)
        assert [may_see_file(row, attachments.file(tx, one.id)) for one in files] == [True] * 3  # type: ignore[arg-type]
        listed = deeds.look(tx, row, officer).evidence
        assert [file.id for file in listed] == [row.id for row in files], "what may be opened is listed"
    await days.pass_(DAY, HOUR)
    assert cleaned(store) == 0, "it was known"


async def test_a_file_that_does_not_come_is_asked_for_again_and_holds_up_nothing(
    days: Days, store: Store, telegram: Sends
) -> None:
    case = assigned(store, telegram(REPORT))
    await days.pass_(HOUR)
    await days.lapor.fault("http_503_html", match="GET /complaints/attachments/4100001", times=2)
    await beside(days, b"one")
    (report,) = await days.lapor.reports()
    await days.lapor.sim("POST", f"complaints/{report['id']}/advance", {"to": "in_progress"})
    await days.pass_(HOUR)
    assert now(store, case).status is Status.IN_PROGRESS
    assert (cleaned(store), only(store, tables.attachment).state) == (0, "elsewhere")
    await days.pass_(HOUR)
    assert (cleaned(store), only(store, tables.attachment).state) == (1, "stored")


async def test_nothing_is_fetched_from_anywhere_else_and_what_is_gone_is_gone(
    days: Days, store: Store, telegram: Sends
) -> None:
    assigned(store, telegram(REPORT))
    await days.pass_(HOUR)
    await beside(days, b"one")
    with store.transaction() as tx:
        row = tx.one(tables.forward.select())
        elsewhere = "http://169.254.169.254/latest/meta-data"
        files = tuple(RemoteFile(one) for one in (elsewhere, "complaints/attachments/4109999", ""))
        remote_files.note(tx, row, [RemoteEvent("followup:1", tx.now, "followup", "x", files=files)])
        remote_files.note(tx, row, [RemoteEvent("followup:2", tx.now, "followup", "x", ref="a1b2c3", files=files)])
    await days.pass_(HOUR)
    assert sorted(row.state for row in rows(store, tables.attachment)) == ["gone", "gone", "queued"]


def test_by_hand_the_same_files_are_copied(store: Store, telegram: Sends, moment: Moment) -> None:
    case = filed(store, telegram(REPORT))
    moment.pass_(minutes=5)
    answered(store, moment, case, b"proof")
    (job,) = claim(store)
    settle(store, job, ForwardState.MANUAL)
    eyes = scope_of(store.office, Role.COORDINATOR)
    with store.reading() as tx:
        sheet = bridge.sheet(tx, eyes, job.id)
        assert sheet is not None
        assert [store.office.files.get(file.name) for file in sheet.files] == [b"proof"]
        assert bridge.packed(store.office.files, sheet.files).startswith(b"PK")


def test_by_hand_no_photograph_of_an_anonymous_reporter_is_copied(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    adds(store, case, b"one", "Ini fotonya.")
    create = only(store, tables.forward, tables.forward.c.kind == "create").id
    eyes = scope_of(store.office, Role.COORDINATOR)
    with store.reading() as tx:
        assert len(bridge.sheet(tx, eyes, create).files) == 1  # type: ignore[union-attr]
    act(store, case, Action.RAISE_ANONYMOUS, reporter(case))
    with store.reading() as tx:
        assert bridge.sheet(tx, eyes, create).files == ()  # type: ignore[union-attr]
