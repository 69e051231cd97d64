"""Tables of the plain design, one class each, and what is done with them: keep a message, note a receipt.

They hold what a citizen gets of the gateway for one report (docs/adr/0016): a number and a secret code, the day until which it
is read, the note about their data once, and a conversation that knows what the next message may be about.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, ForeignKey, UniqueConstraint, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

RECEIPT = "Laporan diterima. No {number} kode {code}. Diperiksa paling lambat {due}. Balas STATUS utk cek."
PRIVACY = "Data Anda dijaga. Balas PRIVASI utk penjelasan. Jangan kirim NIK/PIN."
IN_PARTS = "sms"
"""There the note about their data is a message of its own, as the gateway sends it; elsewhere it ends the receipt."""
READ_WITHIN = timedelta(days=3)


class Base(DeclarativeBase):
    """What all tables have in common."""


class Citizen(Base):
    __tablename__ = "naive_citizen"
    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address: Mapped[str]


class Message(Base):
    __tablename__ = "naive_message"
    __table_args__ = (UniqueConstraint("channel", "external_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    external_id: Mapped[str]
    citizen_id: Mapped[int] = mapped_column(ForeignKey("naive_citizen.id"))
    text: Mapped[str]
    received_at: Mapped[datetime]


class Complaint(Base):
    __tablename__ = "naive_complaint"
    id: Mapped[int] = mapped_column(primary_key=True)
    citizen_id: Mapped[int] = mapped_column(ForeignKey("naive_citizen.id"), index=True)
    text: Mapped[str]
    code_hash: Mapped[str]
    status: Mapped[str] = mapped_column(default="received")
    language: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    @property
    def number(self) -> str:
        return f"ADU-{self.id:09d}"


class Dialogue(Base):
    """What was talked about last: the next message may belong to it."""

    __tablename__ = "naive_dialogue"
    citizen_id: Mapped[int] = mapped_column(ForeignKey("naive_citizen.id"), primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("naive_complaint.id"))
    last_message_at: Mapped[datetime]


class Deadline(Base):
    __tablename__ = "naive_deadline"
    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("naive_complaint.id"), index=True)
    name: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)


class Event(Base):
    __tablename__ = "naive_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("naive_complaint.id"), index=True)
    action: Mapped[str]
    at: Mapped[datetime]


class Receipt(Base):
    __tablename__ = "naive_receipt"
    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("naive_complaint.id"), index=True)
    text: Mapped[str]
    sent_at: Mapped[datetime | None]


def open_database(url: str) -> Engine:
    """As durable as the gateway's own: an acknowledged message survives a power cut."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 20.0})
    event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: Any, _record: Any) -> None:
    for pragma in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
        connection.execute(pragma).close()


def create(engine: Engine) -> None:
    Base.metadata.create_all(engine)


def drop(engine: Engine) -> None:
    Base.metadata.drop_all(engine)


def keep(engine: Engine, channel: str, external_id: str, address: str, text: str, now: datetime) -> int | None:
    """One message in one session and one commit; the id of its complaint, None when it was here before."""
    with Session(engine) as session:
        if session.scalar(select(Message.id).filter_by(channel=channel, external_id=external_id)):
            return None
        citizen = session.scalar(select(Citizen).filter_by(channel=channel, address=address))
        is_new = citizen is None
        if citizen is None:
            citizen = Citizen(channel=channel, address=address)
            session.add(citizen)
            session.flush()
        code, due_at = f"{secrets.randbelow(10**8):08d}", now + READ_WITHIN
        complaint = Complaint(citizen_id=citizen.id, text=text, code_hash=_hashed(code), created_at=now)
        session.add(complaint)
        session.add(
            Message(channel=channel, external_id=external_id, citizen_id=citizen.id, text=text, received_at=now)
        )
        session.flush()
        session.merge(Dialogue(citizen_id=citizen.id, complaint_id=complaint.id, last_message_at=now))
        session.add(Event(complaint_id=complaint.id, action="received", at=now))
        session.add(Deadline(complaint_id=complaint.id, name="verification", due_at=due_at))
        receipt = RECEIPT.format(number=complaint.number, code=code, due=f"{due_at:%d-%m-%Y}")
        for words in _parts(channel, receipt, is_new=is_new):
            session.add(Receipt(complaint_id=complaint.id, text=words))
        session.commit()
        return complaint.id


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _parts(channel: str, receipt: str, *, is_new: bool) -> list[str]:
    """Who writes for the first time is told once what happens with their data."""
    if not is_new:
        return [receipt]
    return [receipt, PRIVACY] if channel == IN_PARTS else [f"{receipt}\n{PRIVACY}"]


def waiting(engine: Engine) -> int:
    """Receipts that were not sent yet."""
    with Session(engine) as session:
        return session.scalar(select(func.count(Receipt.id)).where(Receipt.sent_at.is_(None))) or 0
