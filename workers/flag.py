"""A flag that a signal handler may raise while the main thread waits for it, clears it or looks at it.

`threading.Event` is none: its lock may be held by the very code that the signal interrupted, and both then wait for ever.
`queue.SimpleQueue` is made for this; its `put` may come at any moment, as its documentation says.
"""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Flag:
    """As `threading.Event`, for one waiting thread. `wait` may return early; whoever needs to know asks `is_set`."""

    def __init__(self) -> None:
        self._up = False
        self._raised: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        return self._up

    def set(self) -> None:
        self._up = True
        self._raised.put(None)

    def clear(self) -> None:
        # Emptied first: what is raised from here on is found by the next wait, whatever the line below says.
        while not self._raised.empty():
            self._raised.get_nowait()
        self._up = False

    def wait(self, within_s: float | None = None) -> bool:
        """Until it is raised, or so many seconds; whether it was."""
        if not self._up:
            with suppress(Empty):
                self._raised.get(timeout=within_s)
                return True
        return self._up
