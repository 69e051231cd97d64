"""The few questions that follow a report: one at a time, two at most, never required (CASEWORK 4.2)."""

from datetime import datetime, timedelta

from gateway.conversation.dialogue import Awaiting, Dialogue, Question
from gateway.conversation.turn import Reply
from gateway.conversation.turns import about

MOST_QUESTIONS = 2
ANSWERED_WITHIN = timedelta(hours=24)
# Text key -> what the answer is about; the keys are those that completeness proposes.
QUESTIONS = {
    "ask.place": Question.PLACE,
    "ask.caption": Question.CAPTION,
    "ask.secret": Question.ANONYMITY,
    "ask.secret_personal": Question.ANONYMITY,
}
KEYS = {Question.PLACE: "ask.place", Question.CAPTION: "ask.caption", Question.ANONYMITY: "ask.secret"}


def may_ask(dialogue: Dialogue, question: str, number: str, now: datetime) -> bool:
    """Whether the question may be put now: none other is open, it was not put before, two are not exceeded."""
    key = _key(question)
    pending = dialogue.awaiting
    put = [each for each in dialogue.asked if each.endswith(f":{number}")]
    case = dialogue.case(number)
    if (pending and now <= pending.until) or len(put) >= MOST_QUESTIONS or (case and case.urgent):
        return False
    return f"{QUESTIONS[key]}:{number}" not in put


def ask(dialogue: Dialogue, question: str, number: str, now: datetime) -> tuple[Dialogue, Reply]:
    """The dialogue that waits for the answer, and the question. `question` is a `Question` or a key of QUESTIONS."""
    key = _key(question)
    subject = QUESTIONS[key]
    waiting = dialogue.with_(
        awaiting=Awaiting(subject, number, now + ANSWERED_WITHIN),
        asked=(*dialogue.asked, f"{subject}:{number}")[-2 * MOST_QUESTIONS :],
    )
    return waiting, Reply(key, about(number), number)


def _key(question: str) -> str:
    return question if question in QUESTIONS else KEYS[Question(question)]
