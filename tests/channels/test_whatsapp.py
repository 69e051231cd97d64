"""What leaves for WhatsApp, in which form and when; files; and what a check says."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from channels.errors import (
    AddressRefused,
    AnswerLost,
    AnswerTooLarge,
    ChannelError,
    ChannelStopped,
    FileGone,
    NotSent,
    SendError,
    SendHeld,
    SendRefused,
    SendUnknown,
)
from channels.messages import Address, AttachmentRef, Button, DeliveryReport, OutboundMessage, RawRequest
from channels.meta.whatsapp.adapter import WhatsApp
from channels.meta.whatsapp.media import ref_of
from channels.meta.whatsapp.settings import Templates, WhatsAppSettings
from channels.meta.whatsapp.writing import template
from channels.protocols import HttpResponse
from config.build import build_section
from config.settings import SettingsError
from tests.channels.recorded import PAYLOADS, channels_of, read_response, read_target
from tests.channels.scripted_http import ScriptedHttp

FOLDER = PAYLOADS / "whatsapp"
NOW = datetime(2026, 11, 20, 1, 16, tzinfo=UTC)
HOOK = "https://aduan.contoh.example/c/whatsapp"
SETTINGS = {
    "phone_number_id": "100000000000001",
    "waba_id": "200000000000001",
    "number": "0811-000-0001",
    "token": "uji-token-meta",
    "app_secret": "uji-app-secret-meta-0001",
    "verify_token": "uji-verify-token-meta",
}
NUMBER, APP_ID = Address("tel", "+6281200000001"), Address("wa", "ID.13491200000000000002")
MESSAGE = OutboundMessage("ob_01JD000000042", NUMBER, "Laporan Anda kami terima.", heard_ago_s=3600.0)
ACCEPTED = read_response(FOLDER / "resp-200.http")


def whatsapp(**changes: Any) -> WhatsApp:
    return WhatsApp(build_section(WhatsAppSettings, {**SETTINGS, **changes}, "channels.whatsapp"), lambda: NOW)


async def sent(message: OutboundMessage, **changes: Any) -> list[dict[str, Any]]:
    """The bodies of the calls that this message becomes."""
    http = ScriptedHttp([ACCEPTED])
    await whatsapp(**changes).send(message, http)
    return [call.json for call in http.calls]


async def test_a_call_is_the_recorded_one_save_the_quoted_message() -> None:
    """A wamid holds a telephone number and is not kept, so nothing is quoted."""
    method, target, body = read_target(FOLDER / "out-text.http")
    expected = json.loads(body)
    del expected["context"]
    http = ScriptedHttp([ACCEPTED])
    message = replace(MESSAGE, id=expected["biz_opaque_callback_data"], text=expected["text"]["body"])
    receipt = await whatsapp().send(message, http)
    [call] = http.calls
    assert (call.method, call.url, call.json) == (method, f"https://graph.facebook.com{target}", expected)
    assert call.headers == {"authorization": "Bearer uji-token-meta"}
    assert "KELUAR" not in receipt.provider_id


async def test_f41_f95_outside_the_window_the_recorded_template_goes_to_the_id() -> None:
    _, _, body = read_target(FOLDER / "out-template-bsuid.http")
    expected = json.loads(body)
    news = OutboundMessage(
        expected["biz_opaque_callback_data"],
        APP_ID,
        "KB-2026-000123: sedang ditindaklanjuti",
        meaning="st.progress",
        number="KB-2026-000123",
    )
    assert await sent(news) == [expected]


@pytest.mark.parametrize(
    ("heard_ago_s", "as_template", "form"),
    [
        ((23 * 60 + 49) * 60.0, False, "text"),
        ((23 * 60 + 50) * 60.0, False, "template"),
        (8 * 86400.0, False, "template"),
        (None, False, "template"),
        (0.0, True, "template"),
    ],
)
async def test_f41_our_clock_keeps_ten_minutes_of_the_day(
    heard_ago_s: float | None, as_template: bool, form: str
) -> None:
    news = replace(MESSAGE, heard_ago_s=heard_ago_s, as_template=as_template, meaning="st.answer", number="KBR-1")
    assert [body["type"] for body in await sent(news)] == [form]


@pytest.mark.parametrize(
    ("meaning", "name"),
    [
        ("rx.receipt", "terima_aduan"),
        ("st.assigned", "status_aduan"),
        ("ask.place", "minta_kelengkapan"),
        ("st.answer", "aduan_selesai"),
        ("st.late", "tangguhan"),
        ("hold.notice", "tangguhan"),
    ],
)
async def test_f41_the_template_says_what_the_text_says(meaning: str, name: str) -> None:
    long = "KBR-1: " + "Baris\nberikutnya\t   lagi " * 100
    [body] = await sent(replace(MESSAGE, heard_ago_s=None, meaning=meaning, number="KBR-1", text=long))
    template = body["template"]
    number, words = (part["text"] for part in template["components"][0]["parameters"])
    assert (template["name"], number, len(words) <= 600) == (name, "KBR-1", True)
    assert words == " ".join(words.split())


@pytest.mark.parametrize(
    ("meaning", "changes"), [("optout.done", {}), ("pic.new", {}), ("st.answer", {"templates": {"answered": ""}})]
)
async def test_f41_without_a_template_nothing_leaves_and_a_person_is_asked(meaning: str, changes: Any) -> None:
    http = ScriptedHttp([ACCEPTED])
    with pytest.raises(SendHeld) as held:
        await whatsapp(**changes).send(replace(MESSAGE, heard_ago_s=None, meaning=meaning), http)
    assert (held.value.reason, http.calls) == ("window", [])


def buttons(*labels: str) -> tuple[tuple[Button, ...], ...]:
    return (tuple(Button(label, f"data:{place}") for place, label in enumerate(labels)),)


LOCATION = Button("Kirim lokasi", asks="location")
LINK = Button("Buka", url="https://aduan.contoh.example/x")
FORMS: list[tuple[Any, str, Any]] = [
    (buttons("Ya", "Belum"), "button", ["Ya", "Belum"]),
    (buttons("1", "2", "3", "4", "5"), "list", ["1", "2", "3", "4", "5"]),
    (buttons("Ini lebih panjang dari yang muat"), "list", ["Ini lebih panjang dari…"]),
    (((LOCATION,),), "location_request_message", None),
    (((LOCATION, *buttons("Lewati")[0]),), "button", ["Lewati"]),
    (((LINK,),), "cta_url", None),
    (((LINK, *buttons("Ya")[0]),), "button", ["Ya"]),
]


@pytest.mark.parametrize(("rows", "kind", "labels"), FORMS)
async def test_buttons_take_the_form_that_they_fit(rows: Any, kind: str, labels: list[str] | None) -> None:
    [body] = await sent(replace(MESSAGE, buttons=rows))
    interactive = body["interactive"]
    action = interactive["action"]
    shown = action.get("buttons") or action.get("sections", [{}])[0].get("rows")
    assert (body["type"], interactive["type"]) == ("interactive", kind)
    assert (shown and [one.get("title") or one["reply"]["title"] for one in shown]) == labels
    assert interactive["body"]["text"].startswith("Laporan Anda")


async def test_links_beside_buttons_stand_in_the_text() -> None:
    for rows in (((LINK, *buttons("Ya")[0]),), ((LINK, LINK),)):
        assert "Buka: https://aduan.contoh.example/x" in json.dumps(await sent(replace(MESSAGE, buttons=rows)))


async def test_a_long_text_leaves_in_pieces_with_the_buttons_below_the_last() -> None:
    bodies = await sent(replace(MESSAGE, text="kata " * 500, buttons=buttons("Ya")))
    assert [body["type"] for body in bodies] == ["text", "text", "interactive"]
    assert [body["biz_opaque_callback_data"] for body in bodies] == [
        f"{MESSAGE.id}.{place}/{len(bodies)}" for place in range(1, len(bodies) + 1)
    ]
    with pytest.raises(SendRefused, match="too_long"):
        await sent(replace(MESSAGE, text="kata " * 3000))
    with pytest.raises(SendRefused, match="empty"):
        await sent(replace(MESSAGE, text=" "))


async def test_a_text_whose_second_piece_fails_is_never_sent_again_by_itself() -> None:
    http = ScriptedHttp([ACCEPTED, read_response(FOLDER / "resp-400-131056.http")])
    with pytest.raises(SendUnknown, match="partly_sent"):
        await whatsapp().send(replace(MESSAGE, text="kata " * 1000), http)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HttpResponse(200, b'{"messages":[]}'), SendUnknown),
        (HttpResponse(200, b'{"messages":[{"id":5}]}'), SendUnknown),
        (HttpResponse(200, b"<html>"), SendUnknown),
        (read_response(FOLDER / "resp-401-190.http"), ChannelStopped),
    ],
)
async def test_an_answer_without_an_id_is_no_receipt(answer: HttpResponse, kind: type[SendError]) -> None:
    with pytest.raises(kind):
        await whatsapp().send(MESSAGE, ScriptedHttp([answer]))


async def test_an_address_of_another_channel_is_refused() -> None:
    with pytest.raises(SendRefused, match="no_such_address"):
        await whatsapp().send(replace(MESSAGE, address=Address("tg", "77")), ScriptedHttp([ACCEPTED]))


# Files

CONTENT = b"\xff\xd8\xff uji"
SUM = hashlib.sha256(CONTENT)
PHOTO = AttachmentRef(ref_of("300000000000001", base64.b64encode(SUM.digest()).decode()), "image/jpeg")
PLACE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=3"


def place(url: str = PLACE, **more: Any) -> HttpResponse:
    return HttpResponse(200, json.dumps({"url": url, "sha256": SUM.hexdigest(), "file_size": 7, **more}).encode())


async def test_a_file_is_fetched_by_its_id_from_meta_alone() -> None:
    http = ScriptedHttp([place(), HttpResponse(200, CONTENT)])
    file = await whatsapp().fetch(PHOTO, http, 100)
    assert (file.content, file.media_type) == (CONTENT, "image/jpeg")
    ask, get = http.calls
    assert (ask.endpoint, ask.query) == ("300000000000001", b"phone_number_id=100000000000001")
    assert (get.url, get.options["trusted"], get.headers["authorization"]) == (PLACE, False, "Bearer uji-token-meta")


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([place("https://jahat.example/x")], AddressRefused),
        ([place("http://169.254.169.254/")], AddressRefused),
        ([place("")], AddressRefused),
        ([place(file_size=101)], AnswerTooLarge),
        ([place(), HttpResponse(404, b"")], FileGone),
        ([place(), HttpResponse(500, b"")], AnswerLost),
        ([place(), HttpResponse(200, b"something else")], AnswerLost),
        ([place(sha256="bukan sidik"), HttpResponse(200, b"something else")], AnswerLost),
        ([HttpResponse(404, b"{}")], FileGone),
        ([HttpResponse(400, b'{"error":{"code":100}}')], FileGone),
        ([HttpResponse(401, b'{"error":{"code":190}}')], AnswerLost),
        ([NotSent("refused")], NotSent),
    ],
)
async def test_c23_a_file_that_is_gone_elsewhere_or_another_is_not_taken(
    answers: list[HttpResponse | ChannelError], problem: type[ChannelError]
) -> None:
    with pytest.raises(problem):
        await whatsapp().fetch(PHOTO, ScriptedHttp(answers), 100)


# Registration

DATE = {"date": "Fri, 20 Nov 2026 01:16:10 GMT"}
GOOD = {"display_phone_number": "+62 811-0000-001", "quality_rating": "GREEN", "status": "CONNECTED"}
NAMES = ("terima_aduan", "status_aduan", "minta_kelengkapan", "aduan_selesai", "tangguhan")
APP = {"whatsapp_business_api_data": {"id": "1", "name": "satupintu"}}


def answer(content: object, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(200, json.dumps(content).encode(), headers or DATE)


def templates(**states: str) -> HttpResponse:
    return answer({"data": [{"name": n, "language": "id", "status": states.get(n, "APPROVED")} for n in NAMES]})


CHECKS: list[tuple[dict[str, Any], list[HttpResponse], str]] = [
    ({}, [answer(GOOD), answer({"data": [APP]}), templates()], ""),
    (
        {},
        [answer({**GOOD, "quality_rating": "RED"}), answer({"data": [APP]}), templates()],
        "quality of the number is RED",
    ),
    ({}, [answer({**GOOD, "status": "FLAGGED"}), answer({"data": [APP]}), templates()], "FLAGGED, not CONNECTED"),
    ({"number": "0812-1"}, [answer(GOOD), answer({"data": [APP]}), templates()], "the setting number says 0812-1"),
    ({}, [answer(GOOD), answer({"data": []}), templates()], "restart `gateway serve`"),
    ({}, [answer(GOOD), answer({"data": [{**APP, "override_callback_uri": "https://x/"}]}), templates()], "https://x/"),
    ({}, [answer(GOOD), answer({"data": [APP]}), templates(tangguhan="PAUSED")], "tangguhan is PAUSED, not APPROVED"),
    ({}, [answer(GOOD), answer({"data": [APP]}), answer({"data": []})], "terima_aduan (id) does not exist"),
    ({}, [answer(GOOD, {"date": "Fri, 20 Nov 2026 01:26:00 GMT"}), answer({"data": [APP]}), templates()], "set up NTP"),
    ({"waba_id": ""}, [answer(GOOD)], "set waba_id"),
    ({}, [read_response(FOLDER / "resp-401-190.http")], "make a new one for the system user"),
    ({}, [HttpResponse(400, b'{"error":{"code":100,"message":"x"}}')], "copy both from WhatsApp, API Setup"),
    ({}, [NotSent("refused")], "cannot be reached"),  # type: ignore[list-item]
    ({}, [HttpResponse(502, b"<html>")], "502"),
]


@pytest.mark.parametrize(("settings", "answers", "words"), CHECKS)
async def test_a_check_says_what_to_mend(settings: dict[str, Any], answers: list[Any], words: str) -> None:
    problems = await whatsapp(**settings).check(ScriptedHttp(answers), HOOK)
    assert bool(problems) is bool(words)
    assert words in " ".join(problems)
    assert "uji-token" not in " ".join(problems)


async def test_a_webhook_that_meta_cannot_call_is_said() -> None:
    http = ScriptedHttp([answer(GOOD), answer({"data": [APP]}), templates()])
    [problem] = await whatsapp().check(http, HOOK.replace("https", "http"))
    assert "server.public_url" in problem
    http = ScriptedHttp([answer(GOOD), answer({"data": [APP]}), templates()])
    assert await whatsapp(api_url="http://127.0.0.1:8090/whatsapp").check(http, HOOK.replace("https", "http")) == []


async def test_starting_subscribes_the_app_to_the_account() -> None:
    http = ScriptedHttp([answer({"success": True})])
    await whatsapp().start(http, HOOK)
    await whatsapp(waba_id="").start(http, HOOK)
    assert [(call.method, call.url.partition("v25.0")[2]) for call in http.calls] == [
        ("POST", "/200000000000001/subscribed_apps")
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone_number_id": "+62811"}, "phone_number_id must be the number"),
        ({"waba_id": "x"}, "waba_id must be"),
        ({"api_version": "25"}, "v25.0"),
        ({"verify_token": ""}, "verify_token must not be empty"),
        ({"templates": {"status": "Status Aduan"}}, "no name of a template"),
        ({"templates": {"statu": "x"}}, "did you mean 'status'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        whatsapp(**changes)
    assert words in str(refused.value)


def test_channels_of_one_app_are_told_by_its_secret_without_showing_it() -> None:
    channel = channels_of("whatsapp")["whatsapp"]
    assert (channel.account, channel.burst, channel.pace(NUMBER)) == ("100000000000001", 3, 6.0)
    assert channel.app == whatsapp().app != whatsapp(app_secret="uji-lain").app
    assert channel.app not in repr(channel)


def test_the_code_of_a_failure_may_be_written_as_text() -> None:
    status = {"id": "wamid.1", "status": "failed", "timestamp": "1795396500", "errors": [{"code": "131047"}]}
    change = {"field": "messages", "value": {"statuses": [status]}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    [report] = whatsapp().parse(RawRequest("POST", body=json.dumps(body).encode()))
    assert isinstance(report, DeliveryReport)
    assert report.reason == "window_closed"


@pytest.mark.parametrize(
    ("words", "own", "name"),
    [("pendek", "", "status_aduan"), ("pendek", "data_bocor", "data_bocor"), ("panjang " * 90, "data_bocor", None)],
)
def test_that_data_got_out_is_told_whole_or_not_at_all(words: str, own: str, name: str | None) -> None:
    said = template(replace(MESSAGE, meaning="pv.breach", number="KB-1", text=words), Templates(breach=own))
    assert (said["template"]["name"] if said else None) == name
