"""A pressed button. It may be pressed twice, or years later: then nothing happens, and the press is a duplicate."""

from collections.abc import Callable, Mapping

from gateway.conversation import answers
from gateway.conversation.buttons import Press, read_button
from gateway.conversation.dialogue import Question
from gateway.conversation.moment import Moment
from gateway.conversation.turn import Skip, Turn
from gateway.conversation.turns import hush

# A yes below one question must not agree to another that was put in the meantime.
CONFIRMED: Mapping[str, frozenset[Question]] = {
    "anonim": frozenset({Question.ANONYMITY}),
    "batal": frozenset({Question.CANCEL}),
    "lepas": frozenset({Question.LOWER_ANONYMOUS, Question.LOWER_CONFIDENTIAL}),
}


def pressed(moment: Moment) -> Turn:
    press = read_button(moment.message.button)
    number = f"{moment.setting.prefix}-{press.digits}"
    turn = PRESSES[press.what](moment, press, number) if press.what in PRESSES else None
    return turn or hush(moment, Skip.DUP_EVENT)


def _confirm(moment: Moment, press: Press, number: str) -> Turn | None:
    question = moment.awaiting
    if question is None or question.number != number or question.kind not in CONFIRMED[press.what]:
        return None
    return answers.yes(moment, number) if press.value == "ya" else answers.no(moment, number)


def _done(moment: Moment, press: Press, number: str) -> Turn | None:
    if answers.answered_case(moment, number) is None:
        return None
    return answers.yes(moment, number) if press.what == "ya" else answers.not_yet(moment, number)


def _skip(moment: Moment, _: Press, number: str) -> Turn | None:
    question = moment.awaiting
    fits = question is not None and question.number == number and question.kind in answers.SKIPPABLE
    return answers.waved_aside(moment) if fits else None


def _rate(moment: Moment, press: Press, number: str) -> Turn | None:
    if press.value not in answers.MARKS or answers.unrated_case(moment, number) is None:
        return None
    return answers.rate(moment, press.value, number)


PRESSES: Mapping[str, Callable[[Moment, Press, str], Turn | None]] = {
    "ya": _done,
    "belum": _done,
    "anonim": _confirm,
    "batal": _confirm,
    "lepas": _confirm,
    "lewati": _skip,
    "nilai": _rate,
}
