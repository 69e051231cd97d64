"""The list of complaints and the held queue: the right rows in the right order, and no dead end anywhere."""

import asyncio
import re
from datetime import timedelta

import pytest
from aiohttp import FormData

from gateway.complaints.complaint import Action, Hold, Role
from gateway.dashboard.complaints import TABS_OF, TABS_OF_OTHERS, tabs_of
from gateway.queries.complaint_list import TABS
from gateway.record import cases
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import COORDINATOR, apply, assigned, form, hidden, officer, row_of

NUMBER = re.compile(r'href="/admin/aduan/(KBR-\d+)"')


async def numbers(desk: Desk, path: str) -> list[str]:
    return list(dict.fromkeys(NUMBER.findall(await desk.page(path))))


def hold(desk: Desk, number: str, why: Hold = Hold.SPAM) -> None:
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, hold=why.value)


async def test_what_is_due_first_stands_first(desk: Desk) -> None:
    first = desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    desk.served.moment.pass_(minutes=20)
    second = desk.report("Sampah di pasar Indra Sari tidak diangkut lima hari", "78")
    assert await numbers(desk, "/admin/aduan") == [first, second]
    assert await numbers(desk, "/admin/aduan?tab=semua&urut=terbaru") == [second, first]


async def test_figures_beside_the_tabs_are_those_of_their_lists(desk: Desk) -> None:
    desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    assigned(desk, "Jalan berlubang di depan SDN 2 Baru, tolong ditambal", sender="78")
    page = await desk.words("/admin/aduan")
    assert "Perlu verifikasi 1 Baru 1" in page
    assert len(await numbers(desk, "/admin/aduan?tab=verifikasi")) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.REPORTER, Role.SYSTEM, Role.SP4N}))
def test_every_role_begins_with_a_tab_that_exists(role: Role) -> None:
    tabs = tabs_of(role)
    assert set(tabs) <= TABS.keys()
    assert len(tabs) == len(set(tabs))


def test_no_tab_is_forgotten() -> None:
    assert TABS.keys() == {tab for tabs in (*TABS_OF.values(), TABS_OF_OTHERS) for tab in tabs}


@pytest.mark.parametrize("tab", TABS_OF_OTHERS[1:])
async def test_an_empty_tab_says_why_and_leads_on(desk: Desk, tab: str) -> None:
    page = await desk.page(f"/admin/aduan?tab={tab}")
    assert 'class="empty"' in page
    assert 'href="?tab=semua"' in page


async def test_a_search_finds_numbers_and_words_whatever_tab_is_open(desk: Desk) -> None:
    wanted = assigned(desk, "Jalan berlubang di depan SDN 2 Baru, tolong ditambal")
    desk.report("Sampah di pasar Indra Sari tidak diangkut lima hari", "78")
    assert await numbers(desk, "/admin/aduan?tab=verifikasi&q=berlubang") == [wanted]
    assert await numbers(desk, f"/admin/aduan?q={wanted.removeprefix('KBR-')}") == [wanted]


async def test_a_search_of_two_letters_is_answered_with_a_sentence(desk: Desk) -> None:
    desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    page = await desk.words("/admin/aduan?q=la")
    assert "Tulis paling sedikit 3 huruf." in page


async def test_no_match_offers_the_way_out(desk: Desk) -> None:
    page = await desk.page("/admin/aduan?q=tidakadadimanapun")
    assert "Tidak ada aduan yang cocok" in page
    assert "Hapus saringan" in page


# fmt: off
FILTERS = [
    # address                                  finds the one assigned to PUPR
    ("keadaan=assigned",                        True),
    ("keadaan=received",                        False),
    ("kantor=PUPR",                             True),
    ("kantor=DLH",                              False),
    ("jenis=pengaduan",                         True),
    ("jenis=aspirasi",                          False),
    ("kanal=tg",                                True),
    ("kanal=sms",                               False),
    ("dari=2026-11-23&sampai=2026-11-23",       True),
    ("dari=2026-11-24",                         False),
    ("sampai=2026-11-22",                       False),
    ("lewat=1",                                 False),
    ("topik=sudah-dihapus",                     False),
]
# fmt: on


@pytest.mark.parametrize(("query", "found"), FILTERS)
async def test_a_filter_stands_in_the_address(desk: Desk, query: str, found: bool) -> None:
    number = assigned(desk, "Jalan berlubang di depan SDN 2 Baru, tolong ditambal")
    assert (number in await numbers(desk, f"/admin/aduan?tab=semua&{query}")) is found


