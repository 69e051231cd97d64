"""Jasmin: what leaves, byte for byte, the very words it wants to hear, and texts out of `binary`."""

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from channels.errors import NotSent, PayloadInvalid, RecipientRefused, SendRefused, SignatureInvalid
from channels.gsm import decode_gsm, encode_gsm, fits_gsm
from channels.messages import Address, Answer, InboundMessage, OutboundMessage, RawRequest
from channels.protocols import HttpResponse
from channels.sms.jasmin import Jasmin, JasminSettings
from config.build import build_section
from config.settings import Secret, SettingsError
from tests.channels.recorded import PAYLOADS, channel_for, read_request, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

FOLDER = PAYLOADS / "jasmin"
TAKEN = read_response(FOLDER / "resp-200.http")
REPORTS = "http://gateway.internal:8080/c/sms-jasmin/status"
CITIZEN = Address("tel", "+6281200000001")


def jasmin(**changes: object) -> Jasmin:
    settings = JasminSettings(
        number="1708",
        send_url="http://jasmin.internal:1401/send",
        username="satupintu",
        password=Secret("uji-jas"),
        inbound_token=Secret("uji-kunci-url-0123456789abcdef0123"),
    )
    return Jasmin(replace(settings, **changes))  # type: ignore[arg-type]


def message(text: str, **changes: object) -> OutboundMessage:
    return structs.replace(OutboundMessage("ob_0000000000001", CITIZEN, text, report_url=REPORTS), **changes)  # type: ignore[arg-type]


async def form_of(adapter: Jasmin, outbound: OutboundMessage) -> dict[str, str]:
    http = ScriptedHttp([TAKEN])
    await adapter.send(outbound, http)
    return dict(http.calls[0].form or {})


async def test_a_text_leaves_as_recorded() -> None:
    method, target, body = read_target(FOLDER / "out-send.http")
    text = bytes.fromhex(parse_qs(body.decode())["hex-content"][0]).decode("utf-16-be")
    http = ScriptedHttp([TAKEN])
    sender = channel_for(FOLDER / "in-mo.http").sender
    assert sender is not None
    receipt = await sender.send(message(text), http)
    [call] = http.calls
    assert (call.method, urlsplit(call.url).path, urlencode(call.form or {}).encode()) == (method, target, body)
    assert receipt.provider_id == "16fd2706-0000-4000-8000-000000000042"


async def test_what_the_operator_set_goes_along() -> None:
    form = await form_of(jasmin(priority=1, validity_minutes=1440), message("Halo", sent_from="14045"))
    assert (form["from"], form["coding"], form["content"]) == ("14045", "0", "Halo")
    assert (form["priority"], form["validity-period"]) == ("1", "1440")
    assert (await form_of(jasmin(), message("Halo", report_url="")))["dlr"] == "no"


async def test_f52_the_report_of_a_long_text_says_that_it_is_of_the_last_part() -> None:
    assert (await form_of(jasmin(), message("a" * 161)))["dlr-url"].endswith("&n=2")
    assert "&n=" not in (await form_of(jasmin(), message("a" * 160)))["dlr-url"]


