"""Pictures a citizen could have taken: drawn here, real JPEG bytes with the camera data that a phone writes.

The camera data (place, model, time) is there to be stripped by the gateway: a test that finds it later has found a leak.
"""

import io
from collections.abc import Callable
from datetime import datetime

from PIL import ExifTags, Image, ImageDraw

SIZE = (960, 720)
SKY, GROUND, ROAD = (188, 214, 232), (148, 176, 132), (110, 112, 118)
# Pangkalan Bun, as degrees, minutes, seconds.
LATITUDE, LONGITUDE = (2.0, 41.0, 0.0), (111.0, 37.0, 0.0)


def photo(scene: str, taken_at: datetime, size: tuple[int, int] = SIZE) -> bytes:
    """A JPEG of one of `SCENES` (an unknown name gives the first) with EXIF: camera, time and GPS position."""
    image = Image.new("RGB", SIZE, SKY)
    SCENES.get(scene, _pothole)(ImageDraw.Draw(image))
    out = io.BytesIO()
    image.resize(size).save(out, "JPEG", quality=82, exif=_camera_data(taken_at))
    return out.getvalue()


def _camera_data(taken_at: datetime) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Kamera Rekaan"
    exif[ExifTags.Base.Model] = "HP-LATIHAN-1"
    exif[ExifTags.Base.DateTime] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "S"
    place[ExifTags.GPS.GPSLatitude] = LATITUDE
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = LONGITUDE
    return exif


def _road(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 300, 960, 720), fill=GROUND)
    draw.polygon([(400, 300), (560, 300), (900, 720), (60, 720)], fill=ROAD)
    for top in range(320, 720, 90):
        draw.polygon([(474, top), (486, top), (490, top + 40), (470, top + 40)], fill=(235, 228, 200))


def _pothole(draw: ImageDraw.ImageDraw) -> None:
    _road(draw)
    draw.ellipse((330, 480, 690, 620), fill=(72, 66, 62))
    draw.ellipse((370, 505, 650, 605), fill=(116, 96, 74))
    draw.arc((330, 480, 690, 620), 180, 330, fill=(150, 148, 144), width=8)


def _rubbish(draw: ImageDraw.ImageDraw) -> None:
    _road(draw)
    heap = [(150, 470, 320, 640), (270, 420, 470, 640), (430, 500, 600, 640), (90, 560, 240, 680), (360, 570, 540, 690)]
    colours = [(52, 66, 74), (196, 84, 70), (226, 200, 96), (92, 132, 168), (236, 236, 228)]
    for box, colour in zip(heap, colours, strict=True):
        draw.ellipse(box, fill=colour, outline=(60, 60, 60), width=4)


def _dark_lamp(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 960, 720), fill=(34, 42, 66))
    draw.polygon([(400, 420), (560, 420), (900, 720), (60, 720)], fill=(52, 56, 66))
    draw.rectangle((690, 150, 706, 700), fill=(118, 122, 130))
    draw.rectangle((560, 150, 700, 164), fill=(118, 122, 130))
    draw.polygon([(530, 164), (620, 164), (604, 196), (546, 196)], fill=(84, 88, 96))


SCENES: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {"jalan": _pothole, "sampah": _rubbish, "lampu": _dark_lamp}
