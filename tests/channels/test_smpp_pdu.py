"""SMPP on the wire: the vectors byte for byte, round trips, and bytes of any kind."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms.smpp import pdu
from channels.sms.smpp.pdu import Bind, Command, Party, Pdu, PduInvalid, ShortMessage, Tag

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "payloads" / "smpp" / "pdus.json").read_text(encoding="utf-8")
)["pdus"]
BY_NAME = {vector["name"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
MESSAGES = [name for name in BY_NAME if name.startswith(("deliver_sm_", "submit_sm")) and "resp" not in name]

octet = st.integers(0, 255)
words = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=30)
parties = st.builds(Party, words, octet, octet)
parameters = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=5).map(tuple)
messages = st.builds(
    ShortMessage, parties, parties, st.binary(max_size=pdu.LONGEST_SHORT_MESSAGE), octet, octet, words, octet, octet, words, words,
    octet, octet, octet, parameters,
)  # fmt: skip
pdus = st.builds(
    Pdu, st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=300)
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_is_read_and_written_back(vector: dict[str, Any]) -> None:
    octets = bytes.fromhex(vector["hex"])
    assert pdu.length_of(octets) == vector["length"] == len(octets)
    assert pdu.write(pdu.read(octets)) == octets


@pytest.mark.parametrize("name", MESSAGES)
def test_the_message_of_a_vector_is_read_and_written_back(name: str) -> None:
    body = pdu.read(BY_NAME[name]).body
    assert pdu.write_message(pdu.read_message(body)) == body


def test_the_fields_of_the_vectors_stand_where_they_belong() -> None:
    bind = pdu.read(BY_NAME["bind_transceiver"])
    assert (bind.command, bind.sequence, bind.status) == (Command.BIND_TRANSCEIVER, 1, 0)
    assert pdu.read_bind(bind.body) == Bind("satupintu", "uji-smpp", "SATUPINTU")
    assert pdu.write_bind(Bind("satupintu", "uji-smpp", "SATUPINTU")) == bind.body
    assert pdu.read_text(pdu.read(BY_NAME["submit_sm_resp"]).body) == "0A1B2C3D"
    assert pdu.read(BY_NAME["bind_transceiver_resp_bad_password"]).status == pdu.Status.WRONG_PASSWORD
    receipt = pdu.read_message(pdu.read(BY_NAME["deliver_sm_receipt"]).body)
    assert (receipt.esm_class, receipt.source, receipt.destination.number) == (4, Party("6281200000001", 1, 1), "1708")
    assert receipt.parameter(Tag.RECEIPTED_MESSAGE_ID) == b"0A1B2C3D\0"
    assert receipt.number(Tag.MESSAGE_STATE) == 2
    assert receipt.number(Tag.SAR_TOTAL) is None


@given(message=messages)
def test_a_message_comes_back_as_it_was_written(message: ShortMessage) -> None:
    assert pdu.read_message(pdu.write_message(message)) == message


@given(one=pdus)
def test_a_pdu_comes_back_as_it_was_written(one: Pdu) -> None:
    assert pdu.read(pdu.write(one)) == one


@given(octets=st.binary(max_size=400))
def test_no_bytes_break_the_reading(octets: bytes) -> None:
    for read in (pdu.length_of, pdu.read, pdu.read_message, pdu.read_bind, pdu.read_text):
        with suppress(PduInvalid):
            read(octets)


@given(name=st.sampled_from(MESSAGES), data=st.data())
def test_no_damage_to_a_message_breaks_the_reading(name: str, data: st.DataObject) -> None:
    octets = bytearray(pdu.read(BY_NAME[name]).body)
    position = data.draw(st.integers(0, len(octets) - 1))
    octets[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(PduInvalid):
        pdu.read_message(bytes(octets[: data.draw(st.integers(0, len(octets)))]))


@pytest.mark.parametrize("length", [0, 15, 65_537, 0xFFFF_FFFF])
def test_no_pdu_is_that_short_or_long(length: int) -> None:
    with pytest.raises(PduInvalid):
        pdu.length_of(length.to_bytes(4, "big"))


def test_a_short_message_holds_no_more_than_its_length_can_say() -> None:
    with pytest.raises(ValueError, match="255 octets"):
        pdu.write_message(ShortMessage(octets=b"a" * 255))


def test_prints_tell_neither_words_nor_numbers() -> None:
    bind, message = Bind("satupintu", "uji-smpp"), ShortMessage(Party("62812"), Party("1708"), b"Jalan")
    printed = f"{bind!r} {message!r} {Pdu(5, 1, 0, b'Jalan')!r}"
    assert not [word for word in ("uji-smpp", "62812", "Jalan") if word in printed]