@given(st.text(min_size=1, max_size=300))
async def test_any_text_arrives_as_it_was_sent(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    form = await form_of(jasmin(max_segments=20), message(text))
    read = form["content"] if form["coding"] == "0" else bytes.fromhex(form["hex-content"]).decode("utf-16-be")
    assert read == text
    assert (form["coding"] == "0") is fits_gsm(text)


@pytest.mark.parametrize(
    ("outbound", "reason", "kind"),
    [
        (message("a" * 1531), "too_long", SendRefused),
        (message(""), "empty", SendRefused),
        (message("Halo", address=Address("sender", "INFO")), "no_such_address", RecipientRefused),
    ],
)
async def test_what_cannot_be_sent_never_leaves(
    outbound: OutboundMessage, reason: str, kind: type[SendRefused]
) -> None:
    http = ScriptedHttp([TAKEN])
    with pytest.raises(kind) as refused:
        await jasmin().send(outbound, http)
    assert (refused.value.reason, http.calls) == (reason, [])


# Inbound


def inbound(**fields: str) -> RawRequest:
    given_fields = {"id": "7f6f6a2e", "from": "6281200000001", "to": "1708", "coding": "0"} | fields
    return RawRequest(
        "POST", raw_query=b"token=uji-kunci-url-0123456789abcdef0123", body=urlencode(given_fields).encode()
    )


def read(request: RawRequest, adapter: Jasmin | None = None) -> InboundMessage:
    [event] = (adapter or jasmin()).parse(request)
    assert isinstance(event, InboundMessage)
    return event


TEXTS = [
    # coding, octets, the operator's alphabet, what the citizen wrote
    ("0", b"Rp\x1b\x65 5", "gsm0338", "Rp€ 5"),
    ("0", b"\x00", "gsm0338", "@"),
    ("0", b"Caf\xe9", "latin1", "Café"),
    ("0", b"Jalan @ 5", "ascii", "Jalan @ 5"),
    ("1", b"Jalan @ 5", "gsm0338", "Jalan @ 5"),
    ("3", b"Caf\xe9", "gsm0338", "Café"),
    ("8", "Jum’at 🙏".encode("utf-16-be"), "gsm0338", "Jum’at 🙏"),
    ("240", b"kilat", "gsm0338", "kilat"),
]


@pytest.mark.parametrize(("coding", "octets", "alphabet", "text"), TEXTS)
def test_a_text_is_read_from_its_octets_by_its_coding(coding: str, octets: bytes, alphabet: str, text: str) -> None:
    request = inbound(coding=coding, binary=octets.hex(), content="salah sama sekali")
    assert read(request, jasmin(smsc_default_alphabet=alphabet)).text == text


@given(st.text(st.sampled_from("Jalan rusak @€{}[]\n\x0c1234567890"), max_size=150))
def test_every_text_of_the_alphabet_is_read_back(text: str) -> None:
    assert decode_gsm(encode_gsm(text)) == text
    assert read(inbound(binary=encode_gsm(text).hex())).text == text.replace("\x0c", "")


def test_f58_unjoined_parts_keep_their_numbers_and_lose_their_header() -> None:
    parts = [read(read_request(FOLDER / f"in-mo-part-udh16{which}.http")) for which in ("", "-2")]
    assert [(part.part.sequence, part.part.total, part.part.reference) for part in parts if part.part] == [
        (1, 2, 6699),
        (2, 2, 6699),
    ]
    assert "".join(part.text for part in parts) == "Jalan di depan pasar Contoh rusak parah, mohon ditambal."


def test_eight_bit_texts_are_read_only_where_the_operator_says_how() -> None:
    request = inbound(coding="4", binary="4afc72")
    assert read(request, jasmin(dcs8_charset="latin-1")).text == "Jür"
    with pytest.raises(PayloadInvalid):
        read(request)


def test_jasmin_hears_the_very_words_it_waits_for() -> None:
    recorded = read_response(FOLDER / "ack.http")
    for answer in (Answer(), Answer("Terima kasih", number="KBR-260001235")):
        response = jasmin().ack(inbound(), answer)
        assert (response.status, response.body) == (recorded.status, recorded.body)


def test_the_previous_token_is_accepted_and_none_of_the_body_is() -> None:
    adapter = jasmin(inbound_token=Secret("baru"), previous_inbound_token=Secret("lama"))
    for token in (b"token=baru", b"token=lama"):
        adapter.verify(RawRequest("POST", raw_query=token))
    for request in (RawRequest("POST", raw_query=b"token="), RawRequest("POST", body=b"token=baru")):
        with pytest.raises(SignatureInvalid):
            adapter.verify(request)


PONG = HttpResponse(200, b"Jasmin/PONG")
CHECKS: list[tuple[list[HttpResponse | NotSent], str]] = [
    ([PONG, HttpResponse(200, b'{"balance": "ND", "sms_count": "ND"}')], ""),
    ([PONG, HttpResponse(403, b'"Authentication failure for username:satupintu"')], "refuses the login"),
    ([PONG, HttpResponse(500, b"")], "answers 500"),
    ([HttpResponse(404, b"nginx")], "is not Jasmin"),
    ([NotSent("refused")], "does not answer"),
]


@pytest.mark.parametrize(("replies", "words"), CHECKS)
async def test_a_check_asks_for_the_balance_and_sends_nothing(
    replies: list[HttpResponse | NotSent], words: str
) -> None:
    http = ScriptedHttp(list(replies))
    problems = await jasmin().check(http, "http://127.0.0.1/c/sms")
    assert bool(problems) is bool(words)
    assert words in " ".join(problems)
    assert {call.endpoint for call in http.calls} <= {"ping", "balance"}
    assert all(name in {"username", "password"} for call in http.calls for name, _ in parse_qsl(call.query.decode()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"send_url": "http://jasmin:1401/"}, "send_url"),
        ({"password": "p" * 31}, "password is longer"),
        ({"dcs8_charset": "bukan-1"}, "unknown charset"),
        ({"smsc_default_alphabet": "utf8"}, "unknown 'utf8'"),
        ({"priority": 4}, "at most 3"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], words: str) -> None:
    table = {"number": "1708", "send_url": "http://x/send", "username": "u", "password": "p", "inbound_token": "t"}
    with pytest.raises(SettingsError, match=words):
        build_section(JasminSettings, {**table, **changes}, "channels.sms")
