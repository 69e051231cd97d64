"""Files between us and the simulated LAPOR!, over real HTTP: what proves our answers, and what their agencies attach."""

from collections.abc import Callable

from gateway.complaints.complaint import Action, Role
from gateway.complaints.forward import ForwardState
from gateway.forwarding import bridge
from gateway.intake.arrival import Arrival
from gateway.queries.scope import scope_of
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, assigned, only, reporter
from tests.gateway.test_forwarding import claim, filed, settle
from tests.gateway.test_lapor_for_days import HOUR, Days, days
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
