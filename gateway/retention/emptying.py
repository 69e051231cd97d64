"""What is taken out of complaints and contacts: words, files, names. Used by time (gateway/retention/anonymising.py) and by request.

The skeleton stays: number, dates, kind, topic, area, agency, statuses. What happened, when and by whom is history and is
never changed; only the words of it go (SECURITY C27, § 5).
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, literal, or_, select, true

from gateway.complaints.complaint import OF_AGENCY, OF_RECORD, OF_RECORD_SECRET, OF_REPORTER, Role
from gateway.complaints.masking import KINDS
from gateway.files import photo_prints
from gateway.outbound.outbound import OPEN, lane_of
from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.record import cases, rulings, tasks
from gateway.storage import tables
from gateway.storage.store import Transaction

ERASED = "erased"
NO_BYTES = b""
IDENTITY_NUMBER = KINDS["nik"]
NOT_WANTED = "superseded"
"""Why a message that failed cannot be sent again: its words are gone."""


def points(tx: Transaction, ids: Collection[int]) -> None:
    """The exact point; the area stays."""
    cases.empty(tx, ids, latitude=None, longitude=None, point_precision_m=None, point_source="")


def identity_numbers(tx: Transaction, ids: Collection[int]) -> None:
    """NIK and KK in what was written: from now on the original is as it is shown, with stars in their place."""
    complaint, text, message = tables.complaint, tables.complaint_text, tables.message
    whose = {row.id: row.contact_id for row in tx.all(select(complaint).where(complaint.c.id.in_(list(ids))))}
    written = [
        (text, row, whose.get(row.complaint_id), f"complaint_text:{row.id}")
        for row in tx.all(select(text).where(_of(text, ids)))
    ]
    theirs = _of(message, ids) & message.c.complaint_id.is_not(None) & message.c.text_sealed.is_not(None)
    written += [
        (message, row, row.contact_id, f"message:{row.id}:text") for row in tx.all(select(message).where(theirs))
    ]
    people = contacts.by_id(tx, {contact_id for _, _, contact_id, _ in written if contact_id is not None})
    for table, row, contact_id, where in written:
        author = people.get(contact_id) if contact_id is not None else None
        if author is None:  # their key is gone, and with it the words
            continue
        shown = masked_text(author.open(bytes(row.text_sealed), where))
        if IDENTITY_NUMBER in shown:
            mine = and_(*(column == getattr(row, column.name) for column in table.primary_key))
            tx.execute(table.update().where(mine).values(text_sealed=author.seal(shown, where)))


def words(tx: Transaction, ids: Collection[int]) -> None:
    """What was written and sent, word for word, and to whom; the masked text stays."""
    text, message, outbox, shelf = tables.complaint_text, tables.message, tables.outbox, tables.shelf
    entry = tables.dispatch_log
    tx.execute(text.delete().where(_of(text, ids)))
    gone = {"text_sealed": None, "raw_sealed": None, "provider_id": ""}
    tx.execute(message.update().where(_of(message, ids), message.c.complaint_id.is_not(None)).values(**gone))
    mine = and_(_of(outbox, ids), outbox.c.complaint_id.is_not(None))
    unsent = mine & outbox.c.state.in_(("failed", "unknown"))
    tx.execute(outbox.update().where(unsent).values(state="failed", reason=NOT_WANTED))
    left = mine & outbox.c.state.not_in(("queued", "sending"))
    tx.execute(outbox.update().where(left).values(text_sealed=NO_BYTES, buttons=None, provider_id=""))
    tx.execute(entry.update().where(_of(entry, ids)).values(recipient_id=None))
    tx.execute(shelf.update().where(shelf.c.id.in_(list(ids))).values(words=None))


def reporters_files(tx: Transaction, ids: Collection[int]) -> None:
    """Their hashes stay; the files themselves go with the next sweep (gateway/files/file_sweep.py)."""
    _files(tx, ids, tables.attachment.c.origin == OF_REPORTER)


def evidence(tx: Transaction, ids: Collection[int]) -> None:
    _files(tx, ids, tables.attachment.c.origin.in_((OF_AGENCY, OF_RECORD, OF_RECORD_SECRET)))


def _files(tx: Transaction, ids: Collection[int], whose: ColumnElement[bool]) -> None:
    attachment, upload = tables.attachment, tables.attachment_upload
    mine = and_(_of(attachment, ids), whose, attachment.c.state != ERASED)
    gone = [row.id for row in tx.all(select(attachment.c.id).where(mine))]
    if gone:
        photo_prints.forget(tx, gone)
        tx.execute(upload.delete().where(upload.c.attachment_id.in_(gone)))
        values = {"state": ERASED, "stored_as": "", "caption": "", "ref_sealed": None, "lease_until": None}
        tx.execute(attachment.update().where(attachment.c.id.in_(gone)).values(**values))


def everything(tx: Transaction, ids: Collection[int]) -> None:
    """All words and files, the proof of the agency's work too: the skeleton of the complaint stays."""
    reporters(tx, ids)
    _files(tx, ids, true())


