"""The main job with two of everything on one PostgreSQL and one Redis, and one of each killed on the way."""

import os
import re
import signal
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.balancer import Balancer
from tests.acceptance.stage import READY_WITHIN_S, SMS_TOKEN, TOLD_WITHIN_S, Stage, call, free_port, until
from tests.acceptance.test_walk import BRIDGE, DRAIN, HANDSET, PHONE, ROAD, TELEGRAM, WASTE, report_by_web, track
from tests.servers import ObjectStore

TAKEN_OVER_WITHIN_S = 240.0
"""The longest lease that a killed process may leave behind is that of a call to SP4N-LAPOR!: three minutes."""
LEADING = {"clock": ("clock_leads", "clock_waits"), "listener": ("listening_began", "listening_ended")}
pytestmark = pytest.mark.postgres


class Doubled(Stage):
    """Web processes, workers, clocks and listeners as commands of their own, two of each, behind a balancer."""

    shared: dict[str, str]

    def start_twice(self, redis_url: str, files: ObjectStore) -> None:
        # One bot is asked, so that listeners have something to share.
        self.shared = {
            "GATEWAY__REDIS__URL": redis_url,
            "GATEWAY__CHANNELS__TG__MODE": "polling",
            "GATEWAY__STORAGE__ATTACHMENTS_DIR": f"s3://{files.bucket}/{self.folder.name}",
            "GATEWAY__STORAGE__S3_ENDPOINT": files.endpoint,
            "GATEWAY__STORAGE__S3_ACCESS_KEY": files.access_key,
            "GATEWAY__STORAGE__S3_SECRET_KEY": files.secret_key,
        }
        self.start("schema", "db", "upgrade", **self.shared)
        assert self.processes.pop("schema").wait(READY_WITHIN_S) == 0
        self.ports = ports = {name: free_port() for name in ("web1", "web2")}
        self.balancer = Balancer(self.port, list(ports.values()))
        self.balancer.start()
        for number in "12":
            web = f"web{number}"
            self.start(web, "serve", **self.shared, GATEWAY__SERVER__PORT=str(ports[web]))
            for role, command in (("worker", "work"), ("clock", "clock"), ("listener", "listen")):
                self.start(f"{role}{number}", command, **self.shared)
        for name, port in ports.items():
            until(lambda port=port: self.answers(f"http://127.0.0.1:{port}/readyz"), f"{name} ready", READY_WITHIN_S)

    def leads(self, name: str) -> bool:
        """Whether the log of this clock or listener says last that it leads."""
        log = (self.folder / f"{name}.log").read_text()
        began, ended = LEADING[name[:-1]]
        return log.rfind(began) > log.rfind(ended)

    def leader(self, role: str) -> str:
        names = (f"{role}1", f"{role}2")
        return str(until(lambda: [name for name in names if self.leads(name)], f"a {role} leads")[0])

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        super().close()
        self.balancer.close()


class OpenPage:
    """The stream of changes that a list of complaints has open at one web process."""

    def __init__(self, url: str) -> None:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(f"{url}/masuk") as page:
            token = re.search(r'name="_csrf" value="([^"]+)"', page.read().decode())
        assert token
        fields = {"_csrf": token[1], "username": "admin", "password": "acceptance-admin-password"}
        opener.open(f"{url}/masuk", urllib.parse.urlencode(fields).encode()).close()
        self.stream = opener.open(f"{url}/admin/aduan/arus", timeout=TOLD_WITHIN_S)

    def hears_of_a_change(self) -> bool:
        """Waits for the next one; TimeoutError when none comes."""
        with self.stream:
            return any(line.startswith(b"event: change") for line in self.stream)


def write_to(url: str, sender: str, text: str) -> None:
    """An SMS that its gateway brings to one of the web processes."""
    told = {"token": SMS_TOKEN, "from": sender, "to": "1708", "text": text, "id": sender[-6:], "coding": "0"}
    assert call("GET", f"{url}/c/sms?{urllib.parse.urlencode(told)}&ts=1795137260").status == 200


@pytest.fixture
def stage(tmp_path: Path, postgres_url: str, redis_url: str, object_store: ObjectStore) -> Iterator[Doubled]:
    made = Doubled(tmp_path, postgres_url)
    try:
        made.start_peers()
        made.start_twice(redis_url, object_store)
        yield made
    finally:
        made.close()


def filed(stage: Stage, count: int) -> bool:
    return len([case for case in stage.complaints() if case["sp4n_id"]]) == count


def news(stage: Stage, peer: str, recipient: str) -> list[str]:
    return [text for text in stage.texts_to(peer, recipient) if "sedang dikerjakan" in text]


def test_one_of_each_dies_and_the_other_carries_on(stage: Doubled) -> None:
    clock, listener = stage.leader("clock"), stage.leader("listener")
    stage.peer("telegram/_sim/inject", {"type": "photo", "chat": TELEGRAM, "caption": ROAD})
    web1, web2 = (f"http://127.0.0.1:{port}" for port in stage.ports.values())
    page = OpenPage(web2)
    write_to(web1, PHONE, WASTE)
    assert page.hears_of_a_change()
    until(lambda: filed(stage, 2), "the first two are filed")

    stage.peer("kannel/_sim/inject", {"from": "+6281200000009", "to": "1708", "text": f"{WASTE} setiap hari"})
    for name in ("web1", "worker1", clock, listener):
        stage.kill(name)
    stage.peer("ussd/_sim/inject", {"script": ["*708#", "1", BRIDGE, "2", "2", "1"], "phone": HANDSET})
    number, code = report_by_web(stage, DRAIN)
    stage.peer("telegram/_sim/inject", {"type": "text", "chat": TELEGRAM + 1, "text": f"{ROAD} dan gelap"})
    until(lambda: filed(stage, 6), "all six are filed", TAKEN_OVER_WITHIN_S)
    other = str.maketrans("12", "21")
    for left in (clock.translate(other), listener.translate(other)):
        until(lambda left=left: stage.leads(left), f"{left} leads", TAKEN_OVER_WITHIN_S)

    (photo,) = [file for case in stage.complaints() for file in case["attachments"]]
    assert (photo["media_type"], photo["scan"]) == ("image/jpeg", "clean")
    assert len(stage.peer("sp4n/_sim/complaints")["items"]) == 6
    for case in stage.complaints():
        stage.peer(f"sp4n/_sim/complaints/{case['sp4n_id']}/advance", {"to": "in_progress"})
    for peer, recipient in (("telegram", TELEGRAM), ("telegram", TELEGRAM + 1), ("kannel", PHONE), ("kannel", HANDSET)):
        told = until(partial(news, stage, peer, str(recipient)), f"{recipient} told", TAKEN_OVER_WITHIN_S)
        assert len(told) == 1, told
        receipts = [text for text in stage.texts_to(peer, str(recipient)) if "Laporan diterima" in text]
        assert len(receipts) == 1, receipts
    assert "Dikerjakan" in track(stage, number, code)
