"""`/admin/pemberitahuan`: see what is sent to whom, switch off what may be, choose ways; with reason and history."""

from gateway.complaints.notices import NOTICES
from gateway.storage import tables
from tests.dashboard.conftest import Desk

SCREEN = "/admin/pemberitahuan"
NEWS, TASK = f"{SCREEN}/st.progress/reporter", f"{SCREEN}/pic.half/team"
WHY = "Diputuskan dalam rapat koordinasi"


async def test_every_notice_stands_on_the_page_with_whom_it_goes_to(desk: Desk) -> None:
    page = await desk.page(SCREEN)
    places = [f"{SCREEN}/{rule.key}/{audience}" for rule in NOTICES.values() for audience in rule.audiences]
    assert [place for place in places if f'href="{place}"' not in page] == []
    assert page.count("data-row") == len(places)


async def test_a_notice_is_switched_off_and_on_again(desk: Desk) -> None:
    assert "Belum pernah diubah" in await desk.words(NEWS)
    kept = await desk.done(NEWS, terlihat="0", reason=WHY)
    assert "Tersimpan sebagai versi 1." in kept
    assert WHY in kept
    assert "1 diubah" in await desk.words(SCREEN)
    back = await desk.done(NEWS, terlihat="1", aktif="1", reason="Warga menanyakannya")
    assert "Tersimpan sebagai versi 2." in back
    assert "1 diubah" not in await desk.words(SCREEN)


async def test_ways_are_tried_in_the_order_that_is_chosen(desk: Desk) -> None:
    kept = await desk.done(TASK, terlihat="0", aktif="1", gabung="1", jalur1="sms", jalur3="telegram", reason=WHY)
    assert "SMS, Telegram" in kept
    assert "SMS, Telegram" in await desk.words(SCREEN)
    twice = await desk.press(TASK, terlihat="1", aktif="1", gabung="1", jalur1="sms", jalur2="sms", reason=WHY)
    assert twice.status == 422
    assert "Setiap jalur hanya sekali." in await twice.text()


async def test_what_is_wrong_is_said_and_nothing_is_kept(desk: Desk) -> None:
    for fields, words in (
        ({"terlihat": "0", "reason": ""}, "Tulis alasannya"),
        ({"terlihat": "7", "reason": WHY}, "baru saja diubah orang lain"),
        ({"terlihat": "7" * 5000, "reason": WHY}, "baru saja diubah orang lain"),
    ):
        answer = await desk.press(NEWS, **fields)
        assert answer.status == 422
        assert words in await answer.text()
    with desk.served.tx() as tx:
        assert tx.all(tables.notice_rule.select()) == []


async def test_what_is_always_sent_says_why_and_has_no_switch(desk: Desk) -> None:
    answer = await desk.page(f"{SCREEN}/st.answer/reporter")
    assert "Pelapor berhak tahu hasil dan akhir laporannya." in answer
    assert 'name="reason"' not in answer
    danger = await desk.page(f"{SCREEN}/duty.new/duty")
    assert 'name="aktif"' not in danger
    assert 'name="jalur1"' in danger
    assert "Tersimpan" in await desk.done(f"{SCREEN}/duty.new/duty", terlihat="0", jalur1="sms", reason=WHY)


async def test_there_is_no_page_for_what_nobody_gets(desk: Desk) -> None:
    for place in ("st.answer/team", "pic.new/reporter", "nothing/team", "pic.new/nobody"):
        await desk.page(f"{SCREEN}/{place}", status=404)
