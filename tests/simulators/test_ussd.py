"""The simulated aggregator and its phones: history, both variants, time-outs, notices, problems of a page."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.simulators import ussd
from workers.simulators.settings import SimulatorSettings, UssdNames

SITI = "+6281200000001"
NAMES = UssdNames(inbound_token="kunci-0123456789")


@pytest.fixture(params=["form"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        names = replace(NAMES, variant=request.param)
        return SimulatorSettings(gateway_url=gateway_url, ussd=names, clock=standing_clock())

    async with staged(ussd.build, settings) as stage:
        stage.gateway.always = lambda _: web.Response(text="CON 1. Lapor\n2. Cek status")
        yield stage


def form(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


async def test_dialling_sends_an_empty_text_and_typing_the_whole_history(stage: Stage) -> None:
    first = await stage.inject(dial="*708#", phone=SITI)
    await stage.inject(session=first["session"], type="1")
    await stage.inject(session=first["session"], type="Jalan 2*3 meter")
    assert first == {"session": first["session"], "page": "1. Lapor\n2. Cek status", "ends": False, "problems": []}
    assert [form(call)["text"] for call in stage.gateway.calls] == ["", "1", "1*Jalan 2*3 meter"]
    assert form(stage.gateway.calls[0]) == {
        "sessionId": first["session"],
        "serviceCode": "*708#",
        "phoneNumber": SITI,
        "networkCode": "51010",
        "text": "",
    }
    assert stage.gateway.calls[0].query == {"token": NAMES.inbound_token}


@pytest.mark.parametrize("stage", ["json"], indirect=True)
async def test_the_json_variant_sends_the_last_input_only(stage: Stage) -> None:
    stage.gateway.always = lambda _: web.json_response({"sessionId": "x", "response": "Menu", "action": "CON"})
    first = await stage.inject(dial="*708#", phone=SITI)
    second = await stage.inject(session=first["session"], type="1")
    bodies = [json.loads(call.body) for call in stage.gateway.calls]
    assert [(body["text"], body["newRequest"]) for body in bodies] == [("", 1), ("1", 0)]
    assert (second["page"], second["ends"], second["problems"]) == ("Menu", False, [])


# fmt: off
PAGES = [
    # answer of the gateway                              page on the phone   ends   problems
    ({"text": "END Terima kasih"},         "Terima kasih",     True,  []),
    ({"text": "Halo"},                     "Halo",             True,  ["missing_prefix"]),
    ({"text": "CON " + "a" * 182},         "a" * 182,          False, []),
    ({"text": "CON " + "a" * 183},         "a" * 183,          False, ["too_long"]),
    ({"text": "CON Jum’at"},               "Jum’at",           False, ["not_gsm"]),
    ({"text": "CON " + "’" * 81},          "’" * 81,           False, ["not_gsm", "too_long"]),
    ({"status": 500, "text": "END Maaf"},  "",                 True,  ["http_500"]),
]
# fmt: on


@pytest.mark.parametrize(("answer", "page", "ends", "problems"), PAGES)
async def test_what_a_phone_cannot_show_is_a_problem(
    stage: Stage, answer: dict[str, Any], page: str, ends: bool, problems: list[str]
) -> None:
    stage.gateway.always = lambda _: web.Response(**answer)
    shown = await stage.inject(dial="*708#", phone=SITI)
    assert (shown["page"], shown["ends"], shown["problems"]) == (page, ends, problems)


async def test_nothing_can_be_typed_when_the_session_is_over(stage: Stage) -> None:
    stage.gateway.always = lambda _: web.Response(text="END Selesai")
    first = await stage.inject(dial="*708#", phone=SITI)
    async with stage.client.post(f"{stage.url}/_sim/inject", json={"session": first["session"], "type": "1"}) as answer:
        assert (answer.status, "is over" in (await answer.json())["error"]) == (400, True)


async def test_hanging_up_tells_the_gateway_only_when_the_aggregator_has_notices(stage: Stage) -> None:
    first = await stage.inject(dial="*708#", phone=SITI)
    await stage.inject(session=first["session"], type="1")
    await stage.inject(session=first["session"], hang_up=True)
    assert len(stage.gateway.calls) == 2
    await stage.inject(session=first["session"], notice=True)
    notice = stage.gateway.calls[-1]
    assert (notice.path, form(notice)["status"], form(notice)["input"]) == ("/c/ussd/status", "Incomplete", "1")


async def test_a_callback_can_be_repeated_while_the_first_is_open(stage: Stage) -> None:
    first = await stage.inject(dial="*708#", phone=SITI)
    answer = await stage.inject(session=first["session"], type="1", **{"with": {"duplicate": 2}})
    assert len(answer["pages"]) == 2
    assert [form(call)["text"] for call in stage.gateway.calls] == ["", "1", "1"]


async def test_a_callback_without_answer_in_time_is_repeated_and_then_the_session_ends(stage: Stage) -> None:
    await stage.sim("POST", "options", {"timeout_s": 0.05, "repeats": 1})
    stage.gateway.silent = True
    shown = await stage.inject(dial="*708#", phone=SITI)
    assert (shown["ends"], shown["problems"], len(stage.gateway.calls)) == (True, ["timeout"], 2)


# fmt: off
ODDITIES = [
    # inject                                               what the gateway sees
    ({"dial": "*708#", "phone": "+62812****0001"},         ("phoneNumber", "+62812****0001")),
    ({"dial": "*708#", "phone": SITI, "session_id": "A1"}, ("sessionId", "A1")),
]
# fmt: on


@pytest.mark.parametrize(("item", "seen"), ODDITIES)
async def test_odd_numbers_and_used_session_ids_can_be_played(
    stage: Stage, item: dict[str, str], seen: tuple[str, str]
) -> None:
    await stage.inject(**item)
    assert form(stage.gateway.calls[0])[seen[0]] == seen[1]


async def test_a_history_that_was_reset_and_a_wrong_key_can_be_played(stage: Stage) -> None:
    first = await stage.inject(dial="*708#", phone=SITI)
    await stage.inject(session=first["session"], type="2", history="2")
    await stage.inject(session=first["session"], type="3", **{"with": {"wrong_signature": True}})
    assert [form(call)["text"] for call in stage.gateway.calls] == ["", "2", "2*3"]
    assert stage.gateway.calls[-1].query == {"token": "salah"}


async def test_a_script_runs_on_many_phones_at_once(stage: Stage) -> None:
    def answer(call: Call) -> web.Response:
        return web.Response(text="END Selesai" if form(call)["text"].endswith("*ya") else "CON Lanjut")

    stage.gateway.always = answer
    ran = await stage.inject(script=["*708#", "1", "ya"], phone=SITI, sessions=20)
    assert ran == {"sessions": 20, "ended": 20, "problems": {}, "pages": ["Lanjut", "Lanjut", "Selesai"]}
    assert len({form(call)["phoneNumber"] for call in stage.gateway.calls}) == 20


async def test_the_gateway_being_away_ends_the_session_with_a_problem(stage: Stage) -> None:
    app = stage.app[ussd.PLAYER]
    app.settings = replace(app.settings, gateway_url="http://127.0.0.1:1")
    assert (await stage.inject(dial="*708#", phone=SITI))["problems"] == ["timeout"]


async def test_control_calls_of_other_sites_are_refused(stage: Stage) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with stage.client.post(f"{stage.url}/_sim/reset", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("inject", "bukan JSON"),
        ("inject", '{"session": "tak ada", "type": "1"}'),
        ("faults", '{"action": {"named": "tak ada"}}'),
        ("faults", '{"action": {}, "match": {"path": "("}}'),
        ("clock", '{"advance": "besok"}'),
        ("options", '{"tak ada": 1}'),
    ],
)
async def test_control_calls_that_make_no_sense_say_why(stage: Stage, path: str, body: str) -> None:
    async with stage.client.post(f"{stage.url}/_sim/{path}", data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]


async def test_the_clock_is_set_advanced_and_hurried(stage: Stage) -> None:
    set_to = await stage.sim("POST", "clock", {"set": "2026-11-24T08:00:00+07:00"})
    assert set_to["now"] == "2026-11-24T01:00:00Z"
    assert (await stage.sim("POST", "clock", {"advance": "PT36H"}))["now"] == "2026-11-25T13:00:00Z"
    assert (await stage.sim("POST", "clock", {"advance": 90}))["now"] == "2026-11-25T13:01:30Z"
    assert (await stage.sim("POST", "clock", {"rate": 60}))["rate"] == 60


async def test_faults_are_listed_used_up_and_taken_away_by_tag(stage: Stage) -> None:
    def fault(tag: str, times: int) -> dict[str, Any]:
        return {"action": {"wrong_signature": True}, "tag": tag, "times": times}

    await stage.sim("POST", "faults", [fault("sekali", 1), fault("selalu", -1), fault("lain", -1)])
    await stage.inject(dial="*708#", phone=SITI)
    assert [item["tag"] for item in (await stage.sim("GET", "faults"))["items"]] == ["selalu", "lain"]
    async with stage.client.delete(f"{stage.url}/_sim/faults?tag=selalu") as response:
        assert [item["tag"] for item in (await response.json())["items"]] == ["lain"]
    await stage.sim("POST", "reset")
    assert (await stage.state())["faults"] == []


async def test_a_fault_after_so_many_lets_them_pass(stage: Stage) -> None:
    await stage.fault({"wrong_signature": True}, on="event", after=2)
    first = await stage.inject(dial="*708#", phone=SITI)
    for typed in "123":
        await stage.inject(session=first["session"], type=typed)
    tokens = [call.query["token"] for call in stage.gateway.calls]
    assert tokens == [NAMES.inbound_token, NAMES.inbound_token, "salah", NAMES.inbound_token]
