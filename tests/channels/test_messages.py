"""Texts of people, cleaned; addresses that never show themselves."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import (
    AddressRefused,
    AnswerLost,
    AnswerTooLarge,
    ChannelError,
    ChannelStopped,
    NotSent,
    ProviderBusy,
    SendError,
    SendUnknown,
    TemporaryFailure,
    as_send_error,
)
from channels.messages import Address, clean_text

TEXTS = [
    ("Jalan rusak", "Jalan rusak"),
    ("a\r\nb\rc\u2028d\u2029e\nf", "a\nb\nc\nd\ne\nf"),
    ("a\tb", "a\tb"),
    ("a\x00\x07\x1b[31mb\x7f\x85c", "a[31mbc"),
    ("\u202eterbalik\u202c \u2066isolasi\u2069", "terbalik isolasi"),
    ("setengah \ud83d emoji \ude4f", "setengah  emoji "),
    ("\ufffe\uffff\ufdd0", ""),
    ("keluarga 👨\u200d👩\u200d👧", "keluarga 👨\u200d👩\u200d👧"),
    ("z" + "\u0301\u0302\u0303\u0304\u0305\u0306", "z\u0301\u0302\u0303\u0304"),
    ("السلام عليكم ꦱꦸꦒꦼꦁ", "السلام عليكم ꦱꦸꦒꦼꦁ"),
]


@pytest.mark.parametrize(("raw", "cleaned"), TEXTS, ids=lambda text: ascii(text)[:30])
def test_a_text_keeps_its_words_and_loses_what_breaks_screens(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned


@given(st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="\ud800a\u0301\r\n\x00\u202e", max_size=30))
def test_a_cleaned_text_is_stored_everywhere_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    assert "\x00" not in cleaned.encode().decode()
    assert clean_text(cleaned) == cleaned
    unicodedata.normalize("NFC", cleaned)


def test_an_address_shows_itself_only_when_asked() -> None:
    address = Address("tel", "+6281200000001")
    assert "812" not in f"{address} {address!r} {[address]}"
    assert Address.read(address.reveal()) == address
    for text in ("", "tel", "tel:", ":x"):
        with pytest.raises(ValueError, match="scheme:path"):
            Address.read(text)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (NotSent("refused"), TemporaryFailure),
        (AnswerLost("cut"), SendUnknown),
        (AnswerTooLarge("large"), SendUnknown),
        (AddressRefused("private"), ChannelStopped),
        (ProviderBusy(3), ProviderBusy),
    ],
)
def test_a_failed_call_means_something_for_its_message(problem: ChannelError, kind: type[SendError]) -> None:
    assert type(as_send_error(problem)) is kind
