"""Messages that bring no report: greetings, thanks, a word too short to mean anything, group talk (CASEWORK 4.1, 9-10)."""

from datetime import datetime, timedelta

from channels.messages import Button
from gateway.conversation import wording
from gateway.conversation.answers import answered_case
from gateway.conversation.moment import Moment
from gateway.conversation.turn import Reply, Skip, Turn
from gateway.conversation.turns import hush, reply, say

FEWEST_LETTERS = 10
PATIENCE = 2
"""So many short messages are answered; further ones are ignored for a while."""
IGNORED_FOR = timedelta(hours=1)


def courtesy(moment: Moment) -> Turn | None:
    """Answered once in `greeting_hours`. Thanks for an answer never count as YA, but the question is put once more."""
    if not moment.is_courtesy:
        return None
    case = answered_case(moment)
    known = moment.dialogue
    if case and moment.is_thanks and known.thanks_repeated != case.number:
        return Turn(known.with_(thanks_repeated=case.number), replies=(reply("ask.done", case.number),))
    # Thanks end a talk: who thanks us for something just said is not greeted as if they had come in.
    if _told_lately(moment, known.greeted_at) or (moment.is_thanks and _told_lately(moment, moment.last_message_at)):
        return hush(moment, Skip.RATE_LIMIT)
    return Turn(known.with_(greeted_at=moment.now), replies=(Reply("greet.short"),))


def too_short(moment: Moment) -> Turn | None:
    if moment.brings_more or wording.has_letters(moment.text, FEWEST_LETTERS):
        return None
    known = moment.dialogue
    if known.ignore_until and moment.now < known.ignore_until:
        return hush(moment, Skip.RATE_LIMIT)
    if known.short_texts >= PATIENCE:
        ignored = known.with_(short_texts=0, ignore_until=moment.now + IGNORED_FOR)
        return Turn(ignored, skip=Skip.RATE_LIMIT)
    key = "ask.whatsup" if moment.text else "help.main"
    return Turn(known.with_(short_texts=known.short_texts + 1), replies=(Reply(key),))


def group(moment: Moment) -> Turn | None:
    """In a group we only say where to go on: a complaint belongs to one person's conversation."""
    if not moment.message.in_group:
        return None
    if _told_lately(moment, moment.dialogue.group_told_at):
        return hush(moment, Skip.RATE_LIMIT)
    return Turn(moment.dialogue.with_(group_told_at=moment.now), replies=(_invitation(moment),))


def unsupported(moment: Moment) -> Turn:
    """A type of message that nobody here can read (F99): say what can be sent."""
    return say(moment, "err.unsupported")


def _invitation(moment: Moment) -> Reply:
    url = moment.setting.private_url
    return Reply("err.group", buttons=((Button("button.private", url=url),),) if url else ())


def _told_lately(moment: Moment, last: datetime | None) -> bool:
    return last is not None and moment.now - last < timedelta(hours=moment.setting.greeting_hours)
