"""Kannel: what leaves, byte for byte, and the texts that come in whatever encoding a phone chose."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from channels.errors import NotSent, PayloadInvalid, RecipientRefused, SendRefused, SignatureInvalid
from channels.gsm import join_parts
from channels.messages import Address, Answer, InboundMessage, OutboundMessage, RawRequest
from channels.protocols import HttpResponse
from channels.sms.kannel import Kannel, KannelSettings
from config.build import build_section
from config.settings import Secret, SettingsError
from tests.channels.recorded import ARRIVED_AT, PAYLOADS, channel_for, read_request, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

FOLDER = PAYLOADS / "kannel"
ACCEPTED = read_response(FOLDER / "resp-202-accepted.http")
REPORTS = "http://gateway.internal:8080/c/sms-kannel/status"
CITIZEN = Address("tel", "+6281200000001")


def kannel(**changes: object) -> Kannel:
    settings = KannelSettings(
        number="1708",
        send_url="http://smsbox.internal:13013/cgi-bin/sendsms",
        username="satupintu",
        password=Secret("uji-kannel"),
        inbound_token=Secret("uji-kunci-url-0123456789abcdef0123"),
    )
    return Kannel(replace(settings, **changes))  # type: ignore[arg-type]


def message(text: str, **changes: object) -> OutboundMessage:
    return structs.replace(
        OutboundMessage("ob_01JD0000000000000000000042", CITIZEN, text, report_url=REPORTS), **changes
    )  # type: ignore[arg-type]


async def query_of(adapter: Kannel, outbound: OutboundMessage) -> dict[str, str]:
    http = ScriptedHttp([ACCEPTED])
    await adapter.send(outbound, http)
    return {name: values[0] for name, values in parse_qs(http.calls[0].query.decode(), encoding="latin-1").items()}


@pytest.mark.parametrize(
    ("recording", "text"),
    [
        ("out-sendsms", "Laporan Anda diterima. Nomor KB-2026-000123."),
        ("out-sendsms-ucs2", "Jum’at petugas datang 🙏"),
    ],
)
async def test_a_text_leaves_as_recorded(recording: str, text: str) -> None:
    path = FOLDER / f"{recording}.http"
    method, target, _ = read_target(path)
    if recording.endswith("ucs2"):
        text = bytes.fromhex(target.split("text=")[1].split("&")[0].replace("%", "")).decode("utf-16-be")
    sender = channel_for(FOLDER / "in-mo.http").sender
    assert sender is not None
    http = ScriptedHttp([ACCEPTED])
    await sender.send(message(text), http)
    [call] = http.calls
    assert call.method == method
    assert f"{urlsplit(call.url).path}?{call.query.decode()}" == target


async def test_the_answer_leaves_from_the_number_that_was_written_to() -> None:
    assert (await query_of(kannel(), message("Halo")))["from"] == "1708"
    assert (await query_of(kannel(), message("Halo", sent_from="14045")))["from"] == "14045"


async def test_other_servers_get_ucs2_as_utf_8() -> None:
    query = await query_of(kannel(ucs2_form="utf8_charset"), message("Jum’at"))
    assert (query["coding"], query["charset"]) == ("2", "UTF-8")
    assert query["text"].encode("latin-1").decode() == "Jum’at"


async def test_without_an_address_for_reports_none_are_asked_for() -> None:
    query = await query_of(kannel(), message("Halo", report_url=""))
    assert "dlr-mask" not in query
    assert "dlr-url" not in query


async def test_f52_the_report_of_a_long_text_says_that_it_is_of_the_first_part() -> None:
    """Kannel asks for a receipt of the first part only."""
    query = await query_of(kannel(), message("a" * 161))
    assert "&n=2&" in query["dlr-url"]
    assert "&n=" not in (await query_of(kannel(), message("a" * 160)))["dlr-url"]


@pytest.mark.parametrize(
    ("text", "limit", "reason"),
    [("a" * 1531, 10, "too_long"), ("á" * 135, 2, "too_long"), ("a" * 161, 1, "too_long"), ("", 10, "empty")],
)
async def test_what_kannel_would_cut_is_refused(text: str, limit: int, reason: str) -> None:
    http = ScriptedHttp([ACCEPTED])
    with pytest.raises(SendRefused) as refused:
        await kannel(max_segments=limit).send(message(text), http)
    assert (refused.value.reason, http.calls) == (reason, [])
    await kannel(max_segments=limit).send(message("a" * 100), http)


async def test_a_sender_name_cannot_be_answered() -> None:
    with pytest.raises(RecipientRefused):
        await kannel().send(message("Halo", address=Address("sender", "INFO-CONTOH")), ScriptedHttp([ACCEPTED]))


@given(st.text(min_size=1, max_size=300))
async def test_any_text_arrives_as_it_was_sent(text: str) -> None:
    """What Kannel would decode from our query is the text."""
    text = text.encode("utf-8", "replace").decode()
    query = await query_of(kannel(max_segments=20), message(text))
    octets = query["text"].encode("latin-1")
    assert octets.decode("utf-8" if query["coding"] == "0" else "utf-16-be") == text


# Inbound


def inbound(**values: str) -> RawRequest:
    query = {"token": "uji-kunci-url-0123456789abcdef0123", "from": "%2B6281200000001", "to": "1708"} | values
    raw = "&".join(f"{name}={value}" for name, value in query.items()).encode()
    return RawRequest("GET", raw_query=raw, received_at=ARRIVED_AT)


def read(request: RawRequest, adapter: Kannel | None = None) -> InboundMessage:
    [event] = (adapter or kannel()).parse(request)
    assert isinstance(event, InboundMessage)
    return event


TEXTS = [
    # text on the wire, coding, charset, what the citizen wrote
    ("Jalan%20rusak", "0", "UTF-8", "Jalan rusak"),
    ("Jalan+rusak", "0", "", "Jalan rusak"),
    ("%E2%82%AC5", "0", "", "€5"),
    ("%00J%00u%00m%20%19a", "2", "", None),
    ("%00J%00u%00m%20%19%00a", "2", "", "Jum’a"),
    ("%00J%00u", "2", "UCS-2", "Ju"),
    ("%00J%00u", "2", "UTF-16BE", "Ju"),
    ("J%FCr", "0", "ISO-8859-1", "Jür"),
    ("J%92r", "0", "windows-1252", "J’r"),
    ("", "0", "", ""),
    ("teks%20%20", "0", "UTF-8", "teks  "),
    ("a%00b%E2%80%AEc", "0", "UTF-8", "abc"),
    ("100%25%20benar%20%zz", "0", "UTF-8", "100% benar %zz"),
]


@pytest.mark.parametrize(("wire", "coding", "charset", "text"), TEXTS)
def test_a_text_is_read_by_its_charset_else_by_its_coding(
    wire: str, coding: str, charset: str, text: str | None
) -> None:
    request = inbound(text=wire, coding=coding, charset=charset)
    if text is None:
        with pytest.raises(PayloadInvalid):
            read(request)
    else:
        assert read(request).text == text


def posted(body: bytes, **headers: str) -> RawRequest:
    sender = {"x-kannel-from": "+6281200000001", "x-kannel-to": "1708"}
    given = sender | {name.replace("_", "-"): value for name, value in headers.items()}
    query = b"token=uji-kunci-url-0123456789abcdef0123"
    return RawRequest("POST", raw_query=query, headers=given, body=body, received_at=ARRIVED_AT)


def test_the_post_variant_reads_headers_and_body() -> None:
    octets = "Jum’at".encode("utf-16-be")
    assert read(posted(octets, x_kannel_coding="2")).text == "Jum’at"
    assert read(posted(octets, content_type='text/plain; charset="UCS-2"')).text == "Jum’at"
    part = read(posted(b"Air keruh", x_kannel_udh="0500032A0201")).part
    assert part is not None
    assert (part.reference, part.total, part.sequence) == (42, 2, 1)
    with pytest.raises(PayloadInvalid, match="hexadecimal"):
        read(posted(b"Air keruh", x_kannel_udh="05zz"))


def test_a_call_without_anything_is_not_a_message() -> None:
    with pytest.raises(PayloadInvalid, match="neither text nor from"):
        read(RawRequest("GET", raw_query=b"token=x"))


def test_eight_bit_texts_are_read_only_where_the_operator_says_how() -> None:
    request = inbound(text="J%FCr", coding="1")
    assert read(request, kannel(dcs8_charset="latin-1")).text == "Jür"
    with pytest.raises(PayloadInvalid):
        read(request)


def test_f58_parts_join_to_the_text_even_through_an_emoji() -> None:
    names = ("in-mo-part-1-of-2", "in-mo-part-2-of-2-literal-udh")
    parts = [read(read_request(FOLDER / f"{name}.http")) for name in names]
    texts = {part.part.sequence: part.text for part in parts if part.part}
    assert join_parts(texts, 2) == "Air keruh 🙏 mohon dicek"


def test_without_an_id_the_same_message_has_the_same_key_and_another_has_not() -> None:
    def key(**values: str) -> str:
        return read(inbound(text="jalan", **values)).external_id

    assert key(ts="1795137300") == key(ts="1795137300")
    assert key(ts="1795137300") != key(ts="1795137301")
    assert key() == key()
    later = replace(inbound(text="jalan"), received_at=datetime(2026, 11, 20, 1, 40, tzinfo=UTC))
    assert key() != read(later).external_id


def test_an_id_of_any_length_makes_a_key_that_fits() -> None:
    assert len(read(inbound(text="x", id="9" * 5000)).external_id) <= 200


@pytest.mark.parametrize("ts", ["0x1", "99999999999999999999", "", "kemarin"])
def test_f81_an_impossible_time_costs_no_message(ts: str) -> None:
    """The sender's clock is only shown."""
    assert read(inbound(text="jalan", ts=quote(ts))).text == "jalan"


