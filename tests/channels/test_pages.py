"""Messenger and Instagram: what leaves, in how many pieces, within which window; whether Meta still brings us everything."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from channels.errors import (
    AddressRefused,
    AnswerLost,
    FileGone,
    PartlyInvalid,
    PayloadInvalid,
    ProviderBusy,
    SendHeld,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
)
from channels.messages import (
    Address,
    Answer,
    AttachmentRef,
    DeliveryReport,
    InboundMessage,
    OutboundMessage,
    RawRequest,
)
from channels.protocols import HttpResponse
from channels.registry import Channel, build
from config.settings import ChannelTable, SettingsError
from tests.channels.recorded import PAYLOADS, channels_of, read_request, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

URL = "https://aduan.contoh.example/c/meta"
SECRET = b"uji-app-secret-meta-0001"
TAKEN = HttpResponse(200, b'{"recipient_id":"5000000000000001","message_id":"m_KELUAR0001"}')
CLOSED = read_response(PAYLOADS / "messenger/resp-400-window.http")
ID = "ob_01JD0000000000000000000042"


def channel(kind: str = "messenger", **changes: Any) -> Channel:
    """The channel of the recordings, with some keys changed."""
    known = {"page_id": "400000000000001", "token": "uji-token-halaman", "app_secret": SECRET.decode()}
    keys = known | {"verify_token": "uji-verify-token-meta", "app_id": "600000000000001"} | changes
    if kind == "instagram":
        keys = {"account_id": "17840000000000001"} | keys
    return build([ChannelTable("meta", kind, keys)], absent_secret=str)["meta"]


def message(text: str, scheme: str = "fb", **changes: Any) -> OutboundMessage:
    return OutboundMessage(ID, Address(scheme, "5000000000000001"), text, **changes)


async def sent(of: Channel, said: OutboundMessage, *answers: HttpResponse) -> tuple[ScriptedHttp, str]:
    http = ScriptedHttp(list(answers) or [TAKEN])
    assert of.sender is not None
    receipt = await of.sender.send(said, http)
    return http, receipt.provider_id


async def test_a_text_leaves_as_it_was_recorded() -> None:
    _, target, body = read_target(PAYLOADS / "messenger/out-message.http")
    http, name = await sent(channel(), message("Laporan Anda kami terima. Nomor: KB-2026-000125."))
    assert (http.calls[0].url, http.calls[0].json) == (f"https://graph.facebook.com{target}", json.loads(body))
    assert http.calls[0].headers["authorization"] == "Bearer uji-token-halaman"
    assert name == "m_KELUAR0001"


async def test_an_answer_to_a_comment_is_a_private_reply() -> None:
    _, _, body = read_target(PAYLOADS / "instagram/out-private-reply.http")
    text = "Terima kasih. Agar bisa kami proses, kirim detail lokasi lewat pesan ini."
    http, _ = await sent(channel("instagram"), message(text, "ig", reply_to="c:17900000000000001"))
    assert http.calls[0].json == json.loads(body)
    http, _ = await sent(channel(), message(text, reply_to="c:17_9"))
    assert http.calls[0].json == {"recipient": {"comment_id": "17_9"}, "message": {"text": text, "metadata": ID}}


@pytest.mark.parametrize(("kind", "scheme", "below"), [("messenger", "fb", "comments"), ("instagram", "ig", "replies")])
async def test_a_public_sentence_stands_below_its_comment(kind: str, scheme: str, below: str) -> None:
    said = OutboundMessage(ID, Address(f"{scheme}-comment", "17_9"), "Terima kasih, kami kirim pesan pribadi.")
    http, name = await sent(channel(kind), said, HttpResponse(200, b'{"id":"17_10"}'))
    assert http.calls[0].url.endswith(f"/v25.0/17_9/{below}")
    assert (http.calls[0].json, name) == ({"message": said.text}, "17_10")


@pytest.mark.parametrize(
    ("kind", "scheme", "text", "sizes"),
    [
        ("messenger", "fb", "a" * 1999 + " " + "b" * 2000, [1999, 2000]),
        ("instagram", "ig", "a" * 990 + " " + "b" * 1000 + "\n" + "c" * 10, [990, 1000, 10]),
        ("instagram", "ig", "é" * 1200, [1000, 1000, 400]),
    ],
)
async def test_long_texts_leave_in_pieces_of_which_the_last_has_our_name(
    kind: str, scheme: str, text: str, sizes: list[int]
) -> None:
    http, _ = await sent(channel(kind), message(text, scheme))
    pieces = [call.json["message"] for call in http.calls]
    assert [len(piece["text"].encode()) for piece in pieces] == sizes
    assert [piece["metadata"] for piece in pieces] == [*(f"{ID}/{n}" for n in range(1, len(sizes))), ID]


async def test_a_text_that_needs_too_many_pieces_or_none_is_a_fault_of_ours() -> None:
    for text in ("x" * 6001, "  "):
        with pytest.raises(SendRefused) as refused:
            await sent(channel(), message(text))
        assert refused.value.alert


async def test_words_that_do_not_fit_into_a_private_reply_are_not_left_out() -> None:
    with pytest.raises(SendRefused, match="too_long"):
        await sent(channel("instagram"), message("é" * 501, "ig", reply_to="c:17900000000000001"))


async def test_what_broke_off_after_its_beginning_is_not_sent_again() -> None:
    with pytest.raises(SendUnknown) as unknown:
        await sent(channel(), message("a" * 3000), TAKEN, CLOSED)
    assert unknown.value.reason == "partly_sent"


@pytest.mark.parametrize(("typed", "granted", "calls"), [(True, True, 2), (True, False, 1), (False, True, 1)])
async def test_only_what_an_officer_typed_leaves_after_the_window(typed: bool, granted: bool, calls: int) -> None:
    http = ScriptedHttp([CLOSED, TAKEN])
    sender = channel(human_agent=granted).sender
    assert sender is not None
    if calls == 1:
        with pytest.raises(SendHeld):
            await sender.send(message("Petugas datang besok.", typed=typed), http)
    else:
        await sender.send(message("Petugas datang besok.", typed=typed), http)
        assert http.calls[1].json["tag"] == "HUMAN_AGENT"
        assert http.calls[1].json["messaging_type"] == "MESSAGE_TAG"
    assert len(http.calls) == calls


@pytest.mark.parametrize("address", [Address("fb", "../me"), Address("fb-comment", "../me"), Address("tel", "+62")])
async def test_c14_no_address_leads_to_another_call(address: Address) -> None:
    with pytest.raises(SendRefused):
        await sent(channel(), OutboundMessage(ID, address, "Halo"))


async def test_private_replies_leave_ten_a_minute_and_nobody_else_waits_for_them() -> None:
    of, http = channel(), ScriptedHttp([TAKEN])
    assert of.sender is not None
    for number in range(10):
        await of.sender.send(message("Terima kasih.", reply_to=f"c:{number}"), http)
    with pytest.raises(ProviderBusy) as busy:
        await of.sender.send(message("Terima kasih.", reply_to="c:10"), http)
    assert busy.value.this_lane
    assert 0 < busy.value.retry_after <= 60
    await of.sender.send(message("Laporan Anda kami terima."), http)


# -- coming in --------------------------------------------------------------------------


def test_the_handshake_is_answered_with_its_challenge_alone() -> None:
    request = read_request(PAYLOADS / "messenger/forged-verify-token.http")
    good = replace(request, raw_query=request.raw_query.replace(b"salah", b"uji-verify-token-meta"))
    of = channel()
    of.verify(good)
    assert of.receiver is not None
    assert of.receiver.parse(good) == ()
    answer = of.receiver.ack(good, Answer())
    assert (answer.status, answer.body, answer.content_type) == (200, b"1158201444", "text/plain")


def test_messages_in_standby_are_read_where_that_is_wanted() -> None:
    request = read_request(PAYLOADS / "messenger/in-standby.http")
    receiver = channel(read_standby=True).receiver
    assert receiver is not None
    [said] = receiver.parse(request)
    assert isinstance(said, InboundMessage)
    assert said.text == "Halo admin"


def test_one_unclear_element_keeps_no_other_back() -> None:
    good = {"sender": {"id": "5"}, "recipient": {"id": "400000000000001"}, "message": {"mid": "m_1", "text": "Got"}}
    entry = {"id": "400000000000001", "messaging": [{"sender": 5}, good]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    receiver = channel().receiver
    assert receiver is not None
    with pytest.raises(PartlyInvalid) as problem:
        receiver.parse(RawRequest("POST", body=body))
    assert [event.text for event in problem.value.understood if isinstance(event, InboundMessage)] == ["Got"]


def test_a_call_about_whatsapp_at_the_wrong_address_is_put_aside() -> None:
    receiver = channel().receiver
    assert receiver is not None
    with pytest.raises(PayloadInvalid):
        receiver.parse(RawRequest("POST", body=b'{"object":"whatsapp_business_account","entry":[{"id":"1"}]}'))


def test_f81_seconds_and_milliseconds_mean_the_same_moment() -> None:
    read = {
        "sender": {"id": "5"},
        "recipient": {"id": "400000000000001"},
        "timestamp": 1795137309,
        "read": {"watermark": 1795137309},
    }
    receiver = channel().receiver
    assert receiver is not None
    moments = []
    for factor in (1, 1000):
        event = {**read, "read": {"watermark": 1795137309 * factor}}
        entry = {"id": "400000000000001", "messaging": [event]}
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        [report] = receiver.parse(RawRequest("POST", body=body))
        assert isinstance(report, DeliveryReport)
        moments.append(report.at)
    assert moments[0] == moments[1]


# -- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://fbcdn.net.jahat.example/x",
        "http://scontent.fbcdn.net/x",
        "https://evilfbcdn.net/x",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "https://user@jahat.example/.fbcdn.net",
    ],
)
async def test_c23_files_come_from_hosts_of_meta_alone(url: str) -> None:
    fetcher = channel().fetcher
    assert fetcher is not None
    with pytest.raises(AddressRefused):
        await fetcher.fetch(AttachmentRef(url), ScriptedHttp([TAKEN]), 100)


async def test_a_file_is_fetched_from_its_address_through_the_guard() -> None:
    fetcher = channel().fetcher
    assert fetcher is not None
    http = ScriptedHttp([HttpResponse(200, b"JPEG", {"content-type": "image/png"}), HttpResponse(403, b"")])
    found = await fetcher.fetch(AttachmentRef("https://scontent.fbcdn.net/x?y=1", "image/jpeg"), http, 100)
    assert (found.content, found.media_type) == (b"JPEG", "image/png")
    assert http.calls[0].options["trusted"] is False
    with pytest.raises(FileGone):
        await fetcher.fetch(AttachmentRef("https://scontent.fbcdn.net/x?y=1"), http, 100)
    with pytest.raises(AnswerLost):
        await fetcher.fetch(AttachmentRef("https://lookaside.fbsbx.com/x"), ScriptedHttp([HttpResponse(500, b"")]), 9)


# -- the check ------------------------------------------------------------------------------

FIELDS = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "feed",
]
SEEN = ["messages", "messaging_postbacks", "messaging_seen", "comments", "mentions"]


def answered(tree: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, json.dumps(tree).encode())


def page(account: str = "17840000000000001") -> HttpResponse:
    return answered({"id": "400000000000001", "name": "Contoh", "instagram_business_account": {"id": account}})


def app(app_id: str = "600000000000001", fields: list[str] = FIELDS) -> HttpResponse:
    return answered({"data": [{"id": app_id, "subscribed_fields": fields}]})


def hook(url: str = URL, fields: list[str] = FIELDS, kind: str = "page") -> HttpResponse:
    row = {"object": kind, "callback_url": url, "active": True, "fields": [{"name": field} for field in fields]}
    return answered({"data": [row]})


DONE = answered({"success": True})


@pytest.mark.parametrize(
    ("kind", "answers", "says"),
    [
        ("messenger", [page(), app(), hook()], []),
        ("messenger", [page(), app(), hook("https://aduan.contoh.example/c/lain")], []),
        ("messenger", [page(), app(), hook("https://lain.example/c/meta")], ["it should be"]),
        ("messenger", [page(), app(), hook(fields=["messages"])], ["lacks"]),
        ("messenger", [page(), app(), answered({"data": []})], ["no webhook for page"]),
        ("messenger", [page(), app("1"), DONE, hook()], ["is again now"]),
        ("messenger", [page(), app(fields=["messages"]), DONE, hook()], []),
        ("messenger", [answered({"error": {"code": 190, "message": "x"}}, 400)], ["refuses the token"]),
        ("messenger", [answered({"error": {"code": 200, "message": "x"}}, 403)], ["permission"]),
        ("messenger", [HttpResponse(502, b"<html>")], ["does not answer as it should"]),
        ("instagram", [page(), app(), hook(fields=SEEN, kind="instagram")], []),
        ("instagram", [page("9"), app(), hook(fields=SEEN, kind="instagram")], ["the page has the account 9"]),
    ],
)
async def test_the_check_says_what_to_do_and_mends_the_subscription(
    kind: str, answers: list[HttpResponse], says: list[str]
) -> None:
    of, http = channel(kind), ScriptedHttp([*answers])
    assert of.checker is not None
    problems = await of.checker.check(http, URL)
    assert len(problems) == len(says)
    assert all(word in problem for word, problem in zip(says, problems, strict=True))
    assert [call.url for call in http.calls if call.method == "POST"] == (
        ["https://graph.facebook.com/v25.0/400000000000001/subscribed_apps"] if DONE in answers else []
    )
    assert not any(b"uji-" in call.query for call in http.calls)


async def test_the_start_subscribes_the_page() -> None:
    of, http = channel(), ScriptedHttp([DONE])
    assert of.starter is not None
    await of.starter.start(http, URL)
    assert http.calls[0].query.startswith(b"subscribed_fields=messages")


@pytest.mark.parametrize(
    "keys", [{"page_id": "halaman"}, {"page_id": ""}, {"api_version": "25"}, {"app_id": "x"}], ids=str
)
def test_a_wrong_key_is_named(keys: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        channel(**keys)
    assert next(iter(keys)) in str(refused.value)
    with pytest.raises(SettingsError, match="account_id"):
        channel("instagram", account_id="")


# -- deletion of data --------------------------------------------------------------------------


def signed(payload: bytes, secret: bytes = SECRET) -> RawRequest:
    def text(octets: bytes) -> bytes:
        return base64.urlsafe_b64encode(octets).rstrip(b"=")

    proof = hmac.new(secret, text(payload), hashlib.sha256).digest()
    return RawRequest("POST", body=b"signed_request=" + text(proof) + b"." + text(payload))


def test_a_signed_request_names_whose_data_shall_go() -> None:
    adapter: Any = channel().adapter
    assert adapter.who_asks_deletion(signed(b'{"user_id":"218471"}')) == Address("fb", "218471")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (signed(b'{"user_id":"218471"}', b"salah"), SignatureInvalid),
        (RawRequest("POST", body=b""), SignatureInvalid),
        (RawRequest("POST", body=b"signed_request=%%%.x"), SignatureInvalid),
        (RawRequest("POST", body=b"signed_request=" + b"a" * 100), SignatureInvalid),
        (RawRequest("POST", body="signed_request=é".encode()), SignatureInvalid),
        (RawRequest("POST", body=b"&".join([b"a=b"] * 100)), SignatureInvalid),
        (signed(b'{"user":1}'), PayloadInvalid),
        (signed(b"[1]"), PayloadInvalid),
        (signed(b"{"), PayloadInvalid),
        (signed(b'{"user_id":"../x"}'), PayloadInvalid),
    ],
)
def test_c14_an_unproven_or_unclear_request_for_deletion_is_refused(
    request_: RawRequest, error: type[Exception]
) -> None:
    adapter: Any = channel().adapter
    with pytest.raises(error):
        adapter.who_asks_deletion(request_)


def test_the_settings_of_the_recordings_are_those_of_this_page() -> None:
    assert channels_of("messenger")["meta"].own == "m.me/400000000000001"
