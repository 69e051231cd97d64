"""Simulated citizens: each writes one report in their own way, tries again as people do, and says YA to an answer."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import aiohttp

from config import clock
from workers.bench.messages import SMS_NUMBER, USSD_CODE
from workers.simulators.pictures import photo
from workers.soak.peers import Peers
from workers.soak.trace import Citizen, Heard, Trace, Way

TOKEN = re.compile(r'name="_token" value="([^"]+)"')
PATIENCE_S = 120.0
AGAIN_S = 1.0
"""How long a person at the web form presses again, and how soon."""
LONG = "sudah dua bulan dilaporkan ke kelurahan tetapi belum ada yang datang memeriksa, mohon segera ditangani "
"""Twice makes a text of more than one SMS."""
ASKS = "Sudah beres?"
SAYS_YES = 0.7
TAKEN = frozenset({HTTPStatus.SEE_OTHER, HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


class Citizens:
    """All people of the town, and what they do."""

    def __init__(self, peers: Peers, browser: aiohttp.ClientSession, trace: Trace, chance: random.Random) -> None:
        self._peers = peers
        self._browser = browser
        self._trace = trace
        self._chance = chance
        self._ways: Mapping[Way, Callable[[Citizen], Awaitable[None]]] = {
            Way.TELEGRAM: self._telegram,
            Way.TELEGRAM_BURST: self._telegram,
            Way.TELEGRAM_PHOTO: self._telegram_photo,
            Way.SMS: self._sms,
            Way.SMS_IN_PARTS: self._sms_in_parts,
            Way.USSD: self._ussd,
            Way.WEB: self._web,
        }

    def new(self, number: int) -> Citizen:
        """The next citizen, with a way of their own."""
        return Citizen(number, self._chance.choice(list(Way)))

    async def report(self, citizen: Citizen) -> None:
        """They write; from now on they are traced."""
        self._trace.add(citizen)
        await self._ways[citizen.way](citizen)

    async def read(self, heard: Heard) -> None:
        """They read what they were sent, and answer when asked whether all is well."""
        citizen = self._trace.citizens.get(heard.recipient)
        if citizen is None or ASKS not in heard.text or citizen.confirmed or self._chance.random() > SAYS_YES:
            return
        citizen.confirmed = True
        if heard.peer == "telegram":
            await self._peers.inject("telegram", {"type": "text", "chat": int(citizen.recipient), "text": "YA"})
        else:
            await self._peers.inject("kannel", {"from": citizen.recipient, "to": SMS_NUMBER, "text": "YA"})

    # -- each in their own way ----------------------------------------------------------

    async def _telegram(self, citizen: Citizen) -> None:
        said = [citizen.words(at) for at in range(len(citizen.marks))]
        await self._peers.inject(
            "telegram", *({"type": "text", "chat": int(citizen.recipient), "text": text} for text in said)
        )

    async def _telegram_photo(self, citizen: Citizen) -> None:
        picture = {"type": "photo", "chat": int(citizen.recipient), "caption": citizen.words()}
        await self._peers.inject("telegram", picture)

    async def _sms(self, citizen: Citizen) -> None:
        await self._peers.inject("kannel", {"from": citizen.recipient, "to": SMS_NUMBER, "text": citizen.words()})

    async def _sms_in_parts(self, citizen: Citizen) -> None:
        """A long one, its parts in any order: begun with one mark and ended with the other."""
        text = f"{citizen.words()} {LONG}{LONG}{citizen.marks[1]}"
        order = [1, 2]
        self._chance.shuffle(order)
        parts = {"split": True, "ref": citizen.number % 256, "order": order}
        await self._peers.inject("kannel", {"from": citizen.recipient, "to": SMS_NUMBER, "text": text, **parts})

    async def _ussd(self, citizen: Citizen) -> None:
        """Menu, text, and no more wishes. Whose text was not answered does not know whether it was taken."""
        script = [USSD_CODE, "1", citizen.words(), "2", "2", "1"]
        [told] = await self._peers.inject("ussd", {"script": script, "phone": citizen.recipient})
        answered = len(told["pages"]) - bool(told["problems"])  # what goes wrong ends the session
        citizen.sure = answered > script.index(citizen.words())

    async def _web(self, citizen: Citizen) -> None:
        """The form with a photo; pressed again, with the very same form, until there is an answer."""
        deadline = clock.monotonic() + PATIENCE_S
        token = ""
        citizen.sure = False
        while clock.monotonic() < deadline and not citizen.sure:
            try:
                token = token or await self._form_token()
                citizen.sure = bool(token) and await self._post(citizen, token) in TAKEN
            except (aiohttp.ClientError, TimeoutError):
                pass
            if not citizen.sure:
                await asyncio.sleep(AGAIN_S)

    async def _form_token(self) -> str:
        async with self._browser.get(f"{self._peers.gateway}/lapor") as page:
            found = TOKEN.search(await page.text())
        return found[1] if found else ""

    async def _post(self, citizen: Citizen, token: str) -> int:
        form = aiohttp.FormData({"_token": token, "isi": citizen.words(), "website": ""})
        form.add_field("kontak", citizen.recipient)
        form.add_field("setuju", "1")
        picture = photo("sampah", clock.now(), (64, 48))
        form.add_field("lampiran", picture, filename="foto.jpg", content_type="image/jpeg")
        url = f"{self._peers.gateway}/lapor"
        headers = {"Origin": self._peers.gateway, "Sec-Fetch-Site": "same-origin"}
        async with self._browser.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            return answer.status
