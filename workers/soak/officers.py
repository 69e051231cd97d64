"""Simulated officers and SP4N-LAPOR!'s own staff: each takes its share of the cases, by the last digits of the number."""

import asyncio
import random
from enum import StrEnum
from http import HTTPStatus

import aiohttp

from config import clock
from workers.soak.peers import Peers, form_fields
from workers.soak.setting import OFFICERS
from workers.soak.trace import NUMBER, Heard, Trace

ANSWER = "Petugas sudah memeriksa lokasi pada pagi hari dan menyelesaikan perbaikan bersama warga setempat."
NO_PHOTO = "kamera rusak"
PATIENCE_S = 90.0
AGAIN_S = 1.0
LOOK_EVERY_S = 1.0
LAPOR_STEPS = ("in_progress", "awaiting_reporter")
REFERENCE = "[Ref: "
SHOWN = ("content", "status", "status_name")


class Fate(StrEnum):
    """Who works on a case; never two, so that one can say what its status must be."""

    LAPOR = "lapor"
    OFFICER = "officer"
    NOBODY = "nobody"


def fate(number: str) -> Fate:
    """Without the check digit, which runs through few values in a row."""
    return (Fate.LAPOR, Fate.OFFICER, Fate.OFFICER, Fate.NOBODY)[int(number[4:-1]) % 4]


class Officers:
    """They are told of a case, accept it, and answer on the page behind their link."""

    def __init__(self, peers: Peers, trace: Trace, chance: random.Random) -> None:
        self._peers = peers
        self._trace = trace
        self._chance = chance

    async def read(self, heard: Heard) -> None:
        """A new case with a link: press the button if there is one, then answer on the page."""
        if heard.recipient not in OFFICERS or not heard.links or not heard.numbers:
            return
        [number, *_] = heard.numbers
        if fate(number) is not Fate.OFFICER or number in self._trace.deeds:
            return
        self._trace.deeds[number] = ""
        if heard.buttons and self._chance.random() < 0.5:  # noqa: PLR2004 - half of them
            press = {"type": "press", "chat": int(heard.recipient), "message_id": heard.message_id}
            await self._peers.inject("telegram", {**press, "data": heard.buttons[0]})
        await self._answer(number, heard.links[0])

    async def _answer(self, number: str, link: str) -> None:
        """The page may be away, or the case may move under the officer: look again until the answer was taken."""
        deadline = clock.monotonic() + PATIENCE_S
        jar = aiohttp.CookieJar(unsafe=True)  # the cookie that binds this device comes from a bare address
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15.0), cookie_jar=jar) as browser:
            while clock.monotonic() < deadline and not self._trace.deeds[number]:
                try:
                    if await self._try(browser, link):
                        self._trace.deeds[number] = "answered"
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(AGAIN_S)

    async def _try(self, browser: aiohttp.ClientSession, link: str) -> bool:
        page = await self._open(browser, link)
        path = f"/p/{link.rpartition('/')[2]}"
        fields = form_fields(page, f"{path}/selesai")
        if fields is None:
            accept = form_fields(page, f"{path}/terima")
            if accept is not None:
                await self._post(browser, f"{path}/terima", accept)
            return False
        filled = fields | {"explanation": ANSWER, "no_evidence_reason": NO_PHOTO, "no_personal_data": "1"}
        status, preview = await self._post(browser, f"{path}/selesai", filled)
        last = form_fields(preview, f"{path}/kirim") if status == HTTPStatus.OK else None
        if last is None:
            return False
        status, _ = await self._post(browser, f"{path}/kirim", last)
        return status == HTTPStatus.OK

    async def _open(self, browser: aiohttp.ClientSession, link: str) -> str:
        async with browser.get(link) as answer:
            return await answer.text()

    async def _post(self, browser: aiohttp.ClientSession, path: str, fields: dict[str, str]) -> tuple[int, str]:
        headers = {"Origin": self._peers.gateway, "Sec-Fetch-Site": "same-origin"}
        async with browser.post(f"{self._peers.gateway}{path}", data=fields, headers=headers) as answer:
            return answer.status, await answer.text()


class Lapor:
    """The staff of SP4N-LAPOR!: moves its share of the cases on, one step after another."""

    def __init__(self, peers: Peers, trace: Trace, chance: random.Random) -> None:
        self._peers = peers
        self._trace = trace
        self._chance = chance

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            for row in await self.board():
                await self._move(row)
            await asyncio.sleep(LOOK_EVERY_S)

    async def board(self) -> list[dict[str, str]]:
        """What stands there now: `id`, `number` (ours), `content`, `status` and its name over there."""
        rows = (await self._peers.ask("sp4n/_sim/complaints"))["items"]
        return [
            {"id": str(row["id"]), "number": ref, **{name: row[name] or "" for name in SHOWN}}
            for row in rows
            if not row["removed"]
            for ref in [_reference(row["content"])]
        ]

    async def _move(self, row: dict[str, str]) -> None:
        number, before = row["number"], self._trace.moved.get(row["number"], "")
        if not number or fate(number) is not Fate.LAPOR or before == LAPOR_STEPS[-1]:
            return
        if self._chance.random() < 0.2:  # noqa: PLR2004 - some wait a little longer
            return
        step = LAPOR_STEPS[LAPOR_STEPS.index(before) + 1] if before else LAPOR_STEPS[0]
        report = f"sp4n/_sim/complaints/{row['id']}"
        if step == LAPOR_STEPS[-1]:
            await self._peers.ask(f"{report}/followup", {"content": f"<p>{ANSWER}</p>"})
        await self._peers.ask(f"{report}/advance", {"to": step})
        self._trace.moved[number] = step


def _reference(content: str) -> str:
    found = NUMBER.search(content.partition(REFERENCE)[2])
    return found[0] if found else ""
