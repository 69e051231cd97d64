"""The public form: token, fields, files, who may post, and what callers are told."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import FormInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import Answer, InboundMessage, RawRequest
from channels.web_form.adapter import WebForm, WebFormSettings
from channels.web_form.fields import read_fields
from channels.web_form.files import accept, media_type_of
from channels.web_form.form import UploadedFile, read_form
from channels.web_form.token import Token, check_token, issue_token
from config.build import build_section
from config.settings import Secret, SettingsError
from config.texts import Texts
from tests.channels.recorded import PAYLOADS, read_request, read_response

KEY = Secret("uji-kunci-formulir-0001")
NONCE = "01JD0000000000000000000FRM"
NOW = datetime(2026, 11, 20, 1, 16, tzinfo=UTC)
OPENED = NOW - timedelta(minutes=2)
FOLDER = PAYLOADS / "web_form"
TEXT = "Sampah menumpuk di TPS Contoh"


def web_form(**changes: object) -> WebForm:
    return WebForm(replace(WebFormSettings(KEY), **changes))  # type: ignore[arg-type]


def post(
    headers: dict[str, str] | None = None, at: datetime = NOW, opened: datetime = OPENED, **values: str
) -> RawRequest:
    fields = {"_token": issue_token(KEY, NONCE, opened), "isi": TEXT} | values
    kind = {"content-type": "application/x-www-form-urlencoded", "host": "aduan.contoh.example"}
    return RawRequest("POST", headers=kind | (headers or {}), body=urlencode(fields).encode(), received_at=at)


def read(request: RawRequest, adapter: WebForm | None = None) -> InboundMessage:
    [event] = (adapter or web_form()).parse(request)
    assert isinstance(event, InboundMessage)
    assert event.form is not None
    return event


def problems(**values: str) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refused:
        read(post(**values))
    return refused.value.problems


# Token


@given(st.integers(0, 4_000_000_000), st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True))
def test_a_token_comes_back_as_it_was_issued(unix: int, nonce: str) -> None:
    assert check_token(issue_token(KEY, nonce, datetime.fromtimestamp(unix, UTC)), KEY) == Token(unix, nonce)


@given(st.integers(0, 200), st.characters())
def test_c17_no_changed_token_is_one_of_ours(position: int, character: str) -> None:
    token = issue_token(KEY, NONCE, NOW)
    changed = token[: position % len(token)] + character + token[position % len(token) + 1 :]
    assert changed == token or check_token(changed, KEY) is None


def test_a_token_of_another_key_is_none_of_ours() -> None:
    assert check_token(issue_token(Secret("lain"), NONCE, NOW), KEY) is None


def test_every_showing_of_the_form_has_its_own_nonce() -> None:
    form = web_form()
    tokens = {form.new_token(NOW) for _ in range(50)}
    assert len(tokens) == 50
    assert all(check_token(token, KEY) for token in tokens)


AGES = [
    # opened before, least seconds, suspicion or problem
    (timedelta(seconds=2), 3, "too_fast"),
    (timedelta(seconds=3), 3, ""),
    (timedelta(0), 0, ""),
    (timedelta(seconds=-5), 0, ""),
    (timedelta(hours=12), 3, ""),
    (timedelta(hours=12, seconds=1), 3, "expired"),
]


@pytest.mark.parametrize(("ago", "least", "outcome"), AGES)
def test_c17_the_age_of_a_form_is_judged(ago: timedelta, least: float, outcome: str) -> None:
    request, form = post(opened=NOW - ago), web_form(min_fill_s=least)
    if outcome == "expired":
        with pytest.raises(FormInvalid) as refused:
            form.parse(request)
        assert refused.value.problems == {"_token": "form._token.expired"}
    else:
        assert read(request, form).form.suspicion == outcome  # type: ignore[union-attr]


def test_without_a_time_of_arrival_nothing_is_read() -> None:
    with pytest.raises(PayloadInvalid):
        web_form().parse(replace(post(), received_at=None))


# Fields

FIELDS = [
    # what was typed, problem
    ({"isi": ""}, {"isi": "form.isi.required"}),
    ({"isi": " \n "}, {"isi": "form.isi.required"}),
    ({"isi": "pendek"}, {"isi": "form.isi.short"}),
    ({"isi": "a" * 10_001}, {"isi": "form.isi.long"}),
    ({"judul": "a" * 151}, {"judul": "form.judul.long"}),
    ({"lokasi": "a" * 301}, {"lokasi": "form.lokasi.long"}),
    ({"nama": "a" * 101}, {"nama": "form.nama.long"}),
    ({"tanggal": "kemarin"}, {"tanggal": "form.tanggal.invalid"}),
    ({"tanggal": "2026-11-21"}, {"tanggal": "form.tanggal.future"}),
    ({"tanggal": "1989-12-31"}, {"tanggal": "form.tanggal.old"}),
    ({"kontak": "08x", "setuju": "1"}, {"kontak": "form.kontak.phone"}),
    ({"kontak": "0812", "kontak_jenis": "hp", "setuju": "1"}, {"kontak": "form.kontak.phone"}),
    ({"kontak": "a@b", "kontak_jenis": "email", "setuju": "1"}, {"kontak": "form.kontak.email"}),
    ({"kontak": "@x", "setuju": "1"}, {"kontak": "form.kontak.telegram"}),
    ({"kontak": "x", "kontak_jenis": "faks", "setuju": "1"}, {"kontak_jenis": "form.kontak_jenis.invalid"}),
    ({"kontak": "081200000001"}, {"setuju": "form.setuju.required"}),
    (
        {"kontak": "081200000001", "setuju": "0", "isi": ""},
        {"isi": "form.isi.required", "setuju": "form.setuju.required"},
    ),
]


@pytest.mark.parametrize(("typed", "expected"), FIELDS)
def test_what_cannot_be_taken_is_named_at_once(typed: dict[str, str], expected: dict[str, str]) -> None:
    assert problems(**typed) == expected


CONTACTS = [
    ({"kontak": "0812-0000-0003", "kontak_jenis": "hp"}, "tel:+6281200000003", set()),
    ({"kontak": "0812 0000 0003", "kontak_jenis": "wa"}, "tel:+6281200000003", {"prefers_whatsapp"}),
    ({"kontak": "Warga@Contoh.Example", "kontak_jenis": "email"}, "mailto:warga@contoh.example", set()),
    ({"kontak": "@warga_contoh", "kontak_jenis": "telegram"}, "telegram-name:warga_contoh", set()),
    ({"kontak": "+62 812 0000 0003"}, "tel:+6281200000003", set()),
    ({"kontak": "warga@contoh.example"}, "mailto:warga@contoh.example", set()),
    ({"kontak": "@warga_contoh"}, "telegram-name:warga_contoh", set()),
]


@pytest.mark.parametrize(("typed", "address", "flags"), CONTACTS)
def test_a_contact_is_read_by_its_kind_or_its_look(typed: dict[str, str], address: str, flags: set[str]) -> None:
    message = read(post(**typed, setuju="1"))
    assert message.form is not None
    assert message.form.contact is not None
    assert message.sender.reveal() == message.form.contact.reveal() == address
    assert message.flags == flags | {"unverified_contact"}


@pytest.mark.parametrize("typed", [{}, {"kontak": "  "}, {"kontak": "081200000003", "kontak_jenis": "tanpa"}])
def test_without_a_contact_the_form_itself_is_the_sender(typed: dict[str, str]) -> None:
    message = read(post(**typed))
    assert message.sender.reveal() == f"web:{NONCE}"
    assert message.flags == frozenset()


PLACES = [
    ("-2.6833", "111.6167", True),
    ("-2,6833", "111,6167", True),
    ("-11.5", "142", True),
    ("6.6", "111", False),
    ("-2.6", "", False),
    ("nan", "nan", False),
    ("satu", "dua", False),
    ("1e999", "111", False),
]


@pytest.mark.parametrize(("latitude", "longitude", "is_kept"), PLACES)
def test_a_point_outside_indonesia_is_left_out_and_said(latitude: str, longitude: str, is_kept: bool) -> None:
    message = read(post(lat=latitude, lon=longitude))
    assert (message.location is not None) is is_kept
    assert ("location_dropped" in message.flags) is not is_kept


def test_a_day_that_has_begun_in_the_east_is_no_future() -> None:
    evening = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    assert read_fields({"isi": TEXT, "tanggal": "2026-11-21"}, evening).incident_on == "2026-11-21"


def test_texts_are_composed_and_cleaned() -> None:
    assert read(post(isi="  Kafe\u0301\u0000 di\r\njalan \u202erusak  ")).text == "Kafé di\njalan rusak"


def test_a_code_that_is_none_is_left_out() -> None:
    message = read(post(unit="<script>", topik="Jalan raya rusak"))
    assert message.form is not None
    assert (message.unit, message.form.topic) == ("", "")
    assert read(post(unit="DINAS-PU", topik="3.1")).unit == "DINAS-PU"


@pytest.mark.parametrize(("ticked", "is_set"), [("1", True), ("on", True), ("true", True), ("0", False), ("", False)])
def test_a_tick_is_read_as_browsers_and_programs_write_it(ticked: str, is_set: bool) -> None:
    form = read(post(anonim=ticked, rahasia=ticked)).form
    assert form is not None
    assert (form.anonymous, form.confidential) == (is_set, is_set)


@pytest.mark.parametrize(("links", "suspicion"), [(5, ""), (6, "links")])
def test_c17_many_links_are_held(links: int, suspicion: str) -> None:
    form = read(post(isi=" ".join(["lihat https://x.example"] * links))).form
    assert form is not None
    assert form.suspicion == suspicion


def test_every_problem_has_its_words() -> None:
    texts = Texts.load()
    keys = {key for _, expected in FIELDS for key in expected.values()}
    keys |= {"form._token.expired", "form._token.mismatch", "form._form.unreadable"}
    assert [key for key in keys if not (texts.has(key, "id") and texts.has(key, "en"))] == []


# Files

FILES = [
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"\x00\x00\x00\x18ftypheic\x00", "image/heic"),
    (b"\x00\x00\x00\x18ftypmif1\x00", "image/heic"),
    (b"\x00\x00\x00\x18ftypisom\x00", "video/mp4"),
    (b"\x00\x00\x00\x18ftypM4A \x00", "audio/mp4"),
    (b"OggS\x00\x02", "audio/ogg"),
    (b"%PDF-1.7", "application/pdf"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", ""),
    (b"<svg onload=alert(1)>", ""),
    (b"<!doctype html>", ""),
    (b"MZ\x90\x00", ""),
    (b"PK\x03\x04", ""),
    (b"GIF89a", ""),
    (b"", ""),
]


@pytest.mark.parametrize(("content", "kind"), FILES)
def test_c18_a_file_is_what_its_first_bytes_say(content: bytes, kind: str) -> None:
    assert media_type_of(content) == kind


def test_files_beyond_the_limits_are_left_out_and_the_text_is_not() -> None:
    jpeg = b"\xff\xd8\xff"
    files = [UploadedFile(f"{number}.jpg", jpeg + bytes([number])) for number in range(4)]
    taken, remarks = accept([*files, UploadedFile("x.svg", b"<svg>"), UploadedFile("big.jpg", jpeg * 9)], NONCE, 3, 20)
    assert [file.ref for file in taken] == [f"{NONCE}/1", f"{NONCE}/2", f"{NONCE}/3"]
    assert [file.content for file in taken] == [file.content for file in files[:3]]
    assert remarks == {"too_many_files", "file_type", "file_too_large"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("C:\\fakepath\\foto.jpg", "foto.jpg"), ("../../etc/passwd", "passwd"), ("a" * 300, "a" * 120), ("", "")],
)
def test_c18_a_file_name_leads_nowhere(given: str, kept: str) -> None:
    [file], _ = accept([UploadedFile(given, b"%PDF-1")], NONCE, 5, 100)
    assert file.name == kept


def test_a_refused_form_can_be_shown_again_as_it_was() -> None:
    request = read_request(FOLDER / "broken-cut-off-upload.http")
    form = read_form(request)
    assert not form.is_whole
    assert form.values["isi"] == "Drainase mampet di Jalan Contoh Raya, air masuk rumah."


# Who may post

ORIGINS = [
    # Origin, Sec-Fetch-Site, accepted
    ("", "", True),
    ("https://aduan.contoh.example", "", True),
    ("https://aduan.contoh.example", "same-origin", True),
    ("null", "same-origin", True),  # a page whose referrer policy is no-referrer
    ("", "none", True),
    ("https://desa.contoh.example", "cross-site", True),
    ("https://lain.example", "", False),
    ("https://lain.example", "cross-site", False),
    ("https://x.aduan.contoh.example", "same-site", False),
    ("null", "", False),
    ("", "cross-site", False),
]


@pytest.mark.parametrize(("origin", "fetched", "is_accepted"), ORIGINS)
def test_only_our_page_and_listed_sites_may_post(origin: str, fetched: str, is_accepted: bool) -> None:
    headers = {name: value for name, value in (("origin", origin), ("sec-fetch-site", fetched)) if value}
    form = web_form(allowed_origins=("https://desa.contoh.example",))
    if is_accepted:
        form.verify(post(headers))
    else:
        with pytest.raises(SignatureInvalid):
            form.verify(post(headers))


def test_only_listed_sites_get_cors_headers() -> None:
    form = web_form(allowed_origins=("https://desa.contoh.example",))
    listed = form.cors_headers(post({"origin": "https://desa.contoh.example"}))
    assert listed["access-control-allow-origin"] == "https://desa.contoh.example"
    assert form.cors_headers(post({"origin": "https://lain.example"})) == {}


# Answers


def test_a_browser_is_sent_to_the_page_of_its_receipt() -> None:
    recorded = read_response(FOLDER / "resp-303.http")
    response = web_form().ack(read_request(FOLDER / "in-urlencoded.http"), Answer(number="KBR-260001235"))
    assert (response.status, response.headers["location"]) == (recorded.status, recorded.headers["location"])


@pytest.mark.parametrize(
    ("answer", "status", "keys"),
    [
        (Answer(number="KBR-260001235", secret_code="4821-9037"), 201, {"number", "secret_code", "status_url"}),
        (
            Answer(number="KBR-260001235", secret_code="4821-9037", repeated=True),
            200,
            {"number", "secret_code", "status_url"},
        ),
        (Answer(), 202, {"status_url"}),
    ],
)
def test_a_program_gets_the_number_as_json(answer: Answer, status: int, keys: set[str]) -> None:
    response = web_form().ack(read_request(FOLDER / "in-json.http"), answer)
    assert (response.status, json.loads(response.body).keys()) == (status, keys)


def test_a_program_is_told_what_to_mend() -> None:
    recorded = json.loads(read_response(FOLDER / "resp-422.http").body)
    response = web_form().refuse(FormInvalid({"isi": "form.isi.required"}), Texts.load())
    body = json.loads(response.body)
    assert response.status == 422
    assert (body["type"], body["status"], body["errors"]) == (recorded["type"], recorded["status"], recorded["errors"])


def test_the_key_of_a_repetition_must_be_that_of_the_form() -> None:
    assert read(post({"idempotency-key": NONCE})).external_id == f"wf:{NONCE}"
    with pytest.raises(FormInvalid) as refused:
        read(post({"idempotency-key": "lain"}))
    assert refused.value.problems == {"_token": "form._token.mismatch"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"allowed_origins": ["desa.example"]}, "must be like https://"),
        ({"allowed_origins": ["https://desa.example/lapor"]}, "without a path"),
        ({"max_files": 50}, "at most 20"),
        ({"min_fill": 3}, "did you mean 'min_fill_s'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build_section(WebFormSettings, changes, "channels.web")
