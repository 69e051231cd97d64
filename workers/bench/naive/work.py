"""The worker of the plain design: one job per complaint in an RQ SimpleWorker. `python -m workers.bench.naive.work SETTINGS`."""

import asyncio
import sys
from collections.abc import Callable
from functools import cache

import httpx
import langdetect
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from telegram import Bot

from config import clock
from workers.bench.messages import BOT_TOKEN, SMS_PASSWORD, SMS_USERNAME, TELEGRAM
from workers.bench.naive import model
from workers.bench.naive.serve import QUEUE, read_settings

READY = "ready"
SAMPLE = "Jalan di depan pasar berlubang dalam sekali"


def take_care(complaint_id: int, database: str, sink: str) -> None:
    """One complaint: its language, its receipt, both noted. A session each, as jobs that know nothing of each other."""
    engine = _engine(database)
    with Session(engine) as session:
        complaint = session.get_one(model.Complaint, complaint_id)
        complaint.language = langdetect.detect(complaint.text)
        session.commit()
    with Session(engine) as session:
        receipt = session.scalars(select(model.Receipt).filter_by(complaint_id=complaint_id)).one()
        citizen = session.scalars(
            select(model.Citizen).join(model.Complaint).where(model.Complaint.id == complaint_id)
        ).one()
        send = _telegram(sink) if citizen.channel == TELEGRAM else _sms(sink)
        send(citizen.address, receipt.text)
        receipt.sent_at = clock.now()
        session.add(model.Event(complaint_id=complaint_id, action="receipt_sent", at=clock.now()))
        session.commit()


Send = Callable[[str, str], None]


@cache
def _engine(database: str) -> Engine:
    return model.open_database(database)


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
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=connection, serializer=JSONSerializer)
    sys.stdout.write(f"{READY} {clock.now().timestamp()}\n")
    sys.stdout.flush()
    worker.work(logging_level="ERROR")


if __name__ == "__main__":
    main()
