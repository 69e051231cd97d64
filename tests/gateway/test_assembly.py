"""Parts of long SMS: whichever order they come in, one text; whichever sender, their own."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.messages import Address, InboundMessage, TextPart
from gateway import upkeep
from gateway.intake import assembly, intake
from gateway.intake.arrival import Arrival
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import count, receive, rows

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "concat.json").read_text(encoding="utf-8")
)
CASES: list[dict[str, Any]] = VECTORS["cases"]
Sends = Callable[..., Arrival]
LONG = (
    "Selamat pagi, jalan di depan SD Negeri Contoh 3 rusak parah sejak dua minggu lalu. Setiap hujan ",
    "air menggenang setinggi lutut dan anak-anak kesulitan menyeberang. Mohon segera ditambal, ",
    "lokasi tepatnya di RT 04 dekat jembatan kayu.",
)


def part(text: str, sequence: int, total: int = 3, reference: int = 42, bits: int = 8) -> dict[str, Any]:
    return {"text": text, "part": TextPart(reference, total, sequence, bits)}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_f53_f54_f55_the_vectors_give_their_texts(store: Store, moment: Moment, case: dict[str, Any]) -> None:
    whole: list[tuple[str, str, bool]] = []

    def give_up() -> None:
        with store.transaction() as tx:
            whole.extend((one.message.sender.path, one.message.text, False) for one in assembly.overdue(tx))

    for number, one in enumerate(case["arrivals"]):
        moment.now = MONDAY + timedelta(seconds=one["at_s"])
        give_up()
        sender = Address("tel", one["sender"])
        cut = TextPart(one["ref"], one["total"], one["seq"], one["ref_bits"])
        message = InboundMessage(f"mo:{number}", sender, one["text"], destination=one["destination"], part=cut)
        with store.transaction() as tx:
            person = contacts.ensure(tx, [sender])[sender]
            joined = assembly.add(tx, "sms", person, message, number)
        whole += [(one["sender"], joined.text, True)] if joined else []
    moment.now = MONDAY + timedelta(seconds=case.get("advance_clock_s", 5000))
    give_up()
    expected = [(one["sender"], one["text"], one["complete"]) for one in case["expect"]]
    revised = any("revision_of" in one for one in case["expect"])
    assert sorted(whole[revised:]) == sorted(expected)


def test_f53_two_citizens_with_one_reference_and_three_parts_reversed_are_two_whole_texts(
    store: Store, sms: Sends
) -> None:
    for sequence in (3, 2, 1):
        for sender, name in (("+6281200000001", "Pagi"), ("+6281200000002", "Siang")):
            text = LONG[sequence - 1].replace("pagi", name)
            receive(store, sms(sender=sender, **part(text, sequence)))
    texts = sorted(row.text_masked for row in rows(store, tables.complaint))
    assert texts == ["".join(LONG).replace("pagi", name) for name in ("Pagi", "Siang")]
    assert count(store, tables.outbox, tables.outbox.c.key == "rx.receipt") == 4  # the receipt and pv.first, twice


def test_f54_all_parts_in_one_call_and_each_twice_are_one_text(store: Store, sms: Sends) -> None:
    arrivals = [sms(**part(LONG[place - 1], place)) for place in (2, 1, 3, 2, 1, 3)]
    receive(store, *arrivals)
    assert [row.text_masked for row in rows(store, tables.complaint)] == ["".join(LONG)]


def test_f55_a_missing_part_is_marked_and_its_sender_asked(store: Store, sms: Sends, moment: Moment) -> None:
    for place in (1, 3):
        receive(store, sms(**part(LONG[place - 1], place)))
    moment.pass_(seconds=901)
    with store.transaction() as tx:
        assert upkeep.take_overdue_parts(tx) == 1
    (complaint,) = rows(store, tables.complaint)
    assert "[bagian 2/3 hilang]" in complaint.text_masked
    assert count(store, tables.outbox, tables.outbox.c.key == "ask.part") == 1
    with store.transaction() as tx:
        assert upkeep.take_overdue_parts(tx) == 0


def test_f56_the_part_that_comes_after_all_completes_the_complaint(store: Store, sms: Sends, moment: Moment) -> None:
    for place in (1, 3):
        receive(store, sms(**part(LONG[place - 1], place)))
    moment.pass_(seconds=901)
    with store.transaction() as tx:
        upkeep.take_overdue_parts(tx)
    before = rows(store, tables.complaint_text)
    moment.pass_(minutes=5)
    receive(store, sms(**part(LONG[1], 2)))
    (complaint,) = rows(store, tables.complaint)
    assert complaint.text_masked == "".join(LONG)
    assert len(rows(store, tables.complaint_text)) == len(before) + 1, "a revision beside what was there"


def test_f58_an_emoji_cut_between_two_parts_is_whole_again(store: Store, sms: Sends) -> None:
    first, second = "Air di rumah kami keruh dan berbau sejak tiga hari \ud83d", "\ude4f mohon dicek petugas PDAM"
    receive(store, sms(**part(first, 1, 2)), sms(**part(second, 2, 2)))
    (complaint,) = rows(store, tables.complaint)
    assert complaint.text_masked == "Air di rumah kami keruh dan berbau sejak tiga hari 🙏 mohon dicek petugas PDAM"


def test_parts_are_unreadable_while_they_wait(store: Store, sms: Sends) -> None:
    receive(store, sms(**part(LONG[0], 1)))
    (waiting,) = rows(store, tables.sms_part)
    assert b"sekolah" not in bytes(waiting.text_sealed)
    assert LONG[0].encode() not in bytes(waiting.text_sealed)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_part_that_comes_while_its_text_is_given_up_makes_no_second_complaint(
    store: Store, sms: Sends, moment: Moment
) -> None:
    for place in (1, 3):
        receive(store, sms(**part(LONG[place - 1], place)))
    moment.pass_(seconds=901)

    def give_up() -> int:
        with store.transaction() as tx:
            return upkeep.take_overdue_parts(tx)

    with ThreadPoolExecutor(1) as clock, store.transaction() as tx:
        intake.receive(tx, [sms(**part(LONG[1], 2))])
        tx.flush()
        assert clock.submit(give_up).result(20) == 0
    assert give_up() == 0
    assert [row.text_masked for row in rows(store, tables.complaint)] == ["".join(LONG)]
