"""What must never be found where it does not belong: made-up people, words and keys, and how they are looked for.

A canary is searched for as it stands, and as hex, base64 and in addresses (`%2B62…`), because a dump does not hold text alone.
"""

import base64
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from PIL import ExifTags, Image

CHAT, USERNAME, FIRST_NAME = 7299000417, "kanariani_bl", "Kanariani Burunglaut"
SMS_PHONE, USSD_PHONE, WEB_EMAIL = "+6281299000511", "+6281299000622", "kanari955@contoh.example"
WEB_NAME, ANONYMOUS_NAME = "Kanarita Rajaudang", "Kanarius Kepodang"
ANONYMOUS_CHAT, STRANGER_CHAT = 7299000528, 7299000639
PHOTO_AUTHOR, PHOTO_PLACE, PHOTO_FILE = "kanari-exif-pelukis", "kanari-exif-tempat", "kanari-nama-berkas.jpg"

# In texts, each recognisable by its form; masked at every exit.
NIK, THIRD_PHONE, TEXT_EMAIL = "6299010101900844", "081299000733", "burung966@contoh.example"
ACCOUNT, PLATE = "1230000977088", "KH 4177 KNR"
# Words that no pattern knows: where they may be read depends on whose report it is.
PLAIN_WORD, SECRET_WORD, BROKEN_WORD = "kanariterbuka", "kanarirahasia", "kanaririsak"

PERSONAL: Mapping[str, str] = {
    "telegram chat": str(CHAT),
    "telegram name": FIRST_NAME,
    "telegram account": USERNAME,
    "phone of the SMS": SMS_PHONE.removeprefix("+62"),
    "phone of the USSD session": USSD_PHONE.removeprefix("+62"),
    "e-mail of the form": WEB_EMAIL,
    "name of the form": WEB_NAME,
    "name of the anonymous": ANONYMOUS_NAME,
    "chat of the anonymous": str(ANONYMOUS_CHAT),
    "chat of the broken call": str(STRANGER_CHAT),
    "NIK": NIK,
    "phone of somebody else": THIRD_PHONE,
    "e-mail in a text": TEXT_EMAIL,
    "bank account": ACCOUNT,
    "plate": PLATE,
    "author of a photo": PHOTO_AUTHOR,
    "place of a photo": PHOTO_PLACE,
    "name of a file": PHOTO_FILE,
}


@dataclass(frozen=True, slots=True)
class Found:
    what: str
    where: str
    around: bytes


def forms_of(value: str) -> Iterator[bytes]:
    """How a value may stand in a log, an address or a dump."""
    plain = value.encode()
    yield plain
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield quote(value, safe="").encode()
    for shift in range(3):
        # The letters of base64 that depend on nothing but the value itself, at each of the three places it may begin.
        encoded = base64.b64encode(b"\x00" * shift + plain)
        first = -(-shift * 8 // 6)
        last = (shift + len(plain)) * 8 // 6
        yield encoded[first:last]


def search(where: str, content: bytes, canaries: Mapping[str, str]) -> list[Found]:
    """Every canary that stands in `content`, with what surrounds it."""
    found = []
    for what, value in canaries.items():
        for form in dict.fromkeys(forms_of(value)):
            at = content.find(form)
            if at >= 0:
                found.append(Found(what, where, content[max(0, at - 60) : at + len(form) + 30]))
    return found


def search_all(places: Iterable[tuple[str, bytes]], canaries: Mapping[str, str]) -> list[Found]:
    return [found for where, content in places for found in search(where, content, canaries)]


def photograph() -> bytes:
    """A JPEG that tells by whom and where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = PHOTO_AUTHOR
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "S", 2: (2.0, 41.0, 0.0), 29: PHOTO_PLACE})
    output = io.BytesIO()
    Image.new("RGB", (64, 48), (30, 90, 200)).save(output, "JPEG", exif=exif)
    return output.getvalue()
