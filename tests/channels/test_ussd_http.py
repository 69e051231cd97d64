"""USSD callbacks: their three forms, their answers, their settings."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.errors import SignatureInvalid
from channels.messages import Answer, InboundMessage, RawRequest
from channels.ussd.http import UssdHttp, UssdSettings
from config.build import build_section
from config.settings import Secret, SettingsError
from tests.channels.recorded import ARRIVED_AT, PAYLOADS, channel_for, read_request, read_response

FOLDER = PAYLOADS / "ussd_http"
TOKEN = "uji-kunci-url-0123456789abcdef0123"


def ussd(**changes: object) -> UssdHttp:
    return UssdHttp(replace(UssdSettings("*708#", Secret(TOKEN)), **changes))  # type: ignore[arg-type]


def form(text: str, **changes: object) -> RawRequest:
    body = f"sessionId=S1&serviceCode=*708%23&phoneNumber=%2B6281200000001&text={text}".encode()
    return replace(
        RawRequest("POST", raw_query=f"token={TOKEN}".encode(), body=body, received_at=ARRIVED_AT),
        **changes,  # type: ignore[arg-type]
    )


def read(adapter: UssdHttp, request: RawRequest) -> InboundMessage:
    [event] = adapter.parse(request)
    assert isinstance(event, InboundMessage)
    assert event.session is not None
    return event


@pytest.mark.parametrize(("recording", "ends"), [("resp-con", False), ("resp-end", True)])
def test_a_page_is_answered_as_recorded(recording: str, ends: bool) -> None:
    recorded = read_response(FOLDER / f"{recording}.http")
    page = recorded.body.decode().split(" ", 1)[1]
    response = ussd().ack(form(""), Answer(page, ends))
    assert (response.status, response.body, response.content_type) == (
        200,
        recorded.body,
        recorded.headers["content-type"],
    )


def test_the_json_variant_is_answered_as_recorded() -> None:
    recorded = read_response(FOLDER / "resp-json.http")
    request = read_request(FOLDER / "in-json-begin.http")
    receiver = channel_for(FOLDER / "in-json-begin.http").receiver
    assert receiver is not None
    response = receiver.ack(request, Answer("Layanan Aduan Kab. Contoh\n1. Lapor\n2. Cek status", ends=False))
    assert json.loads(response.body) == json.loads(recorded.body)
    assert response.content_type == recorded.headers["content-type"]


def test_an_end_notice_is_answered_without_a_page() -> None:
    response = ussd().ack(form("", path="/status"), Answer("Terima kasih"))
    assert (response.status, response.body) == (200, b"")


def test_names_and_words_of_other_aggregators_are_settings() -> None:
    adapter = ussd(
        variant="json",
        text_mode="history",
        fields={"session": "sid", "phone": "msisdn", "text": "ussd"},
        respond={"text": "message", "action": "type", "continues": "request", "ends": "release", "session": "sid"},
    )
    request = form(
        "", body=b'{"sid": 77, "msisdn": 6281200000001, "ussd": "1*2", "serviceCode": null, "newRequest": false}'
    )
    step = read(adapter, request)
    assert (step.sender.path, step.text, step.destination) == ("+6281200000001", "1*2", "*708#")
    answer = json.loads(adapter.ack(request, Answer("Halo", ends=True)).body)
    assert answer == {"sid": "77", "message": "Halo", "type": "release"}


def test_in_last_mode_the_moment_tells_two_equal_inputs_apart() -> None:
    adapter = ussd(text_mode="last")
    first = read(adapter, form("1"))
    later = read(adapter, form("1", received_at=ARRIVED_AT + timedelta(seconds=6)))
    assert first.external_id != later.external_id
    assert first.session is not None
    assert not first.session.whole_history
    assert first.session.history == "1"


def test_a_session_id_that_comes_back_the_next_day_is_another_session() -> None:
    adapter = ussd()
    tomorrow = read(adapter, form("", received_at=ARRIVED_AT + timedelta(days=1)))
    assert read(adapter, form("")).external_id != tomorrow.external_id


def test_dialling_begins_a_session() -> None:
    history, last = ussd(), ussd(text_mode="last")
    assert read(history, form("")).session.begins  # type: ignore[union-attr]
    assert not read(history, form("1")).session.begins  # type: ignore[union-attr]
    dialled = read(last, form("*708%23"))
    assert dialled.session is not None
    assert (dialled.session.begins, dialled.session.history) == (True, "")
    assert not read(last, form("1")).session.begins  # type: ignore[union-attr]


def test_a_text_encoded_twice_is_decoded_twice_where_the_operator_says_so() -> None:
    assert read(ussd(), form("1%252AJalan%2520rusak")).text == "1%2AJalan%20rusak"
    assert read(ussd(encoded_twice=True), form("1%252AJalan%2520rusak")).text == "1*Jalan rusak"


def test_the_settings_travel_with_the_session() -> None:
    session = read(ussd(page_septets=160, sms_channel="sms"), form("")).session
    assert session is not None
    assert (session.page_septets, session.sms_channel) == (160, "sms")


def test_the_previous_token_is_accepted_during_a_change() -> None:
    adapter = ussd(previous_inbound_token=Secret("lama"))
    adapter.verify(form("", raw_query=b"token=lama"))
    for query in (b"token=lain", b"token=", b""):
        with pytest.raises(SignatureInvalid):
            adapter.verify(form("", raw_query=query))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fields": {"sesi": "sid"}}, "fields has unknown sesi"),
        ({"respond": {"aksi": "type"}}, "respond has unknown aksi"),
        ({"variant": "xml"}, "unknown 'xml'"),
        ({"page_septets": 200}, "at most 182"),
        ({"service_codes": "*1#"}, "did you mean 'service_code'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build_section(UssdSettings, {"service_code": "*708#", "inbound_token": "t", **changes}, "channels.ussd")
