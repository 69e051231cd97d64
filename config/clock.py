"""The machine's time: nobody else asks for it.

In training and tests time is virtual: an offset in seconds stands in a small file (`training.clock`) that every process
reads, so that a class moves on by a working day and all processes agree. Everywhere else the file does not exist.
"""

import fcntl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import Settings

CHECK_EVERY_S = 0.2


def now() -> datetime:
    """The machine's own time, aware, UTC; `Clock.now` is what the product goes by."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow, for waits and time limits: never moved by people or by the virtual clock."""
    return time.monotonic()


class Clock:
    """The product's time. Reading is cheap: the file is looked at every 0.2 s at most."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` None: real time, which nobody can advance."""
        self._file = file
        self._offset_s = 0.0
        self._seen: tuple[int, int] | None = None
        self._looked_at = float("-inf")

    @property
    def is_virtual(self) -> bool:
        return self._file is not None

    def now(self) -> datetime:
        """Aware, UTC, the virtual offset included."""
        moment = now()
        return moment + timedelta(seconds=self._offset()) if self._file else moment

    def monotonic(self) -> float:
        return monotonic()

    def advance(self, seconds: float) -> datetime:
        """Moves the time of all processes on; returns the new time. ValueError for real clocks and for moving back."""
        if self._file is None:
            raise ValueError("only a virtual clock can be advanced (training.enabled)")
        if seconds < 0:
            raise ValueError("time only goes on; a reset of the training starts it anew")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_name(self._file.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._write(self._file, _offset_in(self._file) + seconds)
        return self.now()

    def advance_to(self, moment: datetime) -> datetime:
        """Moves the time on until it is `moment` (aware)."""
        return self.advance((moment - self.now()).total_seconds())

    def reset(self) -> None:
        """Back to the machine's time: the training begins anew."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._looked_at = float("-inf")

    def _write(self, file: Path, offset_s: float) -> None:
        # A new file in its place: readers see the old or the new offset, never half a number.
        fresh = file.with_name(file.name + ".new")
        fresh.write_text(f"{offset_s:.6f}\n", encoding="ascii")
        fresh.replace(file)
        self._looked_at = float("-inf")

    def _offset(self) -> float:
        if self._file is None or monotonic() - self._looked_at < CHECK_EVERY_S:
            return self._offset_s
        self._looked_at = monotonic()
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._seen, self._offset_s = None, 0.0
            return 0.0
        # The inode too: two changes within one tick of the file system's clock share their time.
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            self._seen, self._offset_s = seen, _offset_in(self._file)
        return self._offset_s


def clock_for(settings: Settings) -> Clock:
    """The clock of this installation: virtual in training, the machine's own elsewhere."""
    return Clock(Path(settings.training.clock) if settings.training.enabled else None)


def _offset_in(file: Path) -> float:
    try:
        return float(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return 0.0
