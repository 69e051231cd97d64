"""Mail that comes in: whose words, which history, from whom really, and nothing that a broken mail could break."""

import hashlib
import hmac
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.email.authenticity import is_proven
from channels.email.boxes import Boxes
from channels.email.history import own_words
from channels.email.html_text import plain_of
from channels.email.mail import addresses_in, decoded, in_charset, take_apart
from channels.email.reading import Envelope, read
from channels.errors import PayloadInvalid
from channels.messages import ContactEvent, InboundMessage
from channels.registry import build
from config.settings import ChannelTable, Secret, SettingsError

BOXES = Boxes("aduan@pemkab.example", "reply", "bounce", Secret("uji-kunci-balasan-0001"))
SERVER = "mx.contoh.example"
HEAD = "From: warga1@contoh.example\r\nTo: aduan@pemkab.example\r\nMessage-ID: <uji-1@contoh.example>\r\n"
PIPE = Path(__file__).parents[2] / "contrib" / "mail" / "pipe"


def meaning(mail: str | bytes, envelope: Envelope = Envelope(), server: str = "") -> Any:  # noqa: B008 - a frozen value
    octets = mail.encode() if isinstance(mail, str) else mail
    (event,) = read(octets, envelope, BOXES, server)
    return event


# ---- history and signatures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tiang 17.\n\nPada Jum, 20 Nov 2026 08.20 Aduan <aduan@pemkab.example> menulis:\n> Mohon nomor.", "Tiang 17."),
        ("Tiang 17.\n\nPada Jum, 20 Nov 2026 08.20 Aduan\n<aduan@pemkab.example> menulis:\n\n> Mohon.", "Tiang 17."),
        ("Done.\n\nOn Fri, Nov 20, 2026 at 8:20 AM Aduan <a@b.example> wrote:\nPlease tell.", "Done."),
        ("On Fri, Nov 20 Aduan wrote:\n> Please tell.\n\nBelow the quote.", "Below the quote."),
        ("Sudah.\n\n-----Original Message-----\nFrom: Aduan\nIsi", "Sudah."),
        ("Sudah.\n\nDari: Aduan <a@b.example>\nDikirim: Jumat\nKepada: Rina\nPerihal: Tugas\n\nIsi", "Sudah."),
        ("Sudah.\n________________________________\nFrom: Aduan\nSent: Friday\nTo: Rina\n\nIsi", "Sudah."),
        ("Jalan rusak.\n\n-- \nWarga Contoh\nHP 0812", "Jalan rusak."),
        ("Jalan rusak.\n--\nWarga", "Jalan rusak."),
        ("Jalan rusak.\n\nSent from my iPhone", "Jalan rusak."),
        ("Jalan rusak.\nDikirim dari Ponsel Contoh saya", "Jalan rusak."),
        ("> lama\n> lama\nbaru", "baru"),
        ("> lama", ""),
        ("Dari: pasar ke terminal, jalan rusak.", "Dari: pasar ke terminal, jalan rusak."),
        ("Pada hari Senin jalan ditutup.", "Pada hari Senin jalan ditutup."),
        ("satu\n\n\n\ndua", "satu\n\ndua"),
        ("", ""),
    ],
)
def test_only_what_was_written_now_is_kept(text: str, expected: str) -> None:
    assert own_words(text) == expected


@given(st.text(alphabet="Pada On:menuliswrote\n> -_FromSent", max_size=400))
def test_no_words_are_made_up(text: str) -> None:
    lines = {line.rstrip() for line in text.split("\n")}
    assert {line for line in own_words(text).split("\n") if line} <= lines


# ---- pages


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>Satu</p><p>Dua &amp; tiga</p>", "Satu\n\nDua & tiga"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ('<a href="https://x.example/a?b=1&amp;c=2">peta</a>', "peta (https://x.example/a?b=1&c=2)"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="javascript:alert(1)">klik</a>', "klik"),
        ("<script>if (a<b) { x('</p>') }</script>lihat", "lihat"),
        ("<style>p { color: red }</style>lihat", "lihat"),
        ('<span style="display: none">iklan</span>lihat', "lihat"),
        ('<div style="font-size:0px">iklan</div>lihat', "lihat"),
        ("<p hidden>iklan</p>lihat", "lihat"),
        ("<!-- <p>iklan</p> -->lihat", "lihat"),
        ("<blockquote>lama</blockquote>baru", "> lama\nbaru"),
        ("3 < 4 dan 5 > 4", "3 < 4 dan 5 > 4"),
        ('<img src="https://pelacak.example/x.gif" alt="x">lihat', "lihat"),
        ('<p title="a>b">teks</p>', "teks"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<p>tak ditutup", "tak ditutup"),
        ("lihat<", "lihat<"),
        ("lihat<!--", "lihat"),
        ("lihat<p", "lihat"),
    ],
)
def test_a_page_becomes_what_its_reader_sees(page: str, expected: str) -> None:
    assert plain_of(page) == expected


