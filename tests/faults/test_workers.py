"""Workers that are killed, frozen or doubled at the worst moment: nothing is sent twice, nothing is written too late."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from channels.messages import DeliveryReport, DeliveryStatus
from channels.protocols import Capabilities
from gateway.office import Office
from gateway.operations import leases
from gateway.outbound import delivery_reports, outbound
from gateway.storage.types import id_text
from tests.faults.lives import KILLED, LONGER_THAN_ANY_LEASE, Death, Life, sms, waited_for
from tests.faults.providers import Providers
from workers.clock import LEASE, Clock
from workers.family import Started
from workers.send_journal import SUFFIX

pytestmark = pytest.mark.fault

REPORT = "Jalan di depan pasar berlubang dalam sekali, sudah dua bulan tidak diperbaiki"
ANSWER_FIRST = ("clock", "intake")
HALF = {"udh": "%05%00%03%2A%02%01"}


def reported(life: Life) -> None:
    """A citizen wrote; the receipt is due."""
    life.calls, life.paths = [sms(REPORT)], ANSWER_FIRST
    life.live()
    life.calls = []


def first_state(life: Life) -> tuple[str, int, str]:
    """State, counted attempts and reason of the message that was written first."""
    (row,) = life.rows("SELECT state, attempts, reason FROM outbox ORDER BY id LIMIT 1")
    return row


BEFORE_IT_LEFT = pytest.mark.parametrize("line", ["work.claimed", "work.begun"])


@BEFORE_IT_LEFT
def test_f25_a_claim_whose_worker_died_before_it_sent_leaves_at_once(
    life: Life, providers: Providers, line: str
) -> None:
    """What a process began stands in its journal, which outlives it: nobody waits for a lease, nobody has to decide."""
    reported(life)
    life.paths = ("clock", "deliver")
    assert life.lived(Death("deliver", line)) == KILLED
    assert first_state(life)[0] == "sending"
    assert life.lived() == 0
    assert first_state(life) == ("sent", 1, "")
    assert providers.taken("kannel") == (2, 0), "the receipt and the line on privacy, each once"


# fmt: off
NOBODY_KNOWS = [
    # may be sent twice without harm   what the claim becomes     messages at the provider in the end
    (False,                            ("unknown", "interrupted"), 1),
    (True,                             ("sent", ""),               2),
]
# fmt: on


@BEFORE_IT_LEFT
@pytest.mark.parametrize(("idempotent", "becomes", "taken"), NOBODY_KNOWS)
def test_f25_a_claim_whose_journal_is_lost_too_is_queued_again_or_in_doubt(
    life: Life, providers: Providers, line: str, idempotent: bool, becomes: tuple[str, str], taken: int
) -> None:
    """The machine went, not only the process."""
    if idempotent:
        life.office = safe_to_repeat(life)
    reported(life)
    life.paths = ("clock", "deliver")
    assert life.lived(Death("deliver", line)) == KILLED
    assert journals_lost(life) == 1
    life.moment.pass_(seconds=1)
    with life.opened() as gateway:
        life.clock(gateway)
    assert first_state(life)[0] == "sending", "its lease holds: the worker may only be slow"
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    assert life.lived() == 0
    state, _, reason = first_state(life)
    assert (state, reason) == becomes
    assert providers.taken("kannel") == (taken, 0)


def journals_lost(life: Life) -> int:
    """How many there were."""
    with life.opened() as gateway:
        left = list(Path(gateway.settings.storage.spool_dir).glob(f"*{SUFFIX}"))
    for each in left:
        each.unlink()
    return len(left)


def safe_to_repeat(life: Life) -> Office:
    """The channel's provider knows its messages again."""
    channel = life.office.channels["sms"]
    capabilities: Capabilities = replace(channel.capabilities, idempotent=True)
    return replace(life.office, channels={**life.office.channels, "sms": replace(channel, capabilities=capabilities)})


@pytest.mark.parametrize("by", ["report", "echo of nothing"])
def test_f26_what_the_provider_took_before_we_died_is_in_doubt_until_a_report_tells(
    life: Life, providers: Providers, by: str
) -> None:
    reported(life)
    life.paths = ("clock", "deliver")
    assert life.lived(Death("deliver", "send.answered")) == KILLED
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    assert life.lived() == 0
    assert first_state(life)[0] == "unknown"
    ((identity,),) = life.rows("SELECT id FROM outbox ORDER BY id LIMIT 1")
    named = delivery_reports.ID_PREFIX + (id_text(identity) if by == "report" else id_text(identity + 1_000_000))
    with life.opened() as gateway, gateway.store.transaction() as tx:
        delivery_reports.report(tx, "sms", [DeliveryReport(named, DeliveryStatus.DELIVERED)])
    assert first_state(life)[0] == ("delivered" if by == "report" else "unknown")
    assert life.lived() == 0
    assert providers.taken("kannel") == (2, 0), "the receipt and its line on privacy, each once"


