"""One leads, the others wait; whoever took over is recognised by a higher fence."""

from concurrent.futures import ThreadPoolExecutor

from gateway.operations import leases
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from tests.gateway.conftest import Moment


def acquire(store: Store, owner: str, name: str = "clock") -> int | None:
    with store.transaction() as tx:
        return leases.acquire(tx, name, owner, 20)


def test_the_first_leads_and_may_renew(store: Store, moment: Moment) -> None:
    assert acquire(store, "a") == 1
    assert acquire(store, "b") is None
    moment.pass_(seconds=15)
    assert acquire(store, "a") == 1
    moment.pass_(seconds=15)
    assert acquire(store, "b") is None


def test_whoever_takes_over_has_a_higher_fence(store: Store, moment: Moment) -> None:
    acquire(store, "a")
    moment.pass_(seconds=21)
    assert acquire(store, "b") == 2
    assert acquire(store, "a") is None
    with store.reading() as tx:
        assert leases.holder(tx, "clock") == "b"


def test_an_orderly_end_lets_the_next_one_lead_at_once(store: Store) -> None:
    acquire(store, "a")
    for owner in ("b", "a"):
        with store.transaction() as tx:
            leases.release(tx, "clock", owner)
        with store.reading() as tx:
            assert leases.holder(tx, "clock") == ("a" if owner == "b" else "")
    assert acquire(store, "b") == 2


def test_leases_of_other_names_have_nothing_to_do_with_it(store: Store) -> None:
    assert (acquire(store, "a"), acquire(store, "b", "forward:sp4n")) == (1, 1)


def test_of_many_at_once_one_leads(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)

    def run(owner: str) -> int | None:
        mine = Store(open_engine(url), store.office)
        try:
            return acquire(mine, owner)
        finally:
            mine.close()

    with ThreadPoolExecutor(4) as pool:
        fences = list(pool.map(run, "abcd"))
    assert sorted(fence for fence in fences if fence) == [1]