def test_the_previous_token_is_accepted_during_a_change() -> None:
    adapter = kannel(
        inbound_token=Secret("baru-0123456789abcdef"), previous_inbound_token=Secret("lama-0123456789abcdef")
    )
    for token in ("baru-0123456789abcdef", "lama-0123456789abcdef"):
        adapter.verify(inbound(token=token))
    for token in ("", "lain"):
        with pytest.raises(SignatureInvalid):
            adapter.verify(inbound(token=token))


def test_kannel_texts_nothing_of_our_answer_to_the_citizen() -> None:
    for answer in (Answer(), Answer("Terima kasih", number="KBR-260001235")):
        response = kannel().ack(inbound(text="x"), answer)
        assert (response.status, response.body) == (200, b"")


CHECKS = [
    (HttpResponse(400, b"Empty receiver number not allowed, rejected"), ""),
    (read_response(FOLDER / "resp-403.http"), "username, password"),
    (HttpResponse(404, b"Unknown request."), "/cgi-bin/sendsms"),
    (read_response(FOLDER / "resp-503.http"), "bearerbox"),
    (NotSent("refused"), "does not answer"),
]


@pytest.mark.parametrize(("reply", "words"), CHECKS)
async def test_a_check_asks_for_a_message_to_nobody(reply: HttpResponse | NotSent, words: str) -> None:
    http = ScriptedHttp([reply])
    problems = await kannel().check(http, "http://127.0.0.1/c/sms")
    assert bool(problems) is bool(words)
    assert words in " ".join(problems)
    assert b"to=" not in http.calls[0].query


async def test_a_check_reads_the_status_page_where_there_is_one() -> None:
    status = b"""<gateway><dlr><queued>0</queued><storage>internal</storage></dlr><smscs><count>2</count>
    <smsc><name>A</name><status>online 12s</status></smsc><smsc><name>B</name><status>re-connecting</status></smsc>
    </smscs></gateway>"""
    http = ScriptedHttp([HttpResponse(400, b""), HttpResponse(200, status)])
    problems = await kannel(status_url="http://127.0.0.1:13000/status.xml").check(http, "")
    assert [problem.split(":")[0] for problem in problems] == [
        "dlr-storage is internal",
        "an smsc link is re-connecting",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"send_url": "smsbox:13013"}, "send_url"),
        ({"dcs8_charset": "bukan-1"}, "unknown charset"),
        ({"max_segments": 21}, "at most 20"),
        ({"ucs2_form": "utf16"}, "unknown 'utf16'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], words: str) -> None:
    table = {"number": "1708", "send_url": "http://x/sendsms", "username": "u", "password": "p", "inbound_token": "t"}
    with pytest.raises(SettingsError, match=words):
        build_section(KannelSettings, {**table, **changes}, "channels.sms")
