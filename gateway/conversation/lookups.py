"""What the conversation says when intake has looked something up, or when casework refused after all.

Own complaints on their own channel are answered from the dialogue; everything else needs number and secret code, and
an unknown number, somebody else's and a wrong code sound the same (CASEWORK 4.3, 12).
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.complaints import number as numbers
from gateway.complaints.complaint import Action, ActionRefused
from gateway.conversation import ussd
from gateway.conversation.dialogue import KnownCase, Setting
from gateway.conversation.standing import label, status_reply
from gateway.conversation.turn import CaseAction, Lookup, NewCode, Reply, StatusLookup, Turn
from gateway.conversation.turns import reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look-up found. `case` None: nothing that may be shown. `code`: the new secret code, as it is read out."""

    case: KnownCase | None = None
    attempts_left: int = 0
    code: str = ""


def answered(turn: Turn, lookup: Lookup, outcome: Outcome, now: datetime, setting: Setting) -> Turn:
    """The turn with the answer to one of its look-ups: a reply, or the next page of a USSD session.

    TermProposal and Wish are answered by the turn itself and come back unchanged.
    """
    if isinstance(lookup, NewCode):
        return turn.with_(replies=(*turn.replies, reply("code.new", lookup.number, kode=outcome.code)))
    if not isinstance(lookup, StatusLookup):
        return turn
    if setting.sessions:
        return ussd.looked_up(turn, outcome.case, outcome.attempts_left, now, setting)
    return turn.with_(replies=(*turn.replies, _status(lookup, outcome, setting)))


def refused(turn: Turn, refusal: ActionRefused, action: CaseAction) -> Turn:
    """The turn when casework did not carry out `action`: what it promised is replaced by the reason.

    A deadline that has passed and a third reopening have words of their own.
    """
    case = turn.dialogue.case(action.number)
    if action.action is Action.CANCEL:
        answer = reply("err.cancel", action.number)
    elif refusal.code in ("expired", "limit") and action.action is Action.REOPEN:
        answer = reply("err.reopen_late" if refusal.code == "expired" else "err.reopen_limit", action.number)
    else:
        answer = reply("err.refused", action.number, status=label(case.status)) if case else Reply("err.not_yours")
    others = tuple(known for known in turn.replies if known.about != action.number)
    return turn.with_(replies=(*others, answer))


def _status(lookup: StatusLookup, outcome: Outcome, setting: Setting) -> Reply:
    if outcome.case:
        return status_reply(outcome.case, setting)
    if not lookup.code:
        return Reply("ask.code", {"nomor": numbers.plain(lookup.number)})
    return Reply("err.code", {"n": str(outcome.attempts_left)})
