"""The same photograph is known again, however it was sent, cut or turned about; another one is not."""

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image, ImageEnhance, ImageOps

from gateway.files.photo_prints import ALIKE, mirrored
from workers.cleaning.kinds import cleaned
from workers.cleaning.prints import prints_of


def scene(seed: int) -> Image.Image:
    """Large light and dark areas, as a street has them."""
    chance = random.Random(seed)  # noqa: S311 - a picture, no secret
    small = Image.new("RGB", (12, 9))
    small.putdata([tuple(chance.randrange(256) for _ in range(3)) for _ in range(12 * 9)])
    return small.resize((800, 600), Image.Resampling.BICUBIC)


def sent(picture: Image.Image, quality: int = 85) -> bytes:
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=quality)
    return cleaned(output.getvalue())[1]


def bits_between(one: bytes, other: bytes) -> int:
    known, asked = ([int(text, 16) for text in prints_of(each)] for each in (one, other))
    return min((a ^ b).bit_count() for a in known for b in (*asked, *map(mirrored, asked)))


SAME: dict[str, Callable[[Image.Image], bytes]] = {
    "sent once more": lambda picture: sent(picture, 60),
    "made smaller": lambda picture: sent(picture.resize((400, 300))),
    "brighter": lambda picture: sent(ImageEnhance.Brightness(picture).enhance(1.15)),
    "turned about": lambda picture: sent(ImageOps.mirror(picture)),
    "cut in the middle": lambda picture: sent(picture.crop((80, 60, 720, 540))),
    "cut at a corner": lambda picture: sent(picture.crop((0, 0, 640, 480))),
    "cut and turned about": lambda picture: sent(ImageOps.mirror(picture.crop((160, 120, 800, 600)))),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_picture_is_known_again(name: str) -> None:
    for seed in range(4):
        assert bits_between(sent(scene(seed)), SAME[name](scene(seed))) <= ALIKE, seed


def test_other_pictures_are_others() -> None:
    pictures = [sent(scene(seed)) for seed in range(8)]
    assert all(bits_between(one, other) > ALIKE for one in pictures for other in pictures if one is not other)


def test_a_plain_picture_proves_nothing() -> None:
    assert prints_of(sent(Image.new("RGB", (400, 300), (90, 120, 200)))) == ()


def test_turning_about_twice_is_the_same_again() -> None:
    print_ = int(prints_of(sent(scene(1)))[0], 16)
    assert mirrored(print_) != print_
    assert mirrored(mirrored(print_)) == print_
