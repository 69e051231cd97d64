"""What people ask about their data, from the first word to the last message, and the desk of the privacy officer."""

import hashlib
import hmac
import io
import json
import re
import struct
import zipfile
import zlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import select

from channels.messages import DeliveryStatus
from gateway.complaints.complaint import Action, ActionRefused, Actor, Role
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome
from gateway.people import contacts
from gateway.reporting import own_data
from gateway.retention import anonymising, legal_holds, privacy_requests
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import LAMP, apply, assigned, row_of
from tests.gateway.short_ways import said

DP, WHY = Role.PRIVACY_OFFICER, "Tidak ada kewajiban menyimpan"
SCREEN = "/admin/privasi"


def asked(desk: Desk) -> Any:
    with desk.served.tx() as tx:
        return tx.one(select(tables.privacy_request))


def ask(desk: Desk) -> str:
    """The report of somebody who then wants to be forgotten; its number. It is over."""
    number = desk.report(LAMP)
    desk.report("HAPUS DATA")
    apply(desk, number, Action.ARCHIVE, archive_reason="permintaan_hapus_data", reason="Pelapor minta datanya dihapus")
    return number


def address_of(page: str) -> str:
    found = re.search(rf'action="({SCREEN}/permintaan/\w+)/hapus"', page)
    assert found
    return found[1]


def send_all(desk: Desk) -> None:
    with desk.served.tx() as tx:
        while parcels := outbound.claim(tx, 50, 60.0):
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT, "p:1") for one in parcels])


async def test_who_asks_is_told_at_once_and_forgotten_when_it_was_decided(desk: Desk) -> None:
    number = ask(desk)
    assert "3x24 jam" in said(desk.served.gateway.store, "pv.erase")[0]
    row = asked(desk)
    assert (row.due_at - row.asked_at).total_seconds() == 72 * 3600
    await desk.become(DP)
    assert "Permintaan hapus data menunggu Anda" in await desk.words("/admin/beranda")
    page = await desk.page(SCREEN)
    assert number in page
    here = address_of(page)
    refused = await desk.press(f"{here}/hapus", SCREEN, reason="ya")
    assert (refused.status, "terlalu pendek" in await refused.text()) == (422, True)
    assert "Peminta diberi tahu" in await desk.done(f"{here}/hapus", SCREEN, reason=WHY)
    (last,) = said(desk.served.gateway.store, "pv.erased")
    assert last.startswith("Data Anda pada kami sudah dihapus.")
    assert last.endswith(WHY)
    case: Any = row_of(desk, number)
    assert (case.text_masked, case.title, case.contact_id, case.number) == ("", "", None, number)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 0, "its last message is on its way"
    send_all(desk)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 1
        assert tx.one(select(tables.contact.c.id).where(tables.contact.c.staff.is_(False))) is None
        assert tx.one(select(tables.task.c.id).where(tables.task.c.done_at.is_(None))) is None
    assert (asked(desk).state, asked(desk).complaints, asked(desk).contact_id) == ("done", 1, None)
    assert "Selesai" in await desk.words(SCREEN)
    assert "Isi dan identitas dihapus" in await desk.words(f"/admin/aduan/{number}")
    assert desk.report(LAMP) != number, "the same person may write again"


async def test_a_refusal_says_why_and_takes_nothing(desk: Desk) -> None:
    number = ask(desk)
    await desk.become(DP)
    await desk.done(f"{address_of(await desk.page(SCREEN))}/tolak", SCREEN, reason="Perkara di pengadilan berjalan")
    assert said(desk.served.gateway.store, "pv.not_erased") == [
        "Data Anda belum dapat dihapus: Perkara di pengadilan berjalan Keberatan? Hubungi pejabat pelindungan data."
    ]
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    desk.report("HAPUS DATA")
    with desk.served.tx() as tx:
        assert privacy_requests.waiting(tx) == 1


@pytest.mark.parametrize("bar", ["open", "held"])
async def test_what_is_open_or_must_be_kept_is_not_erased(desk: Desk, bar: str) -> None:
    number = ask(desk)
    if bar == "open":
        assigned(desk, "Sampah menumpuk di Jalan Kenanga dua minggu")
    else:
        with desk.served.tx() as tx:
            legal_holds.place(tx, number, "Perkara di pengadilan berjalan", Actor(DP, "7"))
    await desk.become(DP)
    answer = await desk.press(f"{address_of(await desk.page(SCREEN))}/hapus", SCREEN, reason=WHY)
    assert answer.status == 422
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    assert (asked(desk).state, said(desk.served.gateway.store, "pv.erased")) == ("asked", [])


async def test_asking_twice_is_one_request_and_only_its_officer_sees_it(desk: Desk) -> None:
    ask(desk)
    desk.report("HAPUS DATA")
    with desk.served.tx() as tx:
        assert privacy_requests.waiting(tx) == 1
    await desk.become(DP)
    here = address_of(await desk.page(SCREEN))
    desk.served.moment.pass_(hours=73)
    await desk.become(DP)
    assert "Lewat 3 x 24 jam" in await desk.words(SCREEN)
    await desk.become(Role.SYSTEM_ADMIN)
    page = await desk.page(SCREEN)
    assert "/permintaan/" not in page
    assert "/tahan" not in page
    answer = await desk.press(f"{here}/hapus", "/admin/beranda", reason=WHY)
    assert (answer.status, asked(desk).state) == (403, "asked")


