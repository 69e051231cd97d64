"""Answers to questions, ours and casework's (CASEWORK 4.1 rule 4), and buttons."""

import pytest

from channels.messages import AttachmentRef, Location
from gateway.complaints.complaint import Action, ActionRefused, Status
from gateway.conversation.dialogue import Dialogue, Facts
from gateway.conversation.lookups import refused
from gateway.conversation.turn import CaseAction, Skip, Turn
from gateway.conversation.turns import reply
from tests.conversation.town import Town, texts, town

REPORT = "Lampu jalan di gang kami mati sudah tiga malam"
LAMP = "KBR-260001235"
WASTE = "KBR-260001243"
PHOTO = (AttachmentRef("file"),)


def asked(question: str = "place") -> Town:
    street = town()
    street.write(REPORT)
    street.later(minutes=2).ask(question, LAMP)
    return street.later(minutes=1)


def answered() -> Town:
    """The report was answered by its agency an hour ago."""
    street = town()
    street.write(REPORT)
    street.later(hours=4)
    street.change(LAMP, status=Status.AWAITING_REPORTER, answer="Lampu diganti.", answered_at=street.now)
    return street.later(hours=1)


def test_a_named_place_is_kept_as_the_place() -> None:
    street = asked()
    assert street.write("Gang Melati RT 4 Kelurahan Contoh Baru")[0].startswith("Tambahan Anda masuk ke KBR-260001235.")
    addition = street.turns[-1].additions[0]
    assert (addition.place, addition.action) == ("Gang Melati RT 4 Kelurahan Contoh Baru", Action.REPLY)
    assert street.dialogues["warga"].awaiting is None


def test_a_location_answers_where_it_happened() -> None:
    street = asked()
    street.write(location=Location(-2.68, 111.62))
    assert street.turns[-1].additions[0].location == Location(-2.68, 111.62)


def test_another_subject_is_no_place() -> None:
    street = asked()
    assert "No KBR-260001243" in street.write("sampah menumpuk di mana mana tidak diangkut petugas kebersihan")[0]


@pytest.mark.parametrize("word", ["lewati", "Lewati", "tidak tahu", "skip", "TIDAK"])
def test_a_question_may_be_waved_aside(word: str) -> None:
    street = asked()
    assert street.write(word) == []
    assert street.turns[-1].skip is Skip.QUESTION_ENDED
    assert street.write(word) != [], "it is over now"


def test_an_unanswered_question_is_forgotten_after_a_day() -> None:
    street = asked().later(hours=24)
    street.write("Gang Melati RT 4")
    assert street.turns[-1].additions == ()


def test_danger_is_never_taken_for_an_answer() -> None:
    street = asked()
    assert "telepon 112" in street.write("kebakaran sekarang di Contoh Timur")[0]


def test_a_yes_to_anonymity_raises_it_and_a_no_leaves_the_content_secret() -> None:
    street = asked("anonymity")
    street.press("anonim:260001235:ya")
    assert [act.action for act in street.turns[-1].actions] == [Action.RAISE_ANONYMOUS]
    other = asked("anonymity")
    assert other.write("tidak") == ["Baik, isi KBR-260001235 tetap RAHASIA."]
    assert other.turns[-1].actions == ()


def test_yes_resolves_and_thanks_never_do() -> None:
    street = answered()
    assert street.write("terima kasih") == ["Sudah beres? Balas YA atau BELUM."]
    assert street.write("makasih ya") == [], "the question is repeated once"
    assert street.complaints[LAMP].known.status is Status.AWAITING_REPORTER
    assert street.write("iya")[0].startswith("KBR-260001235 selesai.")
    assert street.complaints[LAMP].known.status is Status.RESOLVED


@pytest.mark.parametrize("word", ["BELUM", "blm", "tidak", "belum beres"])
def test_not_yet_sends_it_back_and_asks_once_what_is_missing(word: str) -> None:
    street = answered()
    assert (
        street.write(word)[0] == "Baik, KBR-260001235 dikembalikan ke petugas. Apa yang belum beres? Balas pesan ini."
    )
    assert street.complaints[LAMP].known.status is Status.REPORTER_REPLIED
    assert street.write("di rt 7 jalan masih gelap dan lampu mati")[0].startswith("Tambahan Anda masuk")
    assert street.turns[-1].additions[0].action is Action.REPLY


