"""Who wants no more messages: seen by mask, noted on a citizen's word, per channel and address (F91, F94)."""

from dataclasses import replace

import pytest

from channels.messages import Address
from channels.registry import build
from config.settings import ChannelTable
from gateway.outbound import channel_states, outbound
from gateway.outbound.channel_states import ChannelRefused
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_channels import audited, queue

PHONE = "0812-0000-0009"
REASON = "Diminta lewat telepon"


async def test_f94_a_wish_noted_by_staff_holds_for_one_channel_and_can_be_taken_back(desk: Desk) -> None:
    queue(desk, 2)
    with desk.served.tx() as tx:
        tx.execute(tables.outbox.update().values(direct=False))
    wish = {"kanal": "sms", "to": PHONE, "pilihan": "berhenti", "reason": REASON}
    page = await desk.done("/admin/berhenti", **wish)
    assert "2 pesan yang menunggu tidak dikirim" in page
    assert "+62 812-****-0009" in page
    assert "81200000009" not in page.replace("-", "")
    with desk.served.tx() as tx:
        assert {(row.state, row.reason) for row in tx.all(tables.outbox.select())} == {("failed", "opt_out")}
        address = Address("tel", "+6281200000009")
        contact = contacts.ensure(tx, [address])[address]
        outbound.say(tx, contact, "sms", [("Jawaban", ())], Said("st.status"))
    with desk.served.tx() as tx:
        assert len(outbound.claim(tx, 5, 60.0)) == 1, "answers to own commands still go"
    assert audited(desk)[-1] == ("opted_out", REASON)
    answer = await desk.press("/admin/berhenti", **wish)
    assert (answer.status, "sudah berhenti" in await answer.text()) == (422, True)
    assert "+62 812-****-0009" not in await desk.words("/admin/berhenti?kanal=tg")
    page = await desk.done("/admin/berhenti", **(wish | {"pilihan": "mulai"}))
    assert "menerima pesan lagi" in page
    assert "+62 812-****-0009" not in page
    assert audited(desk)[-1] == ("opted_in", REASON)


async def test_what_is_no_address_or_has_no_reason_is_told_beside_its_field(desk: Desk) -> None:
    for changed, words in (
        ({"to": "INFO"}, "Periksa angkanya"),
        ({"reason": "ya"}, "5 huruf"),
        ({"kanal": "x"}, "tidak ada lagi"),
    ):
        form = {"kanal": "sms", "to": PHONE, "pilihan": "berhenti", "reason": REASON} | changed
        answer = await desk.press("/admin/berhenti", **form)
        assert (answer.status, words in await answer.text()) == (422, True)
    assert (await desk.press("/admin/berhenti", kanal="sms", to=PHONE, pilihan="lain", reason=REASON)).status == 400


@pytest.mark.parametrize(
    ("kind", "typed", "address"),
    [
        ("messenger", " 24001234567890 ", Address("fb", "24001234567890")),
        ("instagram", "17841400000000001", Address("ig", "17841400000000001")),
        ("x", "1452938475610000000", Address("x", "1452938475610000000")),
        ("telegram", "-1001234567890", Address("tg", "-1001234567890")),
        ("email", "Warga@Contoh.example", Address("mailto", "warga@contoh.example")),
        ("whatsapp", "0812-0000-0009", Address("tel", "+6281200000009")),
        ("messenger", "-24001234567890", None),
        ("instagram", "budi.santoso", None),
        ("x", "1" * 26, None),
        ("x", "\u0661\u0662", None),
        ("email", "warga@contoh", None),
    ],
)
def test_each_channel_takes_the_addresses_of_its_people(kind: str, typed: str, address: Address | None) -> None:
    channel = replace(build([ChannelTable("uji", "sandbox", {})], absent_secret=str)["uji"], kind=kind)
    try:
        found = channel_states.address_of(channel, typed)
    except ChannelRefused:
        found = None
    assert found == address
