"""What a citizen reads out: the ticket number with its check digit, and the secret code.

`KBR-260001235` is prefix, year, sequence within the year and a Luhn digit over year and sequence. Source: CASEWORK 12.
"""

import re
import unicodedata
from dataclasses import dataclass

PREFIX = re.compile(r"[A-Z]{2,5}")
PUNCTUATION = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014\u2212\t\n")
TICKET_DIGITS = frozenset({9, 10})
"""A year has six digits of sequence, and a seventh when a million complaints were not enough."""
SP4N_DIGITS = 7
CODE_DIGITS = 8
CODES = 10**CODE_DIGITS
TWICE = str.maketrans("0123456789", "0246813579")
"""A digit -> the sum of the digits of its double."""


@dataclass(frozen=True, slots=True)
class WrongCheckDigit:
    """A number of the right length whose last digit does not fit: mistyped, and not worth a lookup."""

    digits: str


def format_number(prefix: str, year: int, sequence: int) -> str:
    """The ticket number of the `sequence`-th complaint (from 1) received in `year`, local time of the government."""
    if not PREFIX.fullmatch(prefix) or not 1 <= sequence < 10**7:
        raise ValueError(f"no ticket number for {prefix} {sequence}")
    body = f"{year % 100:02}{sequence:06}"
    return f"{prefix}-{body}{check_digit(body)}"


def check_digit(digits: str) -> int:
    """The Luhn digit: finds every wrong digit and nearly every swap of neighbours."""
    return -(sum(map(int, digits[::-2].translate(TWICE))) + sum(map(int, digits[-2::-2]))) % 10


def read_number(text: str, prefix: str) -> str | WrongCheckDigit | None:
    """A ticket number as people type it: with or without prefix, spaces and hyphens, in any case.

    None when it is no number of ours at all.
    """
    digits = _digits(text, prefix)
    return _checked(digits, prefix) if len(digits) in TICKET_DIGITS else None


def read_number_and_code(text: str, prefix: str) -> tuple[str | WrongCheckDigit | None, str]:
    """A number followed by a secret code or by nothing: `260001284 4821-9037`. The code is empty when there is none."""
    digits = _digits(text, prefix)
    if len(digits) in TICKET_DIGITS:
        return _checked(digits, prefix), ""
    if len(digits) - CODE_DIGITS in TICKET_DIGITS:
        return _checked(digits[:-CODE_DIGITS], prefix), digits[-CODE_DIGITS:]
    return None, ""


def read_sp4n_id(text: str) -> str:
    """The seven digits of a number of SP4N-LAPOR!; empty when it is none. Looked up among the sender's own complaints."""
    digits = _digits(text, "")
    return digits if len(digits) == SP4N_DIGITS else ""


def plain(number: str) -> str:
    """The digits alone, as texts ask citizens to type them."""
    return number.partition("-")[2] or number


def secret_code(random: int | bytes) -> str:
    """A secret code `4821-9037` from randomness of the caller; bytes should be eight or more, so that none is likelier."""
    value = int.from_bytes(random, "big") if isinstance(random, bytes) else random
    digits = f"{value % CODES:08}"
    return f"{digits[:4]}-{digits[4:]}"


def read_code(text: str) -> str:
    """The eight digits of a code as people type it; empty when it is none. This form is hashed and compared."""
    digits = _digits(text, "")
    return digits if len(digits) == CODE_DIGITS else ""


def _checked(digits: str, prefix: str) -> str | WrongCheckDigit:
    if check_digit(digits[:-1]) != int(digits[-1]):
        return WrongCheckDigit(digits)
    return f"{prefix}-{digits}"


def _digits(text: str, prefix: str) -> str:
    """ASCII digits of `text`; empty when anything but the prefix, spaces and hyphens stands beside them."""
    folded = unicodedata.normalize("NFKC", text).translate(PUNCTUATION).upper().removeprefix(prefix)
    return folded if folded.isascii() and folded.isdigit() else ""