def test_what_is_missing_may_be_said_in_the_same_breath() -> None:
    street = answered()
    assert street.write("BELUM, lampunya mati lagi") == [
        "Baik, KBR-260001235 dikembalikan ke petugas bersama keterangan Anda."
    ]
    assert dict(street.turns[-1].actions[0].inputs) == {"text": "lampunya mati lagi"}


def test_done_after_all() -> None:
    street = answered()
    street.write("BELUM")
    street.later(days=2)
    assert street.write("YA")[0].startswith("KBR-260001235 selesai.")


def test_other_words_about_an_answer_go_back_to_the_officers() -> None:
    street = answered()
    street.write("lampunya cuma nyala sebentar terus mati")
    assert street.turns[-1].additions[0].action is Action.REPLY_TO_ANSWER
    assert street.complaints[LAMP].known.status is Status.REPORTER_REPLIED


def test_yes_is_for_the_answer_that_came_last_unless_it_replies_to_another() -> None:
    street = answered()
    street.write("LAPOR sampah menumpuk di pasar Contoh Timur")
    street.later(hours=5)
    street.change(WASTE, status=Status.AWAITING_REPORTER, answer="Diangkut.", answered_at=street.now)
    assert street.write("YA")[0].startswith(WASTE)
    assert street.write("YA")[0].startswith(LAMP)


def test_an_officers_question_takes_the_next_words_of_the_reporter() -> None:
    street = town()
    street.write(REPORT)
    street.later(hours=20)
    street.change(LAMP, status=Status.INCOMPLETE)
    street.later(days=5)
    assert street.write("Senin 16 November, dekat sekolah")[0].startswith("Tambahan Anda masuk ke KBR-260001235.")
    assert street.turns[-1].additions[0].action is Action.COMPLETE


def test_an_officers_question_does_not_swallow_another_report() -> None:
    street = town()
    street.write(REPORT)
    street.later(hours=20)
    street.change(LAMP, status=Status.INCOMPLETE)
    other = "jembatan kayu dan saluran air di desa Contoh Hulu rusak berat sehingga anak sekolah tidak bisa lewat sama sekali"
    assert "No KBR-260001243" in street.write(other)[0]


def test_a_bare_figure_rates_what_was_resolved() -> None:
    street = answered()
    street.write("YA")
    assert street.later(hours=1).write("5") == ["Terima kasih. Nilai 5 tercatat untuk KBR-260001235."]
    assert street.write("5") == [texts()("ask.whatsup", "id")]


PRESSES = [
    "ya:260001235",
    "belum:260001235",
    "nilai:260001235:4",
    "lewati:260001235",
    "batal:260001235:ya",
    "foto:1",
    "",
    ":::",
]


@pytest.mark.parametrize("data", PRESSES)
def test_a_button_that_means_nothing_now_does_nothing(data: str) -> None:
    street = town()
    street.write(REPORT)
    assert street.press(data) == []
    assert street.turns[-1].skip is Skip.DUP_EVENT


def test_a_button_pressed_twice_acts_once() -> None:
    street = answered()
    assert street.press("ya:260001235")[0].startswith("KBR-260001235 selesai.")
    assert street.press("ya:260001235") == []


def test_an_old_yes_does_not_agree_to_a_newer_question() -> None:
    street = asked("anonymity")
    street.write("BATAL 260001235")
    assert street.press("anonim:260001235:ya") == []
    assert street.press("batal:260001235:ya") == ["KBR-260001235 dibatalkan atas permintaan Anda."]


REFUSALS = [
    # action           refusal code   what is said instead
    (Action.CANCEL,    "wrong_state", "err.cancel"),
    (Action.REOPEN,    "expired",     "err.reopen_late"),
    (Action.REOPEN,    "limit",       "err.reopen_limit"),
    (Action.CONFIRM,   "wrong_state", "err.refused"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "code", "key"), REFUSALS)
def test_what_casework_refuses_after_all_is_not_promised(action: Action, code: str, key: str) -> None:
    street = town()
    street.write(REPORT)
    promised = Turn(street._dialogue("warga", Facts(), ""), replies=(reply("st.resolved", LAMP), reply("help.main")))
    turn = refused(promised, ActionRefused(code), CaseAction(LAMP, action))
    assert [answer.key for answer in turn.replies] == ["help.main", key]


def test_a_refusal_about_a_complaint_of_somebody_else_tells_nothing_of_it() -> None:
    turn = refused(Turn(Dialogue()), ActionRefused("wrong_state"), CaseAction("KBR-260009999", Action.CONFIRM))
    assert [answer.key for answer in turn.replies] == ["err.not_yours"]
