"""When a photograph was taken is all that is kept of what its camera wrote."""

import io

import pytest
from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from workers.attachments import _clean
from workers.cleaning.moments import taken_of

BASE = ExifTags.Base
# fmt: off
WRITTEN = [
    # in the file                                                                           read
    ({BASE.DateTimeOriginal: "2026:11:21 10:15:00"},                                        "2026-11-21T10:15:00"),
    ({BASE.DateTimeOriginal: "2026:11:21 10:15:00\0"},                                      "2026-11-21T10:15:00"),
    ({BASE.DateTimeOriginal: "2026:11:21 10:15:00", BASE.OffsetTimeOriginal: "+08:00"},     "2026-11-21T10:15:00+08:00"),
    ({BASE.DateTimeOriginal: "2026:11:21 10:15:00", BASE.OffsetTimeOriginal: "Z ; x"},      "2026-11-21T10:15:00"),
    ({BASE.DateTimeDigitized: "2026:11:20 09:00:00", BASE.OffsetTimeDigitized: "+07:00"},   "2026-11-20T09:00:00+07:00"),
    ({BASE.DateTimeOriginal: "2026:11:21 10:15:00", BASE.DateTimeDigitized: "2026:11:22 00:00:00"}, "2026-11-21T10:15:00"),
    ({BASE.DateTimeOriginal: "    :  :     :  :  "},                                        ""),
    ({BASE.DateTimeOriginal: "21 Nov 2026\nrefused now"},                                   ""),
    ({BASE.DateTimeOriginal: 7},                                                            ""),
    ({},                                                                                    ""),
]
# fmt: on


def photograph(kind: str = "JPEG", **tags: object) -> bytes:
    register_heif_opener()
    exif = Image.Exif()
    exif[BASE.DateTime] = "2020:01:01 00:00:00"  # when somebody edited it
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base[name].value: value for name, value in tags.items()})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "S", 2: (2.0, 41.0, 0.0)})
    output = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(output, kind, exif=exif)
    return output.getvalue()


@pytest.mark.parametrize(("tags", "read"), WRITTEN)
def test_the_moment_of_a_photograph_is_read_where_its_camera_wrote_one(tags: dict[BASE, object], read: str) -> None:
    assert taken_of(photograph(**{tag.name: value for tag, value in tags.items()})) == read


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "HEIF"])
def test_the_child_tells_the_moment_and_keeps_nothing_else_of_it(kind: str) -> None:
    given = photograph(kind, DateTimeOriginal="2026:11:21 10:15:00")
    line, _, clean = _clean(given).partition(b"\n")
    assert line.split()[1:] == [b"@2026-11-21T10:15:00"]
    with Image.open(io.BytesIO(clean)) as kept:
        assert not kept.getexif()
    assert b"2026:11:21" not in clean


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff broken", photograph()[:200]])
def test_what_cannot_be_read_tells_nothing(content: bytes) -> None:
    assert taken_of(content) == ""
