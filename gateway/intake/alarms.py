"""Danger that the classifier sees (CASEWORK 9.7): what to do at once, and where the words of arrival saw none, all of the alarm.

The reporter is told to call 112 and what to do, the duty list is told at any hour, and a person decides where it goes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from gateway.casework import emergencies
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Sensitive, Urgency
from gateway.conversation.render import render
from gateway.conversation.turns import reply
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import dialogues, readers
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

ADVISED = frozenset({
    "kebakaran", "banjir", "bencana", "kecelakaan", "medis", "kekerasan", "satwa", "bunuh_diri", "hilang",
})  # fmt: skip
"""Hazards with a text of their own, `em.do_…`."""
ADVICE = "em.do_"
THREATENED = frozenset({Sensitive.KEKERASAN_SEKSUAL, Sensitive.ANAK})
SUICIDE = "bunuh_diri"
"""Its hazard: told whom to call like somebody who is threatened, as for the words of arrival."""


def raise_alarm(tx: Transaction, row: Any, suggestion: Suggestion, words: str = "") -> None:
    """`row`: a complaint that is not urgent yet; if it is held, it stays so. `words`: which tell of danger, where its text does not."""
    cases.amend(tx, row.id, urgency=Urgency.DARURAT.value)
    emergencies.tell(tx, row.id, words)
    is_threatened = suggestion.sensitive in THREATENED or suggestion.hazard == SUICIDE
    notice = "em.violence" if is_threatened else "em.notice"
    _say(tx, row, [notice, *_advice(suggestion)])


def advise(tx: Transaction, row: Any, suggestion: Suggestion) -> None:
    """What to do at once, to somebody whom the words of arrival had called 112 for; once for each complaint."""
    outbox = tables.outbox
    told = select(outbox.c.id).where(outbox.c.complaint_id == row.id, outbox.c.key.startswith(ADVICE)).limit(1)
    keys = _advice(suggestion)
    if keys and tx.one(told) is None:
        _say(tx, row, keys)


def _say(tx: Transaction, row: Any, keys: Sequence[str]) -> None:
    route = readers.reporter(tx, row)
    channel = tx.office.channels.get(row.channel)
    if route.skip or channel is None or channel.capabilities.sessions or route.channel != row.channel:
        return
    language = dialogues.load(tx, [(row.channel, route.contact)])[row.channel, route.contact.id].language
    for key in keys:
        answer = reply(key, row.number, kontak=tx.office.lexicon.ppa_contact)
        rendered = render(answer, language, channel.capabilities, tx.office.texts)
        texts = [(message.text, message.buttons) for message in rendered.messages]
        outbound.say(tx, route.contact, row.channel, texts, Said(key, row.id, direct=True, sent_from=route.sent_from))


def _advice(suggestion: Suggestion) -> list[str]:
    return [f"{ADVICE}{suggestion.hazard}"] if suggestion.hazard in ADVISED else []