async def test_a_value_that_is_gone_is_called_unknown(desk: Desk) -> None:
    page = await desk.words("/admin/aduan?tab=semua&kantor=DINAS-LAMA")
    assert "DINAS-LAMA (tidak dikenal)" in page


async def test_pages_follow_each_other_without_a_gap_and_back(desk: Desk) -> None:
    every = [desk.report(f"Laporan nomor {at} tentang jalan berlubang di desa", str(1000 + at)) for at in range(53)]
    first = await desk.page("/admin/aduan?tab=semua&urut=terlama")
    assert list(dict.fromkeys(NUMBER.findall(first))) == every[:50]
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = await desk.page(following)
    assert list(dict.fromkeys(NUMBER.findall(second))) == every[50:]
    previous = re.search(r'rel="prev" href="([^"]+)"', second)[1].replace("&amp;", "&")
    assert await numbers(desk, previous) == every[:50]


async def test_an_altered_cursor_begins_again(desk: Desk) -> None:
    answer = await desk.served.client.get("/admin/aduan?tab=semua&kursor=ngawur", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/aduan?tab=semua")


async def test_an_officer_begins_with_their_own_agency(desk: Desk) -> None:
    own = assigned(desk, "Jalan berlubang di depan SDN 2 Baru, tolong ditambal")
    assigned(desk, "Sampah di pasar Indra Sari tidak diangkut lima hari", "DLH", "78")
    await desk.become(Role.PENGHUBUNG, "PUPR")
    page = await desk.page("/admin/aduan")
    assert NUMBER.findall(page) == [own]
    assert "Kantor saya" in words(page)
    assert "Perlu verifikasi" not in words(page)


async def test_an_overdue_complaint_says_by_how_much_and_why(desk: Desk) -> None:
    desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    desk.served.moment.pass_(days=7)
    await desk.served.sign_in()
    page = await desk.words("/admin/aduan?tab=lewat")
    assert "−2 hk Verifikasi" in page


async def test_a_topic_is_a_question_until_somebody_confirmed_it(desk: Desk) -> None:
    number = desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, topic="perhubungan")
    assert "<em>Perhubungan?</em>" in await desk.page("/admin/aduan")
    apply(desk, number, Action.VERIFY, kind="pengaduan", topic="perhubungan")
    assert "Perhubungan?" not in await desk.page("/admin/aduan?tab=semua")


async def test_words_that_one_may_not_read_are_not_in_the_list_either(desk: Desk) -> None:
    number = desk.report("Ada kekerasan terhadap anak di rumah tetangga, tolong dilihat")
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, sensitive="anak")
    await desk.become(Role.CHANNEL_ADMIN)
    page = await desk.page("/admin/aduan?tab=semua")
    assert number in page
    assert "rumah tetangga" not in page
    assert number not in await desk.page("/admin/aduan?tab=semua&q=kekerasan")


async def test_held_messages_are_released_from_their_queue(desk: Desk) -> None:
    number = desk.report("Promo pulsa murah klik di sini sekarang juga ya")
    hold(desk, number)
    page = await desk.page("/admin/aduan/ditahan")
    assert "Diduga spam" in words(page)
    part = page.partition(f'action="/admin/aduan/{number}/aksi/release"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key", "kembali")}
    done = await desk.done(f"/admin/aduan/{number}/aksi/release", "/admin/aduan/ditahan", **fields)
    assert f"{number}: Lepas tercatat." in done
    assert "Tidak ada pesan yang ditahan" in done
    assert row_of(desk, number).hold == "none"


async def test_held_messages_are_archived_with_a_reason_after_a_look_at_the_text(desk: Desk) -> None:
    number = desk.report("Promo pulsa murah klik di sini sekarang juga ya")
    hold(desk, number)
    page = await desk.page("/admin/aduan/ditahan")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/archive"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key", "kembali")}
    typed = {"archive_reason": "spam_terbukti", "reason": "Iklan pulsa yang dikirim ke banyak nomor"}
    shown = await desk.press(f"/admin/aduan/{number}/aksi/archive", "/admin/aduan/ditahan", **fields, **typed)
    text = await shown.text()
    assert f"{number} diarsipkan" in words(text)
    again = dict(re.findall(r'type="hidden" name="(?!_csrf)([^"]+)" value="([^"]*)"', text))
    done = await desk.done(f"/admin/aduan/{number}/aksi/archive", "/admin/aduan/ditahan", **again, tahap="kirim")
    assert "Arsipkan tercatat" in done
    assert "Pesan ditahan" in done
    assert row_of(desk, number).archive_reason == "spam_terbukti"


