"""Conversations at rest: the row of each sender and channel, with what the next step has to know beside it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import exists, select

from channels.registry import Channel
from gateway.complaints.complaint import Status
from gateway.conversation.dialogue import Dialogue, KnownCase, Setting, UssdSession
from gateway.people import contacts
from gateway.people.contacts import Contact
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, to_millis

SHOWN_AFTER_CLOSING = timedelta(days=90)
SILENT_FOR = timedelta(days=180)
"""An address that was silent about a complaint for so long may be somebody else's by now: the code is asked for (C12)."""
MOST_CASES = 20
NOT_KEPT: Mapping[str, Any] = {
    name: getattr(Dialogue(), name) for name in ("cases", "ussd", "unfinished", "facts", "opted_out", "is_new")
}
"""What stands in no row, as a fresh dialogue has it."""
DUE_KEYS = {
    Status.RECEIVED: "verification",
    Status.VERIFIED: "verification",
    Status.ASSIGNED: "first_answer",
}
OF_THE_MOMENT: Mapping[str, Any] = {
    name: getattr(Dialogue(), name)
    for name in (
        "burst_number", "burst_from", "burst_last", "burst_added", "album", "album_number", "last_added_number",
        "last_added_text", "last_added_id", "last_added_at", "short_texts", "recent_texts", "thanks_repeated", "subjects",
    )
}  # fmt: skip
"""What a talk remembers for minutes or days."""
ROWS = "SELECT channel, contact_id, state_sealed, opted_out_at FROM dialogue WHERE contact_id IN {ids}"
COLUMNS = (
    "SELECT c.contact_id, c.number, c.status, c.created_at, c.status_since, c.last_message_at, a.name AS agency_name,"
    " c.due_at, c.public_answer, c.answered_at, c.closed_at, c.text_hash, c.anonymous, c.confidential, c.reopen_count,"
    " c.rating, c.sp4n_id, c.hold, c.urgency, c.archive_reason"
    " FROM complaint c LEFT JOIN agency a ON a.code = c.agency"
)
BY_NUMBER = f"{COLUMNS} WHERE c.number = :number"
CASES = (
    COLUMNS + " WHERE c.contact_id IN {ids} AND (c.closed_at IS NULL OR c.closed_at > :since)"
    " AND c.last_message_at > :heard ORDER BY c.id DESC"
)
Key = tuple[str, int]


def load(tx: Transaction, wanted: Iterable[tuple[str, Contact]]) -> dict[Key, Dialogue]:
    """The dialogue of each sender, with their complaints; somebody new costs no read."""
    pairs = {(channel, contact.id): contact for channel, contact in wanted}
    known = [contact.id for contact in pairs.values() if not contact.is_new]
    rows = {(row.channel, row.contact_id): row for row in tx.in_ids(ROWS, known)} if known else {}
    cases = known_cases(tx, known)
    return {key: _dialogue(rows.get(key), contact, cases.get(key[1], ())) for key, contact in pairs.items()}


def _dialogue(row: Any, contact: Contact, cases: tuple[KnownCase, ...]) -> Dialogue:
    if row is None:
        return Dialogue(cases=cases)
    dialogue = Dialogue()
    if row.state_sealed is not None:
        dialogue = DIALOGUE.decode(contact.open_bytes(bytes(row.state_sealed), f"dialogue:{row.channel}"))
    return dialogue.with_(cases=cases, opted_out=row.opted_out_at is not None, is_new=False)


def known_cases(tx: Transaction, contact_ids: Sequence[int]) -> dict[int, tuple[KnownCase, ...]]:
    if not contact_ids:
        return {}
    found: dict[int, list[KnownCase]] = {}
    since, heard = to_millis(tx.now - SHOWN_AFTER_CLOSING), to_millis(tx.now - SILENT_FOR)
    for row in tx.in_ids(CASES, contact_ids, since=since, heard=heard):
        mine = found.setdefault(row.contact_id, [])
        if len(mine) < MOST_CASES:
            mine.append(known_case(tx, row))
    return {identity: tuple(cases) for identity, cases in found.items()}