@given(st.text(alphabet="<>/!-=\"' apbrdivscripthrefstyle", max_size=300))
def test_no_page_breaks_its_reader(page: str) -> None:
    plain_of(page)


@pytest.mark.parametrize("piece", ["<", "<!--", "<a ", "<div>", "</div>", '<a href="', "<script>", "&#", "<p '>'"])
def test_f73_a_page_of_one_piece_over_and_over_is_read(piece: str) -> None:
    plain_of(piece * (200_000 // len(piece)))


# ---- headers and charsets


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?q?Lampu_padam_=E2=80=93_Gang?=", "Lampu padam – Gang"),
        ("=?utf-8?b?TGFtcHU=?= padam", "Lampu padam"),
        ("=?x-entah?q?Caf=E9?=", "Café"),
        ("=?utf-8?b?rusak!!?=", "=?utf-8?b?rusak!!?="),
        ("satu\r\n\tdua", "satu dua"),
        ("=?iso-8859-1?q?=80uro?=", "€uro"),
    ],
)
def test_a_header_is_read_as_it_was_meant(value: str, expected: str) -> None:
    read_as = decoded(value)
    assert read_as == expected or read_as.startswith(expected[:5])


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "rot13", "zlib_codec", "unicode_escape", "", "x", "\0", "utf-16"]
)
def test_what_is_no_charset_is_judged_by_its_looks(charset: str) -> None:
    assert in_charset("Café – ramai".encode(), charset)
    assert in_charset(b"Caf\xe9\x81", charset)


# ---- whose mail it is


PASS = f"{SERVER}; dkim=pass (2048-bit key) header.d=contoh.example header.s=s1; spf=pass smtp.mailfrom=x.example"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([PASS], True),
        ([f"{SERVER} 1; dmarc=pass (p=REJECT) header.from=contoh.example"], True),
        ([f"{SERVER}; dkim=pass header.i=@contoh.example"], True),
        ([f"{SERVER}; dkim=pass header.d=mail.contoh.example"], True),
        ([PASS.replace("header.d=contoh.example", "header.d=jahat.example")], False),
        ([PASS.replace("header.d=contoh.example", "header.d=example")], False),
        ([PASS.replace("dkim=pass", "dkim=fail")], False),
        ([PASS.replace(SERVER, "mx.jahat.example")], False),
        ([PASS.replace(SERVER, f"{SERVER}.jahat.example")], False),
        ([f"(x) {SERVER}; spf=pass smtp.mailfrom=contoh.example"], False),
        ([PASS, f"{SERVER}; dmarc=fail header.from=contoh.example"], False),
        ([f"{SERVER}; dmarc=pass header.from=lain.example"], False),
        ([f"mx.jahat.example; x=y ; {PASS}"], False),
        ([f"{SERVER}; none"], False),
        ([""], False),
        ([], False),
    ],
)
def test_c14_only_our_own_server_vouches_for_a_sender(results: list[str], expected: bool) -> None:
    assert is_proven(results, SERVER, "contoh.example") is expected
    assert not is_proven(results, "", "contoh.example")


@given(st.lists(st.text(alphabet=f"{SERVER};= dkimpassrc.header()\"'", max_size=120), max_size=3))
def test_no_results_break_their_reader(results: list[str]) -> None:
    is_proven(results, SERVER, "contoh.example")


def test_c13_only_the_address_that_we_gave_out_names_our_message() -> None:
    address = BOXES.reply_address("ob_01JD000000045")
    assert BOXES.replied(address) == BOXES.replied(address.upper()) == "ob_01JD000000045"
    local, _, domain = address.partition("@")
    for wrong in (
        address.replace("45.", "46."),
        f"{local[:-1]}@{domain}",
        f"{local}x@{domain}",
        f"{local}@lain.example",
        address.replace("reply+", "bounce+"),
        "reply+@pemkab.example",
        "reply@pemkab.example",
    ):
        assert BOXES.replied(wrong) == ""
    other = Boxes(BOXES.own, BOXES.reply, BOXES.bounce, Secret("lain"))
    assert other.replied(address) == ""
    assert len(local) <= 64


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (cuti)",
        "Precedence: Junk",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
        "List-Id: <x.example>",
        "Return-Path: <>",
    ],
)
def test_what_a_machine_wrote_is_answered_by_nobody(headers: str) -> None:
    event = meaning(f"{headers}\r\n{HEAD}\r\nSaya sedang cuti.")
    assert (event.kind, event.text, event.flags) == ("service", "", {"ignored_auto"})


