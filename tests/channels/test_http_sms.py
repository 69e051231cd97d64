"""Any provider by configuration: the examples of the page run as they stand, and no table can do more than fill in texts."""

import base64
import hashlib
import hmac
import json
import re
import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import (
    AnswerLost,
    ChannelStopped,
    NotSent,
    PartlyInvalid,
    PayloadInvalid,
    ProviderBusy,
    RecipientRefused,
    SendError,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
)
from channels.messages import Address, Answer, InboundMessage, OutboundMessage, RawRequest, SendReceipt
from channels.protocols import HttpResponse
from channels.registry import Channel, build
from channels.sms.http_sms.rehearsal import rehearse
from channels.sms.http_sms.words import VALUES
from config.load import settings_from
from config.settings import ChannelTable, SettingsError
from tests.channels.recorded import ARRIVED_AT, PAYLOADS, channel_for, channels_of, read_request, read_target
from tests.channels.scripted_http import ScriptedHttp

FOLDER = PAYLOADS / "http_sms"
PAGE = Path(__file__).parents[2] / "docs" / "channels" / "http_sms.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [(kind, text) for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
EXAMPLES = [[text for _, text in BLOCKS[place : place + 3]] for place in range(0, len(BLOCKS), 3)]
KEYS = {"api_token": "uji-token", "hmac_key": "uji-kunci-hmac", "user_password": "sandi-uji"}
CITIZEN = Address("tel", "+6281200000001")
REPORTS = "https://aduan.example/c/sms-lama/status"
TAKEN = HttpResponse(202, b'{"data":{"message_id":"p-1"}}')


def table_of(name: str = "sms-contoh") -> dict[str, Any]:
    tree: dict[str, Any] = tomllib.loads((FOLDER / "channel.toml").read_text(encoding="utf-8"))[name]
    del tree["kind"]
    return tree


def built(table: dict[str, Any]) -> Channel:
    channels = build([ChannelTable("sms", "http_sms", table)], absent_secret=lambda _: "x" * 40)
    return channels["sms"]


def contoh(**outbound: Any) -> Channel:
    table = table_of()
    table["outbound"] |= outbound
    return built(table)


def message(text: str = "Laporan diterima.", **changes: Any) -> OutboundMessage:
    return OutboundMessage(
        **{"id": "ob_0000000000001", "address": CITIZEN, "text": text, "report_url": REPORTS} | changes
    )


async def sent(channel: Channel, outbound: OutboundMessage, answer: HttpResponse = TAKEN) -> tuple[ScriptedHttp, Any]:
    http = ScriptedHttp([answer])
    assert channel.sender is not None
    try:
        return http, await channel.sender.send(outbound, http)
    except SendError as problem:
        return http, problem


# The page


@pytest.mark.parametrize("example", EXAMPLES[:2], ids=["json", "form"])
async def test_an_example_of_the_page_sends_and_hears_as_the_page_says(example: list[str]) -> None:
    settings, request, call = example
    tree = tomllib.loads(settings)
    [(name, table)] = tree["channels"].items()
    table["secrets"] = {key: KEYS[key] for key in table["secrets"]}
    if "inbound_token" in table:
        table["inbound_token"] = "kunci-uji"
    del table["kind"]
    channel = build([ChannelTable(name, "http_sms", table)], absent_secret=str)[name]
    answer = TAKEN if table["outbound"].get("body_kind") == "json" else HttpResponse(200, b"0|7781")
    http, receipt = await sent(channel, message(), answer)
    first, body = request.strip().split("\n")
    assert f"{http.calls[0].method} {http.calls[0].url}" == first
    assert http.calls[0].body == body.encode()
    assert receipt == SendReceipt("p-1" if name == "sms" else "7781")
    [event] = channel.adapter.parse(the_call(table, call.strip()))  # type: ignore[attr-defined]
    assert isinstance(event, InboundMessage)
    assert (event.external_id, event.sender, event.text) == ("mo:mo-1", CITIZEN, "Lampu padam")
    assert event.sent_at == datetime(2026, 11, 20, 1, 15, tzinfo=UTC)


def the_call(table: dict[str, Any], text: str) -> RawRequest:
    if table["inbound"]["body_kind"] == "query":
        return RawRequest("GET", raw_query=text.encode())
    return RawRequest("POST", body=text.encode())


def test_the_page_has_examples_of_different_shape() -> None:
    assert [kind for kind, _ in BLOCKS] == ["toml", "http", "json", "toml", "http", "text", "toml", "http", "xml"]


