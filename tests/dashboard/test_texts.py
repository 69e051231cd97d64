"""`/admin/teks`: see a text as it will be read, word it anew, go back."""

import re

from gateway.complaints.complaint import Role
from gateway.notices import text_rules
from gateway.storage import tables
from tests.dashboard.conftest import Desk

PLACE = "/admin/teks/st.assigned"
NEW = "{tiket} kami teruskan ke {opd}. Jawaban pertama sebelum {tgl}."
FORM = {"bahasa": "id", "terlihat": "0", "reason": "Bahasa yang lebih ramah"}


async def test_a_text_is_looked_at_kept_and_taken_back(desk: Desk) -> None:
    assert "Bawaan" in await desk.words(f"{PLACE}?bahasa=id")
    seen = await desk.press(PLACE, **FORM, text=NEW, tombol="lihat")
    page = await seen.text()
    assert seen.status == 200
    assert "KBR-260001235 kami teruskan ke Dinas Perhubungan. Jawaban pertama sebelum 26 Nov 2026." in page
    assert "septet, 1 SMS" in page
    kept = await desk.done(PLACE, **FORM, text=NEW, tombol="simpan")
    assert "Tersimpan sebagai versi 1." in kept
    assert "Versi 1" in await desk.words("/admin/teks?area=citizen&q=kami+teruskan")
    back = await desk.done(
        f"{PLACE}/kembali", on=PLACE, bahasa="id", terlihat="1", versi="0", reason="Salah ketik tadi"
    )
    assert "Tersimpan sebagai versi 2." in back
    assert "Kembali ke teks bawaan." in back


async def test_what_is_wrong_is_said_and_what_was_written_stays(desk: Desk) -> None:
    answer = await desk.press(PLACE, **FORM | {"reason": ""}, text="Sudah {diteruskan} ke komplain", tombol="simpan")
    page = await answer.text()
    assert answer.status == 422
    for words in (
        "Isian tidak dikenal: {diteruskan}.",
        "Isian ini harus ada: {tgl}, {tiket}.",
        "komplain: ",
        "Tulis alasannya",
    ):
        assert words in page
    assert "Sudah {diteruskan} ke komplain</textarea>" in page
    for seen in ("4", "4" * 5000):
        stale = await desk.press(PLACE, **FORM | {"terlihat": seen}, text=NEW, tombol="simpan")
        assert stale.status == 422
        assert "baru saja diubah orang lain" in await stale.text()


async def test_officers_texts_and_other_languages_are_listed(desk: Desk) -> None:
    await desk.become(Role.SYSTEM_ADMIN)
    page = await desk.page("/admin/teks?area=staff&bahasa=en")
    assert "New task {tiket}" in page
    assert 'href="/admin/teks/pic.new?bahasa=en"' in page
    assert "Tidak ada teks yang cocok." in await desk.words("/admin/teks?q=zzzz")
    assert "1 SMS" in await desk.words("/admin/teks/pic.new_sms")


async def test_texts_are_folded_by_what_they_are_about_with_their_counts(desk: Desk) -> None:
    page = await desk.page("/admin/teks")
    for group in text_rules.GROUPS:
        mine = [key for key in text_rules.keys("citizen") if text_rules.group_of(key) == group]
        head = re.search(rf'<details[^>]* id="teks-{group}"( open)?><summary>.*?<span class="many">(\d+)</span>', page)
        assert (int(head[2]) if head else 0) == len(mine), group
        assert not (head and head[1]), group
    assert page.count("data-row") == len(text_rules.keys("citizen"))


async def test_a_search_opens_what_it_finds_and_counts_it_in_both_areas(desk: Desk) -> None:
    await desk.done(PLACE, **FORM, text=NEW, tombol="simpan")
    page = await desk.page("/admin/teks?q=kami+teruskan+ke+%7Bopd%7D")
    assert re.findall(r'<details[^>]* id="teks-(\w+)"( open)?>', page) == [("news", " open")]
    assert page.count("data-row") == 1
    assert "1 diubah" in page
    tabs = re.findall(
        r'href="/admin/teks\?area=(\w+)&amp;bahasa=id&amp;q=kami%20teruskan%20ke%20%7Bopd%7D"[^>]*>[^<]*<span[^>]*>(\d+)',
        page,
    )
    assert tabs == [("citizen", "1"), ("staff", "0")]


def test_every_text_has_a_place_in_the_list() -> None:
    beginnings = {key.partition(".")[0] for area in text_rules.AREAS for key in text_rules.keys(area)}
    placed = [beginning for group in text_rules.GROUPS.values() for beginning in group]
    assert sorted(placed) == sorted(beginnings)


async def test_a_text_of_a_screen_is_not_to_be_changed(desk: Desk) -> None:
    for key in ("admin.text.title", "date.months", "word.this_sms", "nothing.here"):
        await desk.page(f"/admin/teks/{key}", status=404)


async def test_what_was_never_kept_cannot_be_taken_up(desk: Desk) -> None:
    for version in ("9", "-1", "x", "9" * 30):
        answer = await desk.press(f"{PLACE}/kembali", on=PLACE, **FORM, versi=version)
        assert "Versi itu tidak ada." in await answer.text()
    with desk.served.tx() as tx:
        assert tx.all(tables.text_version.select()) == []