def test_what_a_person_wrote_may_say_so() -> None:
    assert meaning(f"Auto-Submitted: no\r\nPrecedence: normal\r\n{HEAD}\r\nJalan rusak.").kind == "message"


# ---- one mail, whatever is broken in it


def test_the_same_mail_by_another_way_has_the_same_name() -> None:
    unnamed = HEAD.replace("Message-ID: <uji-1@contoh.example>\r\n", "Date: Fri, 20 Nov 2026 08:15:00 +0700\r\n")
    first = meaning(f"{unnamed}\r\nJalan rusak.")
    assert first.external_id == meaning(f"Received: by x.example\r\n{unnamed}\r\nJalan rusak.").external_id
    assert first.external_id != meaning(f"{unnamed}\r\nJalan lain rusak.").external_id
    long = HEAD.replace("uji-1", "x" * 300)
    assert len(meaning(f"{long}\r\nIsi.").external_id) < 80


def test_f73_two_hundred_parts_within_each_other_are_read_and_a_thousand_are_put_aside() -> None:
    def nested(levels: int) -> bytes:
        kinds = (f'Content-Type: multipart/mixed; boundary="n{level}"\r\n\r\n--n{level}\r\n' for level in range(levels))
        return f"{HEAD}{''.join(kinds)}\r\nLampu padam.".encode()

    assert meaning(nested(200)).text == "Lampu padam."
    for too_much in (nested(1000), nested(200) + b"x\n" * 150_000):
        with pytest.raises(PayloadInvalid):
            meaning(too_much)


def test_f73_more_parts_than_anybody_sends_cost_only_themselves() -> None:
    parts = "".join(f"--b\r\nContent-Type: text/plain\r\n\r\nBagian {at}.\r\n" for at in range(3000))
    event = meaning(f'{HEAD}Content-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}--b--')
    assert event.text == "Bagian 0."


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", "SmFsYW4gcnVzYWs", "Jalan rusak"),
        ("base64", "%%%", ""),
        ("quoted-printable", "Jalan=20rusak=", "Jalan rusak"),
        ("x-uuencode", "begin 644 x\nnot uu\nend", None),
        ("x-entah", "Jalan rusak", "Jalan rusak"),
    ],
)
def test_a_broken_encoding_costs_no_mail(encoding: str, body: str, expected: str | None) -> None:
    event = meaning(f"{HEAD}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}")
    assert expected is None or event.text == expected


def test_the_envelope_names_a_sender_that_the_mail_does_not() -> None:
    mail = "To: aduan@pemkab.example\r\n\r\nJalan rusak."
    assert meaning(mail, Envelope("<Warga9@contoh.example>")).sender.path == "warga9@contoh.example"


def test_c1_an_address_with_a_proof_is_kept_nowhere() -> None:
    ours = BOXES.reply_address("ob_01JD000000045")
    event = meaning(f"{HEAD.replace('aduan@pemkab.example', ours)}\r\nTERIMA")
    assert (event.reply_to, event.destination) == ("ob_01JD000000045", "aduan@pemkab.example")
    assert ours not in repr(event)
    assert "by_address" in event.flags
    by_envelope = meaning(f"{HEAD}\r\nTERIMA", Envelope(receivers=(ours,)))
    assert by_envelope.reply_to == "ob_01JD000000045"


