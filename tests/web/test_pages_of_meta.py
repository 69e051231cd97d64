"""Calls of Meta on the served site: comments and what colleagues answer, whose entry it is, deletion of data."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from channels.errors import SignatureInvalid
from channels.messages import Address, DeliveryStatus, RawRequest
from channels.meta.pages.adapters import Messenger
from channels.meta.pages.settings import MessengerSettings
from channels.protocols import HttpResponse
from config.settings import Secret
from gateway.intake import asking
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.people import contacts
from gateway.storage import tables
from gateway.web.data_deletion import who_asks
from tests.channels.scripted_http import ScriptedHttp
from tests.web.conftest import OpenSite, Served
from workers.asking import ask

SECRET = b"uji-app-secret-meta-0001"
PAGE, ACCOUNT, CITIZEN = "400000000000001", "17840000000000001", "5000000000000001"
KEYS = f"""
page_id = "{PAGE}"
token = "uji-token-halaman"
app_secret = "{SECRET.decode()}"
verify_token = "uji-verify-token-meta"
"""
CHANNELS = f"""
[channels.fb]
kind = "messenger"
{KEYS}
[channels.ig]
kind = "instagram"
account_id = "{ACCOUNT}"
public_reply = true
{KEYS}
"""


@pytest.fixture
async def meta(open_site: OpenSite) -> Served:
    return await open_site(CHANNELS)


async def call(site: Served, name: str, tree: Any, status: int = 200) -> None:
    body = json.dumps(tree).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()}
    answer = await site.client.post(f"/c/{name}", data=body, headers=headers)
    assert answer.status == status


def message(mid: str, text: str, sender: str = CITIZEN, recipient: str = PAGE, **more: Any) -> dict[str, Any]:
    ends = {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": 1795396500000}
    return ends | {"message": {"mid": mid, "text": text, **more}}


def page(*events: Any, **more: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": PAGE, "time": 1795396500, "messaging": list(events), **more}]}


def comment(verb: str, text: str, number: str = "7_8") -> dict[str, Any]:
    value = {"item": "comment", "verb": verb, "from": {"id": CITIZEN, "name": "Warga"}, "comment_id": number}
    return page(changes=[{"field": "feed", "value": value | {"message": text, "created_time": 1795396500}}])


def on_instagram(text: str) -> dict[str, Any]:
    value = {"id": "179", "from": {"id": "900", "username": "warga"}, "text": text}
    return {"object": "instagram", "entry": [{"id": ACCOUNT, "changes": [{"field": "comments", "value": value}]}]}


async def test_a_comment_is_held_and_its_author_alone_is_invited_once(meta: Served) -> None:
    for _ in range(2):  # redelivered
        await call(meta, "fb", comment("add", "Lampu jalan di Gang Melati mati sudah seminggu"))
    with meta.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
        (said,) = tx.all(select(tables.outbox))
        (parcel,) = outbound.claim(tx, 5, 60)
    assert complaint.hold == "public_comment"
    assert (said.key, said.reply_to) == ("hold.invite", "c:7_8")
    assert parcel.message.address.reveal() == f"fb:{CITIZEN}"
    assert complaint.number in parcel.message.text
    await call(meta, "fb", comment("edited", "Lampu jalan di Gang Melati RT 2 mati sudah seminggu"))
    await call(meta, "fb", comment("remove", ""))
    with meta.tx() as tx:
        assert len(tx.all(select(tables.outbox))) == 1
        told = [row.action for row in tx.all(select(tables.complaint_event).order_by(tables.complaint_event.c.id))]
    assert told[-2:] == ["edit", "delete"]


async def test_a_sentence_below_a_comment_has_neither_number_nor_name(meta: Served) -> None:
    await call(meta, "ig", on_instagram("Drainase di Jalan Contoh Raya mampet sejak Senin"))
    with meta.tx() as tx:
        parcels = {one.message.address.scheme: one.message for one in outbound.claim(tx, 5, 60)}
    assert parcels["ig-comment"].address.path == "179"
    assert parcels["ig-comment"].text == meta.site.texts("pub.reply", "id")
    assert parcels["ig"].reply_to == "c:179"


async def test_a_greeting_below_a_post_is_left_alone_and_danger_is_not_held(meta: Served) -> None:
    await call(meta, "fb", comment("add", "mantap min"))
    with meta.tx() as tx:
        assert not tx.all(select(tables.complaint))
        assert not tx.all(select(tables.outbox))
    await call(meta, "fb", comment("add", "tolong kebakaran di pasar contoh, ada orang terjebak", "7_9"))
    with meta.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
    assert (complaint.hold, complaint.urgency) == ("none", "darurat")


async def test_what_a_colleague_answers_in_the_inbox_is_a_note_and_no_message(meta: Served) -> None:
    await call(meta, "fb", page(message("m_1", "Sampah menumpuk di TPS Contoh Baru sejak kemarin sore")))
    await call(meta, "fb", page(message("m_2", "Petugas kami ke sana besok.", PAGE, CITIZEN, is_echo=True, app_id=1)))
    with meta.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
        events = tx.all(select(tables.complaint_event).order_by(tables.complaint_event.c.id))
        said = [row.key for row in tx.all(select(tables.outbox))]
    assert (events[-1].action, events[-1].text_masked) == ("answered_elsewhere", "Petugas kami ke sana besok.")
    assert complaint.status == "received"
    assert said == ["rx.receipt"]


def signed(payload: bytes, secret: bytes = SECRET) -> dict[str, str]:
    def text(octets: bytes) -> str:
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    proof = hmac.new(secret, text(payload).encode(), hashlib.sha256).digest()
    return {"signed_request": f"{text(proof)}.{text(payload)}"}


async def test_a_wish_for_deletion_handed_on_by_meta_waits_for_the_privacy_officer(meta: Served) -> None:
    url, wish = "/c/fb/data-deletion", signed(f'{{"user_id":"{CITIZEN}"}}'.encode())
    answers = [await (await meta.client.post(url, data=wish)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["url"].endswith("/privasi")
    assert len(answers[0]["confirmation_code"]) == 16
    with meta.tx() as tx:
        (request,) = tx.all(select(tables.privacy_request))
        (task,) = tx.all(select(tables.task))
    assert (request.kind, request.state, task.kind) == ("erase", "asked", "erase_data")
    assert (await meta.client.post(url, data=signed(b'{"user_id":"1"}', b"salah"))).status == 403
    assert (await meta.client.post(url, data=signed(b"[]"))).status == 400
    assert (await meta.client.post("/c/tg/data-deletion", data=wish)).status == 404


def test_c14_while_the_secret_changes_the_old_one_still_proves_a_wish_for_deletion(meta: Served) -> None:
    now, channels = datetime(2026, 11, 20, tzinfo=UTC), meta.gateway.office.channels
    other = Messenger(
        MessengerSettings(page_id=PAGE, token=Secret("x"), app_secret=Secret("baru"), verify_token=Secret("y"))
    )
    changed = replace(channels["fb"], adapter=other, former=channels["fb"], former_until=now + timedelta(hours=1))
    body = urlencode(signed(f'{{"user_id":"{CITIZEN}"}}'.encode())).encode()
    wish = RawRequest("POST", body=body, received_at=now)
    assert who_asks(changed, wish) == Address("fb", CITIZEN)
    with pytest.raises(SignatureInvalid):
        who_asks(changed, replace(wish, received_at=now + timedelta(hours=2)))


async def test_f04_one_call_for_page_and_account_reaches_both_and_what_is_nobodys_waits(meta: Served) -> None:
    words = "Sampah menumpuk di TPS Contoh Baru sejak kemarin sore"
    there = {"id": ACCOUNT, "messaging": [message("a_1", words, "901", ACCOUNT)]}
    await call(meta, "fb", {"object": "instagram", "entry": [there]})
    stranger = {"id": "409", "messaging": [message("m_9", words, "502", "409")]}
    await call(meta, "fb", {"object": "page", "entry": [stranger, *page(message("m_1", words))["entry"]]})
    with meta.tx() as tx:
        complaints = tx.all(select(tables.complaint).order_by(tables.complaint.c.id))
        (aside,) = tx.all(select(tables.quarantine))
    assert [(row.channel, row.destination) for row in complaints] == [("ig", ACCOUNT), ("fb", PAGE)]
    assert (aside.channel, aside.reason) == ("fb", "unknown_number")


async def test_a_mention_that_can_never_be_read_keeps_no_other_back(meta: Served) -> None:
    for number in ("171", "172"):
        change = {"field": "mentions", "value": {"media_id": "170", "comment_id": number}}
        await call(
            meta, "ig", {"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1795396500, "changes": [change]}]}
        )
    told = {"text": "Parit di depan SD Contoh tersumbat sudah sebulan", "username": "warga"}
    refused = HttpResponse(400, b'{"error":{"code":2500,"message":"Syntax error"}}')
    http = ScriptedHttp([refused, HttpResponse(200, json.dumps({"mentioned_comment": told}).encode())])
    await ask(meta.gateway.office.channels["ig"], meta.gateway, http)
    assert asking.waiting(meta.gateway.store, "ig") == []
    with meta.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
    assert complaint.hold == "public_comment"


async def test_an_officers_own_words_are_told_from_notices(meta: Served) -> None:
    await call(meta, "fb", page(message("m_1", "Sampah menumpuk di TPS Contoh Baru sejak kemarin sore")))
    with meta.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
        person = contacts.by_id(tx, [complaint.contact_id])[complaint.contact_id]
        for key in ("st.assigned", "st.answer"):
            outbound.say(tx, person, "fb", [(key, ())], Said(key, complaint.id, direct=False))
    typed = {}
    while True:
        with meta.tx() as tx:
            parcels = outbound.claim(tx, 5, 60, ["fb"])
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT) for one in parcels])
        if not parcels:
            break
        typed |= {one.message.text[:9]: one.message.typed for one in parcels}
    assert typed.pop("st.answer")
    assert not any(typed.values())
