"""The reckoning finds what is lost, doubled, out of order or wrongly told, and nothing where all is well."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.texts import Texts
from gateway.queries.soak import Books, Case, Forward, Told
from workers.soak.officers import Fate, fate
from workers.soak.trace import Citizen, Heard, Trace, Way
from workers.soak.verdict import Evidence, Finding, Verdict, judge, unread

TEXTS = Texts.load()
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ONE, TWO = "ADU-260000013", "ADU-260000021"
SITI, BUDI = Citizen(1, Way.TELEGRAM_BURST), Citizen(2, Way.SMS)
OFFICER = "900001"
SAID = {
    "rx.receipt": "Laporan diterima. No {0} kode 1234-5678. Diperiksa paling lambat 27 Nov.",
    "st.assigned": "{0} diteruskan ke Dinas Uji. Jawaban pertama paling lambat 27 Nov.",
    "st.answer": "Jawaban {0}: Sudah diperbaiki. Sudah beres? Balas YA atau BELUM.",
}


def heard(at: int, citizen: Citizen, key: str, number: str, **more: object) -> Heard:
    peer = "telegram" if citizen is SITI else "kannel"
    made = Heard(at, NOW + timedelta(seconds=at), peer, citizen.recipient, SAID[key].format(number), 0)
    return replace(made, **more)  # type: ignore[arg-type]


def case(number: str, citizen: Citizen, status: str = "assigned", *states: str) -> Case:
    return Case(number, "\n".join(citizen.marks), status, "none", ("received", *(states or (status,))))


class Town:
    """A small town in which all went well, to be spoiled."""

    def __init__(self) -> None:
        self.trace = Trace({one.recipient: replace(one) for one in (SITI, BUDI)})
        self.trace.heard = [
            heard(1, SITI, "rx.receipt", ONE),
            heard(2, BUDI, "rx.receipt", TWO),
            heard(3, SITI, "st.assigned", ONE),
            heard(4, BUDI, "st.assigned", TWO),
            heard(5, BUDI, "st.answer", TWO),
        ]
        self.cases = [case(ONE, SITI), case(TWO, BUDI, "awaiting_reporter", "assigned", "awaiting_reporter")]
        self.told = [Told(TWO if one.recipient == BUDI.recipient else ONE, "", "sent") for one in self.trace.heard]
        self.forwards = [Forward(ONE, "create", "sent"), Forward(TWO, "create", "sent")]
        self.board = [
            {"id": str(at), "number": each.number, "content": each.text, "status": "", "status_name": ""}
            for at, each in enumerate(self.cases)
        ]
        self.quarantined = 0

    def evidence(self) -> Evidence:
        books = Books(tuple(self.cases), tuple(self.told), tuple(self.forwards), self.quarantined)
        return Evidence(self.trace, books, self.board, {OFFICER}, TEXTS)

    def judged(self) -> Verdict:
        return judge(self.evidence())


@pytest.fixture
def town() -> Town:
    return Town()


def test_where_all_is_well_nothing_is_found(town: Town) -> None:
    assert town.judged() == Verdict((), 0, 2)


def loses_a_message(town: Town) -> None:
    town.cases[0] = replace(town.cases[0], text="zq00001k\nzq00001m")
    town.board[0]["content"] = ""


def takes_a_message_twice(town: Town) -> None:
    town.cases[0] = replace(town.cases[0], text=f"{town.cases[0].text}\nzq00001m")


def makes_two_complaints_of_one(town: Town) -> None:
    town.cases[0] = replace(town.cases[0], text="zq00001k")
    town.cases.append(replace(case("ADU-260000039", SITI), text="zq00001l zq00001m", hold="spam"))
    town.board[0]["content"] = ""
    town.trace.heard.append(heard(6, SITI, "rx.receipt", "ADU-260000039"))
    town.trace.heard.append(heard(7, SITI, "st.assigned", "ADU-260000039"))


def mixes_up_an_order(town: Town) -> None:
    town.cases[0] = replace(town.cases[0], text="zq00001l\nzq00001k\nzq00001m")


def files_nothing(town: Town) -> None:
    del town.board[0]


def files_twice(town: Town) -> None:
    town.board.append(town.board[0])


def files_the_words_of_another(town: Town) -> None:
    town.board[0]["content"] = BUDI.marks[0]


def answers_twice(town: Town) -> None:
    town.trace.heard.append(heard(6, BUDI, "st.answer", TWO))
    town.told.append(Told(TWO, "", "sent"))


def gives_no_receipt(town: Town) -> None:
    town.trace.heard = town.trace.heard[1:]


def gives_two_receipts(town: Town) -> None:
    town.trace.heard.append(heard(6, SITI, "rx.receipt", ONE))


def tells_a_stranger(town: Town) -> None:
    town.trace.heard.append(heard(6, BUDI, "st.assigned", ONE))


def tells_what_never_was(town: Town) -> None:
    town.trace.heard.append(heard(6, SITI, "st.answer", ONE))


def tells_in_the_wrong_order(town: Town) -> None:
    town.trace.heard[3] = heard(6, BUDI, "st.assigned", TWO)


def tells_nobody_of_an_answer(town: Town) -> None:
    del town.trace.heard[4]


def sends_an_sms_again(town: Town) -> None:
    town.trace.heard[1] = replace(town.trace.heard[1], repeats=1)


def calls_sent_what_never_came(town: Town) -> None:
    town.told.append(Told(ONE, "st.progress", "delivered"))


def forgets_a_confirmation(town: Town) -> None:
    town.trace.citizens[BUDI.recipient].confirmed = True


def forgets_an_officers_answer(town: Town) -> None:
    town.trace.deeds[ONE] = "answered"


def does_not_follow_lapor(town: Town) -> None:
    town.trace.moved[ONE] = "in_progress"


def does_not_read_lapor(town: Town) -> None:
    does_not_follow_lapor(town)
    town.board[0]["status_name"] = "Ditindaklanjuti oleh Instansi"


def puts_a_call_aside(town: Town) -> None:
    town.quarantined = 1


# fmt: off
WRONGS: list[tuple[Callable[[Town], None], Finding]] = [
    (loses_a_message,             Finding("lost", "zq00001l", "message")),
    (takes_a_message_twice,       Finding("doubled", "zq00001m", "message")),
    (makes_two_complaints_of_one, Finding("doubled", "zq00001k", "complaint")),
    (mixes_up_an_order,           Finding("disordered", "zq00001l", "message")),
    (files_nothing,               Finding("lost", ONE, "forward")),
    (files_twice,                 Finding("doubled", ONE, "forward")),
    (files_the_words_of_another,  Finding("misled", ONE, "forward")),
    (gives_no_receipt,            Finding("lost", ONE, "receipt telegram_burst")),
    (gives_two_receipts,          Finding("doubled", ONE, "rx.receipt")),
    (tells_a_stranger,            Finding("misled", ONE, "recipient")),
    (tells_what_never_was,        Finding("misled", ONE, "status")),
    (tells_in_the_wrong_order,    Finding("disordered", TWO, "news")),
    (tells_nobody_of_an_answer,   Finding("misled", TWO, "silence at awaiting_reporter")),
    (answers_twice,               Finding("doubled", TWO, "st.answer")),
    (sends_an_sms_again,          Finding("doubled", TWO, "sms")),
    (calls_sent_what_never_came,  Finding("lost", ONE, "called sent: st.progress")),
    (forgets_a_confirmation,      Finding("lost", TWO, "confirmation")),
    (forgets_an_officers_answer,  Finding("lost", ONE, "answer of an officer")),
    (does_not_follow_lapor,       Finding("misled", ONE, "status of lapor")),
    (does_not_read_lapor,         Finding("misled", ONE, "status of lapor, not read")),
    (puts_a_call_aside,           Finding("lost", "1", "quarantined")),
]
# fmt: on
@pytest.mark.parametrize(("wrong", "found"), WRONGS, ids=[wrong.__name__ for wrong, _ in WRONGS])
def test_whatever_goes_wrong_is_found(town: Town, wrong: Callable[[Town], None], found: Finding) -> None:
    wrong(town)
    assert town.judged().findings == (found,)


def test_what_is_held_for_a_person_is_a_doubt_and_no_loss(town: Town) -> None:
    town.trace.heard = town.trace.heard[1:]
    town.told += [Told(ONE, "rx.receipt", "unknown"), Told(ONE, "rx.receipt", "delivered")]
    del town.board[0]
    town.forwards[0] = Forward(ONE, "create", "manual_check")
    assert town.judged() == Verdict((), 2, 1)


def test_who_was_not_content_is_answered_again_maybe_in_the_same_words(town: Town) -> None:
    answers_twice(town)
    states = ("assigned", "awaiting_reporter", "reporter_replied", "awaiting_reporter")
    town.cases[1] = case(TWO, BUDI, "awaiting_reporter", *states)
    assert town.judged() == Verdict((), 0, 2)


def test_a_report_that_lapor_moved_is_waited_for_until_it_was_read_again(town: Town) -> None:
    does_not_read_lapor(town)
    assert unread(town.evidence()) == {ONE}
    town.forwards[0] = replace(town.forwards[0], remote_status=town.board[0]["status_name"])
    assert (unread(town.evidence()), town.judged().many("misled")) == (frozenset(), 1)


def test_a_report_whose_number_only_a_person_can_find_is_a_doubt_and_not_waited_for(town: Town) -> None:
    does_not_read_lapor(town)
    town.forwards[0] = Forward(ONE, "create", "manual_check")
    assert (unread(town.evidence()), town.judged()) == (frozenset(), Verdict((), 1, 2))


def test_whoever_was_never_answered_may_have_lost_their_words(town: Town) -> None:
    del town.cases[1], town.board[1], town.trace.heard[4], town.trace.heard[3], town.trace.heard[1]
    town.trace.citizens[BUDI.recipient].sure = False
    assert town.judged().is_clean


def test_every_fate_falls_to_some_case() -> None:
    assert {fate(f"ADU-26{number:06}0") for number in range(8)} == set(Fate)
