"""Telegram updates of kinds that nobody here knows: kept byte for byte, acknowledged, and their sender told what can be sent."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.web.counters import exposition
from tests.web.conftest import Served

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": "test-webhook-secret", "Content-Type": "application/json"}
PERSON = {"id": 77, "is_bot": False, "first_name": "Warga"}
CHAT = {"id": 77, "type": "private", "first_name": "Warga"}
MESSAGE = {"message_id": 5, "date": 1763859600, "from": PERSON, "chat": CHAT}

# fmt: off
UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("poll",           {"message": {**MESSAGE, "poll": {"id": "1", "question": "?", "options": []}}}),
    ("story",          {"message": {**MESSAGE, "story": {"chat": CHAT, "id": 3}}}),
    ("paid media",     {"message": {**MESSAGE, "paid_media": {"star_count": 5, "paid_media": []}}}),
    ("of next year",   {"message": {**MESSAGE, "hologram": {"file_id": "x", "depth": [1, 2]}}}),
    ("another update", {"hologram_call": {"from": PERSON, "chat": CHAT, "date": 1763859600}}),
]
# fmt: on


@pytest.mark.parametrize(("name", "content"), UPDATES, ids=[name for name, _ in UPDATES])
async def test_f99_an_update_that_nobody_knows_is_kept_acknowledged_and_answered_in_one_sentence(
    site: Served, name: str, content: dict[str, Any]
) -> None:
    body = json.dumps({"update_id": 901, **content}).encode()
    for _ in range(2):
        answer = await site.client.post("/c/tg", data=body, headers=HEADERS)
        assert (answer.status, await answer.read()) == (200, b"")
    with site.tx() as tx:
        (message,) = tx.all(select(tables.message))
        (said,) = tx.all(select(tables.outbox))
        assert tx.all(select(tables.complaint)) == []
        raw = open_seal(tx.office.keys.raw, bytes(message.raw_sealed), f"message:{message.id}:raw")
    assert (message.kind, raw) == ("unsupported", body), "a later version can read it again"
    assert said.key == "err.unsupported"
    told = exposition(site.site.counters.samples())
    assert 'satupintu_channel_in_total{channel="tg",kind="telegram",result="accepted"} 2' in told