def test_f26_an_answer_that_was_heard_before_we_died_is_known_after_it(life: Life, providers: Providers) -> None:
    reported(life)
    life.paths = ("clock", "deliver")
    assert life.lived(Death("deliver", "work.carried")) == KILLED
    assert first_state(life)[0] == "sending"
    assert life.lived() == 0
    assert first_state(life) == ("sent", 1, "")
    assert providers.taken("kannel") == (2, 0), "the receipt and its line on privacy, each once"


@contextmanager
def frozen(process: Started) -> Iterator[None]:
    assert process.pid
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_f27_a_frozen_worker_that_wakes_after_its_lease_writes_nothing(life: Life, providers: Providers) -> None:
    """The provider refuses what the frozen one sent, and takes what the next one sends."""
    reported(life)
    life.paths = ("deliver",)
    providers.fault("kannel", {"status": 400, "body": "Number refused", "delay_ms": 3000})
    process = life.fork(life.live)
    waited_for(lambda: providers.ask("kannel/_sim/state")["in_flight"])
    with frozen(process):
        life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
        with life.opened() as gateway:
            life.clock(gateway)
            with gateway.store.transaction() as tx:
                outbound.resend(tx, [row[0] for row in life.rows("SELECT id FROM outbox ORDER BY id LIMIT 1")])
        assert life.lived() == 0
        assert first_state(life) == ("sent", 1, "")
        fence = life.rows("SELECT fence FROM outbox ORDER BY id LIMIT 1")
        waited_for(lambda: not providers.ask("kannel/_sim/state")["in_flight"])
    process.join(30)
    assert process.exitcode == 0, "it woke, tried to write and ended in order"
    assert first_state(life) == ("sent", 1, "")
    assert life.rows("SELECT fence FROM outbox ORDER BY id LIMIT 1") == fence
    assert providers.taken("kannel") == (2, 0)


def test_f28_of_two_clocks_that_start_together_one_leads_and_each_timer_fires_once(
    life_everywhere: Life, providers: Providers
) -> None:
    """The timers: a part of a long SMS that did not come, the summary of the morning."""
    life = life_everywhere
    life.calls, life.paths = [sms(REPORT, **HALF)], ("intake",)
    life.live()
    life.moment.pass_(seconds=901)
    together = get_context("fork").Barrier(2)

    def turn(owner: str) -> None:
        with life.opened() as gateway:
            clock = Clock(gateway, owner)
            together.wait(30)
            clock.turn()
        sys.exit(3 if clock.leads else 0)

    clocks = [life.fork(lambda owner=owner: turn(owner)) for owner in ("a", "b")]
    for process in clocks:
        process.join(30)
    led = [process.exitcode for process in clocks]
    assert sorted(led, key=str) == [0, 3]
    with life.opened() as gateway, gateway.store.reading() as tx:
        assert leases.holder(tx, LEASE) == "ab"[led.index(3)]
    assert life.count("complaint") == 1
    sent = life.rows("SELECT key, count(*) FROM outbox GROUP BY 1 ORDER BY 1")
    assert sent == [("ask.part", 1), ("rx.receipt", 2), ("sup.digest", 1)]


def without_search(life: Life) -> Office:
    (table,) = life.office.settings.forwarding
    values = {name: value for name, value in table.values.items() if name != "search_path"}
    return replace(life.office, settings=replace(life.office.settings, forwarding=(replace(table, values=values),)))


@pytest.mark.parametrize(("may_search", "ends_as"), [(True, "sent"), (False, "manual_check")])
def test_f29_a_report_filed_by_a_worker_that_died_is_found_or_left_to_a_person_and_never_filed_again(
    life: Life, providers: Providers, may_search: bool, ends_as: str
) -> None:
    if not may_search:
        life.office = without_search(life)
    life.calls = [sms(REPORT)]
    assert life.lived(Death("forward", "work.carried")) == KILLED
    assert life.rows("SELECT state FROM forward") == [("sending",)]
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    for _ in range(3):
        assert life.lived() == 0
        life.moment.pass_(hours=1)
    assert life.rows("SELECT state FROM forward") == [(ends_as,)]
    (there,) = providers.reports()
    known = life.rows("SELECT sp4n_id FROM complaint")
    assert known == [(str(there["id"]) if may_search else "",)]
    assert life.count("task", "kind = 'sp4n_check'") == (not may_search)
