"""How we keep WhatsApp's names of messages: a `wamid` holds the telephone number of its person, readable by anybody."""

import hashlib
import re

KEPT = 40
PIECE = re.compile(r"(\w{1,40})\.(\d{1,2})/(\d{1,2})")


def name_of(wamid: str) -> str:
    """The same name without the number in it; empty for none."""
    return hashlib.sha256(wamid.encode("utf-8", "replace")).hexdigest()[:KEPT] if wamid else ""


def piece_id(whole: str, place: int, many: int) -> str:
    """What Meta repeats in the statuses of one of `many` messages that one of ours is sent in; the id alone for one."""
    return f"{whole}.{place}/{many}" if many > 1 else whole


def piece_of(ours: str) -> tuple[str, int | None, bool]:
    """The inverse: our id, which piece counted from 1 (None: it is the whole), whether it is the last."""
    if found := PIECE.fullmatch(ours):
        return found[1], int(found[2]), found[2] == found[3]
    return ours[:40], None, False
