"""PDF without its metadata: author, title, program, XMP. Overwritten in place, byte for byte as long as before, so that
every offset in the file stays right. Pictures inside a PDF keep what they carry.
"""

import re
import zlib

from workers.cleaning.problems import Refused

MOST_INFLATED = 50_000_000

INFO = re.compile(rb"/Info\s+(\d+)\s+\d+\s+R")
METADATA_STREAM = re.compile(rb"/Type\s*/Metadata\b(?:(?!endobj).)*?stream\r?\n", re.DOTALL)
XMP = re.compile(rb"<\?xpacket begin.*?<\?xpacket end[^>]*\?>", re.DOTALL)
OBJECT_STREAM = re.compile(rb"<<(?:(?!endobj|stream\r?\n).)*?/ObjStm\b(?:(?!endobj).)*?stream\r?\n", re.DOTALL)
STRINGS = re.compile(rb"\((?:\\.|[^()\\]|\((?:\\.|[^()\\])*\))*\)|<[0-9A-Fa-f\s]*>", re.DOTALL)


def clean_pdf(content: bytes) -> bytes:
    """The document with its metadata blanked; as long as before."""
    clean = bytearray(content)
    for found in METADATA_STREAM.finditer(content):
        end = content.find(b"endstream", found.end())
        _blank(clean, found.end(), end if end > 0 else len(content))
    for found in XMP.finditer(content):
        _blank(clean, found.start(), found.end())
    for number in {int(found[1]) for found in INFO.finditer(content)}:
        _blank_plain_object(clean, number)
        _blank_packed_object(clean, number)
    for found in INFO.finditer(content):
        _blank(clean, found.start(), found.end())
    return bytes(clean)


def _blank(clean: bytearray, start: int, end: int) -> None:
    clean[start:end] = b" " * (end - start)


def _blank_plain_object(clean: bytearray, number: int) -> None:
    begins = re.compile(rb"(?<!\d)%d\s+\d+\s+obj\b" % number)
    for found in begins.finditer(bytes(clean)):
        end = clean.find(b"endobj", found.end())
        _blank_strings(clean, found.end(), end if end > 0 else len(clean))


def _blank_strings(text: bytearray, start: int, end: int) -> None:
    for found in STRINGS.finditer(bytes(text[start:end])):
        opening, closing = found[0][:1], found[0][-1:]
        text[start + found.start() : start + found.end()] = opening + b" " * (len(found[0]) - 2) + closing


def _blank_packed_object(clean: bytearray, number: int) -> None:
    """Since PDF 1.5 objects may stand compressed in a stream; blanks compress better, so the new one fits."""
    for found in OBJECT_STREAM.finditer(bytes(clean)):
        end = clean.find(b"endstream", found.end())
        packed = bytes(clean[found.end() : end])
        first = re.search(rb"/First\s+(\d+)", found[0])
        inflated = _inflated(packed)
        if inflated is None or first is None:
            continue
        numbers = inflated[: int(first[1])].split()
        if not all(part.isdigit() for part in numbers):
            # Its index tells nothing: who knows what of its author stands in there.
            raise Refused("metadata")
        offsets = dict(zip(map(int, numbers[::2]), map(int, numbers[1::2]), strict=False))
        if number not in offsets:
            continue
        start = int(first[1]) + offsets[number]
        stop = min((int(first[1]) + o for o in offsets.values() if o > offsets[number]), default=len(inflated))
        _blank_strings(inflated, start, stop)
        again = zlib.compress(bytes(inflated), 9)
        if len(again) > len(packed):
            raise Refused("metadata")
        clean[found.end() : end] = again.ljust(len(packed), b"\n")


def _inflated(packed: bytes) -> bytearray | None:
    try:
        return bytearray(zlib.decompressobj().decompress(packed, MOST_INFLATED))
    except zlib.error:
        return None
