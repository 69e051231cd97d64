"""Questions that are open for officers in a chat: one per task and officer. What they wrote stands in their drafts.

A row holds no words. It outlives a restart, and a task that moved away: else the answer would become a report.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from gateway.officer_drafts import OPEN_FOR, Desk
from gateway.storage import tables
from gateway.storage.store import Transaction


class Step(StrEnum):
    """What is asked for."""

    TARGET = "target"
    """Whose task it is instead."""
    WORDS = "words"
    EVIDENCE = "evidence"
    REASON = "reason"
    """Why there is no photo."""
    CONFIRM = "confirm"
    """What will be sent is shown; it leaves with a yes."""


@dataclass(frozen=True, slots=True)
class Question:
    """`word` is the form of officer_page.FORMS that it fills in; `action_id` that of its draft and files."""

    desk: Desk
    word: str
    step: Step
    action_id: str
    asked_at: datetime


def ask(tx: Transaction, channel: str, contact_id: int, question: Question) -> None:
    """In the place of what this officer was asked about this task before."""
    values = {
        "contact_id": contact_id,
        "channel": channel,
        "word": question.word,
        "step": question.step.value,
        "action_id": question.action_id,
        "asked_at": question.asked_at,
    }
    key = {"complaint_id": question.desk.complaint_id, "member_id": question.desk.member_id}
    tx.upsert(tables.officer_question, [key | values], list(values))


def end(tx: Transaction, desk: Desk) -> None:
    tx.execute(tables.officer_question.delete().where(_of(desk)))


def _of(desk: Desk) -> ColumnElement[bool]:
    question = tables.officer_question.c
    return and_(question.complaint_id == desk.complaint_id, question.member_id == desk.member_id)


def of(tx: Transaction, desk: Desk) -> Question | None:
    """What is open at one desk."""
    row = tx.one(select(tables.officer_question).where(_of(desk), _is_open(tx)))
    return _question(row) if row else None


def open_for(tx: Transaction, channel: str, contact_id: int, number: str = "") -> Question | None:
    """The question that the next words of this chat answer: about complaint `number` if they reply to one, else the newest."""
    question, complaint = tables.officer_question, tables.complaint
    mine = (question.c.contact_id == contact_id) & (question.c.channel == channel)
    wanted = select(question).where(mine, _is_open(tx))
    if number:
        wanted = wanted.join(complaint, complaint.c.id == question.c.complaint_id).where(complaint.c.number == number)
    row = tx.one(wanted.order_by(question.c.asked_at.desc()).limit(1))
    return _question(row) if row else None


def _is_open(tx: Transaction) -> ColumnElement[bool]:
    return tables.officer_question.c.asked_at > tx.now - OPEN_FOR


def _question(row: Any) -> Question:
    desk = Desk(row.complaint_id, row.member_id)
    return Question(desk, row.word, Step(row.step), row.action_id, row.asked_at)
