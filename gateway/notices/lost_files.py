"""Files that a provider had no more when we came for them: one polite request per report, and the text never waits (F87)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_REPORTER
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.files.attachments import FileOutcome
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import readers
from gateway.storage import tables
from gateway.storage.store import Transaction

KEY = "ask.file"


def ask_again(tx: Transaction, outcomes: Sequence[FileOutcome]) -> None:
    """Ask whoever sent a file that is gone to send it once more: once per report, however many are gone."""
    gone = [outcome.id for outcome in outcomes if outcome.state == "gone"]
    if not gone:
        return
    attachment, complaint = tables.attachment, tables.complaint
    lost = (attachment.c.id.in_(gone)) & (attachment.c.state == "gone") & (attachment.c.origin == OF_REPORTER)
    wanted = select(attachment.c.complaint_id).where(lost)
    for row in tx.all(select(complaint).where(complaint.c.id.in_(wanted), complaint.c.hold == "none")):
        _ask(tx, row)


def _ask(tx: Transaction, row: Any) -> None:
    outbox = tables.outbox
    asked = select(outbox.c.id).where(outbox.c.complaint_id == row.id, outbox.c.key == KEY).limit(1)
    route = readers.reporter(tx, row)
    if route.skip or tx.one(asked):
        return
    capabilities = tx.office.channels[route.channel].capabilities
    rendered = render(
        Reply(KEY, {"tiket": row.number}, about=row.number), route.language, capabilities, tx.office.texts
    )
    texts = [(message.text, message.buttons) for message in rendered.messages]
    said = Said(KEY, complaint_id=row.id, direct=False, sent_from=route.sent_from)
    outbound.say(tx, route.contact, route.channel, texts, said)
