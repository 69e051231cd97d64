"""A class room: the practice site on a real port, and in the gateway's place somebody who answers like one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.simulators.stage import standing_clock
from workers.simulators.serve import application
from workers.simulators.settings import (
    KannelNames,
    MailNames,
    MetaNames,
    Person,
    SimulatorSettings,
    TelegramNames,
    UssdNames,
    WhatsAppNames,
    XNames,
)

SITI, OFFICER = 700000001, 900001
OFFICER_PHONE = "+628110000002"
REPORT = {
    "title": "Jalan berlubang",
    "content": "Jalan berlubang <b>besar</b> di depan pasar",
    "is_new_user_slider": False,
    "is_disposisi_slider": True,
    "disposition_id": 990010,
    "category_id": 1,
    "is_anonymous": False,
    "is_secret": False,
    "is_priority": False,
    "attachments": "[]",
}
MENU = "CON Menu\n1. Lapor"


@dataclass
class Room:
    """`told` = everything that the gateway was told, oldest first."""

    url: str
    client: aiohttp.ClientSession
    told: list[dict[str, Any]]

    async def bot(self, method: str, **arguments: Any) -> None:
        async with self.client.post(f"{self.url}telegram/bot1:x/{method}", json=arguments) as response:
            assert response.status == 200

    async def sms(self, to: str, text: str) -> None:
        query = {"to": to, "text": text, "charset": "UTF-8"}
        async with self.client.get(f"{self.url}kannel/cgi-bin/sendsms", params=query) as response:
            assert response.status == 202

    async def whatsapp(self, to: str, **content: Any) -> None:
        body = {"messaging_product": "whatsapp", "to": to, **content}
        url = f"{self.url}whatsapp/v25.0/100000000000001/messages"
        async with self.client.post(url, json=body, headers={"Authorization": "Bearer t"}) as response:
            assert response.status == 200

    async def below_a_post(self, post: str, text: str) -> None:
        """What the gateway says in public."""
        body = {"text": text, "reply": {"in_reply_to_tweet_id": post}}
        async with self.client.post(f"{self.url}x/2/tweets", json=body) as response:
            assert response.status == 201

    async def forward(self) -> int:
        headers = {"Authorization": "Bearer SIM-AUTH", "token": "{SIM-TOKEN}"}
        url = f"{self.url}sp4n/lapor/3.0.0/complaints/complaint"
        async with self.client.post(url, json=REPORT, headers=headers) as response:
            assert response.status == 200, await response.text()
            number: int = (await response.json())["complaint_id"]
            return number


@asynccontextmanager
async def opened() -> AsyncIterator[Room]:
    told: list[dict[str, Any]] = []

    async def gateway(request: web.Request) -> web.Response:
        if request.path in {"/c/tg", "/c/wa", "/c/fb", "/c/ig", "/c/akun-x"}:
            told.append(await request.json())
            return web.Response()
        if request.path == "/c/ussd":
            form = await request.post()
            told.append(dict(form))
            return web.Response(text="END Selesai" if form["text"] == "9" else MENU)
        told.append(dict(request.query))
        return web.Response()

    outside = web.Application()
    outside.router.add_route("*", "/{path:.*}", gateway)
    async with TestServer(outside) as server:
        settings = SimulatorSettings(
            gateway_url=str(server.make_url("")).rstrip("/"),
            public_url="https://aduan.contoh.example",
            telegram=TelegramNames(token="1:x", webhook_secret="s"),
            kannel=KannelNames(inbound_token="k"),
            ussd=UssdNames(inbound_token="k"),
            mail=MailNames("surat", mode="webhook"),
            whatsapp=WhatsAppNames("wa", token="t"),
            meta=MetaNames("fb", "ig"),
            x=XNames("akun-x"),
            officers=(Person("pupr-0", "Contoh Penghubung", OFFICER, OFFICER_PHONE, "penghubung", "Dinas PU"),),
            days_off=frozenset({"2026-11-24"}),
            clock=standing_clock(),
        )
        async with TestServer(application(settings)) as site, aiohttp.ClientSession() as client:
            yield Room(str(site.make_url("/")), client, told)
