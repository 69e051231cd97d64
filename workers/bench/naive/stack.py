"""The plain design as a bench starts it beside a gateway: its web process, its worker, its own tables."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import Engine

from workers.bench.load import Plan
from workers.bench.messages import channel_of, recipient_of, text_of
from workers.bench.naive import model
from workers.bench.naive.serve import Door, Settings
from workers.bench.naive.work import READY
from workers.bench.site import ENDS_WITHIN_S, LOOPBACK, Process, Running, Site
from workers.children import end_child, start_child

WEB, WORKER = "naive-web", "naive-worker"


@dataclass(slots=True)
class Naive:
    """Its processes stand among those of the site, so that they end with it and a death is noticed."""

    site: Site
    settings: Settings
    engine: Engine
    port: int = 0
    _workers: int = 0

    def start_web(self) -> None:
        self._start(WEB, "workers.bench.naive.serve")
        self.site.until(lambda: self._told(WEB), "the plain web process listens")
        self.port = int(self._told(WEB))

    def start_worker(self) -> float:
        """Unix seconds when it was ready."""
        self._workers += 1
        name = f"{WORKER}-{self._workers}"  # a log of its own each time
        self._start(name, "workers.bench.naive.work")
        self.site.until(lambda: self._told(name).startswith(READY), "the plain worker is ready")
        return float(self._told(name).split()[1])

    def stop_worker(self) -> None:
        end(self.site, WORKER)

    def start_load(self, plan: Plan) -> Running:
        return self.site.start_load(msgspec.structs.replace(plan, port=self.port))

    def fill(self, numbers: Iterable[int], channels: tuple[str, ...]) -> None:
        """Keep these messages, and queue their jobs, as the web process does."""
        door = Door(self.settings)
        for number in numbers:
            channel = channel_of(number, channels)
            door.keep(channel, str(number), recipient_of(channel, number), text_of(number))
        door.close()

    def waiting(self) -> int:
        """Receipts that were not sent yet."""
        return model.waiting(self.engine)

    def _start(self, name: str, module: str) -> None:
        settings = self.site.folder / "naive.json"
        settings.write_bytes(msgspec.json.encode(self.settings))
        log = self.site.folder / f"{name}.log"
        with log.open("ab") as output:
            child = start_child([sys.executable, "-m", module, settings], output=output)
        self.site.processes[name] = Process((), log, child)

    def _told(self, name: str) -> str:
        """Its first line, once that is whole."""
        first, ended, _ = self.site.processes[name].log.read_text(errors="replace").partition("\n")
        return first if ended else ""


def end(site: Site, *prefixes: str) -> None:
    """Let these processes of a site end in order, and forget them."""
    for name in [name for name in site.processes if name.startswith(prefixes)]:
        end_child(site.processes.pop(name).child, ENDS_WITHIN_S)


@contextmanager
def beside(site: Site) -> Iterator[Naive]:
    """Its tables are made where the site keeps its own rows, on SQLite in a file of their own, and dropped at the end."""
    dialect = site.gateway.store.engine.dialect.name
    database = f"sqlite:///{site.folder}/naive.db" if dialect == "sqlite" else site.settings.storage.url
    settings = Settings(database, site.redis_url, f"http://{LOOPBACK}:{site.sink_port}")
    engine = model.open_database(database)
    model.create(engine)
    try:
        yield Naive(site, settings, engine)
    finally:
        end(site, WEB, WORKER)
        model.drop(engine)
        engine.dispose()
