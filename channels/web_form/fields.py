"""Rules of the form's fields: text -> checked value, or the key of the text that says what to mend. Pure.

Source: docs/channels/web_form.md § Fields.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from channels.errors import FormInvalid
from channels.mail_address import mail_address
from channels.messages import Address, Location
from channels.phone import phone_address

LONGEST: Mapping[str, int] = {"isi": 10_000, "judul": 150, "lokasi": 300, "nama": 100}
SHORTEST_TEXT = 10
OLDEST_YEAR = 1990
EASTERNMOST = timedelta(hours=9)
"""UTC+9 (WIT): a day that has begun anywhere in Indonesia is no future."""
INDONESIA_LATITUDES, INDONESIA_LONGITUDES = (-11.5, 6.5), (94.0, 142.0)
MANY_LINKS = 5

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
TELEGRAM_NAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fields:
    """What a valid form says. `remarks` become flags of the message."""

    text: str
    title: str
    place: str
    name: str
    incident_on: str
    topic: str
    unit: str
    contact: Address | None
    consent: bool
    anonymous: bool
    confidential: bool
    location: Location | None
    remarks: frozenset[str]


def read_fields(values: Values, now: datetime) -> Fields:
    """The fields, trimmed and in NFC. FormInvalid names every problem at once, so that nobody mends them one by one."""
    problems: dict[str, str] = {}
    texts = {name: _text(values, name, problems) for name in LONGEST}
    if len(texts["isi"]) < SHORTEST_TEXT:
        problems.setdefault("isi", f"form.isi.{'short' if texts['isi'] else 'required'}")
    incident_on = _incident_on(values.get("tanggal", "").strip(), now, problems)
    contact, remarks = _contact(values, problems)
    consent = is_yes(values.get("setuju", ""))
    if contact and not consent:
        problems["setuju"] = "form.setuju.required"
    if problems:
        raise FormInvalid(problems)
    location, note = _location(values)
    unit, topic = _code(values.get("unit", "")), _code(values.get("topik", ""))
    return Fields(
        text=texts["isi"],
        title=texts["judul"],
        place=texts["lokasi"],
        name=texts["nama"],
        incident_on=incident_on,
        topic=topic,
        unit=unit,
        contact=contact,
        consent=consent,
        anonymous=is_yes(values.get("anonim", "")),
        confidential=is_yes(values.get("rahasia", "")),
        location=location,
        remarks=remarks | note,
    )


def is_yes(text: str) -> bool:
    """A ticked box: `1`, or what browsers send for a box without a value."""
    return text.strip().lower() in {"1", "true", "on", "ya"}


def has_many_links(text: str) -> bool:
    return len(LINK.findall(text)) > MANY_LINKS


def _text(values: Values, name: str, problems: dict[str, str]) -> str:
    text = values.get(name, "").strip()
    # Measured before NFC too: composing a text of megabytes would cost more than refusing it.
    if len(text) <= 4 * LONGEST[name] and len(composed := unicodedata.normalize("NFC", text)) <= LONGEST[name]:
        return composed
    problems[name] = f"form.{name}.long"
    return text


def _incident_on(text: str, now: datetime, problems: dict[str, str]) -> str:
    if not text:
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        problems["tanggal"] = "form.tanggal.invalid"
        return ""
    if day > (now + EASTERNMOST).date():
        problems["tanggal"] = "form.tanggal.future"
    elif day.year < OLDEST_YEAR:
        problems["tanggal"] = "form.tanggal.old"
    return day.isoformat()


def _location(values: Values) -> tuple[Location | None, frozenset[str]]:
    """A point outside Indonesia is a wrong device or a joke: left out, and said."""
    texts = [values.get(name, "").strip().replace(",", ".") for name in ("lat", "lon")]
    if not any(texts):
        return None, frozenset()
    try:
        latitude, longitude = (float(text) for text in texts)
    except ValueError:
        return None, frozenset({"location_dropped"})
    inside = _within(latitude, INDONESIA_LATITUDES) and _within(longitude, INDONESIA_LONGITUDES)
    return (Location(latitude, longitude), frozenset()) if inside else (None, frozenset({"location_dropped"}))


def _within(value: float, box: tuple[float, float]) -> bool:
    return box[0] <= value <= box[1]


def _code(text: str) -> str:
    """A code of ours; anything else is left out, the text counts without it."""
    return text.strip() if CODE.fullmatch(text.strip()) else ""


def _contact(values: Values, problems: dict[str, str]) -> tuple[Address | None, frozenset[str]]:
    given, kind = values.get("kontak", "").strip(), values.get("kontak_jenis", "").strip().lower()
    if not given or kind == "tanpa":
        return None, frozenset()
    kind = kind or _kind_of(given)
    reader = CONTACTS.get(kind)
    if reader is None:
        problems["kontak_jenis"] = "form.kontak_jenis.invalid"
        return None, frozenset()
    contact = reader(given)
    if contact is None:
        problems["kontak"] = f"form.kontak.{PROBLEMS.get(kind, 'phone')}"
    return contact, frozenset({"prefers_whatsapp"} if kind == "wa" else ())


def _kind_of(given: str) -> str:
    """Of a form with one field for any contact."""
    if given.startswith("@"):
        return "telegram"
    return "email" if "@" in given else "hp"


def _phone(given: str) -> Address | None:
    address, reachable = phone_address(given[:64])
    return address if reachable else None


def _telegram(given: str) -> Address | None:
    # A bot cannot write to a name, only to a chat that wrote first: officers see it, no channel sends to it.
    name = TELEGRAM_NAME.fullmatch(given)
    return Address("telegram-name", name[1]) if name else None


CONTACTS: Mapping[str, Callable[[str], Address | None]] = {
    "hp": _phone,
    "wa": _phone,
    "email": mail_address,
    "telegram": _telegram,
}
PROBLEMS: Mapping[str, str] = {"email": "email", "telegram": "telegram"}
