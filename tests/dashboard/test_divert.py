"""What waits on a dead channel goes another way: exactly what was said before, in its order, and nothing that may have left."""

from gateway.dashboard.menu import SCREENS
from gateway.outbound import diversion, outbound
from gateway.record import cases
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_channels import audited, queue
from tests.web.conftest import OpenSite

SECOND = """
[channels.sms2]
kind = "kannel"
number = "1709"
inbound_token = "test-sms-token-9876543210"
send_url = "http://127.0.0.1:1/cgi-bin/sendsms"
username = "gateway"
password = "test-sms-password-2"
"""
REASON = "Modem pertama mati"


async def two_modems(open_site: OpenSite) -> Desk:
    served = await open_site(SECOND, screens=SCREENS)
    await served.sign_in()
    return Desk(served)


def sent_by(desk: Desk) -> list[str]:
    with desk.served.tx() as tx:
        return [row.channel for row in tx.all(tables.outbox.select().order_by(tables.outbox.c.id))]


async def test_only_what_waits_is_moved_and_keeps_its_order(open_site: OpenSite) -> None:
    desk = await two_modems(open_site)
    [sent] = queue(desk, 1, state="sent")
    waiting = queue(desk, 3, attempts=2)
    assert "3 pesan yang belum terkirim" in await desk.words("/admin/kanal/sms/alihkan")
    for path in ("/admin/kanal/sms", "/admin/kanal"):
        with desk.served.tx() as tx:
            tx.upsert(
                tables.channel_state,
                [{"channel": "sms", "stopped_at": tx.now, "stopped_reason": "credentials"}],
                ["stopped_at"],
            )
        assert "/admin/kanal/sms/alihkan" in await desk.page(path)
    page = await desk.done("/admin/kanal/sms/alihkan", ke="sms2", reason=REASON)
    assert "3 pesan dialihkan ke sms2." in page
    assert sent_by(desk) == ["sms", "sms2", "sms2", "sms2"]
    assert audited(desk)[-1] == ("channel_moved", REASON)
    with desk.served.tx() as tx:
        [first] = outbound.claim(tx, 10, 60.0)
    assert (first.id, first.channel, first.attempts) == (waiting[0], "sms2", 0)
    assert sent != waiting[0]


async def test_what_is_confidential_or_follows_something_under_way_stays(open_site: OpenSite) -> None:
    desk = await two_modems(open_site)
    number = desk.report("Lampu jalan mati di depan pasar")
    with desk.served.tx() as tx:
        tx.execute(tables.outbox.delete())
        case = cases.by_number(tx, number)
        cases.amend(tx, case.id, confidential=True)
    queue(desk, 2, complaint_id=case.id)
    page = await desk.words("/admin/kanal/sms/alihkan")
    assert "Tidak ada pesan yang dapat dialihkan." in page
    with desk.served.tx() as tx:
        assert diversion.look(tx, "sms", "sms2").stays == {"confidential": 2}
        cases.amend(tx, case.id, confidential=False)
        outbound.claim(tx, 1, 60.0)
        assert diversion.look(tx, "sms", "sms2").stays == {"under_way": 1}


async def test_a_channel_that_reaches_others_is_no_way(open_site: OpenSite) -> None:
    desk = await two_modems(open_site)
    queue(desk, 1)
    for typed, words in (
        ({"ke": "tg", "reason": REASON}, "Pilih kanal tujuan"),
        ({"ke": "sms2", "reason": "x"}, "5 huruf"),
    ):
        answer = await desk.press("/admin/kanal/sms/alihkan", **typed)
        assert (answer.status, words in await answer.text()) == (422, True)
    assert sent_by(desk) == ["sms"]
    assert "Tidak ada kanal lain" in await desk.words("/admin/kanal/tg/alihkan")