def known_case(tx: Transaction, row: Any) -> KnownCase:
    """A row of CASES (times in milliseconds) as the conversation sees it."""
    status = Status(row.status)
    answered_at = from_millis(row.answered_at) if row.answered_at else None
    undo = timedelta(seconds=tx.office.settings.casework.undo_s)
    waits = status is Status.AWAITING_REPORTER and answered_at is not None and tx.now - answered_at < undo
    return KnownCase(
        number=row.number,
        status=status,
        created_at=from_millis(row.created_at),
        status_since=from_millis(row.status_since),
        last_message_at=from_millis(row.last_message_at),
        agency_name=row.agency_name or "",
        due_on=tx.office.calendar.local(from_millis(row.due_at)).date() if row.due_at and not waits else None,
        due_key=DUE_KEYS.get(status, "answer"),
        answer="" if waits else row.public_answer,
        answered_at=answered_at,
        answer_waits=waits,
        closed_at=from_millis(row.closed_at) if row.closed_at else None,
        text_hash=row.text_hash,
        anonymous=bool(row.anonymous),
        confidential=bool(row.confidential),
        reopen_count=row.reopen_count,
        rating=row.rating,
        sp4n_id=row.sp4n_id,
        held=row.hold != "none",
        urgent=row.urgency == "darurat",
        archive_reason=row.archive_reason,
    )


def save(tx: Transaction, dialogues: Iterable[tuple[str, Contact, Dialogue]]) -> None:
    """Keep conversations; what somebody said stands in them, so they are sealed like their messages."""
    rows = [
        {
            "channel": channel,
            "contact_id": contact.id,
            "language": dialogue.language,
            "state_sealed": contact.seal(kept(dialogue), f"dialogue:{channel}"),
            "updated_at": tx.now,
        }
        for channel, contact, dialogue in dialogues
    ]
    tx.upsert(tables.dialogue, rows, ("language", "state_sealed", "updated_at"))


DIALOGUE = msgspec.json.Decoder(Dialogue)
SESSION = msgspec.json.Decoder(UssdSession)
encoder = msgspec.json.Encoder()


def kept(dialogue: Dialogue) -> bytes:
    """What is stored, as JSON: everything that differs from a fresh dialogue."""
    return encoder.encode(dialogue.with_(**NOT_KEPT))


def rest(tx: Transaction, contact_ids: Iterable[int], silent_since: datetime) -> None:
    """Of talks that were silent since then forget what only the next words would have needed, unless a complaint of
    theirs is still open; packed, for most of them are never taken up again."""
    dialogue, complaint = tables.dialogue, tables.complaint
    busy = select(complaint.c.contact_id).where(
        complaint.c.contact_id == dialogue.c.contact_id, complaint.c.closed_at.is_(None)
    )
    quiet = tx.all(
        select(dialogue).where(
            dialogue.c.contact_id.in_(list(contact_ids)),
            dialogue.c.channel.in_(list(tx.office.channels)),
            dialogue.c.updated_at < silent_since,
            dialogue.c.state_sealed.is_not(None),
            ~exists(busy),
        ).with_for_update(skip_locked=True)
    )  # fmt: skip
    people = contacts.by_id(tx, {row.contact_id for row in quiet})
    changes = []
    for row in quiet:
        contact, where = people[row.contact_id], f"dialogue:{row.channel}"
        known = DIALOGUE.decode(contact.open_bytes(bytes(row.state_sealed), where))
        state = contact.seal_packed(kept(known.with_(**OF_THE_MOMENT)), where)
        changes.append({"channel": row.channel, "contact_id": row.contact_id, "state_sealed": state})
    tx.update(tables.dialogue, changes, ("channel", "contact_id"), ("state_sealed",))


def opt(tx: Transaction, channel: str, contact: Contact, out: bool) -> None:
    """Remember that this address wants no more messages on this channel, or wants them again."""
    tx.insert_new(tables.dialogue, [{"channel": channel, "contact_id": contact.id, "updated_at": tx.now}], "channel")
    dialogue = tables.dialogue
    mine = (dialogue.c.channel == channel) & (dialogue.c.contact_id == contact.id)
    tx.execute(dialogue.update().where(mine).values(opted_out_at=tx.now if out else None))


# USSD: one row per session, beside the dialogue of the phone.
SESSIONS = "SELECT session_id, channel, contact_id, state_sealed FROM ussd_session WHERE session_id IN {ids}"
UNFINISHED = timedelta(minutes=10)