@settings(max_examples=60)
@example(["From", "Content-Type"], ["warga@contoh.example", ";CHARSET*"], b"\x80")
@example(
    ["From", "Content-Type"],
    ["", "multipart/report; report-type=delivery-status; boundary=b"],
    b"--b\r\nContent-Type: text/x;charset*\r\n\r\n\x80",
)
@given(
    names=st.lists(
        st.sampled_from(
            ["From", "To", "Date", "Subject", "Content-Type", "Content-Transfer-Encoding", "Message-ID", "References",
             "Content-Disposition", "Authentication-Results", "MIME-Version", "Reply-To"]
        ),
        max_size=10,
    ),
    values=st.lists(
        st.text(max_size=40)
        | st.sampled_from(
            ["=?utf-8?b?=?=", "multipart/mixed; boundary=b", "multipart/report; report-type=delivery-status; boundary=b",
             "multipart/report; report-type=feedback-report; boundary=b", "message/rfc822", "message/delivery-status",
             "text/html; charset*0*=x''%", "attachment; filename*=utf-8'%ff", "x-uuencode", "a@b.example", "<a@b>, b",
             "Fri, 99 Foo 99999 99:99:99 +9999", 'text/plain; charset="idna"']
        ),
        min_size=10,
        max_size=10,
    ),
    body=st.binary(max_size=120) | st.sampled_from([b"--b\r\n\r\n--b--", b"--b\r\nContent-Type: message/rfc822\r\n\r\n--b"]),
)  # fmt: skip
def test_no_mail_breaks_its_reader(names: list[str], values: list[str], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in zip(names, values, strict=False))
    try:
        events = read(head.encode("utf-8", "replace") + b"\r\n" + body, Envelope(), BOXES, SERVER)
    except PayloadInvalid:
        return
    assert all(isinstance(event, InboundMessage | ContactEvent) or event.message_id for event in events)


def test_files_within_text_keep_their_bytes() -> None:
    picture = "Content-Type: image/png\r\nContent-Disposition: inline\r\n\r\n\x89PNG"
    mail = take_apart(
        f'{HEAD}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n{picture}\r\n--b--'.encode("latin-1")
    )
    assert [file.content for file in mail.files] == [b"\x89PNG"]


# ---- settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "webhook"}, "webhook_secret"),
        ({"mode": "webhook", "webhook_secret": Secret("pendek")}, "at least 16"),
        ({"mode": "webhook", "webhook_secret": Secret("x" * 16), "reply_to": "a@b.example"}, "send_only"),
        ({"reply_box": "a+b"}, "before the plus"),
        ({"authserv_id": "mx a"}, "one word"),
        ({"mode": "pop3"}, "mode"),
    ],
)
def test_settings_of_incoming_mail_that_cannot_be_right_end_the_start(changes: dict[str, Any], words: str) -> None:
    values = {"smtp_host": "mail.example.go.id", "from_address": "aduan@example.go.id"} | changes
    with pytest.raises(SettingsError, match=words):
        build([ChannelTable("surat", "email", values)], absent_secret=str)


# ---- the script of the mail server


class Gateway(http.server.BaseHTTPRequestHandler):
    """Answers with the next status, and keeps what it was given."""

    statuses: list[int]
    taken: list[tuple[dict[str, str], bytes]]
    elsewhere: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.statuses.pop(0))
        self.send_header("Location", self.elsewhere)
        self.end_headers()

    def do_GET(self) -> None:
        """A page, as any server has one."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def gateway(statuses: list[int], elsewhere: str = "") -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    taken: list[tuple[dict[str, str], bytes]] = []
    kind = type("Answering", (Gateway,), {"statuses": statuses, "taken": taken, "elsewhere": elsewhere})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/c/surel", taken
        server.shutdown()
        thread.join()


def piped(*words: str, mail: bytes = b"From: a@b.example\r\n\r\nIsi.") -> int:
    command = [sys.executable, "-I", str(PIPE), *words]
    return subprocess.run(command, input=mail, check=False, capture_output=True).returncode  # noqa: S603


def test_the_mail_server_keeps_what_the_gateway_did_not_take(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("uji-hmac-surel-0001\n")
    with gateway([200, 503, 413]) as (url, taken):
        words = (url, str(secret), "warga@contoh.example", "aduan@pemkab.example", "lain@pemkab.example")
        assert [piped(*words) for _ in range(3)] == [0, 75, 69]
    headers, body = taken[0]
    assert headers["x-envelope-to"] == "aduan@pemkab.example,lain@pemkab.example"
    signed = headers["x-timestamp"].encode() + b"." + body
    assert headers["x-signature"] == "sha256=" + hmac.new(b"uji-hmac-surel-0001", signed, hashlib.sha256).hexdigest()
    assert piped(url, str(secret)) == 75  # nobody listens there any more


def test_a_mail_is_not_taken_by_whoever_sends_it_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("uji-hmac-surel-0001\n")
    with gateway([]) as (elsewhere, _), gateway([302], elsewhere) as (url, _):
        assert piped(url, str(secret)) == 75


@pytest.mark.parametrize("name", ["From", "To", "Cc"])
def test_addresses_that_nobody_wrote_put_a_mail_aside(name: str) -> None:
    with pytest.raises(PayloadInvalid):
        addresses_in([f"{'(' * 5000} <warga@contoh.example>"])