async def test_a_contact_that_is_needed_again_stays_and_is_told_so(desk: Desk) -> None:
    ask(desk)
    await desk.become(DP)
    await desk.done(f"{address_of(await desk.page(SCREEN))}/hapus", SCREEN, reason=WHY)
    send_all(desk)
    assigned(desk, "Sampah menumpuk di Jalan Kenanga dua minggu")
    send_all(desk)
    desk.served.moment.pass_(days=3, seconds=1)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 1
    assert asked(desk).state == "kept"


async def test_the_desk_holds_lets_go_and_tells_what_time_took(desk: Desk) -> None:
    number = ask(desk)
    desk.served.moment.pass_(days=1900)
    await desk.become(DP)
    assert (await desk.press(f"{SCREEN}/tahan", SCREEN, number="KBR-1", reason=WHY)).status == 422
    assert "ditahan dari penghapusan" in await desk.done(f"{SCREEN}/tahan", SCREEN, number=number, reason=WHY)
    anonymising.empty(desk.served.gateway.store)
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    assert (await desk.press(f"{SCREEN}/lepas", SCREEN, number=number, reason="ya")).status == 422
    words = await desk.done(f"{SCREEN}/lepas", SCREEN, number=number, reason="Perkara sudah selesai")
    assert "tidak ditahan lagi" in words
    assert row_of(desk, number).text_masked == ""  # type: ignore[attr-defined]
    assert "Putaran terakhir" in words
    assert number in words.partition("Putaran terakhir")[2]


# copies and corrections


def over(desk: Desk, words: str = "SALINAN DATA") -> str:
    """The report of somebody who then asks; its number."""
    number = desk.report(LAMP)
    desk.report(words)
    return number


def desk_of(page: str) -> str:
    found = re.search(rf'action="({SCREEN}/permintaan/\w+)/(?:salin|ralat|hapus)"', page)
    assert found
    return found[1]


async def test_c10_a_copy_is_sealed_with_a_password_that_only_who_asked_is_told(desk: Desk) -> None:
    number = over(desk)
    desk.report("Sampah menumpuk di Jalan Kenanga dua minggu", sender="78")
    await desk.become(DP)
    here = desk_of(await desk.page(SCREEN))
    assert (await desk.press(f"{here}/berkas", SCREEN)).status == 422, "nobody granted it yet"
    assert "Peminta diberi tahu" in await desk.done(f"{here}/salin", SCREEN, reason=WHY)
    (told,) = said(desk.served.gateway.store, "pv.copied")
    key = re.search(r"Sandi berkas: ([0-9A-Z-]{19})\.", told)
    assert key
    assert key[1] not in await desk.page(SCREEN)
    answer = await desk.press(f"{here}/berkas", SCREEN)
    content = await answer.read()
    assert (answer.status, answer.headers["Cache-Control"], content[:2]) == (200, "no-store", b"PK")
    for word in (b"Jalan Melati", b"tg:77", LAMP.encode()):
        assert word not in content
    held = json.loads(opened(content, key[1])["data.json"])
    assert (held["address"], [one["number"] for one in held["reports"]]) == ("tg:77", [number])
    (report,) = held["reports"]
    assert (report["written"], report["received"][0]["text"]) == ([LAMP], LAMP)
    assert any(number in one["text"] for one in report["sent"]), "the receipt"
    assert "Kenanga" not in json.dumps(held)
    with desk.served.tx() as tx:
        last = tx.all(select(tables.audit).where(tables.audit.c.action == "copy_taken"))[-1]
    assert last.details == {"files": 2, "reports": 1, "sha256": hashlib.sha256(content).hexdigest()}
    await desk.become(Role.SYSTEM_ADMIN)
    assert (await desk.press(f"{here}/berkas", "/admin/beranda")).status == 403
    actor, request = Actor(DP, "7"), asked(desk).id
    with desk.served.gateway.store.reading() as reading:
        found = own_data.gather(reading, request, actor)
    packed = own_data.pack(found, desk.served.gateway.office.files)
    desk.served.moment.pass_(days=7)
    with pytest.raises(ActionRefused), desk.served.tx() as tx:
        own_data.note_taken(tx, request, actor, packed)  # too late meanwhile: not handed out
    await desk.become(DP)
    assert (await desk.press(f"{here}/berkas", SCREEN)).status == 422
    assert asked(desk).state == "done"


