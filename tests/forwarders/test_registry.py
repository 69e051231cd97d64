"""Which forwarder a section gets, what it must say, and what the modes without an API do."""

import asyncio
import tomllib
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest

from channels.protocols import HttpResponse
from config.settings import ForwarderTable, SettingsError
from gateway.complaints.complaint import Status
from gateway.complaints.forward import ForwardState, Health
from tests.forwarders.samples import CITY, INSTALLATION, NOW, SECTION, followup_job, job, poll_job, referral_job
from workers.forwarders.carrying import SWITCHED_OFF_FOR, carry, look, probe
from workers.forwarders.idle import Idle
from workers.forwarders.open311.client import Open311
from workers.forwarders.pacing import PacedHttp
from workers.forwarders.protocols import Pace
from workers.forwarders.registry import FORWARDERS, SETTINGS, build, read_settings
from workers.forwarders.sp4n.client import Sp4n
from workers.forwarders.sp4n.reference import load_reference
from workers.targets import SHARE_FOR_POLLS

# As an acceptance run writes it.
WRITTEN = """
mode = "api"
requests_per_second = 100
default_institution_id = 1200
default_category_id = 9001
user_id = 9000001
api_url = "http://127.0.0.1:8090/lapor/3.0.0"
authorization = "acceptance-key"
token = "00000000-0000-4000-8000-000000000001"
poll_every_s = 2
retry_first_s = 2
probe_first_s = 2
"""

# fmt: off
REFUSED = [
    # what is changed in the section                what is said about it
    ({"api_url": ""},                               "mode api needs api_url"),
    ({"authorization": "", "token": ""},            "mode api needs authorization, token"),
    ({"default_institution_id": ""},                "mode api needs default_institution_id"),
    ({"default_category_id": ""},                   "mode api needs default_category_id"),
    ({"api_url": "http://sp4n.example.go.id/x"},    "api_url must be https"),
    ({"api_url": "ftp://127.0.0.1/x"},              "api_url must be https"),
    ({"mode": "otomatis"},                          "unknown 'otomatis'"),
    ({"auth_style": "C"},                           "unknown 'C'"),
    ({"statuses": {"Sedang Dibahas": "dikerjakan"}}, "statuses names 'dikerjakan'"),
    ({"id_pattern": "["},                           "id_pattern is no regular expression"),
    ({"requests_per_second": 0},                    "at least"),
    ({"poll_evry_s": 2},                            "did you mean 'poll_every_s'"),
]
REFUSED_CITIES = [
    ({"api_url": ""},                               "mode api needs api_url"),
    ({"api_key": "", "service_codes": {}, "default_service_code": ""}, "mode api needs api_key, service_codes"),
    ({"api_url": "http://311.example.org/v2"},      "api_url must be https"),
    ({"format": "yaml"},                            "unknown 'yaml'"),
    ({"id_pattern": "["},                           "id_pattern is no regular expression"),
    ({"api_kye": "x"},                              "did you mean 'api_key'"),
]
ACCEPTED = [
    {"statuses": {"Sedang Dibahas": "in_progress"}},
    {"api_url": "https://sp4n.example.go.id/lapor/3.0.0"},
    {"api_url": "http://10.20.0.5:8080/lapor/3.0.0"},
    {"api_url": "http://simulators:8090/sp4n/lapor/3.0.0"},
    {"mode": "manual", "api_url": "", "authorization": "", "token": ""},
    {"mode": "off", "default_category_id": ""},
]
# fmt: on


def table(values: Mapping[str, object], kind: str = "sp4n") -> ForwarderTable:
    return ForwarderTable("sp4n", kind, values)


@pytest.mark.parametrize("target", [*FORWARDERS.values(), *SETTINGS.values()])
def test_every_name_leads_somewhere(target: str) -> None:
    module, _, name = target.partition(":")
    assert hasattr(import_module(module), name)


def test_a_section_is_taken_as_an_operator_writes_it() -> None:
    forwarder = build(table(tomllib.loads(WRITTEN)), INSTALLATION)
    assert isinstance(forwarder, Sp4n)
    assert (forwarder.timing.retry_first_s, forwarder.timing.probe_first_s) == (2, 2)
    assert (forwarder.pace.requests_per_second, forwarder.pace.max_in_flight, forwarder.can_search) == (100, 2, False)


