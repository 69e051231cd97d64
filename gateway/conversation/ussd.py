"""A USSD session: which input is new, what is a repetition, what became of a session that broke off.

The pages are in `menu.py`. A phone may lose every page, and an aggregator may send every step twice; the text shown last is
kept with the session and shown again as it was. Source: docs/channels/ussd_http.md.
"""

from datetime import datetime, timedelta

from channels.messages import Address, InboundMessage, SessionEvent
from channels.ussd.history import StepAction, next_input
from gateway.conversation.dialogue import Dialogue, KnownCase, Setting, UssdSession
from gateway.conversation.menu import AFTER_TEXT, Talk, enter, send, show, standing_of
from gateway.conversation.moment import Moment
from gateway.conversation.standing import page_values
from gateway.conversation.turn import Page, Skip, Turn
from gateway.conversation.turns import hush

REMEMBERED = timedelta(hours=24)
"""After this a session id is somebody else's."""
RESUMED_WITHIN = timedelta(minutes=10)
REPEATED_WITHIN = timedelta(seconds=4)
"""Where only the last input is sent: the same input so soon is the same step once more."""


def take(moment: Moment) -> Turn:
    """One step of a session."""
    event = moment.message.session
    if event is None or event.ended:
        return hush(moment, Skip.SERVICE)
    session = _known(moment, event)
    action, typed = _read(moment, event, session)
    if session and (action == StepAction.RETRY or session.ended):
        return _repeat(moment, session, session.answer)
    if session and action == StepAction.REPLAY_STEP and event.history in dict(session.shown):
        return _repeat(moment, session, dict(session.shown)[event.history])
    if session is None or action is not StepAction.INPUT:
        turn = _begin(moment, event)
        for given in _inputs(event) if action is not StepAction.BEGIN else ():
            turn = _go_on(moment, turn, given)
        return _at(turn, moment, event)
    return _at(enter(Talk(moment, session), typed), moment, event)


def expire(dialogue: Dialogue, sender: Address, now: datetime, setting: Setting) -> Turn:
    """What becomes of a broken session: with a text a complaint, `draft_after_s` after its last page; else nothing.

    Its last page is kept for a step that comes after all.
    """
    session = dialogue.ussd
    if session is None or not session.entry("text") or session.opened or session.ended or session.updated_at is None:
        return Turn(dialogue, skip=Skip.SERVICE)
    if now - session.updated_at < timedelta(seconds=setting.draft_after_s):
        return Turn(dialogue, skip=Skip.SERVICE)
    message = InboundMessage(f"expired:{session.session_id}", sender, session.entry("text"))
    return send(Talk(Moment.of(dialogue, message, now, setting), session))


def looked_up(turn: Turn, case: KnownCase | None, attempts_left: int, now: datetime, setting: Setting) -> Turn:
    """The page after a secret code was looked up."""
    session = turn.dialogue.ussd
    if session is None:
        return turn
    moment = Moment.of(turn.dialogue, InboundMessage("", Address("session", session.session_id)), now, setting)
    talk = Talk(moment, session)
    if case is None:
        shown = show(talk.noting(attempts_left=str(attempts_left)), "wrong")
        return turn.with_(dialogue=shown.dialogue, page=shown.page)
    shown = show(standing_of(case, talk), "standing")
    key, values = page_values(case, setting)
    return turn.with_(dialogue=shown.dialogue, page=shown.page and shown.page.with_(key=key, values=values))


def shown(dialogue: Dialogue, text: str) -> Dialogue:
    """The dialogue that remembers the page as the phone got it, for repetitions of this step."""
    session = dialogue.ussd
    if session is None:
        return dialogue
    pages = (*(pair for pair in session.shown if pair[0] != session.history), (session.history, text))
    return dialogue.with_(ussd=session.with_(answer=text, shown=pages))


def _known(moment: Moment, event: SessionEvent) -> UssdSession | None:
    session = moment.dialogue.ussd
    if session is None or session.session_id != event.session_id or session.updated_at is None:
        return None
    return session if moment.now - session.updated_at <= REMEMBERED else None


def _read(moment: Moment, event: SessionEvent, session: UssdSession | None) -> tuple[StepAction, str]:
    """What the step means and what was typed."""
    if event.whole_history:
        read = next_input(session.history if session else None, event.history)
        return read.action, read.new_input
    if session is None or event.begins:
        return StepAction.BEGIN, ""
    soon = session.updated_at is not None and moment.now - session.updated_at < REPEATED_WITHIN
    return (StepAction.RETRY if soon and event.history == session.history else StepAction.INPUT), event.history


def _repeat(moment: Moment, session: UssdSession, text: str) -> Turn:
    """A page as it was. The session is left out of the dialogue: nothing of it changes, nothing is to be kept."""
    return Turn(moment.dialogue.with_(ussd=None), page=Page(text=text, ends=session.ended))


def _begin(moment: Moment, event: SessionEvent) -> Turn:
    """The first page: the menu, or the offer to go on with a report that broke off."""
    session = UssdSession(event.session_id, sms_channel=event.sms_channel)
    earlier = moment.dialogue.unfinished
    resumable = (
        earlier is not None
        and earlier.entry("text")
        and earlier.page in AFTER_TEXT
        and earlier.updated_at is not None
        and moment.now - earlier.updated_at <= RESUMED_WITHIN
    )
    return show(Talk(moment, session), "resume" if resumable else "main")


def _inputs(event: SessionEvent) -> list[str]:
    return event.history.split("*") if event.history else []


def _go_on(moment: Moment, turn: Turn, typed: str) -> Turn:
    """One more input of a history that must be read from the beginning; ended sessions take none."""
    session = turn.dialogue.ussd
    if session is None or session.ended or turn.page is None:
        return turn
    return enter(Talk(moment.with_(dialogue=turn.dialogue), session), typed)


def _at(turn: Turn, moment: Moment, event: SessionEvent) -> Turn:
    session = turn.dialogue.ussd
    noted = session and session.with_(history=event.history, updated_at=moment.now)
    return turn.with_(dialogue=turn.dialogue.with_(ussd=noted))