# Sending


async def test_a_text_leaves_as_recorded() -> None:
    method, target, body = read_target(FOLDER / "out-send.http")
    channel = channel_for(FOLDER / "in-mo-batch.http")
    given = message("Laporan Anda diterima. Nomor KB-2026-000123.", id="ob_01JD0000000000000000000042")
    http, _ = await sent(channel, given)
    [call] = http.calls
    assert (call.method, urlsplit(call.url).path, call.body) == (method, target, body)
    assert call.headers == {
        "Authorization": "Bearer uji-token",
        "Idempotency-Key": given.id,
        "Content-Type": "application/json",
    }
    assert call.options["trusted"] is False  # the address guard holds
    assert call.options["max_bytes"] == 64 * 1024


async def test_a_provider_file_in_json_with_secrets_of_the_environment_is_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMS_CONTOH_TOKEN", "uji-token")
    monkeypatch.setenv("SMS_CONTOH_HMAC", "uji-hmac-http-sms-0001")
    table = {"number": "1708", "coverage": "-", "tariff_note": "-", "provider": str(FOLDER / "provider.json")}
    from_file = built(dict(table))
    ours, _ = await sent(channels_of("http_sms")["sms-contoh"], message())
    theirs, _ = await sent(from_file, message())
    assert ours.calls == theirs.calls
    request = read_request(FOLDER / "in-mo-batch.http")
    from_file.verify(request)
    assert from_file.receiver is not None
    assert len(from_file.receiver.parse(request)) == 2
    monkeypatch.delenv("SMS_CONTOH_TOKEN")
    with pytest.raises(SettingsError, match="no SMS_CONTOH_TOKEN"):
        built(dict(table))
    monkeypatch.setenv("SMS_CONTOH_TOKEN", "t")
    (tmp_path / "p.toml").write_text("[outbound]\nurl = 'https://x.example'\nbodi = 1\n")
    with pytest.raises(SettingsError, match=r"p\.toml\.outbound\.bodi.*did you mean 'body'"):
        built(table | {"provider": str(tmp_path / "p.toml")})


@pytest.mark.parametrize(
    ("auth", "carries"),
    [
        ({"kind": "basic", "username": "u", "password": "secret:api_token"}, "authorization: Basic dTp1amktdG9rZW4="),
        ({"kind": "header", "name": "X-Key", "value": "secret:api_token"}, "x-key: uji-token"),
        ({"kind": "query", "name": "k", "value": "secret:api_token"}, "?k=uji-token"),
        ({"kind": "body", "fields": {"k": "secret:api_token"}}, '"k":"uji-token"'),
    ],
)
async def test_every_way_to_prove_who_we_are(auth: dict[str, Any], carries: str) -> None:
    http, _ = await sent(contoh(auth=auth), message())
    [call] = http.calls
    headers = "\n".join(f"{name.lower()}: {value}" for name, value in call.headers.items())
    assert carries in f"{call.url}\n{headers}\n{(call.body or b'').decode()}"


async def test_a_signature_covers_the_very_body() -> None:
    auth = {"kind": "hmac", "name": "X-Sign", "key": "secret:hmac_key", "signed": "{out.id}.{body}", "prefix": "v1="}
    http, _ = await sent(contoh(auth=auth | {"encoding": "base64"}), message("Jum’at 🙏"))
    [call] = http.calls
    digest = hmac.new(b"uji-hmac-http-sms-0001", b"ob_0000000000001." + (call.body or b""), hashlib.sha256).digest()
    assert call.headers["X-Sign"] == f"v1={base64.b64encode(digest).decode()}"


@given(
    text=st.text(min_size=1, max_size=200), number=st.from_regex(r"[+0-9a-zA-Z &=\r\n\"{}%?#/]{1,20}", fullmatch=True)
)
async def test_no_text_or_number_leaves_its_place(text: str, number: str) -> None:
    """What a citizen wrote fills one value: it adds no field, header, parameter or path, and is never read as a template."""
    text = text.encode("utf-8", "replace").decode()
    outbound = message(text, sent_from=number)
    url = "https://api.sms.example/{channel.address}/kirim?teks={text}"
    channel = contoh(url=url, headers={"X-From": "{channel.address}"}, max_segments=20, query={"dari": "{text}"})
    http, _ = await sent(channel, outbound)
    [call] = http.calls
    place = urlsplit(call.url)
    assert (place.scheme, place.netloc, place.fragment, place.path.count("/")) == ("https", "api.sms.example", "", 2)
    assert parse_qs(place.query, keep_blank_values=True) == {"teks": [text], "dari": [text]}
    body = json.loads(call.body or b"")
    assert body == {
        "to": "6281200000001", "from": number, "message": text, "reference": outbound.id,
        "unicode": body["unicode"],
    }  # fmt: skip
    assert not re.search(r"[\x00-\x1f\x7f]", call.headers["X-From"])
    lama = channels_of("http_sms")["sms-lama"]
    http, _ = await sent(lama, outbound, HttpResponse(200, b"0|1"))
    fields = parse_qsl((http.calls[0].body or b"").decode(), keep_blank_values=True)
    assert [name for name, _ in fields] == ["no", "isi", "id", "dlr", "user", "pass"]
    assert dict(fields)["isi"] == text