def sessions(tx: Transaction, wanted: Sequence[tuple[str, Contact, str]]) -> dict[tuple[str, str], UssdSession]:
    """The sessions of (channel, contact, session id); one that another phone had is not theirs."""
    if not wanted:
        return {}
    owners = {(channel, session): contact for channel, contact, session in wanted}
    rows = tx.in_ids(SESSIONS, [session for _, _, session in wanted], "text")
    found = [(row, owners.get((row.channel, row.session_id))) for row in rows]
    return {
        (row.channel, row.session_id): _session(row, owner)
        for row, owner in found
        if owner is not None and owner.id == row.contact_id
    }


def _session(row: Any, contact: Contact) -> UssdSession:
    return SESSION.decode(contact.open_bytes(bytes(row.state_sealed), f"ussd:{row.session_id}"))


def unfinished(tx: Transaction, channel: str, contact: Contact, but: str) -> UssdSession | None:
    """The newest other session of this phone that broke off with a text."""
    if contact.is_new:
        return None
    rows = tx.in_ids(
        "SELECT session_id, state_sealed FROM ussd_session WHERE contact_id IN {ids} AND channel = :channel"
        " AND updated_at > :since AND draft_due_at IS NOT NULL ORDER BY updated_at DESC",
        [contact.id],
        channel=channel,
        since=to_millis(tx.now - UNFINISHED),
    )
    return next((_session(row, contact) for row in rows if row.session_id != but), None)


def save_session(tx: Transaction, channel: str, contact: Contact, session: UssdSession, draft_after_s: float) -> None:
    """Keep a step; a text that was typed and not yet sent becomes a report at `draft_due_at` (F62)."""
    waits = bool(session.entry("text")) and not session.opened and not session.ended
    row = {
        "channel": channel,
        "session_id": session.session_id,
        "contact_id": contact.id,
        "state_sealed": contact.seal(msgspec.json.encode(session), f"ussd:{session.session_id}"),
        "draft_due_at": tx.now + timedelta(seconds=draft_after_s) if waits else None,
        "updated_at": tx.now,
    }
    tx.upsert(tables.ussd_session, [row], ("state_sealed", "draft_due_at", "updated_at"))


def end_session(tx: Transaction, channel: str, session_id: str) -> None:
    """Its text was taken up, by another session of the same phone or by the clock."""
    table = tables.ussd_session
    mine = (table.c.channel == channel) & (table.c.session_id == session_id)
    tx.execute(table.update().where(mine).values(draft_due_at=None))


def setting(tx: Transaction, name: str, *, in_session: bool = False) -> Setting:
    """What the conversation has to know of a channel, read once per transaction. `in_session`: of its USSD, where SMS and
    USSD share a channel."""
    made: dict[tuple[str, bool], Setting] = tx.notes.setdefault("settings", {})
    if (name, in_session) not in made:
        made[name, in_session] = _setting(tx, name, in_session)
    return made[name, in_session]


def _setting(tx: Transaction, name: str, in_session: bool) -> Setting:
    office, channel = tx.office, tx.office.channels[name]
    settings, capabilities = office.settings, channel.capabilities
    talk = settings.conversation
    sessions = capabilities.sessions or in_session
    sms_channel = getattr(channel.settings, "sms_channel", "") or next(
        (other.name for other in (channel, *office.channels.values()) if other.capabilities.gsm and other.sender), ""
    )
    sms = office.channels.get(name if capabilities.gsm else sms_channel)
    return Setting(
        channel=name,
        channel_kind=channel.kind,
        sms=capabilities.gsm,
        buttons=capabilities.buttons,
        sessions=sessions,
        prefix=settings.government.ticket_prefix,
        government=settings.government.name,
        zone=settings.government.time_zone,
        burst_s=talk.burst_sms_s if capabilities.gsm else talk.burst_s,
        greeting_hours=talk.greeting_hours,
        repeat_hours=talk.repeat_hours,
        reopen_days=settings.casework.reopen_days,
        flood_texts=settings.intake.flood_texts,
        flood_within_s=settings.intake.flood_within_s,
        flood_senders=settings.intake.flood_senders,
        draft_after_s=getattr(channel.settings, "draft_after_s", 300.0),
        sms_number=sms.own if sms else "",
        sms_channel=sms_channel if sessions else "",
        private_url=_bot_address(channel),
        lexicon=office.lexicon,
    )


def _bot_address(channel: Channel) -> str:
    """Where a private talk with the bot begins; empty for channels without one."""
    name = channel.own.removeprefix("@") if channel.kind == "telegram" else ""
    return f"https://t.me/{name}" if name else ""
