"""The web process of the plain design: `python -m workers.bench.naive.serve SETTINGS`; tells its port on stdout."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import redis
import uvloop
from aiohttp import web
from rq import Queue
from rq.serializers import JSONSerializer
from telegram import Update

from config import clock
from workers.bench.messages import SMS, SMS_TOKEN, TELEGRAM, WEBHOOK_SECRET
from workers.bench.naive import model

QUEUE = "naive"
JOB = "workers.bench.naive.work.read_language"
SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
THREADS = {True: 1, False: 8}
"""Sessions at once: more than one on SQLite only wait for each other's lock, on PostgreSQL they wait for its disk."""


class Settings(msgspec.Struct, frozen=True):
    """`sink`: where the simulators listen."""

    database: str
    redis: str
    sink: str


class Door:
    """Takes messages one by one: parsed, kept, queued, answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = model.open_database(settings.database)
        model.create(self._engine)
        self._queue = Queue(QUEUE, connection=redis.Redis.from_url(settings.redis), serializer=JSONSerializer)
        self._threads = ThreadPoolExecutor(THREADS[self._engine.dialect.name == "sqlite"])

    def close(self) -> None:
        self._queue.connection.close()
        self._engine.dispose()
        self._threads.shutdown()

    async def telegram(self, request: web.Request) -> web.Response:
        if request.headers.get(SECRET) != WEBHOOK_SECRET:
            return web.Response(status=403)
        update = Update.de_json(await request.json(), None)
        message = update.message
        if message is not None and message.text:
            await self._take(TELEGRAM, str(update.update_id), str(message.chat.id), message.text)
        return web.Response()

    async def sms(self, request: web.Request) -> web.Response:
        query = request.query
        if query.get("token") != SMS_TOKEN:
            return web.Response(status=403)
        await self._take(SMS, query["id"], query["from"], query["text"])
        return web.Response()

    async def _take(self, channel: str, external_id: str, address: str, text: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self.keep, channel, external_id, address, text)

    def keep(self, channel: str, external_id: str, address: str, text: str) -> None:
        complaint = model.keep(self._engine, channel, external_id, address, text, clock.now())
        if complaint is not None:
            # Ended jobs are forgotten at once, as ours are: their results are nobody's business.
            given = (complaint, self._settings.database, self._settings.sink)
            self._queue.enqueue(JOB, *given, result_ttl=0)


async def _serve(settings: Settings) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    door = Door(settings)
    app = web.Application()
    app.router.add_post(f"/c/{TELEGRAM}", door.telegram)
    app.router.add_get(f"/c/{SMS}", door.sms)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await told.wait()
    await runner.cleanup()
    door.close()


def read_settings() -> Settings:
    """Of the file that the command line names."""
    return msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Settings)


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(read_settings()))


if __name__ == "__main__":
    main()