@given(st.text(max_size=60))
def test_whatever_a_template_says_it_is_filled_in_or_refused(text: str) -> None:
    """No expression, attribute, index or format works: only names of the table do."""
    with suppress(SettingsError):
        contoh(body={"x": text})


def refusals() -> list[tuple[dict[str, Any], str]]:
    outbound = {"outbound": {"url": "https://x.example", "body": {}}}
    fields = {"from": "$.a", "text": "$.t", "id": "$.i"}
    return [
        ({"outbound": {"body": {"to": "{to.__class__}"}}}, r"sms\.outbound\.body\.to: unknown placeholder"),
        ({"outbound": {"body": {"to": "{text!r}"}}}, r"outbound\.body\.to: a lone {"),
        (
            {"outbound": {"body": {"a": [{"b": "{tex}"}]}}},
            r"outbound\.body\.a\[0\]\.b: unknown placeholder {tex}; known",
        ),
        ({"outbound": {"body": {"to": "{text|rot13}"}}}, "unknown filter 'rot13'"),
        ({"outbound": {"body": {"to": "{text:int}"}}}, "have a type"),
        ({"outbound": {"body": {"to": "{secret.lain}"}}}, "no 'lain' among"),
        ({"outbound": {"url": "https://{text}/x"}}, r"outbound\.url: .*host"),
        ({"outbound": {"url": "https://api.{text}.example/x"}}, r"outbound\.url: .*host"),
        ({"outbound": {"url": "http://api.sms.example/x"}}, r"outbound\.url: must begin with https"),
        ({"outbound": {"url": "file:///etc/passwd"}}, r"outbound\.url"),
        ({"outbound": {"headers": {"X Y": "1"}}}, r"'X Y' is no name"),
        ({"outbound": {"method": "GET"}}, r"outbound\.method: GET carries no body"),
        ({"outbound": {"body_kind": "raw", "body": "<t>{text}</t>"}}, r"outbound\.body: every placeholder"),
        ({"outbound": {"auth": {"kind": "bearer", "token": "abc"}}}, r"outbound\.auth\.token: must be a reference"),
        ({"outbound": {"accept": {"id_path": "data.id"}}}, r"accept\.id_path: must begin with \$"),
        ({"outbound": {"accept": {"id_regex": "("}}}, r"accept\.id_regex: is no regular"),
        ({"outbound": {"accept": {"id_regex": "(x)"}}}, r"accept\.id_regex: needs a group named v"),
        ({"inbound": {"auth": {"kind": "hmac", "header": "X", "signed": "{path}"}}}, r"inbound\.auth\.signed"),
        ({"inbound": {"auth": {"kind": "none"}}}, r"inbound\.auth\.kind: unknown 'none'"),
        ({"inbound": {"auth": {"kind": "url_key"}}}, r"inbound_token: is missing"),
        ({"inbound": {"items_path": "$.messages"}}, r"inbound\.items_path"),
        ({"inbound": {"charset": "bukan-1"}}, r"inbound\.charset"),
        ({"inbound": {"fields": fields | {"time": {"path": "$.t", "format": "iso"}}}}, r"fields\.time\.format"),
        ({"inbound": {"fields": fields | {"time": {"path": "$.t", "tz": "Asia/X"}}}}, r"fields\.time\.tz"),
        ({"inbound": {"fields": {"from": "$.a", "text": "$.t"}}}, r"inbound\.fields: need an id"),
        ({"inbound": {"fields": fields | {"from": "$..a"}}}, r"inbound\.fields\.from: not understood"),
        ({"receipts": {"map": {"X": "sampai"}}}, r"receipts\.map\.X: unknown 'sampai'"),
        ({"receipts": {"path": ""}}, r"receipts\.when: is missing"),
        ({"receipts": {"fields": {"status": "$.s"}}}, r"receipts\.fields: need id or reference"),
        ({"secrets": {"hmac": "x"}}, r"secrets\.hmac: end its name"),
        ({"provider": "p.toml", **outbound}, r"provider: stands beside"),
    ]


