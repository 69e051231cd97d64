"""The simulated smsbox behaves as Kannel: sendsms, citizens' SMS, delivery reports, retries, faults."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import aiohttp
import pytest

from tests.simulators.stage import Call, Stage, staged, standing_clock
from workers.simulators import kannel
from workers.simulators.handset import Sms, read_header
from workers.simulators.settings import KannelNames, SimulatorSettings

SITI = "+6281200000001"
NAMES = KannelNames(username="gateway", password="sandi", inbound_token="kunci-0123456789")
LONG = "Jalan di depan pasar berlubang dalam sekali, sudah dua pekan belum ditambal. " * 4


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, kannel=NAMES, clock=standing_clock())

    async with staged(kannel.build, settings) as stage:
        yield stage


def order(stage: Stage, number: int = 1, **fields: str) -> dict[str, str]:
    report = f"{stage_gateway(stage)}/c/sms/status?token={NAMES.inbound_token}&m=ob_{number}&d=%d&smsc=%i&a=%A"
    return {
        "username": "gateway",
        "password": "sandi",
        "to": SITI,
        "from": "1708",
        "text": f"Laporan diterima {number}",
        "coding": "0",
        "charset": "UTF-8",
        "dlr-mask": "31",
        "dlr-url": report,
    } | fields


def stage_gateway(stage: Stage) -> str:
    return stage.app[kannel.PLAYER].settings.gateway_url


async def send(stage: Stage, method: str = "GET", **fields: str) -> tuple[int, str]:
    given = order(stage, **fields)
    where = {"params": given} if method == "GET" else {"data": given}
    async with stage.client.request(method, f"{stage.url}/cgi-bin/sendsms", **where) as response:  # type: ignore[arg-type]
        return response.status, await response.text()


def phone(stage: Stage, number: str = SITI) -> list[Sms]:
    return list(stage.app[kannel.PLAYER].handsets.phone(number).messages)


def inbound(stage: Stage) -> list[Call]:
    return [call for call in stage.gateway.calls if call.path == "/c/sms"]


async def reports(stage: Stage, count: int) -> list[tuple[str, str]]:
    """(our id, code) of the first so many reports, letting time pass until they have come."""
    async with asyncio.timeout(5):
        while len(seen := [call for call in stage.gateway.calls if call.path == "/c/sms/status"]) < count:
            await stage.pass_time(seconds=1)
            await stage.settled()
    return [(call.query["m"], call.query["d"]) for call in seen]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_accepted_sms_is_shown_and_reported_8_then_1(stage: Stage, method: str) -> None:
    assert await send(stage, method) == (202, "0: Accepted for delivery")
    assert await reports(stage, 2) == [("ob_1", "8"), ("ob_1", "1")]
    last = stage.gateway.calls[-1]
    assert "stat:DELIVRD" in last.query["a"]
    assert (last.query["smsc"], last.query["token"]) == ("simcontoh", NAMES.inbound_token)
    (sms,) = phone(stage)
    assert (sms.text, sms.other, sms.incoming) == ("Laporan diterima 1", "1708", True)
    (accepted,) = await stage.outbox()
    assert (accepted["recipient"], accepted["text"], accepted["details"]["parts"]) == (SITI, "Laporan diterima 1", 1)


async def test_the_phone_shows_what_its_alphabet_can_show(stage: Stage) -> None:
    await send(stage, text="Jum’at {ok}")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in order(stage, coding="2").items())
    query = query.replace("&charset=UTF-8", "")
    text = "".join(f"%{byte:02X}" for byte in "Jum’at 👏".encode("utf-16-be"))
    url = f"{stage.url}/cgi-bin/sendsms?{query.replace('Laporan%20diterima%201', text)}"
    async with stage.client.get(aiohttp.client.URL(url, encoded=True)) as response:
        assert response.status == 202
    assert [sms.text for sms in phone(stage)] == ["Jum?at {ok}", "Jum’at 👏"]


async def test_ucs2_bytes_that_are_no_utf16_are_refused(stage: Stage) -> None:
    assert await send(stage, coding="2", charset="", text="abc") == (400, "Charset or body misformed, rejected")


# fmt: off
REFUSED = [
    ({"password": "salah"},  403, "Authorization failed for sendsms"),
    ({"to": ""},             400, "Missing receiver number, rejected"),
    ({"coding": "dua"},      400, "coding misformed, rejected"),
]
# fmt: on


@pytest.mark.parametrize(("fields", "status", "text"), REFUSED)
async def test_what_smsbox_refuses_is_refused(stage: Stage, fields: dict[str, str], status: int, text: str) -> None:
    assert await send(stage, **fields) == (status, text)
    assert (await stage.outbox(), phone(stage)) == ([], [])


async def test_more_than_max_messages_is_cut_without_a_word(stage: Stage) -> None:
    await stage.sim("POST", "options", {"max_messages": 2})
    assert (await send(stage, text="a" * 400))[0] == 202
    assert phone(stage)[0].text == "a" * 306


async def test_parts_sent_by_the_gateway_itself_are_joined_on_the_phone(stage: Stage) -> None:
    for sequence, text in ((2, "dua"), (1, "satu ")):
        await send(stage, text=text, udh="".join(map(chr, (5, 0, 3, 7, 2, sequence))), coding="0")
    assert [(sms.text, sms.parts) for sms in phone(stage)] == [("satu dua", 2)]


async def test_no_report_is_brought_that_the_mask_did_not_ask_for(stage: Stage) -> None:
    await send(stage, **{"dlr-mask": "1"})
    assert await reports(stage, 1) == [("ob_1", "1")]


async def test_a_citizens_sms_comes_as_kannel_brings_it(stage: Stage) -> None:
    answer = await stage.inject(**{"from": SITI, "text": "Lampu mati\ndi Gg. Melati & RT 4"})
    (call,) = await stage.gateway.until(1)
    assert (call.method, call.path, call.headers["User-Agent"]) == ("GET", "/c/sms", "Kannel/1.4.5")
    assert call.query == {
        "token": NAMES.inbound_token,
        "id": answer["ids"][0],
        "smsc": "simcontoh",
        "from": SITI,
        "to": "1708",
        "text": "Lampu mati\ndi Gg. Melati & RT 4",
        "ts": str(int(stage.clock.now().timestamp())),
        "coding": "0",
        "charset": "UTF-8",
        "udh": "",
    }
    assert "from=%2B62812" in call.raw_query


async def test_a_long_sms_is_one_text_when_kannel_joins_and_parts_with_headers_when_not(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": LONG})
    await stage.gateway.until(1)
    assert inbound(stage)[0].query["text"] == LONG
    await stage.inject(**{"from": SITI, "text": LONG, "split": True, "ref": 0x41, "order": [3, 1, 2]})
    await stage.gateway.until(4)
    raw = [dict(parse_qsl(call.raw_query, keep_blank_values=True))["text"] for call in inbound(stage)[1:]]
    udhs = [read_header(_raw_value(call, "udh")) for call in inbound(stage)[1:]]
    assert udhs == [(b"A", 3, 3), (b"A", 3, 1), (b"A", 3, 2)]
    assert raw[1] + raw[2] + raw[0] == LONG
    assert len({call.query["id"] for call in inbound(stage)}) == 4


async def test_parts_can_be_lost_and_references_be_wide(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": LONG, "split": True, "ref": 0x0102, "ref_bits": 16, "lose": [2]})
    await stage.gateway.until(2)
    udhs = [read_header(_raw_value(call, "udh")) for call in inbound(stage)]
    assert udhs == [(b"\x01\x02", 3, 1), (b"\x01\x02", 3, 3)]


async def test_the_option_combine_decides_for_all(stage: Stage) -> None:
    await stage.sim("POST", "options", {"combine": False})
    await stage.inject(**{"from": SITI, "text": "á" * 135})
    assert len(await stage.gateway.until(3)) == 3


def _raw_value(call: Call, name: str) -> bytes:
    values = dict(pair.split("=", 1) for pair in call.raw_query.split("&"))
    return unquote_to_bytes(values[name])


async def test_ucs2_without_charset_is_utf16_bytes(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": "Jum’at", "charset": None})
    (call,) = await stage.gateway.until(1)
    assert (_raw_value(call, "text").decode("utf-16-be"), call.query["coding"]) == ("Jum’at", "2")


async def test_broken_percent_encoding_leaves_as_it_is(stage: Stage) -> None:
    await stage.inject(**{"from": SITI, "text": "rusak", "broken": True})
    (call,) = await stage.gateway.until(1)
    assert "text=%ZZ%4rusak" in call.raw_query


async def test_only_200_and_202_are_taken_and_the_rest_comes_again_with_the_same_id(stage: Stage) -> None:
    stage.gateway.answers.extend([204, 500, 202])
    await stage.inject(**{"from": SITI, "text": "Halo"})
    for tries in (1, 2):
        await stage.journal_until(lambda entries, tries=tries: _tries(entries) >= tries)
        await stage.pass_time(seconds=9)
        await stage.settled()
        assert len(stage.gateway.calls) == tries, "came again too early"
        await stage.pass_time(seconds=1)
        await stage.gateway.until(tries + 1)
    assert len({call.query["id"] for call in stage.gateway.calls}) == 1
    await stage.pass_time(minutes=10)
    await stage.settled()
    assert (len(stage.gateway.calls), phone(stage)[0].state) == (3, "sent")


def _tries(entries: list[dict[str, Any]]) -> int:
    return sum(entry["direction"] in {"event", "receipt"} for entry in entries)


async def test_with_kannels_own_default_a_refused_sms_is_lost(stage: Stage) -> None:
    await stage.sim("POST", "options", {"retry_limit": 0})
    stage.gateway.answers.append(503)
    await stage.inject(**{"from": SITI, "text": "Halo"})
    await stage.journal_until(lambda entries: _tries(entries) >= 1)
    await stage.pass_time(hours=1)
    await stage.settled()
    assert (len(stage.gateway.calls), phone(stage)[0].state) == (1, "failed")


async def test_a_refused_report_comes_again_without_holding_back_the_next(stage: Stage) -> None:
    stage.gateway.answers.append(503)
    await send(stage)
    assert await reports(stage, 3) == [("ob_1", "8"), ("ob_1", "1"), ("ob_1", "8")]


# fmt: off
RECEIPT_FAULTS = [
    # fault                          codes in the order in which they come
    ({"named": "reversed"},          ["1", "8"]),
    ({"named": "twice"},             ["8", "1", "1"]),
    ({"named": "failed"},            ["8", "2"]),
    ({"named": "expired"},           ["8", "34"]),
    ({"receipts": [4, 66]},          ["4", "66"]),
]
# fmt: on


@pytest.mark.parametrize(("action", "codes"), RECEIPT_FAULTS, ids=[str(row[0]) for row in RECEIPT_FAULTS])
async def test_reports_come_wrongly_on_demand(stage: Stage, action: dict[str, Any], codes: list[str]) -> None:
    await stage.fault(action)
    await send(stage)
    assert [code for _, code in await reports(stage, len(codes))] == codes


async def test_a_report_can_come_before_our_answer(stage: Stage) -> None:
    await stage.fault({"early_receipt": True})
    assert (await send(stage))[0] == 202
    assert [call.query["d"] for call in stage.gateway.calls] == ["8", "1"]


async def test_a_report_can_be_lost_or_late(stage: Stage) -> None:
    await stage.fault({"drop_receipt": True})
    await stage.fault({"late_receipt": 3600})
    await send(stage)
    await send(stage, number="2")
    await stage.pass_time(seconds=3600)
    await stage.settled()
    assert stage.gateway.calls == []
    assert await reports(stage, 2) == [("ob_2", "8"), ("ob_2", "1")]


async def test_a_lost_part_is_reported_delivered_and_never_shown(stage: Stage) -> None:
    await stage.fault({"named": "lost_part"})
    await send(stage, text="a" * 200)
    assert [code for _, code in await reports(stage, 2)] == ["8", "1"]
    assert phone(stage) == []


# fmt: off
ANSWERS = [
    ({"named": "unavailable"},   503, "Temporal failure, try again later.",        0),
    ({"named": "unauthorised"},  403, "Authorization failed for sendsms",          0),
    ({"named": "queued"},        202, "3: Queued for later delivery",              1),
    ({"named": "rejected"},      400, "Number is in black-list. Message rejected", 0),
]
# fmt: on


@pytest.mark.parametrize(("action", "status", "text", "recorded"), ANSWERS)
async def test_answers_go_wrong_on_demand(
    stage: Stage, action: dict[str, Any], status: int, text: str, recorded: int
) -> None:
    await stage.fault(action, recipient=SITI, text_re="diterima")
    assert await send(stage) == (status, text)
    assert len(await stage.outbox()) == recorded


async def test_taken_and_then_cut_is_recorded_once(stage: Stage) -> None:
    await stage.fault({"accept_then_close": True})
    with pytest.raises(aiohttp.ClientError):  # POST: aiohttp repeats a GET by itself when the other side hangs up
        await send(stage, "POST")
    assert (await stage.state())["accepted_unique"] == 1


async def test_the_same_message_id_twice_is_a_duplicate(stage: Stage) -> None:
    await send(stage)
    await send(stage)
    await send(stage, text="lain", **{"dlr-url": ""})
    state = await stage.state()
    assert (state["accepted_unique"], state["accepted_duplicates"]) == (2, 1)


async def test_citizens_sms_can_come_twice_or_with_a_wrong_token(stage: Stage) -> None:
    await stage.fault({"duplicate": 2})
    await stage.inject(**{"from": SITI, "text": "dua kali"})
    first, second = await stage.gateway.until(2)
    assert first.query == second.query
    await stage.inject(**{"from": SITI, "text": "palsu", "with": {"wrong_signature": True}})
    assert (await stage.gateway.until(3))[2].query["token"] == "salah"
