"""Providers that speak XML, and those that are asked instead of calling: the third example of the page, and what may go wrong."""

import asyncio
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import ChannelMisconfigured, NotSent, PayloadInvalid, SendRefused, SendUnknown
from channels.messages import Address, Inbound, InboundMessage, OutboundMessage, RawRequest, SendReceipt
from channels.protocols import Bookmark, HttpResponse
from channels.registry import Channel, build
from channels.sms.http_sms.xml_body import xml_of
from channels.xml_reading import read_xml
from config.settings import ChannelTable, SettingsError
from tests.channels.scripted_http import ScriptedHttp
from tests.channels.test_http_sms import EXAMPLES

SETTINGS, REQUEST, ANSWER = EXAMPLES[2]
CITIZEN = Address("tel", "+6281200000001")
TOKEN = HttpResponse(200, b'{"access_token":"satu","expires_in":3600}')
TAKEN = HttpResponse(200, b'<answer><sms ref="77"/></answer>')
EMPTY = HttpResponse(200, b'<inbox next="7"/>')
Pairs = Sequence[tuple[Inbound | PayloadInvalid, RawRequest]]


def channel(**poll: Any) -> Channel:
    table: dict[str, Any] = tomllib.loads(SETTINGS)["channels"]["sms-xml"]
    del table["kind"]
    table["secrets"] = {"client_secret": "rahasia-uji"}
    table["poll"] |= poll
    return build([ChannelTable("sms-xml", "http_sms", table)], absent_secret=str)["sms-xml"]


def message(text: str = "Laporan diterima.") -> OutboundMessage:
    return OutboundMessage("ob_0000000000001", CITIZEN, text)


async def test_a_text_leaves_as_the_page_shows() -> None:
    http = ScriptedHttp([TOKEN, TAKEN])
    sender = channel().sender
    assert sender is not None
    assert await sender.send(message(), http) == SendReceipt("77")
    first, body = REQUEST.strip().split("\n")
    assert f"{http.calls[1].method} {http.calls[1].url}" == first
    assert (http.calls[1].body or b"").replace(b"\n", b"").decode() == body
    assert http.calls[1].headers["Content-Type"] == "application/xml; charset=utf-8"


# fmt: off
ANSWERS: list[tuple[bytes, type[Exception]]] = [
    (b'<answer><error code="INVALID"/></answer>',                          SendRefused),
    (b"<answer><sms/></answer>",                                           SendUnknown),
    (b"<html>",                                                            SendUnknown),
    (b'<!DOCTYPE a [<!ENTITY b "c">]><answer><sms ref="&b;"/></answer>',   SendUnknown),
]
# fmt: on


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
async def test_an_answer_in_xml_means_what_the_table_says(answer: bytes, error: type[Exception]) -> None:
    sender = channel().sender
    assert sender is not None
    with pytest.raises(error):
        await sender.send(message(), ScriptedHttp([TOKEN, HttpResponse(200, answer)]))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_leaves_its_element(text: str, number: str) -> None:
    written = xml_of({"sms": {"@id": "1", "to": number, "text": {"@unicode": True, "": text}}})
    tree = read_xml(written, attributes=True)
    assert set(tree) == {"@id", "to", "text"}
    assert tree["text"]["@unicode"] == "true"


# fmt: off
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"outbound": {"body": {"a": "1", "b": "2"}}},          "one element"),
    ({"outbound": {"body": {"sms": {"to <x": "1"}}}},       "no name of an element"),
    ({"outbound": {"accept": {"id_path": "$.id"}}},         "must look like /answer/id"),
    ({"poll": {"query": {"q": "{text}"}}},                  "unknown placeholder"),
    ({"poll": {"url": "http://xml.sms.example/masuk"}},     "must begin with https"),
    ({"poll": {"auth": {"kind": "hmac"}}},                  "cannot prove itself"),
    ({"poll": {"cursor_path": "next page"}},                "poll.cursor_path"),
]
# fmt: on


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_what_cannot_work_ends_the_start_and_is_named(changes: dict[str, Any], words: str) -> None:
    table: dict[str, Any] = tomllib.loads(SETTINGS)["channels"]["sms-xml"]
    table["secrets"] = {"client_secret": "rahasia-uji"}
    del table["kind"]
    for name, change in changes.items():
        table[name] |= change
    with pytest.raises(SettingsError, match=words):
        build([ChannelTable("sms-xml", "http_sms", table)], absent_secret=str)