@pytest.mark.parametrize(("changes", "words"), refusals(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_work_ends_the_start_and_is_named(changes: dict[str, Any], words: str) -> None:
    table = table_of()
    for key, value in changes.items():
        table[key] = {**table[key], **value} if isinstance(value, dict) and key in table and key != "secrets" else value
    with pytest.raises(SettingsError, match=words) as refused:
        built(table)
    assert refused.value.key.startswith("channels.sms")
    assert not [secret for secret in ("uji-token", "uji-hmac") if secret in str(refused.value)]


def test_a_missing_table_is_named() -> None:
    with pytest.raises(SettingsError, match=r"channels\.sms\.outbound: is missing"):
        built({"number": "1", "coverage": "-", "tariff_note": "-"})
    with pytest.raises(SettingsError, match=r"cannot read /tidak/ada\.toml"):
        built({"number": "1", "coverage": "-", "tariff_note": "-", "provider": "/tidak/ada.toml"})


def test_a_channel_without_inbound_only_sends() -> None:
    table = table_of()
    del table["inbound"], table["receipts"]
    channel = built(table)
    assert (channel.receiver, channel.hears, channel.capabilities.reports) == (None, False, False)


def test_a_reference_is_no_weak_secret_of_the_settings() -> None:
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    warned = settings_from(BLOCKS[0][1], environ).warnings
    assert warned  # of the secrets themselves: they are dots
    assert not [warning for warning in warned if "auth" in warning]


# Answers

ANSWERS: list[tuple[dict[str, Any], HttpResponse, type[SendError] | None]] = [
    ({}, HttpResponse(200, b'{"data":{"message_id":7}}'), None),
    ({}, HttpResponse(401, b""), ChannelStopped),
    ({}, HttpResponse(402, b""), ChannelStopped),
    ({}, HttpResponse(409, b""), SendRefused),
    ({}, HttpResponse(301, b"", {"location": "https://x"}), SendUnknown),
    ({}, HttpResponse(200, b'{"error":{"code":"RATE_LIMIT"}}'), ProviderBusy),
    ({}, HttpResponse(200, b"[" * 5000), SendUnknown),
    ({}, HttpResponse(200, b'"\xff"'), SendUnknown),
    ({"blocked": {"codes": ["DND"]}}, HttpResponse(200, b'{"error":{"code":"DND"}}'), RecipientRefused),
    ({"temporary": {"codes": ["9"]}}, HttpResponse(200, b'{"error":{"code":9}}'), TemporaryFailure),
    ({"temporary": {"status": [500]}}, HttpResponse(500, b""), TemporaryFailure),
    ({"stop": {"codes": ["SALDO"]}}, HttpResponse(200, b'{"error":{"code":"SALDO"}}'), ChannelStopped),
    ({"idempotent": True}, HttpResponse(500, b""), TemporaryFailure),
    ({"idempotent": True}, HttpResponse(200, b"{}"), TemporaryFailure),
    ({"accept": {"when": {"path": "$.ok", "equals": ["true"]}}}, HttpResponse(200, b'{"ok":true}'), None),
    ({"accept": {"when": {"path": "$.ok", "equals": ["true"]}}}, HttpResponse(200, b'{"ok":false}'), SendUnknown),
]


@pytest.mark.parametrize(("outbound", "answer", "outcome"), ANSWERS)
async def test_an_answer_means_what_the_table_says(
    outbound: dict[str, Any], answer: HttpResponse, outcome: type[SendError] | None
) -> None:
    _, result = await sent(contoh(**outbound), message(), answer)
    assert isinstance(result, SendReceipt) if outcome is None else type(result) is outcome


@pytest.mark.parametrize(
    ("header", "seconds"), [("12", 12), ("", 30), ("Fri, 20 Nov 2026 01:00:00 GMT", 30), ("-1", 30), ("999999", 3600)]
)
async def test_how_long_to_wait(header: str, seconds: float) -> None:
    _, busy = await sent(contoh(), message(), HttpResponse(429, b"", {"retry-after": header}))
    assert (busy.retry_after, busy.whole_channel) == (seconds, True)


async def test_a_lost_answer_is_tried_again_only_where_the_provider_sends_once() -> None:
    for idempotent, outcome in ((False, SendUnknown), (True, TemporaryFailure)):
        sender = contoh(idempotent=idempotent).sender
        assert sender is not None
        with pytest.raises(outcome):
            await sender.send(message(), ScriptedHttp([AnswerLost("closed")]))
    assert contoh(idempotent=True).capabilities.idempotent


@pytest.mark.parametrize(
    ("outbound", "reason"),
    [
        (message("a" * 1531), "too_long"),
        (message(""), "empty"),
        (message(address=Address("sender", "INFO")), "no_such_address"),
    ],
)
async def test_what_cannot_be_sent_never_leaves(outbound: OutboundMessage, reason: str) -> None:
    http, refused = await sent(contoh(), outbound)
    assert (refused.reason, http.calls) == (reason, [])


# Calls


def test_one_broken_message_does_not_cost_the_others() -> None:
    channel, request = channel_for(FOLDER / "broken-one-of-two.http"), read_request(FOLDER / "broken-one-of-two.http")
    assert channel.receiver is not None
    with pytest.raises(PartlyInvalid) as partly:
        channel.receiver.parse(request)
    assert [getattr(event, "external_id", "") for event in partly.value.understood] == ["mo:mo-9"]


@given(number=st.integers(0, 2**63 - 1))
async def test_a_number_for_our_id_comes_back_as_our_id(number: int) -> None:
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    ours = "ob_" + "".join(alphabet[number >> bits & 31] for bits in range(60, -1, -5))
    http, _ = await sent(channels_of("http_sms")["sms-lama"], message(id=ours), HttpResponse(200, b"0|1"))
    given_id = dict(parse_qsl((http.calls[0].body or b"").decode()))["id"]
    query = f"token=uji-kunci-url-0123456789abcdef0123&jenis=dlr&st=2&id={given_id}".encode()
    receiver = channels_of("http_sms")["sms-lama"].receiver
    assert receiver is not None
    [report] = receiver.parse(RawRequest("GET", raw_query=query))
    assert (given_id, getattr(report, "message_id", "")) == (str(number), ours)


def test_a_call_is_answered_in_the_words_of_the_provider() -> None:
    for name, body, content_type in (
        ("in-mo-batch", b'{"ok":true}', "application/json"),
        ("in-mo-query", b"OK", "text/plain; charset=utf-8"),
    ):
        response = channel_for(FOLDER / f"{name}.http").adapter.ack(read_request(FOLDER / f"{name}.http"), Answer("x"))  # type: ignore[attr-defined]
        assert (response.status, response.body, response.content_type) == (200, body, content_type)


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (
            {"kind": "basic", "username": "u", "password": "secret:api_token"},
            {"authorization": "Basic dTp1amktdG9rZW4="},
        ),
        ({"kind": "header", "header": "X-Key", "value": "secret:api_token"}, {"x-key": "uji-token"}),
    ],
)
def test_c14_a_login_is_compared_whole(auth: dict[str, Any], headers: dict[str, str]) -> None:
    table = table_of()
    table["inbound"]["auth"] = auth
    channel = built(table)
    channel.verify(RawRequest("POST", headers=headers))
    for wrong in ({}, {name: value[:-1] for name, value in headers.items()}):
        with pytest.raises(SignatureInvalid):
            channel.verify(RawRequest("POST", headers=wrong))


