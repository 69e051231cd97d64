"""When a photograph was taken, as its camera wrote it: the one thing of its metadata that is kept. Never where."""

import io
import re

from PIL import Image

EXIF_PART = 0x8769
# (when, its offset from UTC): when the shutter opened, else when a drawing became a file. What programs write later
# over both (0x0132) says when somebody edited it.
MOMENTS = ((0x9003, 0x9011), (0x9004, 0x9012))
WRITTEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
OFFSET = re.compile(r"[+-]\d\d:\d\d")


def taken_of(content: bytes) -> str:
    """`2026-11-21T10:15:00`, with its offset where the file tells it; empty where it says nothing that can be read.

    For a picture that `clean_image` has taken already.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            said = picture.getexif().get_ifd(EXIF_PART)
    except Exception:  # noqa: BLE001 - whatever a stranger wrote there, the picture itself is good
        return ""
    for moment, offset in MOMENTS:
        if found := WRITTEN.fullmatch(_word(said.get(moment))):
            behind = _word(said.get(offset))
            zone = behind if OFFSET.fullmatch(behind) else ""
            return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{zone}"
    return ""


def _word(value: object) -> str:
    return str(value).strip(" \0") if value is not None else ""
