"""What a file is, by its first bytes, and what makes it safe to keep. What is in no row here is not kept."""

from collections.abc import Callable, Mapping

from workers.cleaning.documents import clean_pdf
from workers.cleaning.images import clean_image
from workers.cleaning.problems import Refused
from workers.cleaning.recordings import clean_mp4, clean_ogg

Clean = Callable[[bytes], tuple[str, bytes]]
"""Content -> (media type, content) without metadata; `Refused` when it is not what it says."""

HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif")
SOUND = (b"M4A ", b"M4B ")
FILM = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"3gp4", b"3gp5", b"3gp6", b"MSNV", b"dash", b"qt  ")  # fmt: skip

# (offset, bytes there, kind); the first row that fits.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image"),
    (0, b"\x89PNG\r\n\x1a\n", "image"),
    (0, b"GIF8", "image"),
    (8, b"WEBP", "image"),
    *((4, b"ftyp" + brand, "image") for brand in HEIF),
    (0, b"%PDF-", "pdf"),
    (0, b"OggS", "ogg"),
    *((4, b"ftyp" + brand, "sound") for brand in SOUND),
    *((4, b"ftyp" + brand, "film") for brand in FILM),
)
CLEAN: Mapping[str, Clean] = {
    "image": clean_image,
    "pdf": lambda content: ("application/pdf", clean_pdf(content)),
    "ogg": lambda content: ("audio/ogg", clean_ogg(content)),
    "sound": lambda content: ("audio/mp4", clean_mp4(content)),
    "film": lambda content: ("video/mp4", clean_mp4(content)),
}


def kind_of(content: bytes) -> str:
    """The kind by the first bytes, whatever name or type came along; empty = not taken."""
    return next((kind for offset, magic, kind in SIGNATURES if content.startswith(magic, offset)), "")


def cleaned(content: bytes) -> tuple[str, bytes]:
    """(media type, content) as it is kept; Refused with the reason why it is not."""
    kind = kind_of(content)
    if not kind:
        raise Refused("type")
    return CLEAN[kind](content)
