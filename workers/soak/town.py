"""The town: a gateway with its supervisor in a fresh folder, a Redis that can be taken away, and the simulators."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from os import kill
from pathlib import Path

import msgspec

from workers import redis_server
from workers.bench.site import Place, Site, open_site
from workers.redis_server import RedisServer
from workers.soak import household
from workers.soak.setting import written

HOUSEHOLD = (sys.executable, "-m", household.__name__)
PEERS = ("telegram", "kannel", "ussd", "web", "sp4n")


class OurRedis:
    """A private server that comes back under the same address."""

    def __init__(self) -> None:
        self._server: RedisServer = redis_server.start(redis_server.find_binary())

    @property
    def url(self) -> str:
        return self._server.url

    def signal(self, number: int) -> None:
        self._server.process.send_signal(number)

    def take_away(self) -> None:
        self._server.process.kill()
        self._server.process.wait()

    def bring_back(self) -> None:
        if self._server.process.poll() is not None:
            self._server = redis_server.start(self._server.binary, self._server.folder)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self._server.stop()


@dataclass(slots=True)
class Town:
    """`redis` is None where an address was given: somebody else's server is emptied at most."""

    site: Site
    redis: OurRedis | None

    def members(self) -> Mapping[str, int]:
        """Process numbers of those who live, by their names in `gateway run`."""
        file = self.site.folder / household.MEMBERS
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int]) if file.exists() else {}

    def start(self, *, at_once: bool = False) -> None:
        """Simulators first, then the gateway; returns when it answers. SiteFailed when it does not."""
        gateway = f"http://127.0.0.1:{self.site.port}"
        self.site.start(
            "peers", "simulate", *PEERS, "--port", str(self.site.sink_port), "--gateway", gateway, "--quiet"
        )
        self.site.until(self._peers_answer, "the simulators answer")
        words = [household.AT_ONCE] if at_once else []
        self.site.start("household", str(self.site.folder), *words, program=HOUSEHOLD)
        self.site.until(self.site.web_answers, "the gateway answers")

    def signal(self, name: str, number: int) -> bool:
        """To the process of this member now; False when it does not live."""
        pid = self.members().get(name)
        if pid is None:
            return False
        try:
            kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def _peers_answer(self) -> bool:
        return self.site.answers(self.site.sink_port, "/telegram/_sim/state")


@contextmanager
def open_town(place: Place, settings: Callable[[Path, str, str, int, int], str] = written) -> Iterator[Town]:
    """A town that has not been started; everything of ours is ended and removed at the end."""
    with ExitStack() as stack:
        redis = None
        if place.redis is None:
            redis = OurRedis()
            stack.callback(redis.end)
        url = place.redis if redis is None else redis.url
        site = stack.enter_context(open_site(replace(place, redis=url), settings))
        yield Town(site, redis)
