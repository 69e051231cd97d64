"""Public comments: a report or nothing. Whatever may be answered is answered to the person alone, once per comment.

Commands, codes and consent belong to a private talk: nobody shall read in public what somebody asked us.
"""

from gateway.conversation import wording
from gateway.conversation.additions import addition
from gateway.conversation.courtesy import FEWEST_LETTERS
from gateway.conversation.moment import Moment
from gateway.conversation.reports import open_report
from gateway.conversation.turn import Skip, Turn
from gateway.conversation.turns import hush


def comment(moment: Moment) -> Turn | None:
    if not moment.message.is_public:
        return None
    if moment.is_courtesy or not (moment.brings_more or wording.has_letters(moment.text, FEWEST_LETTERS)):
        return hush(moment, Skip.COMMENT)
    if moment.burst and not moment.is_urgent:
        joined = moment.dialogue.with_(burst_last=moment.now)
        return Turn(joined, additions=(addition(moment, moment.burst, None),), skip=Skip.DIGEST)
    turn = open_report(moment)
    # Only one private reply to a comment is taken; more may be said when its author has answered that.
    public = tuple(reply for reply in turn.replies if reply.public)
    private = tuple(reply for reply in turn.replies if not reply.public)[:1]
    return turn.with_(replies=(*public, *private))