def test_c14_the_previous_key_of_a_signature_is_taken_too() -> None:
    table = table_of()
    table["secrets"] |= {"old_key": "uji-hmac-http-sms-0001", "hmac_key": "baru-0123456789"}
    with pytest.raises(SignatureInvalid):
        built(table).verify(read_request(FOLDER / "in-mo-batch.http"))
    table["inbound"]["auth"]["previous_secret"] = "secret:old_key"
    built(table).verify(read_request(FOLDER / "in-mo-batch.http"))


def test_without_an_id_the_same_message_has_the_same_key_and_another_has_not() -> None:
    table = table_of()
    del table["inbound"]["fields"]["id"]
    receiver = built(table).receiver
    assert receiver is not None

    def key(text: str = "a", at: str = "2026-11-20T08:15:00+07:00") -> str:
        item = {"sender": "0812", "recipient": "1708", "text": text, "received_at": at}
        body = json.dumps({"messages": [item]}).encode()
        [event] = receiver.parse(RawRequest("POST", body=body, received_at=ARRIVED_AT))
        return getattr(event, "external_id", "")

    assert key() == key()
    assert len({key(), key("b"), key(at="2026-11-20T08:15:01+07:00")}) == 3


async def test_a_check_says_what_to_mend() -> None:
    adapter: Any = contoh().adapter
    assert await adapter.check(ScriptedHttp([HttpResponse(404, b"")]), "https://aduan.example/c/sms") == []
    [problem] = await adapter.check(ScriptedHttp([NotSent("refused")]), "https://aduan.example/c/sms")
    assert "api.sms.example does not answer" in problem
    [problem] = await adapter.check(ScriptedHttp([HttpResponse(200, b"")]), "http://127.0.0.1/c/sms")
    assert "server.public_url" in problem


