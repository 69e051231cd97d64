"""A long text in several messages, cut where a reader would pause. Knows no channel, only how its signs are counted."""

from collections.abc import Callable

BREAKS = ("\n\n", "\n", " ")


def cut(text: str, limit: int, size: Callable[[str], int]) -> list[str]:
    """The text in parts of at most `limit`, measured by `size`, ended at paragraph, line or word borders; no empty part."""
    rest, parts = text.strip(), []
    while size(rest) > limit:
        end = _border(rest, limit, size)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [part for part in (*parts, rest) if part]


def _border(text: str, limit: int, size: Callable[[str], int]) -> int:
    """Where to cut so that the first part has at most `limit` and ends at the widest break in its second half."""
    end = min(limit, len(text))
    while end > 1 and (over := size(text[:end]) - limit) > 0:
        # No sign takes more than four bytes, so this never cuts off more than it must.
        end -= max(1, over // 4)
    for border in BREAKS:
        found = text.rfind(border, end // 2, end + len(border) - 1)
        if found > 0:
            return found
    return end
