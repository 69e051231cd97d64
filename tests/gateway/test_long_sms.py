"""Ten thousand long SMS at once, cut by phones, mixed on the way, joined by our key: every text comes out whole."""

import random
from collections import defaultdict
from itertools import chain, islice
from types import SimpleNamespace

from channels import gsm
from channels.messages import TextPart
from gateway.intake.assembly import group_key

MANY, CITIZENS, IN_TRANSIT, POOL = 10_000, 100, 400, 20_000
LETTERS = "abcdefghij ABCDEFG 0123456789 @{}[]~^|\\€ \n.,!?"
STRANGE = LETTERS + "áíó’“…ابج🙏😀🚧"

Wire = tuple[int, bytes, int]
"""Who, octets, coding."""


def a_text(chance: random.Random, pools: tuple[str, str]) -> str:
    pool, start = pools[chance.random() < 0.3], chance.randrange(POOL)
    return pool[start : start + chance.randint(165, 310)]


def cut(citizen: int, reference: int, text: str, bits: int) -> list[Wire]:
    """As a phone sends it. All citizens count their references from the same number."""
    coding = 0 if gsm.fits_gsm(text) else 8
    texts = gsm.split(text, bits)
    parts = [TextPart(reference, len(texts), place, bits) for place in range(1, len(texts) + 1)]
    return [
        (citizen, gsm.write_header(part) + (gsm.encode_gsm(one) if coding == 0 else one.encode("utf-16-be")), coding)
        for part, one in zip(parts, texts, strict=True)
    ]


def test_f53_f54_f58_ten_thousand_long_sms_mixed_and_repeated_come_out_whole() -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same every time
    pools = "".join(chance.choices(LETTERS, k=POOL + 420)), "".join(chance.choices(STRANGE, k=POOL + 420))
    texts = {(number % CITIZENS, number // CITIZENS): a_text(chance, pools) for number in range(MANY)}
    bits = {who: chance.choice((8, 16)) for who in range(CITIZENS)}
    on_the_way = chain.from_iterable(cut(who, number, text, bits[who]) for (who, number), text in texts.items())
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    whole: dict[str, str] = {}
    while arriving := list(islice(on_the_way, IN_TRANSIT)):
        arriving += chance.sample(arriving, len(arriving) // 10)  # and some of them twice
        chance.shuffle(arriving)
        for who, octets, coding in arriving:
            header = gsm.read_header(octets)
            assert header.part is not None
            key = group_key("sms", SimpleNamespace(id=who), "1708", header.part)  # type: ignore[arg-type]
            group = found[key]
            group[header.part.sequence] = gsm.decode(octets[header.length :], coding)
            if len(group) == header.part.total:
                whole[key] = gsm.join_parts(group, header.part.total)
    assert len(found) == len(whole) == MANY
    assert sorted(whole.values()) == sorted(texts.values())