@pytest.mark.parametrize(("why", "reason"), [(Hold.SPAM, "spam_terbukti"), (Hold.ABUSE, "bukan_laporan")])
async def test_one_tap_confirms_why_a_message_was_held(desk: Desk, why: Hold, reason: str) -> None:
    number = desk.report("Promo pulsa murah klik di sini sekarang juga ya")
    hold(desk, number, why)
    page = await desk.page("/admin/aduan/ditahan")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/archive"')[2]
    names = ("version", "key", "kembali", "archive_reason", "reason", "tahap")
    fields = {name: hidden(part, name) for name in names}
    done = await desk.done(f"/admin/aduan/{number}/aksi/archive", "/admin/aduan/ditahan", **fields)
    assert "Arsipkan tercatat" in done
    assert row_of(desk, number).archive_reason == reason


async def test_a_channel_admin_releases_but_does_not_archive(desk: Desk) -> None:
    number = desk.report("Promo pulsa murah klik di sini sekarang juga ya")
    hold(desk, number)
    await desk.become(Role.CHANNEL_ADMIN)
    page = await desk.page("/admin/aduan/ditahan")
    assert "/aksi/release" in page
    assert "/aksi/archive" not in page


async def test_evidence_goes_with_an_answer_and_is_checked_by_whoever_sends_it(desk: Desk) -> None:
    number = assigned(desk)
    apply(desk, number, Action.START, officer(desk))
    await desk.become(Role.PENGHUBUNG, "PUPR")
    refused = await form(
        desk, number, "answer", explanation="Lampu di Jalan Melati sudah diganti dan menyala kembali hari ini."
    )
    assert "Lampirkan bukti, atau tulis mengapa tidak ada." in await refused.text()
    page = await desk.page(f"/admin/aduan/{number}?aksi=answer")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/answer"')[2]

    data = FormData()
    data.add_field("_csrf", await desk.served.token_of(f"/admin/aduan/{number}"))
    for name in ("version", "key"):
        data.add_field(name, hidden(part, name))
    data.add_field("explanation", "Lampu di Jalan Melati sudah diganti dan menyala kembali hari ini.")
    data.add_field("files", b"\xff\xd8\xff\xe0" + b"0" * 64, filename="foto.jpg", content_type="image/jpeg")
    data.add_field("files", b"<svg onload=alert(1)>", filename="x.svg", content_type="image/svg+xml")
    answer = await desk.served.client.post(f"/admin/aduan/{number}/aksi/answer", data=data, allow_redirects=False)
    text = await answer.text()
    assert "1 berkas tidak diterima" in words(text)
    assert "1 berkas bukti ikut ditampilkan" in words(text)
    fields = dict(re.findall(r'type="hidden" name="(?!_csrf)([^"]+)" value="([^"]*)"', text))
    unticked = await desk.press(f"/admin/aduan/{number}/aksi/answer", f"/admin/aduan/{number}", **fields, tahap="kirim")
    assert unticked.status == 422
    await desk.done(
        f"/admin/aduan/{number}/aksi/answer", f"/admin/aduan/{number}", **fields, tahap="kirim", no_personal_data="1"
    )

    with desk.served.tx() as tx:
        files = tx.all(tables.attachment.select())
    assert [(file.origin, file.media_type) for file in files] == [("agency", "image/jpeg")]


async def test_every_age_is_told_in_working_days(desk: Desk) -> None:
    number = desk.report("Lampu jalan padam di Jalan Melati sejak tiga malam")
    apply(desk, number, Action.ASK_MORE, COORDINATOR, question="Lampu yang mana, dekat rumah siapa?")
    desk.served.moment.now += timedelta(minutes=5)
    page = await desk.words("/admin/aduan?tab=menunggu")
    assert "Dijeda Verifikasi" in page


async def test_a_list_misses_nothing_between_its_making_and_its_stream(desk: Desk) -> None:
    hub = desk.served.site.hub
    hub.publish({"kind": "complaint", "number": "KBR-0"})
    address = re.search(r'data-live="([^"]+)"', await desk.page("/admin/aduan"))
    assert address is not None
    hub.publish({"kind": "complaint", "number": "KBR-1"})
    async with await desk.served.client.get(address[1]) as stream, asyncio.timeout(10):
        told = await stream.content.readuntil(b"KBR-")
        assert await stream.content.read(1) == b"1", told
