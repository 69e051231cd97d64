"""The heartbeat of a long-running process: a thread that says every few seconds that it lives, and what it counted."""

import threading
from types import TracebackType

from config.logging import get_logger
from gateway.operations import vitals
from gateway.operations.vitals import Counted, Self
from gateway.storage.store import Store

log = get_logger(__name__)
PATIENCE_S = 1.0
"""An ending process does not wait longer for a database that may be away: it will be missed within a minute."""


class Heart:
    """`with Heart(store, "clock", counted):` around the life of a process. A database that is away is waited for."""

    def __init__(self, store: Store, role: str, counted: Counted, every_s: float = vitals.BEAT_S) -> None:
        self._store = store
        self._me = Self(role, store.office.now())
        self._counted = counted
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
        self._is_heard = True

    def __enter__(self) -> "Heart":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        self.beat()
        while not self._ended.wait(self._every_s):
            self.beat()
        self.beat(is_last=True)

    def beat(self, *, is_last: bool = False) -> None:
        """One beat now; what could not be written is counted again with the next one."""
        taken = self._counted.take()
        try:
            with self._store.transaction() as tx:
                vitals.beat(tx, self._me, taken)
                if is_last:
                    vitals.leave(tx, self._me)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the process's own work must go on
            self._counted.give_back(taken)
            if self._is_heard:
                log.warning("heart_not_heard", role=self._me.role, problem=type(problem).__name__)
            self._is_heard = False
        else:
            self._is_heard = True
