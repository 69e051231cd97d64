"""The forwarder against the simulated city over real HTTP: its bad manners, and what is promised under them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.xml_reading import DEEPEST, XmlRefused, read_xml
from gateway.complaints.complaint import CLOSED, Status
from gateway.complaints.forward import ForwardJob, ForwardOutcome, ForwardState, Health, PollOutcome
from tests.forwarders.city import City, running
from tests.forwarders.lapor import Sender
from tests.forwarders.recorded import RecordedHttp
from tests.forwarders.samples import CITY, CITY_KEY, NOW, job, open311, poll_job, report
from workers.forwarders.carrying import carry, look, probe
from workers.forwarders.open311.batching import MOST, Batches
from workers.forwarders.open311.client import LIST_CAP, TOKEN
from workers.simulators.open311 import PRESETS

LAMP = report(topic="perhubungan")


@pytest.fixture
async def city() -> AsyncIterator[City]:
    async with running() as city:
        yield city


def middle() -> float:
    return 0.5


def lamps(count: int) -> list[ForwardJob]:
    """Different complaints about lamps, each with a number of its own."""
    return [job(id=place, report=replace(LAMP, number=f"KBR-26{place:07d}")) for place in range(1, count + 1)]


async def sent(city: City, row: ForwardJob | None = None, **settings: object) -> ForwardOutcome:
    return await carry(city.forwarder(**settings), row or job(report=LAMP), city.http, city.now, middle)


# fmt: off
FAULTS = [
    # fault                  what the job becomes   why                    health               taken over there
    ("key_refused",          ForwardState.RETRY,    "http_403",            Health.LOCKED_OUT,   0),
    ("invalid",              ForwardState.FAILED,   "http_400",            Health.GOOD,         0),
    ("busy",                 ForwardState.RETRY,    "http_429",            Health.BUSY,         0),
    ("unavailable",          ForwardState.UNKNOWN,  "http_503",            Health.BUSY,         0),
    ("taken_then_504",       ForwardState.UNKNOWN,  "http_504",            Health.BUSY,         1),
    ("taken_then_silence",   ForwardState.UNKNOWN,  "answer_lost",         Health.BUSY,         1),
    ("cut",                  ForwardState.UNKNOWN,  "answer_lost",         Health.BUSY,         1),
    ("html",                 ForwardState.UNKNOWN,  "answer_unreadable",   Health.BUSY,         1),
    ("not_json",             ForwardState.UNKNOWN,  "answer_unreadable",   Health.BUSY,         1),
]
MANNERS = [
    # manner                     what the job becomes   why                    remote id            taken over there
    ({},                         ForwardState.SENT,     "",                    "260001",            1),
    ({"ids": "number"},          ForwardState.SENT,     "",                    "260001",            1),
    ({"shape": "object"},        ForwardState.SENT,     "",                    "260001",            1),
    ({"shape": "wrapped"},       ForwardState.SENT,     "",                    "260001",            1),
    ({"token_s": 60},            ForwardState.SENT,     "",                    "token:promised-260001", 1),
    ({"no_id": True},            ForwardState.UNKNOWN,  "no_id",               "",                  1),
    ({"soft_error": True},       ForwardState.FAILED,   "soft_error",          "",                  0),
    ({"padding": 6_000_000},     ForwardState.RETRY,    "answer_too_large",    "",                  0),
]
# fmt: on
USUAL = {"shape": "list", "ids": "text", "token_s": None, "no_id": False, "soft_error": False, "padding": 0}


def test_every_fault_is_tried() -> None:
    assert {row[0] for row in FAULTS} == set(PRESETS)


async def test_a_create_ends_as_the_answer_proves() -> None:
    for named, state, why, health, there in FAULTS:
        async with running() as city:
            await city.fault(named)
            with capture_logs() as lines:
                outcome = await sent(city)
            assert (outcome.state, outcome.error, outcome.health) == (state, why, health), named
            assert len(await city.taken()) == there, named
        shown = json.dumps(lines, default=str)
        assert "/requests" in shown
        for secret in (CITY_KEY, "Melati", "magrib"):
            assert secret not in shown


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_every_manner_of_answering_is_understood(form: str) -> None:
    async with running() as city:
        for number, (manner, state, why, remote_id, there) in enumerate(MANNERS):
            await city.sim("POST", "reset")
            await city.manners(**{**USUAL, **manner})
            outcome = await sent(city, job(id=number, report=LAMP), format=form)
            assert (outcome.state, outcome.error, outcome.remote_id) == (state, why, remote_id), manner
            assert len(await city.taken()) == there, manner


async def test_c20_xml_with_a_dtd_is_read_no_further(city: City) -> None:
    await city.manners(dtd=True)
    outcome = await sent(city, format="xml")
    assert (outcome.state, outcome.error) == (ForwardState.RETRY, "answer_unreadable"), "nothing was written yet"
    assert await city.taken() == []


# fmt: off
XML = [
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><a>&x;</a>',
    b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    b"<a><b></a>", b"", b"[]", b"<a>&unknown;</a>",
    b'<?xml version="1.0" encoding="x-klingon"?><a/>',
    b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
]
# fmt: on


@pytest.mark.parametrize("body", XML)
def test_c20_xml_that_does_more_than_say_something_is_refused(body: bytes) -> None:
    with pytest.raises(XmlRefused):
        read_xml(body)


async def test_a_report_arrives_as_it_was_meant(city: City) -> None:
    await sent(city)
    (there,) = await city.taken()
    assert there["text"].endswith("[Ref: KBR-260001235]")
    assert all(CITY_KEY not in call for call in await city.calls()), "a key never stands in an address"


async def test_a_wrong_key_locks_the_target_out(city: City) -> None:
    assert (await sent(city, api_key="lain")).health is Health.LOCKED_OUT
    assert await probe(city.forwarder(), city.http) is Health.GOOD


async def test_a_service_that_they_do_not_offer_is_said_and_goes_by_hand(city: City) -> None:
    forwarder = city.forwarder(service_codes={"perhubungan": "TIANG"}, default_service_code="")
    with capture_logs() as lines:
        outcomes = [await carry(forwarder, row, city.http, city.now, middle) for row in lamps(2)]
    assert [outcome.state for outcome in outcomes] == [ForwardState.MANUAL] * 2
    assert [line["code"] for line in lines if line["event"] == "open311_service_unknown"] == ["TIANG"]


async def test_f29_a_lost_create_is_looked_for_and_never_filed_twice(city: City) -> None:
    await city.sim(
        "POST",
        "faults",
        {"action": {"named": "taken_then_504"}, "match": {"method": "POST"}, "times": -1, "probability": 0.3},
    )
    sender = Sender(city, city.forwarder())  # type: ignore[arg-type]
    sender.add(lamps(40))
    await sender.until_settled(timedelta(days=2))
    assert len(sender.in_state(ForwardState.SENT)) == 40
    there = await city.taken()
    assert (len(there), [one["repeats"] for one in there]) == (40, [0] * 40)


async def test_a_list_that_was_cut_proves_nothing() -> None:
    rows = [{"service_request_id": str(number), "description": "lain"} for number in range(LIST_CAP)]
    services = {"request": {"line": "GET /services.json"}, "response": {"json": [{"service_code": "LAMPU"}]}}
    listed = {"request": {"line": "GET /requests.json service_code=LAMPU"}, "response": {"json": rows}}
    http = RecordedHttp([services, listed], str(CITY["api_url"]))
    outcome = await carry(open311(), job(state=ForwardState.UNKNOWN, report=LAMP), http, lambda: NOW, middle)
    assert (outcome.state, outcome.error) == (ForwardState.UNKNOWN, "search_inconclusive")


# fmt: off
NO_NUMBERS = [
    # id of a row with our marker   what is found
    (["1,2"],                       None),
    (["9" * 201],                   None),
    (["", "a b"],                   None),
    (["a b", "260001"],             ("260001",)),
]
# fmt: on


@pytest.mark.parametrize(("ids", "found"), NO_NUMBERS)
async def test_what_is_there_under_no_number_of_theirs_is_neither_taken_for_ours_nor_sent_again(
    ids: Sequence[str], found: tuple[str, ...] | None
) -> None:
    wide = {"id_pattern": "[^ ,]+"}
    rows = [{"service_request_id": one, "description": f"lampu {LAMP.marker}"} for one in ids]
    services = {"request": {"line": "GET /services.json"}, "response": {"json": [{"service_code": "LAMPU"}]}}
    listed = {"request": {"line": "GET /requests.json service_code=LAMPU"}, "response": {"json": rows}}
    http = RecordedHttp([services, listed], str(CITY["api_url"]))
    unsure = job(state=ForwardState.UNKNOWN, report=LAMP)
    outcome = await carry(open311(**wide), unsure, http, lambda: NOW, middle)
    if found:
        assert (outcome.state, outcome.remote_id) == (ForwardState.SENT, *found)
    else:
        assert (outcome.state, outcome.error) == (ForwardState.UNKNOWN, "search_inconclusive")


async def test_a_promised_number_that_is_none_is_waited_for_longer() -> None:
    told = {"request": {"line": "GET /tokens/t1.json"}, "response": {"json": [{"service_request_id": "9" * 201}]}}
    http = RecordedHttp([told], str(CITY["api_url"]))
    outcome = await look(open311(id_pattern=".+"), poll_job(f"{TOKEN}t1"), http, lambda: NOW, middle)
    assert (outcome.state, outcome.error) == (None, "number_pending")


async def test_the_number_of_another_report_is_never_taken_for_ours() -> None:
    row = {"service_request_id": "99", "status": "open", "description": "lain"}
    steps = [
        {"request": {"line": "GET /requests.json service_request_id=7"}, "response": {"json": []}},
        {"request": {"line": "GET /requests/7.json"}, "response": {"json": [row]}},
    ]
    outcome = await look(open311(), poll_job("7"), RecordedHttp(steps, str(CITY["api_url"])), lambda: NOW, middle)
    assert outcome.state
    assert (outcome.state.remote_id, outcome.state.has_marker) == ("7", False)


# ---- polls


async def filed(city: City, count: int, **settings: object) -> tuple[Any, list[str]]:
    forwarder = city.forwarder(requests_per_second=1000, **settings)
    outcomes = [await carry(forwarder, row, city.http, city.now, middle) for row in lamps(count)]
    return forwarder, [outcome.remote_id for outcome in outcomes]


async def polled(city: City, forwarder: Any, ids: Sequence[str]) -> list[PollOutcome]:
    jobs = [poll_job(one, complaint_id=place) for place, one in enumerate(ids)]
    return list(await asyncio.gather(*(look(forwarder, row, city.http, city.now, middle) for row in jobs)))


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_many_are_read_in_lists_of_fifty(city: City, form: str) -> None:
    forwarder, ids = await filed(city, 60, format=form)
    before = len(await city.calls())
    outcomes = await polled(city, forwarder, ids)
    assert [outcome.state and outcome.state.remote_id for outcome in outcomes] == ids
    asked = (await city.calls())[before:]
    assert [call.count("%2C") + call.count(",") + 1 for call in asked] == [MOST, 10]
    assert forwarder.polls_at_once == MOST


@pytest.mark.parametrize("manner", ["refused", "empty"])
async def test_where_lists_are_not_taken_each_is_read_alone_from_then_on(city: City, manner: str) -> None:
    await city.manners(lists=manner)
    forwarder, ids = await filed(city, 4)
    assert all(outcome.state for outcome in await polled(city, forwarder, ids))
    before = len(await city.calls())
    assert all(outcome.state for outcome in await polled(city, forwarder, ids))
    assert len((await city.calls())[before:]) == 4, "no list is tried again"


async def test_one_that_is_gone_is_missed_and_the_others_are_not(city: City) -> None:
    forwarder, ids = await filed(city, 3)
    await city.sim("POST", "inject", {"id": ids[1], "gone": True})
    assert [outcome.misses for outcome in await polled(city, forwarder, ids)] == [0, 1, 0]


async def test_closed_over_there_asks_the_reporter_with_their_words(city: City) -> None:
    forwarder, ids = await filed(city, 1)
    (opened,) = await polled(city, forwarder, ids)
    assert opened.state
    assert opened.state.status is Status.ASSIGNED
    assert opened.state.status not in CLOSED, "open is no news"
    await city.sim("POST", "inject", {"id": ids[0], "status": "closed", "notes": "Lampu sudah diganti."})
    (closed,) = await polled(city, forwarder, ids)
    assert closed.state
    assert (closed.state.status, closed.state.text_key) == (Status.AWAITING_REPORTER, "st.answer")
    assert [event.text for event in closed.state.events] == ["Lampu sudah diganti."]


async def test_a_promised_number_is_waited_for_and_then_read(city: City) -> None:
    await city.manners(token_s=400)
    forwarder, (token,) = await filed(city, 1)
    assert token == f"{TOKEN}promised-260001"
    waiting = poll_job(token)
    for wait in (60, 300, 900, 3600):
        outcome = await look(forwarder, waiting, city.http, city.now, middle)
        if outcome.state:
            break
        assert (outcome.error, outcome.health) == ("number_pending", Health.GOOD)
        assert outcome.next_at == city.now() + timedelta(seconds=wait)
        waiting = replace(waiting, failures=outcome.failures)
        city.pass_time(timedelta(seconds=wait))
    assert outcome.state
    assert outcome.state.remote_id == "260001"


async def test_whoever_is_cut_off_takes_nobody_along() -> None:
    batches, began, release = Batches(), asyncio.Event(), asyncio.Event()

    async def fetch(ids: Sequence[str]) -> dict[str, dict[str, str]]:
        began.set()
        await release.wait()
        return {one: {"service_request_id": one} for one in ids}

    first = asyncio.ensure_future(batches.row("1", fetch))
    await began.wait()
    others = [asyncio.ensure_future(batches.row(one, fetch)) for one in ("2", "3", "1")]
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert [row and row["service_request_id"] for row in await asyncio.gather(*others)] == ["2", "3", "1"]


async def test_whoever_was_cut_off_holds_up_nobody_who_comes_later() -> None:
    batches, began = Batches(), asyncio.Event()

    async def never(_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        began.set()
        await asyncio.Event().wait()
        return {}

    async def fetch(ids: Sequence[str]) -> dict[str, dict[str, str]]:
        return {one: {"service_request_id": one} for one in ids}

    cut_off = [asyncio.ensure_future(batches.row(str(number), never)) for number in range(MOST)]
    await began.wait()
    for one in cut_off:
        one.cancel()
    await asyncio.wait(cut_off)
    async with asyncio.timeout(20):
        assert await batches.row("later", fetch) == {"service_request_id": "later"}
