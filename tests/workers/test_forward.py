"""The queues `forward` and `poll`: one process per target, a circuit for both, and nothing sent twice unseen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from channels.protocols import Http
from config.settings import ForwarderTable, Settings
from gateway.app import Gateway, open_gateway, prepare
from gateway.complaints.complaint import Status
from gateway.complaints.forward import Filed, ForwardJob, PollJob, RemoteState
from gateway.operations import leases
from tests.workers.conftest import Write
from workers.classification.engine import KeywordClassifier
from workers.classify import Judging
from workers.forward import Forwards
from workers.forwarders.protocols import LockedOut, OutcomeUnknown, Pace, Timing
from workers.limits import Limits
from workers.poll import Polls
from workers.targets import Probe, Target, Targets
from workers.tools import Tools

REPORT = "Lampu jalan di gang kami mati sudah tiga malam, Kelurahan Sidorejo"


@dataclass
class Record:
    """A system of record in memory that behaves as told."""

    problem: Exception | None = None
    timing: Timing = field(default_factory=Timing)
    pace: Pace = field(default_factory=lambda: Pace(100, 10, 2))
    polls_at_once: int = 2
    can_search: bool = False
    has_masters: bool = False
    filed: list[str] = field(default_factory=list)

    def _answer(self) -> None:
        if self.problem:
            raise self.problem

    async def file(self, job: ForwardJob, http: Http) -> Filed:
        self._answer()
        self.filed.append(job.report.number)
        return Filed(str(8123455 + len(self.filed)))

    async def forward(self, job: ForwardJob, http: Http) -> Filed:
        raise NotImplementedError("no test refers a report")

    async def add_followup(self, job: ForwardJob, http: Http) -> Filed:
        self._answer()
        return Filed("555001")

    async def probe(self, http: Http) -> None:
        self._answer()

    async def poll(self, job: PollJob, http: Http, now: datetime) -> RemoteState | None:
        self._answer()
        return RemoteState(job.remote_id, "Belum Terverifikasi", "1", Status.RECEIVED)

    def next_poll(self, status: Status, changed_at: datetime, now: datetime, chance: float) -> datetime | None:
        return now + timedelta(minutes=30)

    def lateness(self, job: PollJob, now: datetime) -> float:
        return 0.0

    def rests_until(self, status: Status, now: datetime) -> datetime | None:
        return None


@pytest.fixture
def forwarding(settings: Settings) -> Iterator[Gateway]:
    """A gateway whose complaints go to the system of record `sp4n`."""
    changed = replace(settings, forwarding=(ForwarderTable("sp4n", "sp4n", {"mode": "manual"}),))
    prepare(changed)
    gateway = open_gateway(changed)
    yield gateway
    gateway.close()


@pytest.fixture
def assigned(forwarding: Gateway, write: Write) -> Callable[[int], Gateway]:
    """`assigned(n)`: n complaints that are due to be forwarded."""

    def make(count: int) -> Gateway:
        for number in range(count):
            write(forwarding, REPORT, number)
        Judging(forwarding, KeywordClassifier(forwarding.office.reference)).step()
        return forwarding

    return make


def targets(gateway: Gateway, record: Record, process: str = "here") -> Targets:
    made = Targets(gateway.settings, None, process)  # type: ignore[arg-type]
    made.__dict__["by_name"] = {"sp4n": Target("sp4n", record, None, None)}  # type: ignore[arg-type]
    return made


def works(gateway: Gateway, record: Record, process: str = "here") -> tuple[Forwards, Polls]:
    shared = targets(gateway, record, process)
    tools = Tools(gateway, None, Limits(None, process, {}), gateway.clock.now, process, shared)  # type: ignore[arg-type]
    return Forwards(shared, tools), Polls(shared, tools)


def states(gateway: Gateway) -> list[str]:
    with gateway.store.reading() as tx:
        return [row.state for row in tx.all(text("SELECT state FROM forward ORDER BY id"))]


async def worked(gateway: Gateway, work: Forwards | Polls, hours_later: float = 0) -> list[object]:
    """One round: what was claimed, after it was carried and settled."""
    now = gateway.clock.now() + timedelta(hours=hours_later)
    with gateway.store.transaction(now) as tx:
        claimed = list(work.claim(tx, []))
    done = [await work.carry(item) for item in claimed]  # type: ignore[arg-type]
    with gateway.store.transaction(now) as tx:
        work.settle(tx, done)  # type: ignore[arg-type]
    return list(claimed)


async def test_a_complaint_is_filed_and_then_looked_at(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record()
    forwards, polls = works(gateway, record)
    await worked(gateway, forwards)
    assert len(record.filed) == 1
    assert states(gateway)[0] == "sent"
    (looked,) = await worked(gateway, polls)
    assert isinstance(looked, PollJob)
    assert looked.remote_id == "8123456"
    assert await worked(gateway, polls) == []


async def test_no_more_is_under_way_than_the_target_bears(assigned: Callable[[int], Gateway]) -> None:
    gateway = assigned(3)
    forwards, _ = works(gateway, Record())
    with gateway.store.transaction() as tx:
        claimed = list(forwards.claim(tx, []))
        assert len(claimed) == 2
        assert forwards.claim(tx, claimed) == []


async def test_one_process_works_a_target_at_a_time(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record()
    with gateway.store.transaction() as tx:
        leases.acquire(tx, "forward:sp4n", "elsewhere", 60)
    forwards, polls = works(gateway, record)
    assert await worked(gateway, forwards) == []
    assert await worked(gateway, polls) == []
    with gateway.store.transaction() as tx:
        leases.release(tx, "forward:sp4n", "elsewhere")
    assert len(await worked(gateway, forwards)) == 1


async def test_a_process_that_ends_lets_the_next_one_go_on_at_once(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record()
    first, _ = works(gateway, record, "first")
    second, _ = works(gateway, record, "second")
    with gateway.store.transaction() as tx:
        (claimed,) = first.claim(tx, [])
        first.settle(tx, [first.put_back(claimed)])
        first.let_go(tx)
    assert len(await worked(gateway, second)) == 1
    assert len(record.filed) == 1


async def test_a_target_that_refuses_us_is_only_probed_until_it_answers(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record(problem=LockedOut("credentials"))
    forwards, polls = works(gateway, record)
    await worked(gateway, forwards)
    assert await worked(gateway, forwards) == [], "the circuit is open and no probe is due"
    assert await worked(gateway, polls, hours_later=1) == [], "probes are left to the other queue"
    assert await worked(gateway, forwards, hours_later=1) == [Probe("sp4n")]
    record.problem = None
    assert await worked(gateway, forwards, hours_later=2) == [Probe("sp4n")]
    await worked(gateway, forwards, hours_later=3)
    assert len(record.filed) == 1


async def test_one_probe_at_a_time(assigned: Callable[[int], Gateway]) -> None:
    gateway = assigned(1)
    forwards, _ = works(gateway, Record(problem=LockedOut("credentials")))
    await worked(gateway, forwards)
    with gateway.store.transaction(gateway.clock.now() + timedelta(hours=1)) as tx:
        assert forwards.claim(tx, [Probe("sp4n")]) == []


async def test_f29_an_unknown_outcome_is_not_sent_again(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record(problem=OutcomeUnknown("answer_lost"))
    forwards, _ = works(gateway, record)
    await worked(gateway, forwards)
    assert states(gateway) == ["unknown"]
    record.problem = None
    await worked(gateway, forwards, hours_later=1)
    assert record.filed == []
    assert states(gateway) == ["manual_check"]


def test_f29_a_report_that_was_cut_off_is_looked_for(assigned: Callable[[int], Gateway]) -> None:
    gateway = assigned(1)
    forwards, _ = works(gateway, Record())
    with gateway.store.transaction() as tx:
        (claimed,) = forwards.claim(tx, [])
        forwards.settle(tx, [forwards.interrupted(claimed)])
    assert states(gateway) == ["unknown"]


def test_probes_that_were_cut_off_say_nothing(assigned: Callable[[int], Gateway]) -> None:
    gateway = assigned(1)
    forwards, _ = works(gateway, Record())
    with gateway.store.transaction() as tx:
        assert forwards.settle(tx, [forwards.interrupted(Probe("sp4n")), forwards.put_back(Probe("sp4n"))]) is None
        assert len(forwards.claim(tx, [])) == 1


async def test_a_poll_that_was_cut_off_is_due_again(assigned: Callable[[int], Gateway]) -> None:
    gateway, record = assigned(1), Record()
    forwards, polls = works(gateway, record)
    await worked(gateway, forwards)
    with gateway.store.transaction() as tx:
        (claimed,) = polls.claim(tx, [])
        assert polls.claim(tx, [claimed]) == []
        polls.settle(tx, [polls.interrupted(claimed)])
        assert len(polls.claim(tx, [])) == 1


def test_the_configured_targets_are_made_once(forwarding: Gateway) -> None:
    made = Targets(forwarding.settings, None, "here")  # type: ignore[arg-type]
    assert list(made.by_name) == ["sp4n"]
    assert made.by_name["sp4n"] is made.by_name["sp4n"]
