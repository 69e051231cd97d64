"""What is an address of e-mail and what is none: of the form, of the API and of Open311 alike."""

import pytest

from channels.mail_address import mail_address
from channels.messages import Address


@pytest.mark.parametrize("given", ["warga@contoh.example", "Warga.Satu+2@Mail.Contoh.Example", "a@b.co"])
def test_an_address_has_one_spelling(given: str) -> None:
    assert mail_address(given) == Address("mailto", given.lower())


@pytest.mark.parametrize(
    "given",
    [
        "", "x", "a@b", "@contoh.example", "warga@", "dua kata@contoh.example", "warga@contoh..example", "warga@-contoh.example",
        "warga@contoh.example\n", "warga@contoh.example, lain@contoh.example", "<warga@contoh.example>", "warga(1)@contoh.example",
        f"{'a' * 65}@contoh.example", f"warga@{'a.' * 130}example",
    ],
)  # fmt: skip
def test_what_no_mail_could_go_to_is_none(given: str) -> None:
    assert mail_address(given) is None
