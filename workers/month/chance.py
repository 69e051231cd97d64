"""Chance of a month: the same seed draws the same for the same person and thing, whatever happens beside it."""

import random


def chance(*about: object) -> random.Random:
    return random.Random(":".join(map(str, about)))  # noqa: S311 - plays people, guards nothing
