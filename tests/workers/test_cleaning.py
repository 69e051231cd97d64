"""Files of strangers: what is kept shows the same and tells nothing more; what attacks us ends in a child."""

import io
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from workers.attachments import _clean
from workers.cleaning.documents import clean_pdf
from workers.cleaning.kinds import cleaned, kind_of
from workers.cleaning.problems import Refused
from workers.cleaning.recordings import clean_mp4

CANARY = b"canary-7f3a"
NAME = CANARY.decode()


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(output, kind, **options)
    return output.getvalue()


def photograph() -> bytes:
    """With a place, an author and a comment in it, lying on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = NAME
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "S", 2: (2.0, 41.0, 0.0), 29: NAME})
    return picture(exif=exif, comment=CANARY)


def drawing() -> bytes:
    notes = PngInfo()
    notes.add_text("Author", NAME)
    notes.add_itxt("XML:com.adobe.xmp", NAME)
    return picture("PNG", pnginfo=notes)


def test_c4_a_photograph_keeps_its_pixels_and_loses_where_and_by_whom_it_was_taken() -> None:
    given = photograph()
    assert CANARY in given
    media_type, clean = cleaned(given)
    with Image.open(io.BytesIO(clean)) as kept:
        assert (media_type, kept.format, kept.size) == ("image/jpeg", "JPEG", (48, 64))
        assert not kept.getexif()
        assert kept.getpixel((10, 10))[0] > 150
    assert CANARY not in clean


def test_c4_a_drawing_loses_its_notes() -> None:
    media_type, clean = cleaned(drawing())
    assert media_type == "image/png"
    assert CANARY not in clean


@pytest.mark.parametrize(("kind", "media_type"), [("WEBP", "image/jpeg"), ("HEIF", "image/jpeg"), ("GIF", "image/png")])
def test_other_kinds_of_pictures_become_common_ones(kind: str, media_type: str) -> None:
    assert cleaned(picture(kind))[0] == media_type


def test_c18_what_follows_a_picture_stays_behind() -> None:
    """A polyglot: a picture for us, a script or an archive for somebody else."""
    clean = cleaned(picture() + b"<script>alert(1)</script>PK\x03\x04" + CANARY)[1]
    assert b"script" not in clean
    assert CANARY not in clean


def test_a_huge_picture_becomes_a_large_one() -> None:
    with Image.open(io.BytesIO(cleaned(picture(size=(6000, 4000)))[1])) as kept:
        assert max(kept.size) == 4096


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels in a few hundred bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


# fmt: off
REFUSED = [
    # content                                       reason
    (bomb(50_000, 50_000),                          "too_many_pixels"),
    (b"\xff\xd8\xff" + b"nonsense" * 20,            "unreadable"),
    (picture()[:300],                               "unreadable"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>",  "type"),
    (b"<html><script>alert(1)</script>",            "type"),
    (b"PK\x03\x04 an archive",                      "type"),
    (b"MZ a program",                               "type"),
    (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "type"),
    (b"GIF89a<script>alert(1)</script>",            "unreadable"),
    (b"",                                           "type"),
    (struct.pack(">I4s", 12, b"ftyp") + b"isom" + struct.pack(">I4s", 9999, b"moov"), "unreadable"),
]
# fmt: on


@pytest.mark.parametrize(("content", "reason"), REFUSED, ids=lambda value: str(value)[:20])
def test_c18_what_is_not_kept(content: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        cleaned(content)
    assert refused.value.reason == reason


def test_c18_f89_names_and_types_that_come_along_decide_nothing() -> None:
    """F89: a JPEG that calls itself a PDF is a JPEG."""
    assert kind_of(photograph()) == "image"


def packed(objects: dict[int, bytes]) -> bytes:
    """A stream of compressed objects, as PDF 1.5 writes them."""
    bodies, numbers, offset = b"", b"", 0
    for number, body in objects.items():
        numbers += b"%d %d " % (number, offset)
        bodies += body + b" "
        offset = len(bodies)
    stream = zlib.compress(numbers + bodies)
    head = b"9 0 obj\n<< /Type /ObjStm /N %d /First %d /Length %d /Filter /FlateDecode >>\nstream\r\n"
    return head % (len(objects), len(numbers), len(stream)) + stream + b"\nendstream\nendobj\n"


PLAIN_PDF = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Metadata 4 0 R >>\nendobj\n"
    b"3 0 obj\n<< /Author (" + CANARY + b" \\(kantor\\)) /Title <" + CANARY.hex().encode() + b"> >>\nendobj\n"
    b"4 0 obj\n<< /Type /Metadata /Subtype /XML /Length 20 >>\nstream\n<x>" + CANARY + b"</x>\nendstream\nendobj\n"
    b"5 0 obj\n<< /Length 9 >>\nstream\n(halaman)\nendstream\nendobj\n"
    b"trailer\n<< /Root 1 0 R /Info 3 0 R >>\n%%EOF\n"
)
PACKED_PDF = (
    b"%PDF-1.5\n" + packed({1: b"<< /Type /Catalog >>", 3: b"<< /Author (" + CANARY + b") >>", 4: b"(isi)"})
    + b"trailer\n<< /Root 1 0 R /Info 3 0 R >>\n%%EOF\n"
)  # fmt: skip


def inflated(content: bytes) -> bytes:
    start = content.index(b"stream\r\n") + 8
    return zlib.decompressobj().decompress(content[start : content.index(b"\nendstream")])


def test_c4_a_document_loses_its_author_and_keeps_its_pages_in_their_places() -> None:
    media_type, clean = cleaned(PLAIN_PDF)
    assert media_type == "application/pdf"
    assert len(clean) == len(PLAIN_PDF)
    assert CANARY not in clean
    assert CANARY.hex().encode() not in clean
    assert b"(halaman)" in clean
    assert b"/Info" not in clean


def test_c4_a_document_that_packs_its_author_away_loses_it_too() -> None:
    assert CANARY in inflated(PACKED_PDF)
    clean = clean_pdf(PACKED_PDF)
    assert len(clean) == len(PACKED_PDF)
    assert CANARY not in inflated(clean)
    assert b"(isi)" in inflated(clean)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


FILM = (
    box(b"ftyp", b"isom\x00\x00\x02\x00")
    + box(b"moov", box(b"trak", box(b"meta", CANARY)) + box(b"udta", b"\xa9xyz" + CANARY))
    + box(b"uuid", CANARY)
    + box(b"mdat", b"pictures and sound")
)


def test_c4_a_film_loses_its_place_and_keeps_its_pictures_in_their_places() -> None:
    media_type, clean = cleaned(FILM)
    assert media_type == "video/mp4"
    assert len(clean) == len(FILM)
    assert CANARY not in clean
    assert clean.index(b"pictures and sound") == FILM.index(b"pictures and sound")


def test_a_box_without_an_end_goes_to_the_end() -> None:
    endless = box(b"ftyp", b"isom") + struct.pack(">I4s", 0, b"mdat") + b"to the end"
    assert clean_mp4(endless) == endless


def test_the_child_answers_with_type_and_content() -> None:
    line, _, clean = _clean(photograph()).partition(b"\n")
    assert line == b"image/jpeg"
    assert clean.startswith(b"\xff\xd8\xff")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak on Linux only")
@pytest.mark.fault
def test_c18_f90_a_bomb_is_refused_within_the_memory_of_its_child() -> None:
    """F90."""
    child = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", PEAK], input=bomb(50_000, 50_000), capture_output=True, check=True
    )
    assert child.stdout.startswith(b"refused too_many_pixels\n")
    assert int(child.stderr) < 256 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak on Linux only")
@pytest.mark.fault
def test_c18_a_document_that_inflates_without_end_stays_within_bounds() -> None:
    """Ninety megabytes in ninety kilobytes, where the author is looked for."""
    deflate = zlib.compressobj(9)
    packed = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(90)) + deflate.flush()
    head = b"9 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\nstream\r\n" % len(packed)
    bombed = b"%PDF-1.5\n" + head + packed + b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Info 3 0 R >>\n%%EOF\n"
    assert len(bombed) < 200_000
    child = subprocess.run([sys.executable, "-c", PEAK], input=bombed, capture_output=True, check=True)  # noqa: S603
    assert child.stdout.partition(b"\n")[0] in {b"application/pdf", b"refused too_many_pixels", b"refused metadata"}
    assert int(child.stderr) < 256 * 1024


PEAK = """
import pathlib, re, runpy, sys
runpy.run_module("workers.cleaning", run_name="__main__")
print(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


@pytest.mark.fault
def test_c18_a_child_that_dies_of_a_file_leaves_the_worker_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.attachments.sys.executable", "/bin/false")
    assert _clean(photograph()) == b""
