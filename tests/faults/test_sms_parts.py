"""Parts of long SMS as Kannel hands them over, by two doors at once: every text whole, whatever came when and how often."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote

import pytest

from channels import gsm
from channels.messages import RawRequest, TextPart
from gateway.intake.arrival import Arrival
from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from tests.gateway.short_ways import count, only, receive, rows

SITI, BUDI = "+6281200000001", "+6281200000002"
LONG = (
    "Selamat pagi, jalan di depan SD Negeri Contoh 3 rusak parah sejak dua minggu lalu. Setiap hujan air menggenang"
    " setinggi lutut dan anak-anak kesulitan menyeberang. Mohon segera ditambal, lokasi tepatnya di RT 04 dekat"
    " jembatan kayu, sebelum gang masuk ke pasar lama. Terima kasih banyak atas perhatian Bapak dan Ibu sekalian di sana,"
    " semoga lekas diperbaiki."
)


def call(octets: bytes, sender: str, identity: str, udh: bytes = b"", coding: int = 0) -> RawRequest:
    """Kannel's call for one SMS."""
    plain = {"from": sender, "to": "1708", "id": identity, "coding": str(coding), "token": "test-sms-token-0123456789"}
    if coding == 0:
        plain["charset"] = "UTF-8"
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in plain.items())
    raw = f"{query}&text={_escaped(octets)}" + (f"&udh={_escaped(udh)}" if udh else "")
    return RawRequest("GET", raw_query=raw.encode())


def _escaped(octets: bytes) -> str:
    return "".join(f"%{octet:02X}" for octet in octets)


def take(store: Store, *calls: RawRequest) -> None:
    """What the web process does with each call, one commit each."""
    receiver = store.office.channels["sms"].receiver
    assert receiver is not None
    for one in calls:
        receive(store, Arrival("sms", receiver.parse(one), one, store.office.now()))


def parts_of(text: str, sender: str, bind: str, reference: int = 42) -> list[RawRequest]:
    """The text as a phone sends it: in parts, through the bind of this name."""
    cut = gsm.split(text)
    assert len(cut) == 3
    return [
        call(piece.encode(), sender, f"{bind}-{sender}-{place}", gsm.write_header(TextPart(reference, len(cut), place)))
        for place, piece in enumerate(cut, 1)
    ]


def through_two_doors(store: Store, first: Iterable[RawRequest], second: Iterable[RawRequest]) -> None:
    """Two processes take these calls at the same time."""
    url = store.engine.url.render_as_string(hide_password=False)
    together = Barrier(2)

    def door(calls: Iterable[RawRequest]) -> None:
        mine = Store(open_engine(url), store.office)
        together.wait(20)
        try:
            take(mine, *calls)
        finally:
            mine.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(door, (first, second)))


def texts(store: Store) -> list[str]:
    return sorted(row.text_masked for row in rows(store, tables.complaint))


def test_f53_two_citizens_with_one_reference_whose_parts_come_interleaved_are_two_texts(store: Store) -> None:
    siti, budi = parts_of(LONG, SITI, "a"), parts_of(LONG.replace("pagi", "malam"), BUDI, "a")
    through_two_doors(store, [siti[0], budi[1], siti[2]], [budi[0], siti[1], budi[2]])
    assert texts(store) == sorted([LONG.replace("pagi", "malam"), LONG])


@pytest.mark.parametrize("order", [(3, 1, 2), (2, 3, 1), (1, 2, 3)])
def test_f54_parts_in_any_order_and_each_by_two_binds_are_one_text(store: Store, order: Sequence[int]) -> None:
    first, second = parts_of(LONG, SITI, "a"), parts_of(LONG, SITI, "b")
    through_two_doors(store, [first[n - 1] for n in order], [second[n - 1] for n in reversed(order)])
    assert texts(store) == [LONG]
    assert count(store, tables.outbox, tables.outbox.c.key == "rx.receipt") == 2  # the receipt and its line on privacy


# fmt: off
BROKEN = [
    # user data header       what is wrong with it
    ("050003CC0000",         "part 0 of 0"),
    ("050003CC0200",         "part 0 of 2"),
    ("050003CC0203",         "part 3 of 2"),
    ("050003CC02",           "longer than the data"),
    ("FF",                   "longer than the data"),
]
# fmt: on


@pytest.mark.parametrize(("udh", "wrong"), BROKEN)
def test_f57_a_header_that_makes_no_sense_leaves_a_single_message_with_all_its_bytes(
    store: Store, udh: str, wrong: str
) -> None:
    given = call(LONG[:80].encode(), SITI, "a-1", bytes.fromhex(udh))
    take(store, given)
    assert texts(store) == [LONG[:80].strip()], wrong
    message: Any = only(store, tables.message)
    assert "bad_udh" in message.flags
    raw = open_seal(store.office.keys.raw, bytes(message.raw_sealed), f"message:{message.id}:raw")
    assert f"udh={_escaped(bytes.fromhex(udh))}".encode() in raw
    assert count(store, tables.sms_part) == 0


def septets(text: str) -> list[bytes]:
    """Cut as our own sender cuts: never within the two septets of an extended character."""
    return [piece.encode() for piece in gsm.split(text)]


def octets(text: str) -> list[bytes]:
    """Cut as phones cut UCS-2: after 67 units, be it in the middle of an emoji."""
    encoded = text.encode("utf-16-be")
    return [encoded[start : start + 134] for start in range(0, len(encoded), 134)]


EURO = LONG[:152] + "€ rupiah [sekian] sudah habis untuk menambal jalan itu sendiri"
EMOJI = "Air di rumah kami keruh dan berbau sejak tiga hari, mohon dicek ya".ljust(66, ".") + "🙏 petugas PDAM tolong"


@pytest.mark.parametrize(
    ("text", "cut", "coding"), [(EURO, septets, 0), (EMOJI, octets, 2)], ids=["escape pair", "emoji"]
)
def test_f58_what_stands_on_the_border_of_two_parts_is_whole_again(
    store: Store, text: str, cut: Any, coding: int
) -> None:
    pieces = cut(text)
    assert len(pieces) == 2
    for place, piece in enumerate(pieces, 1):
        take(store, call(piece, SITI, f"a-{place}", gsm.write_header(TextPart(7, 2, place)), coding))
    assert texts(store) == [text]
