"""SIGHUP, as service managers send it to have settings read again: what they say of channels now is taken up everywhere.

The process that hears it announces what changed (gateway/roster.py), and every process of the installation follows, as
after `gateway channels reload`. Nobody asks the providers first. To whoever runs the gateway in a terminal SIGHUP says that
the terminal is gone: it ends the process as ever.
"""

import os
import signal
import threading
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from config.logging import get_logger, redact_text
from config.settings import SettingsError
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.roster import Roster, announce, is_announced, secret_names
from gateway.storage.store import Store, Transaction

log = get_logger(__name__)
REASON = "SIGHUP"
STANDARD_INPUT = 0
PATIENCE_S = 5.0


class Hangup:
    """`with Hangup(store):` around the life of a process, in its main thread. A thread of its own does the work."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: SimpleQueue[bool] = SimpleQueue()
        """True: read again, False: it is over. Its `put` may come at any moment, as a signal does."""
        self._thread = threading.Thread(target=self._run, name="hangup", daemon=True)

    def __enter__(self) -> "Hangup":
        self._thread.start()
        if not os.isatty(STANDARD_INPUT):
            signal.signal(signal.SIGHUP, lambda *_: self._told.put(True))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._told.put(False)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while self._told.get():
            try:
                log.info("settings_read_again", channels=take_up(self._store))
            except Exception as problem:  # noqa: BLE001 - whatever it is, the process's own work must go on
                words = redact_text(str(problem)) if isinstance(problem, SettingsError) else type(problem).__name__
                log.warning("settings_not_read", problem=words)


def take_up(store: Store) -> list[str]:
    """Announce every channel of which the settings say something else now; their names. SettingsError: they say nothing."""
    channels = store.office.channels
    if not isinstance(channels, Roster):
        return []
    changed = channels.changed()
    store.run(lambda tx: _announce(tx, channels, changed))
    channels.look_soon()
    return sorted(changed)


def _announce(tx: Transaction, channels: Roster, changed: dict[str, str]) -> None:
    for name, print_ in sorted(changed.items()):
        if is_announced(tx, name, print_):
            continue
        announce(tx, name, print_, at_once=False)
        details: dict[str, Any] = {"secrets": secret_names(channels[name]), "at_once": False}
        audit.record(tx, SYSTEM, "channel_reloaded", "channel", name, REASON, details)
        tx.tell(kind="channel", channel=name)
