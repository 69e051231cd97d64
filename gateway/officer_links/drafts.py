"""What an officer typed and did not send, or sent and may take back: one draft per form of a complaint, sealed.

It belongs to the officer, not to a link or a device: a fresh link shows it again (SCREENS 4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, select

from gateway.sealing import open_seal, seal
from gateway.storage import tables
from gateway.storage.store import Transaction

KEPT_FOR = timedelta(days=14)
"""As long as a link to the page may be used."""
OPEN_FOR = timedelta(hours=24)
"""How long a question in a chat waits for its answer (gateway/officers/questions.py)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose drafts, and about which complaint."""

    complaint_id: int
    member_id: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in one form. Files that wait for it are found by `action_id`; `files` are ids of those that were sent."""

    word: str
    action_id: str
    values: Mapping[str, str]
    saved_at: datetime
    files: Sequence[int] = ()


def keep(tx: Transaction, desk: Desk, word: str, action_id: str, values: Mapping[str, str]) -> None:
    """In the place of an earlier draft of this form."""
    _write(tx, desk, Draft(word, action_id, values, tx.now), None)


def keep_sent(tx: Transaction, desk: Desk, draft: Draft) -> None:
    """The form was carried out: it stands nowhere any more, unless it is taken back."""
    _write(tx, desk, draft, tx.now)


def _write(tx: Transaction, desk: Desk, draft: Draft, sent_at: datetime | None) -> None:
    content = msgspec.json.encode((dict(draft.values), list(draft.files)))
    sealed = seal(tx.office.keys.raw, content, _place(desk, draft.word))
    row = {"action_id": draft.action_id, "typed_sealed": sealed, "saved_at": tx.now, "sent_at": sent_at}
    key = {"complaint_id": desk.complaint_id, "member_id": desk.member_id, "word": draft.word}
    tx.upsert(tables.officer_draft, [key | row], list(row))


def _place(desk: Desk, word: str) -> str:
    return f"draft:{desk.complaint_id}:{desk.member_id}:{word}"


def read(tx: Transaction, desk: Desk) -> dict[str, Draft]:
    """The drafts that stand in the forms now, by word."""
    rows = tx.all(select(tables.officer_draft).where(_on(desk), tables.officer_draft.c.sent_at.is_(None)))
    return {row.word: _opened(tx, desk, row) for row in rows}


def _on(desk: Desk) -> ColumnElement[bool]:
    draft = tables.officer_draft.c
    return and_(draft.complaint_id == desk.complaint_id, draft.member_id == desk.member_id)


def _opened(tx: Transaction, desk: Desk, row: Any) -> Draft:
    content = open_seal(tx.office.keys.raw, bytes(row.typed_sealed), _place(desk, row.word))
    values, files = msgspec.json.decode(content, type=tuple[dict[str, str], list[int]])
    return Draft(row.word, row.action_id, values, row.saved_at, tuple(files))


def drop(tx: Transaction, desk: Desk, word: str) -> None:
    """The officer wants nothing of what stands in this form."""
    draft = tables.officer_draft
    tx.execute(draft.delete().where(_on(desk), draft.c.word == word, draft.c.sent_at.is_(None)))


def sent_lately(tx: Transaction, member_ids: Sequence[int]) -> list[Desk]:
    """Where these officers did something that may still be taken back, the newest first."""
    draft = tables.officer_draft
    since = tx.now - timedelta(seconds=tx.office.settings.casework.undo_s)
    mine = (draft.c.saved_at > since) & draft.c.sent_at.is_not(None) & draft.c.member_id.in_(list(member_ids))
    rows = tx.all(select(draft.c.complaint_id, draft.c.member_id).where(mine).order_by(draft.c.saved_at.desc()))
    return [Desk(row.complaint_id, row.member_id) for row in rows]


def bring_back(tx: Transaction, desk: Desk, word: str, action_id: str) -> Draft | None:
    """A form that was sent is a draft again, under a new id, because the old one counts as carried out.

    Returns it as it was sent; None where nothing of it was kept.
    """
    draft = tables.officer_draft
    row = tx.one(select(draft).where(_on(desk), draft.c.word == word, draft.c.sent_at.is_not(None)))
    if row is None:
        return None
    sent = _opened(tx, desk, row)
    keep(tx, desk, word, action_id, sent.values)
    return sent


def forget_old(tx: Transaction) -> int:
    """Drafts that nobody came back to, and sent ones that can no longer be taken back; how many there were.

    With them the questions of a chat to which nobody wrote an answer.
    """
    question = tables.officer_question
    tx.execute(question.delete().where(question.c.asked_at <= tx.now - OPEN_FOR))
    draft = tables.officer_draft.c
    window = timedelta(seconds=tx.office.settings.casework.undo_s)
    is_sent = and_(draft.sent_at.is_not(None), draft.saved_at <= tx.now - window)
    return tx.execute(tables.officer_draft.delete().where((draft.saved_at <= tx.now - KEPT_FOR) | is_sent)).rowcount
