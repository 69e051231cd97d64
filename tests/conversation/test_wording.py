"""What a text says on its face."""

import pytest

from gateway.conversation import wording
from tests.conversation.town import town_lexicon

# fmt: off
COURTESY = [
    # text                       courtesy
    ("pagi",                     True),
    ("assalamualaikum min",      True),
    ("makasih ya",               True),
    ("Terima kasih banyak pak",  True),
    ("ok",                       True),
    ("P",                        True),
    ("👍👍",                      True),
    ("matur nuwun",              True),
    ("paaagiii",                 True),
    ("pagi 2",                   False),   # digits
    ("pagi pak bu admin semua",  False),   # five words
    ("pagi, jalan rusak",        False),
    ("",                         False),
    ("???",                      False),
]
DANGER = [
    # text                                                              urgent  violence
    ("kebakaran sekarang di pasar Contoh Timur api besar!!",            True,   ""),
    ("tlg rumah kebakaran skrg",                                        True,   ""),
    ("Ada kecelakaan, korban tergeletak berdarah, tolong ambulans",     True,   ""),
    ("banjir bandang di desa kami, tolong",                             True,   ""),
    ("tolong nyawa kami",                                               True,   ""),
    ("saya mau bunuh diri",                                             True,   "kesehatan"),
    ("tetangga dipukuli suaminya sekarang, tolong",                     True,   "kekerasan_seksual"),
    ("ada anak dicabuli gurunya",                                       True,   "anak"),
    ("Mohon pos pemadam kebakaran di desa kami",                        False,  ""),
    ("korban kebakaran bulan lalu belum dapat bantuan",                 False,  ""),
    ("jalan berlubang ini sering menyebabkan kecelakaan, sudah banyak korban", False, ""),
    ("kalau ada kebakaran besar, mobil damkar tidak bisa masuk gang",   False,  ""),
    ("sampah di pasar sudah seminggu tidak diangkut",                   False,  ""),
]
PLACES = [
    ("Gang Melati RT 4 Kelurahan Contoh Baru", True),
    ("di Contoh Timur",                        True),
    ("rt 7",                                   True),
    ("masih kering",                           False),
    ("rt",                                     False),
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), COURTESY)
def test_courtesy_is_known_by_its_words(text: str, expected: bool) -> None:
    assert wording.is_courtesy(wording.tokens(text), text, town_lexicon()) is expected


@pytest.mark.parametrize(("text", "urgent", "violence"), DANGER)
def test_danger_is_heard_when_it_is_now(text: str, urgent: bool, violence: str) -> None:
    reading = wording.read(text, town_lexicon())
    assert (reading.urgent, reading.violence) == (urgent, violence)


def test_a_long_story_of_violence_is_confidential_but_wakes_nobody() -> None:
    story = (
        "Saya ingin bertanya tentang akibat kdrt yang pernah saya alami beberapa tahun lalu dan apa yang bisa dilakukan"
    )
    assert wording.read(story, town_lexicon()) == wording.Reading(wording.tokens(story), "kekerasan_seksual", False)


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_a_place_is_known_by_its_name_or_by_the_word_before_it(text: str, expected: bool) -> None:
    assert wording.names_place(wording.tokens(text), town_lexicon()) is expected


def test_what_was_named_before_is_no_news() -> None:
    words = wording.tokens("sampah di Contoh Timur")
    assert wording.names(words, {"sampah"}, town_lexicon()) == {"contoh timur"}


@pytest.mark.parametrize("text", ["STOP", "*stop*", '"Stop."', "ＳＴＯＰ", "stop\u200b", "/stop"])
def test_a_phrase_is_compared_without_dress(text: str) -> None:
    assert wording.whole(text) == "stop"


def test_f72_a_megabyte_of_blanks_and_marks_is_read_in_no_time() -> None:
    """Only the beginning is looked at."""
    text = "a\u0301" * 500_000
    assert len(wording.plain(text)) <= wording.ANALYSED
    assert not wording.has_letters("\u0301" * 500_000 + text, 10)
