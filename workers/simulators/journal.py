"""What a simulator remembers: every call in both directions, and every message that it accepted from the gateway."""

import itertools
from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

JOURNAL_LENGTH = 2_000
OUTBOX_LENGTH = 20_000
KNOWN_KEYS = 1_000_000
SHOWN_BODY = 2_000
Direction = str


class Entry(msgspec.Struct, frozen=True):
    """One HTTP exchange. `status` 0: no answer was given or got. `at` is the simulator's time."""

    seq: int
    at: datetime
    direction: Direction
    method: str
    path: str
    status: int
    body: str
    answer: str
    fault: str


class Accepted(msgspec.Struct, frozen=True):
    """A message taken from the gateway. `repeats` counts how often its key had been accepted before."""

    seq: int
    at: datetime
    recipient: str
    text: str
    key: str
    repeats: int
    details: Mapping[str, Any]


class Journal:
    """Bounded, so that a day of training or a bench of a million messages does not fill the memory."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.entries: deque[Entry] = deque(maxlen=JOURNAL_LENGTH)
        self.outbox: deque[Accepted] = deque(maxlen=OUTBOX_LENGTH)
        self._keys: OrderedDict[str, int] = OrderedDict()
        self.accepted_unique = 0
        self.accepted_duplicates = 0

    def note(
        self,
        at: datetime,
        direction: Direction,
        method: str,
        path: str,
        status: int,
        body: bytes,
        answer: str,
        fault: str,
    ) -> None:
        shown = body[:SHOWN_BODY].decode("utf-8", "replace")
        self.entries.append(
            Entry(next(self._numbers), at, direction, method, path, status, shown, answer[:SHOWN_BODY], fault)
        )

    def accept(self, at: datetime, recipient: str, text: str, key: str, details: Mapping[str, Any]) -> Accepted:
        """Record a message; `key` says which messages are the same one sent again."""
        repeats = self._keys.pop(key, -1) + 1
        self._keys[key] = repeats
        if len(self._keys) > KNOWN_KEYS:
            self._keys.popitem(last=False)
        if repeats:
            self.accepted_duplicates += 1
        else:
            self.accepted_unique += 1
        accepted = Accepted(next(self._numbers), at, recipient, text, key, repeats, details)
        self.outbox.append(accepted)
        return accepted

    def clear(self) -> None:
        """Forget all; the numbers go on, so that a reader's `since` stays good."""
        self.entries.clear()
        self.outbox.clear()
        self._keys.clear()
        self.accepted_unique = self.accepted_duplicates = 0
