"""What a file is by its first bytes, never by its name: the types that are taken, on every channel that carries files."""

# (offset, bytes there, media type); the first row that fits.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    *((4, b"ftyp" + brand, "image/heic") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")),
    *((4, b"ftyp" + brand, "audio/mp4") for brand in (b"M4A ", b"M4B ")),
    *(
        (4, b"ftyp" + brand, "video/mp4")
        for brand in (
            b"isom",
            b"iso2",
            b"iso4",
            b"iso5",
            b"iso6",
            b"mp41",
            b"mp42",
            b"avc1",
            b"M4V ",
            b"3gp4",
            b"3gp5",
            b"MSNV",
            b"dash",
        )
    ),
)
MAX_NAME = 120


def media_type_of(content: bytes) -> str:
    """What the file is by its first bytes; empty for everything that is not taken."""
    return next((kind for offset, magic, kind in SIGNATURES if content.startswith(magic, offset)), "")


def base_name(name: str) -> str:
    """Without folders, which some browsers and all attackers send along."""
    return name.replace("\\", "/").rpartition("/")[2][-MAX_NAME:]
