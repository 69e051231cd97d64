"""Answers to questions of ours: those the conversation put (`Dialogue.awaiting`) and those casework put (CASEWORK 4.1, 4).

The latter need no memory: an answer that waits for YA or BELUM, an officer's question and a rating that was not given
are told by the status of the complaint.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from gateway.complaints.complaint import Action, Status
from gateway.conversation import wording
from gateway.conversation.additions import SHORT_WORDS, append
from gateway.conversation.dialogue import Awaiting, KnownCase, Question
from gateway.conversation.moment import Moment
from gateway.conversation.reports import open_report
from gateway.conversation.turn import CaseAction, Skip, Turn
from gateway.conversation.turns import reply, say

LONGEST_ANSWER = 40
"""Words; a longer text after a question is a report of its own."""
COMMENT_WITHIN = timedelta(hours=1)
REASON_WITHIN = timedelta(hours=24)
POOR = 2
"""From this mark downwards we ask what was missing."""
MARKS = frozenset("12345")
SKIPPABLE = frozenset(
    {Question.PLACE, Question.CAPTION, Question.RATE_COMMENT, Question.CONTEST_REASON, Question.ANONYMITY}
)


def pending(moment: Moment) -> Turn | None:
    """The message as the answer to what is open, where it fits; a warning of danger never does."""
    if moment.is_courtesy or moment.is_urgent:
        return None
    question = moment.awaiting
    turn = _explicit(moment, question) if question else None
    return turn or _mark(moment) or _officers_question(moment)


def _explicit(moment: Moment, question: Awaiting) -> Turn | None:
    kind = Question(question.kind)
    if kind in SKIPPABLE and wording.whole(moment.text) in moment.lexicon.skips:
        return waved_aside(moment)
    return TAKERS[kind](moment, question) if kind in TAKERS else None


def in_other_words(moment: Moment) -> Turn | None:
    """What people write for YA, TIDAK and BELUM, while one of these is what we wait for."""
    phrase, question, words = wording.whole(moment.text), moment.awaiting, moment.lexicon
    kind = question.kind if question else ""
    answered = answered_case(moment) is not None
    if phrase in words.yes and (kind in AGREED or answered):
        return yes(moment)
    if phrase in words.no and (kind in DECLINED or kind in SKIPPABLE or answered):
        return no(moment)
    return not_yet(moment) if phrase in words.not_yet and answered else None


def waved_aside(moment: Moment) -> Turn:
    """The question ends, the report goes on; there is nothing to say."""
    number = moment.awaiting.number if moment.awaiting else ""
    return Turn(
        moment.dialogue.with_(awaiting=None),
        withdrawn=(("caption", number),) if number else (),
        skip=Skip.QUESTION_ENDED,
    )


def yes(moment: Moment, number: str = "") -> Turn:
    """YA. `number` where a button or a reply says which complaint is meant."""
    question = moment.awaiting
    if question and question.kind in AGREED and number in ("", question.number):
        return AGREED[Question(question.kind)](moment, question)
    case = answered_case(moment, number) or _contested_case(moment, number)
    if case is None:
        return say(moment, "none.pending")
    return _acted(moment, case, Action.CONFIRM, "st.resolved")


def no(moment: Moment, number: str = "") -> Turn:
    """TIDAK, and what people write in its place."""
    question = moment.awaiting
    if question and question.kind in DECLINED and number in ("", question.number):
        key = DECLINED[Question(question.kind)]
        return Turn(moment.dialogue.with_(awaiting=None), replies=(reply(key, question.number),))
    if question and question.kind in SKIPPABLE and number in ("", question.number):
        return waved_aside(moment)
    return not_yet(moment, number)


def not_yet(moment: Moment, number: str = "", text: str = "") -> Turn:
    """BELUM: back to the officers. What is missing is asked once, unless it was said in the same breath."""
    case = answered_case(moment, number)
    if case is None:
        return say(moment, "none.pending")
    if text:
        return _acted(moment, case, Action.CONTEST, "rx.returned", text=text)
    turn = _acted(moment, case, Action.CONTEST, "rx.notdone")
    question = Awaiting(Question.CONTEST_REASON, case.number, moment.now + REASON_WITHIN)
    return Turn(turn.dialogue.with_(awaiting=question), replies=turn.replies, actions=turn.actions)


def rate(moment: Moment, mark: str, number: str = "") -> Turn:
    case = unrated_case(moment, number)
    if case is None:
        return say(moment, "none.pending")
    dialogue, poor = moment.dialogue, int(mark) <= POOR
    if poor:
        dialogue = dialogue.with_(awaiting=Awaiting(Question.RATE_COMMENT, case.number, moment.now + COMMENT_WITHIN))
    return Turn(
        dialogue,
        replies=(reply("rate.low" if poor else "rate.thanks", case.number, n=mark),),
        actions=(CaseAction(case.number, Action.RATE, {"rating": mark}),),
    )


def answered_case(moment: Moment, number: str = "") -> KnownCase | None:
    """The complaint whose answer waits for YA or BELUM: the one meant, else the one answered last."""
    meant = number or moment.facts.replied_number
    waiting = [case for case in moment.open_cases if case.status is Status.AWAITING_REPORTER and not case.held]
    if number or any(case.number == meant for case in waiting):
        waiting = [case for case in waiting if case.number == meant]
    return max(waiting, key=lambda case: case.answered_at or case.status_since, default=None)


def _contested_case(moment: Moment, number: str) -> KnownCase | None:
    """Done after all: the only complaint that was sent back to the officers with BELUM."""
    sent_back = [case for case in moment.open_cases if case.status is Status.REPORTER_REPLIED and not case.held]
    chosen = [case for case in sent_back if number in ("", case.number)]
    return chosen[0] if len(chosen) == 1 else None


def unrated_case(moment: Moment, number: str = "") -> KnownCase | None:
    """The resolved complaint, at most `reopen_days` old, that has no rating yet; the latest of several."""
    since = moment.now - timedelta(days=moment.setting.reopen_days)
    closed = [
        case
        for case in moment.dialogue.cases
        if case.status is Status.RESOLVED
        and case.rating is None
        and (case.closed_at or case.status_since) >= since
        and number in ("", case.number)
    ]
    return max(closed, key=lambda case: case.closed_at or case.status_since, default=None)


def _acted(moment: Moment, case: KnownCase, action: Action, key: str, **inputs: str) -> Turn:
    question = moment.awaiting
    return Turn(
        moment.dialogue.with_(awaiting=None if question and question.number == case.number else question),
        replies=(reply(key, case.number),),
        actions=(CaseAction(case.number, action, inputs),),
    )


def _mark(moment: Moment) -> Turn | None:
    """A bare figure from 1 to 5 while a rating is missing."""
    mark = wording.whole(moment.text)
    return rate(moment, mark) if mark in MARKS and unrated_case(moment) else None


def _officers_question(moment: Moment) -> Turn | None:
    """What the reporter writes while an officer waits for it, unless it is plainly about something else."""
    if not (moment.words or moment.brings_more):
        return None
    asked = [case for case in moment.open_cases if case.status is Status.INCOMPLETE and not case.held]
    meant = next((case for case in asked if case == moment.replied), None)
    case = meant or max(asked, key=lambda each: each.status_since, default=None)
    if case is None or (meant is None and moment.burst not in ("", case.number)):
        return None
    if meant is None and len(moment.words) >= SHORT_WORDS and _is_elsewhere(moment, case):
        return None
    return append(moment, case)


def _is_elsewhere(moment: Moment, case: KnownCase) -> bool:
    return len(moment.news_about(case.number)) > 1 and wording.names_place(moment.words, moment.lexicon)


def _place(moment: Moment, question: Awaiting) -> Turn | None:
    """A location, a name of a place, or a few words without a new subject."""
    case = moment.dialogue.case(question.number)
    if case is None:
        return None
    if not moment.message.location:
        fits = 0 < len(moment.words) < SHORT_WORDS and (
            wording.names_place(moment.words, moment.lexicon) or not moment.news_about(case.number)
        )
        if not fits:
            return None
    return _answered(append(moment, case, place=moment.text))


def _caption(moment: Moment, question: Awaiting) -> Turn | None:
    case = moment.dialogue.case(question.number)
    return _answered(append(moment, case)) if case and moment.words else None


def _reason(moment: Moment, question: Awaiting) -> Turn | None:
    case = moment.dialogue.case(question.number)
    if case is None or not (moment.words or moment.brings_more) or len(moment.words) > LONGEST_ANSWER:
        return None
    return _answered(append(moment, case))


def _comment(moment: Moment, question: Awaiting) -> Turn | None:
    case = moment.dialogue.case(question.number)
    if case is None or case.rating is None or not 0 < len(moment.words) <= LONGEST_ANSWER:
        return None
    return _acted(moment, case, Action.RATE, "rate.comment", rating=str(case.rating), comment=moment.text)


def _report(moment: Moment, _: Awaiting) -> Turn | None:
    return open_report(moment) if moment.words or moment.brings_more else None


def _answered(turn: Turn) -> Turn:
    return Turn(
        turn.dialogue.with_(awaiting=None), replies=turn.replies, additions=turn.additions, withdrawn=turn.withdrawn
    )


def _cancel(moment: Moment, question: Awaiting) -> Turn:
    case = moment.dialogue.case(question.number)
    if case is None or not moment.may(Action.CANCEL, case):
        return Turn(moment.dialogue.with_(awaiting=None), replies=(reply("err.cancel", question.number),))
    return _acted(moment, case, Action.CANCEL, "st.cancelled")


def _anonymous(moment: Moment, question: Awaiting) -> Turn:
    return _marked(moment, question, Action.RAISE_ANONYMOUS, "pv.set", "ANONIM")


def _not_anonymous(moment: Moment, question: Awaiting) -> Turn:
    return _marked(moment, question, Action.LOWER_ANONYMOUS, "pv.unset", "ANONIM")


def _not_confidential(moment: Moment, question: Awaiting) -> Turn:
    return _marked(moment, question, Action.LOWER_CONFIDENTIAL, "pv.unset", "RAHASIA")


def _marked(moment: Moment, question: Awaiting, action: Action, key: str, mark: str) -> Turn:
    return Turn(
        moment.dialogue.with_(awaiting=None),
        replies=(reply(key, question.number, jenis=mark),),
        actions=(CaseAction(question.number, action),),
    )


Taker = Callable[[Moment, Awaiting], Turn | None]
TAKERS: Mapping[Question, Taker] = {
    Question.PLACE: _place,
    Question.CAPTION: _caption,
    Question.CONTEST_REASON: _reason,
    Question.RATE_COMMENT: _comment,
    Question.REPORT: _report,
}
AGREED: Mapping[str, Callable[[Moment, Awaiting], Turn]] = {
    Question.CANCEL: _cancel,
    Question.ANONYMITY: _anonymous,
    Question.LOWER_ANONYMOUS: _not_anonymous,
    Question.LOWER_CONFIDENTIAL: _not_confidential,
}
DECLINED: Mapping[str, str] = {
    Question.CANCEL: "cancel.kept",
    Question.ANONYMITY: "pv.kept",
    Question.LOWER_ANONYMOUS: "cancel.kept",
    Question.LOWER_CONFIDENTIAL: "cancel.kept",
}