@pytest.mark.parametrize(("changed", "said"), REFUSED)
def test_what_is_missing_or_unsafe_is_named(changed: Mapping[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build(table({**SECTION, **changed}), INSTALLATION)
    assert said in str(refused.value)
    assert str(refused.value).startswith("forwarding.sp4n")


@pytest.mark.parametrize(("changed", "said"), REFUSED_CITIES)
def test_what_is_missing_for_a_city_is_named(changed: Mapping[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build(table({**CITY, **changed}, kind="open311"), INSTALLATION)
    assert said in str(refused.value)


def test_a_city_is_served_by_hand_or_not_at_all_where_that_is_set() -> None:
    assert isinstance(build(table(CITY, kind="open311"), INSTALLATION), Open311)
    assert isinstance(build(table({}, kind="open311"), INSTALLATION), Idle)
    assert isinstance(build(table({**CITY, "mode": "off"}, kind="open311"), INSTALLATION), Idle)


@pytest.mark.parametrize("changed", ACCEPTED)
def test_what_is_enough_is_accepted(changed: Mapping[str, object]) -> None:
    read_settings(table({**SECTION, **changed}))


def test_an_empty_section_is_by_hand() -> None:
    assert read_settings(table({})).mode == "manual"


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="sp4n"):
        build(table({}, kind="lapor"), INSTALLATION)


class NoHttp:
    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        raise AssertionError("nothing may be sent")


@pytest.mark.parametrize("row", [job(), followup_job(), referral_job(), job(state=ForwardState.RETRY)])
async def test_by_hand_every_job_goes_to_the_work_list(row: Any) -> None:
    forwarder = build(table({"mode": "manual"}), INSTALLATION)
    outcome = await carry(forwarder, row, NoHttp(), lambda: NOW, lambda: 0.5)
    assert (outcome.state, outcome.error, outcome.next_at) == (ForwardState.MANUAL, "by_hand", None)
    assert (outcome.attempt, outcome.written, outcome.health) == (row.attempt, False, Health.SILENT)


async def test_switched_off_everything_waits() -> None:
    forwarder = build(table({"mode": "off"}), INSTALLATION)
    outcome = await carry(forwarder, job(), NoHttp(), lambda: NOW, lambda: 0.5)
    assert (outcome.state, outcome.next_at) == (ForwardState.RETRY, NOW + SWITCHED_OFF_FOR)
    polled = await look(forwarder, poll_job(), NoHttp(), lambda: NOW, lambda: 0.5)
    assert (polled.error, polled.next_at, polled.health) == ("switched_off", NOW + SWITCHED_OFF_FOR, Health.SILENT)
    assert await probe(forwarder, NoHttp()) is Health.GOOD
    assert forwarder.next_poll(Status.ASSIGNED, NOW, NOW, 0.5) is None


def test_every_assumption_has_its_row() -> None:
    rows = tomllib.loads(files("config").joinpath("data/sp4n.toml").read_text(encoding="utf-8"))["assumption"]
    assert [row["id"] for row in rows] == [f"ASSUMPTION-{number:02}" for number in range(1, 25)]
    assert all({"id", "about", "value", "verified_on", "verified_by"} == set(row) for row in rows)
    assert load_reference().zone.key == "Asia/Jakarta"


async def test_only_so_many_requests_are_under_way_at_once() -> None:
    under_way, most, full, release = 0, 0, asyncio.Event(), asyncio.Event()

    class Slow:
        async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            if under_way == 2:
                full.set()
            await release.wait()
            under_way -= 1
            return HttpResponse(200, b"")

    http = PacedHttp(Slow(), Pace(requests_per_second=1000, burst=10, max_in_flight=2))
    calls = [asyncio.ensure_future(http.request("GET", "http://x")) for _ in range(6)]
    await full.wait()
    release.set()
    await asyncio.gather(*calls)
    assert most == 2


async def test_polls_leave_three_tenths_of_the_pace_to_what_citizens_wait_for() -> None:
    seconds, starts = [0.0], []

    async def sleep(wait: float) -> None:
        seconds[0] += wait

    class Quick:
        async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
            starts.append(seconds[0])
            return HttpResponse(200, b"")

    whole = PacedHttp(Quick(), Pace(requests_per_second=10, burst=1, max_in_flight=2), lambda: seconds[0], sleep)
    reading = whole.part(SHARE_FOR_POLLS)
    for _ in range(71):
        await reading.request("GET", "http://x")
    assert starts[-1] == pytest.approx(10.0, abs=0.2)
