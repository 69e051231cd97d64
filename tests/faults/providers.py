"""Simulated Telegram, Kannel and LAPOR! in a process of their own, which outlives whoever is killed beside it."""

import asyncio
import json
import multiprocessing
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workers.family import forked
from workers.simulators.serve import serve
from workers.simulators.settings import KannelNames, SimulatorSettings, Sp4nNames, TelegramNames

LIMIT_S = 30
NAMES = ("telegram", "kannel", "sp4n")
SETTINGS = SimulatorSettings(
    gateway_url="http://127.0.0.1:9",
    telegram=TelegramNames(token=""),
    kannel=KannelNames(inbound_token="test-sms-token-0123456789"),
    sp4n=Sp4nNames("test-authorization-key", "00000000-0000-4000-8000-000000000001", ((1200, "A"), (1201, "B"))),
)
# Text of the usual settings -> with the simulators' address, and nobody who asks for patience.
CHANGES = (
    ('"http://127.0.0.1:1/cgi-bin/sendsms"', '"{url}/kannel/cgi-bin/sendsms"\nmessages_per_second = 1000'),
    ('"http://127.0.0.1:1"', '"{url}/telegram"'),
    ('"http://127.0.0.1:1/lapor', '"{url}/sp4n/lapor'),
    ('mode = "api"', 'mode = "api"\nsearch_path = "/complaints"\nrequests_per_second = 1000'),
)


@dataclass
class Providers:
    """The simulators' address, and what they were given."""

    url: str

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """A call of the control plane; its JSON answer."""
        content = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", content, kind, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:  # noqa: S310 - our own simulators
            return json.loads(answer.read())

    def forget(self) -> None:
        for name in NAMES:
            self.ask(f"{name}/_sim/reset", {})

    def fault(self, name: str, action: Mapping[str, object], times: int = 1, **match: str) -> None:
        """From now on `action` happens to the next calls that match."""
        self.ask(f"{name}/_sim/faults", {"action": action, "times": times, "match": {"on": "call", **match}})

    def mended(self, name: str) -> None:
        """Whatever was wrong is over."""
        self.ask(f"{name}/_sim/faults", method="DELETE")

    def named_in(self, settings: str) -> str:
        for usual, changed in CHANGES:
            assert usual in settings
            settings = settings.replace(usual, changed.format(url=self.url))
        return settings

    def taken(self, name: str) -> tuple[int, int]:
        """Messages that a provider took, and how often one of them came again."""
        state = self.ask(f"{name}/_sim/state")
        return state["accepted_unique"], state["accepted_duplicates"]

    def outbox(self, name: str, recipient: str = "") -> list[str]:
        """The texts that it took, in order."""
        items = self.ask(f"{name}/_sim/outbox")["items"]
        return [item["text"] for item in items if recipient in {"", item["recipient"]}]

    def reports(self) -> Sequence[Mapping[str, Any]]:
        """What stands at LAPOR!."""
        found: Sequence[Mapping[str, Any]] = self.ask("sp4n/_sim/complaints")["items"]
        return found


@contextmanager
def providers_running() -> Iterator[Providers]:
    """Simulated providers, until the end of the block."""
    ours, theirs = multiprocessing.Pipe()
    process = forked(lambda: asyncio.run(serve(SETTINGS, NAMES, "127.0.0.1", 0, theirs.send)))()
    theirs.close()
    try:
        assert ours.poll(LIMIT_S)
        yield Providers(ours.recv())
    finally:
        ours.close()
        process.terminate()
        process.join(LIMIT_S)
