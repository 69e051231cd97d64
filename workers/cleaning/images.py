"""Pictures: decoded and written anew, so that nothing but pixels survives. No EXIF, no GPS, no thumbnail, no script."""

import io

from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from workers.cleaning.problems import Refused

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 4096
"""Larger pictures are made smaller; enough to read a number plate on a photograph of a street."""
QUALITY = 85


def clean_image(content: bytes) -> tuple[str, bytes]:
    """(media type, content): JPEG, or PNG where parts are transparent or the picture was drawn."""
    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # we count ourselves, before a single pixel is decoded
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Refused("too_many_pixels")
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            drawn = picture.format in {"PNG", "GIF"}
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            return _written(upright, drawn)
    except (OSError, SyntaxError, ValueError, EOFError) as problem:
        raise Refused("unreadable") from problem


def _written(picture: Image.Image, drawn: bool) -> tuple[str, bytes]:
    keeps_alpha = picture.has_transparency_data
    pixels = picture.convert("RGBA" if keeps_alpha else "RGB")
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)  # pixels only: what hung on the old picture stays behind
    output = io.BytesIO()
    if drawn or keeps_alpha:
        clean.save(output, "PNG")
        return "image/png", output.getvalue()
    clean.save(output, "JPEG", quality=QUALITY)
    return "image/jpeg", output.getvalue()
