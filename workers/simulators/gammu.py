"""Gammu smsd with a modem, played over its four folders: files of received SMS, and what becomes of ours.

Contract: docs/channels/gammu.md § Simulator. Nothing is called: the gateway and smsd meet on the disk alone.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import Handsets, coding_of, parts_of
from workers.simulators.settings import SimulatorSettings

WAITING = re.compile(r"OUT[A-Z]?\d{8}_\d{6}_[^_]*_([^_]+)_.*\.txt[a-z]*")
FOLDERS = ("inbox", "outbox", "sent", "error")
SENT, FAILED = 1, 2
PRESETS: Mapping[str, Action] = {
    "unavailable": Action(status=503),
    "sending_error": Action(receipts=[FAILED]),
    "resend": Action(receipts=[SENT, SENT]),
    "reread": Action(duplicate=2),
    "no_sent_folder": Action(drop_receipt=True),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`per_minute`: SMS that the modem sends. `hangs`: it neither sends nor receives. `inbox_format` as smsd's option."""

    per_minute: float = 8.0
    hangs: bool = False
    inbox_format: str = "unicode"


class Gammu:
    """Player of smsd. Without folders (no such channel) it does nothing."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._root = {name: Path(path) for name, path in settings.gammu.folders.items()}
        self.reset()

    def reset(self) -> None:
        self.handsets = Handsets()
        self._card: list[tuple[str, str, bytes]] = []
        """Stem, part and content of files that a modem that hangs has not handed over."""

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", ""

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=404)

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen sends an SMS. `lose`: parts that never arrive; `apart_s`: between the SMSC's times of two parts."""
        try:
            number, text = str(item["from"]), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        if not self._root:
            raise ControlRefused("the gateway has no channel of the kind gammu")
        now = self.plane.clock.now()
        sms = self.handsets.write(number, self.settings.gammu.number, text, now)
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "FILE", "/inbox", number, text))
        parts, lost, apart = parts_of(text, coding_of(text)), set(item.get("lose", ())), float(item.get("apart_s", 0))
        stamps = [f"{self._local(now + timedelta(seconds=apart * place)):%Y%m%d_%H%M%S}" for place in range(len(parts))]
        for repeat in range(max(1, action.duplicate)):
            for place, part in enumerate(parts):
                if place + 1 not in lost:
                    self._card.append(
                        (f"IN{stamps[place]}_{{:02}}_{number}_{place:02}.txt", str(repeat), self._octets(part))
                    )
        self.hand_over()
        sms.state = "sent"
        return {"ids": [], "parts": sms.parts}

    # -- the modem --------------------------------------------------------------------

    async def run(self) -> None:
        """One SMS after another, at the modem's speed."""
        while True:
            parts = self.tick()
            await self.plane.clock.wait_until(
                self.plane.clock.now() + timedelta(seconds=parts * 60 / self.options.per_minute)
            )

    def tick(self) -> int:
        """Receive what is on the card, send the next file; how many SMS that took."""
        self.hand_over()
        if self.options.hangs or not self._root:
            return 1
        with suppress(FileNotFoundError):
            for path in sorted(self._root["outbox"].iterdir()):
                if found := WAITING.fullmatch(path.name):
                    return self._send(path, found[1])
        return 1

    def hand_over(self) -> None:
        if self.options.hangs:
            return
        while self._card:
            name, repeat, content = self._card.pop(0)
            serial = int(repeat)
            while (path := self._root["inbox"] / name.format(serial)).exists():
                serial += 1
            path.write_bytes(content)
        self.plane.wake()

    def _send(self, path: Path, number: str) -> int:
        text = path.read_bytes().decode("utf-16")
        if self.plane.faults.take(Moment("call", "FILE", "/outbox", number, text)) is not NOTHING:
            return 1  # it stays where it is
        action = self.plane.faults.take(Moment("receipt", "FILE", "/outbox", number, text))
        codes = action.receipts if action.receipts is not None else [SENT]
        texts, now = parts_of(text, coding_of(text)), self.plane.clock.now()
        for code in codes:
            if code == SENT:
                self.plane.journal.accept(now, number, text, path.name, {"parts": len(texts)})
                shown = self.handsets.show(number, self.settings.gammu.number, texts, now)
                if shown:
                    shown.state = "delivered"
        if action.drop_receipt:
            path.unlink()
        else:
            path.rename(self._root["error" if FAILED in codes else "sent"] / path.name)
        self.plane.journal.note(now, "call", "FILE", "/outbox", 200, text.encode(), ",".join(map(str, codes)), "")
        self.plane.wake()
        return len(texts) * len(codes)

    def _octets(self, part: str) -> bytes:
        if self.options.inbox_format != "unicode":
            return part.encode()
        # As smsd 1.42: it counts an emoji as two letters and writes zeros for the second.
        return b"\xfe\xff" + part.encode("utf-16-be") + b"\0\0" * 2 * sum(one > "\uffff" for one in part)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.settings.time_zone))


PLAYER = web.AppKey("gammu", Gammu)


def build(settings: SimulatorSettings) -> web.Application:
    """smsd with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    player = Gammu(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    app.cleanup_ctx.append(_running)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(app[PLAYER].run())
    yield
    task.cancel()
    await asyncio.wait([task])
