"""step: what one message means. RULES is the order of CASEWORK 4.1; the first rule that takes the message decides.

Redelivered messages, parts of long SMS and messages of officers never come here.
"""

from collections.abc import Callable
from datetime import datetime

from channels.messages import InboundMessage, MessageKind
from gateway.conversation import additions, answers, commands, comments, courtesy, orders, presses, reports, ussd
from gateway.conversation.dialogue import Dialogue, Setting
from gateway.conversation.moment import Moment
from gateway.conversation.optout import read_opt
from gateway.conversation.turn import Reply, Revision, Skip, Turn
from gateway.conversation.turns import hush

Rule = Callable[[Moment], Turn | None]


def step(dialogue: Dialogue, message: InboundMessage, now: datetime, setting: Setting) -> Turn:
    """Everything that `message` causes, and the dialogue after it. Pure; takes any text without raising."""
    moment = Moment.of(dialogue, message, now, setting)
    for _, rule in RULES:
        turn = rule(moment)
        if turn is not None:
            return turn
    raise AssertionError("the last rule takes everything")


def _by_kind(moment: Moment) -> Turn | None:
    """What is no message of words: sessions, forms, buttons, edits, what nobody can read."""
    message = moment.message
    if message.session is not None:
        return ussd.take(moment)
    if message.form is not None:
        return reports.form_report(moment, message.form)
    maker = KINDS.get(message.kind)
    return maker(moment) if maker else None


def _revision(moment: Moment) -> Turn | None:
    """An edit or a deletion, in silence. An edited message that belongs to no complaint is read as a new one."""
    message = moment.message
    deleted = message.kind is MessageKind.DELETE
    if not deleted and moment.facts.target_number == "":
        return None
    revision = Revision(message.target, "" if deleted else moment.text, deleted)
    return Turn(moment.dialogue, revisions=(revision,), skip=Skip.REVISION)


def _service(moment: Moment) -> Turn:
    return hush(moment, Skip.SERVICE)


def _opt(moment: Moment) -> Turn | None:
    """Leaving and coming back, each confirmed once."""
    # Below the word of a mail stands whatever its program puts below every mail.
    is_mail = moment.message.sender.scheme == "mailto"
    out = read_opt(moment.text.partition("\n")[0] if is_mail else moment.text)
    if out is None:
        return None
    if out and moment.dialogue.opted_out:
        return hush(moment, Skip.OPTED_OUT)
    return Turn(
        moment.dialogue.with_(opted_out=out, awaiting=None),
        replies=(Reply("stop.ok" if out else "start.ok"),),
        opt_out=out,
    )


KINDS: dict[MessageKind, Rule] = {
    MessageKind.SERVICE: _service,
    MessageKind.UNSUPPORTED: courtesy.unsupported,
    MessageKind.EDIT: _revision,
    MessageKind.DELETE: _revision,
}
RULES: tuple[tuple[str, Rule], ...] = (
    ("not words", _by_kind),
    ("comment", comments.comment),
    ("group", courtesy.group),
    ("button", lambda moment: presses.pressed(moment) if moment.message.kind is MessageKind.BUTTON else None),
    ("opt-out", _opt),  # 2
    ("command", commands.command),  # 3
    ("own number", orders.own_number),  # 4
    ("album", additions.album),  # 6; its key says more than any question of ours
    ("answer in other words", answers.in_other_words),  # 4
    ("pending question", answers.pending),  # 4
    ("same text again", additions.said_again),  # 7.1
    ("emergency", reports.emergency),  # 5, 9.7
    ("burst", additions.burst),  # 6
    ("reply", additions.replied),  # 7
    ("single open complaint", additions.single_open),  # 8
    ("courtesy", courtesy.courtesy),  # 9
    ("too short", courtesy.too_short),  # 10
    ("attachment alone", reports.only_attachment),  # 11
    ("new complaint", reports.new_report),  # 12
)
"""Name for tests and traces, and the rule; the figures are those of CASEWORK 4.1."""
