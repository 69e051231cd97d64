"""What a message refers to: the complaint it answers, the message it edits, how many sent the same, what was said before."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from channels.messages import Answer, InboundMessage, MessageKind
from gateway.complaints.duplicates import text_hash
from gateway.conversation.dialogue import Facts, UssdSession
from gateway.outbound.delivery_reports import ID_PREFIX
from gateway.people import dialogues
from gateway.people.contacts import Contact
from gateway.sealing import open_seal
from gateway.storage.store import Transaction, constant
from gateway.storage.types import id_number, to_millis

REFERS = frozenset({MessageKind.EDIT, MessageKind.DELETE})
SAME_TEXTS = (
    "SELECT text_hash, count(DISTINCT contact_id) AS senders,"
    " max(CASE WHEN archive_reason = 'spam_terbukti' THEN 1 ELSE 0 END) AS spam,"
    " max(CASE WHEN EXISTS (SELECT 1 FROM ruling WHERE ruling.complaint_id = complaint.id"
    " AND ruling.what = 'hold' AND ruling.decided = 'none') THEN 1 ELSE 0 END) AS let_go"
    " FROM complaint WHERE text_hash IN {ids} AND text_hash <> ''"
    " AND (created_at > :since OR archive_reason = 'spam_terbukti'"
    " OR EXISTS (SELECT 1 FROM ruling WHERE ruling.complaint_id = complaint.id"
    " AND ruling.what = 'hold' AND ruling.decided = 'none'))"
    " GROUP BY text_hash"
)
NUMBER_OF = (
    "SELECT c.number FROM complaint c WHERE c.id IN ("
    " SELECT complaint_id FROM outbox WHERE channel = :channel AND provider_id = :provider AND provider_id <> ''"
    " UNION SELECT complaint_id FROM message WHERE channel = :channel AND provider_id = :provider AND provider_id <> '')"
)
OURS = (
    "SELECT o.key, o.complaint_id, o.contact_id, o.created_at, k.staff, k.address_hash, c.number FROM outbox o"
    " JOIN contact k ON k.id = o.contact_id LEFT JOIN complaint c ON c.id = o.complaint_id"
    " WHERE o.id = :id AND o.channel = :channel"
)
BY_NUMBER = "no:"
"""Before a number that somebody wrote, in `reply_to`; it counts only among their own complaints."""
Same = dict[str, tuple[int, bool, bool]]
"""Text -> how many wrote it lately, whether it was proven to be spam, whether a person let it go; texts that nobody wrote before are not in it."""


def same_texts(tx: Transaction, messages: Sequence[InboundMessage]) -> Same:
    """For each text of a batch: how many wrote it lately, and whether it was proven to be spam (one read)."""
    texts = {message.text for message in messages if message.text and message.kind is MessageKind.MESSAGE}
    within = timedelta(seconds=tx.office.settings.intake.flood_within_s)
    if not texts:
        return {}
    hashes = {text: text_hash(text) for text in texts}
    rows = tx.in_ids(SAME_TEXTS, set(hashes.values()), "text", since=to_millis(tx.now - within))
    found = {row.text_hash: (row.senders, bool(row.spam), bool(row.let_go)) for row in rows}
    return {text: found[digest] for text, digest in hashes.items() if digest in found}


def of(tx: Transaction, channel: str, message: InboundMessage, same: Same) -> Facts:
    senders, spam, let_go = same.get(message.text, (0, False, False))
    return Facts(
        replied_number=number_of(tx, channel, message, message.reply_to),
        target_number=number_of(tx, channel, message, message.target) if message.kind in REFERS else None,
        same_text_senders=senders,
        known_spam=spam,
        let_go=let_go,
    )


def number_of(tx: Transaction, channel: str, message: InboundMessage, provider_id: str) -> str:
    """The complaint that a message of this talk is about, ours or theirs, by the provider's name for it."""
    if not provider_id:
        return ""
    if provider_id.startswith(BY_NUMBER):
        return provider_id.removeprefix(BY_NUMBER)
    if provider_id.startswith(ID_PREFIX):
        return _number_of_ours(tx, channel, message, provider_id)
    kept = tx.office.keys.unnamed(message.reply_address or message.sender, provider_id)
    row = tx.one(constant(NUMBER_OF), {"channel": channel, "provider": kept})
    return str(row.number) if row else ""


def _number_of_ours(tx: Transaction, channel: str, message: InboundMessage, message_id: str) -> str:
    """By the id that a mail of ours carries; only what was sent to this very sender."""
    sent = outbox_row(tx, channel, message_id)
    mine = tx.office.keys.fingerprint(message.sender.reveal())
    return str(sent.number) if sent is not None and sent.number and sent.address_hash == mine else ""


def outbox_row(tx: Transaction, channel: str, message_id: str) -> Any:
    """A message of ours by its id (`ob_…`), None for none: key, complaint_id, contact_id, created_at (milliseconds),
    staff and address_hash of its receiver, number."""
    identity = id_number(message_id.removeprefix(ID_PREFIX)) if message_id.startswith(ID_PREFIX) else None
    return None if identity is None else tx.one(constant(OURS), {"id": identity, "channel": channel})


def thread_of(message: InboundMessage) -> str:
    """The name of a mail for answers to it; empty elsewhere, and where it holds somebody's address (SECURITY C1)."""
    is_mail = message.sender.scheme == "mailto" and message.sender.path not in message.provider_id
    return message.provider_id if is_mail else ""


def told_before(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> Answer:
    """The answer to a call that came again: the same page, the same receipt, else only its acknowledgement."""
    if message.session is not None:
        found = dialogues.sessions(tx, [(channel, contact, message.session.session_id)])
        session = found.get((channel, message.session.session_id))
        return _page(session, message.session.history) if session else Answer(repeated=True)
    if message.form is not None:
        return form_answer(tx, message.form.nonce)
    return Answer(repeated=True)


def _page(session: UssdSession, history: str) -> Answer:
    shown = dict(session.shown).get(history, session.answer)
    return Answer(text=shown, ends=session.ended and shown == session.answer, repeated=True)


def form_answer(tx: Transaction, nonce: str) -> Answer:
    """Number and, for as long as it may be shown, code of a report made with the form."""
    row = tx.one(
        constant(
            "SELECT f.code_sealed, f.shown_until, c.number FROM form_receipt f"
            " JOIN complaint c ON c.id = f.complaint_id WHERE f.nonce = :nonce"
        ),
        {"nonce": nonce},
    )
    if row is None:
        return Answer(repeated=True)
    visible = row.code_sealed is not None and row.shown_until > to_millis(tx.now)
    code = open_seal(tx.office.keys.form, bytes(row.code_sealed), f"form:{nonce}").decode() if visible else ""
    return Answer(number=row.number, secret_code=code, repeated=True)