def test_every_placeholder_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in VALUES if f"`{{{name}}}`" not in page]


# A file tried without its provider


def rehearsed(folder: Path, **samples: str) -> list[str]:
    file = folder / "contoh.json"
    file.write_bytes((FOLDER / "provider.json").read_bytes())
    for suffix, text in samples.items():
        file.with_suffix(f".{suffix}").write_text(text)
    return list(rehearse(file))


def body_of(name: str) -> str:
    return read_request(FOLDER / f"{name}.http").body.decode()


def test_a_provider_file_is_tried_with_its_samples_and_no_secret(tmp_path: Path) -> None:
    lines = rehearsed(tmp_path, mo=body_of("in-mo-batch"), dlr=body_of("in-dlr"))
    assert lines[0] == "POST https://api.sms.example/v1/messages"
    assert "Authorization: Bearer ***" in lines
    assert '{"to":"6281200000000","from":"1708","message":"Laporan diterima.","unicode":false' in "\n".join(lines)
    assert lines[-3:] == [
        "contoh.mo: mo:mo-1 from tel:+6281200000001 to 1708, 2026-11-20T08:15:00+07:00: Jalan berlubang di depan pasar",
        "contoh.mo: mo:mo-2 from tel:+6281200000002 to 1708, 2026-11-20T01:15:02+00:00: Lampu jalan padam",
        "contoh.dlr: ob_01JD0000000000000000000042 is delivered",
    ]


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({"mo": '{"messages":[{"id":"1","from":"0812","text":"x"}]}'}, r"contoh\.mo: .*needs a sender"),
        ({"mo": '{"messages":[]}'}, r"contoh\.mo: nothing in it"),
        (
            {"mo": '{"messages":[{"id":"1","sender":"0812","pesan":"x"}]}'},
            r"contoh\.mo: no text at inbound\.fields\.text",
        ),
        ({"dlr": '{"state":"DELIVERED"}'}, r"contoh\.dlr: .*needs a message and a status"),
    ],
)
def test_a_sample_that_does_not_fit_is_named(tmp_path: Path, samples: dict[str, str], words: str) -> None:
    with pytest.raises(PayloadInvalid, match=words):
        rehearsed(tmp_path, **samples)


# Tokens


OAUTH = {
    "kind": "oauth2_client",
    "token_url": "https://token.example/oauth2",
    "client_id": "satupintu",
    "client_secret": "secret:api_token",
    "scope": "sms",
}


def given_out(token: str) -> HttpResponse:
    return HttpResponse(200, json.dumps({"access_token": token, "expires_in": 3600}).encode())


async def test_a_token_is_asked_for_once_and_once_more_when_it_is_refused() -> None:
    http = ScriptedHttp([given_out("satu"), TAKEN, HttpResponse(401, b"{}"), given_out("dua"), TAKEN])
    channel = contoh(auth=OAUTH)
    assert channel.sender is not None
    for _ in range(2):
        assert await channel.sender.send(message(), http) == SendReceipt("p-1")
    asked = [call.headers.get("Authorization", call.form) for call in http.calls]
    form = {"grant_type": "client_credentials", "client_id": "satupintu", "client_secret": KEYS["api_token"]}
    told = form | {"scope": "sms"}
    assert asked == [told, "Bearer satu", "Bearer satu", told, "Bearer dua"]


async def test_a_token_that_is_not_given_out_stops_the_channel_before_anything_is_sent() -> None:
    http, outcome = await sent(contoh(auth=OAUTH), message(), HttpResponse(401, b'{"error":"invalid_client"}'))
    assert (type(outcome), len(http.calls)) == (ChannelStopped, 1)


@pytest.mark.parametrize("changes", [{"token_url": "http://token.example"}, {"client_id": ""}, {"client_secret": "x"}])
def test_a_grant_that_cannot_be_right_ends_the_start(changes: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"outbound\.auth"):
        contoh(auth=OAUTH | changes)
