"""The worker of the plain design: one job per step in an RQ SimpleWorker. `python -m workers.bench.naive.work SETTINGS`."""

import asyncio
import sys
from collections.abc import Callable
from functools import cache

import httpx
import langdetect
import redis
from rq import Queue, SimpleWorker, get_current_job
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from telegram import Bot

from config import clock
from workers.bench.messages import BOT_TOKEN, SMS_PASSWORD, SMS_USERNAME, TELEGRAM
from workers.bench.naive import model
from workers.bench.naive.serve import QUEUE, read_settings

READY = "ready"
SEND = "workers.bench.naive.work.send_receipt"
SAMPLE = "Jalan di depan pasar berlubang dalam sekali"


def read_language(complaint_id: int, database: str, sink: str) -> None:
    """The first step of a complaint; each of its receipts is a step, and a job, of its own."""
    with Session(_engine(database)) as session:
        complaint = session.get_one(model.Complaint, complaint_id)
        complaint.language = langdetect.detect(complaint.text)
        receipts = session.scalars(
            select(model.Receipt.id).filter_by(complaint_id=complaint_id).order_by(model.Receipt.id)
        ).all()
        session.commit()
    job = get_current_job()
    assert job is not None  # noqa: S101 - this is one
    for receipt in receipts:
        _queue(job.connection).enqueue(SEND, receipt, database, sink, result_ttl=0)


def send_receipt(receipt_id: int, database: str, sink: str) -> None:
    """Sent and noted, in a session of its own: jobs know nothing of each other."""
    with Session(_engine(database)) as session:
        receipt = session.get_one(model.Receipt, receipt_id)
        complaint = session.get_one(model.Complaint, receipt.complaint_id)
        citizen = session.get_one(model.Citizen, complaint.citizen_id)
        send = _telegram(sink) if citizen.channel == TELEGRAM else _sms(sink)
        send(citizen.address, receipt.text)
        receipt.sent_at = clock.now()
        session.add(model.Event(complaint_id=complaint.id, action="receipt_sent", at=clock.now()))
        session.commit()


Send = Callable[[str, str], None]


@cache
def _engine(database: str) -> Engine:
    return model.open_database(database)


@cache
def _queue(connection: redis.Redis) -> Queue:
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


@cache
def _telegram(sink: str) -> Send:
    """A bot that is made once; its loop lives as long."""
    runner = asyncio.Runner()
    bot = Bot(BOT_TOKEN, base_url=f"{sink}/telegram/bot")
    runner.run(bot.initialize())

    def send(address: str, text: str) -> None:
        runner.run(bot.send_message(int(address), text))

    return send


@cache
def _sms(sink: str) -> Send:
    client = httpx.Client()

    def send(address: str, text: str) -> None:
        query = {"username": SMS_USERNAME, "password": SMS_PASSWORD, "to": address, "text": text}
        client.get(f"{sink}/kannel/cgi-bin/sendsms", params=query).raise_for_status()

    return send


def main() -> None:
    settings = read_settings()
    langdetect.detect(SAMPLE)  # all profiles, read before the first job
    _telegram(settings.sink)
    connection = redis.Redis.from_url(settings.redis)
    worker = SimpleWorker([_queue(connection)], connection=connection, serializer=JSONSerializer)
    sys.stdout.write(f"{READY} {clock.now().timestamp()}\n")
    sys.stdout.flush()
    worker.work(logging_level="ERROR")


if __name__ == "__main__":
    main()