def reporters(tx: Transaction, ids: Collection[int]) -> None:
    """All that could tell who wrote and what; the agency's evidence stays its time."""
    points(tx, ids)
    words(tx, ids)
    reporters_files(tx, ids)
    event, forward, remote, notice = tables.complaint_event, tables.forward, tables.remote_event, tables.notice
    task = tables.task
    tx.execute(event.update().where(_of(event, ids)).values(text_masked="", inputs=None))
    theirs = _of(event, ids) & (event.c.actor_role == Role.REPORTER.value)
    tx.execute(event.update().where(theirs).values(actor_name=""))
    tx.execute(forward.update().where(_of(forward, ids)).values(content_masked="", detail_masked=""))
    tx.execute(remote.update().where(_of(remote, ids)).values(text_masked=""))
    tx.execute(notice.update().where(_of(notice, ids)).values(inputs=None))
    tx.execute(task.update().where(_of(task, ids), task.c.kind.in_(tasks.WITH_WORDS)).values(detail=""))
    rulings.forget(tx, ids)
    values: dict[str, Any] = dict.fromkeys(
        ("title", "text_masked", "text_hash", "location_text", "incident_text", "public_answer", "rating_comment"), ""
    )
    since = tables.complaint.c.anonymised_at
    cases.empty(
        tx,
        ids,
        **values,
        suggestion=None,
        contact_id=None,
        anonymised_at=func.coalesce(since, literal(tx.now, since.type)),
    )


def _of(table: Table, ids: Collection[int]) -> ColumnElement[bool]:
    return table.c.complaint_id.in_(list(ids))


def contact(tx: Transaction, contact_id: int) -> bool:
    """The address, the name and the key to everything that was sealed with it. False where somebody still needs it.

    Needed by a complaint that is open, by a message on its way, or because it is an officer's.
    """
    if not contacts.lock_if_free(tx, contact_id) or is_needed(tx, contact_id):
        return False
    complaint = tables.complaint
    ids = [row.id for row in tx.all(select(complaint.c.id).where(complaint.c.contact_id == contact_id))]
    if ids:
        cases.empty(tx, ids, contact_id=None)
    for table in (tables.dialogue, tables.ussd_session):
        channel = table.c.channel.in_(list(tx.office.channels))
        tx.execute(table.delete().where(channel, table.c.contact_id == contact_id))
    requests(tx, contact_id)
    told = tables.breach_person
    tx.execute(told.update().where(told.c.contact_id == contact_id).values(contact_id=None))
    contacts.destroy(tx, contact_id)
    return True


def talk(tx: Transaction, contact_id: int) -> None:
    """What their conversations remember; whether they want no messages stays."""
    dialogue = tables.dialogue
    mine = dialogue.c.channel.in_(list(tx.office.channels)) & (dialogue.c.contact_id == contact_id)
    tx.execute(dialogue.update().where(mine).values(state_sealed=None))


def requests(tx: Transaction, contact_id: int) -> None:
    """What they said was wrong about them; that they asked stays."""
    request = tables.privacy_request
    tx.execute(request.update().where(request.c.contact_id == contact_id).values(said=""))


def is_needed(tx: Transaction, contact_id: int) -> bool:
    complaint, outbox, member, mine = tables.complaint, tables.outbox, tables.agency_member, tables.contact
    lanes = [lane_of(channel, contact_id) for channel in tx.office.channels]
    asked = (
        mine.select().where(mine.c.id == contact_id, mine.c.staff.is_(True)),
        complaint.select().where(complaint.c.contact_id == contact_id, complaint.c.closed_at.is_(None)),
        outbox.select().where(outbox.c.lane.in_(lanes), OPEN),
        member.select().where(
            or_(*(column == contact_id for column in (member.c.telegram_id, member.c.phone_id, member.c.email_id)))
        ),
    )
    return any(tx.one(statement.limit(1)) is not None for statement in asked)
