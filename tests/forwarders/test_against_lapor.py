"""The forwarder against the simulated LAPOR! over real HTTP: every fault of the contract, and what is promised under it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.protocols import HttpResponse
from gateway.complaints.complaint import Status
from gateway.complaints.forward import CircuitState, ForwardState, Health, Referral
from gateway.complaints.masters import MasterKind
from tests.forwarders.lapor import Lapor, Sender, jobs, running
from tests.forwarders.samples import (
    INSTALLATION,
    NUMBER,
    SECRET,
    TOKEN,
    followup_job,
    job,
    photo,
    poll_job,
    referral_job,
    report,
    settings,
)
from workers.forwarders.carrying import carry, look, probe
from workers.forwarders.pacing import PacedHttp
from workers.forwarders.protocols import Pace
from workers.forwarders.sp4n.client import Sp4n
from workers.simulators.sp4n_faults import KINDS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def lapor() -> AsyncIterator[Lapor]:
    async with running() as lapor:
        yield lapor


def middle() -> float:
    return 0.5


async def test_every_call_is_counted_by_its_result(lapor: Lapor) -> None:
    called: list[tuple[str, str]] = []

    def counted(path: str, result: str, seconds: float) -> None:
        assert 0 <= seconds < 60
        called.append((path, result))

    values = {"api_url": f"{lapor.base}/lapor/3.0.0"}
    forwarder = Sp4n(settings(**values), replace(INSTALLATION, called=counted))
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    read, write = "GET /complaints/{}/complaint", "POST /complaints/complaint"
    await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
    assert called == [(write, "ok"), (read, "ok"), ("GET /complaints/{}/followups", "ok")]
    for kind, result in FAILURES_OF_READS.items():
        await lapor.fault(kind, times=1)
        await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
        assert called[-1] == (read, result), kind
    for kind, result in FAILURES_OF_WRITES.items():
        await lapor.fault(kind, times=1)
        await carry(forwarder, job(), lapor.http, lapor.now, middle)
        assert called[-1] == (write, result), kind


FAILURES_OF_READS = {"http_503_html": "not_taken", "http_401": "locked_out", "broken_json": "not_taken"}
FAILURES_OF_WRITES = {"http_422": "refused", "http_504_html": "unknown", "commit_then_504": "unknown"}

# fmt: off
CREATES = [
    # fault, its settings                     what the job becomes    why                   health               reports there
    ("http_401", {},                          ForwardState.RETRY,     "http_401",           Health.LOCKED_OUT,   0),
    ("http_403", {},                          ForwardState.RETRY,     "http_403",           Health.LOCKED_OUT,   0),
    ("http_422", {},                          ForwardState.FAILED,    "http_422",           Health.GOOD,         0),
    ("http_429", {"retry_after": 30},         ForwardState.RETRY,     "http_429",           Health.BUSY,         0),
    ("http_500_html", {},                     ForwardState.UNKNOWN,   "http_500",           Health.BUSY,         0),
    ("http_502_html", {},                     ForwardState.UNKNOWN,   "http_502",           Health.BUSY,         0),
    ("http_503_html", {"retry_after": 30},    ForwardState.UNKNOWN,   "http_503",           Health.BUSY,         0),
    ("http_504_html", {},                     ForwardState.UNKNOWN,   "http_504",           Health.BUSY,         0),
    ("outage", {"duration": "PT1H"},          ForwardState.UNKNOWN,   "http_503",           Health.BUSY,         0),
    ("timeout_before_commit", {},             ForwardState.UNKNOWN,   "answer_lost",        Health.BUSY,         0),
    ("timeout_after_commit", {},              ForwardState.UNKNOWN,   "answer_lost",        Health.BUSY,         1),
    ("reset_after_headers", {},               ForwardState.UNKNOWN,   "answer_lost",        Health.BUSY,         0),
    ("commit_then_504", {},                   ForwardState.UNKNOWN,   "http_504",           Health.BUSY,         1),
    ("duplicate_on_retry", {},                ForwardState.UNKNOWN,   "http_504",           Health.BUSY,         2),
    ("no_id", {},                             ForwardState.UNKNOWN,   "no_id",              Health.GOOD,         1),
    ("html_200", {},                          ForwardState.UNKNOWN,   "answer_unreadable",  Health.BUSY,         1),
    ("broken_json", {},                       ForwardState.UNKNOWN,   "answer_unreadable",  Health.BUSY,         1),
    ("truncated_body", {},                    ForwardState.UNKNOWN,   "answer_lost",        Health.BUSY,         1),
    ("soft_error", {},                        ForwardState.FAILED,    "soft_error",         Health.GOOD,         0),
    ("id_string", {},                         ForwardState.SENT,      "",                   Health.GOOD,         1),
    ("id_nested", {},                         ForwardState.SENT,      "",                   Health.GOOD,         1),
    ("slow", {"ms": 30},                      ForwardState.SENT,      "",                   Health.GOOD,         1),
]
SHAPES = ["logs_top_level", "log_nested_institution", "placeholder_spaces", "naive_time_variants"]
OTHERS = ["docs_fewer", "not_found_200", "unknown_status", "backwards_status"]
# fmt: on


def test_every_kind_of_fault_is_tried() -> None:
    assert {row[0] for row in CREATES} | set(SHAPES) | set(OTHERS) == set(KINDS)


@pytest.mark.parametrize(("kind", "how", "state", "why", "health", "there"), CREATES)
async def test_a_create_ends_as_the_answer_proves(
    lapor: Lapor, kind: str, how: dict[str, Any], state: ForwardState, why: str, health: Health, there: int
) -> None:
    await lapor.fault(kind, match="POST /complaints/complaint", times=1, **how)
    with capture_logs() as lines:
        outcome = await carry(lapor.forwarder(), job(), lapor.http, lapor.now, middle)
    assert (outcome.state, outcome.error, outcome.health) == (state, why, health)
    assert len(await lapor.reports()) == there
    shown = json.dumps([*lines, *await lapor.requests()], default=str)
    assert "/complaints/complaint" in shown
    for secret in (SECRET, TOKEN, "Melati", "magrib"):
        assert secret not in shown


async def test_documents_without_an_id_are_counted_and_the_report_goes(lapor: Lapor) -> None:
    await lapor.fault("docs_fewer")
    row = job(report=report(attachments=(photo(b"satu"), photo(b"dua"), photo(b"tiga"))))
    outcome = await carry(lapor.forwarder(), row, lapor.http, lapor.now, middle)
    assert (outcome.state, outcome.remote_id, outcome.attachments_missing) == (ForwardState.SENT, "8100001", 1)


@pytest.mark.parametrize("style", ["A", "B", "B_raw"])
@pytest.mark.parametrize("context", ["/lapor/3.0.0", "/sandbox-konsolidasi/1.0"])
async def test_a_report_arrives_as_it_was_meant(lapor: Lapor, style: str, context: str) -> None:
    forwarder = lapor.forwarder(auth_style=style, api_url=lapor.base + context)
    outcome = await carry(forwarder, job(report=report(attachments=(photo(),))), lapor.http, lapor.now, middle)
    (there,) = await lapor.reports()
    assert outcome.remote_id == str(there["id"])
    assert there["content"].endswith(f"[Ref: {NUMBER}]")
    assert there["disposition_name"] == "Dinas Contoh Perhubungan"


async def test_wrong_keys_lock_the_target_out(lapor: Lapor) -> None:
    assert await probe(lapor.forwarder(), lapor.http) is Health.GOOD
    assert await probe(lapor.forwarder(authorization="lain"), lapor.http) is Health.LOCKED_OUT
    assert await probe(lapor.forwarder(token="lain"), lapor.http) is Health.LOCKED_OUT


async def test_nobody_at_home_is_certainly_not_taken(lapor: Lapor) -> None:
    gone = lapor.forwarder(api_url="http://127.0.0.1:9/lapor/3.0.0")
    outcome = await carry(gone, job(), lapor.http, lapor.now, middle)
    assert (outcome.state, outcome.error, outcome.written) == (ForwardState.RETRY, "not_sent", False)


async def test_f29_a_lost_create_without_a_search_is_never_repeated(lapor: Lapor) -> None:
    """Contract § 8 (a): nothing twice, everything uncertain is listed."""
    await lapor.fault("timeout_after_commit", match="POST /complaints/complaint", probability=0.3)
    sender = Sender(lapor, lapor.forwarder())
    sender.add(jobs(100))
    await sender.until_settled(DAY)
    titles = [row["content"] for row in await lapor.reports()]
    assert len(titles) == len(set(titles)) == 100
    listed, sent = sender.in_state(ForwardState.MANUAL_CHECK), sender.in_state(ForwardState.SENT)
    assert len(sent) + len(listed) == 100
    assert 10 < len(listed) < 60
    assert {outcome.error for outcome in listed} == {"search_unavailable"}


async def test_f29_a_lost_create_is_found_again_where_a_search_is_granted(lapor: Lapor) -> None:
    """Contract § 8 (b): a hundred there, a hundred sent."""
    for kind in ("timeout_after_commit", "commit_then_504", "no_id"):
        await lapor.fault(kind, match="POST /complaints/complaint", probability=0.15)
    sender = Sender(lapor, lapor.forwarder(search_path="/complaints"))
    sender.add(jobs(100))
    await sender.until_settled(DAY)
    reports = {f"{row['id']}" for row in await lapor.reports()}
    assert len(sender.in_state(ForwardState.SENT)) == len(reports) == 100
    assert {outcome.remote_id for outcome in sender.done.values()} == reports


async def test_a_create_that_never_arrived_is_sent_again_after_two_empty_searches(lapor: Lapor) -> None:
    await lapor.fault("timeout_before_commit", match="POST /complaints/complaint", times=1)
    sender = Sender(lapor, lapor.forwarder(search_path="/complaints"))
    sender.add([job()])
    began = lapor.now()
    await sender.until_settled(DAY)
    (outcome,) = sender.in_state(ForwardState.SENT)
    assert (outcome.attempt, outcome.unknown_cycles) == (2, 1)
    assert lapor.now() - began == MINUTE + 15 * MINUTE
    assert len(await lapor.reports()) == 1


async def test_a_duplicate_that_they_made_themselves_is_reported(lapor: Lapor) -> None:
    await lapor.fault("duplicate_on_retry", times=1)
    sender = Sender(lapor, lapor.forwarder(search_path="/complaints"))
    sender.add([job()])
    await sender.until_settled(DAY)
    (outcome,) = sender.in_state(ForwardState.SENT)
    assert (outcome.remote_id, outcome.duplicates) == ("8100001", ("8100002",))


async def test_an_outage_of_days_delays_everything_and_loses_nothing(lapor: Lapor) -> None:
    await lapor.fault("outage", duration="P3D")
    sender = Sender(lapor, lapor.forwarder(search_path="/complaints"), at_once=1)
    sender.add(jobs(30))
    await sender.until_settled(5 * DAY)
    assert len(sender.in_state(ForwardState.SENT)) == len(await lapor.reports()) == 30
    assert sender.circuit.state is CircuitState.CLOSED
    during = [entry for entry in await lapor.requests() if entry["fault"] == "outage"]
    writes = [entry for entry in during if entry["method"] == "POST"]
    assert len(writes) == 5, "the circuit opens after five, and only reads are probes"
    assert len(during) < 3 * 24 * 6 + 30, "a probe every ten minutes at most"


async def test_a_handover_and_its_repetition_are_one(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    row = referral_job(remote_id=filed.remote_id)
    await lapor.fault("timeout_after_commit", match="POST /complaints/process/{id}/reject", times=1)
    lost = await carry(forwarder, row, lapor.http, lapor.now, middle)
    assert lost.state is ForwardState.UNKNOWN
    found = await carry(forwarder, replace(row, state=ForwardState.UNKNOWN), lapor.http, lapor.now, middle)
    again = await carry(forwarder, row, lapor.http, lapor.now, middle)
    assert (found.state, again.state, again.warnings) == (ForwardState.SENT, ForwardState.SENT, ("already_forwarded",))
    (there,) = await lapor.reports()
    assert there["disposition_name"] == "Pemerintah Provinsi Contoh"


async def test_a_handover_they_do_not_know_is_refused(lapor: Lapor) -> None:
    row = replace(referral_job(remote_id="8999999"), referral=Referral("990022", "x"))
    outcome = await carry(lapor.forwarder(), row, lapor.http, lapor.now, middle)
    assert (outcome.state, outcome.error) == (ForwardState.FAILED, "http_404")


async def test_a_follow_up_whose_answer_is_lost_is_found_and_not_repeated(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    row = followup_job(remote_id=filed.remote_id)
    await lapor.fault("commit_then_504", match="POST /complaints/followup/add", times=1)
    lost = await carry(forwarder, row, lapor.http, lapor.now, middle)
    found = await carry(forwarder, replace(row, state=ForwardState.UNKNOWN), lapor.http, lapor.now, middle)
    assert (lost.state, found.state) == (ForwardState.UNKNOWN, ForwardState.SENT)
    (there,) = await lapor.reports()
    assert len(there["followups"]) == 1


async def test_our_own_follow_up_comes_back_recognised(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    row = followup_job(remote_id=filed.remote_id, followup={"attachments": (photo(),)})
    await carry(forwarder, row, lapor.http, lapor.now, middle)
    seen = await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
    assert seen.state
    (event,) = [event for event in seen.state.events if event.kind == "followup"]
    assert (event.ref, event.text) == ("a1b2c3", "Petugas sudah mengganti 2 lampu.")
    assert seen.state.has_marker is True


async def test_a_life_over_there_is_read_to_its_end(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    statuses, keys, told = [], frozenset[str](), 0
    for hours in (0, 2, 1, 45, 1, 240):
        lapor.pass_time(hours * HOUR)
        polled = poll_job(filed.remote_id, changed_at=lapor.now(), known_keys=keys)
        seen = await look(forwarder, polled, lapor.http, lapor.now, middle)
        assert seen.state
        assert seen.next_at
        statuses.append(seen.state.status)
        fresh = {event.remote_key for event in seen.state.events} - keys
        keys, told = keys | fresh, told + len(fresh)
    assert statuses == [
        Status.RECEIVED,
        Status.VERIFIED,
        Status.ASSIGNED,
        Status.IN_PROGRESS,
        Status.AWAITING_REPORTER,
        Status.RESOLVED,
    ]
    assert told == len(keys) == 12, "six changes of status, five log lines, one follow-up, each once"


@pytest.mark.parametrize("kind", SHAPES)
async def test_another_shape_means_the_same(lapor: Lapor, kind: str) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    lapor.pass_time(3 * DAY)
    row = poll_job(filed.remote_id)
    usual = await look(forwarder, row, lapor.http, lapor.now, middle)
    await lapor.fault(kind)
    other = await look(forwarder, row, lapor.http, lapor.now, middle)
    assert usual.state
    assert other.state
    assert len(usual.state.events) > 5
    assert [event.remote_key for event in other.state.events] == [event.remote_key for event in usual.state.events]
    assert [event.text for event in other.state.events] == [event.text for event in usual.state.events]
    assert "{" not in "".join(event.text for event in other.state.events)


@pytest.mark.parametrize(("kind", "status"), [("unknown_status", None), ("backwards_status", Status.RECEIVED)])
async def test_their_status_is_told_as_it_is(lapor: Lapor, kind: str, status: Status | None) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    lapor.pass_time(3 * DAY)
    await lapor.fault(kind)
    seen = await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
    assert seen.state
    assert seen.state.status is status


async def test_a_report_is_missing_only_after_three_polls_and_a_day(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    await lapor.fault("not_found_200")
    row, verdicts = poll_job(filed.remote_id), []
    for wait in (0, 1, 2, 22):
        lapor.pass_time(wait * HOUR)
        seen = await look(forwarder, row, lapor.http, lapor.now, middle)
        verdicts.append(seen.remote_missing)
        row = replace(row, misses=seen.misses, missing_since=seen.missing_since)
    assert verdicts == [False, False, False, True]


async def test_a_removed_report_reads_as_not_found(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    await lapor.sim("POST", f"complaints/{filed.remote_id}/remove")
    seen = await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
    assert (seen.state, seen.error, seen.misses) == (None, "remote_not_found", 1)


async def test_many_follow_ups_come_over_pages_until_one_is_known(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    filed = await carry(forwarder, job(), lapor.http, lapor.now, middle)
    for place in range(23):
        await lapor.sim("POST", f"complaints/{filed.remote_id}/followup", {"content": f"<p>Kabar {place}</p>"})
    first = await look(forwarder, poll_job(filed.remote_id), lapor.http, lapor.now, middle)
    assert first.state
    keys = frozenset(event.remote_key for event in first.state.events)
    assert len([key for key in keys if key.startswith("followup:")]) == 23
    before = len(await lapor.requests())
    await look(forwarder, poll_job(filed.remote_id, known_keys=keys), lapor.http, lapor.now, middle)
    assert len(await lapor.requests()) - before == 2, "the report and one page"


async def test_masters_are_read(lapor: Lapor) -> None:
    forwarder = lapor.forwarder()
    lists = await forwarder.masters(lapor.http)
    institutions = lists[MasterKind.INSTITUTION]
    assert ("990010", "Dinas Contoh Perhubungan") in [(row.id, row.name) for row in institutions]
    assert "reply" in [row.id for row in lists[MasterKind.TEMPLATE]]


async def test_the_rate_is_never_above_the_bucket(lapor: Lapor) -> None:
    """Contract § 8 (f), on a clock of the test: over any 10 s no more than the burst and ten seconds' worth."""
    seconds, starts = [0.0], []

    async def sleep(wait: float) -> None:
        seconds[0] += wait

    class Watched:
        async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
            starts.append(seconds[0])
            return await lapor.http.request(method, url, **options)

    pace = Pace(requests_per_second=2, burst=3, max_in_flight=2)
    http = PacedHttp(Watched(), pace, lambda: seconds[0], sleep)
    forwarder = lapor.forwarder()
    for row in jobs(40):
        with_photo = replace(row, report=replace(row.report, attachments=(photo(),)))
        assert (await carry(forwarder, with_photo, http, lapor.now, middle)).state is ForwardState.SENT
    assert len(starts) == 80
    fullest = max(sum(start <= other < start + 10 for other in starts) for start in starts)
    assert fullest <= 3 + 10 * 2
    assert starts[-1] >= (80 - 3) / 2 - 1