# Asking


@dataclass
class Kept(Bookmark):
    """A position in memory. It is never kept before what it stands for was submitted."""

    position: str = ""
    taken: list[tuple[Inbound | PayloadInvalid, RawRequest]] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    async def read(self) -> str:
        return self.position

    async def keep(self, position: str) -> None:
        self.position = position

    async def earlier(self, beginning: str, since: datetime, until: datetime) -> str:
        return ""

    async def submit(self, pairs: Pairs) -> None:
        self.taken += pairs


async def asked(one: Channel, http: ScriptedHttp, kept: Kept, most: int = 1) -> None:
    """So many rounds of asking."""
    rounds = 0

    async def pause(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds >= most:
            raise asyncio.CancelledError

    polling = one.adapter._polling  # type: ignore[attr-defined]
    with pytest.raises(asyncio.CancelledError):
        await polling.run(kept.submit, http, kept, pause)


def answered(text: str) -> HttpResponse:
    return HttpResponse(200, text.encode())


async def test_messages_are_fetched_by_the_table_and_the_position_moves() -> None:
    kept, http = Kept(), ScriptedHttp([TOKEN, answered(ANSWER.strip()), EMPTY])
    await asked(channel(), http, kept)
    [(event, raw)] = kept.taken
    assert isinstance(event, InboundMessage)
    assert (event.external_id, event.sender, event.text) == ("mo:mo-1", CITIZEN, "Lampu padam")
    assert event.sent_at == datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
    assert [call.url for call in http.calls[1:]] == [
        "https://xml.sms.example/masuk?since=0", "https://xml.sms.example/masuk?since=7",
    ]  # fmt: skip
    assert http.calls[1].headers["Authorization"] == "Bearer satu"
    assert kept.position == "7"
    reader = channel().reader
    assert reader is not None
    assert list(reader.parse(raw)) == [event], "what was kept is read again by the same table"


async def test_one_broken_item_costs_no_other() -> None:
    broken = "<sms><text>tanpa pengirim</text></sms>"
    kept, http = Kept(), ScriptedHttp([TOKEN, answered(ANSWER.replace("<sms ", f"{broken}<sms ", 1).strip()), EMPTY])
    await asked(channel(), http, kept)
    assert [type(event) for event, _ in kept.taken] == [PayloadInvalid, InboundMessage]


async def test_what_is_given_again_and_again_is_looked_at_once() -> None:
    whole = answered(ANSWER.strip())
    kept, http = Kept(), ScriptedHttp([TOKEN, whole, whole, whole])
    await asked(channel(cursor_path=""), http, kept, most=3)
    assert len(kept.taken) == 1


# fmt: off
REFUSED = [
    [HttpResponse(401, b'{"error":"invalid_client"}')],
    [TOKEN, HttpResponse(403, b"")],
    [TOKEN, HttpResponse(404, b"")],
    [TOKEN, answered("<html>")],
    [TOKEN, answered('<!DOCTYPE a [<!ENTITY b "bbbb">]><inbox><sms>&b;</sms></inbox>')],
]
PASSING: list[list[HttpResponse | Exception]] = [
    [TOKEN, HttpResponse(503, b"")], [TOKEN, HttpResponse(429, b"")], [TOKEN, HttpResponse(401, b"")],
    [TOKEN, NotSent("no connection")],
]
# fmt: on


@pytest.mark.parametrize("answers", REFUSED)
async def test_what_only_a_person_can_mend_is_said(answers: list[HttpResponse]) -> None:
    kept = Kept()
    with pytest.raises(ChannelMisconfigured) as problem:
        await channel().adapter._polling.run(kept.submit, ScriptedHttp(answers), kept, asyncio.sleep)  # type: ignore[attr-defined]
    assert problem.value.rest_s == 60
    assert (kept.position, kept.taken) == ("", [])


@pytest.mark.parametrize("answers", PASSING)
async def test_what_passes_is_tried_again(answers: list[HttpResponse | Exception]) -> None:
    kept = Kept()
    await asked(channel(), ScriptedHttp(answers), kept)
    assert (kept.position, kept.taken) == ("", [])


def test_nobody_can_call_a_channel_that_asks() -> None:
    one = channel()
    assert one.listener is not None
    assert one.listener.listens()
    with pytest.raises(Exception, match="nothing comes in here"):
        one.verify(RawRequest("POST", "/poll", body=b"{}"))
