"""A reply becomes messages of a channel (CASEWORK 4.4)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import gsm
from channels.messages import Button
from channels.protocols import Capabilities
from config.texts import TextError
from gateway.conversation.fitting import cut_to_fit, go_on, wrapped
from gateway.conversation.render import date_text, render, render_page
from gateway.conversation.turn import Page, Phrase, Reply
from tests.conversation.town import CHAT, SMS, texts

TICKET = {"tiket": "KBR-260001284"}
WORDS = st.text(alphabet=st.sampled_from("aeiou kls\n€{ñ"), max_size=700)


def rendered(reply: Reply, capabilities: Capabilities = SMS, language: str = "id") -> list[str]:
    return [message.text for message in render(reply, language, capabilities, texts()).messages]


def test_dates_are_written_as_people_write_them() -> None:
    assert date_text(date(2026, 8, 7), "id", texts()) == "7 Agu 2026"
    assert date_text(date(2026, 8, 7), "en", texts()) == "7 Aug 2026"


def test_a_date_in_the_values_is_written_in_the_language_of_the_reader() -> None:
    reply = Reply("st.assigned", TICKET | {"opd": "DLH", "tgl": date(2026, 5, 4)})
    assert rendered(reply) == ["KBR-260001284 diteruskan ke DLH. Jawaban pertama paling lambat 4 Mei 2026."]
    assert rendered(reply, language="en") == ["KBR-260001284 was passed to DLH. First answer by 4 May 2026."]


def test_a_reply_to_an_sms_is_a_reply_to_a_message_elsewhere() -> None:
    reply = Reply("rx.notdone", TICKET)
    assert rendered(reply)[0].endswith("Balas SMS ini.")
    assert rendered(reply, CHAT)[0].endswith("Balas pesan ini.")


def test_somebodys_own_words_are_never_changed() -> None:
    reply = Reply("st.note", TICKET | {"kutipan": "balas SMS ini bila perlu"})
    assert rendered(reply, CHAT) == ["Kabar KBR-260001284: balas SMS ini bila perlu"]


def test_the_privacy_line_is_an_sms_of_its_own_and_a_line_elsewhere() -> None:
    reply = Reply("rx.added", TICKET, append_key="pv.first")
    assert len(rendered(reply)) == 2
    (chat,) = rendered(reply, CHAT)
    assert chat.split("\n")[1].startswith("Data Anda dijaga.")


def test_a_note_is_cut_to_one_sms_and_says_so() -> None:
    (text,) = rendered(Reply("st.note", TICKET | {"kutipan": "air mengalir lagi " * 20}))
    assert text.startswith("Kabar KBR-260001284: air mengalir")
    assert text.endswith("..")
    assert 155 <= gsm.septets(text) <= 160


def test_the_name_of_an_office_is_cut_before_what_somebody_said() -> None:
    office = "Dinas Pekerjaan Umum dan Penataan Ruang dan Perumahan Rakyat"
    values = TICKET | {
        "opd": office,
        "tgl": date(2026, 11, 30),
        "kutipan": "Menunggu suku cadang dari Jakarta, kapal terlambat sepekan",
    }
    (text,) = rendered(Reply("st.extend", values))
    assert "Dinas Pekerjaan Umum d.." in text
    assert text.endswith("terlambat sepekan")


def test_an_answer_is_never_cut_but_goes_on() -> None:
    quote = " ".join(f"kalimat-{place}." for place in range(30))
    first, *further = rendered(Reply("st.answer", TICKET | {"kutipan": quote}))
    assert first.startswith("Jawaban KBR-260001284: kalimat-0.")
    count = len(further) + 1
    assert [text[:21] for text in further] == [f"KBR-260001284 ({place}/{count}): " for place in range(2, count + 1)]
    assert further[-1].endswith("Sudah beres? Balas YA atau BELUM.")
    joined = " ".join([first, *(text[21:] for text in further)])
    assert joined == f"Jawaban KBR-260001284: {quote} Sudah beres? Balas YA atau BELUM."


def test_an_endless_answer_takes_four_sms_and_ends_with_the_question() -> None:
    texts_ = rendered(Reply("st.answer", TICKET | {"kutipan": "kata " * 500}))
    assert len(texts_) == 4
    assert texts_[-1].endswith(".. Sudah beres? Balas YA atau BELUM.")


def test_letters_beyond_the_sms_alphabet_make_shorter_messages_not_broken_ones() -> None:
    messages = rendered(Reply("st.answer", TICKET | {"kutipan": "pipa diganti 🙏 " * 12}))
    assert all(gsm.count(text).segments == 1 for text in messages)


def test_print_quotes_cost_nothing() -> None:
    (text,) = rendered(Reply("st.note", TICKET | {"kutipan": "“pipa” – diganti…"}))
    assert text == 'Kabar KBR-260001284: "pipa" - diganti...'


def test_a_list_breaks_between_its_lines_on_sms() -> None:
    lines = tuple(
        Phrase("line.since", {"status": f"Laporan nomor {place}", "sejak": date(2026, 11, 26)}) for place in range(9)
    )
    messages = rendered(Reply("st.list", lines=lines))
    assert messages[0].startswith("Laporan Anda yang masih berjalan:\n1. Laporan nomor 0 sejak 26 Nov 2026\n2.")
    assert all(message[0].isdigit() for message in messages[1:])


def test_a_value_is_one_line() -> None:
    assert rendered(Reply("st.note", TICKET | {"kutipan": "satu\n\ndua\tia"}), CHAT) == [
        "Kabar KBR-260001284: satu dua ia"
    ]


def test_a_missing_value_is_a_fault_that_tests_find() -> None:
    with pytest.raises(TextError, match=r"st\.note needs a value for"):
        rendered(Reply("st.note", TICKET))


def test_buttons_carry_the_number_and_hang_below_the_last_message() -> None:
    extra = ((Button("button.photo", url="https://contoh.example/f"),),)
    reply = Reply("st.answer", TICKET | {"kutipan": "beres"}, "KBR-260001284", buttons=extra)
    (message,) = render(reply, "id", CHAT, texts()).messages
    assert [[button.label for button in row] for row in message.buttons] == [["YA", "BELUM"], ["Lihat foto"]]
    assert message.buttons[0][0].data == "ya:260001284"
    assert render(reply, "id", SMS, texts()).messages[-1].buttons == ()


def test_without_buttons_a_question_says_how_to_answer() -> None:
    assert rendered(Reply("ask.secret", {}, "KBR-260001284"))[0].endswith("Balas YA atau TIDAK.")
    assert not rendered(Reply("ask.secret", {}, "KBR-260001284"), CHAT)[0].endswith("Balas YA atau TIDAK.")


def test_a_channel_with_less_room_gets_more_messages() -> None:
    messages = rendered(
        Reply("st.note", TICKET | {"kutipan": "kata " * 500}), Capabilities(max_length=1000, max_messages=3)
    )
    assert len(messages) == 3
    assert all(len(text) <= 1000 for text in messages)
    (cut,) = rendered(
        Reply("st.note", TICKET | {"kutipan": "kata " * 500}), Capabilities(max_length=1000, max_messages=1)
    )
    assert cut.endswith("..")


@given(WORDS)
def test_any_quotation_fits_the_sms_it_is_sent_in(quote: str) -> None:
    for key in ("st.note", "st.answer", "ask.agency"):
        values = TICKET | {"kutipan": quote, "tanya": quote, "opd": "W" * 60, "tgl": date(2026, 11, 26)}
        messages = rendered(Reply(key, values))
        assert all(gsm.count(text).segments == 1 for text in messages)
        assert len(messages) <= (1 if key == "st.note" else 4)


@given(WORDS, st.integers(min_value=1, max_value=60))
def test_wrapping_loses_no_word_and_no_part_is_too_long(text: str, room: int) -> None:
    parts = wrapped(text, lambda part: len(part) <= room)
    assert all(len(part) <= room for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(WORDS, st.integers(min_value=10, max_value=60))
def test_going_on_loses_no_letter(text: str, room: int) -> None:
    parts = go_on(text, lambda place, of: f"({place}/{of}) ", lambda part: len(part) <= room, 4)
    if parts:
        joined = parts[0] + "".join(part.split(") ", 1)[1] if ") " in part else "" for part in parts[1:])
        assert "".join(joined.split()) == "".join(text.split())


def test_nothing_is_cut_that_fits() -> None:
    assert cut_to_fit(lambda quote: f"<{quote}>", "kata", lambda text: len(text) <= 6) == "<kata>"
    assert cut_to_fit(lambda quote: f"<{quote}>", "kata-kata", lambda text: len(text) <= 6) == "<ka..>"


def test_a_ussd_page_shows_only_what_a_phone_can() -> None:
    page = Page("ussd.summary", {"teks": "jalan “rusak” 🙏", "wilayah": "Contoh"})
    assert render_page(page, "id", 180, texts()) == 'Kirim laporan ini?\njalan "rusak" ?\nContoh'


def test_a_page_shown_before_comes_back_as_it_was() -> None:
    assert render_page(Page(text="apa adanya {x}"), "id", 180, texts()) == "apa adanya {x}"
