"""Questions that are open for officers in a chat: one per task and officer. What they wrote stands in their drafts.

A row holds no words. It outlives a restart, and a task that moved away: else the answer would become a report.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from gateway.officer_links.drafts import OPEN_FOR, Desk
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


def open_for(tx: Transaction, channel: str, contact_id: int) -> list[Question]:
    """The questions that words of this chat may answer, the newest first."""
    question = tables.officer_question
    mine = (question.c.contact_id == contact_id) & (question.c.channel == channel)
    rows = tx.all(select(question).where(mine, _is_open(tx)).order_by(question.c.asked_at.desc()))
    return [_question(row) for row in rows]


def _is_open(tx: Transaction) -> ColumnElement[bool]:
    return tables.officer_question.c.asked_at > tx.now - OPEN_FOR


def _question(row: Any) -> Question:
    desk = Desk(row.complaint_id, row.member_id)
    return Question(desk, row.word, Step(row.step), row.action_id, row.asked_at)
