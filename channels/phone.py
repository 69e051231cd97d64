"""One spelling of a telephone number, so that 0812…, 62812… and +62 812-… are one contact.

Source: docs/channels/sms.md § Numbers. Vectors: tests/vectors/numbers.json.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

from channels.messages import Address

REGION = "ID"
SEPARATORS = str.maketrans("", "", " ().-/\u2010\u2011\u2012\u2013")
# First match wins. The library knows only 008 and 009 as Indonesian prefixes for calls abroad; phones and gateways
# also send the others. Ten digits without any of these marks carry a country code already (6012…, 1202…).
WITHOUT_PLUS = (
    (re.compile(r"(?:01017|001|007|008|009|00)(62.*)"), "+"),
    (re.compile(r"(62[0-9]{8,})"), "+"),
    (re.compile(r"(8[0-9]{8,11})"), "+62"),
    (re.compile(r"0(.*)"), "+62"),
    (re.compile(r"([0-9]{10,})"), "+"),
)
LOCAL = re.compile(r"[0-9]{6,8}")
ALPHANUMERIC = re.compile(r"[A-Za-z0-9 .&_-]{1,11}")
SHORT_CODE = re.compile(r"[1-9][0-9]{2,5}")
DIGITS = re.compile(r"\+?[0-9]+")
# Nearly every sender is an Indonesian mobile number; the library takes fifteen times as long to say so (a test compares).
MOBILE = re.compile(r"\+628[1-35-9][0-9]{7,10}")


class NumberKind(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"
    TOLLFREE = "tollfree"
    OTHER = "other"
    SHORTCODE = "shortcode"
    ALPHANUMERIC = "alphanumeric"
    INVALID = "invalid"


KINDS = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLLFREE,
}


@dataclass(frozen=True, slots=True)
class Number:
    """`value`: E.164 with its plus, the digits of a short code, an alphanumeric sender as written; empty when invalid."""

    kind: NumberKind
    value: str = ""


INVALID = Number(NumberKind.INVALID)


def normalise(raw: str, default_area_code: str | None = None) -> Number:
    """Read a number as people and providers write it. `default_area_code` (`0532`) completes 6 to 8 local digits."""
    text = _readable(raw)
    if any(character.isalpha() for character in text):
        return Number(NumberKind.ALPHANUMERIC, text) if ALPHANUMERIC.fullmatch(text) else INVALID
    if SHORT_CODE.fullmatch(text):
        return Number(NumberKind.SHORTCODE, text)
    digits = text.translate(SEPARATORS)
    if not DIGITS.fullmatch(digits):
        return INVALID
    international = digits if digits.startswith("+") else _with_country(digits, default_area_code)
    return _known(international) if international else INVALID


def unescaped(text: str) -> str:
    """A number whose unescaped + became a space on the way."""
    digits = text.strip()
    return f"+{digits}" if text.startswith(" ") and digits.isdigit() else digits


def phone_address(raw: str) -> tuple[Address, bool]:
    """The address of a sender, and whether an answer can reach it.

    A sender that cannot be answered keeps its words (`sender:INFO-CONTOH`), so that its message is never lost.
    """
    number = normalise(raw)
    if number.kind in {NumberKind.INVALID, NumberKind.ALPHANUMERIC}:
        return Address("sender", _readable(raw) or "unknown"), False
    return Address("tel", number.value), True


def shown_masked(e164: str) -> str:
    """A number for officers who may not see it whole: `0812-xxxx-0001`."""
    national = f"0{e164[3:]}" if e164.startswith("+62") else e164
    return f"{national[:4]}-xxxx-{national[-4:]}"


def _readable(raw: str) -> str:
    """Compatible characters, ASCII digits, and none of the invisible marks that phones copy along with a number."""
    if raw.isascii() and raw.isprintable():
        return raw.strip().removeprefix("tel:").strip()
    folded = unicodedata.normalize("NFKC", raw)
    visible = "".join(character for character in folded if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    ascii_digits = "".join(_ascii_digit(character) for character in visible).strip()
    return ascii_digits.removeprefix("tel:").strip()


def _ascii_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _with_country(digits: str, area_code: str | None) -> str:
    """The same number with a plus and a country code; empty when it is too short to have one."""
    for pattern, spelling in WITHOUT_PLUS:
        if match := pattern.fullmatch(digits):
            return f"{spelling}{match[1]}"
    local = (area_code or "").lstrip("0")
    return f"+62{local}{digits}" if local and LOCAL.fullmatch(digits) else ""


def _known(international: str) -> Number:
    if international.startswith("+620"):  # people keep the 0 behind the country code
        international = f"+62{international[4:]}"
    if MOBILE.fullmatch(international):
        return Number(NumberKind.MOBILE, international)
    try:
        number = phonenumbers.parse(international, REGION)
    except phonenumbers.NumberParseException:
        return INVALID
    if not phonenumbers.is_valid_number(number):
        return INVALID
    kind = KINDS.get(phonenumbers.number_type(number), NumberKind.OTHER)
    return Number(kind, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
