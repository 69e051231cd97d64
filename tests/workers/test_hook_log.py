"""The log of what addresses are told: every attempt, nothing of what was answered, and no longer than its delivery."""

from collections.abc import Sequence

from gateway.hooks import hooks, queue
from gateway.hooks.hooks import NewHook
from gateway.hooks.queue import Outcome, Parcel, Verdict
from gateway.office import Office
from gateway.queries import hooks as shown
from gateway.queries.hooks import Told
from gateway.retention import retention
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import (
    Moment,
    _office,
    _postgres_prepared,
    _sqlite_prepared,
    moment,
    office,
    postgres_url,
    rings,
    settings,
    sqlite_url,
    store,
    telegram,
)
from tests.gateway.short_ways import COORDINATOR, REPORT, count, only, opened, rows
from tests.workers.strangers import accept_then_close, answers, stranger
from tests.workers.test_hooks import Opened, site_of

__all__ = [
    "_office", "_postgres_prepared", "_sqlite_prepared", "moment", "office", "postgres_url", "rings", "settings",
    "sqlite_url", "store", "telegram",
]  # fmt: skip

ATTEMPT, DELIVERY = tables.webhook_attempt, tables.webhook_delivery


def registered(store: Store) -> str:
    """An address that nobody calls; its ping waits."""
    with store.transaction() as tx:
        return hooks.register(tx, NewHook("https://1.1.1.1/", ["complaint.received"]), COORDINATOR)[0]


def told(store: Store, hook: str) -> Sequence[Told]:
    """The newest first."""
    with store.reading() as tx:
        return shown.told(tx, hook).rows


def claimed(store: Store) -> list[Parcel]:
    with store.transaction() as tx:
        return queue.claim(tx, 4, {})


def settle(store: Store, *outcomes: Outcome) -> None:
    with store.transaction() as tx:
        queue.settle(tx, outcomes)


async def test_every_attempt_is_shown_with_its_time_and_result_and_nothing_of_the_answer(
    store: Store, office: Office, moment: Moment, telegram: Opened
) -> None:
    leak = answers(b"kata-sandi-penerima", "500 Internal Server Error", "Set-Cookie: sesi=kata-sandi-penerima")
    async with stranger(answers(), leak, accept_then_close, answers(b"kata-sandi-penerima")) as receiver:
        site = site_of(store, office, moment, receiver)
        await site.active("complaint.received")
        opened(store, telegram(REPORT))
        began = []
        for _ in range(3):
            began.append(moment.now)
            assert await site.work() == 1
            moment.now = only(store, DELIVERY, DELIVERY.c.event != "ping").due_at
        found = told(store, site.hook)[0].calls
    assert [(one.number, one.at, one.status, one.error, one.next_at) for one in found] == [
        (1, began[0], 500, "http_500", began[1]),
        (2, began[1], None, "connection_lost", began[2]),
        (3, began[2], 200, "", None),
    ]
    assert all(one.ms is not None for one in found)
    kept = repr([[tuple(row) for row in rows(store, table)] for table in (ATTEMPT, DELIVERY)])
    assert "http_500" in kept
    assert "kata-sandi-penerima" not in kept
    assert site.secret not in kept


async def test_what_our_own_end_cuts_off_is_shown_once_beside_the_attempt_that_was_made_again(
    store: Store, office: Office, moment: Moment
) -> None:
    async with stranger(answers()) as receiver:
        site = site_of(store, office, moment, receiver)
        site.register()
        for _ in range(3):
            (parcel,) = claimed(store)
            moment.pass_(seconds=1)
            settle(store, Outcome(parcel, Verdict.UNTOUCHED, error=queue.INTERRUPTED))
        (parcel,) = claimed(store)
        settle(store, Outcome(parcel, Verdict.UNTOUCHED))
        cut_off = moment.now
        moment.pass_(seconds=1)
        await site.work()
    assert [
        (one.number, one.at, one.ms is None, one.error, one.next_at) for one in told(store, site.hook)[0].calls
    ] == [
        (1, cut_off, True, "interrupted", cut_off),
        (1, moment.now, False, "", None),
    ]


def test_f27_one_claim_leaves_one_attempt_and_a_claim_that_was_lost_none(store: Store, moment: Moment) -> None:
    hook = registered(store)
    (lost,) = claimed(store)
    moment.pass_(seconds=61)
    (kept,) = claimed(store)
    outcome = Outcome(kept, Verdict.FAILED, 503, 5, "http_503", moment.now, moment.now)
    for each in (outcome, outcome, Outcome(lost, Verdict.FAILED, 500, 7, "http_500", moment.now, moment.now)):
        settle(store, each)
    assert [(one.number, one.error) for one in told(store, hook)[0].calls] == [(1, "http_503")]


def test_a_call_that_was_under_way_when_its_address_went_is_shown_too(store: Store) -> None:
    hook = registered(store)
    with store.transaction() as tx:
        hooks.ping(tx, hook, COORDINATOR)
    gone, other = claimed(store)
    settle(store, Outcome(gone, Verdict.GONE, 410, 3, "http_410"), Outcome(other, Verdict.DELIVERED, 200, 4))
    found = {one.id: (one.state, [call.status for call in one.calls]) for one in told(store, hook)}
    assert found == {gone.name: ("dead", [410]), other.name: ("cancelled", [200])}


def test_attempts_go_with_their_delivery(store: Store, moment: Moment) -> None:
    hook = registered(store)
    _fail(store, moment, 5)
    moment.pass_(days=6)
    with store.transaction() as tx:
        hooks.ping(tx, hook, COORDINATOR)
    _fail(store, moment, 2)
    assert (count(store, DELIVERY), count(store, ATTEMPT)) == (2, 7)
    for days, left in ((23, (2, 7)), (2, (1, 2)), (6, (0, 0))):
        moment.pass_(days=days)
        with store.reading() as tx:
            due = retention.due(tx)
        before = count(store, DELIVERY), count(store, ATTEMPT)
        assert (before[0] - due["webhook deliveries"], before[1] - due["webhook attempts"]) == left
        retention.forget(store)
        assert (count(store, DELIVERY), count(store, ATTEMPT)) == left


def _fail(store: Store, moment: Moment, times: int) -> None:
    """The newest delivery, so often; the last one for good."""
    for left in range(times - 1, -1, -1):
        (parcel,) = claimed(store)
        again = moment.now if left else None
        settle(store, Outcome(parcel, Verdict.FAILED, 0, 9, "timeout", again, moment.now))


def test_each_delivery_of_a_page_has_its_own_attempts(store: Store) -> None:
    hook = registered(store)
    with store.transaction() as tx:
        for _ in range(3):
            hooks.ping(tx, hook, COORDINATOR)
    settle(store, *(Outcome(one, Verdict.DELIVERED, status, 1) for status, one in enumerate(claimed(store), start=200)))
    with store.reading() as tx:
        newest = shown.told(tx, hook, limit=2)
        oldest = shown.told(tx, hook, newest.following or "", limit=2)
    assert [[call.status for call in one.calls] for one in (*newest.rows, *oldest.rows)] == [[203], [202], [201], [200]]
