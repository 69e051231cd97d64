"""Every text for citizens: complete in both languages, and within one SMS with its longest values."""

from datetime import date

import pytest

from channels import gsm
from channels.protocols import Capabilities
from gateway.conversation.buttons import BUTTONS
from gateway.conversation.render import CONTINUED, QUOTED, render
from gateway.conversation.turn import Reply
from tests.conversation.town import SMS, texts

AREAS = (
    "rx", "ask", "st", "line", "hold", "pv", "greet", "help", "em", "stop", "start", "err", "cancel", "none", "rate",
    "code", "glos", "svc", "lang", "pub",
)  # fmt: skip
LONGEST = {
    "tiket": "KBR-260001235",
    "sandi": "K7QM-2XVB-9DTR-4W6F",
    "nomor": "260001235",
    "kode": "4821-9037",
    "tgl": date(2026, 11, 26),
    "sejak": date(2026, 11, 26),
    "dijawab": date(2026, 11, 26),
    "opd": "W" * 24,
    "instansi": "W" * 24,
    "kontak": "08111-129-129",
    "status": "Tanggapan Anda diterima",
    "alasan": "laporan sama sudah ada",
    "oleh": "Pejabat pelindungan data",
    "jenis": "RAHASIA",
    "perintah": "RAHASIA",
    "n": "200",
    "layanan": "W" * 100,
    "kutipan": "kata " * 100,
    "lain": ", +200 laporan lain",
    "data": "kontak, nama, isi laporan, foto atau berkas, lokasi, data petugas",
    "waktu": "diketahui 26 Nov 2026",
    "tanya": "kata " * 60,
    "istilah": "Disposisi",
    "arti": "kata " * 30,
    "usulan": "kata " * 20,
    "versi": "10.10.10",
    "sk": "SK CONTOH 900/2026",
    "tautan": "https://contoh.example/p/abc",
}
LONG = frozenset({"pv.long", "glos.entry"})
"""Several SMS, as the transcripts have them."""


def keys() -> list[str]:
    found = sorted(key for key in texts().keys("id") if key.split(".")[0] in AREAS and not key.startswith("st.label"))
    assert len(found) > 80
    return found


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("key", keys())
def test_a_text_is_one_sms_with_its_longest_values(key: str, language: str) -> None:
    messages = [message.text for message in render(Reply(key, LONGEST), language, SMS, texts()).messages]
    assert all(gsm.fits_gsm(text) for text in messages)
    assert all(gsm.count(text).segments == 1 for text in messages)
    most = 4 if CONTINUED.fullmatch(key) or key in LONG else 1
    assert len(messages) <= most


@pytest.mark.parametrize("key", keys())
def test_only_what_somebody_said_is_ever_cut(key: str) -> None:
    """Without the quoted values each text leaves them room."""
    short = LONGEST | dict.fromkeys((*QUOTED, "arti", "layanan"), "kata")
    (message, *_) = render(Reply(key, short), "id", SMS, texts()).messages
    assert not message.text.endswith("..")


def test_both_languages_have_the_same_texts() -> None:
    assert [
        problem for problem in texts().problems() if problem.split(".")[0] in (*AREAS, "ussd", "button", "word")
    ] == []


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_button_has_a_label(language: str) -> None:
    chat = Capabilities(buttons=True)
    for key in BUTTONS:
        (*_, last) = render(Reply(key, LONGEST, about="KBR-260001235"), language, chat, texts()).messages
        assert last.buttons
        for button in (button for row in last.buttons for button in row):
            assert button.label
            assert "." not in button.label
            assert len(button.data) <= 64


@pytest.mark.parametrize("key", keys())
def test_no_text_promises_help_or_says_soon(key: str) -> None:
    """The gateway never claims that help is on its way, and gives dates instead of "segera"."""
    text = " ".join(texts().words(key)).casefold()
    assert not any(
        word in text for word in ("segera", "secepatnya", "bantuan datang", "sedang menuju", "petugas akan datang")
    )
