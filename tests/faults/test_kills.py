"""Processes killed with -9 at marked lines: whatever the line, each message is one complaint, sent and filed once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from gateway.audit import audit
from gateway.storage.words import letter_of
from tests.faults.lives import KILLED, LONGER_THAN_ANY_LEASE, Death, Life, sms
from tests.faults.providers import Providers
from workers.kill_points import arm, kill_points

pytestmark = pytest.mark.fault

REPORT = "Jalan di depan pasar berlubang dalam sekali, sudah dua bulan tidak diperbaiki"
HALF = {"udh": "%05%00%03%2A%02%01"}
GIVEN_UP_AFTER = timedelta(seconds=901)
SAID = [
    # key          messages: the receipt has a line on privacy after it, the officers' notice goes to one person
    ("ask.place", 1),
    ("pic.new", 1),
    ("rx.receipt", 2),
    ("st.assigned", 1),
]

# fmt: off
DEATHS = [
    Death("intake", "intake.taken"),
    Death("intake", "intake.written"),
    Death("intake", "store.written"),
    Death("intake", "store.committed"),          # committed, and nobody was rung
    Death("intake", "intake.committed"),         # and the provider was not answered
    Death("classify", "classify.claimed"),
    Death("classify", "classify.judged"),
    Death("classify", "assign.verified"),
    Death("classify", "assign.assigned"),
    Death("classify", "classify.written"),
    Death("classify", "store.committed", 2),
    Death("classify", "classify.committed"),
    Death("notify", "notify.claimed"),
    Death("notify", "notify.written", 2),        # of two
    Death("notify", "notify.committed"),
    Death("deliver", "work.settled"),            # claimed, and not committed
    Death("deliver", "work.claimed"),
    Death("deliver", "work.begun"),
    Death("deliver", "send.answered"),           # the provider has it, and nobody knows
    Death("deliver", "work.carried"),            # we knew
    Death("deliver", "work.settled", 2),
    Death("forward", "work.settled"),
    Death("forward", "work.claimed"),
    Death("forward", "work.begun"),
    Death("forward", "work.carried"),
    Death("forward", "work.settled", 2),
    Death("poll", "work.claimed"),
    Death("poll", "work.carried"),
    Death("poll", "work.settled", 2),
]
IN_FLIGHT = frozenset({"send.answered", "work.carried", "work.settled"})
"""Where answers were heard that no commit holds yet."""
LANES = 2
"""The citizen's and the officer's: of each at most one message is on its way."""
OF_THE_SPOOL = [
    Death("intake", "replay.read"),
    Death("intake", "store.written"),
    Death("intake", "replay.committed"),
]
OF_THE_CLOCK = [
    Death("clock", "clock.leads"),
    Death("clock", "store.written", 4),          # the lease, two sweeps, and then the part that never came
    Death("clock", "clock.acted"),
    Death("clock", "clock.acted", 9),            # six rings, two sweeps, and then the same part
]
# fmt: on


def told(death: Death) -> str:
    return f"{death.path}-{death.line}-{death.at_time}"


def died(life: Life, death: Death) -> None:
    assert life.lived(death) == KILLED, f"nobody came to {death}"


def once(life: Life, providers: Providers) -> None:
    """One message, one complaint with one number and one suggestion, each person told once, one report at LAPOR!."""
    assert life.rows("SELECT count(*), count(DISTINCT number), min(status) FROM complaint") == [(1, 1, "assigned")]
    assert life.rows("SELECT agency, suggestion_state FROM complaint") == [("PUPR", "done")]
    assert life.rows("SELECT action, count(*) FROM complaint_event GROUP BY 1 ORDER BY 1") == [
        (letter_of(action), 1) for action in ("receive", "verify", "assign")
    ]
    assert life.count("assignment") == 1
    assert life.count("notice", "state IN ('queued','working')") == 0
    assert life.count("outbox", "state IN ('queued','sending','failed')") == 0
    assert life.rows("SELECT kind, state FROM forward") == [("create", "sent")]
    assert len(providers.reports()) == 1
    taken, again = map(sum, zip(providers.taken("kannel"), providers.taken("telegram"), strict=True))
    assert again == 0
    assert life.count("outbox", "state = 'sent'") <= taken <= life.count("outbox")
    with life.opened() as gateway, gateway.store.reading() as tx:
        assert audit.verify(tx).problem == ""


def said(life: Life) -> list[tuple[str, int]]:
    """Without the summary of the morning: it counts what was there when the clock came."""
    return life.rows("SELECT key, count(*) FROM outbox WHERE key <> 'sup.digest' GROUP BY 1 ORDER BY 1")


def test_every_marked_line_has_its_death() -> None:
    died_at = {death.line for death in [*DEATHS, *OF_THE_SPOOL, *OF_THE_CLOCK]} | {"intake.spooled"}
    assert died_at == set(kill_points())
    assert len(died_at) >= 20


def test_a_line_that_nobody_marked_cannot_be_armed() -> None:
    with pytest.raises(KeyError):
        arm("work.nowhere")


@pytest.mark.parametrize("death", DEATHS, ids=told)
def test_f24_a_death_at_any_marked_line_leaves_every_message_processed_once(
    life: Life, providers: Providers, death: Death
) -> None:
    life.calls = [sms(REPORT)]
    died(life, death)
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    assert life.lived() == 0  # Kannel calls again: it was not answered, or its answer was lost
    once(life, providers)
    assert said(life) == SAID
    on_their_way = LANES if death.path == "deliver" and death.line in IN_FLIGHT else 0
    assert life.count("outbox", "state = 'unknown'") <= on_their_way


WITH_A_SERVER = [
    Death("intake", "store.written"),
    Death("classify", "store.committed", 2),
    Death("notify", "notify.written", 2),
    Death("deliver", "work.settled", 2),
    Death("forward", "work.carried"),
]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("death", WITH_A_SERVER, ids=told)
def test_f24_a_death_beside_a_database_server_leaves_every_message_processed_once(
    life_everywhere: Life, providers: Providers, death: Death
) -> None:
    life = life_everywhere
    life.calls = [sms(REPORT)]
    died(life, death)
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    assert life.lived() == 0
    once(life, providers)
    assert said(life) == SAID


@contextmanager
def no_database(life: Life) -> Iterator[None]:
    """Its folder is somewhere else: a disk that was not mounted."""
    life.engine.dispose()
    folder = Path(str(make_url(str(life.engine.url)).database)).parent
    away = folder.rename(folder.with_name("away"))
    life.has_database = False
    yield
    life.has_database = True
    away.rename(folder)


@pytest.mark.parametrize("death", OF_THE_SPOOL, ids=told)
def test_f24_a_death_while_the_spool_is_replayed_leaves_every_message_processed_once(
    life: Life, providers: Providers, death: Death
) -> None:
    life.calls, life.paths, whole = [sms(REPORT)], ["intake"], life.paths
    with no_database(life):
        assert life.lived() == 0
    life.calls = []  # it was acknowledged: nobody calls again
    died(life, death)
    life.paths = whole
    assert life.lived() == 0
    once(life, providers)
    assert said(life) == SAID


def test_f24_a_death_between_the_spool_and_the_answer_leaves_the_message_processed_once(
    life: Life, providers: Providers
) -> None:
    life.calls, life.paths, whole = [sms(REPORT)], ["intake"], life.paths
    with no_database(life):
        died(life, Death("intake", "intake.spooled"))
    life.paths = whole
    assert life.lived() == 0
    once(life, providers)
    assert said(life) == SAID


@pytest.mark.parametrize("death", OF_THE_CLOCK, ids=told)
def test_f24_a_death_of_the_clock_leaves_what_was_due_done_once(life: Life, providers: Providers, death: Death) -> None:
    life.calls = [sms(REPORT, **HALF)]
    life.live()
    assert life.count("complaint") == 0
    life.calls = []
    life.moment.pass_(seconds=GIVEN_UP_AFTER.total_seconds())
    died(life, death)
    life.moment.pass_(seconds=LONGER_THAN_ANY_LEASE.total_seconds())
    assert life.lived() == 0
    once(life, providers)
    assert said(life) == [("ask.part", 1), *SAID]