async def test_a_file_that_is_lost_is_named_and_keeps_nobody_from_their_copy(desk: Desk) -> None:
    number = over(desk)
    here_too, lost = "aa/" + "a" * 64, "bb/" + "b" * 64
    with desk.served.tx() as tx:
        (case,) = tx.all(select(tables.complaint).where(tables.complaint.c.number == number))
        for name in (lost, here_too):
            tx.insert(
                tables.attachment, id=tx.new_id(), complaint_id=case.id, channel="tg", created_at=tx.now, due_at=tx.now,
                origin="reporter", state="stored", stored_as=name, sha256=name[3:], media_type="image/jpeg", size=4,
            )  # fmt: skip
        tx.office.files.put(here_too, b"JPEG")
    await desk.become(DP)
    here = desk_of(await desk.page(SCREEN))
    await desk.done(f"{here}/salin", SCREEN, reason=WHY)
    key = re.search(r"Sandi berkas: ([0-9A-Z-]{19})\.", said(desk.served.gateway.store, "pv.copied")[0])
    answer = await desk.press(f"{here}/berkas", SCREEN)
    assert key
    inside = opened(await answer.read(), key[1])
    files = json.loads(inside["data.json"])["reports"][0]["files"]
    assert [file["enclosed"] for file in files] == [False, True]
    assert inside[files[1]["name"]] == b"JPEG"


async def test_a_correction_stands_beside_what_was_said(desk: Desk) -> None:
    number = over(desk, "RALAT DATA SAYA: rumahnya di Jl. Mawar, hubungi 081234567890")
    await desk.become(DP)
    page = await desk.page(SCREEN)
    assert "rumahnya di Jl. Mawar, hubungi [telepon disamarkan]" in page
    here = desk_of(page)
    for fields, why in (({}, "isi nama yang benar"), ({"number": "KBR-260000001"}, "Aduan ini tidak ada")):
        answer = await desk.press(f"{here}/ralat", SCREEN, reason=WHY, **fields)
        assert (answer.status, why in await answer.text()) == (422, True)
    assert (await desk.press(f"{here}/hapus", SCREEN, reason=WHY)).status == 422, "it asks for something else"
    before = row_of(desk, number).text_masked  # type: ignore[attr-defined]
    await desk.done(f"{here}/ralat", SCREEN, reason=WHY, number=number, name="Warga Contoh")
    assert said(desk.served.gateway.store, "pv.corrected") == [f"Data Anda sudah diralat. {WHY}"]
    case: Any = row_of(desk, number)
    with desk.served.tx() as tx:
        event = tx.all(select(tables.complaint_event).where(tables.complaint_event.c.complaint_id == case.id))[-1]
        assert contacts.name_of(tx, case.contact_id) == "Warga Contoh"
        assert tx.one(select(tables.task.c.id).where(tables.task.c.done_at.is_(None))) is None
    assert (case.text_masked, event.action, event.visibility) == (before, "data_corrected", "agency")
    assert event.text_masked == "rumahnya di Jl. Mawar, hubungi [telepon disamarkan]"
    await desk.become(Role.COORDINATOR)
    assert "Data diralat atas permintaan pelapor" in await desk.words(f"/admin/aduan/{number}")


async def test_who_asks_at_the_counter_is_answered_at_the_address_of_the_report(desk: Desk) -> None:
    number = desk.report(LAMP)
    await desk.become(DP)
    note = f"{SCREEN}/permintaan"
    assert (await desk.press(note, SCREEN, number="KBR-1", kind="copy")).status == 422
    assert (await desk.press(note, SCREEN, number=number, kind="correct", said="ya")).status == 422
    assert "Permintaan dicatat" in await desk.done(note, SCREEN, number=number, kind="erase")
    assert "3x24 jam" in said(desk.served.gateway.store, "pv.erase")[0]
    assert (await desk.press(note, SCREEN, number=number, kind="erase")).status == 422, "it waits already"
    await desk.done(note, SCREEN, number=number, kind="copy")
    with desk.served.tx() as tx:
        assert privacy_requests.waiting(tx) == 2
    assert "dicatat petugas" in await desk.words(SCREEN)
    ids = re.findall(r'\bid="([^"]+)"', await desk.page(SCREEN))
    assert len(ids) == len(set(ids)), "one field each"


def opened(content: bytes, password: str) -> dict[str, bytes]:
    """What any program that knows AE-2 reads from a sealed ZIP."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        for entry in whole.infolist():
            (compression,) = struct.unpack("<9xH", entry.extra)
            start = entry.header_offset + 30 + len(entry.filename.encode()) + len(entry.extra)
            body = content[start : start + entry.compress_size]
            keys = hashlib.pbkdf2_hmac("sha1", password.encode(), body[:16], 1000, 66)
            assert (entry.compress_type, compression, body[16:18]) == (99, 8, keys[64:])
            hidden, proof = body[18:-10], body[-10:]
            assert hmac.digest(keys[32:64], hidden, "sha1")[:10] == proof
            plain = bytearray()
            for at in range(0, len(hidden), 16):
                counter = (at // 16 + 1).to_bytes(16, "little")
                stream = Cipher(algorithms.AES(keys[:32]), modes.ECB()).encryptor().update(counter)  # noqa: S305
                plain += bytes(one ^ other for one, other in zip(hidden[at : at + 16], stream, strict=False))
            found[entry.filename] = zlib.decompress(bytes(plain), wbits=-15)
    return found
