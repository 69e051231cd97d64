"""What the channels of Meta share: signature, handshake, clock, and what an answer of the Graph API means."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.errors import (
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    SendError,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.json_object import called_object
from channels.messages import RawRequest
from channels.meta import graph, webhook
from channels.meta.graph import Refusal
from channels.protocols import HttpResponse
from channels.timestamps import moment
from config.settings import Secret
from tests.channels.scripted_http import ScriptedHttp

NEW, OLD, OTHER = Secret("uji-app-secret-meta-0002"), Secret("uji-app-secret-meta-0001"), Secret("uji-lain")
TOKENS = (Secret("uji-verify-token-meta"), Secret("uji-verify-token-lama"))
BODY = '{"object":"page","teks":"caf\\u00e9 \\ud83d\\ude4f \\/ é"}'.encode()


def signed(secret: Secret, body: bytes = BODY, scheme: str = "sha256=") -> RawRequest:
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    return RawRequest("POST", headers={"x-hub-signature-256": f"{scheme}{digest}"}, body=body)


@pytest.mark.parametrize("secrets", [(NEW, OLD), (OLD, NEW), (OLD, None), (OLD, Secret(""))])
def test_while_the_secret_is_changed_both_are_good(secrets: tuple[Secret | None, ...]) -> None:
    webhook.verify(signed(OLD), secrets, TOKENS)


REFUSED = {
    "another secret": signed(OTHER),
    "another body": RawRequest("POST", headers=signed(OLD).headers, body=BODY + b" "),
    # The same object, written anew: a signature over that would be another one.
    "tidied body": RawRequest("POST", headers=signed(OLD).headers, body=json.dumps(json.loads(BODY)).encode()),
    "no signature": RawRequest("POST", body=BODY),
    "old algorithm": signed(OLD, scheme="sha1="),
    "short": RawRequest("POST", headers={"x-hub-signature-256": signed(OLD).headers["x-hub-signature-256"][:-1]}),
    "no ASCII": RawRequest("POST", headers={"x-hub-signature-256": f"sha256={'é' * 64}"}, body=BODY),
    "only the name": RawRequest("POST", headers={"x-hub-signature-256": "sha256="}, body=BODY),
    "another method": RawRequest("OPTIONS", body=BODY),
}


@pytest.mark.parametrize("name", REFUSED)
def test_c14_f65_only_a_signature_over_the_raw_bytes_proves_a_call(name: str) -> None:
    with pytest.raises(SignatureInvalid):
        webhook.verify(REFUSED[name], (NEW, OLD), TOKENS)


def test_c14_without_a_secret_nothing_is_proven() -> None:
    for secrets in ((), (None,), (Secret(""),)):
        with pytest.raises(SignatureInvalid):
            webhook.verify(signed(Secret("")), secrets, TOKENS)


def handshake(query: str) -> RawRequest:
    return RawRequest("GET", raw_query=query.encode())


@pytest.mark.parametrize("token", ["uji-verify-token-meta", "uji-verify-token-lama"])
def test_a_handshake_is_answered_with_its_number(token: str) -> None:
    request = handshake(f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    webhook.verify(request, (OLD,), TOKENS)
    answer = webhook.challenge(request)
    assert (answer.status, answer.body, answer.content_type) == (200, b"1158201444", "text/plain")


@pytest.mark.parametrize(
    "query",
    [
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=uji-verify-token-salah",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=uji-verify-token-meta",
        "hub.mode=subscribe&hub.challenge=<script>&hub.verify_token=uji-verify-token-meta",
        "hub.mode=subscribe&hub.verify_token=uji-verify-token-meta",
        "",
    ],
)
def test_c14_a_handshake_of_a_stranger_gets_nothing(query: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        webhook.verify(handshake(query), (OLD,), (*TOKENS, None, Secret("")))
    assert "uji" not in str(refused.value)


@pytest.mark.parametrize(
    ("timestamp", "meant"),
    [
        ("1795137300", datetime(2026, 11, 20, 1, 15, tzinfo=UTC)),
        (1795137300, datetime(2026, 11, 20, 1, 15, tzinfo=UTC)),
        ("1795137300500", datetime(2026, 11, 20, 1, 15, 0, 500_000, tzinfo=UTC)),
        (1795137300000, datetime(2026, 11, 20, 1, 15, tzinfo=UTC)),
        ("999999999999999999999999999999", None),
        ("-1", None),
        ("0", None),
        ("²", None),
        (True, None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_f81_seconds_and_milliseconds_are_told_apart(timestamp: object, meant: datetime | None) -> None:
    assert moment(timestamp) == meant


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b'"x"', b"[" * 100_000, b'{"a":' * 100_000])
def test_f73_what_is_no_object_is_not_understood(body: bytes) -> None:
    with pytest.raises(PayloadInvalid):
        called_object(body, "meta")


# Answers of the Graph API

ROWS = (
    Refusal(10, lambda detail: SendRefused("window", detail), subcode=2018278),
    Refusal(10, lambda detail: ChannelStopped("permission", detail)),
    Refusal(200, lambda detail: ChannelStopped("permission", detail), last=299),
    Refusal(4, lambda _: ProviderBusy(2.0, whole_channel=True)),
)


def error(code: object, subcode: object = None, **more: Any) -> bytes:
    told = {"code": code, "message": "Title", **({"error_subcode": subcode} if subcode else {}), **more}
    return json.dumps({"error": told}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, error(10, 2018278), SendRefused, "window"),
        (403, error(10), ChannelStopped, "permission"),
        (403, error(10, 7), ChannelStopped, "permission"),
        (403, error(299), ChannelStopped, "permission"),
        (403, error("200"), ChannelStopped, "permission"),
        (400, error(300), SendRefused, "bad_request"),
        (400, error(4), ProviderBusy, "provider_busy"),
        (429, error(987654), ProviderBusy, "provider_busy"),
        (400, error(987654, is_transient=True), TemporaryFailure, "server_error"),
        (500, error(987654), TemporaryFailure, "server_error"),
        (400, error({"a": 1}), SendRefused, "bad_request"),
        (502, b"<html>Bad Gateway</html>", SendUnknown, "unclear_answer"),
        (503, b"", SendUnknown, "unclear_answer"),
        (500, b'{"ok":false}', SendUnknown, "unclear_answer"),
        (200, b"[]", SendUnknown, "unclear_answer"),
        (400, b"[" * 100_000, SendUnknown, "unclear_answer"),
        (400, b'{"error":"x"}', SendUnknown, "unclear_answer"),
    ],
)
def test_an_answer_means_what_its_code_says(status: int, body: bytes, kind: type[SendError], reason: str) -> None:
    answer = graph.read_answer(HttpResponse(status, body))
    problem = graph.refusal(answer, ROWS)
    assert isinstance(problem, kind)
    assert problem.reason == reason
    assert not answer.succeeded


def test_the_detail_holds_code_and_details_and_is_short() -> None:
    body = error(300, error_data={"details": "x" * 5000})
    assert graph.refusal(graph.read_answer(HttpResponse(400, body)), ROWS).detail == f"300 {'x' * 200}"


async def test_c24_the_token_stands_in_the_header_alone() -> None:
    http = ScriptedHttp([HttpResponse(200, b'{"id":"1"}')])
    answer = await graph.call(
        http, "GET", "https://graph.example/v25.0/1", Secret("uji-token"), query=[("fields", "id")]
    )
    assert answer.succeeded
    [call] = http.calls
    assert call.headers == {"authorization": "Bearer uji-token"}
    assert "uji-token" not in call.url + call.query.decode()
