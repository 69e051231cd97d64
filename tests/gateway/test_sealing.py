"""Seals open only with their key and in their place; fingerprints tell nothing."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from channels.messages import Address
from gateway.sealing import Keys, open_seal, seal

KEYS = Keys.derive("test-identity-key-0123456789abcdef")


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_what_was_sealed_opens_in_its_place(content: bytes, where: str) -> None:
    assert open_seal(KEYS.vault, seal(KEYS.vault, content, where), where) == content


def test_c1_a_seal_moved_to_another_row_does_not_open() -> None:
    sealed = seal(KEYS.vault, "0812", "contact:1:address")
    with pytest.raises(InvalidTag):
        open_seal(KEYS.vault, sealed, "contact:2:address")


def test_c1_one_flipped_bit_is_noticed() -> None:
    sealed = bytearray(seal(KEYS.vault, "rahasia", "x"))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        open_seal(KEYS.vault, bytes(sealed), "x")


def test_c2_another_identity_key_gives_other_fingerprints() -> None:
    other = Keys.derive("another-identity-key-0123456789abc")
    assert KEYS.fingerprint("tel:+62812") == KEYS.fingerprint("tel:+62812")
    assert KEYS.fingerprint("tel:+62812") != other.fingerprint("tel:+62812")


def test_every_purpose_has_a_key_of_its_own() -> None:
    values = [getattr(KEYS, name) for name in KEYS.__dataclass_fields__]
    assert len(set(values)) == len(values)


def test_c1_a_providers_name_for_a_message_keeps_no_address() -> None:
    chat, group = Address("tg", "7299000417"), Address("tg", "-100900")
    kept = KEYS.unnamed(chat, "m:7299000417:12")
    assert kept == KEYS.unnamed(chat, "m:7299000417:12")
    assert "7299000417" not in kept
    assert kept.endswith(":12")
    assert kept != KEYS.unnamed(Address("tg", "7299000418"), "m:7299000418:12")
    assert KEYS.unnamed(group, "m:7299000417:12") == "m:7299000417:12"
    assert KEYS.unnamed(chat, "queue-4711") == "queue-4711"
