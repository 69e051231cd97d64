"""Pantauan Kanal: what is seen at a glance, and what a person can do about it without a terminal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels import registry
from channels.messages import Address, DeliveryStatus
from config.settings import ChannelTable
from gateway.complaints.complaint import Role
from gateway.dashboard.channel import checks
from gateway.outbound import draining, outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.people import contacts
from gateway.queries import channel_watch
from gateway.storage import tables
from tests.dashboard.conftest import Desk

DEEDS = ("jeda", "kosongkan", "lanjutkan", "coba-lagi", "kirim-ulang", "uji")


def queue(desk: Desk, many: int = 1, channel: str = "sms", **values: object) -> list[int]:
    """Messages to somebody, in the state that `values` say."""
    with desk.served.tx() as tx:
        address = Address("tel", "+6281200000009")
        contact = contacts.ensure(tx, [address])[address]
        ids = [outbound.say(tx, contact, channel, [("Halo.", ())], Said("st.assigned"))[0] for _ in range(many)]
        tx.flush()
        if values:
            tx.execute(tables.outbox.update().where(tables.outbox.c.id.in_(ids)).values(**values))
    return ids


def states(desk: Desk) -> list[str]:
    with desk.served.tx() as tx:
        return [row.state for row in tx.all(tables.outbox.select().order_by(tables.outbox.c.id))]


def audited(desk: Desk) -> list[tuple[str, str]]:
    with desk.served.tx() as tx:
        return [(row.action, row.reason) for row in tx.all(tables.audit.select().order_by(tables.audit.c.seq))]


async def test_every_channel_stands_there_in_each_direction_with_the_worst_first(desk: Desk) -> None:
    queue(desk)
    desk.served.moment.pass_(seconds=61)
    page = await desk.words("/admin/kanal")
    assert page.count("SMS (Kannel)") == 2
    assert page.count("USSD ·") == 1  # answers in the same call, so it has no direction out of its own
    assert page.index("Terlambat") < page.index("Sepi")
    assert "1 m" in page


async def test_a_card_tells_how_the_system_of_record_does(desk: Desk) -> None:
    page = await desk.words("/admin/kanal")
    assert "SP4N-LAPOR! Tersambung Antre 0" in page
    assert "Antrean ditahan 0" in page
    assert "Karantina 0" in page


async def test_a_pause_says_how_many_wait_keeps_them_and_is_remembered(desk: Desk) -> None:
    queue(desk, 3)
    assert "3 pesan sedang menunggu" in await desk.words("/admin/kanal/sms/jeda")
    page = await desk.done("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    assert "Kanal dijeda. 3 pesan menunggu." in page
    assert "Dijeda" in page
    assert "Saldo penyedia habis" in page
    with desk.served.tx() as tx:
        assert outbound.claim(tx, 10, 60.0) == []
    assert ("channel_paused", "Saldo penyedia habis") in audited(desk)


async def test_a_pause_needs_a_reason_and_keeps_what_was_typed(desk: Desk) -> None:
    answer = await desk.press("/admin/kanal/sms/jeda", reason="ya")
    page = await answer.text()
    assert answer.status == 422
    assert "paling sedikit 5 huruf" in page
    assert 'value="ya"' in page


async def test_the_second_who_pauses_is_told_so(desk: Desk) -> None:
    await desk.done("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    answer = await desk.press("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    assert "sudah dijeda orang lain" in await answer.text()


async def test_a_drain_ends_what_is_under_way_and_says_when_nothing_is(desk: Desk) -> None:
    queue(desk, 2)
    with desk.served.tx() as tx:
        [parcel] = outbound.claim(tx, 1, 60.0)
    assert "1 pesan yang sedang dikirim diselesaikan" in await desk.words("/admin/kanal/sms/kosongkan")
    page = await desk.done("/admin/kanal/sms/kosongkan", reason="Ganti kartu SIM")
    assert "1 pesan masih sedang dikirim" in page
    assert "Ganti kartu SIM" in await desk.words("/admin/pengiriman?tab=menunggu")
    desk.served.moment.pass_(seconds=5)
    with desk.served.tx() as tx:
        assert draining.look(tx) == 0
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, DeliveryStatus.SENT)])
        tx.flush()
        assert outbound.claim(tx, 10, 60.0) == []
        assert (draining.look(tx), draining.look(tx), draining.is_empty(tx, "sms")) == (1, 0, True)
    assert "Sudah kosong" in await desk.words("/admin/kanal/sms")
    assert [line for line in audited(desk) if line[0] in {"channel_drained", "channel_empty"}] == [
        ("channel_drained", "Ganti kartu SIM"),
        ("channel_empty", ""),
    ]
    answer = await desk.press("/admin/kanal/sms/kosongkan", reason="Ganti kartu SIM")
    assert (answer.status, "sudah dikosongkan orang lain" in await answer.text()) == (422, True)
    await desk.done("/admin/kanal/sms/lanjutkan")
    with desk.served.tx() as tx:
        assert len(outbound.claim(tx, 10, 60.0)) == 1
        assert not draining.is_empty(tx, "sms")


async def test_resuming_lets_everything_go_also_after_a_stop_by_the_provider(desk: Desk) -> None:
    queue(desk, 2)
    with desk.served.tx() as tx:
        stopped = {
            "channel": "sms",
            "stopped_at": tx.now,
            "stopped_reason": "credentials",
            "resume_at": tx.now + timedelta(hours=1),
        }
        tx.insert(tables.channel_state, **stopped)
    assert "Mati" in await desk.words("/admin/kanal")
    page = await desk.done("/admin/kanal/sms/lanjutkan")
    assert "2 pesan dikirim" in page
    with desk.served.tx() as tx:
        assert len(outbound.claim(tx, 10, 60.0)) == 1  # one address, one at a time


async def test_trying_again_does_not_wait_for_the_next_attempt(desk: Desk) -> None:
    later = desk.served.moment.now + timedelta(hours=3)
    queue(desk, 1, attempts=3, due_at=later)
    assert "1 pesan yang gagal sementara" in await desk.words("/admin/kanal/sms/coba-lagi")
    await desk.done("/admin/kanal/sms/coba-lagi", reason="Penyedia pulih")
    with desk.served.tx() as tx:
        assert len(outbound.claim(tx, 10, 60.0)) == 1


async def test_messages_of_unknown_outcome_are_resent_only_after_a_warning(desk: Desk) -> None:
    queue(desk, 2, state="unknown", reason="answer_lost")
    page = await desk.words("/admin/kanal/sms/kirim-ulang")
    assert "warga menerimanya dua kali" in page
    assert states(desk) == ["unknown", "unknown"]
    await desk.done("/admin/kanal/sms/kirim-ulang", reason="Sudah dicek, tidak ada di penyedia")
    assert states(desk) == ["queued", "queued"]
    assert audited(desk)[-1] == ("message_resent", "Sudah dicek, tidak ada di penyedia")


async def test_a_test_message_goes_to_the_address_that_was_typed(desk: Desk) -> None:
    page = await desk.done("/admin/kanal/sms/uji", to="0812-0000-0009")
    assert "Pesan uji dikirim" in page
    with desk.served.tx() as tx:
        parcel = outbound.claim(tx, 1, 60.0)[0]
    assert parcel.message.address == Address("tel", "+6281200000009")
    assert parcel.message.text.startswith("Pesan uji Kabupaten Contoh")


@pytest.mark.parametrize("typed", ["", "bukan nomor", "INFO-CONTOH"])
async def test_what_is_no_address_is_refused(desk: Desk, typed: str) -> None:
    answer = await desk.press("/admin/kanal/sms/uji", to=typed)
    assert (answer.status, states(desk)) == (422, [])


async def test_the_page_of_a_channel_shows_its_day_without_any_words(desk: Desk) -> None:
    desk.report("Sampah di pasar Indra Sari tidak diangkut", "+6281200000001", "sms")
    page = await desk.page("/admin/kanal/sms")
    assert '<rect class="bar-received"' in page
    assert "Tanda terima" in page
    assert "Indra Sari" not in page
    assert "81200000001" not in page
    assert "Alamat panggilan untuk penyedia: http://127.0.0.1:8080/c/sms" in page
    assert "test-sms-password" not in page


BY_OTHER_WAYS: dict[str, dict[str, object]] = {
    "jasmin": {
        "number": "1708",
        "send_url": "http://127.0.0.1:1401/send",
        "username": "u",
        "password": "p",
        "inbound_token": "t",
    },
    "http_sms": {
        "number": "1708",
        "coverage": "satu operator",
        "tariff_note": "Rp 350",
        "outbound": {"url": "https://x.example", "body": {"isi": "{text}"}},
    },
}


@pytest.mark.parametrize(
    ("kind", "words"), [("jasmin", "menyambung SMS panjang sendiri"), ("http_sms", "tarif: satu operator; Rp 350")]
)
async def test_what_no_setting_mends_stands_on_the_page_of_the_channel(desk: Desk, kind: str, words: str) -> None:
    channels = registry.build([ChannelTable("sms", kind, BY_OTHER_WAYS[kind])], absent_secret=str)
    site = desk.served.site
    watched = next(one for one in await site.read(channel_watch.watch) if one.name == "sms")
    told = [site.texts(check.key, "id", **check.values) for check in checks(site, channels["sms"], watched)]
    assert [line for line in told if words in line]


async def test_an_unknown_channel_or_deed_is_not_there(desk: Desk) -> None:
    await desk.page("/admin/kanal/tidak-ada", 404)
    await desk.page("/admin/kanal/sms/hapus", 404)


@pytest.mark.parametrize("deed", DEEDS)
async def test_whoever_only_reads_gets_no_form(desk: Desk, deed: str) -> None:
    await desk.become(Role.REGIONAL_HEAD)
    assert "Coba lagi" not in await desk.words("/admin/kanal")
    await desk.page(f"/admin/kanal/sms/{deed}", 403)


async def test_the_start_page_counts_what_waits_and_names_what_does_not(desk: Desk) -> None:
    desk.report("Lampu jalan padam sejak tiga malam di Jalan Melati")
    page = await desk.words("/admin/beranda")
    assert "1 Perlu verifikasi" in page
    assert (
        page.index("Perlu verifikasi")
        < page.index("Tidak ada yang menunggu di sini")
        < page.index("Jatuh tempo hari ini")
    )
    assert "Semua kanal berjalan" in page


async def test_the_front_door_of_staff_leads_to_the_start_page(desk: Desk) -> None:
    answer = await desk.served.client.get("/admin", allow_redirects=False)
    assert answer.headers["Location"] == "/admin/beranda"


async def test_the_costs_of_a_month_are_shown_and_given_as_a_file(desk: Desk) -> None:
    office = desk.served.site.gateway.office
    price = {"price": 350.0, "rupiah_per_day": 1000}
    channels = {name: replace(one, **price) if name == "sms" else one for name, one in office.channels.items()}  # type: ignore[arg-type]
    for part in (office, desk.served.site.gateway.store.office):
        object.__setattr__(part, "channels", channels)
    queue(desk, 2, state="sent", sent_at=desk.served.moment.now, parts=1)
    page = await desk.words("/admin/kanal/biaya")
    assert "Kabar ke pelapor 2 2 Rp 700" in page
    assert "70 % dari Rp 1.000 per hari" in page
    assert "Belum ada pesan keluar" in await desk.words("/admin/kanal/biaya?bulan=2026-10")
    assert "Rp 700 / Rp 1.000" in await desk.words("/admin/kanal")
    answer = await desk.served.client.get("/admin/kanal/biaya/ekspor?bulan=2026-11")
    assert "2026-11-23;sms;Kabar ke pelapor;2;2;700,00" in await answer.text()
