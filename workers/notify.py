"""The queue `notify`: notices become messages to the people of the moment. All of it is SQL and words."""

from datetime import timedelta
from typing import Any

from config.logging import get_logger
from gateway.app import Gateway
from gateway.notices import notices
from workers.tools import Tools

log = get_logger(__name__)

AGAIN = timedelta(seconds=60)
MOST_TRIES = 5


class Notices:
    """The `Steps` of the queue `notify`."""

    def __init__(self, gateway: Gateway) -> None:
        self._store = gateway.store

    def step(self) -> int:
        with self._store.transaction() as tx:
            rows = notices.claim_due(tx)
        if not rows:
            return 0
        # kill point: notify.claimed
        try:
            with self._store.transaction() as tx:
                for row in rows:
                    notices.expand(tx, row)
                    # kill point: notify.written
        except Exception:
            # One of them breaks: each by itself, so that the others are told in time.
            log.warning("notices_apart", size=len(rows), exc_info=True)
            for row in rows:
                self._alone(row)
        # kill point: notify.committed
        return len(rows)

    def _alone(self, row: Any) -> None:
        try:
            with self._store.transaction() as tx:
                notices.expand(tx, row)
        except Exception as problem:
            log.exception("notice_failed", notice_id=row.id)
            with self._store.transaction() as tx:
                again = tx.now + AGAIN if row.attempts + 1 < MOST_TRIES else None
                notices.failed(tx, row, type(problem).__name__, again)


def open_work(tools: Tools) -> Notices:
    return Notices(tools.gateway)
